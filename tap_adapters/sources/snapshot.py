"""A consistent reading of many tables: a source as it was at one instant."""

from __future__ import annotations

import abc
import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import sqlalchemy as sa
from singer_sdk.sql.connector import SQLToJSONSchema
from sqlalchemy.dialects import postgresql

from tap_adapters.sources.connecting import engine
from tap_adapters.sources.schema import SourceSchema, SourceTable
from target_dolt.errors import ConfigError
from target_dolt.plans.columns import estimated_bytes

T = TypeVar("T")

CHUNK_ROWS = 5_000
"""Rows that are read at once at the most: enough to hide the way to the server."""

CHUNK_BYTES = 8_000_000
"""About what they may take."""

FIRST_ROWS = 10
"""Rows that are fetched first, before anything is known of their width."""

GROWTH = 4
"""How many times more may be fetched the next time."""

PIECE_ROWS = 20
"""Rows of a chunk that are fetched at once at the most, where a fetch is no way to a server: the
next ones may be a thousand times as wide as all before."""

Condition = tuple[str, Sequence[Any]]
"""A condition in the source's SQL, and its parameters."""

Decoder = Callable[[Any], Any]
"""What a driver gives for a value that is not NULL -> what JSON would bring: int, Decimal, bool
or text as the source prints it."""

Progress = Callable[[str, int], None]
"""Told a table's full name and how many of its rows were done since it was last told."""


def untold(table: str, rows: int) -> None:
    """Tell nobody how far the work is."""
    del table, rows


