"""Connections to other databases that end when nobody is there, and what their errors say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from target_dolt.errors import TargetDoltError
from target_dolt_plugins.bounded_connection import BoundedConnection

CONNECT_SECONDS = 20
"""How long a database may take to answer at all, handshake included."""

READ_SECONDS = 3600
"""How long one statement may take: a bound against a server that never answers."""

_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 60,
    "keepalives_interval": 10,
    "keepalives_count": 6,
    "tcp_user_timeout": 120_000,
}
"""A Postgres that is gone is noticed in two minutes, however long its answer may take otherwise:
https://www.postgresql.org/docs/current/libpq-connect.html"""


class SourceError(TargetDoltError):
    """The source refused a statement, or went away."""


@contextmanager
def source_errors(name: str, error: type[Exception] = sa.exc.DBAPIError) -> Iterator[None]:
    """Say which source, or which table of it, refused what was asked.

    Args:
        name: What messages call it.
        error: What its driver raises; SQLAlchemy's stands for that.
    """
    try:
        yield
    except error as refused:
        msg = f"{name}: {str(getattr(refused, 'orig', refused)).strip()}"
        raise SourceError(msg) from refused


def bounds(url: sa.URL) -> dict[str, Any]:
    """Return a driver's options that bound its waiting, but for those that the URL has itself."""
    found: dict[str, dict[str, Any]] = {
        "psycopg2": {"connect_timeout": CONNECT_SECONDS, **_KEEPALIVE},
        "pymysql": {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "write_timeout": READ_SECONDS,
        },
    }
    options = found.get(url.get_driver_name(), {})
    return {name: value for name, value in options.items() if name not in url.query}


def engine(url: sa.URL) -> sa.Engine:
    """Return an engine whose connections nobody keeps, and that end where nobody answers."""
    options = bounds(url)
    is_mysql = url.get_driver_name() == "pymysql"
    if is_mysql:
        options["sql_mode"] = ""  # the server's may be ANSI_QUOTES, and SQLAlchemy asks at once
    made = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, connect_args=options)
    if is_mysql:
        sa.event.listen(made, "do_connect", _connect)
    return made


def _connect(dialect: Any, record: Any, arguments: Any, options: Any) -> Any:
    del dialect, record
    return BoundedConnection(*arguments, **options)
