"""What `benchmarks` measures of commits that are carried back into a Postgres."""

# ruff: noqa: S603, T201 - the commands are this project's own, and a benchmark prints

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path

from benchmarks.dolt_server import HOST, missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import SYNC, Load, load
from benchmarks.records import STREAM, lines
from demo.postgres import Postgres, running_postgres

RECORDS = 1_000_000
DOLT_RECORDS = 200_000
ROUNDS = 2

_ID = {"properties": {"id": {"type": "integer"}}}
TINY = (
    json.dumps({"type": "SCHEMA", "stream": "tiny", "key_properties": ["id"], "schema": _ID}),
    json.dumps({"type": "RECORD", "stream": "tiny", "record": {"id": 1}}),
)
"""A table of one row, whose restore is all start-up."""


def doltlite(directory: Path) -> None:
    """Restore from a DoltLite file, beside raw COPY of the same rows."""
    print(f"DoltLite to Postgres: 8 columns, {RECORDS:,} records; the best of {ROUNDS} rounds")
    database = directory / "carried.db"
    _prepare(directory, database, RECORDS)
    with _postgres(directory) as server:
        _compare(str(database), server, RECORDS, lambda: 0.0)


def dolt(directory: Path) -> None:
    """Restore from a Dolt server, beside a bare cursor that reads the same rows."""
    print(f"Dolt to Postgres: 8 columns, {DOLT_RECORDS:,} records; the best of {ROUNDS} rounds")
    if words := missing():
        told(words)
        return
    with running_dolt(directory) as source, _postgres(directory) as server:
        source.value("CREATE DATABASE carried")
        _prepare(directory, source.url("carried"), DOLT_RECORDS)
        account = {"host": HOST, "port": source.port, "user": "root", "password": source.password}
        _compare(
            source.url("carried"),
            server,
            DOLT_RECORDS,
            lambda: _seconds("cursor", {**account, "database": "carried"}),
        )


def _postgres(directory: Path) -> AbstractContextManager[Postgres]:
    place = directory / "postgres"
    place.mkdir()
    place.chmod(0o755)
    directory.chmod(0o755)
    return running_postgres(place)


def _prepare(directory: Path, database: Path | str, records: int) -> None:
    """Commit all records, then one of a hundred changed, next to each other by key."""
    first, second = directory / "first", directory / "second"
    write(first, chain(TINY, lines(records, records)))
    write(second, lines(records // 100, records, change=1))
    for file in (first, second):
        load(database, file)


def _compare(database: str, server: Postgres, records: int, cursor: Callable[[], float]) -> None:
    account = server.settings()
    url = f"postgresql://{account['user']}@{HOST}:{server.port}/{account['database']}"
    there = (*("--table", STREAM), database, url)
    rounds: list[tuple[float, ...]] = []
    for _ in range(ROUNDS):  # all by turns: what else runs here hits each
        server.run(f"DROP TABLE IF EXISTS {STREAM}; DROP TABLE IF EXISTS tiny")
        start_up = _run(server, "restore", "--no-verify", "--table", "tiny", database, url)
        full = _run(server, "restore", "--no-verify", *there)
        verified = _run(server, "verify", *there)
        raw = _seconds("copy", {**account, "table": STREAM})
        read = cursor()
        by_history = _run(
            server, "restore", "--no-verify", "--by-history", "--at", "HEAD~1", *there
        )
        compared = _run(server, "restore", "--no-verify", "--base", "HEAD~1", *there)
        peaks = full.peak_mb, verified.peak_mb, compared.peak_mb
        runs = (start_up, full, verified, by_history, compared)
        rounds.append((raw, read, *(one.seconds for one in runs)))
    raw, read, start_up_, *rest = (min(column) for column in zip(*rounds, strict=True))
    took = [one - start_up_ for one in rest]
    told(f"start-up (a table of one row) {start_up_:.2f} s, left out of what follows")
    told(f"raw COPY, same rows and table: {records / raw:,.0f} rows/s")
    if read:
        told(f"bare server-side cursor: {records / read:,.0f} rows/s")
    of_what = f"{raw / took[0]:.2f} of raw COPY" + (
        f", {read / took[0]:.2f} of the cursor" if read else ""
    )
    told(f"full: {records / took[0]:,.0f} rows/s ({of_what}), peak memory {peaks[0]:.0f} MB")
    told(f"verify: {records / took[1]:,.0f} rows/s, peak memory {peaks[1]:.0f} MB")
    told(
        f"{records // 100:,} rows changed, by history: {took[2]:.2f} s, "
        f"{took[0] / took[2]:.1f} times full's speed"
    )
    told(
        f"{records // 100:,} rows changed, all compared: {took[3]:.2f} s, "
        f"{took[0] / took[3]:.1f} times full's speed, peak memory {peaks[2]:.0f} MB"
    )


def _run(server: Postgres, *arguments: str) -> Load:
    """Run `dolt-sync`; return how long it took, and its peak memory."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*SYNC, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PGPASSWORD": server.password},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"dolt-sync {arguments[0]} failed")
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes there, kilobytes here
    cpu = usage.ru_utime + usage.ru_stime
    return Load(time.perf_counter() - began, cpu, usage.ru_maxrss * unit / 1e6, [])


def _seconds(way: str, account: dict[str, object]) -> float:
    """Return how long raw statements take; see `raw_carried`."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.raw_carried", way],
        input=json.dumps(account),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
