"""The branch that a run fills: its name, its making, and its end where nothing came to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.queries import hash_of
from target_dolt.runs import branches, new_run_id, today
from target_dolt.settings.templates import fields_of, made_name

_log = logging.getLogger("target-dolt")


def branch_name(template: str | None, pipeline: str, run: str) -> str | None:
    """Return the branch that a run is to fill; None for the default branch.

    A name without fields is taken as it is.
    """
    if template is None or not fields_of(template):
        return template and template.format()
    return made_name(template, {"pipeline": pipeline, "run": run, "date": today()})


def resumed_branch(database: Database, template: str | None, pipeline: str) -> str | None:
    """Return the branch whose state the next run begins from; None for the default branch.

    A branch that the next run is yet to make has the default branch's state.
    """
    name = branch_name(template, pipeline, new_run_id())
    if name is None:
        return None
    with database.connect() as connection:
        return name if name in branches(connection) else None


@contextmanager
def target_branch(
    database: Database, template: str | None, pipeline: str, run: str
) -> Iterator[str]:
    """Give the branch to fill, made from the default branch where it is missing.

    One that was made for this run alone, and has its id in its name, is removed again where no
    commit has come to it.
    """
    branch = branch_name(template, pipeline, run)
    with database.connect(write=True) as connection:
        with connection.begin():
            default = str(connection.exec_driver_sql("SELECT active_branch()").scalar())
        is_there = branch is None or branch in branches(connection)
        if not is_there:
            is_there = not _made(database, connection, str(branch), default)
        with connection.begin():
            head = hash_of(connection, branch or default)
    is_of_run = not is_there and run in str(branch)
    if is_of_run:
        _log.info(_OF_RUN, default, branch)
    try:
        yield branch or default
    finally:
        if is_of_run:
            with database.connect(write=True) as connection, connection.begin():
                if hash_of(connection, str(branch)) == head:
                    database.call(connection, "dolt_branch", "-D", str(branch))


def _made(database: Database, connection: sa.Connection, branch: str, default: str) -> bool:
    """Make a branch; return whether it was this run that made it: another may begin at once."""
    try:
        with connection.begin():
            database.call(connection, "dolt_branch", branch, default)
    except sa.exc.DBAPIError:
        if branch not in branches(connection):
            raise
        return False
    _log.info("Made the branch '%s' from '%s'", branch, default)
    return True


_OF_RUN = (
    "A run into another new branch begins from what '%s' has, and from the state there "
    "(--print-state): not from this run's STATEs, unless '%s' was merged before"
)
