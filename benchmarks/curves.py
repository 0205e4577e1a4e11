"""What a change costs as a table grows, and a commit as history grows."""

# ruff: noqa: T201 - a benchmark prints what it found

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks import records
from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import load

ROWS = tuple(int(one) for one in os.environ.get("BENCH_ROWS", "1000000 4000000").split())
"""Rows of the table; BENCH_ROWS="1000000 10000000 50000000" where there is time and disk."""

EVERY = 100_000
CHANGED = 10_000


def curves(directory: Path) -> None:
    """Change 10,000 rows of tables of several sizes: neighbours, and spread over the table."""
    print(f"Cost by the table's size: {CHANGED:,} rows changed, one commit, start-up left out")
    nothing = directory / "nothing"
    nothing.touch()
    _grow("DoltLite", directory / "large.db", directory, None)
    if words := missing():
        told(words)
        return
    with running_dolt(directory / "dolt") as server:
        server.value("CREATE DATABASE large")
        _grow("Dolt", server.url("large"), directory, server)


def _grow(name: str, database: Path | str, directory: Path, server: DoltServer | None) -> None:
    before = 0
    for rows in ROWS:
        done = load(database, _more(before, rows))
        told(f"{name}, {rows:>11,} rows: loaded at {(rows - before) / done.seconds:,.0f} records/s")
        start_up = load(database, directory / "nothing").seconds
        for number, (what, step) in enumerate((("neighbours", 1), ("spread", rows // CHANGED))):
            messages = directory / "changed"
            write(messages, _changed(rows, step, rows + number))
            size = _size(database, server)
            took = load(database, messages).seconds - start_up
            more = (_size(database, server) - size) / 1e6
            told(f"  {what}: {took:.2f} s, {more:.1f} MB")
        before = rows


def _size(database: Path | str, server: DoltServer | None) -> int:
    return database.stat().st_size if isinstance(database, Path) else server.size("large")  # type: ignore[union-attr]


def _more(first: int, last: int) -> Iterator[str]:
    yield records.SCHEMA
    for number in range(first + 1, last + 1):
        yield records.record(number)
        if number % EVERY == 0:
            yield records.state(number)


def _changed(rows: int, step: int, change: int) -> Iterator[str]:
    yield records.SCHEMA
    for number in range(CHANGED):
        yield records.record(rows - number * step, change)
    yield records.state(change)
