"""What a user would pick instead, on the same bytes: each in an environment of its own."""

# ruff: noqa: S603, S607, S608, T201 - programs that others made, and a benchmark prints what it found

from __future__ import annotations

import csv
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.cases import ENVS, RECORDS
from benchmarks.dolt_server import DoltServer, missing, running_dolt
from benchmarks.findings import told, write
from benchmarks.loader import load
from benchmarks.records import PROPERTIES, STREAM, lines
from demo.postgres import Postgres, running_postgres

FEW = 100_000
"""Records for those that take minutes for all: enough that start-up is a small part."""

MORE = 200_000

DLT = """
import json, sys
import dlt

def rows():
    with open(sys.argv[1]) as messages:
        for line in messages:
            message = json.loads(line)
            if message["type"] == "RECORD":
                yield message["record"]

pipeline = dlt.pipeline("peer", pipelines_dir=sys.argv[3], dataset_name=sys.argv[4],
    destination=dlt.destinations.sqlalchemy(sys.argv[2]))
pipeline.run(rows(), table_name="events", write_disposition="merge", primary_key="id")
"""


def peers(directory: Path) -> None:
    """Load plain records with each; print records/s, start-up included, and our ratio to it."""
    print("Peers: 8 columns by key, first load, whole process; ours on as many records")
    directory.chmod(0o755)  # where this runs as root, Postgres runs as somebody else
    place = directory / "postgres"
    place.mkdir()
    with running_postgres(place) as postgres:
        for name, count in (
            ("meltanolabs-target-postgres", FEW),
            ("pipelinewise-target-postgres", MORE),
        ):
            _target(name, count, postgres, directory)
    if words := missing():
        told(words)
        return
    with running_dolt(directory / "dolt") as server:
        _dlt(server, directory)
        _table_import(server, directory)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ours(directory: Path, messages: Path, server: DoltServer | None = None) -> float:
    name = f"ours{time.monotonic_ns()}"
    if server is None:
        return load(directory / f"{name}.db", messages).seconds
    server.value(f"CREATE DATABASE {name}")
    return load(server.url(name), messages).seconds


def _messages(directory: Path, count: int) -> Path:
    path = directory / f"messages{count}"
    if not path.exists():
        write(path, lines(count, 10_000))
    return path


def _tell(name: str, count: int, theirs: float, ours: float, where: str) -> None:
    told(
        f"{name}: {count / theirs:,.0f} records/s; target-dolt into {where} "
        f"{count / ours:,.0f}, {theirs / ours:.1f} times"
    )


def _target(name: str, count: int, postgres: Postgres, directory: Path) -> None:
    program = ENVS / name / "bin" / name.removeprefix("meltanolabs-").removeprefix("pipelinewise-")
    if not program.exists():
        told(f"{name} is left out: it is not installed (make targets)")
        return
    schema = name.split("-", maxsplit=1)[0]
    postgres.run(f"CREATE SCHEMA {schema}")
    account = postgres.settings()
    account |= {"dbname": account["database"], "default_target_schema": schema}
    config = directory / f"{name}.json"
    config.write_text(json.dumps(account))
    messages = _messages(directory, count)

    def run() -> None:
        with messages.open() as stdin:
            done = subprocess.run(
                [program, "--config", config],
                stdin=stdin,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            told(f"{name} failed: {done.stderr.strip().splitlines()[-1][:200]}")

    theirs = _timed(run)
    found = postgres.run(f"SELECT count(*) FROM {schema}.{STREAM}")
    if found != str(count):
        told(f"{name} is left out: {found} of {count:,} rows arrived")
        return
    _tell(name, count, theirs, _ours(directory, messages), "DoltLite")
    if missing() is None:
        with running_dolt(directory / f"dolt-{schema}") as server:
            _tell(name, count, theirs, _ours(directory, messages, server), "Dolt")


def _dlt(server: DoltServer, directory: Path) -> None:
    python = ENVS / "dlt" / "bin" / "python"
    if not python.exists():
        told("dlt is left out: it is not installed (make bench makes it)")
        return
    messages = _messages(directory, FEW)
    server.value("CREATE DATABASE dlt")
    url = server.url("dlt").replace("dolt://", "mysql+pymysql://")
    command = [python, "-c", DLT, messages, url, directory / "dlt", "dlt"]
    done: list[subprocess.CompletedProcess[str]] = []
    environment = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false"}
    theirs = _timed(
        lambda: done.append(
            subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        )
    )
    if done[0].returncode != 0:
        told(f"dlt failed: {done[0].stderr.strip().splitlines()[-1][:200]}")
        return
    ours = _ours(directory, messages, server)
    _tell("dlt's sqlalchemy destination into the same Dolt", FEW, theirs, ours, "Dolt")


def _table_import(server: DoltServer, directory: Path) -> None:
    messages, rows = _messages(directory, RECORDS), directory / "rows.csv"
    with rows.open("w", newline="") as file, messages.open() as given:
        writer = csv.DictWriter(file, list(PROPERTIES))
        writer.writeheader()
        writer.writerows(_records(given))
    repository = directory / "imported"
    repository.mkdir()
    home = directory / "home"
    (home / ".dolt").mkdir(parents=True)
    settings = {"metrics.disabled": "true", "versioncheck.disabled": "true",
                "user.name": "bench", "user.email": "bench@localhost"}  # fmt: skip
    (home / ".dolt" / "config_global.json").write_text(json.dumps(settings))
    name = f"ours{time.monotonic_ns()}"
    server.value(f"CREATE DATABASE {name}")
    ours = load(server.url(name), messages).seconds
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW CREATE TABLE {STREAM}")
        ddl = str(cursor.fetchone()[1])

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
    theirs = _timed(lambda: dolt("table", "import", "-u", STREAM, rows))
    _tell("dolt table import", RECORDS, theirs, ours, "Dolt")


def _records(messages: Iterator[str]) -> Iterator[dict[str, object]]:
    for line in islice(messages, 1, None):
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            yield {**record, "created_at": record["created_at"].rstrip("Z").replace("T", " "),
                   "active": int(record["active"])}  # fmt: skip
