"""What a Dolt server leaves where it is stopped in the midst of moving a branch.

`dolt_merge` moves a branch's head, and then what is checked out there. A server ends a session in
between where its client has gone or a KILL comes (seen on Dolt 2.3.1: in one of a hundred merges
whose client went away, in one of four that were killed). The branch then has the new head and the
old tables, staged: to its next user they look like changes that take the last commit back, and no
move gets past them.
"""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa

from target_dolt import Database
from target_dolt.queries import changed_tables, hash_of
from target_dolt.runs import lock_of

WAIT_SECONDS = 10.0
"""How long statements of a dead run are waited for."""

_LOOK_SECONDS = 0.05

_log = logging.getLogger("target-dolt")


def settle(database: Database, run_branch: str) -> None:
    """Wait until the server has ended what a dead run asked for, and finish the run's last move.

    Args:
        database: The database.
        run_branch: The dead run's branch, which is still there.
    """
    with database.connect() as connection:
        _wait(connection, run_branch)
        with connection.begin():
            head = hash_of(connection, run_branch)
            is_theirs = _is_theirs(connection, run_branch)
            dirty = connection.exec_driver_sql(_DIRTY).scalars().all()
    for name in dirty if is_theirs else ():
        if lock_of(name) is None:
            with database.connect(name, write=True) as connection:
                finish(database, connection, name, head)


def _is_theirs(connection: sa.Connection, run_branch: str) -> bool:
    """Whether the head of a run's branch is a commit of that run, and not what it began from."""
    run = run_branch.rpartition("/")[2]
    message = connection.execute(_MESSAGE, {"ref": run_branch}).scalar()
    heads = connection.execute(_HEADS, {"ref": run_branch}).scalar()  # since the last collection
    return run in str(message) or int(heads or 0) > 1


def _wait(connection: sa.Connection, run_branch: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with connection.begin():
            busy = connection.exec_driver_sql("SHOW PROCESSLIST").mappings().all()
        if not any(
            one["Command"] == "Query"
            and (str(one["db"]).endswith(f"/{run_branch}") or run_branch in str(one["Info"]))
            for one in busy
        ):
            return
        time.sleep(_LOOK_SECONDS)


def finish(database: Database, connection: sa.Connection, branch: str, head: str) -> None:
    """Bring what is checked out on a branch after a commit of ours, where it was left behind.

    Nothing is done unless each table of the commit is on the branch as the commit has it, and is
    checked out and staged as its parent has it. Other tables are left alone: a person's changes
    stay uncommitted.

    Args:
        database: The database.
        connection: A connection on the branch.
        branch: The branch's name, for the log.
        head: The commit that the branch was moved to.
    """
    with connection.begin():
        parent = hash_of(connection, f"{head}~1")
        summary = connection.execute(_SUMMARY, {"old": parent, "new": head}).all()
        there = sorted({new for _, new in summary if new})
        gone = sorted({old for old, _ in summary if old}.difference(there))
        tables = {*there, *gone}
        if (
            not tables
            or tables & changed_tables(connection, parent, "STAGED")
            or tables & changed_tables(connection, parent, "WORKING")
            or tables & changed_tables(connection, head, "HEAD")
        ):
            return
        if there:
            database.call(connection, "dolt_checkout", "HEAD", "--", *there)
        if gone:
            database.call(connection, "dolt_reset", *gone)
            names = ", ".join(map(connection.dialect.identifier_preparer.quote, gone))
            connection.exec_driver_sql("SET foreign_key_checks = 0")
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {names}")
            connection.exec_driver_sql("SET foreign_key_checks = 1")
    _log.warning(
        "The server was stopped while it moved the branch '%s' to %s: what was left undone is done",
        branch,
        head[:10],
    )


_MESSAGE = sa.text("SELECT message FROM dolt_log(:ref) LIMIT 1")
_HEADS = sa.text("SELECT COUNT(*) FROM dolt_reflog(:ref)")
_DIRTY = "SELECT name FROM dolt_branches WHERE dirty"
_SUMMARY = sa.text("SELECT from_table_name, to_table_name FROM dolt_diff_summary(:old, :new)")
