"""`_target_dolt_tables`: what it takes to make each table again in its own database.

Only a source that can be asked (`source_url`) knows it; the definition is versioned with the data.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt.backend import Database, Table
from target_dolt.schema import Tables
from target_dolt.types import LONGTEXT

NAME = "_target_dolt_tables"

TABLE = Table(
    NAME,
    {
        "table_name": sa.VARCHAR(64),
        "stream": LONGTEXT,
        "source_dialect": LONGTEXT,
        "definition": LONGTEXT,
    },
    key=("table_name",),
)

_text = msgspec.json.Encoder(order="sorted", enc_hook=str).encode


class Definitions:
    """The definitions of the run branch, kept in memory and written where they change."""

    def __init__(self, database: Database, connection: sa.Connection, tables: Tables) -> None:
        """Read what is there."""
        self._database = database
        self._connection = connection
        self._tables = tables
        self._rows: dict[str, tuple[str, ...]] = {}
        if tables.find(NAME, TABLE.types) is not None:
            table = sa.table(NAME, *(sa.column(name) for name in TABLE.types))
            with connection.begin():
                found = connection.execute(sa.select(table))
                self._rows = {row.table_name: tuple(row) for row in found}

    def record(self, table: str, stream: str, dialect: str, definition: dict[str, Any]) -> bool:
        """Write a table's definition where it is new or changed; return whether it was."""
        row = (table, stream, dialect, _text(definition).decode())
        if self._rows.get(table) == row:
            return False
        made = self._tables.fit(TABLE, TABLE.types)
        with self._connection.begin():
            self._database.writer(made).upsert(self._connection, [row])
        self._rows[table] = row
        return True
