"""What a commit changes of its tables' columns, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tap_adapters.history import TableDiff, query_errors
from target_dolt import Database


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change of a table's definition.

    Attributes:
        table: The table, by its newer name.
        words: What happened: `table added`, `column dropped` and so on.
        column: The column, where it is one's.
        before: What it was, where there is something to say.
        after: What it is.
    """

    table: str
    words: str
    column: str | None = None
    before: str = ""
    after: str = ""


def schema_changes(
    database: Database, old: str, new: str, diffs: Sequence[TableDiff]
) -> list[SchemaChange]:
    """Return what tables changed of their columns and keys between two commits.

    Args:
        database: The open database.
        old: The older commit's hash.
        new: The newer one's.
        diffs: What differs between them, by table.
    """
    found = []
    compared = []
    for one in diffs:
        if one.change in {"added", "dropped"}:
            found.append(SchemaChange(one.table, f"table {one.change}"))
        elif one.schema_changed or one.former:
            compared.append(one)
    if compared:
        before = _definitions(database, old, [one.former or one.table for one in compared])
        after = _definitions(database, new, [one.table for one in compared])
        for one in compared:
            if one.former:
                found.append(
                    SchemaChange(one.table, "table renamed", before=one.former, after=one.table)
                )
            found += _compared(one, before[one.former or one.table], after[one.table])
    return sorted(found, key=lambda change: change.table)


def _compared(
    one: TableDiff, before: Mapping[str, str], after: Mapping[str, str]
) -> list[SchemaChange]:
    """Return what differs between two definitions; a sentence where it is none of the columns."""
    found = [
        SchemaChange(one.table, "column added", name, after=words)
        for name, words in after.items()
        if name not in before
    ]
    found += [
        SchemaChange(one.table, "column dropped", name, before=words)
        for name, words in before.items()
        if name not in after
    ]
    found += [
        SchemaChange(one.table, "column changed", name, before[name], words)
        for name, words in after.items()
        if before.get(name, words) != words
    ]
    if not found and not one.former:
        found.append(SchemaChange(one.table, "index, constraint or comment changed"))
    return found


def _definitions(
    database: Database, commit: str, tables: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return each column's type and part in the key, by table and column."""
    found = {}
    with query_errors(), database.connect(commit) as connection, connection.begin():
        inspector = sa.inspect(connection)
        for table in tables:
            key = inspector.get_pk_constraint(table)["constrained_columns"]
            found[table] = {
                str(column["name"]): " ".join(
                    (
                        column["type"].compile(connection.dialect),
                        *(() if column["nullable"] else ("NOT NULL",)),
                        *(("PRIMARY KEY",) if column["name"] in key else ()),
                    )
                )
                for column in inspector.get_columns(table)
            }
    return found
