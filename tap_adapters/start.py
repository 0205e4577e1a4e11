"""The commands' entry points: a signal ends them cleanly also while Python still imports.

Nothing heavy may be imported here at the top.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM)


def target_dolt() -> None:
    """Run `target-dolt`; it takes signals over itself before it opens anything."""
    for one in _STOPS:
        signal.signal(one, _end)
    with imports():
        from target_dolt.command import main  # noqa: PLC0415 - once signals are handled
    main()


def dolt_sync() -> None:
    """Run `dolt-sync`."""
    with signals_end(), imports():
        from tap_adapters.commands.cli import main  # noqa: PLC0415 - once signals are handled
    main()


def tap_dolt() -> None:
    """Run `tap-dolt`."""
    with signals_end(), imports():
        from tap_adapters.tap import main  # noqa: PLC0415 - once signals are handled
    main()


@contextmanager
def imports() -> Iterator[None]:
    """Import without looking for cycles of objects.

    What modules make stays for good, and looking takes a fifth of a command's start-up.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def signals_end() -> Iterator[None]:
    """Let a signal end the process at once, for as long as it imports."""
    before = {one: signal.signal(one, _end) for one in _STOPS}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def _end(signum: int, frame: FrameType | None) -> None:
    """End at once: nothing was read or opened yet."""
    del frame
    os.write(2, f"Stopped by signal {signum}; nothing was read yet\n".encode())
    os._exit(128 + signum)
