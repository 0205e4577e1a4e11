"""How many rows differ in what is staged on DoltLite, where a table has grown large.

`dolt_diff_stat` passes over what two trees share, but where a node's last key differs it reads on
row by row from there (dolthub/doltlite, pull request 2496, "diverged chunk boundaries"). Rows
after a table's last key make such a node of the last one below the root, which may lead to half of
the table: 3 to 4 s a commit at 50,000,000 rows (measured on 0.51.3). So these rows are counted
apart, taken out, and put back by a savepoint: a tree depends on its rows alone, so what is left
meets its old self.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from target_dolt import queries
from target_dolt.queries import RowCounts
from target_dolt_plugins.doltlite_past import PAST, attach_head
from target_dolt_plugins.doltlite_rowids import rowid_name

LARGE = 500_000
"""Rows from which on a table is worth it: reading as many takes 0.05 s."""

LONGEST = 1_000_000
"""Rows after the last key that are taken out at the most: they are kept in memory meanwhile."""

_PLAIN = sa.text(
    "SELECT name FROM sqlite_master AS t WHERE type = 'table' AND name IN :names AND NOT EXISTS ("
    "SELECT 1 FROM sqlite_master AS o WHERE o.tbl_name = t.name AND (o.type = 'trigger' "
    "OR o.type = 'index' AND o.sql IS NOT NULL))"
).bindparams(sa.bindparam("names", expanding=True))
_COLUMNS = "SELECT name, pk FROM pragma_table_info(?, ?)"


@dataclass(frozen=True, slots=True)
class _Tail:
    """Rows after the last key that a table had at the last commit.

    Attributes:
        table: The table.
        which: The rows, as SQL names them after FROM.
        end: That key, for the SQL.
        rows: How many they are.
    """

    table: str
    which: str
    end: tuple[Any, ...]
    rows: int


def row_counts(connection: sa.Connection, tables: Collection[str]) -> Sequence[RowCounts]:
    """Return how many rows of staged tables differ, in the time that the difference takes.

    Args:
        connection: A connection with a transaction begun and nothing unstaged in these tables.
        tables: The staged tables.
    """
    tails = [tail for name in _large(connection, tables) if (tail := _tail(connection, name))]
    if not tails:
        return queries.row_counts(connection)
    with connection.begin_nested() as savepoint:
        for tail in tails:
            connection.exec_driver_sql(f"DELETE FROM {tail.which}", tail.end)  # noqa: S608
        counted = queries.row_counts(connection, "WORKING")
        savepoint.rollback()
    found = {one.table: one for one in counted if one.table in tables}
    for tail in tails:
        found.setdefault(tail.table, RowCounts(tail.table, 0, 0, 0)).added += tail.rows
    return list(found.values())


def _large(connection: sa.Connection, tables: Collection[str]) -> list[str]:
    """Return the tables that are large, and of which taking rows out does nothing else."""
    plain = list(connection.execute(_PLAIN, {"names": list(tables)}).scalars())
    found = []
    for some in queries.in_parts(plain):
        counts = [sa.select(sa.func.count()).select_from(sa.table(name)) for name in some]
        [rows] = connection.execute(sa.select(*(one.scalar_subquery() for one in counts)))
        found += [name for name, count in zip(some, rows, strict=True) if count >= LARGE]
    return found


def _tail(connection: sa.Connection, table: str) -> _Tail | None:
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
    end = connection.exec_driver_sql(last).first()
    if end is None:
        return None
    marks = ", ".join("?" for _ in columns)
    which = f"main.{quoted} WHERE ({names}) > ({marks})"
    some = f"SELECT count(*) FROM (SELECT 1 FROM {which} LIMIT {LONGEST + 1})"  # noqa: S608
    rows = int(connection.exec_driver_sql(some, tuple(end)).scalar() or 0)
    return _Tail(table, which, tuple(end), rows) if 0 < rows <= LONGEST else None


def _key(connection: sa.Connection, table: str, schema: str) -> list[str]:
    """Return what a table's rows are known by, in order: its key, or the rows' number."""
    found = connection.exec_driver_sql(_COLUMNS, (table, schema)).all()
    key = sorted((place, name) for name, place in found if place)
    rowid = rowid_name(name for name, _ in found) if found else None
    return [name for _, name in key] or ([rowid] if rowid else [])
