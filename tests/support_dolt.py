"""A real Dolt server for tests: in a directory and with a HOME of their own, on loopback."""

from __future__ import annotations

import itertools
import os
import secrets
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pymysql

PASSWORD = "s3cret:/@%"  # noqa: S105 - of a server that lives as long as the tests
_numbers = itertools.count(1)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DoltServer:
    """One `dolt sql-server`, with `local_infile` on and an account of the tests."""

    def __init__(self, directory: Path, port: int | None = None) -> None:
        """Choose a port; `start` starts the server."""
        self.directory = directory
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        data = self.directory / "data"
        data.mkdir(exist_ok=True)
        config = self.directory / "config.yaml"
        config.write_text(
            f"log_level: warning\ndata_dir: {data}\ncfg_dir: {self.directory / 'cfg'}\n"
            f"listener: {{host: 127.0.0.1, port: {self.port}}}\n"
            "system_variables: {local_infile: 1}\n"
        )
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["dolt", "sql-server", "--config", str(config)],
                cwd=data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "DOLT_ROOT_PASSWORD": PASSWORD},
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
                return
            except pymysql.err.MySQLError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill the server as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def connect(self, database: str | None = None) -> Any:
        """Open a plain PyMySQL connection."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", password=PASSWORD, database=database
        )

    def config(self, database: str) -> dict[str, Any]:
        """Return the settings that name a database of this server."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": "root",
            "password": PASSWORD,
            "database": database,
        }

    def new_database(self) -> dict[str, Any]:
        """Make a database; return the settings that name it."""
        name = f"test_{next(_numbers)}_{secrets.token_hex(2)}"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return self.config(name)
