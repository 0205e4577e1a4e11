"""Where a commit is carried back to: what each kind of database must be able to do."""

from __future__ import annotations

import abc
import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from tap_adapters.sources.schema import Counter, NamedType, SourceColumn, SourceTable
from tap_adapters.sources.snapshot import Condition, Selection, Snapshot, source_url
from target_dolt.dialect import ColumnType

Row = Sequence[Any]

Texts = Sequence[Sequence[Any]]
"""Some rows, column by column: each value its text, None for NULL."""

CHUNK_ROWS = 1_000
"""Rows of one statement."""

_OF_TABLES = frozenset({"trigger", "rule", "policy"})

ANSWER_LOST = (
    "the connection was lost while the rows were committed there: they are there all or not at "
    "all; restore again, which does what is missing"
)
"""What was kept where nobody can know it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What changes in rows that both commits have, column by column, as parameters.

    Attributes:
        count: How many rows these are.
        olds: All columns' values at the older commit.
        changed: The columns that differ in any of them.
        news: The values of these at the newer commit.
    """

    count: int
    olds: Texts
    changed: Sequence[str]
    news: Texts


class Rows(Protocol):
    """All rows of a table, as a destination takes them.

    Attributes:
        names: The columns there that take values.
    """

    names: list[str]

    def count(self) -> int:
        """Return how many there are."""

    def rows(self) -> Iterator[Sequence[Row]]:
        """Yield them in chunks, as parameters of the destination's."""

    def texts(self) -> Iterator[Texts]:
        """Yield them in chunks, as text that the destination reads as its columns' types."""


