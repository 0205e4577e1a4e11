"""Dolt's remotes: what its words mean, and cloning into a directory or a server."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from target_dolt import Where
from target_dolt.errors import RemoteError, driver_words
from target_dolt.remotes import BEHIND, SILENT, meaning, refuse_existing
from target_dolt_plugins.dolt_directory import (
    LOCAL_USER,
    check_name,
    find_program,
    running_server,
)
from target_dolt_plugins.dolt_tls import tls_options

CONNECT_SECONDS = 20
"""How long a server may take to answer at all; a clone itself takes as long as it takes."""

REFUSALS = (
    (
        "non-fast-forward",
        BEHIND,
    ),
    (
        "command denied",
        (
            "this needs administrator rights on the server; log in as such a user, or have one "
            "grant EXECUTE ON PROCEDURE {procedure} of the database to yours"
        ),
    ),
    (
        "PermissionDenied",
        (
            "the remote's user has no right to it: the server there asks for CLONE_ADMIN to read "
            "and for all rights to push; have them granted, or name another (DOLT_REMOTE_USER, "
            "DOLT_REMOTE_PASSWORD)"
        ),
    ),
    (
        "Unauthenticated",
        (
            "the remote refused the user or the password; set DOLT_REMOTE_USER and "
            "DOLT_REMOTE_PASSWORD (the latter where the server runs that this database is on)"
        ),
    ),
    (
        "must set DOLT_REMOTE_PASSWORD",
        (
            "a user needs a password: set DOLT_REMOTE_PASSWORD where the server runs that this "
            "database is on"
        ),
    ),
    ("Unavailable", SILENT),
    ("database not found", "the remote's server has no such database; see that the URL is right"),
    (
        "Access denied",
        (
            "the server refused the user or the password, or the user lacks the administrator "
            "rights that {procedure} needs there"
        ),
    ),
    ("contains no Dolt data", "there is no Dolt database at the remote"),
)
"""What Dolt 2.3 answers, by a part of it, and what that means. The first that fits counts."""


def clone(remote: str, where: Where, user: str | None) -> None:
    """Clone a remote into a new directory, or into a new database of a server.

    Raises:
        ConfigError: There is something already.
        RemoteError: The remote cannot be cloned, or the user may not.
    """
    arguments = ("--user", user) if user else ()
    if where.url is not None:
        database = str(where.url.database or "")
        _on_server(where.url, tls_options(where.url, where.tls), (*arguments, remote, database))
        return
    directory = (where.path or Path()).absolute()
    check_name(directory)
    refuse_existing(directory)
    server = running_server(directory)
    if server is None:
        _by_program(remote, directory, arguments)
        return
    url = sa.URL.create(
        "dolt",
        username=LOCAL_USER,
        password=server.secret,
        host="127.0.0.1",
        port=server.port,
    )
    _on_server(url, tls_options(url, {}), (*arguments, remote, directory.name))


def _by_program(remote: str, directory: Path, user: tuple[str, ...]) -> None:
    """Clone by the `dolt` program: no server holds what is not there yet."""
    done = subprocess.run(  # noqa: S603 - no shell, and options end before the remote
        [find_program(), "clone", *user, "--", remote, str(directory)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=directory.parent,
        check=False,
    )
    if done.returncode:
        msg = f"'{directory}' was not cloned: {meaning(REFUSALS, done.stderr, 'dolt_clone')}"
        raise RemoteError(msg)


def _on_server(url: sa.URL, options: dict[str, Any], arguments: tuple[str, ...]) -> None:
    engine = sa.create_engine(
        url.set(database=""),
        poolclass=NullPool,
        hide_parameters=True,
        pool_reset_on_return=None,
        connect_args={"charset": "utf8mb4", "connect_timeout": CONNECT_SECONDS, **options},
    )
    marks = ", ".join("%s" for _ in arguments)
    try:
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(f"CALL dolt_clone({marks})", arguments)
    except sa.exc.DBAPIError as error:
        words = driver_words(error)
        msg = f"'{arguments[-1]}' was not cloned: {meaning(REFUSALS, words, 'dolt_clone')}"
        raise RemoteError(msg) from None
