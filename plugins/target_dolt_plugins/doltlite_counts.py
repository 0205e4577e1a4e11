"""How many rows differ in what is staged on DoltLite, where a table has grown large.

`dolt_diff_stat` passes over what two trees share, but where a node's last key differs it reads on
row by row from there (dolthub/doltlite, pull request 2496, "diverged chunk boundaries"). Rows
after a table's last key make such a node of the last one below the root, which may lead to half of
the table: 3 to 4 s a commit at 50,000,000 rows (measured on 0.51.3). So these rows are counted
apart, taken out, and put back by a savepoint: a tree depends on its rows alone, so what is left
meets its old self.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from target_dolt import queries
from target_dolt.queries import RowCounts
from target_dolt_plugins.doltlite_past import PAST, attach_head
from target_dolt_plugins.doltlite_rowids import rowid_name

LARGE = 1_000_000
"""Rows from which on a table is worth it: below, the engine needs 0.1 s at the most."""

LONGEST = 1_000_000
"""Rows after the last key that are taken out at the most: they are kept in memory meanwhile."""

SHARE = 10
"""They are a tenth of the table at the most: to take out more costs more than reading on."""

_OF_OTHERS = """
SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE
UNION ALL SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin <> 'pk'"""
"""What hangs on a table, so that taking rows out does more, or costs more."""

_COLUMNS = "SELECT name, pk FROM pragma_table_xinfo(?, ?)"


@dataclass(frozen=True, slots=True)
class _Tail:
    """Rows after the last key that a table had at the last commit.

    Attributes:
        table: The table.
        which: The rows, as SQL names them after FROM.
        rows: How many they are.
    """

    table: str
    which: str
    rows: int


def row_counts(connection: sa.Connection, modified: Collection[str]) -> Sequence[RowCounts]:
    """Return how many rows of staged tables differ, in the time that the difference takes.

    Args:
        connection: A connection with a transaction begun.
        modified: Tables that are staged as they are, and were there at the last commit.
    """
    tails = list(_tails(connection, sorted(modified)))
    if not tails:
        return queries.row_counts(connection)
    with connection.begin_nested() as savepoint:
        for tail in tails:
            connection.exec_driver_sql(f"DELETE FROM {tail.which}")  # noqa: S608
        found = {one.table: one for one in queries.row_counts(connection, "WORKING")}
        savepoint.rollback()
    for tail in tails:
        one = found.setdefault(tail.table, RowCounts(tail.table, 0, 0, 0))
        if not one.is_blank:
            one.added += tail.rows
    return list(found.values())


def _tails(connection: sa.Connection, tables: Sequence[str]) -> Iterator[_Tail]:
    for name, count in queries.rows_of(connection, tables).items():
        most = min(LONGEST, count // SHARE)
        if (
            count >= LARGE
            and connection.exec_driver_sql(_OF_OTHERS, (name,)).first() is None
            and (tail := _tail(connection, name, most)) is not None
        ):
            yield tail


def _tail(connection: sa.Connection, table: str, most: int) -> _Tail | None:
    """Return the rows after the last key of before; None where there are none, or too many."""
    attach_head(connection)
    key, old_key = (_key(connection, table, schema) for schema in ("main", PAST))
    if not key or key != old_key:
        return None
    preparer = connection.dialect.identifier_preparer
    columns = [preparer.quote(name) for name in key]
    quoted = preparer.quote(table)
    names, backwards = ", ".join(columns), ", ".join(f"{one} DESC" for one in columns)
    last = f"SELECT {names} FROM {PAST}.{quoted} ORDER BY {backwards} LIMIT 1"  # noqa: S608
    which = f"main.{quoted} WHERE ({names}) > ({last})"
    some = f"SELECT count(*) FROM (SELECT 1 FROM {which} LIMIT {most + 1})"  # noqa: S608
    rows = int(connection.exec_driver_sql(some).scalar() or 0)
    return _Tail(table, which, rows) if 0 < rows <= most else None


def _key(connection: sa.Connection, table: str, schema: str) -> list[str]:
    """Return what a table's rows are known by, in order: its key, or the rows' number."""
    found = connection.exec_driver_sql(_COLUMNS, (table, schema)).all()
    key = sorted((place, name) for name, place in found if place)
    rowid = rowid_name(name for name, _ in found) if found else None
    return [name for _, name in key] or ([rowid] if rowid else [])
