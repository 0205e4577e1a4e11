"""What is staged on the run branch, by table: what a commit would change."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from target_dolt.messages import TableChange

OWN_PREFIX = "_target_dolt_"
"""Tables of this tool: whose rows belong to one run or one table each, so that they merge."""

_STATUS = "SELECT table_name, status FROM dolt_status WHERE staged"
_RENAMED = (
    "SELECT from_table_name, to_table_name FROM dolt_diff_summary('HEAD', 'STAGED') "
    "WHERE diff_type = 'renamed'"
)
_DIFF_STAT = "SELECT * FROM dolt_diff_stat('HEAD', 'STAGED')"


@dataclass(frozen=True, slots=True)
class Staged:
    """What is staged.

    Attributes:
        tables: The tables that differ, new and dropped ones too.
        renamed: What DoltLite takes for renames: each an old name and a new one.
    """

    tables: frozenset[str]
    renamed: tuple[tuple[str, str], ...]


def read(connection: sa.Connection) -> Staged:
    """Return what is staged on a connection's branch."""
    found = [(name, status) for name, status in connection.exec_driver_sql(_STATUS)]
    names = [name for name, status in found if status != "renamed"]
    if len(names) == len(found):
        return Staged(frozenset(names), ())
    renamed = tuple((old, new) for old, new in connection.exec_driver_sql(_RENAMED))
    return Staged(frozenset(names).union(*renamed), renamed)


def changes(connection: sa.Connection, staged: Staged) -> tuple[TableChange, ...]:
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
    for row in connection.exec_driver_sql(_DIFF_STAT).mappings():
        name = row["table_name"]
        numbers = (row[f"rows_{how}"] for how in ("added", "modified", "deleted"))
        added, changed, deleted = (int(number or 0) for number in numbers)
        if name in older:
            found[older[name]] = TableChange(older[name], 0, 0, int(row["old_row_count"]))
        else:
            rekeyed = _is_rekeyed(connection, row)
            found[name] = TableChange(name, added, changed, deleted, rekeyed)
    return tuple(one for one in found.values() if not one.table.startswith(OWN_PREFIX))


def _is_rekeyed(connection: sa.Connection, row: sa.RowMapping) -> bool:
    """Whether Dolt has compared no rows: it counts none at all then, of a table that has some."""
    counted = (name for name in row if name.startswith("rows_") or name.endswith("_row_count"))
    if any(row[name] != 0 for name in counted) or not sa.inspect(connection).has_table(
        row["table_name"]
    ):
        return False
    some = sa.select(sa.literal(1)).select_from(sa.table(row["table_name"])).limit(1)
    return connection.execute(some).first() is not None
