"""One run's load: the open database, the run branch, and what a commit point does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from target_dolt import catalogue, state
from target_dolt.backend import Database, Table, Where
from target_dolt.catalogue import Catalogue
from target_dolt.commits import RunBranch
from target_dolt.dialect import ColumnType
from target_dolt.draft import Draft, draft
from target_dolt.errors import ConfigError, NameCollisionError, UnsupportedTypeError, WriteError
from target_dolt.json_schema import Validator
from target_dolt.messages import Commit, PendingCommit, TableChange, compose_message
from target_dolt.names import folded, mapped_table, table_name
from target_dolt.overlap import Overlap
from target_dolt.plan import Plan, compile_plan
from target_dolt.plugins import Plugins
from target_dolt.runs import new_run_id
from target_dolt.schema import Tables
from target_dolt.settings import Settings
from target_dolt.types import LONGTEXT, declared_bytes, type_text

_log = logging.getLogger("target-dolt")


def open_database(where: Where, plugins: Plugins) -> Database:
    """Open the database that the settings name, by the backend whose it is.

    Raises:
        ConfigError: No backend takes it.
    """
    for backend in plugins.backends.values():
        if where.url is not None:
            mine = where.url.get_backend_name() in backend.schemes
        else:
            mine = backend.claims(where)
        if mine:
            return backend.open(where)
    schemes = [scheme for backend in plugins.backends.values() for scheme in backend.schemes]
    place = f"'{where.path}'" if where.url is None else f"{where.url.get_backend_name()}://"
    msg = f"no backend opens {place}; there are: {', '.join(schemes)}"
    raise ConfigError(msg)


@contextmanager
def told(what: str, kept: str = "nothing since the last commit was kept") -> Iterator[None]:
    """Turn a driver's error into one that says what was being done; never with parameters."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        msg = f"{what}: {error.orig}; {kept}"
        raise WriteError(msg) from error


