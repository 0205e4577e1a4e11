"""What `benchmarks` measures on a Dolt server: speed against raw statements, and memory."""

# ruff: noqa: S608, T201 - the names are its own, and a benchmark prints what it found

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import rate, told, write
from benchmarks.loader import commits, load, raw_dolt_seconds
from benchmarks.records import STREAM, lines

RECORDS = 200_000
EVERY = 10_000
ROUNDS = 3
MANY_RECORDS = 5_000_000
LOOK_EVERY = 500_000


def speed(directory: Path) -> None:
    """Load, change each record and load again, by LOAD DATA and by INSERT."""
    print(f"Dolt: 8 columns, {RECORDS:,} records, default settings; the best of {ROUNDS} rounds")
    if words := missing():
        told(words)
        return
    for way, every in (("load", RECORDS), ("load", EVERY), ("insert", EVERY)):
        place = directory / f"{way}-{every}"
        with running_dolt(place, local_infile=way == "load") as server:
            _compare(server, place, way, every)


WAYS = {"load": "LOAD DATA LOCAL REPLACE", "insert": "INSERT of many rows"}


def _compare(server: DoltServer, directory: Path, way: str, every: int) -> None:
    messages = directory / "first", directory / "changed"
    for change, file in enumerate(messages):
        write(file, lines(RECORDS, every, change))
    nothing = directory / "nothing"
    nothing.touch()
    rounds = []
    for number in range(ROUNDS):  # loader and ceiling by turns: what else runs here hits both
        name = f"loaded{number}"
        server.value(f"CREATE DATABASE {name}")
        url = server.url(name)
        took, made = [load(url, nothing).seconds], []
        for file in messages:
            took.append(load(url, file).seconds)
            made.append(str(server.value("SELECT dolt_hashof('main')", name)))
        took += raw_dolt_seconds(server, name, made, f"raw{number}", way)
        rounds.append(took)
        count = commits(url) - 1
    start_up, once, twice, raw, raw_over = (min(column) for column in zip(*rounds, strict=True))
    told(f"by {WAYS[way]}, a STATE every {every:,}: {count} commits, start-up {start_up:.2f} s")
    rates = f"{RECORDS / raw:,.0f} records/s, each row changed {RECORDS / raw_over:,.0f}"
    told(f"  raw, same rows and table: {rates}")
    rate("  first load", RECORDS, once, start_up, raw)
    rate("  each row changed", RECORDS, twice, start_up, raw_over)


def memory(directory: Path) -> None:
    """Load 5,000,000 records without a STATE, and look at the target branch meanwhile."""
    print(f"Dolt, memory: {MANY_RECORDS:,} records, one STATE at their end")
    if words := missing():
        told(words)
        return
    with running_dolt(directory) as server:
        server.value("CREATE DATABASE many")
        seen: list[tuple[int, float]] = []
        done = load(server.url("many"), _watched(server, seen))
        told(f"{MANY_RECORDS / done.seconds:,.0f} records/s, loader's peak {done.peak_mb:.0f} MB")
        sizes = ", ".join(f"{size:.0f}" for _, size in seen)
        told(
            f"server: {sizes} MB after each {LOOK_EVERY:,}; peak {server.memory_mb('VmHWM'):.0f} MB"
        )
        rows = server.value(f"SELECT count(*) FROM {STREAM}", "many")
        told(f"tables that readers saw meanwhile: {max(seen)[0]}; rows after the commit: {rows:,}")


def _watched(server: DoltServer, seen: list[tuple[int, float]]) -> Iterator[str]:
    count = (
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_schema = 'many' AND table_type = 'BASE TABLE'"
    )
    for number, line in enumerate(lines(MANY_RECORDS, MANY_RECORDS)):
        if number % LOOK_EVERY == 0:
            seen.append((server.value(count, "many"), server.memory_mb("VmRSS")))
        yield line
