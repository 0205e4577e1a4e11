"""Removing what nothing leads to from a Dolt database's disk."""

from __future__ import annotations

import time

from target_dolt import Database
from target_dolt.runs import lock_name, run_branch

_MARK = run_branch(lock_name("collect", ""), "mark")
"""A run's name, so that the next load removes the branch where this dies in between."""

_SETTLE_SECONDS = 1
"""How long a server may take to forget a closed session, whose last tables a collection keeps
(seen on Dolt 2.3.1 without a wait; 0.1 seconds were enough on two busy cores)."""


def collect(database: Database) -> None:
    """Remove what nothing leads to, from the older generation of files as well.

    A server collects again only where something has changed since the last time: hence a branch
    beside the others, so that asking again helps.
    """
    _call(database, "dolt_branch", "-f", _MARK)
    try:
        time.sleep(_SETTLE_SECONDS)
        _call(database, "dolt_gc", "--full")
    finally:
        _call(database, "dolt_branch", "-D", _MARK)


def _call(database: Database, procedure: str, *arguments: str) -> None:
    """Call on a connection of its own: a collection ends those that there are."""
    with database.connect() as connection, connection.begin():
        database.call(connection, procedure, *arguments)
