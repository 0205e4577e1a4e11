"""What is staged on the run branch, by table: what a commit would change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.messages import TableChange
from target_dolt.queries import rows_of

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
        new: Those of them that were not there before.
        modified: Those that were there before, and are.
        renamed: What DoltLite takes for renames: each an old name and a new one.
    """

    tables: frozenset[str]
    new: frozenset[str]
    modified: frozenset[str]
    renamed: tuple[tuple[str, str], ...]


def read(connection: sa.Connection) -> Staged:
    """Return what is staged on a connection's branch."""
    found = [(name, status) for name, status in connection.exec_driver_sql(_STATUS)]
    names = [name for name, status in found if status != "renamed"]
    new, modified = (
        frozenset(name for name, status in found if status == one)
        for one in ("new table", "modified")
    )
    if len(names) == len(found):
        return Staged(frozenset(names), new, modified, ())
    renamed = tuple((old, new) for old, new in connection.exec_driver_sql(_RENAMED))
    return Staged(frozenset(names).union(*renamed), new, modified, renamed)


def changes(
    database: Database, connection: sa.Connection, staged: Staged
) -> tuple[TableChange, ...]:
    """Return the rows that differ, by table, without the tables of this tool.

    A run renames nothing. Where it drops a table and makes another of the same rows, DoltLite
    counts the rows of neither: here they are what the run did, a table less and a table more.
    """
    found = {name: TableChange(name, 0, 0, 0) for name in sorted(staged.tables)}
    older = {new: old for old, new in staged.renamed}
    # Of a table that is new all rows are, and an engine knows its number without reading them.
    for name, rows in rows_of(connection, [*_not_own(staged.new), *older]).items():
        found[name] = TableChange(name, rows, 0, 0)
        if name in older:
            found[older[name]] = TableChange(older[name], 0, 0, rows)
    if _not_own(staged.tables - staged.new):
        # What is renamed has rows of before under another name.
        modified = () if older else _not_own(staged.modified)
        for one in database.row_counts(connection, modified):
            if one.table in older:
                found[older[one.table]] = TableChange(older[one.table], 0, 0, one.before)
            elif one.table in staged.tables - staged.new:
                # Dolt counts none where it has compared none.
                blank = one.is_blank and one.table in staged.modified
                rekeyed = blank and rows_of(connection, [one.table])[one.table] > 0
                found[one.table] = TableChange(
                    one.table, one.added, one.changed, one.deleted, rekeyed
                )
    return tuple(map(found.__getitem__, _not_own(found)))


def _not_own(tables: Iterable[str]) -> list[str]:
    return [name for name in tables if not name.startswith(OWN_PREFIX)]
