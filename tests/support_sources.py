"""Real Postgres and MariaDB servers to read from, with their logs on, as long as a `with` lasts.

Their programs are Debian's. A server runs on a free port of loopback, in a temporary directory, as
`nobody` where the tests run as root, and is ended by its process id.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pymysql.constants
import pytest

HOST = "127.0.0.1"
SECONDS_TO_START = 60
_numbers = itertools.count(1)


def _postgres_programs() -> Path | None:
    """Return the folder of a Postgres whose wal2json is there too."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder.parent / "lib" / "wal2json.so").exists():
            return folder
    return None


POSTGRES = _postgres_programs()
MARIADB = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")

NO_POSTGRES = (
    "no Postgres with wal2json: nothing was read from a real Postgres's log; "
    "on Debian 12: apt-get install postgresql-15 postgresql-15-wal2json"
)
NO_MARIADB = (
    "no MariaDB: nothing was read from a real MariaDB's binlog; "
    "on Debian: apt-get install mariadb-server"
)

needs_postgres = pytest.mark.skipif(POSTGRES is None, reason=NO_POSTGRES)
needs_mariadb = pytest.mark.skipif(MARIADB is None, reason=NO_MARIADB)


@dataclass(frozen=True)
class Postgres:
    """A Postgres that runs."""

    programs: Path
    port: int
    password: str
    user: str = "postgres"
    database: str = "postgres"

    def run(self, script: str) -> str:
        """Run SQL, stopping at its first error; return what psql printed."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        done = subprocess.run(
            [
                *(self.programs / "psql", *options, "--set", "ON_ERROR_STOP=1"),
                *("--host", HOST, "--port", str(self.port), "--username", self.user),
                self.database,
            ],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGPASSWORD": self.password},
        )
        assert done.returncode == 0, f"psql: {done.stderr.strip()}"
        return done.stdout.strip()

    def with_new_database(self) -> Postgres:
        """Return the same server with a database that nobody has used."""
        name = f"shop{next(_numbers)}"
        self.run(f"CREATE DATABASE {name};")
        return replace(self, database=name)


@dataclass(frozen=True)
class MariaDB:
    """A MariaDB that runs."""

    port: int
    password: str
    user: str = "reader"
    database: str = "mysql"

    def run(self, script: str) -> list[dict[str, Any]]:
        """Run statements, each in a transaction of its own; return the last one's rows."""
        connection = pymysql.connect(
            host=HOST,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            autocommit=True,
            client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS,
            cursorclass=pymysql.cursors.DictCursor,
        )
        with connection, connection.cursor() as cursor:
            if not script:
                return []
            cursor.execute(script)
            rows = list(cursor.fetchall())
            while cursor.nextset():
                rows = list(cursor.fetchall())
        return rows

    def with_new_database(self) -> MariaDB:
        """Return the same server with a database that nobody has used."""
        name = f"shop{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return replace(self, database=name)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a Postgres whose log can be decoded."""
    assert POSTGRES is not None
    with _directory() as (directory, owner):
        password = secrets.token_urlsafe(16)
        word = directory / "password"
        word.write_text(password)
        data = directory / "data"
        subprocess.run(
            [
                *(POSTGRES / "initdb", "--pgdata", data, "--username=postgres"),
                *("--pwfile", word, "--auth=scram-sha-256", "--encoding=UTF8"),
                *("--locale=C", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=owner,
            cwd=directory,
        )
        word.unlink()
        port = free_port()
        options = {
            "listen_addresses": HOST,
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
            "wal_level": "logical",
            "max_replication_slots": 100,
        }
        known = subprocess.check_output([POSTGRES / "postgres", "--describe-config"], text=True)
        if "output_plugin_libraries" in known:  # since 15.19, with no other plugin allowed
            options["output_plugin_libraries"] = "wal2json"
        flags = [f"--{key}={value}" for key, value in options.items()]
        server = Postgres(POSTGRES, port, password)
        with _process([POSTGRES / "postgres", "-D", data, *flags], directory, owner) as wait:
            wait(lambda: server.run("SELECT 1"))
            yield server


@contextmanager
def running_mariadb() -> Iterator[MariaDB]:
    """Start a MariaDB that keeps a binlog of whole rows."""
    assert MARIADB is not None
    with _directory() as (directory, owner):
        data = directory / "data"
        subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={data}"),
                *("--auth-root-authentication-method=socket", "--skip-test-db"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=owner,
            cwd=directory,
        )
        server = MariaDB(free_port(), secrets.token_urlsafe(16))
        first = directory / "first.sql"
        first.write_text(
            f"CREATE USER {server.user}@'{HOST}' IDENTIFIED BY '{server.password}';\n"
            f"GRANT ALL ON *.* TO {server.user}@'{HOST}';\n"
        )
        options = {
            "datadir": data,
            "init-file": first,
            "bind-address": HOST,
            "port": server.port,
            "socket": directory / "socket",
            "pid-file": directory / "pid",
            "server-id": 1,
            "tmpdir": directory,  # a server that starts clears its own of what others use
            "log-bin": directory / "data" / "binlog",
            "binlog-format": "ROW",
            "binlog-row-image": "FULL",
            "character-set-server": "utf8mb4",
            "innodb-flush-log-at-trx-commit": 0,
        }
        flags = [f"--{key}={value}" for key, value in options.items()]
        command = [Path(MARIADB), "--no-defaults", "--skip-name-resolve", *flags]
        with _process(command, directory, owner) as wait:
            wait(lambda: server.run("SELECT 1"))
            yield server


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


@contextmanager
def _directory() -> Iterator[tuple[Path, str | None]]:
    """Give a directory to whom a server runs as: neither Postgres nor MariaDB runs as root."""
    owner = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="target-dolt-source-") as name:
        directory = Path(name).resolve()
        if owner is not None:
            os.chown(directory, pwd.getpwnam(owner).pw_uid, -1)
        yield directory, owner


@contextmanager
def _process(
    command: Sequence[str | Path], directory: Path, owner: str | None
) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Run a server; give a function that waits until a question to it is answered."""
    log = directory / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            user=owner,
            cwd=directory,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - calls the kernel only
        )

    def wait(ask: Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS_TO_START
        while process.poll() is None and time.monotonic() < end:
            try:
                ask()
            except (AssertionError, pymysql.Error):
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"{command[0]} did not start:\n{log.read_text(errors='replace')}")

    try:
        yield wait
    finally:
        for signum in (
            signal.SIGINT if "postgres" in str(command[0]) else signal.SIGTERM,
            signal.SIGQUIT,
            signal.SIGKILL,
        ):
            if process.poll() is None:
                process.send_signal(signum)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    continue


def _die_with_parent() -> None:
    """Ask Linux to end the server where the tests are killed and can end nothing themselves."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
