"""What a user would pick instead, on the same bytes, case by case."""

# ruff: noqa: T201 - a benchmark prints what it found

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

from benchmarks.cases import Case, all_cases, messages_of, settings_of
from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import load
from benchmarks.others import Dlt, LeftOutError, Other, PostgresTarget
from demo.postgres import running_postgres

PART = 5
"""A fifth of each case's records: some of the others take minutes for all."""

FEWEST = 5_000

TARGETS = ("meltanolabs-target-postgres", "pipelinewise-target-postgres")


def peers(directory: Path) -> None:
    """Load a part of each case with each; print records/s of whole processes, and our ratios."""
    print("\nBeside others: a part of each case's records, whole processes, start-up included\n")
    directory.chmod(0o755)  # where this runs as root, Postgres runs as somebody else
    with ExitStack() as open_:
        place = directory / "postgres"
        place.mkdir()
        postgres = open_.enter_context(running_postgres(place))
        others: list[Other] = []
        for name in TARGETS:
            _take(PostgresTarget(name, postgres, directory), others)
        server = None
        if words := missing():
            told(words)
        else:
            server = open_.enter_context(running_dolt(directory / "dolt"))
            _take(Dlt(server, directory), others)
        places = ["DoltLite"] if server is None else ["DoltLite", "Dolt"]
        head = ["case", "records", *places, *(one.name for one in others)]
        print(f"| {' | '.join(head)} |\n|---|{'--:|' * (len(head) - 1)}", flush=True)
        notes = []
        for number, case in enumerate(all_cases()):
            notes += _row(case, directory / f"case{number}", server, others)
        print()
        for note in notes:
            told(note)


def _take(other: Other, others: list[Other]) -> None:
    if other.is_here:
        others.append(other)
    else:
        told(f"{other.name} is left out: it could not be installed")


def _row(
    case: Case, directory: Path, server: DoltServer | None, others: Sequence[Other]
) -> list[str]:
    """Print one case's row; return why some are left out of it."""
    count = max(case.records // PART, FEWEST)
    messages = messages_of(case, directory, count)
    inputs = [messages]
    if case.before is not None:
        inputs.insert(0, directory / "before")
        write(inputs[0], case.before(directory, count))
    with messages.open() as lines:
        schemas = list(takewhile(lambda one: one["type"] == "SCHEMA", map(json.loads, lines)))
    tables = [one["stream"] for one in schemas]
    ours = [_ours(case, directory / "ours.db", inputs)]
    name = directory.name
    if server is not None:
        server.value(f"CREATE DATABASE {name}")
        ours.append(_ours(case, server.url(name), inputs))
    cells = [case.name, f"{count:,}", *(f"{count / one:,.0f}" for one in ours)]
    notes = []
    for other in others:
        try:
            theirs = other.timed(name, inputs, tables, count)
        except LeftOutError as error:
            cells.append("-")
            notes.append(f"{case.name}, {other.name}: {error}")
        else:
            times = ", ".join(f"{theirs / one:.1f}" for one in ours)
            cells.append(f"{count / theirs:,.0f} ({times})")
    print(f"| {' | '.join(cells)} |", flush=True)
    return notes


def _ours(case: Case, database: Path | str, inputs: Sequence[Path]) -> float:
    return [load(database, one, **settings_of(case, one)).seconds for one in inputs][-1]
