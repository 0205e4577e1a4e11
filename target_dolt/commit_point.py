"""When rows and a STATE become a commit: in order, paced, and never half a replaced table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from target_dolt.loading.load import Load
from target_dolt.loading.pipeline_lock import KEEP_SECONDS
from target_dolt.loading.publish import publish
from target_dolt.loading.state import Pace, emit, state_line
from target_dolt.progress import Progress
from target_dolt.streams.quarantine import Quarantine
from target_dolt.streams.replace import Replacements
from target_dolt.streams.sink import DoltSink

LOOK_SECONDS = 0.01
"""How often a commit that is being made is looked at while no input waits."""

BUFFERED_BYTES = 16 * 1024 * 1024
"""Bytes of messages after which all buffers are written, however few their rows."""


_log = logging.getLogger("target-dolt")


class CommitPoint:
    """The STATE that waits, and the commit that lets it out."""

    def __init__(
        self,
        load: Load,
        pace: Pace,
        sinks: Mapping[str, DoltSink],
        replacements: Replacements,
        quarantine: Quarantine,
    ) -> None:
        """Begin with nothing to commit.

        Args:
            load: Where commits are made.
            pace: When they are due.
            sinks: The sinks of all streams, as they are at any time.
            replacements: What keeps commits and STATEs back.
            quarantine: What notes bad records.
        """
        self.load = load
        self._pace = pace
        self._sinks = sinks
        self._replacements = replacements
        self._quarantine = quarantine
        self._progress = Progress()
        self._waiting: str | None = None
        self._announced = False
        self._received = 0
        self._early: str | None = None
        self._emitted: str | None = None
        self._flushed_bytes = 0

    def announce(self) -> None:
        """Note that a SCHEMA has come: records of its stream may follow."""
        self._announced = True

    def take(self, state: Any) -> None:
        """Take a STATE that is not empty: commit what came before it, or let it wait.

        One that comes after a SCHEMA, and no record since the last one, waits for the next one or
        for the input's end: pipelinewise's tap-postgres writes there where its log begins, before
        the first rows. Whoever began from that would never read them.
        """
        self._early = None
        received = sum(sink.received for sink in self._sinks.values())
        is_early = self._announced and received == self._received
        self._announced, self._received = False, received
        if is_early:
            self._early = state_line(state)
            return
        self._waiting = state_line(state)
        if self._keeps_back:
            return
        records = self._new_records()
        if self._pace.due(records) or not (records or self.load.dirty):
            self._commit_beside()

    def commit(self) -> None:
        """Flush, commit, move the branch, then let the STATE out: in this order, always."""
        self._commit_beside()
        self.load.settle()
        self._show()

    def _commit_beside(self) -> None:
        """Begin a commit; a backend that can loads and commits while input is read on."""
        state, self._waiting = self._waiting, None
        sinks = self._sinks.values()
        changes = bool(self._new_records() or self.load.dirty)
        self._flush()
        records = {sink.stream_name: sink.received - sink.committed for sink in sinks}
        for sink in sinks:
            sink.committed = sink.received
        if changes:
            self._pace.begun()

        def let_out() -> None:
            if changes:
                self._pace.ended()
            if state is not None and state != self._emitted:
                emit(state)
                self._emitted = state

        self.load.commit_beside(state, records, self._replacements.versions, let_out)

    def finish(self) -> None:
        """Commit all that came, at the end of input: no record can follow a STATE any more."""
        if self._early is not None:
            self._waiting = self._early
        self.commit()
        if not self.load.commits and any(sink.received for sink in self._sinks.values()):
            _log.info("No commit: nothing differs from what the branch has")
        for sink in self._sinks.values():
            sink.tell_passed_over()
        if not self._sinks:
            _log.warning("No stream came: does the tap's catalog select one?")
        publish(self.load)

    def keep_state(self) -> None:
        """Commit what a waiting STATE vouches for, due or not.

        Not where a commit has failed half way, or rows were lost that a buffer had: no STATE may
        go out behind that.
        """
        self.load.settle()
        if not self.load.overlap.failed and self._waiting is not None and not self._keeps_back:
            self.commit()

    def before_replacing(self) -> None:
        """Give what came before a commit of its own: a replacement may never end."""
        if not self._keeps_back and (self._waiting is not None or self._new_records()):
            self.commit()

    def between_chunks(self, bytes_read: int) -> float:
        """Write out what is large, commit a STATE whose time has come, keep the pipeline's lock.

        Returns:
            The seconds until a STATE that waits is due, until a commit is looked at again that is
            being made, or until the lock is to be made sure of.
        """
        self.load.branch.keep_lock()
        if bytes_read - self._flushed_bytes > BUFFERED_BYTES:
            self._flush()
            self._flushed_bytes = bytes_read
        seconds = None
        if self._waiting is not None and not self._keeps_back:
            seconds = self._pace.wait()  # asked once: a commit that ends meanwhile puts it off
            if seconds <= 0:
                seconds = None
                if self._new_records() >= self._pace.min_rows:
                    self._commit_beside()
        if self.load.settled():
            return KEEP_SECONDS if seconds is None else min(seconds, KEEP_SECONDS)
        return LOOK_SECONDS if seconds is None else min(seconds, LOOK_SECONDS)

    def close(self) -> None:
        """Take the live line away."""
        self._progress.stop()

    @property
    def _keeps_back(self) -> bool:
        """Whether nothing may be committed yet: a table is half replaced, or it is the end's."""
        return bool(self._replacements) or self.load.settings.is_one_commit

    def _new_records(self) -> int:
        return sum(sink.received - sink.committed for sink in self._sinks.values())

    def _flush(self) -> None:
        with self.load.together():
            for sink in self._sinks.values():
                sink.flush()
        self._quarantine.write(self.load)
        self._show()

    def _show(self) -> None:
        records = sum(sink.received for sink in self._sinks.values())
        self._progress.show(len(self._sinks), records, self.load.commits)
