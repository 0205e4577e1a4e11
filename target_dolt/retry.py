"""A step of a run: done again after a lost connection, and told in words where it fails."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import sqlalchemy as sa

from target_dolt.errors import CommitConflictError, WriteError

PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits between attempts: a server that was started again answers within a second or two."""

CLEARING_SECONDS = (0.2, 0.5, 1.0)
"""Waits for what is in the way of a branch's move: a server may still be at what a run that was
killed had asked of it."""

_log = logging.getLogger("target-dolt")

P = ParamSpec("P")
T = TypeVar("T")


def again(
    what: str,
    attempt: Callable[[], T],
    is_transient: Callable[[sa.exc.DBAPIError], bool],
    recover: Callable[[], None],
) -> T:
    """Return what `attempt` returns, tried again after transient errors.

    Args:
        what: The step, for the log.
        attempt: The step. It must come out right also where an earlier attempt's work was
            done and only its answer was lost.
        is_transient: Whether an error may go away.
        recover: Makes sure, before each further attempt, that the run may go on at all.
    """
    well = True
    for pause in PAUSES_SECONDS:
        try:
            if not well:
                recover()
            well = True
            return attempt()
        except sa.exc.DBAPIError as error:
            if not is_transient(error):
                raise
            well = False
            _log.warning("%s: %s; trying again in %.1f s", what, error.orig, pause)
        time.sleep(pause)
    recover()
    return attempt()


def once_clear(move: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `move` returns, tried again while it says that something is in the way.

    Raises:
        CommitConflictError: It was not out of the way within two seconds.
    """
    for pause in CLEARING_SECONDS:
        try:
            return move(*args, **kwargs)
        except CommitConflictError:
            time.sleep(pause)
    return move(*args, **kwargs)


@contextmanager
def told(what: str, kept: str = "nothing since the last commit was kept") -> Iterator[None]:
    """Turn a driver's error into one that says what was being done; never with parameters."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        msg = f"{what}: {error.orig}; {kept}"
        raise WriteError(msg) from error
