"""Real source databases for round trips: Postgres from PyPI, MariaDB from the system."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

NO_POSTGRES = "no pgserver for this Python on PyPI: no type was tried on a real Postgres"
NO_MARIADB = "no `mariadbd` here (Debian: apt-get install mariadb-server): no type was tried on it"


def has_postgres() -> bool:
    """Whether a Postgres can be started."""
    return importlib.util.find_spec("pgserver") is not None


class Postgres:
    """A Postgres on a socket, spoken to through its own psql."""

    def __init__(self, directory: Path) -> None:
        """Start it on a fresh directory."""
        os.environ.setdefault("XDG_RUNTIME_DIR", str(directory.parent))  # it warns without one
        import pgserver  # noqa: PLC0415 - not there for every Python
        from pgserver._commands import POSTGRES_BIN_PATH  # noqa: PLC0415

        self._server = pgserver.get_server(directory)
        self._psql = POSTGRES_BIN_PATH / "psql"
        self.uri = self._server.get_uri()

    def run(self, script: str) -> list[str]:
        """Run statements; return the lines that they print."""
        done = subprocess.run(
            [str(self._psql), "-XAtq", "-v", "ON_ERROR_STOP=1", self.uri],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGCLIENTENCODING": "UTF8"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split("\n")[:-1]  # JSON may hold what str.splitlines() parts too

    def stop(self) -> None:
        """End it."""
        self._server.cleanup()


def quoted(text: str) -> str:
    """Return a text as a literal of standard SQL."""
    return "'{}'".format(text.replace("'", "''"))


@contextmanager
def mariadb(directory: Path) -> Iterator[Any]:
    """Start a MariaDB on a socket, give a connection to a fresh database, and end it."""
    data, socket = directory / "data", directory / "s"
    user = pwd.getpwuid(os.getuid()).pw_name
    subprocess.run(
        [
            shutil.which("mariadb-install-db") or "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            f"--user={user}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        check=True,
        capture_output=True,
    )
    log = (directory / "log").open("wb")
    server = subprocess.Popen(
        [
            shutil.which("mariadbd") or "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={socket}",
            f"--user={user}",
            "--skip-networking",
            "--character-set-server=utf8mb4",
        ],
        stdout=log,
        stderr=log,
    )
    try:
        connection = _connected(socket, server)
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE source")
            cursor.execute("USE source")
        yield connection
        connection.close()
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _connected(socket: Path, server: subprocess.Popen[bytes]) -> Any:
    while True:
        if socket.exists():
            return pymysql.connect(
                unix_socket=str(socket), user="root", charset="utf8mb4", autocommit=True
            )
        assert server.poll() is None, "MariaDB did not start"
        time.sleep(0.1)
