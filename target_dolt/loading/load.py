"""One run's load: the open database, the run branch, and what a commit point does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.dialect import ColumnType
from target_dolt.loading import state
from target_dolt.loading.commits import RunBranch
from target_dolt.loading.compose import compose_message, counts
from target_dolt.loading.guards import judge
from target_dolt.loading.landing import Landing
from target_dolt.loading.lanes import TableWrite, Writes
from target_dolt.loading.overlap import Overlap
from target_dolt.messages import Commit, PendingCommit, TableChange
from target_dolt.plans.json_schema import Validator
from target_dolt.plans.lenient import Altered, LenientPlan, tell_altered
from target_dolt.plans.plan import Plan, compile_plan
from target_dolt.plans.sources import Sources
from target_dolt.plugins import Plugins
from target_dolt.retry import again, told
from target_dolt.runs import new_run_id
from target_dolt.settings import Settings
from target_dolt.table import Table
from target_dolt.tables import catalogue, objects
from target_dolt.tables.schema import Tables
from target_dolt.writer import Write

_log = logging.getLogger("target-dolt")


class Load:
    """One run, from the making of the run branch to its removal."""

    def __init__(self, settings: Settings, plugins: Plugins, database: Database) -> None:
        """Take the lock and make the run branch."""
        self.settings = settings
        self.plugins = plugins
        self.database = database
        self.run = new_run_id()
        self._sources = Sources(settings, plugins)
        opening = f"opening '{database.name}'"
        with told(opening, "nothing was changed"):
            again(opening, self._open, database.is_transient, lambda: None)
        self.overlap = Overlap(enabled=database.overlaps)
        self._writes = Writes(self.branch, self.overlap)
        self.altered = Altered()
        self.commits = 0
        self.bad_records = 0  # noted on the run branch
        self._told_bad_records = 0
        self._written: dict[str, str] = {}
        self._judge = partial(judge, settings.guards, self.branch, self._written)
        self._has_written = False
        self._committed_at = time.monotonic()

    def _open(self) -> None:
        settings = self.settings
        branch = RunBranch(self.database, settings.branch, settings.pipeline_id, self.run)
        try:
            self.tables = Tables(self.database, branch.connection)
            self._landing = Landing(
                settings, self.plugins, self._sources, self.database, branch, self.tables
            )
            self._kept = state.read(branch.connection, self.tables, settings.pipeline_id)
        except BaseException:
            branch.close()
            raise
        self.branch = branch

    @property
    def connection(self) -> sa.Connection:
        """The connection on the run branch."""
        return self.branch.connection

    @property
    def dirty(self) -> bool:
        """Whether anything was written or changed since the last commit point."""
        return self._has_written or self._landing.changed

    def plan(
        self,
        stream: str,
        schema: Mapping[str, Any],
        keys: Sequence[str],
        validate: Validator | None,
        wider: Mapping[str, ColumnType],
    ) -> Plan:
        """Make or evolve a stream's table, and compile its plan.

        Args:
            stream: The stream's name.
            schema: Its schema.
            keys: Its key, empty for a table without one.
            validate: Checks a whole record, or None.
            wider: Types of columns that must hold more than the schema says.
        """
        self.overlap.wait()  # the connection is the writer's until then
        drawn, table = self._landing.land(stream, schema, keys, wider)
        self._written.update(dict.fromkeys(self._landing.lifted - self._written.keys(), ""))
        self._written[table.name] = stream
        plan = compile_plan(drawn, table, self.database, self.plugins, validate)
        return plan if self.settings.strict_types else LenientPlan(plan, validate, self.altered)

    @property
    def versions(self) -> Mapping[str, int | None]:
        """The versions that streams' tables are known to hold, None for one that may lack rows."""
        self.overlap.wait()  # a commit changes what is kept
        return self._kept.versions

    def has_rows(self, table: str) -> bool:
        """Whether a table holds any row on the run branch."""
        self.overlap.wait()
        query = sa.select(sa.literal(1)).select_from(sa.table(table)).limit(1)

        def look() -> bool:
            with self.connection.begin():
                return self.connection.execute(query).first() is not None

        with told(f"table '{table}'"):
            return self.branch.again(f"table '{table}'", look)

    def write(self, what: str, table: Table, *writes: Write) -> None:
        """Write to the run branch, beside the reading of input.

        Args:
            what: The step, for messages.
            table: The table that it writes.
            writes: Each is one transaction; several write no key in common.
        """
        self._has_written = True
        self._written.setdefault(table.name, "")
        self._writes.write(TableWrite(what, table, writes))

    def together(self) -> AbstractContextManager[None]:
        """Begin all writes at the end of this that are asked for within it, side by side."""
        return self._writes.together()

    def commit(
        self, state_line: str | None, records: Mapping[str, int], versions: Mapping[str, int | None]
    ) -> Commit | None:
        """Commit what was written since the last commit point; None where nothing differs.

        Args:
            state_line: The state that the rows before it belong to, or None to leave it.
            records: Records received since the last commit, by stream.
            versions: The versions that streams' tables hold now, where that is new.
        """
        self._has_written = self._landing.changed = False
        self.overlap.wait()
        return self._commit(state_line, records, versions)

    def commit_beside(
        self,
        state_line: str | None,
        records: Mapping[str, int],
        versions: Mapping[str, int | None],
        then: Callable[[], None],
    ) -> None:
        """Commit as `commit` does, while input is read on where the backend allows that.

        Args:
            state_line: As for `commit`.
            records: As for `commit`.
            versions: As for `commit`.
            then: Called once the commit stands.
        """
        kept = self._kept.then(state_line, versions)
        if not (self.dirty or kept.has_versions_to_keep(self._kept)):

            def pass_on() -> None:
                self._judge(None)
                then()

            self.overlap.follow(pass_on)
            return
        self._has_written = self._landing.changed = False
        versions = dict(versions)

        def work() -> None:
            self._commit(state_line, records, versions)
            then()

        self.overlap.follow(work)

    def settled(self) -> bool:
        """Whether nothing is being written or committed; raises what went wrong in it."""
        return self.overlap.ended()

    def settle(self) -> None:
        """Wait for what is being written or committed, and raise what went wrong in it."""
        self.overlap.wait()

    def _commit(
        self, state_line: str | None, records: Mapping[str, int], versions: Mapping[str, int | None]
    ) -> Commit | None:
        with told("the commit"):
            self._landing.finish()
            own = (catalogue.NAME, objects.NAME)  # of which a source without tables makes none
            written = [*self._written, *filter(self.tables.has, own)]
            kept = self._kept.then(state_line, versions)
            differs = self.branch.again("the commit", lambda: self.branch.differs(written))
            if not (differs or kept.has_versions_to_keep(self._kept)):
                self._judge(None)
                return None
            if kept != self._kept:
                pipeline = self.settings.pipeline_id
                self.branch.again(
                    "the state",
                    lambda: state.write(
                        self.database, self.connection, self.tables, pipeline, kept
                    ),
                )
            beside = [state.NAME] if self.tables.has(state.NAME) else []
            if not differs:
                written, beside = [*written, *beside], []

            def compose(changes: tuple[TableChange, ...]) -> tuple[PendingCommit, str]:
                if not differs:  # the versions alone do: whose they are
                    sent = (table for table, stream in self._written.items() if records.get(stream))
                    changes = tuple(TableChange(table, 0, 0, 0) for table in sent)
                pending = PendingCommit(
                    self.branch.branch,
                    self.settings.pipeline_id,
                    self.run,
                    {stream: count for stream, count in records.items() if count},
                    changes,
                    tuple(self._landing.widened),
                    self.bad_records - self._told_bad_records,
                )
                return pending, compose_message(pending, self.settings, self.plugins)

            author = self.settings.commit_author
            commit = self.branch.commit(written, beside, compose, author, self._judge)
        self._kept = kept
        self._landing.widened = []
        self._told_bad_records = self.bad_records
        if commit is not None:
            self.commits += 1
            self._tell(commit)
            self.plugins.hook.dolt_after_commit(commit=commit)
        return commit

    def _tell(self, commit: Commit) -> None:
        seconds = time.monotonic() - self._committed_at
        self._committed_at = time.monotonic()
        _log.info("Committed %s: %s in %.1f s", commit.hash[:10], counts(commit.pending), seconds)

    def close(self) -> None:
        """Remove the run branch, give the lock back and close the database."""
        tell_altered(self.altered)
        try:
            self._sources.close()
            self.overlap.close()
            self._writes.close()
            self.branch.close()
        finally:
            self.database.close()