class Load:
    """One run, from the opening of the database to the removal of the run branch."""

    def __init__(self, settings: Settings, plugins: Plugins, database: Database) -> None:
        """Take the lock and make the run branch."""
        self.settings = settings
        self.plugins = plugins
        self.database = database
        self.run = new_run_id()
        with told(f"opening '{database.name}'", "nothing was changed"):
            self.branch = RunBranch(database, settings.branch, settings.pipeline_id, self.run)
            self.tables = Tables(database, self.connection)
            self.catalogue = Catalogue(database, self.connection, self.tables)
            if self.tables.has(catalogue.NAME):
                self.branch.know(catalogue.NAME)
            self._kept = state.read(self.connection, self.tables, settings.pipeline_id)
        self._overlap = Overlap(enabled=database.overlaps)
        self.commits = 0
        self.dirty = False
        self._widened: list[str] = []
        self._written: dict[str, str] = {}
        self._streams: dict[str, tuple[str, str]] = {}
        self._committed_at = time.monotonic()

    @property
    def connection(self) -> sa.Connection:
        """The connection on the run branch."""
        return self.branch.connection

    def place(self, stream: str) -> str:
        """Return a stream's table: its place in `table_map`, the one it has, or a new one.

        Raises:
            NameCollisionError: `table_map` gives one table to two streams.
        """
        table_map = self.settings.table_map or {}
        if stream in table_map:
            name = mapped_table(stream, table_map[stream])
        else:
            others = set(table_map.values())
            taken = {folded(table) for table in others | self.catalogue.tables_beside(stream)}
            taken |= {key for key, (other, _) in self._streams.items() if other != stream}
            name = table_name(stream, self.settings.table_prefix, taken)
        other, _ = self._streams.setdefault(folded(name), (stream, name))
        if other != stream:
            msg = (
                f"the streams '{other}' and '{stream}' would both go to the table '{name}'; "
                "give one of them another table with `table_map`"
            )
            raise NameCollisionError(msg)
        return name

    def _keep_row_small(self, drawn: Draft) -> None:
        """Keep texts of new columns outside of the row where the table has no room for them."""
        name = drawn.table.name
        existing = self.tables.find(name, self.catalogue.types(name))
        limit = self.database.limits.row_bytes
        if existing is None or limit is None:
            return
        merged = {**drawn.table.types, **existing.types}
        if sum(declared_bytes(one) for one in merged.values()) > limit:
            for column in drawn.table.types.keys() - existing.types.keys():
                if isinstance(drawn.table.types[column], sa.VARCHAR):
                    drawn.table.types[column] = LONGTEXT

    def _check_types(self, drawn: Draft) -> None:
        for column, column_type in drawn.table.types.items():
            try:
                self.database.storage(column_type)
            except UnsupportedTypeError as error:
                name = drawn.properties[column][0]
                msg = f"stream '{drawn.stream}', column '{name}': {error}"
                raise UnsupportedTypeError(msg) from error

    def _tell_names(self, drawn: Draft) -> None:
        """Log, once for a database, where a stream or a property is called otherwise there."""
        stream, table = drawn.stream, drawn.table.name
        known = self.catalogue.columns(table, stream)
        if not known and table != self.settings.table_prefix + stream.rsplit("-", 1)[-1]:
            _log.warning("The stream '%s' goes to the table '%s'", stream, table)
        for column, (name, _) in drawn.properties.items():
            if column != name and name not in known:
                _log.warning("stream '%s': '%s' is the column '%s'", stream, name, column)

    def plan(
        self,
        stream: str,
        schema: Mapping[str, Any],
        keys: Sequence[str],
        validate: Validator | None,
        wider: Mapping[str, ColumnType],
    ) -> Plan:
        """Make or evolve a stream's table, note it in the catalogue, and compile its plan.

        Args:
            stream: The stream's name.
            schema: Its schema.
            keys: Its key, empty for a table without one.
            validate: Checks a whole record, or None.
            wider: Types of columns that must hold more than the schema says.
        """
        self._overlap.wait()  # the connection is the writer's until then
        dialect = self.plugins.dialects["json-schema"]
        limits = self.database.limits
        table = self.place(stream)
        known = self.catalogue.columns(table, stream)
        drawn = draft(stream, table, schema, keys, known, dialect, self.plugins, limits)
        self._check_types(drawn)
        self._tell_names(drawn)
        drawn.table.types.update(wider)
        self._keep_row_small(drawn)
        what = f"stream '{stream}', table '{drawn.table.name}'"
        with told(what):
            fitted = self.branch.again(what, lambda: self._fit(drawn, schema))
        self._written[fitted.name] = stream
        return compile_plan(drawn, fitted, self.database, self.plugins, validate)

    def _fit(self, drawn: Draft, schema: Mapping[str, Any]) -> Table:
        known = self.catalogue.types(drawn.table.name)
        before = self.tables.find(drawn.table.name, known)
        if before is not None:
            self.branch.know(before.name)
        frozen = self.settings.schema_changes == "freeze"
        table = self.tables.fit(drawn.table, known, frozen=frozen)
        self.dirty |= table != before
        self._note_widened(before, table)
        properties = {
            column: (name, schema["properties"][name])
            for column, (name, _) in drawn.properties.items()
        }
        self.dirty |= self.catalogue.record(
            catalogue.describe(table, drawn.stream, drawn.dialect.name, properties)
        )
        return table

    def _note_widened(self, before: Table | None, table: Table) -> None:
        for name, old in (before.types if before else {}).items():
            texts = type_text(old), type_text(table.types[name])
            if texts[0] != texts[1]:
                self._widened.append(f"{table.name}.{name}: {texts[0]} -> {texts[1]}")

    def replaces(self, stream: str, table: str, version: int) -> bool:
        """Whether rows of this version take the place of all that a stream's table holds.

        Only a change of version replaces. A table with rows and no known version may have been
        filled by a tap that sends parts: it takes the version, and keeps its rows.
        """
        if stream in self._kept.versions:
            return self._kept.versions[stream] != version
        return not self.has_rows(table)

    def has_rows(self, table: str) -> bool:
        """Whether a table holds any row on the run branch."""
        self._overlap.wait()
        query = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)

        def look() -> bool:
            with self.connection.begin():
                return self.connection.execute(query).first() is not None

        with told(f"table '{table}'"):
            return self.branch.again(f"table '{table}'", look)

    def write(self, what: str, table: Table, work: Callable[[], None]) -> None:
        """Do one transaction on the run branch, exactly once, through lost connections.

        Args:
            what: The step, for messages.
            table: The table that it writes.
            work: Writes, with the transaction begun.
        """

        def write() -> None:
            before: str | None = None
            if not table.key:
                with told(what):
                    before = self.branch.again(what, lambda: self.branch.hash_of_table(table.name))

            def attempt() -> None:
                # Rows without a key would be there twice: has an earlier attempt come through?
                if before is None or self.branch.hash_of_table(table.name) == before:
                    with self.connection.begin():
                        work()

            with told(what):
                self.branch.again(what, attempt)

        self.dirty = True
        self._overlap.run(write)

    def commit(
        self, state_line: str | None, records: Mapping[str, int], versions: Mapping[str, int | None]
    ) -> Commit | None:
        """Commit what was written since the last commit point; None where nothing differs.

        Args:
            state_line: The state that the rows before it belong to, or None to leave it.
            records: Records received since the last commit, by stream.
            versions: The versions that streams' tables hold now, where that is new.
        """
        self.dirty = False
        self._overlap.wait()
        with told("the commit"):
            written = [*self._written, catalogue.NAME]
            if not self.branch.again("the commit", lambda: self.branch.differs(written)):
                return None
            kept = state.Kept(state_line or self._kept.line, {**self._kept.versions, **versions})
            if kept != self._kept:
                pipeline = self.settings.pipeline_id
                self.branch.again(
                    "the state",
                    lambda: state.write(
                        self.database, self.connection, self.tables, pipeline, kept
                    ),
                )
            beside = [state.NAME] if self.tables.has(state.NAME) else []

            def compose(changes: tuple[TableChange, ...]) -> tuple[PendingCommit, str]:
                pending = PendingCommit(
                    self.branch.branch,
                    self.settings.pipeline_id,
                    self.run,
                    {stream: count for stream, count in records.items() if count},
                    changes,
                    tuple(self._widened),
                )
                return pending, compose_message(pending, self.settings, self.plugins)

            commit = self.branch.commit(written, beside, compose, self.settings.commit_author)
        self._kept = kept
        self._widened = []
        if commit is not None:
            self.commits += 1
            self._tell(commit)
            self.plugins.hook.dolt_after_commit(commit=commit)
        return commit

    def _tell(self, commit: Commit) -> None:
        seconds = time.monotonic() - self._committed_at
        self._committed_at = time.monotonic()
        changes = ", ".join(
            f"{one.table} +{one.added} ~{one.changed} -{one.deleted}"
            for one in commit.pending.changes
        )
        _log.info("Committed %s: %s in %.1f s", commit.hash[:10], changes, seconds)

    def close(self) -> None:
        """Remove the run branch, give the lock back and close the database."""
        try:
            self._overlap.close()
            self.branch.close()
        finally:
            self.database.close()
