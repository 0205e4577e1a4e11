"""What both engines answer to the same SQL: a branch's head, and which tables differ."""

from __future__ import annotations

import sqlalchemy as sa


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


_HASH_OF = sa.text("SELECT dolt_hashof(:ref)")
_CHANGED = tuple(
    sa.text(f"SELECT from_table_name, to_table_name FROM {one}(:old, :new)")  # noqa: S608
    for one in ("dolt_diff_summary", "dolt_schema_diff")  # the first leaves out another key
)
