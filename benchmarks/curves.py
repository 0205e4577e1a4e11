"""What a change costs as a table grows, and a commit as history grows.

By processor time too, of the loader and of the server: what else runs on the machine adds to time
on the clock only.
"""

# ruff: noqa: T201 - a benchmark prints what it found

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import history, records
from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import load

ROWS = tuple(int(one) for one in os.environ.get("BENCH_ROWS", "1000000 4000000").split())
"""Rows of the table; BENCH_ROWS="1000000 10000000 50000000" where there is time and disk."""

COMMITS = tuple(int(one) for one in os.environ.get("BENCH_COMMITS", "10 1000 10000").split())
"""Commits in history; BENCH_COMMITS="10 1000 20000" where there is time."""

EVERY = 100_000
CHANGED = 10_000
TIMED = 100
"""Commits that are timed."""


@dataclass(frozen=True)
class _Place:
    """A database that grows."""

    name: str
    database: Path | str
    server: DoltServer | None = None

    def size(self) -> int:
        """Return its bytes."""
        if isinstance(self.database, Path):
            return self.database.stat().st_size
        return 0 if self.server is None else self.server.size(self.database.rpartition("/")[2])

    def load(self, messages: Path | Iterator[str], **settings: object) -> tuple[float, float]:
        """Return the seconds of a load, by the clock and of all processors."""
        busy = self.server.cpu_seconds() if self.server else 0.0
        done = load(self.database, messages, **settings)
        busy = self.server.cpu_seconds() - busy if self.server else 0.0
        return done.seconds, done.cpu_seconds + busy

    def commit(self, count: int) -> None:
        """Make commits of one row each."""
        if self.server is not None:
            history.on_server(self.server, str(self.database).rpartition("/")[2], count)
            return
        command = [sys.executable, "-m", "benchmarks.history", str(self.database), str(count)]
        subprocess.run(command, check=True)  # noqa: S603 - this project's own


def curves(directory: Path) -> None:
    """Change rows of tables of several sizes; commit upon histories of several lengths."""
    (directory / "nothing").touch()
    for part in (_by_rows, _by_commits):
        part(_Place("DoltLite", directory / f"{part.__name__}.db"), directory)
        if words := missing():
            told(words)
            continue
        with running_dolt(directory / f"dolt{part.__name__}") as server:
            server.value("CREATE DATABASE grown")
            part(_Place("Dolt", server.url("grown"), server), directory)


def _by_rows(place: _Place, directory: Path) -> None:
    print(f"{place.name}, {CHANGED:,} rows changed in one commit, start-up left out", flush=True)
    before = 0
    for rows in ROWS:
        seconds, cpu = place.load(_more(before, rows))
        told(f"{rows:>11,} rows: loaded at {(rows - before) / seconds:,.0f} records/s, {cpu:.1f} s")
        idle = place.load(directory / "nothing")
        for number, (what, step) in enumerate((("neighbours", 1), ("spread", rows // CHANGED))):
            messages = directory / "changed"
            write(messages, _changed(rows, step, number + 1))
            size = place.size()
            seconds, cpu = (
                took - none for took, none in zip(place.load(messages), idle, strict=True)
            )
            more = (place.size() - size) / 1e6
            told(f"  {what}: {seconds:.2f} s, processors {cpu:.2f} s, {more:.1f} MB")
        before = rows


def _by_commits(place: _Place, directory: Path) -> None:
    print(f"{place.name}, a commit of one row, start-up left out", flush=True)
    place.load(_rows())
    made = 2  # the engine's own, and that of the rows
    for number, commits in enumerate(COMMITS):
        place.commit(commits - made)
        idle = place.load(directory / "nothing")
        messages = directory / "commits"
        write(messages, _one_row_a_state(number))
        took = place.load(messages, commit_interval_seconds=0)
        seconds, cpu = (1e3 * (one - none) / TIMED for one, none in zip(took, idle, strict=True))
        told(f"{commits:>7,} commits: {seconds:.1f} ms a commit, processors {cpu:.1f} ms")
        made = commits + TIMED


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


def _rows() -> Iterator[str]:
    yield records.SCHEMA
    yield from map(records.record, range(1, history.ROWS + 1))
    yield records.state(0)


def _one_row_a_state(round_: int) -> Iterator[str]:
    yield records.SCHEMA
    for number in range(TIMED):
        yield records.record(number % history.ROWS + 1, 1_000 * (round_ + 1) + number)
        yield records.state(TIMED * round_ + number + 1)
