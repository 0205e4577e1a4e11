"""Real taps, each in an environment of its own, run as a pipe runs them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support_pets import MARIADB, POSTGRES, STITCH, Source
from support_sources import HOST, MariaDB, Postgres, needs_mariadb, needs_postgres

ENVIRONMENTS = Path(__file__).parents[1] / ".cache" / "envs"
"""The folder with an environment for each tap, which `make` fills."""


def needs_tap(name: str) -> pytest.MarkDecorator:
    """Skip where a tap's environment was not made."""
    return pytest.mark.skipif(
        not list((ENVIRONMENTS / name).glob(".made-*")),
        reason=f"{name} was not run: `make taps` installs and runs it (MySQL's on Python < 3.12)",
    )


@dataclass
class Tap:
    """A tap with its configuration, its catalog and the state that it begins with.

    Attributes:
        name: The name of its package, and of its environment.
        command: Its program.
        config: Its configuration.
        directory: Where its files are written.
        catalog: What it was told to read; empty for a tap that needs no such thing.
        state: Where its next run goes on; None at first.
    """

    name: str
    command: str
    config: Mapping[str, Any]
    directory: Path
    catalog: dict[str, Any] = field(default_factory=dict)
    state: Any = None

    def select(self, method: str, *tables: str, **more: Any) -> None:
        """Discover streams and select them, with a replication method in all words for it."""
        self.catalog = json.loads(self._run("--discover"))
        for stream in self.catalog["streams"]:
            if tables and stream["table_name"] not in tables:
                continue
            stream["replication_method"] = method
            [whole] = [one for one in stream["metadata"] if not one["breadcrumb"]]
            whole["metadata"].update({"selected": True, "replication-method": method, **more})

    def run(self) -> list[str]:
        """Run it from its state; return the lines that it wrote."""
        options: list[str | Path] = []
        if self.catalog:
            options += ["--catalog", self._file("catalog", self.catalog)]
        if self.state:
            options += ["--state", self._file("state", self.state)]
        return self._run(*options).splitlines()

    def _run(self, *options: str | Path) -> str:
        program = ENVIRONMENTS / self.name / "bin" / self.command
        done = subprocess.run(
            [program, "--config", self._file("config", self.config), *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
            # mysql-replication reads a TIMESTAMP in the machine's time zone.
            env={**os.environ, "TZ": "UTC"},
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def _file(self, name: str, value: Any) -> Path:
        file = self.directory / f"{self.name}-{name}.json"
        file.write_text(json.dumps(value))
        return file


def last_state(lines: Sequence[str]) -> Any:
    """Return the last STATE that a tap wrote."""
    messages = [json.loads(line) for line in lines]
    return [one["value"] for one in messages if one["type"] == "STATE"][-1]


@dataclass(frozen=True)
class LogTap:
    """A tap that reads a database's log.

    Attributes:
        name: The name of its package, and of its environment.
        command: Its program.
        server: The fixture with the server that it reads.
        source: What the server's tables hold, as the tap sends it.
        config: Gives its configuration for a server, after its preparations there.
        needs: What must be there to run it.
    """

    name: str
    command: str
    server: str
    source: Source
    config: Callable[[Any], dict[str, Any]]
    needs: Sequence[pytest.MarkDecorator]

    def on(self, server: Postgres | MariaDB, directory: Path) -> Tap:
        """Return the tap, ready to read a server."""
        return Tap(self.name, self.command, self.config(server), directory)


def _pipelinewise_postgres(server: Postgres) -> dict[str, Any]:
    slot = f"pipelinewise_{server.database}"
    server.run(f"SELECT pg_create_logical_replication_slot('{slot}', 'wal2json')")
    return {
        "host": HOST,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": server.database,
        "filter_schemas": "public",
        "logical_poll_total_seconds": 1,  # unset, it waits three hours for the next change
    }


def _mysql(server: MariaDB) -> dict[str, Any]:
    return {
        "host": HOST,
        "port": str(server.port),
        "user": server.user,
        "password": server.password,
    }


def _pipelinewise_mysql(server: MariaDB) -> dict[str, Any]:
    # Four bytes of UTF-8, which its connection does not ask for by itself, and its own settings.
    session = ['SET @@session.time_zone="+0:00"', "SET NAMES utf8mb4"]
    return {
        **_mysql(server),
        "engine": "mariadb",
        "filter_dbs": server.database,
        "session_sqls": session,
    }


def _stitch_mysql(server: MariaDB) -> dict[str, Any]:
    # Its connection takes part in the replication, so it needs a number that no server has.
    return {**_mysql(server), "filter_dbs": server.database, "server_id": "77"}


LOG_TAPS = {
    one.name: one
    for one in (
        LogTap(
            "pipelinewise-tap-postgres",
            "tap-postgres",
            "postgres",
            POSTGRES,
            _pipelinewise_postgres,
            [needs_postgres, needs_tap("pipelinewise-tap-postgres")],
        ),
        LogTap(
            "pipelinewise-tap-mysql",
            "tap-mysql",
            "mariadb",
            MARIADB,
            _pipelinewise_mysql,
            [needs_mariadb, needs_tap("pipelinewise-tap-mysql")],
        ),
        LogTap(
            "tap-mysql",
            "tap-mysql",
            "mariadb",
            STITCH,
            _stitch_mysql,
            [needs_mariadb, needs_tap("tap-mysql")],
        ),
    )
}
"""The taps that read a log, by name."""
