"""A load that a program drives: whole tables handed over as rows, and one commit of them all.

What messages do for a tap's records, this does for a reader that has all of a source at hand:
the same plans, writers, run branch and commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from target_dolt.constraint import Constraint
from target_dolt.dialect import ColumnType
from target_dolt.errors import TargetDoltError
from target_dolt.loading.constraints import SILENT
from target_dolt.loading.publish import publish
from target_dolt.loading.source_load import SourceLoad
from target_dolt.loading.staged import OWN_PREFIX
from target_dolt.messages import Commit, TableChange
from target_dolt.opening import open_database
from target_dolt.plans.columns import estimated_bytes
from target_dolt.plans.plan import NeedsWiderError, Plan
from target_dolt.plugins import Plugins
from target_dolt.settings import Settings
from target_dolt.tables.objects import SourceObject
from target_dolt.writer import Row, Write

_DDL = frozenset({"CREATE", "ALTER", "DROP"})

FIRST_BATCH_ROWS = 5_000
"""What is written first: a server soon has something to do. Later batches are larger."""

BATCH_BYTES = 32_000_000
"""What is written at once of rows that are wide; two such batches are held at a time."""


class Session:
    """One run, from the making of its branch to its removal; to be closed whatever happens."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        """Open the database, take the lock and make the run branch.

        Args:
            settings: As a run of messages has them; `schema_changes` is `follow` or `evolve`.
            plugins: The plugins to use.
        """
        self._settings = settings
        database = open_database(settings.where, plugins)
        try:
            self._load = SourceLoad(settings, plugins, database)
        except BaseException:
            database.close()
            raise
        self._tables: list[ReplacedTable] = []

    def statements(self, seen: Callable[[str], None]) -> None:
        """Let every statement that changes a table's form be seen before it is run.

        Those for the tool's own tables are left out.
        """

        def look(
            _connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, *_: Any
        ) -> None:
            words = statement.split(maxsplit=1)
            silent = context.execution_options.get(SILENT)
            if words[0].upper() in _DDL and OWN_PREFIX not in statement and not silent:
                seen(statement.strip())

        sa.event.listen(self._load.connection, "before_cursor_execute", look)

    def replace(self, stream: str, schema: Mapping[str, Any], keys: Sequence[str]) -> ReplacedTable:
        """Begin to replace a table: it holds what is handed over from here on, and nothing else.

        Args:
            stream: The stream's name.
            schema: Its JSON Schema; rows have its properties' values in their order.
            keys: Its key, empty for a table without one.
        """
        table = ReplacedTable(self._load, stream, schema, keys, self._settings.batch_size_rows)
        self._tables.append(table)
        return table

    def drop(self, table: str) -> None:
        """Remove a table, and what the catalogue knows of it."""
        self._load.drop(table)

    def objects(self, source: str) -> dict[tuple[str, str], SourceObject]:
        """Return what is kept of a source's objects, by kind and name."""
        return self._load.objects(source)

    def standing(self, names: Iterable[str]) -> dict[str, list[SourceObject]]:
        """Return those of these tables that are there, each with the objects that it holds."""
        return self._load.standing(names)

    def columns(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the columns of those of these tables that are there, each with its type's text."""
        return self._load.columns(names)

    def define(self, wanted: Iterable[SourceObject], gone: Iterable[SourceObject]) -> None:
        """Keep what a source's objects are now, and forget those that are gone."""
        self._load.define(list(wanted), list(gone))

    def constrain(self, wanted: Mapping[str, Iterable[Constraint]]) -> None:
        """Put on tables what they keep beside their types, once all of them have their rows."""
        self._load.constrain(wanted, filled=True)

    def changes(self) -> tuple[TableChange, ...]:
        """Return what a commit would change, in rows; nothing is committed."""
        return self._load.preview()

    def refusals(self, changes: Collection[TableChange]) -> list[TargetDoltError]:
        """Return what a commit of these changes would be refused for, as its errors."""
        return list(self._load.refusals(changes))

    def commit(self) -> Commit | None:
        """Commit all that was handed over and move the branch; None where nothing differs."""
        records = {one.stream: one.received for one in self._tables}
        commit = self._load.commit(None, records, {})
        publish(self._load)
        return commit

    def close(self) -> None:
        """Remove the run branch, give the lock back and close the database."""
        self._load.close()


class ReplacedTable:
    """A table that is being filled anew on the run branch.

    Attributes:
        stream: The stream's name.
        received: Rows taken so far.
    """

    def __init__(
        self,
        load: SourceLoad,
        stream: str,
        schema: Mapping[str, Any],
        keys: Sequence[str],
        batch_rows: int | None,
    ) -> None:
        """Make or evolve the table, and empty it."""
        self.stream = stream
        self.received = 0
        self._load = load
        self._schema = schema
        self._keys = keys
        self._names = tuple(schema["properties"])
        self._given_rows = batch_rows
        self._batch_rows = min(self._most_rows, FIRST_BATCH_ROWS)
        self._wider: dict[str, ColumnType] = {}
        self._rows: list[Row] = []
        self._bytes = 0
        self._plan()
        self._write(self._writer.clear)

    def _plan(self) -> None:
        self.plan: Plan = self._load.plan(self.stream, self._schema, self._keys, None, self._wider)
        self._convert = self.plan.converts(self._names)
        self._writer = self._load.database.writer(self.plan.table)

    @property
    def columns(self) -> dict[str, str]:
        """The columns by their properties."""
        return {column.source: column.name for column in self.plan.columns}

    def constrain(self, columns: Iterable[Constraint]) -> None:
        """Say what holds for the columns of each row, before the first one."""
        self._load.constrain({self.plan.table.name: columns}, filled=False)

    def take(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows: values of the schema's properties in their order, as JSON brings them.

        Raises:
            RecordError: A value does not fit its column exactly.
        """
        try:
            self._rows += self._convert(rows)
        except ValueError:
            for row in rows:
                made = self._row(dict(zip(self._names, row, strict=True)))
                self._rows.append(made)  # to the list that a flush meanwhile has begun
        self.received += len(rows)
        self._bytes += estimated_bytes(rows)
        if len(self._rows) >= self._batch_rows or self._bytes >= BATCH_BYTES:
            self.flush()

    def _row(self, record: dict[str, Any]) -> Row:
        while True:
            try:
                return self.plan.row(record)
            except NeedsWiderError as need:
                self.flush()
                self._wider[need.column] = need.wider
                self._plan()

    @property
    def _most_rows(self) -> int:
        return self._given_rows or self._load.database.rows_at_once

    def flush(self) -> None:
        """Write what was taken to the run branch."""
        rows, self._rows, self._bytes = self._rows, [], 0
        self._batch_rows = min(2 * self._batch_rows, self._most_rows)
        if rows:
            if self.plan.table.key:
                self._write(*self._writer.upserting(rows))
            else:
                append = self._writer.append
                self._write(lambda connection: append(connection, rows))

    def end(self) -> None:
        """Write what is left; columns that no row has had keep the last commit's values."""
        self.flush()
        if not self.plan.table.key:
            self._write(self._writer.identify)
            return
        kept = [column.name for column in self.plan.columns if column.source not in self._names]
        kept += self.plan.table.others
        if kept:
            keep = self._writer.keep
            self._write(lambda connection: keep(connection, kept))

    def _write(self, *writes: Write) -> None:
        table = self.plan.table
        self._load.write(f"stream '{self.stream}', table '{table.name}'", table, *writes)
