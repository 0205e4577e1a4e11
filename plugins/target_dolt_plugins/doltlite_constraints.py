"""What a DoltLite table keeps beside its types: NOT NULL, unique and other indexes.

SQLite declares defaults and foreign keys only when a table is made, enforces no foreign key
unless a connection asks for it, and has no comments: these stay in the catalogue.
https://sqlite.org/lang_altertable.html
"""

from __future__ import annotations

from collections.abc import Callable

from target_dolt import Table
from target_dolt.constraint import COLUMN, Constraint, Statements


def statements(table: Table, one: Constraint, quote: Callable[[str], str]) -> Statements | None:
    """Return how a table gets and loses a constraint; None where SQLite has no place for it."""
    name = quote(table.name)
    if one.kind == COLUMN and one.required:
        column = f"ALTER TABLE {name} ALTER COLUMN {quote(one.name)}"
        return Statements((f"{column} SET NOT NULL",), (f"{column} DROP NOT NULL",))
    if one.kind in {"unique", "index"}:
        # SQLite's indexes share one space of names with its tables.
        index = quote(one.name if one.name.startswith(table.name) else f"{table.name}_{one.name}")
        unique = "UNIQUE " if one.kind == "unique" else ""
        columns = ", ".join(quote(column) for column in one.columns)
        put = f"CREATE {unique}INDEX {index} ON {name} ({columns})"
        return Statements((put,), (f"DROP INDEX IF EXISTS {index}",))
    return None
