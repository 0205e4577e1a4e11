"""Commits that pile up, by SQL, to have a long history soon: each changes one row of a table.

As a program: the path of a DoltLite file that target-dolt filled, and how many commits to make.
"""

# ruff: noqa: S608 - the names are the benchmark's own

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.dolt_server import DoltServer
from benchmarks.records import STREAM
from target_dolt_plugins import doltlite_engine

ROWS = 100
"""Rows that take turns."""


def statements(count: int, verb: str) -> Iterator[str]:
    """Yield what makes so many commits."""
    for number in range(count):
        row, value = number % ROWS + 1, number // ROWS % 2
        yield f"UPDATE {STREAM} SET amount = 1 - amount + {value} WHERE id = {row}"
        yield f"{verb} dolt_commit('-a', '-m', 'one row')"


def on_server(server: DoltServer, database: str, count: int) -> None:
    """Make commits on a server."""
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET autocommit = 0")
        for statement in statements(count, "CALL"):
            cursor.execute(statement)


def main(path: str, count: int) -> None:
    """Make commits in a file."""
    connection = doltlite_engine.load().connect(path, isolation_level=None)
    for statement in statements(count, "SELECT"):
        connection.execute(statement).fetchall()
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
