"""A source that is asked what its tables are, while a tap reads their rows: `source_url`.

The readers of snapshots answer for their kinds, so that a commit of a tap's rows goes back as one
of a snapshot does. SQLAlchemy's inspector answers for views, partitions and other databases.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from tap_adapters.sources.connecting import SourceError
from tap_adapters.sources.constraints import harmless, of_sent_columns
from tap_adapters.sources.inspected import Inspected
from tap_adapters.sources.schema import SourceSchema, SourceTable, definition_text
from tap_adapters.sources.snapshot import KINDS, open_snapshot
from target_dolt.constraint import Constraint
from target_dolt.errors import ConfigError
from target_dolt.tables.objects import AskedSource, Place, SourceObject

_log = logging.getLogger("target-dolt")


class Asked(AskedSource):
    """A source's tables, types and sequences, each asked for once."""

    def __init__(self, url: str) -> None:
        """Read what there is; nothing is written to it.

        Raises:
            ConfigError: The URL is none, its driver is not installed, or nobody answers.
        """
        self._inspected = Inspected(url)
        self.scheme = self._inspected.scheme
        self._source, self._schema = self.scheme, SourceSchema("", {})
        if any(one.scheme == self.scheme for one in KINDS):
            try:
                with open_snapshot(url, rows=False) as opened:
                    self._source, self._schema = opened.source, opened.schema
            except SourceError as error:
                msg = f"`source_url`: {error}"
                raise ConfigError(msg) from error
        self._known: dict[str, SourceTable | None] = {}

    def native_types(self, stream: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the words for the schemas of a stream's columns."""
        table = self._table(stream)
        return {
            column.name: {
                "x-sql-datatype": column.base,
                **{name: column.json[name] for name in _PROPERTIES if name in column.json},
            }
            for column in (table.columns if table else ())
            if column.base
        }

    def objects(self, stream: str, table: str) -> list[SourceObject]:
        """Return what a stream's table is, and the types and sequences beside the tables."""
        found = self._table(stream)
        if found is None:
            return []
        source, schema = self._source, self._schema
        kept = [SourceObject(source, "table", found.name, table, definition_text(found))]
        kept += [
            SourceObject(source, one.kind, one.name, None, definition_text(one))
            for one in schema.types
        ]
        kept += [
            SourceObject(source, "sequence", name, None, definition_text(counter))
            for name, counter in schema.sequences.items()
        ]
        return kept

    def harmless(self, stream: str, table: str, columns: Mapping[str, str]) -> list[Constraint]:
        """Return the table's indexes, and comments."""
        found = self._table(stream)
        return [] if found is None else list(harmless(found, table, columns))

    def constraints(
        self, streams: Mapping[str, Place], others: Mapping[str, Place]
    ) -> dict[str, list[Constraint]]:
        """Return what the streams' tables can keep, foreign keys between them and to others."""
        found = {stream: table for stream in streams if (table := self._table(stream)) is not None}
        places = {**others, **{table.name: streams[stream] for stream, table in found.items()}}
        return {
            streams[stream].table: list(of_sent_columns(self._schema.dialect, table, places))
            for stream, table in found.items()
        }

    def _table(self, stream: str) -> SourceTable | None:
        if stream not in self._known:
            self._known[stream] = found = self._read(stream) or self._inspect(stream)
            if found is None:
                _log.warning("stream '%s': `source_url` has no table of that name", stream)
        return self._known[stream]

    def _read(self, stream: str) -> SourceTable | None:
        tables = {(one.schema, one.own_name): one for one in self._schema.tables.values()}
        default = self._schema.default_schema
        for schema, name in places(stream):
            for one in (schema, default) if schema is None else (schema, None):
                if (one, name) in tables:
                    return tables[one, name]
        return None

    def _inspect(self, stream: str) -> SourceTable | None:
        found = (self._inspected.table(schema, name) for schema, name in places(stream))
        return next((one for one in found if one is not None), None)

    def close(self) -> None:
        """Close the connections."""
        self._inspected.close()


_PROPERTIES = ("x-sql-datatype-properties",)


def places(stream: str) -> Iterator[tuple[str | None, str]]:
    """Yield schema and table: taps join them by a dash, which may be part of either's name."""
    parts = stream.split("-")
    for count in range(len(parts) - 1, 0, -1):
        yield "-".join(parts[:count]), "-".join(parts[count:])
    yield None, stream
    if len(parts) > 1:
        yield None, parts[-1]


def open_source(url: str) -> AskedSource:
    """Return a source that can be asked.

    Raises:
        ConfigError: The URL is none, its driver is not installed, or nobody answers.
    """
    try:
        return Asked(url)
    except sa.exc.DBAPIError as error:
        msg = f"`source_url`: the source cannot be read ({type(error.orig).__name__})"
        raise ConfigError(msg) from error
