"""What `benchmarks` measures of `dolt-sync snapshot`: speed, and what a few changed rows cost."""

# ruff: noqa: S603, S608, T201 - its own command and queries, and a benchmark prints what it found

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import rate, told
from benchmarks.loader import SYNC, raw_dolt_seconds, raw_seconds
from benchmarks.records import CITIES, STREAM
from demo.postgres import WHEELS, Postgres, running_postgres

ROWS = 500_000
ROUNDS = 3
CHANGED = ROWS // 100
WANTED = "80,000 rows/s into DoltLite, 0.7 of raw LOAD DATA LOCAL into Dolt, < 3% for 1% changed"

_TABLE = f"""
CREATE TABLE {STREAM} (id bigint PRIMARY KEY, name varchar(100), email text, city text,
    amount numeric(10, 2), active boolean, created_at timestamptz, birthday date);
CREATE TABLE empty (id bigint PRIMARY KEY)"""
_FILL = f"""
INSERT INTO {STREAM} SELECT n, 'Person ' || n, 'person' || n || '@example.org',
    (ARRAY{list(CITIES)!r})[n % {len(CITIES)} + 1], (n % 100000) / 100.0, n % 3 <> 0,
    timestamptz '2024-01-01 00:00:00+00' + n * interval '7.123456 s',
    date '1950-01-01' + n % 20000
FROM generate_series(1, {ROWS}) n"""

CHANGES = {
    "next to each other": f"id BETWEEN {ROWS // 2} AND {ROWS // 2 + CHANGED - 1}",
    "spread over the table": f"id % {ROWS // CHANGED} = 0",
}


def snapshots(directory: Path) -> None:
    """Take snapshots of a Postgres into DoltLite and Dolt, and again after 1% of rows changed."""
    print(f"Snapshot of a Postgres: 8 columns, {ROWS:,} rows; wanted: {WANTED}")
    if not any(importlib.util.find_spec(one) for one in WHEELS):
        told("no Postgres from PyPI in this environment: nothing was measured")
        return
    directory.chmod(0o755)  # where this runs as root, Postgres runs as somebody else
    place = directory / "postgres"
    place.mkdir()
    with running_postgres(place) as source:
        source.run(f"{_TABLE}; {_FILL};")
        _into_doltlite(source, directory)
        if words := missing():
            told(words)
            return
        with running_dolt(directory / "dolt") as server:
            _into_dolt(source, server)


def _url(source: Postgres) -> str:
    where = source.settings()
    login = f"{where['user']}:{where['password']}"
    return f"postgresql://{login}@{where['host']}:{where['port']}/{where['database']}"


def _seconds(source: Postgres, database: str, table: str = STREAM) -> float:
    """Return how long the command takes, from its start to its end."""
    began = time.perf_counter()
    command = [*SYNC, "snapshot", _url(source), database, "--table", table]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:  # the command has said why; its line has a password
        sys.exit(f"dolt-sync snapshot ended with {done.returncode}")
    return time.perf_counter() - began


def _into_doltlite(source: Postgres, directory: Path) -> None:
    rounds = []
    for number in range(ROUNDS):
        database = directory / f"snapshot{number}.db"
        start_up = _seconds(source, str(directory / f"nothing{number}.db"), "empty")
        took = _seconds(source, str(database))
        rounds.append((start_up, took, raw_seconds(database, directory / f"raw{number}.db")))
    start_up, took, raw = (min(column) for column in zip(*rounds, strict=True))
    told(f"into DoltLite; raw executemany of the same rows: {ROWS / raw:,.0f} rows/s")
    rate("  snapshot", ROWS, took, start_up, raw)
    _cost_of_changes(source, str(database), lambda: database.stat().st_size)


def _into_dolt(source: Postgres, server: DoltServer) -> None:
    rounds = []
    for number in range(ROUNDS):  # the snapshot and its ceiling by turns: both meet the same noise
        name = f"snapshot{number}"
        for one in (name, f"nothing{number}"):
            server.value(f"CREATE DATABASE {one}")
        start_up = _seconds(source, server.url(f"nothing{number}"), "empty")
        took = _seconds(source, server.url(name))
        commit = str(server.value("SELECT dolt_hashof('main')", name))
        rounds.append(
            (start_up, took, *raw_dolt_seconds(server, name, [commit], f"raw{number}", "load"))
        )
    start_up, took, raw = (min(column) for column in zip(*rounds, strict=True))
    told(f"into Dolt; raw LOAD DATA LOCAL REPLACE of the same rows: {ROWS / raw:,.0f} rows/s")
    rate("  snapshot", ROWS, took, start_up, raw)
    _cost_of_changes(source, server.url(name), lambda: server.size(name))


def _cost_of_changes(source: Postgres, database: str, size: Callable[[], int]) -> None:
    """Change 1% of the rows in each way, and tell how much the next snapshot stores."""
    whole = size()
    for how, which in CHANGES.items():
        source.run(f"UPDATE {STREAM} SET amount = amount + 1 WHERE {which};")
        before = size()
        took = _seconds(source, database)
        told(
            f"  1% of rows changed, {how}: {(size() - before) / whole:.1%} of "
            f"{whole / 1e6:.1f} MB more, {ROWS / took:,.0f} rows/s"
        )
