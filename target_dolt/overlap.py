"""One piece of work at a time beside the reading of input: a server loads while we prepare."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Overlap:
    """Runs work in order, at the most one piece behind; an error comes out at the next call."""

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
