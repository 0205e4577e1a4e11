"""The ceilings of a restore: ready text by raw COPY into Postgres, a bare cursor's reading of Dolt.

As a program: `copy` or `cursor`, and an account as JSON on stdin; prints seconds.
"""

# ruff: noqa: S608, T201 - the names are the benchmark's own, and a program prints

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

from benchmarks.records import STREAM

CHUNK_ROWS = 5_000
COPY_BYTES = 1 << 18


def copy(table: str, **account: Any) -> float:
    """Return how long a table's text takes into an empty one of the same form, key included."""
    import psycopg2  # noqa: PLC0415 - an extra

    with psycopg2.connect(**account) as connection, connection.cursor() as cursor:
        text = io.BytesIO()
        cursor.copy_expert(f"COPY {table} TO STDOUT", text)
        text.seek(0)
        cursor.execute(f"CREATE TABLE raw (LIKE {table} INCLUDING ALL)")
        connection.commit()
        began = time.perf_counter()
        cursor.copy_expert("COPY raw FROM STDIN", text, COPY_BYTES)
        connection.commit()
        took = time.perf_counter() - began
        cursor.execute("DROP TABLE raw")
    return took


def cursor(**account: Any) -> float:
    """Return how long a bare server-side cursor takes to read a table of Dolt's."""
    import pymysql  # noqa: PLC0415 - as the other one
    from pymysql.cursors import SSCursor  # noqa: PLC0415

    with pymysql.connect(**account) as connection, connection.cursor(SSCursor) as reading:
        began = time.perf_counter()
        reading.execute(f"SELECT * FROM {STREAM}")
        while reading.fetchmany(CHUNK_ROWS):
            pass
        return time.perf_counter() - began


if __name__ == "__main__":
    print({"copy": copy, "cursor": cursor}[sys.argv[1]](**json.load(sys.stdin)))
