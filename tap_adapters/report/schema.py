"""What a commit changes of its tables' columns, in words."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import ReflectedColumn

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


def key_of(connection: sa.Connection, table: str) -> tuple[str, ...]:
    """Return the primary key's columns; none of a table that SQLAlchemy cannot read."""
    try:
        with _quiet():
            return tuple(sa.inspect(connection).get_pk_constraint(table)["constrained_columns"])
    except _UNREADABLE:
        return ()


def _compared(
    one: TableDiff, before: Mapping[str, str] | None, after: Mapping[str, str] | None
) -> list[SchemaChange]:
    """Return what differs between two definitions; a sentence where it is none of the columns."""
    if before is None or after is None:
        return [SchemaChange(one.table, "definition changed, with a type that is not known here")]
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
) -> dict[str, dict[str, str] | None]:
    """Return each column's definition by table and column; None for one that cannot be read."""
    found: dict[str, dict[str, str] | None] = {}
    with query_errors(), database.connect(commit) as connection, connection.begin():
        for table in tables:
            key = key_of(connection, table)
            try:
                with _quiet():
                    found[table] = {
                        str(column["name"]): _words(
                            connection, column, is_key=column["name"] in key
                        )
                        for column in sa.inspect(connection).get_columns(table)
                    }
            except _UNREADABLE:
                found[table] = None
    return found


def _words(connection: sa.Connection, column: ReflectedColumn, *, is_key: bool) -> str:
    """Return a column's type and part in the key."""
    required = "" if column["nullable"] else " NOT NULL"
    key = " PRIMARY KEY" if is_key else ""
    return f"{column['type'].compile(connection.dialect)}{required}{key}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep SQLAlchemy's warnings about types that it does not know to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        yield


_UNREADABLE = (sa.exc.CompileError, TypeError)
"""What SQLAlchemy says of a type that it does not know; a TypeError where it has a length."""
