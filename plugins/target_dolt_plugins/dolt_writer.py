"""Rows into Dolt: LOAD DATA LOCAL from memory, or multi-row INSERT where that is not allowed."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql import insert

from target_dolt import Row, Write, Writer
from target_dolt.errors import WriteError
from target_dolt.past import keep_columns, restore_rows
from target_dolt_plugins.dolt_dialect import LOCAL_NAME
from target_dolt_plugins.dolt_fields import BINARY, FIELDS, LITERALS, Fields

CHUNK_ROWS = 2_000
"""Rows of one packet of LOAD DATA."""

INSERT_ROWS = 1_000
"""Rows of one INSERT; ten times as many are no faster (facts of Dolt 2.3.1)."""

DELETE_KEYS = 1_000

LANE_ROWS = 1_000
"""The least rows that are worth a transaction of their own beside others."""

_NO_VALUE = "NULL"
"""A text that Dolt's LOAD DATA takes for no value, however it is escaped or enclosed (measured on
2.3.1; MySQL does so only where fields are enclosed): buffers that hold it go by INSERT."""


class _DoltWriter(Writer):
    """What every way of writing shares: all but how rows are sent."""

    def __init__(
        self, table: sa.Table, dialect: sa.Dialect, others: Sequence[str] = (), lanes: int = 1
    ) -> None:
        self._dialect = dialect
        self._table = table
        self._others = others
        self._lanes = lanes
        self._key = list(table.primary_key.columns)
        places = [list(table.columns).index(column) for column in self._key]
        self._key_of = itemgetter(*places) if places else None

    def upserting(self, rows: Sequence[Row]) -> Sequence[Write]:
        """Spell the rows while the server still takes others; part them where that pays."""
        return [self._spelled(part) for part in self._parts(rows)]

    def _parts(self, rows: Sequence[Row]) -> Sequence[Sequence[Row]]:
        """Return the newest row of each key, in the order of the keys, a part for each lane.

        Neighbours by key share the pages that a transaction rewrites and a merge compares.
        """
        lanes = min(self._lanes, len(rows) // LANE_ROWS)
        if lanes < 2 or self._key_of is None:  # noqa: PLR2004 - one lane takes them as they came
            return [rows]
        newest = dict(zip(map(self._key_of, rows), rows, strict=True))
        ordered = [newest[key] for key in sorted(newest)]
        size = -(-len(ordered) // lanes)
        return [ordered[start : start + size] for start in range(0, len(ordered), size)]

    @abc.abstractmethod
    def _spelled(self, rows: Sequence[Row]) -> Write:
        """Return what upserts rows, in the order in which they are."""

    def upsert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Write rows by key; of two with one key the later wins."""
        self._spelled(rows)(connection)

    def delete(self, connection: sa.Connection, keys: Sequence[Row]) -> None:
        """Remove rows by key."""
        if len(self._key) == 1:
            places = self._key[0].in_(sa.bindparam("keys", expanding=True))
            values: Iterator[Any] = (key[0] for key in keys)
        else:
            places = sa.tuple_(*self._key).in_(sa.bindparam("keys", expanding=True))
            values = iter(keys)
        statement = self._table.delete().where(places)
        while some := list(islice(values, DELETE_KEYS)):
            connection.execute(statement, {"keys": some})

    def restore(self, connection: sa.Connection, keys: Sequence[Row] | None = None) -> None:
        """Put back the last commit's rows that are not there."""
        restore_rows(connection, self._table, self._committed(), self._others, keys)

    def keep(self, connection: sa.Connection, columns: Sequence[str]) -> None:
        """Give some columns the last commit's values."""
        keep_columns(connection, self._table, self._committed(), columns)

    def identify(self, connection: sa.Connection) -> None:
        """Leave rows as they are: Dolt knows them by what they hold."""

    def _committed(self) -> str:
        return f"{self._dialect.identifier_preparer.format_table(self._table)} AS OF 'HEAD'"

    def patch(self, connection: sa.Connection, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Write some columns of rows by key; the others stay."""
        statement = insert(self._table).values({name: sa.bindparam(name) for name in columns})
        key = {column.name for column in self._key}
        rest = {name: statement.inserted[name] for name in columns if name not in key}
        statement = statement.on_duplicate_key_update(rest or dict.fromkeys(key, self._key[0]))
        connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows])

    def clear(self, connection: sa.Connection) -> None:
        """Remove all rows; TRUNCATE would end the transaction."""
        connection.execute(self._table.delete())


class InsertWriter(_DoltWriter):
    """Statements of many rows: INSERT, and for tables with a key REPLACE, as LOAD DATA has it.

    REPLACE would empty columns that somebody has added: there it is INSERT ... ON DUPLICATE KEY
    UPDATE, which takes a tenth more of the server's time.
    """

    def __init__(
        self,
        table: sa.Table,
        dialect: sa.Dialect,
        others: Sequence[str] = (),
        lanes: int = 1,
        *,
        watched: bool = False,
    ) -> None:
        """Compile the statements' constant parts; the table may have other columns beside."""
        super().__init__(table, dialect, others, lanes)
        quote = dialect.identifier_preparer.format_column
        columns = [quote(column) for column in table.columns]
        name = dialect.identifier_preparer.format_table(table)
        self._into = f"INTO {name} ({', '.join(columns)})"
        # A column of somebody else's may be made of ours.
        self._literals = Fields(table, LITERALS, plain=watched or bool(others))
        self._upsert, self._tail = "REPLACE", ""
        if others:
            # The key is among them: Dolt 2.3.1 is a fifth slower where a column is left out.
            # SQLAlchemy's own VALUES() doubles a percent sign in a name once too often.
            changes = ", ".join(f"{one} = VALUES({one})" for one in columns)
            self._upsert, self._tail = "INSERT", f" ON DUPLICATE KEY UPDATE {changes}"

    def _statements(self, verb: str, rows: Sequence[Row], tail: str = "") -> Iterator[str]:
        for start in range(0, len(rows), INSERT_ROWS):
            literals = self._literals.rows(rows[start : start + INSERT_ROWS])
            values = "), (".join(map(", ".join, literals))
            values = values.replace("%", "%%")  # as the quoted names have it: PyMySQL halves them
            yield f"{verb} {self._into} VALUES ({values}){tail}"

    def _spelled(self, rows: Sequence[Row]) -> Write:
        """Return statements that upsert rows."""
        statements = list(self._statements(self._upsert, rows, self._tail))

        def upsert(connection: sa.Connection) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement)

        return upsert

    def append(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Add rows to a table without a key."""
        for statement in self._statements("INSERT", rows):
            connection.exec_driver_sql(statement)


class LoadDataWriter(_DoltWriter):
    """LOAD DATA LOCAL, always with REPLACE: without it Dolt bends values without a word."""

    def __init__(
        self, table: sa.Table, dialect: sa.Dialect, lanes: int = 1, *, watched: bool = False
    ) -> None:
        """Compile the statement."""
        super().__init__(table, dialect, lanes=lanes)
        self._insert = InsertWriter(table, dialect, watched=watched)
        quote = dialect.identifier_preparer
        columns = ", ".join(quote.quote(column.name) for column in table.columns)
        self._load = (
            f"LOAD DATA LOCAL INFILE '{LOCAL_NAME}' REPLACE INTO TABLE "
            f"{quote.format_table(table)} CHARACTER SET utf8mb4 "
            "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' "
            f"({columns})"
        )
        self._fields = Fields(table, FIELDS, plain=watched)
        self._has_bytes = any(isinstance(column.type, BINARY) for column in table.columns)

    def _spelled(self, rows: Sequence[Row]) -> Write:
        """Return the text of rows, in packets."""
        if self._holds_no_value(rows):
            return self._insert._spelled(rows)  # noqa: SLF001 - a writer of the same kind
        chunks = list(self._chunks(rows))
        count = len(rows)
        return lambda connection: self._send(connection, chunks, count)

    def _send(self, connection: sa.Connection, chunks: Iterable[bytes], count: int) -> None:
        driver: Any = connection.connection.driver_connection
        driver.rows_to_send = iter(chunks)
        result = connection.exec_driver_sql(self._load)
        # REPLACE counts a row that it put in another's place twice.
        if not count <= result.rowcount <= 2 * count:
            msg = (
                f"table '{self._table.name}': {count} rows were sent, the server counted "
                f"{result.rowcount}"
            )
            raise WriteError(msg)

    def append(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Add rows to a table without a key."""
        if self._holds_no_value(rows):
            self._insert.append(connection, rows)
        else:
            self._send(connection, self._chunks(rows), len(rows))

    def _holds_no_value(self, rows: Sequence[Row]) -> bool:
        if any(_NO_VALUE in row for row in rows):
            return True
        return self._has_bytes and any(_NO_VALUE.encode() in row for row in rows)

    def _chunks(self, rows: Sequence[Row]) -> Iterator[bytes]:
        for start in range(0, len(rows), CHUNK_ROWS):
            lines = map("\t".join, self._fields.rows(rows[start : start + CHUNK_ROWS]))
            yield "\n".join([*lines, ""]).encode("utf-8", "surrogateescape")


_PROBE = f"LOAD DATA LOCAL INFILE '{LOCAL_NAME}' INTO TABLE _target_dolt_no_table"
"""Dolt looks at rights first, then for the table, and asks for rows last."""


def missing_for_load_data(connection: sa.Connection) -> str | None:
    """Return what keeps this account from LOAD DATA LOCAL, and its cure; None for nothing."""
    if not connection.exec_driver_sql("SELECT @@GLOBAL.local_infile").scalar():
        return (
            "the server does not allow LOAD DATA LOCAL; an administrator does with "
            "SET PERSIST local_infile = 1"
        )
    try:
        connection.exec_driver_sql(_PROBE)
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        # MySQL wants no FILE for LOCAL, Dolt does, by name or by role (measured on 2.3.1).
        if "denied" in str(error.orig):
            return (
                "this user may not LOAD DATA; an administrator lets it with GRANT FILE ON *.* TO it"
            )
    return None


def describe_type(column_type: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """Return the type for statements whose values are ready: SQLAlchemy adds no conversion."""
    return mysql.LONGTEXT() if isinstance(column_type, sa.JSON) else column_type
