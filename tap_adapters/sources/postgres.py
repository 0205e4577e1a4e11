"""A snapshot of Postgres: one REPEATABLE READ transaction, read through a server-side cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from tap_adapters.sources.connecting import source_errors
from tap_adapters.sources.postgres_catalogue import TABLES
from tap_adapters.sources.postgres_schema import read_schema
from tap_adapters.sources.schema import SourceColumn, SourceTable
from tap_adapters.sources.snapshot import (
    CHUNK_BYTES,
    CHUNK_ROWS,
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

T = TypeVar("T")

_SETTINGS = {
    "search_path": "pg_catalog",  # so that every name comes with its schema
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "3",  # all digits of a number, with those before Postgres 12 too
    "array_nulls": "on",
    "xmloption": "content",
    "row_security": "off",  # an error, not fewer rows
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
"""What makes the text of a value the same whatever the server is set to; as pg_dump does."""

_INSTANT = """
SELECT now() AT TIME ZONE 'UTC' AS time, txid_current_snapshot()::text AS transactions,
    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn
"""

_AS_THEY_ARE = frozenset(
    {"smallint", "integer", "bigint", "oid", "boolean", "numeric", "text", "character varying",
     "character", "bpchar", "name", "real", "double precision"}
)  # fmt: skip
"""Types, without parameters, whose values psycopg2 leaves exact, or as text; all others are cast
to text by the server, which takes Python's classes of dates out of the way."""

_DECODERS: dict[str, Decoder] = {
    # A double's shortest text is the number; psycopg2 would make a float of it.
    "real": Decimal,
    "double precision": Decimal,
    # Python 3.10 knows no offset of hours alone.
    "timestamp with time zone": lambda text: f"{text}:00" if text[-3:] == "+00" else text,
}

_NARROW = frozenset(
    {"smallint", "integer", "bigint", "oid", "boolean", "numeric", "real", "double precision",
     "date", "time without time zone", "time with time zone", "timestamp without time zone",
     "timestamp with time zone", "interval", "uuid", "money", "name", "inet", "cidr", "macaddr"}
)  # fmt: skip
"""Types, without parameters, whose values are never long."""

_NARROW_LENGTH = 255
"""What a type of characters may announce at the most to count as one of them."""

_WIDE_ROWS = 500
"""Rows that are fetched at once where any may be long: each fetch holds them all, and goes to the
server and back, which costs a fiftieth of what so many short rows take. Where so many are too long
together, fewer are."""


@contextmanager
def snapshot(url: sa.URL, selection: Selection, *, rows: bool = True) -> Iterator[Snapshot]:
    """Hold one transaction open that sees the source as it is now."""
    with source_errors(shown(url)), connected(url) as connection:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        yield PostgresSnapshot(connection.execution_options(**options), selection, rows=rows)


