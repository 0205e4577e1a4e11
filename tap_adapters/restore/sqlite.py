"""An SQLite file as a destination: one transaction for all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from tap_adapters.restore.destination import Destination
from tap_adapters.sources.connecting import SourceError
from tap_adapters.sources.schema import SourceColumn, SourceTable
from tap_adapters.sources.snapshot import Selection, shown
from tap_adapters.sources.sqlite import SQLiteSnapshot
from target_dolt.dialect import ColumnType
from target_dolt.errors import ConfigError
from target_dolt.types import first_of_kind
from target_dolt_plugins import doltlite_engine

_DIALECT = sqlite.dialect()

_OTHER: tuple[tuple[type[ColumnType], str], ...] = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.JSON, "json"),
    (sa.DATETIME, "datetime"),
    (mysql.TIME, "time"),
    (mysql.BIT, "integer"),
    (mysql.YEAR, "integer"),
    (sa.Float, "real"),
    (sa.LargeBinary, "blob"),
    (sa.types._Binary, "blob"),  # noqa: SLF001 - BINARY and VARBINARY have no other base
    (sa.DATE, "date"),
    (sa.String, "text"),
)

_MAKE = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript('VACUUM')"


def _make(path: Path) -> None:
    """Make a file in SQLite's own format: DoltLite's library would make one of its own."""
    if not path.absolute().parent.is_dir():
        msg = f"there is no directory '{path.parent}' for the SQLite file '{path}'; create it"
        raise ConfigError(msg)
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run([sys.executable, "-c", _MAKE, str(path)], check=True, env=clean)  # noqa: S603


@contextmanager
def destination(url: sa.URL, selection: Selection, *, dry_run: bool) -> Iterator[Destination]:
    """Hold one transaction open, committed where nothing fails; make the file where it is not."""
    path = Path(url.database or "")
    doltlite_engine.load()
    place = url
    if not path.exists():
        if dry_run:
            place = url.set(database=":memory:")  # as empty, and gone afterwards
        else:
            _make(path)
    engine = sa.create_engine(place, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.isolation_level = None
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            snapshot = SQLiteSnapshot(connection, url, selection)
            yield SQLiteDestination(connection, snapshot, dry_run=dry_run)
            connection.exec_driver_sql("ROLLBACK" if dry_run else "COMMIT")
    except (sa.exc.DBAPIError, engine.dialect.dbapi.Error) as error:  # type: ignore[union-attr]
        msg = f"{shown(url)}: {getattr(error, 'orig', error)}; nothing was changed there"
        raise SourceError(msg) from error


class SQLiteDestination(Destination):
    """An SQLite file."""

    dialect = "sqlite"
    mark = "?"
    values = "VALUES "

    def type_of(self, column_type: ColumnType) -> str:
        """Return a type by whose name SQLite keeps each value."""
        found = first_of_kind(_OTHER, column_type)
        return found or str(column_type.compile(dialect=_DIALECT)).lower()

    def create(self, table: SourceTable, *, native: bool) -> None:
        """Make a table."""
        super().create(table, native=native and table.definition is not None)

    def lost_with(self, table: SourceTable) -> list[str]:
        """Return a table's triggers, whose names do not tell whose they are."""
        query = "SELECT 'trigger ' || name FROM sqlite_master WHERE type = 'trigger'"
        found = self.connection.exec_driver_sql(f"{query} AND tbl_name = ?", (table.own_name,))
        return list(found.scalars())

    def before_rows(self, tables: Sequence[SourceTable]) -> None:
        """Foreign keys are checked by none who does not ask for it."""

    def begin_rows(self) -> None:
        """The transaction goes on."""

    def finish(
        self, made: Sequence[SourceTable], there: Sequence[SourceTable], *, native: bool
    ) -> None:
        """Make indexes; set the next values."""
        for table in made if native else ():
            for one in table.constraints:
                if one.definition is not None:
                    self.run(one.definition)
        for table in (*made, *there) if native else ():
            for column in table.columns:
                if column.counter is not None:
                    name = table.own_name.replace("'", "''")
                    last = column.counter.next_value - 1
                    self.run(f"DELETE FROM sqlite_sequence WHERE name = '{name}'")  # noqa: S608
                    self.run(f"INSERT INTO sqlite_sequence VALUES ('{name}', {last})")  # noqa: S608

    def value(self, column: SourceColumn) -> Callable[[Any], Any] | None:
        """Return what makes a parameter of a number with digits after its point."""
        del column
        return lambda one: f"{one:f}" if isinstance(one, Decimal) else one