class Snapshot(abc.ABC):
    """One instant of a source, open for reading.

    Attributes:
        name: What messages call the source; never with a password.
        source: What its objects are kept under, the same in every run.
        position: Where in its log the source was, in its own words; empty where it has none.
        time: The instant by the source's clock, in UTC.
        schema: What it holds.
    """

    name: str
    source: str
    position: str
    time: str
    schema: SourceSchema

    @abc.abstractmethod
    def rows(
        self, table: SourceTable, where: Condition | None = None
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield a table's rows in chunks, each row's values in the order of the columns.

        Args:
            table: The table.
            where: Which of them; None for all.
        """


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tables of a source are meant.

    Attributes:
        tables: Names, each with the table here that its rows go to, None for one of its own
            name; empty for all tables.
        exclude: Patterns of names to leave out: `*_log`.
    """

    tables: Mapping[str, str | None] = field(default_factory=dict)
    exclude: Sequence[str] = ()

    def part(self, found: Iterable[T], names: Callable[[T], list[str]]) -> tuple[list[T], list[T]]:
        """Return what is meant of the tables that were found, and what is not.

        Args:
            found: The tables.
            names: Gives what a table may be called, its full name first.

        Raises:
            ConfigError: A table that was named is not there.
        """
        parts: tuple[list[T], list[T]] = ([], [])
        known, missing = [], set(self.tables)
        for one in found:
            own = names(one)
            known.append(own[-1])
            missing -= set(own)
            meant = not self.tables or any(name in self.tables for name in own)
            excluded = any(fnmatchcase(name, bad) for name in own for bad in self.exclude)
            parts[not meant or excluded].append(one)
        if missing:
            absent = ", ".join(f"'{name}'" for name in sorted(missing))
            msg = f"the source has no table {absent}; it has: {', '.join(known) or 'none'}"
            raise ConfigError(msg)
        return parts

    def target(self, names: Iterable[str]) -> str | None:
        """Return the table that was given for a table of these names, or None."""
        return next((self.tables[name] for name in names if self.tables.get(name)), None)


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source.

    Attributes:
        scheme: The scheme of its URLs.
        driver: SQLAlchemy's name of the driver that is used.
        room: The module that reads it, with a function `snapshot(url, selection, *, rows)`.
        package: What brings the driver, for a message where it is missing.
        password: The environment variable that its own programs take a password from.
    """

    scheme: str
    driver: str
    room: str
    package: str
    password: str = ""


KINDS = (
    SourceKind(
        "postgresql", "postgresql+psycopg2", "postgres", "target-dolt[postgres]", "PGPASSWORD"
    ),
    SourceKind("mysql", "mysql+pymysql", "mysql", "pymysql", "MYSQL_PWD"),
    SourceKind("mariadb", "mariadb+pymysql", "mysql", "pymysql", "MYSQL_PWD"),
    SourceKind("sqlite", "sqlite", "sqlite", "Python's sqlite3"),
)


def source_url(text: str) -> tuple[SourceKind, sa.URL]:
    """Return what kind of source a URL leads to, and the URL with the driver that is used.

    A password that is not in the URL comes from the environment.

    Raises:
        ConfigError: It is no URL, or of none of the kinds.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        msg = f"the source is no URL of the form {_FORMS}"
        raise ConfigError(msg) from None
    backend = url.get_backend_name()
    kind = next((one for one in KINDS if one.scheme == backend), None)
    if kind is None:
        msg = f"no source is read from {backend}://; a URL has the form {_FORMS}"
        raise ConfigError(msg)
    if url.password is None and kind.password in os.environ:
        url = url.set(password=os.environ[kind.password])
    return kind, url.set(drivername=kind.driver)


_FORMS = "postgresql://, mysql://, mariadb:// or sqlite:///"


def open_snapshot(
    text: str, selection: Selection | None = None, *, rows: bool = True
) -> AbstractContextManager[Snapshot]:
    """Begin to read a source as it is now; nothing is written to it.

    Args:
        text: Its URL.
        selection: Which of its tables; None for all.
        rows: Whether rows are read; otherwise the source is asked for no right to them.
    """
    kind, url = source_url(text)
    room = importlib.import_module(f"tap_adapters.sources.{kind.room}")
    opened: AbstractContextManager[Snapshot] = room.snapshot(
        url, selection or Selection(), rows=rows
    )
    return opened


def connected(url: sa.URL) -> sa.Connection:
    """Return a connection that no pool keeps.

    Raises:
        ConfigError: Its driver is not installed.
    """
    try:
        made = engine(url)
    except ImportError:
        package = next(one.package for one in KINDS if one.driver == url.drivername)
        msg = f"{url.get_backend_name()}:// needs a driver: pip install '{package}'"
        raise ConfigError(msg) from None
    return made.connect()


def shown(url: sa.URL) -> str:
    """Return a URL for people: without user, password and options."""
    kept = sa.URL.create(
        url.get_backend_name(), host=url.host, port=url.port, database=url.database
    )
    return kept.render_as_string()


_EXACT, _PLAIN = SQLToJSONSchema(use_singer_decimal=True), SQLToJSONSchema()


def json_schema(column_type: sa.types.TypeEngine[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a column's values as `Snapshot.rows` gives them, without NULL.

    It is for whoever does not know the source's types; its dialect goes by the native type.
    """
    inexact = isinstance(column_type, sa.Float) and not isinstance(column_type, sa.DECIMAL)
    schema: dict[str, Any] = dict((_PLAIN if inexact else _EXACT).to_jsonschema(column_type))
    names = schema.get("type", "string")
    schema["type"] = names[0] if isinstance(names, list) else names
    if isinstance(column_type, postgresql.OID):
        schema["type"] = "integer"  # SQLAlchemy's is no Integer, though its values are
    precision = getattr(column_type, "precision", None)
    if isinstance(column_type, sa.Numeric) and not inexact and precision is not None:
        size = {"precision": precision, "scale": column_type.scale or 0}
        schema["x-sql-datatype-properties"] = size
    return schema


def selected(query: str, where: Condition | None, *, marks: bool = True) -> tuple[Any, ...]:
    """Return a query, of some rows where that is wanted, as a driver's cursor is given it.

    With `marks` the driver takes percent signs for such, and they are doubled: it does so beside
    parameters only.
    """
    if where is None:
        return (query.replace("%%", "%") if marks else query,)
    condition, parameters = where
    return f"{query} WHERE {condition}", parameters


def chunks(
    fetch: Callable[[int], Sequence[T]], at_once: int = PIECE_ROWS, most: int = CHUNK_ROWS
) -> Iterator[list[T]]:
    """Yield rows in chunks: the wider they have been, the fewer at once.

    Args:
        fetch: Returns that many rows, or those that are left.
        at_once: How many of them at the most; a chunk may be put together of several fetches.
        most: How many rows a chunk may have.
    """
    held: list[T] = []
    held_bytes, size = 0, min(FIRST_ROWS, at_once, most)
    while rows := fetch(size):
        held += rows
        width = estimated_bytes(rows)  # type: ignore[arg-type]
        held_bytes += width
        size = max(1, min(size * GROWTH, at_once, CHUNK_BYTES * len(rows) // max(width, 1)))
        if len(held) + size > most or held_bytes >= CHUNK_BYTES:
            yield held
            held, held_bytes = [], 0
    if held:
        yield held


def decoded(
    rows: Sequence[Sequence[Any]], decoders: Sequence[Decoder | None]
) -> Sequence[Sequence[Any]]:
    """Return rows with some of their columns decoded, a column after the other."""
    if not rows or not any(decoders):
        return rows
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, decode in enumerate(decoders):
        if decode is not None:
            columns[place] = [None if one is None else decode(one) for one in columns[place]]
    return list(zip(*columns, strict=True))
