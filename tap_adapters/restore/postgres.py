"""Postgres as a destination: one transaction, rows by COPY."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from tap_adapters.restore.copy import copy_in, copy_text
from tap_adapters.restore.destination import ANSWER_LOST, Destination, Exchange, Row, Rows
from tap_adapters.restore.postgres_beside import by_key, exchanged, keys_as_arrays
from tap_adapters.restore.postgres_types import in_order, literal, options_of, type_statement
from tap_adapters.sources.connecting import SourceError
from tap_adapters.sources.postgres import PostgresSnapshot
from tap_adapters.sources.schema import Counter, NamedType, SourceColumn, SourceTable
from tap_adapters.sources.snapshot import Condition, Selection, connected, shown
from target_dolt.dialect import ColumnType
from target_dolt.types import first_of_kind

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

_OF_ROWS = frozenset({"22", "23"})
"""Classes of errors that rows make: https://www.postgresql.org/docs/16/errcodes-appendix.html"""

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
    is_asked = False
    try:
        with connected(url) as connection:
            there = connection.execution_options(isolation_level="REPEATABLE READ")
            snapshot = PostgresSnapshot(there, selection)
            yield PostgresDestination(there, snapshot, dry_run=dry_run)
            if not dry_run:
                is_asked = True
                there.commit()
    except (sa.exc.DBAPIError, _driver_error()) as error:
        said = getattr(error, "orig", error)
        reason = str(said).strip()
        if str(getattr(said, "pgcode", ""))[:2] in _OF_ROWS:
            reason = reason.partition("\n")[0]  # in the lines that follow are values
        is_lost = is_asked and getattr(error, "connection_invalidated", False)
        kept = ANSWER_LOST if is_lost else "nothing was changed there"
        msg = f"{shown(url)}: {reason}; {kept}"
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

    def has_type(self, native: str) -> bool:
        """Ask the server, which knows what its extensions and users have made."""
        asked = sa.text("SELECT to_regtype(:name) IS NOT NULL")
        try:
            # Before Postgres 16 a name that is no type's syntax is an error.
            with self.connection.begin_nested():
                return bool(self.connection.execute(asked, {"name": native}).scalar_one())
        except sa.exc.ProgrammingError:
            return False

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
                f"GENERATED {words} AS IDENTITY (SEQUENCE NAME {name} {options_of(counter)})"
            )
        if not column.nullable:
            parts.append("NOT NULL")
        return " ".join(parts)

    def make_types(self, types: Sequence[NamedType], sequences: Sequence[Counter]) -> None:
        """Make schemas, types in the order of their needs, and sequences."""
        names = {one.name for one in self.snapshot.schema.types}
        for one in in_order([one for one in types if one.name not in names]):
            self.run(type_statement(self.quoted, one))
        known = self.snapshot.schema.sequences
        for counter in sequences:
            if counter.name not in known:
                kind = f" AS {counter.type}" if counter.type else ""
                self.run(
                    f"CREATE SEQUENCE {_sequence_name(self, counter)}{kind} {options_of(counter)}"
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
                self.run(f"CREATE SEQUENCE {name} AS {kind} {options_of(column.counter)}")
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
                self.run(f"COMMENT ON COLUMN {place}.{name} IS {literal(column.comment)}")
        for one in table.constraints:
            if one.kind in {"index", "unique index"}:
                self.run(str(one.definition))
                what = f"INDEX {self.quoted(table.schema, one.name)}"
            else:
                self._constraint(table, one.name, one.definition)
                what = f"CONSTRAINT {self.quoted(one.name)} ON {place}"
            if one.comment:
                self.run(f"COMMENT ON {what} IS {literal(one.comment)}")
        if table.comment:
            self.run(f"COMMENT ON TABLE {place} IS {literal(table.comment)}")

    def value(self, column: SourceColumn) -> Callable[[Any], Any] | None:
        """Return what makes text of a value that Postgres reads as the column's type."""
        del column
        return _text

    def _fill(self, table: SourceTable, rows: Rows) -> int:
        count = 0

        def texts() -> Iterator[str]:
            nonlocal count
            for columns in rows.texts():
                count += len(columns[0])
                yield copy_text(columns)

        self._copy(self.place(table), rows.names, texts())
        return count

    exchanges = True

    def exchange(self, table: SourceTable, names: Sequence[str], exchange: Exchange) -> int:
        """Let the server compare; where the table does not take an old value, none is equal."""
        if self._dry_run:
            return 0
        self._look_up()
        try:
            with self.connection.begin_nested():
                return exchanged(self, table, names, exchange)
        except _driver_error() as error:
            if str(getattr(error, "pgcode", ""))[:2] not in _OF_ROWS:
                raise
            return 0

    def with_keys(self, table: SourceTable, keys: Sequence[Row]) -> Condition:
        """Return a condition for few rows."""
        self._look_up()
        return (
            keys_as_arrays(self, table, keys) if table.key[1:] else super().with_keys(table, keys)
        )

    def _look_up(self) -> None:
        """Find rows by their key: a table that was just filled has no statistics, and would be
        read whole for few of them."""
        self.connection.exec_driver_sql("SET LOCAL enable_seqscan = off")

    def update(self, table: SourceTable, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Give columns of rows new values, by one statement."""
        changes = ", ".join(f"{self.quoted(one)} = new.{self.quoted(one)}" for one in columns)
        statement = f"UPDATE {self.place(table)} old SET {changes} FROM"  # noqa: S608 - quoted
        if not self._dry_run:
            by_key(self, table, [*columns, *table.key], rows, statement)

    def delete(self, table: SourceTable, keys: Sequence[Row]) -> None:
        """Remove rows by key, by one statement."""
        if not self._dry_run:
            by_key(self, table, table.key, keys, f"DELETE FROM {self.place(table)} old USING")  # noqa: S608

    def insert(self, table: SourceTable, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows by COPY."""
        if rows and not self._dry_run:
            self._copy(self.place(table), columns, [copy_text(list(zip(*rows, strict=True)))])

    def _copy(self, place: str, columns: Sequence[str], texts: Iterable[str]) -> None:
        names = ", ".join(self.quoted(name) for name in columns)
        cursor: Any = self.connection.connection.cursor()
        try:
            copy_in(cursor, f"COPY {place} ({names}) FROM STDIN", texts)
        finally:
            cursor.close()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _sequence_name(to: Destination, counter: Counter) -> str:
    schema, _, name = str(counter.name).partition(".")
    return to.quoted(schema, name)
