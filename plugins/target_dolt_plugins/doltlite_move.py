"""How a branch of a DoltLite file moves forward to the head of another one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from target_dolt import Database
from target_dolt.errors import CommitConflictError
from target_dolt.queries import hash_of

_COVERED = (
    "SELECT to_table_name FROM dolt_diff_summary('HEAD', ?) WHERE diff_type = 'added' "
    "AND to_table_name IN (SELECT name FROM sqlite_master)"
)
"""A table that the run adds and that somebody has uncommitted; one that `dolt_ignore` names is in
no status."""

_BRANCH = "SELECT active_branch()"
_MERGING = "SELECT 1 FROM dolt_merge_status WHERE is_merging"
"""A merge that is under way may be in no status: where all conflicts went our way."""

_OTHERS = ("SELECT 1 FROM dolt_status LIMIT 1", "SELECT 1 FROM dolt_ignore LIMIT 1", _MERGING)
"""Whether somebody may have anything uncommitted on a branch."""


def move(database: Database, target: sa.Connection, branch: str) -> None:
    """Move the branch that a connection is on, within its transaction.

    Raises:
        CommitConflictError: Somebody's table or merge would be lost.
    """
    if target.exec_driver_sql(_MERGING).first():
        msg = (
            f"'{database.name}': a merge is under way on the branch (`SELECT dolt_commit('-m', "
            "'...')` ends it, `SELECT dolt_merge('--abort')` takes it back)"
        )
        raise CommitConflictError(msg)
    covered = target.exec_driver_sql(_COVERED, (branch,)).scalar()
    if covered is not None:
        msg = f"{database.uncommitted([covered])}: it is in no commit"
        raise CommitConflictError(msg)
    if target.exec_driver_sql("SELECT 1 FROM dolt_status LIMIT 1").first():
        # Somebody's uncommitted changes: only a merge keeps them.
        database.call(target, "dolt_merge", branch)
    else:
        # dolt_merge grows with history, this does not.
        database.call(target, "dolt_reset", "--hard", branch)


def move_from(
    database: Database, run: sa.Connection, target: sa.Connection, branch: str, base: str
) -> bool | None:
    """Move `target`'s branch over the connection that has made the commits of `branch`.

    After another connection's write a connection reads the list of all the file's pages anew,
    and sorts it: 0.4 s in a file of 5 GB, for each commit (measured on 0.51.3).

    Returns:
        Whether the branch was at `base`, and was moved; None where somebody may have something
        uncommitted there, which this would drop: nothing was changed.
    """
    [name] = _read(target, _BRANCH)
    with run.begin():  # nobody else writes from here on
        if any(_read(target, one) for one in _OTHERS):
            return None
        if hash_of(run, name) != base:
            return False
        # It takes effect at once, and lets others write: nothing may follow.
        database.call(run, "dolt_branch", "-f", name, branch)
    return True


def _read(connection: sa.Connection, query: str) -> Any:
    """Return a query's first row; a transaction of the connection's would wait for its lock."""
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(query).fetchone()
    except driver.Error as error:
        raise sa.exc.OperationalError(query, None, error) from error
