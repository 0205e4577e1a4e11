"""A commit's tables: what they are here, what they were in their source, and their rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tap_adapters.history.commits import QueryError, commit_of, query_errors
from tap_adapters.sources.schema import NamedType, SourceTable, read_definition
from tap_adapters.sources.snapshot import PIECE_ROWS, Decoder, chunks, decoded
from target_dolt import Database, Storage
from target_dolt.dialect import ColumnType
from target_dolt.loading.staged import OWN_PREFIX
from target_dolt.moments import parse_moment
from target_dolt.tables import catalogue, objects
from target_dolt.tables.catalogue import CatalogueRow
from target_dolt.tables.objects import SourceObject
from target_dolt.tables.schema import Tables


@dataclass(frozen=True, slots=True)
class KeptTable:
    """One table of a commit.

    Attributes:
        name: Its name here.
        types: Each column's type, in the order of the columns.
        key: The primary key's columns in order.
        columns: What the catalogue says of its columns, by their names here.
        source: What it was in its source, where a snapshot filled it.
        required: Its columns outside of the key that take no NULL.
    """

    name: str
    types: Mapping[str, ColumnType]
    key: tuple[str, ...]
    columns: Mapping[str, CatalogueRow]
    source: SourceTable | None = None
    required: frozenset[str] = frozenset()

    def column_of(self, name: str) -> str | None:
        """Return the column here of a column of the source, by its name there.

        A column that somebody has added by hand is in no catalogue, and has its own name.
        """
        for one in self.columns.values():
            if one.property_name == name:
                return one.column_name
        return name if name in self.types and name not in self.columns else None


class Kept:
    """A database as of one commit, open for reading.

    Attributes:
        commit: The commit's hash.
        tables: Its tables by name, the tool's own left out.
        types: Types that the source's users had made.
        objects: All that is kept of sources.
    """

    def __init__(self, database: Database, commit: str, connection: sa.Connection) -> None:
        """Read what there is."""
        self._database = database
        self._connection = connection
        self.commit = commit
        tables = Tables(database, connection)
        known = catalogue.read(connection, tables)
        self.objects = list(objects.read(connection, tables).values())
        sources = {
            one.table_name: read_definition(one.definition, SourceTable)
            for one in self.objects
            if one.kind == "table" and one.table_name is not None
        }
        self.types = tuple(
            read_definition(one.definition, NamedType) for one in self._of("enum domain composite")
        )
        with connection.begin():
            names = sa.inspect(connection).get_table_names()
        self.tables: dict[str, KeptTable] = {}
        for name in sorted(names):
            columns = known.get(name, {})
            found = tables.find(name, {column: row.type for column, row in columns.items()})
            if found is not None and not name.startswith((OWN_PREFIX, "dolt_")):
                self.tables[name] = KeptTable(
                    name, found.types, found.key, columns, sources.get(name), found.required
                )

    def _of(self, kinds: str) -> list[SourceObject]:
        return [one for one in self.objects if one.kind in kinds.split()]

    def rows(
        self, table: KeptTable, columns: Sequence[str] | None = None
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield a table's rows in chunks, as int, Decimal, float, str or bytes; JSON is text."""
        names = list(table.types if columns is None else columns)
        decoders = [self.decoder(table.types[name]) for name in names]
        for rows in self.stored(table, [sa.column(name) for name in names]):
            yield decoded(rows, decoders)

    def stored(
        self, table: KeptTable, selected: Sequence[sa.ColumnElement[Any]]
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield rows in chunks, each value as the driver gives it."""
        query = sa.select(*selected).select_from(sa.table(table.name))
        dialect = self._connection.dialect
        with query_errors(), self._connection.begin():
            # The driver's own cursor: SQLAlchemy's rows would take as long again.
            cursor = self._database.cursor(self._connection)
            try:
                # With parameters, if none: PyMySQL undoubles percent signs of names only then.
                cursor.execute(str(query.compile(dialect=dialect)), ())
                yield from chunks(cursor.fetchmany)
            except dialect.loaded_dbapi.Error as error:
                raise QueryError(str(error)) from error
            finally:
                cursor.close()

    def differing(
        self, known: KeptTable, commit: str, count: int
    ) -> Generator[list[tuple[Sequence[Any] | None, Sequence[Any] | None]], None, None]:
        """Yield the rows of a table that differ from those of another commit, in chunks.

        Args:
            known: The table as the other commit has it, in the same form.
            commit: The other commit.
            count: How many are yielded at once at the most; long ones are fewer.

        Yields:
            Each row as it was there and as it is here, None where there is none; its values in
            the order of the table's columns.
        """
        decoders = [self.decoder(one) for one in known.types.values()]
        width = len(decoders)
        names = [f"{side}_{name}" for side in ("from", "to") for name in known.types]
        with streamed(self._database) as connection:
            found = self._database.diff_rows(
                connection, known.name, commit, self.commit, columns=[*names, "diff_type"]
            )
            for rows in chunks(found.fetchmany, most=count):
                columns = list(zip(*rows, strict=True))
                old, new = (
                    decoded(list(zip(*side, strict=True)), decoders)
                    for side in (columns[:width], columns[width:-1])
                )
                yield [
                    (None if how == "added" else before, None if how == "removed" else now)
                    for how, before, now in zip(columns[-1], old, new, strict=True)
                ]

    def storage(self, column_type: ColumnType) -> Storage:
        """Return how the database keeps a type."""
        return self._database.storage(column_type)

    def count(self, table: KeptTable) -> int:
        """Return how many rows a table has."""
        query = sa.select(sa.func.count()).select_from(sa.table(table.name))
        with query_errors(), self._connection.begin():
            return int(self._connection.execute(query).scalar_one())

    def decoder(self, column_type: ColumnType) -> Decoder | None:
        """Return what makes a stored value one of Python's; JSON stays text."""
        return (
            None if isinstance(column_type, sa.JSON) else self._database.storage(column_type).decode
        )


@contextmanager
def streamed(database: Database, at: str | None = None) -> Iterator[sa.Connection]:
    """Open a connection whose results stay with a server until they are asked for."""
    with query_errors(), database.connect(at) as connection:
        options = {"stream_results": True, "max_row_buffer": PIECE_ROWS}
        streaming = connection.execution_options(**options)
        with streaming.begin():
            yield streaming


def commit_at(database: Database, ref: str) -> str:
    """Return the commit of a branch, a tag or a hash; of a time the last one until then."""
    try:
        return commit_of(database, ref)
    except QueryError:
        try:
            moment = parse_moment(ref)
        except ValueError:
            moment = None
        if moment is None:
            raise
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.timezone.utc)
    with query_errors(), database.connect() as connection, connection.begin():
        found = connection.execute(_UNTIL, {"until": f"{moment:%Y-%m-%d %H:%M:%S.%f}"}).scalar()
    if found is None:
        msg = f"there is no commit until {ref}"
        raise QueryError(msg)
    return str(found)


@contextmanager
def kept_at(database: Database, ref: str) -> Iterator[Kept]:
    """Open a database as of a branch, a tag, a commit or a time, in UTC without an offset."""
    commit = commit_at(database, ref)
    with query_errors(), database.connect(commit) as connection:
        yield Kept(database, commit, connection)


_UNTIL = sa.text("SELECT commit_hash FROM dolt_log WHERE date <= :until ORDER BY date DESC LIMIT 1")
