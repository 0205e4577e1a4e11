"""Postgres as a destination: one transaction, rows by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from tap_adapters.destination import CHUNK_ROWS, Destination, Row
from tap_adapters.postgres import PostgresSnapshot
from tap_adapters.restore_copy import Lines, copy_text
from tap_adapters.restore_rows import PlanRows
from tap_adapters.snapshot import Selection, SourceError, connected, shown
from tap_adapters.source_schema import Counter, NamedType, SourceColumn, SourceTable
from target_dolt.dialect import ColumnType
from target_dolt.types import first_of_kind

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

COPY_CHARACTERS = 1 << 18
"""What is handed to the driver at once; it would ask for 8,192 characters."""

_OTHER: tuple[tuple[type[ColumnType], Callable[[Any], str]], ...] = (
    (mysql.BIGINT, lambda one: "numeric(20)" if one.unsigned else "bigint"),
    (mysql.INTEGER, lambda one: "bigint" if one.unsigned else "integer"),
    (mysql.SMALLINT, lambda one: "integer" if one.unsigned else "smallint"),
    (mysql.MEDIUMINT, lambda _: "integer"),
    (mysql.TINYINT, lambda _: "smallint"),
    (mysql.BIT, lambda _: "numeric(20)"),
    (mysql.YEAR, lambda _: "smallint"),
    (mysql.TIME, lambda _: "interval"),
    (mysql.ENUM, lambda _: "text"),
    (mysql.SET, lambda _: "text"),
    (mysql.LONGTEXT, lambda _: "text"),
    (sa.LargeBinary, lambda _: "bytea"),
    (sa.types._Binary, lambda _: "bytea"),  # noqa: SLF001 - BINARY and VARBINARY have no other base
    (sa.DOUBLE, lambda _: "double precision"),
    (sa.FLOAT, lambda _: "real"),
    (sa.JSON, lambda _: "jsonb"),
    (sa.DATETIME, lambda _: "timestamp(6)"),
)


@contextmanager
def destination(url: sa.URL, selection: Selection, *, dry_run: bool) -> Iterator[Destination]:
    """Hold one transaction open, committed where nothing fails."""
    try:
        with connected(url) as connection:
            there = connection.execution_options(isolation_level="REPEATABLE READ")
            snapshot = PostgresSnapshot(there, selection)
            yield PostgresDestination(there, snapshot, dry_run=dry_run)
            if not dry_run:
                there.commit()
    except (sa.exc.DBAPIError, _driver_error()) as error:
        reason = getattr(error, "orig", error)
        msg = f"{shown(url)}: {str(reason).strip()}; nothing was changed there"
        raise SourceError(msg) from error


def _driver_error() -> type[Exception]:
    from psycopg2 import Error  # noqa: PLC0415 - an extra

    found: type[Exception] = Error
    return found


class PostgresDestination(Destination):
    """A Postgres database."""

    dialect = "postgres"

    def type_of(self, column_type: ColumnType) -> str:
        """Return a type that holds each value; SQLAlchemy's own where it has one."""
        make = first_of_kind(_OTHER, column_type)
        return make(column_type) if make else str(column_type.compile(dialect=_DIALECT)).lower()

    def column(self, column: SourceColumn, *, native: bool) -> str:
        """Return a column as CREATE TABLE has it."""
        parts = [self.quoted(column.name), column.type]
        if native and column.collation:
            parts.append(f"COLLATE {column.collation}")
        if native and column.generated:
            parts.append(f"GENERATED ALWAYS AS ({column.generated}) STORED")
        counter = column.counter
        if native and counter is not None and counter.kind == "identity":
            words = "ALWAYS" if counter.always else "BY DEFAULT"
            name = _sequence_name(self, counter)
            parts.append(
                f"GENERATED {words} AS IDENTITY (SEQUENCE NAME {name} {_options(counter)})"
            )
        if not column.nullable:
            parts.append("NOT NULL")
        return " ".join(parts)

    def make_types(self, types: Sequence[NamedType], sequences: Sequence[Counter]) -> None:
        """Make schemas, types in the order of their needs, and sequences."""
        names = {one.name for one in self.snapshot.schema.types}
        for one in _in_order([one for one in types if one.name not in names]):
            self.run(_type_statement(self, one))
        known = self.snapshot.schema.sequences
        for counter in sequences:
            if counter.name not in known:
                kind = f" AS {counter.type}" if counter.type else ""
                self.run(
                    f"CREATE SEQUENCE {_sequence_name(self, counter)}{kind} {_options(counter)}"
                )
            if known.get(str(counter.name)) != counter:
                self.set_counter(counter)

    def make_schema(self, name: str) -> None:
        """Make a schema where it is missing."""
        self.run(f"CREATE SCHEMA IF NOT EXISTS {self.quoted(name)}")

    def create(self, table: SourceTable, *, native: bool) -> None:
        """Make a table, and the sequences of its serial columns."""
        for column in table.columns:
            if native and column.counter is not None and column.counter.kind == "serial":
                name = _sequence_name(self, column.counter)
                kind = column.counter.type
                self.run(f"CREATE SEQUENCE {name} AS {kind} {_options(column.counter)}")
        super().create(table, native=native)

    def before_rows(self, tables: Sequence[SourceTable]) -> None:
        """Take foreign keys away from and to these tables; `finish` brings them back."""
        names = {one.name for one in tables}
        for table in self.snapshot.schema.tables.values():
            for one in table.foreign_keys:
                is_theirs = one.table in names or table.name in names
                if is_theirs and (table.name, one.name) not in self._aside:
                    self.run(
                        f"ALTER TABLE {self.place(table)} DROP CONSTRAINT {self.quoted(one.name)}"
                    )
                    self._aside[table.name, one.name] = table, one.definition

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Begin with nothing put aside."""
        super().__init__(*arguments, **options)
        self._aside: dict[tuple[str, str | None], tuple[SourceTable, str | None]] = {}

    def begin_rows(self) -> None:
        """The transaction goes on."""

    def finish(
        self, made: Sequence[SourceTable], there: Sequence[SourceTable], *, native: bool
    ) -> None:
        """Make defaults, constraints, indexes, comments and foreign keys; set next values."""
        for table in made if native else ():
            self._finish(table)
        gone = {one.name for one in made}
        aside, self._aside = self._aside, {}
        for (_, name), (table, definition) in aside.items():
            if table.name not in gone:
                self._constraint(table, name, definition)
        for table in made if native else ():
            for one in table.foreign_keys:
                self._constraint(table, one.name, one.definition)
        for table in (*made, *there) if native else ():
            for column in table.columns:
                if column.counter is not None and column.counter.name is not None:
                    self.set_counter(column.counter)

    def set_counter(self, counter: Counter) -> None:
        """Make a sequence give its next value next."""
        name = _sequence_name(self, counter).replace("'", "''")
        self.run(f"SELECT setval('{name}', {counter.next_value}, false)")

    def _constraint(self, table: SourceTable, name: str | None, definition: str | None) -> None:
        self.run(f"ALTER TABLE {self.place(table)} ADD CONSTRAINT {self.quoted(name)} {definition}")

    def _finish(self, table: SourceTable) -> None:
        place = self.place(table)
        for column in table.columns:
            name = self.quoted(column.name)
            if column.default is not None:
                self.run(f"ALTER TABLE {place} ALTER COLUMN {name} SET DEFAULT {column.default}")
            if column.counter is not None and column.counter.kind == "serial":
                owned = _sequence_name(self, column.counter)
                self.run(f"ALTER SEQUENCE {owned} OWNED BY {place}.{name}")
            if column.comment:
                self.run(f"COMMENT ON COLUMN {place}.{name} IS {_literal(column.comment)}")
        for one in table.constraints:
            if one.kind in {"index", "unique index"}:
                self.run(str(one.definition))
                what = f"INDEX {self.quoted(table.schema, one.name)}"
            else:
                self._constraint(table, one.name, one.definition)
                what = f"CONSTRAINT {self.quoted(one.name)} ON {place}"
            if one.comment:
                self.run(f"COMMENT ON {what} IS {_literal(one.comment)}")
        if table.comment:
            self.run(f"COMMENT ON TABLE {place} IS {_literal(table.comment)}")

    def value(self, column: SourceColumn) -> Callable[[Any], Any] | None:
        """Return what makes text of a value that Postgres reads as the column's type."""
        del column
        return _text

    def _fill(self, table: SourceTable, rows: PlanRows) -> int:
        count = 0

        def texts() -> Iterator[str]:
            nonlocal count
            for columns in rows.texts():
                count += len(columns[0])
                yield copy_text(columns)

        self._copy(table, rows.names, texts())
        return count

    def rows(self, statement: str, rows: Iterable[Row]) -> None:
        """Run a statement for many rows, many of them on one way to the server."""
        from psycopg2.extras import execute_batch  # noqa: PLC0415 - an extra

        if self._dry_run:
            return
        cursor: Any = self.connection.connection.cursor()
        try:
            execute_batch(cursor, statement, rows, CHUNK_ROWS)
        finally:
            cursor.close()

    def insert(self, table: SourceTable, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows by COPY."""
        if rows and not self._dry_run:
            self._copy(table, columns, [copy_text(list(zip(*rows, strict=True)))])

    def _copy(self, table: SourceTable, columns: Sequence[str], texts: Iterable[str]) -> None:
        names = ", ".join(self.quoted(name) for name in columns)
        cursor: Any = self.connection.connection.cursor()
        try:
            cursor.copy_expert(
                f"COPY {self.place(table)} ({names}) FROM STDIN", Lines(texts), COPY_CHARACTERS
            )
        finally:
            cursor.close()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _literal(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _sequence_name(to: Destination, counter: Counter) -> str:
    schema, _, name = str(counter.name).partition(".")
    return to.quoted(schema, name)


def _options(counter: Counter) -> str:
    cycle = "CYCLE" if counter.cycles else "NO CYCLE"
    return (
        f"START {counter.start} INCREMENT {counter.step} MINVALUE {counter.least} "
        f"MAXVALUE {counter.greatest} {cycle}"
    )


def _in_order(types: Sequence[NamedType]) -> Iterator[NamedType]:
    """Yield types after those that they are made of."""
    left = list(types)
    while left:
        names = {one.name for one in left}
        ready = [one for one in left if not names & (_needs(one) - {one.name})] or left[:1]
        yield from ready
        left = [one for one in left if one not in ready]


def _needs(one: NamedType) -> set[str]:
    parts = [one.base or "", *(kind for _, kind in one.fields)]
    return {part.removesuffix("[]") for part in parts}


def _type_statement(to: Destination, one: NamedType) -> str:
    if one.kind == "enum":
        return f"CREATE TYPE {one.name} AS ENUM ({', '.join(map(_literal, one.labels))})"
    if one.kind == "composite":
        fields = ", ".join(f"{to.quoted(name)} {kind}" for name, kind in one.fields)
        return f"CREATE TYPE {one.name} AS ({fields})"
    parts = [f"CREATE DOMAIN {one.name} AS {one.base}"]
    if one.collation:
        parts.append(f"COLLATE {one.collation}")
    if one.default is not None:
        parts.append(f"DEFAULT {one.default}")
    if not one.nullable:
        parts.append("NOT NULL")
    parts += [f"CONSTRAINT {to.quoted(name)} {check}" for name, check in one.checks.items()]
    return " ".join(parts)
