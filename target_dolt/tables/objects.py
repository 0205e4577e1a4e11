"""`_target_dolt_objects`: what a source's tables, types and sequences are, versioned with the data.

Whoever carries a commit back knows from it how to make each of them again. What an object is, is
the reader's to say, as JSON; here it is one text.
"""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.constraint import Constraint
from target_dolt.names import folded
from target_dolt.table import Table
from target_dolt.tables.schema import Tables
from target_dolt.types import LONGTEXT

NAME = "_target_dolt_objects"

TABLE = Table(
    NAME,
    {
        "source": sa.VARCHAR(255),
        "kind": sa.VARCHAR(32),
        "name": sa.VARCHAR(255),
        "table_name": LONGTEXT,
        "definition": LONGTEXT,
    },
    key=("source", "kind", "name"),
)


@dataclass(frozen=True, slots=True)
class SourceObject:
    """One object of a source: the fields of `TABLE`, in its order.

    Attributes:
        source: Which source it belongs to, the same in every run.
        kind: `table`, `type`, `sequence`, `view` and so on.
        name: Its full name in the source.
        table_name: The table here that holds its rows; None for what has none.
        definition: What it is, as JSON of a stable form.
    """

    source: str
    kind: str
    name: str
    table_name: str | None
    definition: str


class Place(NamedTuple):
    """Where rows are here.

    Attributes:
        table: The table.
        columns: Its columns, by their names in the source.
    """

    table: str
    columns: Mapping[str, str]


class AskedSource(abc.ABC):
    """A source that tells what its tables are: what `source_url` leads to.

    Attributes:
        scheme: The scheme of its URL, which says whose types they are.
    """

    scheme: str

    @abc.abstractmethod
    def native_types(self, stream: str) -> Mapping[str, Mapping[str, Any]]:
        """Return, by column, `x-sql-datatype` and its properties; nothing where there is no such
        table."""

    @abc.abstractmethod
    def objects(self, stream: str, table: str) -> list[SourceObject]:
        """Return what to keep of a stream's table, whose rows go to `table`."""

    def harmless(
        self, stream: str, table: str, columns: Mapping[str, str]
    ) -> Collection[Constraint]:
        """Return what a stream's table can keep whatever rows a tap sends: indexes that are not
        unique, and comments (`Constraint.is_harmless`).

        Args:
            stream: The stream's name.
            table: The table that its rows go to.
            columns: The columns there, by the stream's properties.
        """
        del stream, table, columns
        return ()

    def constraints(
        self, streams: Mapping[str, Place], others: Mapping[str, Place]
    ) -> Mapping[str, Collection[Constraint]]:
        """Return all that streams' tables can keep of rows that satisfy it, by table here.

        Args:
            streams: The place of each stream's rows.
            others: The places of tables that were loaded before, by their names in the source:
                foreign keys may lead there.
        """
        del streams, others
        return {}

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connections."""


def read(
    connection: sa.Connection, tables: Tables, source: str | None = None
) -> dict[tuple[str, str], SourceObject]:
    """Return what is kept of a source, by kind and name; None: of all of them."""
    found = _kept(connection, tables)
    return {(one.kind, one.name): one for one in found if source in {None, one.source}}


def by_table(connection: sa.Connection, tables: Tables) -> dict[str, list[SourceObject]]:
    """Return the tables of all sources whose rows are here, by their folded names here."""
    held: dict[str, list[SourceObject]] = {}
    for one in _kept(connection, tables):
        if one.kind == "table" and one.table_name is not None:  # not what is put on it here
            held.setdefault(folded(one.table_name), []).append(one)
    return held


def _kept(connection: sa.Connection, tables: Tables) -> list[SourceObject]:
    if tables.own(TABLE, TABLE.types) is None:
        return []
    kept = sa.table(NAME, *(sa.column(name) for name in TABLE.types))
    query = sa.select(kept).order_by(kept.c.source, kept.c.kind, kept.c.name)
    with connection.begin():
        return [SourceObject(*row) for row in connection.execute(query)]


def write(
    database: Database,
    connection: sa.Connection,
    tables: Tables,
    known: Mapping[tuple[str, str], SourceObject],
    wanted: Collection[SourceObject],
    gone: Collection[SourceObject],
) -> bool:
    """Keep the objects that are new or changed, forget those that are gone.

    Returns:
        Whether there were any.
    """
    changed = [one for one in wanted if known.get((one.kind, one.name)) != one]
    if not (changed or gone):
        return False
    writer = database.writer(tables.fit(TABLE, TABLE.types))
    with connection.begin():
        if gone:
            writer.delete(connection, [(one.source, one.kind, one.name) for one in gone])
        if changed:
            rows = [tuple(getattr(one, name) for name in TABLE.types) for one in changed]
            writer.upsert(connection, rows)
    return True