class Destination(abc.ABC):
    """One database, in one transaction where it has such for its tables' forms too.

    Attributes:
        dialect: The name of the dialect of its types.
        connection: What all is done on.
        snapshot: What it holds now, read on the same connection.
        statements: What was run, or in a dry run would have been, but for rows.
    """

    dialect: str

    def __init__(
        self, connection: sa.Connection, snapshot: Snapshot, *, dry_run: bool = False
    ) -> None:
        """Begin with nothing done."""
        self.connection = connection
        self.snapshot = snapshot
        self.statements: list[str] = []
        self._dry_run = dry_run

    def run(self, statement: str) -> None:
        """Run a statement, or in a dry run only note it."""
        self.statements.append(statement)
        if not self._dry_run:
            cursor: Any = self.connection.connection.cursor()
            try:
                cursor.execute(statement)
            finally:
                cursor.close()

    def rows(self, statement: str, rows: Iterable[Row]) -> None:
        """Run a statement for many rows."""
        if self._dry_run:
            return
        cursor: Any = self.connection.connection.cursor()
        try:
            some: list[Row] = []
            for row in rows:
                some.append(row)
                if len(some) == CHUNK_ROWS:
                    cursor.executemany(statement, some)
                    some = []
            if some:
                cursor.executemany(statement, some)
        finally:
            cursor.close()

    def quoted(self, *names: str | None) -> str:
        """Return a name as SQL has it, with what it lies in before it."""
        quote = self.connection.dialect.identifier_preparer.quote_identifier
        text = ".".join(quote(name) for name in names if name is not None)
        # SQLAlchemy doubles what drivers take for marks; they do so beside parameters only.
        return text.replace("%%", "%") if self.mark == "%s" else text

    def _beside_marks(self, text: str) -> str:
        """Return names for a statement that is given parameters."""
        return text.replace("%", "%%") if self.mark == "%s" else text

    def place(self, table: SourceTable) -> str:
        """Return a table as SQL names it."""
        return self.quoted(table.schema, table.own_name)

    @abc.abstractmethod
    def type_of(self, column_type: ColumnType) -> str:
        """Return a type for a column whose native type is not this kind's, or not known."""

    def has_type(self, native: str) -> bool:
        """Whether a type of this kind is there, as a source spelled it; a user's may not be."""
        del native
        return True

    def column(self, column: SourceColumn, *, native: bool) -> str:
        """Return a column as CREATE TABLE has it."""
        del native  # a table that has its own statement is made by that
        null = "" if column.nullable else " NOT NULL"
        return f"{self.quoted(column.name)} {column.type}{null}"

    def create(self, table: SourceTable, *, native: bool) -> None:
        """Make a table by its own statement, or with its columns and key.

        All that rows do not need is left for `finish`.
        """
        if native and table.definition is not None:
            self.run(table.definition)
            return
        parts = [self.column(column, native=native) for column in table.columns]
        if table.key and not native:
            parts.append(f"PRIMARY KEY ({', '.join(self.quoted(name) for name in table.key)})")
        self.run(f"CREATE TABLE {self.place(table)} ({', '.join(parts)})")

    def lost_with(self, table: SourceTable) -> list[str]:
        """Return what a table has that no commit brings back: its triggers, rules and policies."""
        return [
            f"{one.kind} {one.name}"
            for one in self.snapshot.schema.left_out
            if one.kind in _OF_TABLES and one.name.rpartition(".")[0] == table.name
        ]

    def drop(self, table: SourceTable) -> None:
        """Remove a table."""
        self.run(f"DROP TABLE {self.place(table)}")

    def make_schema(self, name: str) -> None:  # noqa: B027 - most kinds have none
        """Make a schema for tables; nothing where a database has none."""

    def make_types(self, types: Sequence[NamedType], sequences: Sequence[Counter]) -> None:
        """Make types and sequences that are not there yet, where there are such."""
        del types, sequences

    @abc.abstractmethod
    def before_rows(self, tables: Sequence[SourceTable]) -> None:
        """Put aside what would refuse rows of tables that are there, in any order."""

    @abc.abstractmethod
    def begin_rows(self) -> None:
        """Begin to write rows, where making tables has ended the transaction."""

    @abc.abstractmethod
    def finish(
        self, made: Sequence[SourceTable], there: Sequence[SourceTable], *, native: bool
    ) -> None:
        """Make what rows do not need for the tables that were made; set all counters."""

    @abc.abstractmethod
    def value(self, column: SourceColumn) -> Callable[[Any], Any] | None:
        """Return what makes a parameter of a value, None where it is one."""

    def insert(self, table: SourceTable, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows."""
        names = ", ".join(self.quoted(name) for name in columns)
        place = self._beside_marks(f"{self.place(table)} ({names})")
        marks = ", ".join([self.mark] * len(columns))
        self.rows(f"INSERT INTO {place} VALUES ({marks})", rows)  # noqa: S608 - quoted

    def fill(self, table: SourceTable, rows: Rows) -> int:
        """Add all rows of a commit's table; return how many there are."""
        return rows.count() if self._dry_run else self._fill(table, rows)

    def _fill(self, table: SourceTable, rows: Rows) -> int:
        count = 0
        for some in rows.rows():
            self.insert(table, rows.names, some)
            count += len(some)
        return count

    def delete(self, table: SourceTable, keys: Sequence[Row]) -> None:
        """Remove rows by key."""
        place = self._beside_marks(self.place(table))
        self.rows(f"DELETE FROM {place} WHERE {self._key(table)}", keys)  # noqa: S608 - quoted

    def clear(self, table: SourceTable) -> None:
        """Remove all rows."""
        self.run(f"DELETE FROM {self.place(table)}")  # noqa: S608

    def update(self, table: SourceTable, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Give columns of rows new values: each row has these, then its key."""
        changes = self._equal(columns, ", ")
        place = self._beside_marks(self.place(table))
        self.rows(f"UPDATE {place} SET {changes} WHERE {self._key(table)}", rows)  # noqa: S608

    exchanges = False
    """Whether it can tell of many rows at once that each has all of its old values."""

    def exchange(self, table: SourceTable, names: Sequence[str], exchange: Exchange) -> int:
        """Give rows that have all of their old values there the new ones; return how many.

        Args:
            table: The table.
            names: Its columns that take values.
            exchange: The values.
        """
        del table, names, exchange
        return 0

    def with_keys(self, table: SourceTable, keys: Sequence[Row]) -> Condition:
        """Return a condition that rows with some keys meet, and its parameters."""
        names = self._beside_marks(", ".join(self.quoted(name) for name in table.key))
        marks = f"({', '.join([self.mark] * len(table.key))})"
        values = ", ".join([marks] * len(keys))
        return f"({names}) IN ({self.values}{values})", [one for key in keys for one in key]

    mark = "%s"
    """A parameter's place in a statement."""

    values = ""
    """What stands before rows in a list of them."""

    def _key(self, table: SourceTable) -> str:
        return self._equal(table.key, " AND ")

    def _equal(self, columns: Sequence[str], between: str) -> str:
        names = (self._beside_marks(self.quoted(name)) for name in columns)
        return between.join(f"{name} = {self.mark}" for name in names)


def open_destination(
    text: str, selection: Selection, *, dry_run: bool = False
) -> AbstractContextManager[Destination]:
    """Open a database to carry a commit into; what was done is kept where nothing fails.

    Args:
        text: Its URL.
        selection: Which of its tables are meant.
        dry_run: Whether nothing is written.
    """
    kind, url = source_url(text)
    room = importlib.import_module(f"tap_adapters.restore.{kind.room}")
    opened: AbstractContextManager[Destination] = room.destination(url, selection, dry_run=dry_run)
    return opened
