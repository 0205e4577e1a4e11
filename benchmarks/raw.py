"""The ceiling: a loaded table's rows by plain `executemany` into the same STRICT table anew.

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
    """Copy the table and print how long the writing took, one SQL transaction in all."""
    sqlite3 = doltlite_engine.load()
    connection = sqlite3.connect(source)
    [[ddl]] = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [STREAM])
    rows = connection.execute(f"SELECT * FROM {STREAM}").fetchall()
    connection.close()
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute(ddl)
    marks = ", ".join("?" * len(rows[0]))
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        connection.executemany(f"INSERT INTO {STREAM} VALUES ({marks})", part)
    connection.execute("COMMIT")
    print(time.perf_counter() - began)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
