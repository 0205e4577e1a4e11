"""`target-dolt` in a process of its own: how long it takes and how much memory it needs.

A process starts with the peak memory of the one that it was split from, so this one stays small:
input is written line by line, and whatever holds rows runs elsewhere.
"""

# ruff: noqa: S603 - the commands are this project's own

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmarks.dolt_server import HOST, DoltServer

INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment of a command: an installed one has its bytecode, whose making takes a tenth of a
second."""

SYNC = [sys.executable, "-c", "from tap_adapters.commands.cli import main; main()"]


@dataclass(frozen=True)
class Load:
    """What one run was like."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    states: list[float]
    """When each STATE came, in seconds after the start."""


def load(database: Path | str, messages: Path | Iterable[str], **settings: object) -> Load:
    """Load a file of messages, or messages as they are made, into a file or a URL."""
    where = "path" if isinstance(database, Path) else "sqlalchemy_url"
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "config.json"
        config.write_text(json.dumps({where: str(database), **settings}))
        log = Path(name) / "target.log"
        with log.open("wb") as stderr, (Path(name) / "states").open("w+b") as stdout:
            command = [sys.executable, "-m", "target_dolt", "--config", str(config)]
            began = time.perf_counter()
            if isinstance(messages, Path):
                with messages.open("rb") as stdin:
                    process = subprocess.Popen(
                        command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=INSTALLED
                    )
                states = _times(process.stdout, began)
            else:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, env=INSTALLED
                )
                _write(process.stdin, messages)
                states = []
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - began
        if process.returncode != 0:
            sys.exit(f"target-dolt failed:\n{log.read_text()[-4000:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes there, kilobytes here
    cpu = usage.ru_utime + usage.ru_stime
    return Load(seconds, cpu, usage.ru_maxrss * unit / 1e6, states)


def _times(stdout: IO[bytes] | None, began: float) -> list[float]:
    if stdout is None:
        return []
    with stdout:
        return [time.perf_counter() - began for _ in stdout]


def _write(stdin: IO[bytes] | None, messages: Iterable[str]) -> None:
    if stdin is None:
        return
    with stdin:
        stdin.writelines(f"{line}\n".encode() for line in messages)


def commits(database: Path | str) -> int:
    """Return how many commits the database's branch has."""
    query = "SELECT count(*) FROM dolt_log"
    done = subprocess.run(
        [*SYNC, "sql", str(database), "--format", "csv", query],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[-1])


def raw_dolt_seconds(
    server: DoltServer, source: str, made: list[str], copy: str, way: str
) -> list[float]:
    """Return how long raw statements take for a database's rows at some commits; see `raw_dolt`."""
    account = {"host": HOST, "port": server.port, "user": "root", "password": server.password}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.raw_dolt"],
        input=json.dumps(
            {"server": account, "source": source, "commits": made, "copy": copy, "way": way}
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def raw_seconds(database: Path, copy: Path) -> float:
    """Return how long plain `executemany` takes for a database's rows; see `raw`."""
    command = [sys.executable, "-m", "benchmarks.raw", str(database), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)
