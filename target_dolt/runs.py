"""What a run is called: its id, its branch, its lock; branches of runs that are dead."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from contextlib import ExitStack

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.errors import LockedError

RUN_PREFIX = "target-dolt/"
"""Run branches are called target-dolt/<lock>/<run>: whose lock is free is dead."""

HELD_PREFIX = "held/"
"""Branches that are kept for a look; no run removes them."""

BRANCHES = "SELECT name FROM dolt_branches"

_log = logging.getLogger("target-dolt")


BRANCH_FIELDS = ("pipeline", "run", "date")
"""What a `branch` may name in braces."""


def new_run_id() -> str:
    """Return an id that sorts by time: 20260131T235959-1a2b3c."""
    now = dt.datetime.now(tz=dt.timezone.utc)
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def today() -> str:
    """Return the date in UTC."""
    return f"{dt.datetime.now(tz=dt.timezone.utc):%Y-%m-%d}"


def lock_name(pipeline: str, branch: str) -> str:
    """Return the name of the lock that one pipeline holds on one branch."""
    return hashlib.sha256(f"{pipeline}\0{branch}".encode()).hexdigest()[:12]


def run_branch(lock: str, run: str) -> str:
    """Return the name of a run's branch."""
    return f"{RUN_PREFIX}{lock}/{run}"


def lock_of(branch: str) -> str | None:
    """Return the lock of the run whose branch this is; None for any other branch."""
    if not branch.startswith(RUN_PREFIX):
        return None
    return branch.removeprefix(RUN_PREFIX).split("/")[0]


def branches(connection: sa.Connection) -> list[str]:
    """Return the names of all branches, as they are now."""
    with connection.begin():
        return list(connection.exec_driver_sql(BRANCHES).scalars())


def remove_run(database: Database, connection: sa.Connection, name: str) -> bool:
    """Remove the branch of a dead run, whose lock is held; False where another has done so."""
    if name not in branches(connection):
        return False
    database.settle(name)
    with connection.begin():
        database.call(connection, "dolt_branch", "-D", name)
    return True


def remove_dead(database: Database, target: sa.Connection, own_lock: str) -> None:
    """Remove run branches whose owners are gone: their locks are free.

    Args:
        database: The open database.
        target: A connection on a branch that stays.
        own_lock: The lock that this process holds.
    """
    for name in branches(target):
        lock = lock_of(name)
        if lock is None:
            continue
        try:
            with ExitStack() as held:
                if lock != own_lock:
                    held.enter_context(database.lock(lock))
                if not remove_run(database, target, name):
                    continue
        except LockedError:
            continue
        _log.warning("Removed '%s', which a run left that did not end well", name)
