"""A database's branches, tags and remotes, from Python: what `dolt-sync` does with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sa

from tap_adapters.history.commits import QueryError, query_errors
from target_dolt import Database
from target_dolt.errors import ConfigError, RemoteError
from target_dolt.opening import backend_of
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.remotes import (
    ORIGIN,
    find_remote,
    remote_errors,
    remote_url,
    remote_user,
    user_arguments,
)
from target_dolt.settings import where_of


class DivergedError(RemoteError):
    """Both sides of a pull have commits that the other one lacks."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or a tag: its name, its commit's hash, when (UTC), by whom, and what it says."""

    name: str
    commit: str
    date: str
    author: str
    message: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Attributes:
        branch: The branch.
        old: Its commit before; None where it was made.
        new: Its commit now.
    """

    branch: str
    old: str | None
    new: str


def branches(database: Database, *, of_remotes: bool = False) -> list[Ref]:
    """Return the branches by name; with `of_remotes` those that were last seen at remotes too."""
    found = _refs(database, _BRANCHES)
    if of_remotes:
        found += _refs(database, _REMOTE_BRANCHES)
    return found


def default_branch(database: Database) -> str:
    """Return the branch that a database is read on where none is named."""
    with query_errors(), database.connect() as connection, connection.begin():
        return str(connection.exec_driver_sql("SELECT active_branch()").scalar())


def tags(database: Database) -> list[Ref]:
    """Return the tags by name."""
    return _refs(database, _TAGS)


def _refs(database: Database, query: str) -> list[Ref]:
    with query_errors(), database.connect() as connection, connection.begin():
        return [
            Ref(
                name.removeprefix("remotes/"),
                commit,
                str(date),
                f"{who} <{email}>" if email else who,
                (message or "").strip(),
            )
            for name, commit, who, email, date, message in connection.exec_driver_sql(query)
        ]


def clone(
    remote: str, database: str, *, user: str | None = None, plugins: Plugins | None = None
) -> None:
    """Clone a remote, with its branches, tags and whole history, into a new place.

    Args:
        remote: The remote's URL, or a path to it.
        database: A path or a URL: a new file for a DoltLite remote, which is a file; else a new
            directory; `dolt://...` for a new database on a server.
        user: The remote's user. Default: DOLT_REMOTE_USER.
        plugins: The plugins to use; None loads what is installed.

    Raises:
        TargetDoltError: The message says what happened; nothing was made then.
    """
    url = remote_url(remote)
    where = replace(where_of(database), exists=False)
    if where.url is None:
        where = replace(where, create=not _is_file(url))
    backend = backend_of(where, plugins or load_plugins())
    if backend.clone is None:
        msg = f"the backend {backend.name} has no remotes: give another place for the clone"
        raise ConfigError(msg)
    backend.clone(url, where, remote_user(user))


def _is_file(url: str) -> bool:
    return url.startswith(_LOCAL) and Path(unquote(url.removeprefix(_LOCAL))).is_file()


def pull(
    database: Database, remote: str = ORIGIN, branch: str | None = None, *, user: str | None = None
) -> Pulled:
    """Fetch a remote's branches and tags, and move a branch forward to where the remote has it.

    Args:
        database: The open database.
        remote: The remote's name.
        branch: The branch, made where it is missing. Default: the database's own.
        user: The remote's user. Default: DOLT_REMOTE_USER.

    Raises:
        DivergedError: Both have commits that the other one lacks; the branch stays.
        TargetDoltError: The message says what happened; the branch stays.
    """
    branch = branch or default_branch(database)
    with query_errors(), database.connect(write=True) as connection:
        name = find_remote(database, connection, remote, add=False)
        step = f"'{name}' was not fetched, '{database.name}' stays as it was"
        with remote_errors(database, step, "dolt_fetch"), connection.begin():
            database.call(connection, "dolt_fetch", *user_arguments(database, user), name)
        with connection.begin():
            theirs = connection.execute(_THEIRS, {"name": f"remotes/{name}/{branch}"}).scalar()
            ours = connection.execute(_OURS, {"name": branch}).scalar()
            if theirs is not None and ours is None:
                database.call(connection, "dolt_branch", branch, str(theirs))
        if theirs is None:
            msg = f"the remote '{name}' has no branch '{branch}'"
            raise QueryError(msg)
        if ours is None:
            return Pulled(branch, None, str(theirs))
        return _forward(database, branch, str(ours), str(theirs), f"{name}/{branch}")


def _forward(database: Database, branch: str, ours: str, theirs: str, source: str) -> Pulled:
    with database.connect(branch, write=True) as target:
        with target.begin():
            base = target.execute(_MERGE_BASE, {"one": ours, "two": theirs}).scalar()
        if base == theirs:
            return Pulled(branch, ours, ours)
        if base != ours:
            msg = (
                f"'{branch}' and '{source}' both have commits that the other one lacks; '{branch}' "
                f"stays as it was: merge with `dolt-sync merge {database.argument} {source} --into "
                f"{branch}`, or work on a branch of your own"
            )
            raise DivergedError(msg)
        if not database.advance(target, theirs, ours):
            msg = f"'{branch}' was moved by somebody else meanwhile: pull again"
            raise RemoteError(msg)
    return Pulled(branch, ours, theirs)


_LOCAL = "file://"
_BRANCHES = """
SELECT name, hash, latest_committer, latest_committer_email, latest_commit_date,
    latest_commit_message FROM dolt_branches ORDER BY name
"""
_REMOTE_BRANCHES = _BRANCHES.replace("dolt_branches", "dolt_remote_branches")
_TAGS = "SELECT tag_name, tag_hash, tagger, email, date, message FROM dolt_tags ORDER BY tag_name"
_THEIRS = sa.text("SELECT hash FROM dolt_remote_branches WHERE name = :name")
_OURS = sa.text("SELECT hash FROM dolt_branches WHERE name = :name")
_MERGE_BASE = sa.text("SELECT dolt_merge_base(:one, :two)")
