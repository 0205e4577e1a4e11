"""`dolt table import`, which reads a CSV with no server between, beside a load of the same rows."""

# ruff: noqa: S603, S607, T201 - Dolt's own program, and a benchmark prints what it found

from __future__ import annotations

import csv
import json
import os
import subprocess
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.cases import EVERY, RECORDS
from benchmarks.dolt_server import missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import load
from benchmarks.records import PROPERTIES, STREAM, lines


def table_import(directory: Path) -> None:
    """Load plain records with each; print records/s, start-up included, and the ratio."""
    print(f"dolt table import: 8 columns by key, {RECORDS:,} records, whole process")
    if words := missing():
        told(words)
        return
    messages = directory / "messages"
    write(messages, lines(RECORDS, EVERY))
    with running_dolt(directory / "dolt") as server:
        server.value("CREATE DATABASE ours")
        ours = load(server.url("ours"), messages).seconds
        with server.connect("ours") as connection, connection.cursor() as cursor:
            cursor.execute(f"SHOW CREATE TABLE {STREAM}")
            ddl = str(cursor.fetchone()[1])
    theirs = _import(messages, ddl, directory)
    told(
        f"dolt table import: {RECORDS / theirs:,.0f} records/s; target-dolt into Dolt "
        f"{RECORDS / ours:,.0f}, {theirs / ours:.1f} times"
    )


def _import(messages: Path, ddl: str, directory: Path) -> float:
    rows = directory / "rows.csv"
    with rows.open("w", newline="") as file, messages.open() as given:
        writer = csv.DictWriter(file, list(PROPERTIES))
        writer.writeheader()
        writer.writerows(_records(given))
    repository, home = directory / "imported", directory / "home"
    repository.mkdir()
    (home / ".dolt").mkdir(parents=True)
    settings = {"metrics.disabled": "true", "versioncheck.disabled": "true",
                "user.name": "bench", "user.email": "bench@localhost"}  # fmt: skip
    (home / ".dolt" / "config_global.json").write_text(json.dumps(settings))

    def dolt(*arguments: object) -> None:
        subprocess.run(
            ["dolt", *map(str, arguments)],
            cwd=repository,
            env={**os.environ, "HOME": str(home)},
            check=True,
            capture_output=True,
        )

    dolt("init")
    dolt("sql", "-q", ddl)
    began = time.perf_counter()
    dolt("table", "import", "-u", STREAM, rows)
    return time.perf_counter() - began


def _records(messages: Iterator[str]) -> Iterator[dict[str, object]]:
    for line in islice(messages, 1, None):
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            yield {**record, "created_at": record["created_at"].rstrip("Z").replace("T", " "),
                   "active": int(record["active"])}  # fmt: skip