class PostgresSnapshot(Snapshot):
    """One instant of a Postgres database."""

    def __init__(
        self, connection: sa.Connection, selection: Selection, *, rows: bool = True
    ) -> None:
        """Begin the transaction, and see to it that no table is altered while it lasts."""
        url = connection.engine.url
        self._connection = connection
        self.name = shown(url)
        self.source = f"postgres:{url.database or url.username}"
        instant = connection.exec_driver_sql(_INSTANT).one()
        self.time = f"{instant.time:%Y-%m-%d %H:%M:%S.%f} UTC"
        self.position = f"LSN {instant.lsn}, transactions {instant.transactions}"
        default = connection.exec_driver_sql("SELECT current_schema()").scalar()
        for name, value in _SETTINGS.items():
            connection.exec_driver_sql("SELECT set_config(%s, %s, true)", (name, value))
        found = connection.exec_driver_sql(TABLES).all()
        tables, others = selection.part(found, lambda one: _names(one, default))
        for one in tables if rows else ():
            name = self._quoted(one.schema, one.name)
            connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
        names = tuple(_names(one, default)[0] for one in others)
        self.schema = read_schema(connection, tables, names, default, whole=rows)
        self._partitioned = {f"{one.schema}.{one.name}" for one in tables if one.kind == "p"}

    def _quoted(self, *names: str) -> str:
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        return ".".join(quote(name) for name in names)

    def rows(
        self, table: SourceTable, where: Condition | None = None
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield a table's rows, without those of tables that inherit from it."""
        columns = ", ".join(self._selected(column) for column in table.columns)
        only = "" if table.name in self._partitioned else "ONLY "
        name = self._quoted(str(table.schema), table.own_name)
        decoders = [_DECODERS.get(_plain(column.base)) for column in table.columns]
        driver: Any = self._connection.connection.driver_connection
        cursor = driver.cursor(name="snapshot")
        try:
            with source_errors(f"{self.name}, table '{table.name}'", driver.Error):
                _keep_floats_as_text(cursor)
                query = f"SELECT {columns or 'NULL'} FROM {only}{name}"  # noqa: S608 - quoted
                cursor.execute(*selected(query, where))
                wide = [column for column in table.columns if not _is_narrow(column.base)]
                longest = self._longest(f"{only}{name}", wide) if wide and where is None else {}
                fetch = in_blocks(cursor.fetchmany, longest) if longest else cursor.fetchmany
                for rows in chunks(fetch, _WIDE_ROWS if wide else CHUNK_ROWS):
                    yield decoded(rows, decoders)
        finally:
            if not driver.closed:
                cursor.close()

    def _longest(self, table: str, wide: Sequence[SourceColumn]) -> dict[int, int]:
        """Return the longest row of each block that is too long to be fetched as a whole.

        Rows are counted as the cursor will give them: by one process, from the table's first page.
        """
        connection = self._connection
        connection.exec_driver_sql("SET LOCAL synchronize_seqscans = off")
        connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        length = " + ".join(f"coalesce({_length(self._quoted(one.name), one)}, 0)" for one in wide)
        query = f"""
            SELECT block, max(length) FROM (
                SELECT (row_number() OVER () - 1) / {_WIDE_ROWS} AS block, {length} AS length
                FROM {table}
            ) AS lengths GROUP BY block HAVING sum(length) > {CHUNK_BYTES}"""  # noqa: S608 - quoted
        return {block: int(most) for block, most in connection.exec_driver_sql(query)}

    def _selected(self, column: SourceColumn) -> str:
        name = self._quoted(column.name)
        return name if _plain(column.base) in _AS_THEY_ARE else f"{name}::text"


def _plain(native: str) -> str:
    """Return a type without its parameters."""
    return re.sub(r"\(.*?\)", "", native)


def _is_narrow(native: str) -> bool:
    """Whether no value of a type is long."""
    length = re.fullmatch(r"[a-z ]+\((\d+)\)", native)
    return _plain(native) in _NARROW or bool(length and int(length[1]) <= _NARROW_LENGTH)


def _length(name: str, column: SourceColumn) -> str:
    """Return SQL of about how long a value is, which takes none out of where it is stored."""
    kind = _plain(column.base)
    if kind in {"text", "character varying", "character", "bpchar"}:
        return f"octet_length({name})"
    if kind == "bytea":
        return f"2 * octet_length({name})"
    return f"{_COMPRESSED} * pg_column_size({name})"


_COMPRESSED = 4
"""How many times longer than what is stored a value's text may be, where only that is known."""


def in_blocks(
    fetch: Callable[[int], Sequence[T]], longest: Mapping[int, int]
) -> Callable[[int], Sequence[T]]:
    """Return what fetches rows block by block, of a long one few at once.

    Args:
        fetch: Returns that many rows, or those that are left.
        longest: The bytes of the longest row, by the number of the long block.
    """
    done = 0

    def some(count: int) -> Sequence[T]:
        nonlocal done
        block, behind = divmod(done, _WIDE_ROWS)
        few = max(1, CHUNK_BYTES // longest[block]) if block in longest else _WIDE_ROWS
        rows = fetch(min(count, few, _WIDE_ROWS - behind))
        done += len(rows)
        return rows

    return some


def _names(table: Any, default: str | None) -> list[str]:
    """Return what a table may be called: its full name first."""
    full = f"{table.schema}.{table.name}"
    return [full, table.name] if table.schema == default else [full]


def _keep_floats_as_text(cursor: Any) -> None:
    from psycopg2 import extensions  # noqa: PLC0415 - an extra

    oids = (700, 701)  # float4, float8: https://github.com/postgres/postgres pg_type.dat
    kept = extensions.new_type(oids, "FLOAT", lambda text, _cursor: text)
    extensions.register_type(kept, cursor)
