"""The `target-dolt` command in a process that is stopped at a point: for test_stops.

    python stopped_at.py kill|hold POINT NUMBER --config FILE

Everything runs as it always does, on a real database, until the point is reached for the
NUMBER-th time. There `kill` ends the process by SIGKILL: no handler, no `finally`, no flush;
`hold` says "held" on stderr and waits for somebody to write to the pipe named by $HOLD, and
a signal that has been handled meanwhile says "signalled".
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from target_dolt_plugins import doltlite_engine

doltlite_engine.load()

from target_dolt import commit_point, target  # noqa: E402 - DoltLite's library goes first
from target_dolt.command import main  # noqa: E402
from target_dolt_plugins.doltlite import DoltLiteDatabase, DoltLiteWriter  # noqa: E402


def say(word: str) -> None:
    """Say a word on stderr at once: a signal may come in the midst of a buffered write."""
    os.write(sys.stderr.fileno(), f"{word}\n".encode())


def kill() -> None:
    """End this process as the kernel does that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def hold() -> None:
    """Wait until the pipe has been written to and closed; signals are handled meanwhile."""
    say("held")
    Path(os.environ["HOLD"]).read_bytes()


ACTIONS = {"kill": kill, "hold": hold}


class Trap:
    """What happens at a call of some function, for the number-th time."""

    def __init__(self, action: Callable[[], None], number: int) -> None:
        """Keep what to do and when."""
        self._action = action
        self._calls_left = number

    def set(
        self,
        function: Callable[..., Any],
        *,
        after: bool,
        only: Callable[..., bool] = lambda *_: True,
    ) -> Any:
        """Return the function with the trap before or after those calls that `only` picks."""

        def trapped(*arguments: Any) -> Any:
            self._calls_left -= only(*arguments)
            here = self._calls_left == 0 and only(*arguments)
            if here and not after:
                self._action()
            answer = function(*arguments)
            if here and after:
                self._action()
            return answer

        return trapped


def _is_users_table(writer: DoltLiteWriter, *_: Any) -> bool:
    return "_target_dolt_" not in writer._upsert


def _is(*call: str) -> Callable[..., bool]:
    return lambda _database, _connection, *given: given[: len(call)] == call


def tell_signals() -> None:
    """Say on stderr that a signal's handler is through."""
    handle = target.TargetDolt._handle_termination

    def told(*arguments: Any) -> None:
        handle(*arguments)
        say("signalled")

    target.TargetDolt._handle_termination = told  # type: ignore[method-assign]


def arm(trap: Trap, point: str) -> None:
    """Put the trap where `point` says."""
    database, writer = DoltLiteDatabase, DoltLiteWriter
    if point == "rows-in-transaction":
        upsert = trap.set(writer.upsert, after=True, only=_is_users_table)
        writer.upsert = upsert  # type: ignore[method-assign]
    elif point == "commit-in-transaction":
        call = trap.set(database.call, after=True, only=_is("dolt_commit"))
        database.call = call  # type: ignore[method-assign]
    elif point == "committed-not-moved":
        database.advance = trap.set(database.advance, after=False)  # type: ignore[method-assign]
    elif point == "move-in-transaction":
        call = trap.set(database.call, after=True, only=_is("dolt_branch", "-f"))
        database.call = call  # type: ignore[method-assign]
    elif point in ("moved-not-told", "told"):
        commit_point.emit = trap.set(commit_point.emit, after=point == "told")
    else:
        sys.exit(f"no such point: {point}")


if __name__ == "__main__":
    tell_signals()
    arm(Trap(ACTIONS[sys.argv.pop(1)], int(sys.argv.pop(2))), sys.argv.pop(1))
    main()
