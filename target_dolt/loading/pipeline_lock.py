"""The lock of one pipeline on one branch: made sure of, as servers lose locks in silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from target_dolt.backend import Database
from target_dolt.errors import LockedError
from target_dolt.runs import lock_name

KEEP_SECONDS = 60.0
"""How long the lock's connection may be silent: a server ends one after eight hours by default, and
what stands between, such as a load balancer, after some minutes."""


class PipelineLock:
    """A lock that is held.

    Attributes:
        name: Its name.
    """

    def __init__(self, name: str, confirm: Callable[[], None], lost: str) -> None:
        """Take what the backend gave; `lost` says what it means that another has it."""
        self.name = name
        self._confirm = confirm
        self._lost = lost
        self._confirming = Lock()  # one connection has it, for all lanes
        self._confirmed = time.monotonic()

    def confirm(self) -> None:
        """Make sure of the lock, and take it again where it was lost.

        Raises:
            LockedError: Another run has it now.
            sqlalchemy.exc.DBAPIError: Its connection was lost; to be called again.
        """
        with self._confirming:
            try:
                self._confirm()
            except LockedError as error:
                msg = f"{self._lost} ({error}); nothing since the last commit was kept"
                raise LockedError(msg) from None
            self._confirmed = time.monotonic()

    def keep(self) -> None:
        """Do so where nothing was heard of it for a minute; raises as `confirm` does."""
        if time.monotonic() - self._confirmed >= KEEP_SECONDS:
            self.confirm()


@contextmanager
def pipeline_lock(database: Database, pipeline: str, branch: str) -> Iterator[PipelineLock]:
    """Hold the lock of a pipeline on a branch.

    Raises:
        LockedError: Another run of the pipeline is at work there.
    """
    name = lock_name(pipeline, branch)
    other = f"another run of the pipeline '{pipeline}' is loading into the branch '{branch}'"
    lost = f"this run's lock was lost with its connection, and {other} now"
    with ExitStack() as held:
        try:
            confirm = held.enter_context(database.lock(name))
        except LockedError as error:
            msg = (
                f"{other} ({error}); wait for it, or give each pipeline a `pipeline_id` of its own"
            )
            raise LockedError(msg) from None
        yield PipelineLock(name, confirm, lost)
