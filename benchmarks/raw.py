"""The ceiling: loaded tables' rows by plain `executemany` into the same STRICT tables anew.

As a program: two paths, a database that target-dolt filled and one to be made; prints seconds.
"""

# ruff: noqa: S608, T201 - the names are the benchmark's own, and a program prints

from __future__ import annotations

import sys
import time

from benchmarks.records import STREAM
from target_dolt_plugins import doltlite_engine

BATCH = 10_000


def main(source: str, copy: str) -> None:
    """Copy the tables and print how long the writing took, one SQL transaction in all."""
    sqlite3 = doltlite_engine.load()
    connection = sqlite3.connect(source)
    tables = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name GLOB ?", [f"{STREAM}*"]
    ).fetchall()
    contents = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name, _ in tables}
    connection.close()
    connection = sqlite3.connect(copy, isolation_level=None)
    for _, ddl in tables:
        connection.execute(ddl)
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for name, rows in contents.items():
        insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})"
        for start in range(0, len(rows), BATCH):
            connection.executemany(insert, rows[start : start + BATCH])
    connection.execute("COMMIT")
    print(time.perf_counter() - began)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
