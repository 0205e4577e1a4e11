"""How many bytes history took at some of its commits, measured in a copy of the database.

No engine says how much a commit stores. A remote says it: commit after commit is pushed into an
empty one, which holds then what leads to that commit and nothing else. That takes branches and a
remote, which a report may not make in the database itself: hence the copy.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from tap_adapters.history import query_errors
from target_dolt import Database, Where
from target_dolt.errors import ConfigError
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins

POINTS = 24
"""Commits that are measured at the most, evenly spaced."""


def path_of(where: Where | None) -> Path | None:
    """Return a database's file or directory; None for a server's."""
    if where is None:
        return None
    path = where.path
    if path is None and where.url is not None and not where.url.host and where.url.database:
        path = Path(where.url.database)
    return path if path is not None and path.exists() else None


def size_on_disk(path: Path) -> int:
    """Return the bytes of a file, or of all files in a directory."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(one.lstat().st_size for one in files if one.is_file())


def storage(where: Where, commits: Sequence[str]) -> tuple[int, ...]:
    """Return the bytes that history takes at each of some commits, the oldest first.

    It takes as much room in the directory for temporary files as the database twice, for as long
    as it works.

    Args:
        where: The database.
        commits: The hashes of commits, each of which follows the one before it.

    Returns:
        The bytes at each; between those that are measured, what the one before had.

    Raises:
        ConfigError: The database is a server's, whose files cannot be copied.
        QueryError: A commit could not be pushed into the remote.
    """
    path = path_of(where)
    if path is None:
        msg = "the storage of a server's database cannot be measured from here: clone it first"
        raise ConfigError(msg)
    step = max(1, -(-len(commits) // POINTS))
    measured = {*range(0, len(commits), step), len(commits) - 1}
    found: list[int] = []
    with (
        tempfile.TemporaryDirectory(prefix="dolt-sync-report-") as name,
        _copied(where, path, Path(name)) as database,
    ):
        remote = Path(name) / "remote"
        with query_errors(), database.connect(write=True) as connection:
            _call(database, connection, "dolt_remote", "add", _OURS, remote.as_uri())
            for place, commit in enumerate(commits):
                if place in measured:
                    _call(database, connection, "dolt_branch", "-f", _OURS, commit)
                    _call(database, connection, "dolt_push", _OURS, _OURS)
                    found.append(size_on_disk(remote))
                else:
                    found.append(found[-1])
    return tuple(found)


@contextmanager
def _copied(where: Where, path: Path, directory: Path) -> Iterator[Database]:
    """Open a copy of a database, with none of what a running server leaves in its directory."""
    copy = directory / "copy" / path.name
    copy.parent.mkdir()
    try:
        if path.is_dir():
            shutil.copytree(path, copy, ignore=shutil.ignore_patterns("sql-server.*", "LOCK"))
        else:
            shutil.copy(path, copy)
    except (OSError, shutil.Error) as error:
        msg = f"'{path}' could not be copied to be measured"
        raise ConfigError(msg) from error
    database = open_database(replace(where, path=copy, url=None), load_plugins())
    try:
        yield database
    finally:
        database.close()


def _call(database: Database, connection: sa.Connection, procedure: str, *arguments: str) -> None:
    with connection.begin():
        database.call(connection, procedure, *arguments)


_OURS = "dolt-sync-report"
"""The branch and the remote, in the copy."""
