"""A second signal ends the process at once, also while a database keeps it waiting."""

from __future__ import annotations

import os
import signal
import threading

_STOPS = (signal.SIGINT, signal.SIGTERM)


def watch_signals() -> None:
    """Watch this process's signals from a thread, for as long as it lives.

    Python runs a signal's handler only between its own steps: a statement that waits for
    another process's lock holds it up. The system writes each signal's number to the wake-up
    descriptor at once.
    """
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(read,), name="signals", daemon=True).start()


def _watch(descriptor: int) -> None:
    seen = 0
    while numbers := os.read(descriptor, 64):
        for number in numbers:
            seen += number in _STOPS
            if seen > 1:
                os._exit(128 + number)
