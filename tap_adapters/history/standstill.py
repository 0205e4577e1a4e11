"""Keeping loads away from a database while its history is made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa

from tap_adapters.history.commits import query_errors
from target_dolt import Database
from target_dolt.errors import CommitConflictError, LockedError
from target_dolt.loading import state
from target_dolt.runs import branches as all_branches
from target_dolt.runs import lock_name, lock_of, remove_run


@contextmanager
def standing_still(database: Database, branches: Collection[str]) -> Iterator[str]:
    """Keep loads away from branches; give the lock whose branches a dead rewriting leaves.

    Raises:
        LockedError: A run is at work.
        CommitConflictError: A branch has uncommitted changes.
    """
    own = lock_name("history", "")
    with ExitStack() as held:
        held.enter_context(_lock(database, own))
        known = {own} | held.enter_context(kept_away(database, branches))
        _remove_dead(database, known)
        for branch in branches:
            with database.connect(branch) as connection:
                tables = database.uncommitted_tables(connection)
            if tables:
                msg = f"branch '{branch}': {database.uncommitted(tables)}; nothing was changed"
                raise CommitConflictError(msg)
        yield own


@contextmanager
def kept_away(database: Database, branches: Collection[str]) -> Iterator[set[str]]:
    """Keep the loads away that are known to fill branches, and a run from its own; give the locks.

    Raises:
        LockedError: A run is at work.
    """
    with ExitStack() as held:
        known: set[str] = set()
        for branch in branches:
            own = lock_of(branch)
            pipelines = _pipelines(database, branch)
            locks = [own] if own else [lock_name(pipeline, branch) for pipeline in pipelines]
            for lock in locks:
                if lock not in known:
                    known.add(lock)
                    held.enter_context(_lock(database, lock))
        yield known


@contextmanager
def _lock(database: Database, lock: str) -> Iterator[None]:
    try:
        with database.lock(lock):
            yield
    except LockedError as error:
        msg = (
            f"a run is at work on '{database.name}' ({error}): wait for its end; nothing was "
            "changed"
        )
        raise LockedError(msg) from None


def _pipelines(database: Database, branch: str) -> list[str]:
    """Return the pipelines that have loaded into a branch, and the one without a name."""
    with query_errors(), database.connect(branch) as connection, connection.begin():
        if not sa.inspect(connection).has_table(state.NAME):
            return ["default"]
        query = f"SELECT pipeline_id FROM {state.NAME}"  # noqa: S608 - a name of ours
        return ["default", *connection.exec_driver_sql(query).scalars()]


def _remove_dead(database: Database, known: Collection[str]) -> None:
    """Remove the branches of dead runs, which would keep old commits; those of others refuse."""
    for name in run_branches(database):
        with ExitStack() as held:
            lock = lock_of(name) or ""
            if lock not in known:
                held.enter_context(_lock(database, lock))
            with query_errors(), database.connect(write=True) as connection:
                remove_run(database, connection, name)


def run_branches(database: Database) -> list[str]:
    """Return the branches that belong to runs, at work or dead."""
    with query_errors(), database.connect() as connection:
        return [name for name in all_branches(connection) if lock_of(name) is not None]


def remove_branch(database: Database, name: str) -> None:
    """Remove a branch, merged or not."""
    with query_errors(), database.connect(write=True) as connection, connection.begin():
        database.call(connection, "dolt_branch", "-D", name)
