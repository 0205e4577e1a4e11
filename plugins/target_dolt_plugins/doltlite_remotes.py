"""DoltLite's remotes: what its words mean, and cloning into a file."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from target_dolt.errors import RemoteError
from target_dolt.remotes import BEHIND, SILENT, meaning

REFUSALS = (
    (
        "not a fast-forward",
        BEHIND,
    ),
    (
        "failed to open remote",
        "the remote cannot be opened: see that its path is right, and that you may write there",
    ),
    ("could not connect", SILENT),
    ("remote not found", "there is no such remote"),
    ("not found", "the remote's server has no such database; see that the URL is right"),
)
"""What DoltLite 0.51 answers, by a part of it, and what that means. The first that fits counts."""


def clone_file(connection: sa.Connection, remote: str, path: Path) -> None:
    """Clone into a file that was made for this and is empty.

    Raises:
        RemoteError: The remote cannot be cloned.
    """
    try:
        with connection.begin():
            connection.exec_driver_sql("SELECT dolt_clone(?)", (remote,))
    except sa.exc.DBAPIError as error:
        msg = f"'{path}' was not cloned: {meaning(REFUSALS, str(error.orig), 'dolt_clone')}"
        raise RemoteError(msg) from None


def remove(path: Path) -> None:
    """Remove the file of a clone that failed, and the lock file beside it."""
    for one in (path, path.with_name(f".{path.name}-lock")):
        one.unlink(missing_ok=True)
