"""Work in order beside the reading of input: a server loads and commits while we read on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Overlap:
    """Runs work in order, in one thread; an error comes out at the next call, and ends the rest."""

    def __init__(self, *, enabled: bool) -> None:
        """Work in a thread beside, or (not `enabled`) at once."""
        self._executor = ThreadPoolExecutor(1, "target-dolt-writer") if enabled else None
        self._running: Future[None] | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Begin a piece of work, after the one before has ended."""
        self.wait()
        if self._executor is None:
            work()
        else:
            self._running = self._executor.submit(work)

    def follow(self, work: Callable[[], None]) -> None:
        """Begin a piece of work once the one before has come through, without waiting for it.

        For what holds no rows: all that is behind is kept in memory.
        """
        before = self._running
        if self._executor is None:
            work()
            return

        def next_() -> None:
            if before is not None:
                before.result()  # one thread: it has ended, well or not
            work()

        self._running = self._executor.submit(next_)

    def ended(self) -> bool:
        """Whether no work runs; raises what the last piece raised."""
        if self._running is not None and self._running.done():
            self.wait()
        return self._running is None

    def wait(self) -> None:
        """Wait for the work that runs, and raise what it raised."""
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def close(self) -> None:
        """Wait for the work that runs; whether it failed matters no more."""
        with contextlib.suppress(Exception):
            self.wait()
        if self._executor is not None:
            self._executor.shutdown()
