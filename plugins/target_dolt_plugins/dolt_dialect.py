"""SQLAlchemy's dialect for `dolt://user:password@host:3306/database/branch`, on PyMySQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import sqlalchemy as sa
from pymysql.connections import LoadLocalPacketWrapper, MySQLResult
from pymysql.constants import CR, FIELD_TYPE
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket
from sqlalchemy.dialects.mysql.base import MySQLIdentifierPreparer
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from target_dolt_plugins.bounded_connection import BoundedConnection

LOCAL_NAME = "target-dolt-rows"
"""The "file" that our LOAD DATA LOCAL names; there is none, the rows come from memory."""


PACKET_BYTES = 1 << 20

_BINARY_CHARSET = 63
"""https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_character_set.html"""


class _Result(MySQLResult):
    """Answers a LOCAL INFILE request with the connection's own rows, or not at all.

    PyMySQL would open whatever file the server names, and it sends the packet that ends the
    data even where making the data failed: half a buffer would be a success.
    """

    def _read_load_local_packet(self, first_packet: Any) -> None:
        connection = self.connection
        chunks, connection.rows_to_send = connection.rows_to_send, None
        name = LoadLocalPacketWrapper(first_packet).filename
        if chunks is None or name != LOCAL_NAME.encode():
            connection._force_close()  # noqa: SLF001 - whoever asks for files is not to be talked to
            msg = "the server asked for a file of this machine; it got nothing"
            raise pymysql.err.OperationalError(CR.CR_MALFORMED_PACKET, msg)
        try:
            for chunk in chunks:
                # PyMySQL writes a packet's length in three bytes, whatever it is.
                for start in range(0, len(chunk), PACKET_BYTES):
                    connection.write_packet(chunk[start : start + PACKET_BYTES])
        except BaseException:
            connection._force_close()  # noqa: SLF001 - the server throws half a load away
            raise
        connection.write_packet(b"")
        answer = connection._read_packet()  # noqa: SLF001
        if not answer.is_ok_packet():
            raise pymysql.err.OperationalError(CR.CR_COMMANDS_OUT_OF_SYNC, "no answer to the rows")
        self._read_ok_packet(answer)


class DoltConnection(BoundedConnection):
    """A connection whose LOAD DATA LOCAL sends rows from memory.

    Attributes:
        rows_to_send: What the next LOAD DATA LOCAL may send, made while it is sent.
    """

    kind = "Dolt"
    rows_to_send: Iterator[bytes] | None = None

    def _read_packet(self, packet_type: Any = MysqlPacket) -> Any:
        """Read a packet; a BIT's bytes are no text, whatever Dolt says of their characters."""
        packet = super()._read_packet(packet_type)
        if packet_type is FieldDescriptorPacket and packet.type_code == FIELD_TYPE.BIT:
            packet.charsetnr = _BINARY_CHARSET
        return packet

    def _read_query_result(self, unbuffered: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyMySQL's
        self._result = None
        result = _Result(self)
        if unbuffered:
            result.init_unbuffered_query()
        else:
            result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return result.affected_rows


class _QuoteAll(MySQLIdentifierPreparer):
    """Dolt reserves words that MySQL's list does not have (`versions`): so all are quoted."""

    def _requires_quotes(self, value: str) -> bool:
        del value
        return True


_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`", re.DOTALL)
"""A string or an identifier in SHOW CREATE TABLE; whichever begins first."""

_LINE_END = "\ufdd0"
"""Stands for a line's end within an identifier while SQLAlchemy reads line by line: a code point
that Unicode keeps for such uses, and out of texts. https://www.unicode.org/faq/private_use.html"""


def _one_line(quoted: re.Match[str]) -> str:
    text = quoted[0]
    return text.replace("\n", _LINE_END) if text.startswith("`") else text


def _name(reflected: str) -> str:
    """Return a column's name: SQLAlchemy leaves a quoted backtick doubled."""
    return reflected.replace("``", "`").replace(_LINE_END, "\n")


_SQL_MODE = "NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES"
"""Dolt's own, and that a 0 for an AUTO_INCREMENT column is 0, not the next number. A server may be
set to another: with ANSI_QUOTES, SQLAlchemy would find no column in SHOW CREATE TABLE."""


class DoltDialect(MySQLDialect_pymysql):
    """MySQL's dialect with Dolt's limits, and with transactions that are real."""

    driver = "dolt"
    supports_statement_cache = True
    max_identifier_length = 64
    preparer = _QuoteAll  # type: ignore[assignment]

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Connect, with a Python-side `LOAD DATA LOCAL`."""
        return DoltConnection(*arguments, **{"local_infile": True, **options})

    def on_connect(self) -> Callable[[Any], None]:
        """Switch autocommit off by a statement, and say what SQL is to mean.

        Dolt's handshake does not tell that it is on; PyMySQL believes that it is off already,
        and no rollback would undo anything (measured on 2.3.1).
        """
        prepare = super().on_connect()

        def connected(connection: Any) -> None:
            if prepare is not None:
                prepare(connection)
            with connection.cursor() as cursor:
                cursor.execute(f"SET autocommit=0, sql_mode='{_SQL_MODE}'")

        return connected

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back, unless the connection is gone: an error there would hide the real one."""
        if dbapi_connection.open:
            super().do_rollback(dbapi_connection)  # type: ignore[no-untyped-call]

    def _get_default_schema_name(self, connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql("SELECT DATABASE()").scalar())

    def _show_create_table(self, *arguments: Any, **options: Any) -> str:
        """Return the statement with each column on a line, whatever its name holds."""
        shown: str = super()._show_create_table(*arguments, **options)
        return _QUOTED.sub(_one_line, shown)

    def get_columns(self, *arguments: Any, **options: Any) -> Any:
        """Return the columns under the names that they have."""
        found = super().get_columns(*arguments, **options)
        return [{**column, "name": _name(column["name"])} for column in found]

    def get_pk_constraint(self, *arguments: Any, **options: Any) -> Any:
        """Return the key with the names that its columns have."""
        found = super().get_pk_constraint(*arguments, **options)
        return {
            **found,
            "constrained_columns": [_name(one) for one in found["constrained_columns"]],
        }
