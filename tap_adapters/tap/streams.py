"""One table as a stream: whole at a commit, or what changed since the commit of a bookmark."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib.catalog import (
    REPLICATION_FULL_TABLE,
    REPLICATION_LOG_BASED,
    Catalog,
    Metadata,
)

from tap_adapters.history.kept import KeptTable
from tap_adapters.tap.reading import Reading, Rows
from tap_adapters.tap.schema import DELETED_AT, Property, properties_of, stream_schema
from target_dolt.errors import ConfigError, TargetDoltError
from target_dolt.types import type_text

COMMIT, VERSION = "commit", "version"
"""What a bookmark holds: the commit that a stream was last read at, and its table's version."""

METHODS = (REPLICATION_FULL_TABLE, REPLICATION_LOG_BASED)


@dataclass(frozen=True, slots=True)
class Since:
    """The commit that a stream goes on from.

    Attributes:
        commit: Its hash.
        table: The table as it was there.
        version: The version that the rows have had since the table was last sent whole.
    """

    commit: str
    table: KeptTable
    version: int | None


class TableStream(Stream):
    """A table of the run's commit."""

    STATE_MSG_FREQUENCY = sys.maxsize
    """A bookmark advances at a stream's end: a STATE before would say nothing, and let a target
    commit half a table."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Values are what the schema says already."""

    _methods: ClassVar[tuple[str, ...]] = METHODS

    def __init__(self, tap: Tap, reading: Reading, table: KeptTable) -> None:
        """Describe the table."""
        self._reading = reading
        self._table = table
        self._properties: dict[str, Property] = properties_of(table, reading.plugins)
        super().__init__(tap, name=table.name)
        self.forced_replication_method = tap.config.get("replication_method")
        self.primary_keys = table.key

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the rows at the run's commit."""
        by_log = self.replication_method == REPLICATION_LOG_BASED
        return stream_schema(self._properties, deletes=by_log and bool(self._table.key))

    @property
    def effective_schema(self) -> dict[str, Any]:
        """The same: a catalog may be older than the table's last change."""
        return self.schema

    @property
    def emit_activate_version_messages(self) -> bool:
        """Not by the SDK, which writes them before the rows and in whole seconds."""
        return False

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection and replication method from a catalog; what the table is, it knows.

        Raises:
            ConfigError: The catalog wants a replication method that there is not.
        """
        super().apply_catalog(catalog)
        self.primary_keys = self._table.key
        self.replication_key = None
        if catalog.get_stream(self.name) is not None:
            for name in self._table.key:
                self.metadata["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC
        if self.replication_method not in self._methods:
            msg = (
                f"stream '{self.name}': the catalog's replication method is "
                f"{self.replication_method}; there are: {', '.join(self._methods)}"
            )
            raise ConfigError(msg)

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Yield the whole table, or what changed; then let the bookmark advance."""
        del context
        bookmark = self.stream_state
        by_log = self.replication_method == REPLICATION_LOG_BASED
        since = self._since() if by_log else None
        if since is None:
            yield from self._whole()
        else:
            self._stream_version = since.version
            yield from self._changes(since)
        # The last record is out: from here on a STATE may say so.
        bookmark.pop(COMMIT, None)
        bookmark.pop(VERSION, None)
        if by_log:
            bookmark[COMMIT] = self._reading.commit
            if self._stream_version is not None:
                bookmark[VERSION] = self._stream_version

    def _since(self) -> Since | None:
        """Return the commit to go on from; None where only the whole table will do."""
        commit = self.stream_state.get(COMMIT)
        if commit is None:
            return None
        past = self._reading.past(commit)
        reason = "the database has the bookmark's commit no more"
        if past is not None:
            old = past.tables.get(self.name)
            if old is None:
                reason = "the bookmark's commit has no such table"
            elif old.key != self._table.key:
                reason = "its primary key is another one"
            elif any(self._retyped(old, name) for name in old.key):
                reason = "a column of its primary key has another type"
            elif self._table.key or not self._differs(old, commit):
                return Since(commit, old, self.stream_state.get(VERSION))
            else:
                reason = "it has no key, and has changed"
        self.logger.info("'%s' is sent whole: %s (%s)", self.name, reason, commit)
        return None

    def _retyped(self, old: KeptTable, name: str) -> bool:
        return type_text(old.types[name]) != type_text(self._table.types[name])

    def _differs(self, old: KeptTable, commit: str) -> bool:
        return old.types.keys() != self._table.types.keys() or self._reading.differs(
            self._table, commit
        )

    def _whole(self) -> Iterator[dict[str, Any]]:
        """Yield all rows; then say that older ones are gone, to targets that know versions."""
        versioned = self.config.get("emit_activate_version_messages", True)
        self._stream_version = self._initialized_at if versioned else None
        names = self._selected(self._table.types)
        for rows in self._reading.kept.rows(self._table, names):
            yield from self._records(names, rows)
        if self._stream_version is not None:
            self._write_activate_version_message(self._stream_version)

    def _changes(self, since: Since) -> Iterator[dict[str, Any]]:
        """Yield deletes first: a row may have moved to a key that a target takes for the same."""
        if since.commit == self._reading.commit or not self._table.key:
            return
        # Of a column whose type has changed, an old value may be none of the new schema.
        names = self._selected(
            name
            for name in self._table.types
            if name in since.table.types and not self._retyped(since.table, name)
        )
        moment = {DELETED_AT: self._reading.made()}
        for rows in self._reading.removed(since.table, names, since.commit):
            for record in self._records(names, rows):
                yield record | moment
        names = self._selected(self._table.types)
        for rows in self._reading.written(self._table, names, since.commit):
            yield from self._records(names, rows)

    def _selected(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.mask["properties", name]]

    def _records(self, names: Sequence[str], rows: Rows) -> Iterator[dict[str, Any]]:
        """Yield rows as records, made a column after the other."""
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, name in enumerate(names):
            emit = self._properties[name].emit
            if emit is None:
                continue
            try:
                columns[place] = [None if one is None else emit(one) for one in columns[place]]
            except ValueError as error:
                msg = (
                    f"table '{self.name}', column '{name}', at {self._reading.commit}: {error}; "
                    "leave the column out of the selection"
                )
                raise TargetDoltError(msg) from None
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))
