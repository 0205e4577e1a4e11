"""What a run is called: its id, its branch, its lock."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

RUN_PREFIX = "target-dolt/"
"""Run branches are called target-dolt/<lock>/<run>: whose lock is free is dead."""

HELD_PREFIX = "held/"
"""Branches that are kept for a look; no run removes them."""


def new_run_id() -> str:
    """Return an id that sorts by time: 20260131T235959-1a2b3c."""
    now = dt.datetime.now(tz=dt.timezone.utc)
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


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
