"""Remotes: which there are, pushing to them, and what their refusals mean."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.errors import ConfigError, PushError, RemoteError, driver_words

ORIGIN = "origin"
"""The name of a remote that has no other; `clone` gives it too."""

USER_VARIABLE = "DOLT_REMOTE_USER"
"""Names the user of a remote; its password is Dolt's own DOLT_REMOTE_PASSWORD."""

BEHIND = (
    "the remote's branch has commits that are not here; pull them, or merge where both have some "
    "(`dolt-sync pull`, `dolt-sync merge`), and push again"
)
SILENT = "the remote does not answer; see that it runs and that its URL is right"
"""What engines' refusals mean that have them in words of their own."""

_USERINFO = re.compile(r"(\w://)[^/\s'\"]*@")
_PASSWORD = re.compile(r"^\w+://[^/@]*:[^/]*@")


def without_userinfo(text: str) -> str:
    """Return a text whose URLs name no user and no password."""
    return _USERINFO.sub(r"\1", text)


def remote_url(text: str) -> str:
    """Return the URL of a remote: a path that is there, or looks like one, becomes `file://`.

    Raises:
        ConfigError: It holds a password, which the database would keep and show.
    """
    if _PASSWORD.match(text):
        msg = (
            f"the remote '{without_userinfo(text)}' holds a password, which the database would "
            f"keep: give the user as {USER_VARIABLE} and the password as DOLT_REMOTE_PASSWORD"
        )
        raise ConfigError(msg)
    path = Path(text).expanduser()
    if "://" not in text and (text.startswith((".", "/", "~")) or path.exists()):
        return path.resolve().as_uri()
    return text


def refuse_existing(path: Path) -> None:
    """Raise ConfigError where a clone is to be made and something is already."""
    if path.exists():
        msg = f"'{path}' is there already: a clone needs a new place"
        raise ConfigError(msg)


@contextmanager
def remote_errors(
    database: Database, step: str, procedure: str, kind: type[RemoteError] = RemoteError
) -> Iterator[None]:
    """Say what a remote's refusal means and what to do, never with a password.

    Args:
        database: The database that was asked.
        step: What did not happen, for the message.
        procedure: The procedure that was called.
        kind: The error to raise.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        msg = f"{step}: {meaning(database.refusals, driver_words(error), procedure)}"
        raise kind(msg) from None


def meaning(refusals: tuple[tuple[str, str], ...], words: str, procedure: str) -> str:
    """Return what an engine's words mean: a row of its table, else its own last line."""
    for part, sense in refusals:
        if part in words:
            return sense.format(procedure=procedure)
    lines = [line for line in without_userinfo(words).splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason was given"


def remotes(connection: sa.Connection) -> dict[str, str]:
    """Return the URLs of a database's remotes by their names."""
    with connection.begin():
        return {name: url for name, url in connection.exec_driver_sql(_REMOTES)}  # noqa: C416 - rows, not pairs


def find_remote(database: Database, connection: sa.Connection, remote: str, *, add: bool) -> str:
    """Return the name of a remote that is given by its name, its URL or its path.

    Args:
        database: The open database.
        connection: A connection to it.
        remote: The name, URL or path.
        add: Whether a URL that no remote has yet becomes one: `origin` where that is free.

    Raises:
        RemoteError: There is no such remote.
    """
    known = remotes(connection)
    if remote in known:
        return remote
    url = remote_url(remote)
    for name, place in known.items():
        if place == url:
            return name
    if add and "://" in url:
        name = next(one for one in _names() if one not in known)
        step = f"'{database.name}' has no remote '{without_userinfo(url)}' yet, and got none"
        with remote_errors(database, step, "dolt_remote"), connection.begin():
            database.call(connection, "dolt_remote", "add", name, url)
        return name
    there = ", ".join(f"'{name}'" for name in known) or "none"
    msg = (
        f"'{database.name}' has no remote '{without_userinfo(remote)}'; there are: {there}. Give "
        "one of them, or push to a URL or a path (./it, /it), which becomes one"
    )
    raise RemoteError(msg)


def _names() -> Iterator[str]:
    yield ORIGIN
    number = 1
    while True:
        number += 1
        yield f"{ORIGIN}-{number}"


def remote_user(user: str | None) -> str | None:
    """Return the user of a remote: the one given, else the environment's."""
    return user or os.environ.get(USER_VARIABLE)


def user_arguments(database: Database, user: str | None = None) -> tuple[str, ...]:
    """Return the arguments that name a remote's user, where the backend knows such."""
    user = remote_user(user)
    return ("--user", user) if user and database.has_remote_users else ()


def push(
    database: Database,
    remote: str,
    refs: tuple[str, ...],
    *,
    user: str | None = None,
    force: bool = False,
) -> str:
    """Push branches and tags; return the name of the remote.

    Args:
        database: The open database.
        remote: A remote's name, or its URL or path, which becomes a remote once it has taken a
            first one of them.
        refs: Branches and tags. One that the remote has as it is here is no error.
        user: The remote's user. Default: DOLT_REMOTE_USER.
        force: Whether commits that the remote alone has are given up there.

    Raises:
        RemoteError: There is no such branch or tag here.
        PushError: The remote did not take one of them; all commits stay here.
    """
    with database.connect(write=True) as connection:
        _check_refs(database, connection, refs)
        known = remotes(connection)
        try:
            name = find_remote(database, connection, remote, add=True)
        except RemoteError as error:
            msg = f"all commits stand here, and nothing was pushed: {error}"
            raise PushError(msg) from None
        arguments = (*user_arguments(database, user), *(["--force"] if force else []))
        shown = name if name in known else without_userinfo(remote)
        for ref in refs:
            step = f"'{ref}' was not pushed to '{shown}', its commits stay in '{database.name}'"
            try:
                with remote_errors(database, step, "dolt_push", PushError), connection.begin():
                    database.call(connection, "dolt_push", *arguments, name, ref)
            except PushError:
                if name not in known and ref == refs[0]:
                    _forget(database, connection, name)
                raise
    return name


def _forget(database: Database, connection: sa.Connection, name: str) -> None:
    """Remove a remote that took nothing: its URL may have been a wrong one."""
    # A connection that was lost with the push leaves it; the next push to its URL finds it.
    with suppress(sa.exc.DBAPIError), connection.begin():
        database.call(connection, "dolt_remote", "remove", name)


def _check_refs(database: Database, connection: sa.Connection, refs: tuple[str, ...]) -> None:
    with connection.begin():
        known = set(connection.exec_driver_sql(_REFS).scalars())
    missing = ", ".join(f"'{one}'" for one in refs if one not in known)
    if missing:
        msg = f"'{database.name}' has no branch or tag {missing}; nothing was pushed"
        raise RemoteError(msg)


_REFS = "SELECT name FROM dolt_branches UNION SELECT tag_name FROM dolt_tags"
_REMOTES = "SELECT name, url FROM dolt_remotes ORDER BY name"
