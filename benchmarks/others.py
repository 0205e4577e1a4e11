"""Programs that a user would pick instead, each in an environment of its own."""

# ruff: noqa: S603, S608 - programs that others made; the names are the benchmark's own

from __future__ import annotations

import abc
import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import ENVS
from benchmarks.dolt_server import DoltServer
from demo.postgres import Postgres

SECONDS = 120
"""How long one may take for a case."""

_DLT = """
import json, sys
import dlt

def rows(stream):
    with open(sys.argv[1]) as messages:
        for line in messages:
            if f'"stream": "{stream}"' not in line:
                continue
            message = json.loads(line)
            if message["type"] == "RECORD" and message["stream"] == stream:
                yield message["record"]

def resource(schema):
    keys = schema["key_properties"]
    way = {"write_disposition": "merge", "primary_key": keys} if keys else {}
    return dlt.resource(rows(schema["stream"]), name=schema["stream"], **way)

with open(sys.argv[1]) as messages:
    some = [json.loads(next(messages)) for _ in range(int(sys.argv[5]))]
pipeline = dlt.pipeline("peer", pipelines_dir=sys.argv[3], dataset_name=sys.argv[4],
    destination=dlt.destinations.sqlalchemy(sys.argv[2]))
pipeline.run([resource(one) for one in some])
"""


class LeftOutError(Exception):
    """A program that cannot load a case, with the reason."""


class Other(abc.ABC):
    """A program that loads messages into a place of its own."""

    name: str

    @property
    @abc.abstractmethod
    def is_here(self) -> bool:
        """Whether it is installed."""

    @abc.abstractmethod
    def run(self, place: str, messages: Path, tables: Sequence[str]) -> None:
        """Load messages, which begin with the SCHEMA of each table.

        Raises:
            LeftOutError: It cannot.
        """

    @abc.abstractmethod
    def make(self, place: str) -> None:
        """Make an empty place: a schema, or a database."""

    @abc.abstractmethod
    def rows(self, place: str, table: str) -> int:
        """Return how many rows a table has."""

    def timed(self, place: str, inputs: Sequence[Path], tables: Sequence[str], rows: int) -> float:
        """Load inputs one after the other; return the seconds that the last of them took.

        Raises:
            LeftOutError: It cannot, or other rows than those arrived.
        """
        self.make(place)
        began = 0.0
        for messages in inputs:
            began = time.perf_counter()
            self.run(place, messages, tables)
        seconds = time.perf_counter() - began
        found = sum(self.rows(place, table) for table in tables)
        if found != rows:
            msg = f"{found:,} of {rows:,} rows arrived"
            raise LeftOutError(msg)
        return seconds


def _run(command: Sequence[object], stdin: Path, environment: dict[str, str]) -> None:
    with stdin.open() as messages:
        try:
            done = subprocess.run(
                list(map(str, command)),
                stdin=messages,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **environment},
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            msg = f"no end after {SECONDS} s"
            raise LeftOutError(msg) from error
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise LeftOutError(words[-1][:160])


class PostgresTarget(Other):
    """A Singer target into Postgres."""

    def __init__(self, name: str, postgres: Postgres, directory: Path) -> None:
        """Take its package's name, and a server."""
        self.name = name
        program = name.removeprefix("meltanolabs-").removeprefix("pipelinewise-")
        self._program = ENVS / name / "bin" / program
        self._postgres = postgres
        self._config = directory / f"{name}.json"
        self._prefix = name.partition("-")[0]

    @property
    def is_here(self) -> bool:
        """Whether it is installed."""
        return self._program.exists()

    def _schema(self, place: str) -> str:
        return f"{self._prefix}_{place}"

    def make(self, place: str) -> None:
        """Make a schema."""
        self._postgres.run(f"CREATE SCHEMA {self._schema(place)}")
        account = self._postgres.settings()
        account |= {"dbname": account["database"], "default_target_schema": self._schema(place)}
        account |= {"primary_key_required": False}
        self._config.write_text(json.dumps(account))

    def run(self, place: str, messages: Path, tables: Sequence[str]) -> None:
        """Load messages."""
        del place, tables
        _run([self._program, "--config", self._config], messages, {})

    def rows(self, place: str, table: str) -> int:
        """Count a table's rows."""
        there = f"to_regclass('{self._schema(place)}.{table}') IS NOT NULL"
        if self._postgres.run(f"SELECT {there}") != "t":
            return 0
        return int(self._postgres.run(f"SELECT count(*) FROM {self._schema(place)}.{table}"))


class Dlt(Other):
    """dlt's destination of SQLAlchemy, into a Dolt server."""

    name = "dlt"

    def __init__(self, server: DoltServer, directory: Path) -> None:
        """Take a server."""
        self._server = server
        self._directory = directory
        self._python = ENVS / "dlt" / "bin" / "python"

    @property
    def is_here(self) -> bool:
        """Whether it is installed."""
        return self._python.exists()

    def make(self, place: str) -> None:
        """Make a database."""
        self._server.value(f"CREATE DATABASE dlt_{place}")

    def run(self, place: str, messages: Path, tables: Sequence[str]) -> None:
        """Load messages as a script of a few lines would."""
        name = f"dlt_{place}"
        url = self._server.url(name).replace("dolt://", "mysql+pymysql://")
        arguments = [messages, url, self._directory / name, name, len(tables)]
        quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false"}
        _run([self._python, "-c", _DLT, *arguments], messages, quiet)

    def rows(self, place: str, table: str) -> int:
        """Count a table's rows."""
        name = f"dlt_{place}"
        there = f"SELECT count(*) FROM dolt_status WHERE table_name = '{table}'"
        if not self._server.value(there, name):
            return 0
        return int(str(self._server.value(f"SELECT count(*) FROM `{table}`", name)))
