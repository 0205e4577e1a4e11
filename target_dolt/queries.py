"""What both engines answer to the same SQL: a branch's head, which tables and rows differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

_PART = 500
"""SQLite gives 2,000 columns in a row, and a function 1,000 arguments (sqlite.org/limits.html)."""


def in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield names, no more at a time than one statement may have as columns or arguments."""
    return (names[start : start + _PART] for start in range(0, len(names), _PART))


def head_of(connection: sa.Connection) -> str:
    """Return the commit of the branch that a connection is on."""
    return str(connection.exec_driver_sql("SELECT dolt_hashof(active_branch())").scalar())


def hash_of(connection: sa.Connection, ref: str) -> str:
    """Return the commit that a branch, a tag or another reference leads to."""
    return str(connection.execute(_HASH_OF, {"ref": ref}).scalar())


def uncommitted_tables(connection: sa.Connection) -> set[str]:
    """Return the tables of that branch that differ from its commit."""
    return set(connection.exec_driver_sql("SELECT table_name FROM dolt_status").scalars())


def changed_tables(connection: sa.Connection, old: str, new: str) -> set[str]:
    """Return the tables that differ between two commits, in rows or form, by either name."""
    found = (connection.execute(one, {"old": old, "new": new}) for one in _CHANGED)
    return {name for rows in found for row in rows for name in row}


def rows_of(connection: sa.Connection, tables: Sequence[str]) -> dict[str, int]:
    """Return how many rows tables have, which both engines know without reading them."""
    found: dict[str, int] = {}
    for some in in_parts(tables):
        counts = [sa.select(sa.func.count()).select_from(sa.table(name)) for name in some]
        [rows] = connection.execute(sa.select(*(one.scalar_subquery() for one in counts)))
        found |= dict(zip(some, rows, strict=True))
    return found


@dataclass(slots=True)
class RowCounts:
    """How many rows of a table differ from those of the last commit.

    Attributes:
        table: The table.
        added: Rows that are new.
        changed: Rows with another value.
        deleted: Rows that are gone.
        before: How many rows there were in all, where the engine says it.
        is_blank: Whether the engine counts none at all, neither these nor the table's own: of a
            table with another key it compares no rows.
    """

    table: str
    added: int
    changed: int
    deleted: int
    before: int = 0
    is_blank: bool = False


_STAT = "SELECT * FROM dolt_diff_stat('HEAD', '{}')"


def row_counts(connection: sa.Connection, new: str = "STAGED") -> list[RowCounts]:
    """Return how many rows differ in what is staged, or in `WORKING`, by table.

    A table of which no row differs may be missing.
    """
    rows = connection.exec_driver_sql(_STAT.format(new)).mappings().all()
    return [_counts_of(row) for row in rows]


def _counts_of(row: sa.RowMapping) -> RowCounts:
    added, changed, deleted, before = (
        int(row[name] or 0)
        for name in ("rows_added", "rows_modified", "rows_deleted", "old_row_count")
    )
    all_rows = [row[name] for name in row if name.startswith("rows_") or name.endswith("row_count")]
    is_blank = all(number == 0 for number in all_rows)
    return RowCounts(row["table_name"], added, changed, deleted, before, is_blank)


_HASH_OF = sa.text("SELECT dolt_hashof(:ref)")
_CHANGED = tuple(
    sa.text(f"SELECT from_table_name, to_table_name FROM {one}(:old, :new)")  # noqa: S608
    for one in ("dolt_diff_summary", "dolt_schema_diff")  # the first leaves out another key
)
