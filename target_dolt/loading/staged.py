"""What is staged on the run branch, by table: what a commit would change."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.messages import TableChange

OWN_PREFIX = "_target_dolt_"
"""Tables of this tool: whose rows belong to one run or one table each, so that they merge."""

_STATUS = "SELECT table_name, status FROM dolt_status WHERE staged"
_RENAMED = (
    "SELECT from_table_name, to_table_name FROM dolt_diff_summary('HEAD', 'STAGED') "
    "WHERE diff_type = 'renamed'"
)


@dataclass(frozen=True, slots=True)
class Staged:
    """What is staged.

    Attributes:
        tables: The tables that differ, new and dropped ones too.
        modified: Those of them that were there before, and are.
        renamed: What DoltLite takes for renames: each an old name and a new one.
    """

    tables: frozenset[str]
    modified: frozenset[str]
    renamed: tuple[tuple[str, str], ...]


def read(connection: sa.Connection) -> Staged:
    """Return what is staged on a connection's branch."""
    found = [(name, status) for name, status in connection.exec_driver_sql(_STATUS)]
    names = [name for name, status in found if status != "renamed"]
    modified = frozenset(name for name, status in found if status == "modified")
    if len(names) == len(found):
        return Staged(frozenset(names), modified, ())
    renamed = tuple((old, new) for old, new in connection.exec_driver_sql(_RENAMED))
    return Staged(frozenset(names).union(*renamed), modified, renamed)


def changes(
    database: Database, connection: sa.Connection, staged: Staged
) -> tuple[TableChange, ...]:
    """Return the rows that differ, by table, without the tables of this tool.

    A run renames nothing. Where it drops a table and makes another of the same rows, DoltLite
    counts the rows of neither: here they are what the run did, a table less and a table more.
    """
    found = {name: TableChange(name, 0, 0, 0) for name in sorted(staged.tables)}
    older = {new: old for old, new in staged.renamed}
    for new, old in older.items():
        rows = connection.execute(sa.select(sa.func.count()).select_from(sa.table(new))).scalar()
        found[new] = TableChange(new, int(rows or 0), 0, 0)
        found[old] = TableChange(old, 0, 0, int(rows or 0))
    # What is renamed has rows of before under another name.
    modified = () if older else {n for n in staged.modified if not n.startswith(OWN_PREFIX)}
    for one in database.row_counts(connection, modified):
        if one.table in older:
            found[older[one.table]] = TableChange(older[one.table], 0, 0, one.before)
        elif one.table in staged.tables:
            rekeyed = one.is_blank and _has_rows(connection, one.table)
            found[one.table] = TableChange(one.table, one.added, one.changed, one.deleted, rekeyed)
    return tuple(one for one in found.values() if not one.table.startswith(OWN_PREFIX))


def _has_rows(connection: sa.Connection, table: str) -> bool:
    """Whether a table is there and has rows: Dolt counts none where it has compared none."""
    if not sa.inspect(connection).has_table(table):
        return False
    some = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)
    return connection.execute(some).first() is not None
