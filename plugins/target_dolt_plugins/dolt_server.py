"""A Dolt server: how to connect to it, whether it is fit, how much it bears."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from target_dolt.errors import ConfigError, driver_words
from target_dolt.retry import again
from target_dolt_plugins.dolt_dialect import DoltDialect
from target_dolt_plugins.dolt_tls import is_loopback

OLDEST_VERSION = (2, 0, 0)

CONNECT_SECONDS = 20
"""How long a server may take to answer at all, handshake included."""

READ_SECONDS = 3600
"""How long one statement may take: a bound against a server that never answers."""

MOST_LANES = 4
REMOTE_LANES = 2
"""How many lanes are used unasked. A lane keeps a core of the server busy; how many cores it has,
it does not tell."""

_OWN_COMMITS = "SET dolt_transaction_commit = 0, dolt_force_transaction_commit = 0"
"""Commits are ours to make. Where a server makes one of each transaction, nothing is left of a load
to commit: its branch would be taken for one without a difference, and removed."""

SERVERS_OWN = frozenset({"information_schema", "mysql"})
"""Databases that every server has: beside one of ours of such a name it finds its own."""

LOST = (2006, 2013, 2014, 2055)
"""The client's words for a lost connection."""

_ACCESS_DENIED = (1044, 1045)
_UNKNOWN_DATABASE = 1049
_UNKNOWN_VARIABLE = 1193


def check_database(database: str) -> None:
    """Raise ConfigError for a database that would be taken for one of the server's own."""
    if database.lower() in SERVERS_OWN:
        msg = f"'{database}' is a database of every Dolt server's own; give yours another name"
        raise ConfigError(msg)


def engine(url: sa.URL, database: str, tls: Mapping[str, Any]) -> sa.Engine:
    """Return an engine for a database, or a branch of one, whose connections nobody keeps."""
    return sa.create_engine(
        url.set(database=database),
        poolclass=NullPool,
        hide_parameters=True,
        pool_reset_on_return=None,
        connect_args={
            "charset": "utf8mb4",
            "init_command": _OWN_COMMITS,
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "write_timeout": READ_SECONDS,
            **tls,
        },
    )


def check_server(url: sa.URL, tls: Mapping[str, Any], name: str, *, create: bool) -> None:
    """Connect once: is it Dolt, of the right age, with the database there?

    Args:
        url: The server and the database.
        tls: PyMySQL's options.
        name: What messages call the database.
        create: Whether to make a database that is missing.

    Raises:
        ConfigError: One of these is not so.
    """

    def look() -> str:
        with engine(url, "", tls).connect() as connection, connection.begin():
            version = str(connection.exec_driver_sql("SELECT dolt_version()").scalar())
            if create:
                database = DoltDialect().identifier_preparer.quote(str(url.database))
                connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {database}")
        with engine(url, str(url.database), tls).connect():
            return version

    try:
        version = again(f"opening '{name}'", look, _is_lost, lambda: None)
    except sa.exc.DBAPIError as error:
        raise _refused(name, error) from error
    numbers = tuple(int(part) for part in version.lstrip("v").split("-")[0].split("."))
    if numbers < OLDEST_VERSION:
        needed = ".".join(map(str, OLDEST_VERSION))
        msg = f"'{name}' is Dolt {version}; {needed} or later is needed"
        raise ConfigError(msg)


def _is_lost(error: sa.exc.DBAPIError) -> bool:
    """Whether a server was there: where nobody is, a wrong port is told of at once."""
    return error_code(error) in LOST


def _refused(name: str, error: sa.exc.DBAPIError) -> ConfigError:
    code = error_code(error)
    if code in _ACCESS_DENIED:
        reason = "the server refused the user or the password"
    elif code == _UNKNOWN_DATABASE:
        reason = "the server has no such database; set `create_database` to make it"
    elif code == _UNKNOWN_VARIABLE or "dolt_version" in str(error.orig):
        reason = "the server is not Dolt"
    else:
        reason = " ".join(driver_words(error).split())  # Dolt's may have several lines
    return ConfigError(f"'{name}': {reason}")


def error_code(error: sa.exc.DBAPIError) -> int | None:
    """Return the number of a MySQL error."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def good_lanes(host: str) -> int:
    """Return how many lanes a server is probably good for."""
    return min(os.cpu_count() or 1, MOST_LANES) if is_loopback(host) else REMOTE_LANES
