"""Measure: a first load, the same again, memory, and the cost of commits as they pile up."""

# ruff: noqa: T201 - a benchmark prints what it found

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import carried, cases, curves, on_dolt, peers, snapshot, table_import
from benchmarks.findings import rate, told, write
from benchmarks.loader import commits, load, raw_seconds
from benchmarks.records import SCHEMA, lines, record, state

RECORDS = 200_000
EVERY = 10_000
ROUNDS = 3
MANY_RECORDS = 5_000_000
COMMITS_BEFORE = (0, 1_500, 3_000)
COMMITS_TIMED = 100
ROWS_OF_COMMITS = 100


def main() -> None:
    """Run what the arguments name; without any, the cases, and those who do the same."""
    parts = {
        "speed": speed,
        "cases": cases.cases,
        "peers": peers.peers,
        "curves": curves.curves,
        "memory": memory,
        "commits": cost_of_commits,
        "dolt": on_dolt.speed,
        "dolt-memory": on_dolt.memory,
        "restore": carried.doltlite,
        "dolt-restore": carried.dolt,
        "snapshot": snapshot.snapshots,
        "import": table_import.table_import,
    }
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(parts)}, all")
    chosen = parser.parse_args().parts or ["cases", "peers", "import"]
    if chosen == ["all"]:
        chosen = list(parts)
    if unknown := set(chosen) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="target-dolt-bench-") as directory:
            parts[name](Path(directory))


def speed(directory: Path) -> None:
    """Load 200,000 records, load them again, and set both against raw executemany."""
    print(f"Speed: 8 columns, {RECORDS:,} records, a STATE every {EVERY:,}, default settings")
    messages, nothing = directory / "messages", directory / "nothing"
    write(messages, lines(RECORDS, EVERY))
    nothing.touch()
    rounds = []
    for number in range(ROUNDS):  # loader and ceiling by turns: what else runs here hits both
        database = directory / f"dolt{number}.db"
        start_up = load(directory / f"empty{number}.db", nothing).seconds
        first = load(database, messages)
        raw = raw_seconds(database, directory / f"raw{number}.db")
        made, size = commits(database), database.stat().st_size
        again = load(database, messages)
        more, growth = commits(database) - made, database.stat().st_size - size
        rounds.append((start_up, first.seconds, again.seconds, raw))
    start_up, once, twice, raw = (min(column) for column in zip(*rounds, strict=True))
    told(f"the best of {ROUNDS} rounds; a run on empty input (start-up) takes {start_up:.2f} s")
    rate("first load", RECORDS, once, start_up, raw)
    told(f"raw executemany, same rows and table: {RECORDS / raw:,.0f} records/s")
    told(f"{made - 1} commits, {size / 1e6:.1f} MB, peak memory {first.peak_mb:.0f} MB")
    rate("the same again", RECORDS, twice, start_up, raw)
    told(f"{more} new commits, file grown by {growth / size:.4%}")


def memory(directory: Path) -> None:
    """Load 5,000,000 records from a pipe."""
    print(f"Memory: {MANY_RECORDS:,} records, a STATE every {EVERY:,}, default settings")
    done = load(directory / "dolt.db", lines(MANY_RECORDS, EVERY))
    told(f"peak memory {done.peak_mb:.0f} MB, {MANY_RECORDS / done.seconds:,.0f} records/s")


def cost_of_commits(directory: Path) -> None:
    """Commit every STATE, each with one row changed, and time a hundred commits now and then."""
    total = COMMITS_BEFORE[-1] + COMMITS_TIMED
    print(f"Commits: {COMMITS_TIMED} commits of one changed row each, in a file that has")
    messages, database = directory / "messages", directory / "dolt.db"
    write(messages, one_row_a_state(total))
    done = load(database, messages, commit_interval_seconds=0)
    for before in COMMITS_BEFORE:
        # A STATE's time is its commit's end: so the first one's own start is not known.
        seconds = done.states[before + COMMITS_TIMED - 1] - done.states[before]
        told(f"{before:>5,} commits: {seconds / (COMMITS_TIMED - 1) * 1e3:.1f} ms a commit")
    told(f"{commits(database) - 1:,} commits in all, {database.stat().st_size / 1e6:.1f} MB")


def one_row_a_state(total: int) -> Iterator[str]:
    """Yield records that change the same hundred rows over and over, a STATE after each."""
    yield SCHEMA
    for number in range(total):
        row, change = number % ROWS_OF_COMMITS, number + ROWS_OF_COMMITS
        yield record(change).replace(f'"id": {change},', f'"id": {row},')
        yield state(number)


if __name__ == "__main__":
    main()
