"""MySQL or MariaDB as a destination: a table's form is made at once, rows in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pymysql
import sqlalchemy as sa

from tap_adapters.restore.destination import ANSWER_LOST, Destination
from tap_adapters.sources.connecting import SourceError
from tap_adapters.sources.mysql import MySQLSnapshot, sends_bytes
from tap_adapters.sources.schema import SourceColumn, SourceTable
from tap_adapters.sources.snapshot import Selection, connected, shown
from target_dolt.dialect import ColumnType
from target_dolt.types import type_text

_STRICT = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'"
"""A value that does not fit is an error, a number of zero is one, a date of zeros is a date."""

_KEY_BYTES = 3072
"""https://dev.mysql.com/doc/refman/8.0/en/innodb-limits.html"""

_TEXT = re.compile(r"VARCHAR\((\d+)\)")


@contextmanager
def destination(url: sa.URL, selection: Selection, *, dry_run: bool) -> Iterator[Destination]:
    """Open a database; rows are kept where nothing fails, tables that were made always."""
    there: MySQLDestination | None = None
    try:
        with connected(url) as connection:
            connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
            snapshot = MySQLSnapshot(connection, selection, write=True)
            connection.exec_driver_sql(_STRICT)
            there = MySQLDestination(connection, snapshot, dry_run=dry_run)
            yield there
    except (sa.exc.DBAPIError, pymysql.err.Error) as error:
        kept = there.kept if there is not None else "nothing was changed there"
        msg = f"{shown(url)}: {getattr(error, 'orig', error)}; {kept}"
        raise SourceError(msg) from error


class MySQLDestination(Destination):
    """A MySQL or MariaDB database.

    Attributes:
        kept: What an error leaves behind, in words.
    """

    dialect = "mysql"
    kept = (
        "no row was changed there, tables that were made for the commit may be there, empty; "
        "restore again"
    )

    def type_of(self, column_type: ColumnType) -> str:
        """Return the type: Dolt's types are MySQL's."""
        return type_text(column_type)

    def create(self, table: SourceTable, *, native: bool) -> None:
        """Make a table; one without a statement with texts that its key has room for."""
        native = native and table.definition is not None
        super().create(table if native else replace(table, columns=_fitting(table)), native=native)

    def before_rows(self, tables: Sequence[SourceTable]) -> None:
        """Foreign keys are not checked here."""

    def begin_rows(self) -> None:
        """Begin the transaction again: making tables has ended it."""
        if not self._dry_run:
            self.connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT")

    def finish(
        self, made: Sequence[SourceTable], there: Sequence[SourceTable], *, native: bool
    ) -> None:
        """Keep the rows; set the next values."""
        if not self._dry_run:
            self.kept = ANSWER_LOST
            self.connection.commit()
            self.kept = "its rows are there, its tables' next values may not; restore again"
        for table in (*made, *there) if native else ():
            for column in table.columns:
                if column.counter is not None:
                    next_value = column.counter.next_value
                    self.run(f"ALTER TABLE {self.place(table)} AUTO_INCREMENT = {next_value}")

    def value(self, column: SourceColumn) -> Callable[[Any], Any] | None:
        """Return what makes bytes of the digits that spatial values are kept as."""
        if sends_bytes(column):
            return lambda one: bytes.fromhex(one) if isinstance(one, str) else one
        return None


def _fitting(table: SourceTable) -> tuple[SourceColumn, ...]:
    """Return the columns, texts of the key so short that the key has room for them."""
    texts = [one for one in table.columns if one.name in table.key and _TEXT.search(one.type)]
    wanted = sum(4 * int(_TEXT.sub(r"\1", one.type)) for one in texts)
    room = _KEY_BYTES - 32 * (len(table.key) - len(texts))
    if wanted <= room:
        return table.columns
    short = f"VARCHAR({room // 4 // len(texts)})"
    return tuple(replace(one, type=short) if one in texts else one for one in table.columns)
