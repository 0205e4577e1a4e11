"""Work in order beside the reading of input: a server loads and commits while we read on."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from target_dolt.errors import TargetDoltError, WriteError

LOOK_SECONDS = 5.0
"""How often whoever waits makes sure that there is something to wait for."""

WRITER_DIED = "the thread that writes has ended by itself; nothing since the last commit was kept"

_log = logging.getLogger("target-dolt")


class Overlap:
    """Runs work in order, in one thread; an error comes out at the next call, and ends the rest.

    Attributes:
        failed: Whether any work has failed: the rows that it was given are lost to this run.
    """

    def __init__(self, *, enabled: bool) -> None:
        """Work in a thread beside, or (not `enabled`) at once."""
        self._executor = ThreadPoolExecutor(1, "target-dolt-writer") if enabled else None
        self._thread: threading.Thread | None = None
        self._running: Future[None] | None = None
        self.failed = False

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note that what is done within has failed, whatever the error is."""
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    def _do(self, work: Callable[[], None]) -> None:
        self._thread = threading.current_thread()
        with self.noted():
            work()

    def run(self, work: Callable[[], None]) -> None:
        """Begin a piece of work, after the one before has ended."""
        self.wait()
        if self._executor is None:
            self._do(work)
        else:
            self._running = self._executor.submit(self._do, work)

    def follow(self, work: Callable[[], None]) -> None:
        """Begin a piece of work once the one before has come through, without waiting for it.

        For what holds no rows: all that is behind is kept in memory.
        """
        before = self._running
        if self._executor is None:
            self._do(work)
            return

        def next_() -> None:
            if before is not None:
                before.result()  # one thread: it has ended, well or not
            work()

        self._running = self._executor.submit(self._do, next_)

    def ended(self) -> bool:
        """Whether no work runs; raises what the last piece raised."""
        if self._running is not None and self._running.done():
            self.wait()
        return self._running is None

    def wait(self) -> None:
        """Wait for the work that runs, and raise what it raised."""
        running, self._running = self._running, None
        if running is None:
            return
        while self._lives() and wait([running], LOOK_SECONDS).not_done:
            pass
        if not running.done():
            self.failed = True
            raise WriteError(WRITER_DIED)
        running.result()

    def _lives(self) -> bool:
        """Whether work that was begun can end: Python lets a thread die without a word."""
        return self._thread is None or self._thread.is_alive()

    def close(self) -> None:
        """Wait for the work that runs, and tell where it failed: the run ends by another error."""
        try:
            self.wait()
        except Exception as error:  # noqa: BLE001 - the run ends by the other one
            # Only our own messages are known to hold no row's values.
            words = str(error) if isinstance(error, TargetDoltError) else type(error).__name__
            _log.error("Beside that, what was being written failed: %s", words)
        if self._executor is not None:
            self._executor.shutdown()
