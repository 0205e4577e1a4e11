"""A snapshot of MySQL or MariaDB: one transaction WITH CONSISTENT SNAPSHOT, read unbuffered.

https://dev.mysql.com/doc/refman/8.0/en/innodb-consistent-read.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pymysql.constants import FIELD_TYPE
from pymysql.cursors import SSCursor

from tap_adapters.sources.connecting import source_errors
from tap_adapters.sources.mysql_schema import TABLES, read_schema
from tap_adapters.sources.schema import SourceColumn, SourceTable
from tap_adapters.sources.snapshot import (
    Condition,
    Decoder,
    Selection,
    Snapshot,
    chunks,
    connected,
    decoded,
    selected,
    shown,
)

_log = logging.getLogger("target-dolt")

_SETTINGS = (
    "SET SESSION time_zone = '+00:00', sql_quote_show_create = 1",
    "SET SESSION net_write_timeout = 86400, wait_timeout = 86400",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
)

_NUMBERS: dict[int, Decoder] = {
    **dict.fromkeys(
        (
            FIELD_TYPE.TINY,
            FIELD_TYPE.SHORT,
            FIELD_TYPE.INT24,
            FIELD_TYPE.LONG,
            FIELD_TYPE.LONGLONG,
            FIELD_TYPE.YEAR,
        ),
        int,
    ),
    **dict.fromkeys(
        (FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL, FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE), Decimal
    ),
}
"""What becomes a number; all else stays the text, or the bytes, that the server sends."""

_TRANSACTIONAL = ("InnoDB", "RocksDB", "TokuDB", "ndbcluster")


@contextmanager
def snapshot(url: sa.URL, selection: Selection, *, rows: bool = True) -> Iterator[Snapshot]:
    """Hold one transaction open that sees the source as it is now."""
    del rows  # it takes no right more
    with source_errors(shown(url)), connected(url) as connection:
        yield MySQLSnapshot(connection, selection)


class MySQLSnapshot(Snapshot):
    """One instant of a MySQL or MariaDB database."""

    def __init__(
        self, connection: sa.Connection, selection: Selection, *, write: bool = False
    ) -> None:
        """Begin the transaction, one that may write if wanted."""
        url = connection.engine.url
        self._connection = connection
        self.name = shown(url)
        self.source = f"mysql:{url.database}"
        for statement in _SETTINGS:
            connection.exec_driver_sql(statement)
        mode = "" if write else ", READ ONLY"
        connection.exec_driver_sql(f"START TRANSACTION WITH CONSISTENT SNAPSHOT{mode}")
        self.position = _position(connection)
        instant = connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar()
        self.time = f"{instant} UTC"
        found = connection.exec_driver_sql(TABLES).all()
        tables, others = selection.part(found, lambda one: [one.name])
        loose = [one.name for one in tables if one.engine not in _TRANSACTIONAL]
        if loose:
            _log.warning(
                "%s: not of the same instant as the rest, their engine has no transactions: %s",
                self.name,
                ", ".join(loose),
            )
        self.schema = read_schema(connection, tables, tuple(one.name for one in others))

    def rows(
        self, table: SourceTable, where: Condition | None = None
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield a table's rows as the server sends them."""
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        columns = ", ".join(_selected(quote(one.name), one) for one in table.columns)
        query = f"SELECT {columns} FROM {quote(table.own_name)}"  # noqa: S608 - quoted
        driver: Any = self._connection.connection.driver_connection
        usual, driver.decoders = driver.decoders, _NUMBERS
        cursor = driver.cursor(SSCursor)
        try:
            with source_errors(f"{self.name}, table '{table.name}'", driver.Error):
                cursor.execute(*selected(query, where))
                are_bytes = [sends_bytes(one) for one in table.columns]
                decoders = [bytes.hex if one else None for one in are_bytes]
                for rows in chunks(cursor.fetchmany):
                    yield decoded(rows, decoders)
        finally:
            cursor.close()
            driver.decoders = usual


def _position(connection: sa.Connection) -> str:
    """Return where in the binary log the snapshot is."""
    if connection.dialect.is_mariadb:  # type: ignore[attr-defined]
        rows = connection.exec_driver_sql("SHOW STATUS LIKE 'binlog_snapshot_%%'")
        status = {str(name): value for name, value in rows}
        file, place = (status.get(f"Binlog_snapshot_{one}") for one in ("file", "position"))
        if not file:
            return ""
        gtid = connection.exec_driver_sql("SELECT BINLOG_GTID_POS(%s, %s)", (file, place)).scalar()
        return f"binlog {file}:{place}" + (f", GTID {gtid}" if gtid else "")
    gtid = connection.exec_driver_sql("SELECT @@GLOBAL.gtid_executed").scalar()
    return f"GTID {gtid}".replace("\n", "") if gtid else ""


_BINARY = ("binary", "varbinary", "blob", "bit", "geometry", "point", "linestring", "polygon",
           "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection",
           "tinyblob", "mediumblob", "longblob", "vector")  # fmt: skip


def sends_bytes(column: SourceColumn) -> bool:
    """Whether a column's values are bytes to the driver."""
    return column.base.partition("(")[0].partition(" ")[0] in _BINARY


def _selected(name: str, column: SourceColumn) -> str:
    """Return a column for SELECT; of a FLOAT the server prints no more than six digits."""
    is_single = column.base.partition("(")[0].partition(" ")[0] == "float"
    return f"({name} + 0e0)" if is_single else name
