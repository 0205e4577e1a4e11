"""What a person at a terminal sees while a run goes on: one live line on stderr."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.status import Status


class Progress:
    """A live line with streams, records, records a second and commits; silent elsewhere."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._began = time.monotonic()
        self._status: Status | None = None
        if sys.stderr.isatty():
            self._status = Console(stderr=True).status("waiting for records")
            self._status.start()

    @property
    def live(self) -> bool:
        """Whether a person is watching."""
        return self._status is not None

    def show(self, streams: int, records: int, commits: int) -> None:
        """Put new figures on the line."""
        if self._status is None:
            return
        rate = records / max(time.monotonic() - self._began, 0.001)
        self._status.update(
            f"{streams} streams, {records:,} records, {rate:,.0f}/s, {commits} commits"
        )

    def stop(self) -> None:
        """Take the line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None
