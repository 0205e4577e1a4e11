"""Real Dolt servers for tests, and what tests of them have in common.

A server runs in a directory and with a HOME of its own, on a free port of loopback, and is
ended by its process id.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import pymysql
import pytest
import sqlalchemy as sa
from support import Message, Place, record, schema, state
from support_state import DOGS, PATIENCE_SECONDS, dog
from typing_extensions import Self

from target_dolt.errors import ConfigError

PASSWORD = "s3cret:/@%"  # noqa: S105 - of a server that lives as long as the tests
_numbers = itertools.count(1)

NO_DOLT = "no `dolt` on PATH: nothing that concerns a Dolt server was tested"

needs_dolt = pytest.mark.skipif(shutil.which("dolt") is None, reason=NO_DOLT)
"""For tests that start `dolt`."""

quick_retries = pytest.mark.usefixtures("_quick_retries")
"""For runs that lose something and go on: they try again soon, and until it is back."""

few_retries = pytest.mark.usefixtures("_few_retries")
"""For runs that must give up."""

LOST = pytest.mark.parametrize("lost", ["request", "answer"])
"""Of a request whose connection is lost: it itself, or the answer to what was done."""

BOTH = pytest.mark.parametrize("bulk_load", ["load_data", "insert"])
KEYS = pytest.mark.parametrize("keys", [["id"], []], ids=["keyed", "keyless"])

ONE_DOG = [DOGS, dog(1), state({"n": 1})]

PORTS = range(20_000, 32_000)
"""Below those that a system gives to clients: Linux from 32,768 on, macOS from 49,152 on."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on, and that no client will be given."""
    while True:
        port = random.choice(PORTS)  # noqa: S311 - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


_MANY_DATABASES = 100


class DoltServer:
    """One `dolt sql-server`, with `local_infile` on and an account of the tests."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        data: Path | None = None,
        listener: Mapping[str, Any] | None = None,
        local_infile: bool = True,
        remotes_port: int | None = None,
    ) -> None:
        """Choose a port; `start` starts the server.

        Args:
            directory: Where the server's own files go.
            port: The port; None for a free one.
            data: The directory that it serves; None for a new one.
            listener: More of the configuration's `listener`.
            local_infile: Whether LOAD DATA LOCAL is allowed.
            remotes_port: The port of its remotes API; None for none.
        """
        self.directory = directory
        self.port = port or free_port()
        self._data = data or directory / "data"
        self._listener = {"host": "127.0.0.1", "port": self.port, **(listener or {})}
        self._variables = {"local_infile": 1} if local_infile else {}
        self._remotes = {"remotesapi": {"port": remotes_port}} if remotes_port else {}
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._data.mkdir(exist_ok=True)
        config = self.directory / "config.yaml"
        config.write_text(
            json.dumps(
                {
                    "log_level": "warning",
                    "data_dir": str(self._data),
                    "cfg_dir": str(self.directory / "cfg"),
                    "listener": self._listener,
                    "system_variables": self._variables,
                    **self._remotes,
                }
            ),
            encoding="utf-8",
        )
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["dolt", "sql-server", "--config", str(config)],
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "DOLT_ROOT_PASSWORD": PASSWORD},
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.connect().close()
            except pymysql.err.MySQLError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill the server as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def crash(self) -> None:
        """Kill the server and start it again on its port."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE_SECONDS)

    def connect(self, database: str | None = None, **options: Any) -> Any:
        """Open a plain PyMySQL connection."""
        account = {"user": "root", "password": PASSWORD, **options}
        return pymysql.connect(host="127.0.0.1", port=self.port, database=database, **account)

    def execute(self, *statements: str) -> list[Any]:
        """Run statements as an administrator; return the rows of the last one."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())

    def kill_connections(self, *, to: str) -> int:
        """End every connection to a database, by KILL; return how many there were."""
        found = [row[0] for row in self.execute("SHOW PROCESSLIST") if row[3] == to]
        for number in found:
            self.execute(f"KILL {number}")
        return len(found)

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
        self.execute(f"CREATE DATABASE {name}")
        self._made += 1
        return self.config(name)

    def freshen(self) -> None:
        """Start again where many databases were made: each slows all statements down a little.

        Also one that was dropped: after 900 of them a test takes twice its time.
        """
        if self._made >= _MANY_DATABASES:
            self.stop()
            self.start()
            self._made = 0

    def drop_databases(self, names: Sequence[str] | None = None) -> None:
        """Drop some databases, or every one but the server's own."""
        if names is None:
            found = [name for (name,) in self.execute("SHOW DATABASES")]
            names = [name for name in found if name not in {"information_schema", "mysql"}]
        for name in names:
            quoted = name.replace("`", "``")
            self.execute(f"DROP DATABASE IF EXISTS `{quoted}`")


_exact = msgspec.json.Encoder(decimal_format="number").encode


def plain(message: Message) -> str:
    """Return a message as a line of JSON, its Decimals as numbers."""
    return _exact(message).decode()


def numbered_stream(keys: Sequence[str], stream: str = "t") -> dict[str, Any]:
    """Return the SCHEMA of a stream of records of `numbered`."""
    return schema(stream, {"id": {"type": "integer"}, "v": {"type": "string"}}, keys)


def numbered(number: int, stream: str = "t") -> dict[str, Any]:
    """Return a RECORD of a stream."""
    return record(stream, id=number, v=f"row {number}")


def numbers_of(place: Place, table: str = "t") -> list[int]:
    """Return all ids in order: a row that is there twice shows twice."""
    return [number for (number,) in place.query(f"SELECT id FROM {table} ORDER BY id")]


def url_of(place: Place, branch: str | None = None) -> sa.URL:
    """Return the database as a URL."""
    config = place.config
    database = config["database"] + (f"/{branch}" if branch else "")
    return sa.URL.create(
        "dolt", config["user"], config["password"], config["host"], config["port"], database
    )


@contextmanager
def engine_of(url: sa.URL | str, **options: Any) -> Iterator[sa.Engine]:
    """Open an engine as any SQLAlchemy user does, and close its pool at the end."""
    engine = sa.create_engine(url, **options)
    try:
        yield engine
    finally:
        engine.dispose()


def refusal(place: Place, messages: Sequence[Message | str] = ONE_DOG, **settings: Any) -> str:
    """Load, and return the words of the ConfigError; never with the password in them."""
    with pytest.raises(ConfigError) as refused:
        place.load(messages, **settings)
    text = str(refused.value)
    assert PASSWORD not in text
    assert text
    assert "\n" not in text
    return text
