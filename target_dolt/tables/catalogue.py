"""`_target_dolt_columns`: what each column is and where it came from, versioned with the data.

Whoever reads a commit knows from it the types and the schema that the commit was made by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.dialect import ColumnType
from target_dolt.errors import ConfigError
from target_dolt.table import Table
from target_dolt.tables.schema import Tables
from target_dolt.types import BIGINT, LONGTEXT, parse_type, type_text

NAME = "_target_dolt_columns"

TABLE = Table(
    NAME,
    {
        "table_name": sa.VARCHAR(64),
        "column_name": sa.VARCHAR(64),
        "stream": LONGTEXT,
        "property_name": LONGTEXT,
        "column_type": LONGTEXT,
        "key_position": BIGINT,
        "source_dialect": LONGTEXT,
        "native_type": LONGTEXT,
        "json_schema": LONGTEXT,
    },
    key=("table_name", "column_name"),
)

_schema_text = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One column: the fields of `TABLE`, in its order."""

    table_name: str
    column_name: str
    stream: str
    property_name: str
    column_type: str
    key_position: int | None
    source_dialect: str
    native_type: str | None
    json_schema: str

    @property
    def type(self) -> ColumnType:
        """The column's type."""
        return parse_type(self.column_type)

    def values(self) -> tuple[Any, ...]:
        """Return the row as the table takes it."""
        return tuple(getattr(self, name) for name in TABLE.types)


def _native_type(schema: Any) -> str | None:
    native = schema.get("x-sql-datatype") if isinstance(schema, Mapping) else None
    return native if isinstance(native, str) else None


def describe(
    table: Table, stream: str, dialect: str, properties: Mapping[str, tuple[str, Any]]
) -> list[CatalogueRow]:
    """Return the rows for the columns of one SCHEMA.

    Args:
        table: The table as it is in the database now.
        stream: The stream's name.
        dialect: The name of the dialect that chose the types.
        properties: For each column its property and the property's schema.
    """
    return [
        CatalogueRow(
            table_name=table.name,
            column_name=column,
            stream=stream,
            property_name=name,
            column_type=type_text(table.types[column]),
            key_position=table.key.index(column) + 1 if column in table.key else None,
            source_dialect=dialect,
            native_type=_native_type(schema),
            json_schema=_schema_text(schema).decode(),
        )
        for column, (name, schema) in properties.items()
    ]


def read(connection: sa.Connection, tables: Tables) -> dict[str, dict[str, CatalogueRow]]:
    """Return all rows by table and column; nothing where the catalogue is not there yet."""
    if tables.own(TABLE, TABLE.types) is None:
        return {}
    catalogue = sa.table(NAME, *(sa.column(name) for name in TABLE.types))
    found: dict[str, dict[str, CatalogueRow]] = {}
    with connection.begin():
        for values in connection.execute(sa.select(catalogue)):
            row = CatalogueRow(*values)
            _check_type(row)
            found.setdefault(row.table_name, {})[row.column_name] = row
    return found


def _check_type(row: CatalogueRow) -> None:
    try:
        parse_type(row.column_type)
    except (ValueError, TypeError):
        msg = (
            f"table '{row.table_name}', column '{row.column_name}': the catalogue has a type that "
            f"this version of target-dolt does not know, {row.column_type}; use the one that has "
            "written it, or a later one"
        )
        raise ConfigError(msg) from None


class Catalogue:
    """The catalogue of the run branch, kept in memory and written where it changes."""

    def __init__(self, database: Database, connection: sa.Connection, tables: Tables) -> None:
        """Read what is there."""
        self._database = database
        self._connection = connection
        self._tables = tables
        self._rows = read(connection, tables)

    def types(self, table: str) -> dict[str, ColumnType]:
        """Return the types of a table's columns, as far as they are known."""
        return {name: row.type for name, row in self._rows.get(table, {}).items()}

    def dialect(self, table: str) -> str | None:
        """Return the dialect that chose a table's types, where it was one for all of them."""
        names = {row.source_dialect for row in self._rows.get(table, {}).values()}
        return names.pop() if len(names) == 1 else None

    def columns(self, table: str, stream: str) -> dict[str, str]:
        """Return the columns that properties of a stream were given in a table."""
        rows = self._rows.get(table, {}).values()
        return {row.property_name: row.column_name for row in rows if row.stream == stream}

    def properties(self, table: str) -> dict[str, str]:
        """Return the columns of a table that was loaded, by their properties."""
        rows = self._rows.get(table, {}).values()
        return {row.property_name: row.column_name for row in rows}

    def tables_beside(self, stream: str) -> set[str]:
        """Return the tables that other streams fill."""
        return {
            table
            for table, rows in self._rows.items()
            if all(row.stream != stream for row in rows.values())
        }

    def record(self, rows: Iterable[CatalogueRow]) -> bool:
        """Write the rows that are new or changed; return whether there were any."""
        changed = [
            row for row in rows if self._rows.get(row.table_name, {}).get(row.column_name) != row
        ]
        if changed:
            table = self._tables.fit(TABLE, TABLE.types)
            with self._connection.begin():
                values = [row.values() for row in changed]
                self._database.writer(table).upsert(self._connection, values)
        # Only now: after a lost connection this is done again, and must find them new.
        for row in changed:
            self._rows.setdefault(row.table_name, {})[row.column_name] = row
        return bool(changed)

    def same_source(self, table: str, column: str, schema: Any) -> bool:
        """Whether a column was made for this very schema; it may have been widened since."""
        row = self._rows.get(table, {}).get(column)
        return row is not None and row.json_schema == _schema_text(schema).decode()

    def forget(self, table: str, keep: Collection[str] = ()) -> bool:
        """Remove a table's rows, but for some columns'; return whether there were any."""
        known = self._rows.get(table, {})
        gone = [(table, name) for name in known if name not in keep]
        if gone:
            fitted = self._tables.fit(TABLE, TABLE.types)
            with self._connection.begin():
                self._database.writer(fitted).delete(self._connection, gone)
        for _, name in gone:
            del known[name]
        return bool(gone)
