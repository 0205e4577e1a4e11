"""Snapshots and restores in processes that die at a point: for support_dying_syncs.

    python dying_syncs.py

As dying_loads.py, with requests {"call", "arguments", "options", "point", "number"}: `call` is a
function of tap_adapters, `snapshot` or `restore`. Beside the points of a load there are those of a
database that a commit is carried back into.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from target_dolt_plugins import doltlite_engine

doltlite_engine.load()

import dying_loads  # noqa: E402 - DoltLite's library goes first
import sqlalchemy as sa  # noqa: E402
from dying_loads import EveryHook, Points  # noqa: E402
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql  # noqa: E402
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2  # noqa: E402

from tap_adapters.restore import mysql as restore_mysql  # noqa: E402
from tap_adapters.restore import postgres as restore_postgres  # noqa: E402
from tap_adapters.restore import restore  # noqa: E402
from tap_adapters.restore import sqlite as restore_sqlite  # noqa: E402
from tap_adapters.restore.destination import Destination  # noqa: E402
from tap_adapters.sync import snapshot  # noqa: E402
from target_dolt.plugins import load_plugins  # noqa: E402

CALLS = {"snapshot": snapshot, "restore": restore}

THERE = (
    Destination,
    restore_mysql.MySQLDestination,
    restore_postgres.PostgresDestination,
    restore_sqlite.SQLiteDestination,
)

WORK = ("run", "rows", "_fill", "insert", "update", "delete")


def arm(points: Points) -> None:
    """Put points at all that is done to the database a commit is carried back into."""
    for destination in THERE:
        for function in WORK:
            if function in vars(destination):
                points.wrap(destination, function, "work there")
    for dialect in (PGDialect_psycopg2, MySQLDialect_pymysql):
        points.wrap(dialect, "do_commit", "commit there")

    def done(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        del connection, cursor
        if text in {"BEGIN IMMEDIATE", "COMMIT"}:  # an SQLite file's
            points.come_to("after commit there", text)

    sa.event.listen(sa.Engine, "after_cursor_execute", done)


def sync(request: Mapping[str, Any], points: Points) -> None:
    """Be one snapshot or restore."""
    arm(points)
    plugins = load_plugins([EveryHook(points)])
    CALLS[request["call"]](*request["arguments"], **request["options"], plugins=plugins)


if __name__ == "__main__":
    dying_loads.main(sync)
