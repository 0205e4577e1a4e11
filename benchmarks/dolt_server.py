"""A `dolt sql-server` for as long as a `with` lasts, in a directory and with a HOME of its own."""

# ruff: noqa: S603, S607 - the program is the `dolt` that is on PATH

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

SECONDS_TO_START = 30
HOST = "127.0.0.1"


@dataclass(frozen=True)
class DoltServer:
    """A server that runs."""

    pid: int
    port: int
    password: str
    data: Path

    def url(self, database: str) -> str:
        """Return a database as the loader's `sqlalchemy_url`."""
        return f"dolt://root:{self.password}@{HOST}:{self.port}/{database}"

    def connect(self, database: str | None = None) -> Any:
        """Open a plain PyMySQL connection."""
        return pymysql.connect(
            host=HOST, port=self.port, user="root", password=self.password, database=database
        )

    def value(self, statement: str, database: str | None = None) -> Any:
        """Run one statement; return the first value of its answer, if it has any."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone()
            return row and row[0]

    def size(self, database: str) -> int:
        """Return how many bytes a database's commits take, garbage taken out."""
        self.value("CALL dolt_gc()", database)
        files = (self.data / database / ".dolt" / "noms").rglob("*")
        return sum(file.stat().st_size for file in files if file.is_file())

    def cpu_seconds(self) -> float:
        """Return the processor time that the server has used, by proc(5)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, what: str) -> float:
        """Return the server's memory by proc(5): `VmRSS` now, or `VmHWM` at its peak."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith(what)]
        return int(line.split()[1]) * 1024 / 1e6


def missing() -> str | None:
    """Return what is missing to run a server, in words."""
    if shutil.which("dolt") is None:
        return "no `dolt` on PATH: nothing that concerns a Dolt server is measured"
    return None


@contextmanager
def running_dolt(directory: Path, *, local_infile: bool = True) -> Iterator[DoltServer]:
    """Start a server on an empty directory, and end it whatever happens."""
    home = directory / "home"
    (home / ".dolt").mkdir(parents=True)
    settings = {"metrics.disabled": "true", "versioncheck.disabled": "true"}
    (home / ".dolt" / "config_global.json").write_text(json.dumps(settings))
    (directory / "data").mkdir()
    config, password, port = directory / "config.yaml", secrets.token_hex(16), _free_port()
    # JSON is YAML, and needs no quoting of our own.
    config.write_text(
        json.dumps(
            {
                "log_level": "warning",
                "data_dir": str(directory / "data"),
                "cfg_dir": str(directory / "cfg"),
                "listener": {"host": HOST, "port": port},
                "system_variables": {"local_infile": int(local_infile)},
            }
        )
    )
    log = directory / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["dolt", "sql-server", "--config", str(config)],
            cwd=directory / "data",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "HOME": str(home), "DOLT_ROOT_PASSWORD": password},
        )
    server = DoltServer(process.pid, port, password, directory / "data")
    try:
        _wait(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(server: DoltServer, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < end:
        try:
            server.value("SELECT 1")
        except pymysql.err.MySQLError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"dolt sql-server did not start:\n{log.read_text(errors='replace')[-2000:]}")
