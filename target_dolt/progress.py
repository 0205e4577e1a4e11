"""What a person at a terminal sees while a run goes on: one live line on stderr."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.status import Status


class Progress:
    """A live line with streams, records, records a second and commits; silent elsewhere."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._began = time.monotonic()
        self._status: Status | None = None
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - no other run waits for it

            stderr = sys.stderr
            self._status = Console(stderr=True).status("waiting for records")
            self._status.start()
            # rich has put a stream into sys.stderr that keeps other lines off the live one.
            _lead_handlers(stderr, sys.stderr)

    def show(self, streams: int, records: int, commits: int) -> None:
        """Put new figures on the line."""
        if self._status is None:
            return
        rate = records / max(time.monotonic() - self._began, 0.001)
        self._status.update(figures(streams, records, rate, commits))

    def stop(self) -> None:
        """Take the line away."""
        if self._status is not None:
            stream = sys.stderr
            self._status.stop()
            self._status = None
            _lead_handlers(stream, sys.stderr)


def figures(streams: int, records: int, rate: float, commits: int) -> str:
    """Return the live line's words."""
    return (
        f"{_counted(streams, 'stream')}, {_counted(records, 'record')}, {rate:,.0f}/s, "
        f"{_counted(commits, 'commit')}"
    )


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _lead_handlers(old: TextIO, new: TextIO) -> None:
    """Let logging's handlers that write to one stream write to another: each keeps its own."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is old:
            handler.setStream(new)
