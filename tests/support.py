"""A fresh database on one backend, to be loaded and looked into for real."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from target_dolt import Database
from target_dolt.opening import open_database
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.settings import where
from target_dolt.tables.catalogue import read as read_catalogue
from target_dolt.tables.schema import Tables
from target_dolt.target import TargetDolt
from target_dolt_plugins import doltlite_engine

os.environ["TARGET_DOLT_DISABLE_PLUGINS"] = "*"
doltlite_engine.load()

Message = Mapping[str, Any]


def schema(
    stream: str, properties: Mapping[str, Any], keys: Iterable[str] = ("id",), **more: Any
) -> dict[str, Any]:
    """Return a SCHEMA message."""
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": dict(properties), **more},
        "key_properties": list(keys),
    }


def record(stream: str, **values: Any) -> dict[str, Any]:
    """Return a RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value: Any) -> dict[str, Any]:
    """Return a STATE message."""
    return {"type": "STATE", "value": value}


def singer(messages: Iterable[Message | str]) -> str:
    """Return messages as a tap writes them; text goes in as it is, one line each."""
    lines = (one if isinstance(one, str) else json.dumps(one) for one in messages)
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Look:
    """A branch or a commit as a reader finds it, over one connection."""

    database: Database
    connection: sa.Connection

    def query(self, statement: str, **parameters: Any) -> list[Any]:
        """Return the rows of a query."""
        with self.connection.begin():
            result = self.connection.execute(sa.text(statement), parameters)
            return [tuple(row) for row in result] if result.returns_rows else []

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return a table's rows by key, each value as its type: int, Decimal, float, str."""
        known = read_catalogue(self.connection, Tables(self.database, self.connection))
        columns = known.get(table, {})
        decode = {name: self.database.storage(row.type).decode for name, row in columns.items()}
        with self.connection.begin():
            found = self.connection.execute(sa.select(sa.text("*")).select_from(sa.table(table)))
            rows = [dict(row) for row in found.mappings()]
        for row in rows:
            for name, value in row.items():
                convert = decode.get(name)
                if convert is not None and value is not None:
                    row[name] = convert(value)
        return sorted(rows, key=lambda row: [repr(value) for value in row.values()])

    def all_tables(self) -> list[str]:
        """Return the names of the tables."""
        with self.connection.begin():
            return sorted(sa.inspect(self.connection).get_table_names())

    def tables(self) -> list[str]:
        """Return the names of the tables, the tool's own left out."""
        return [one for one in self.all_tables() if not one.startswith(("_target_dolt_", "dolt_"))]

    def log(self) -> list[str]:
        """Return the first line of each commit's message, oldest first, without the engine's."""
        rows = self.query("SELECT message FROM dolt_log")
        return [message.splitlines()[0] for (message,) in reversed(rows)][1:]

    def branches(self) -> list[str]:
        """Return the names of the branches."""
        return sorted(name for (name,) in self.query("SELECT name FROM dolt_branches"))

    def kept_state(self, pipeline: str = "default") -> Any:
        """Return the state that the database keeps for a pipeline."""
        rows = self.query(
            "SELECT state FROM _target_dolt_state WHERE pipeline_id = :pipeline", pipeline=pipeline
        )
        return json.loads(rows[0][0], parse_float=Decimal) if rows and rows[0][0] else None


@dataclass
class Place:
    """One fresh database: where it is, how to load it, and what is in it."""

    config: dict[str, Any]
    directory: Path = field(default_factory=Path)
    plugins: Plugins = field(default_factory=load_plugins)

    def load(
        self, messages: Iterable[Message | str], *, plugins: Plugins | None = None, **settings: Any
    ) -> list[Any]:
        """Run the target in this process; return the STATEs that it let out."""
        out = io.StringIO()
        with redirect_stdout(out):
            target = TargetDolt(config={**self.config, **settings}, plugins=plugins or self.plugins)
            target.listen(io.StringIO(singer(messages)))
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def start(self, **settings: Any) -> subprocess.Popen[str]:
        """Start the `target-dolt` command on pipes, in a process of its own."""
        config = self.directory / "config.json"
        config.write_text(json.dumps({**self.config, **settings}))
        return subprocess.Popen(
            [sys.executable, "-m", "target_dolt", "--config", str(config)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=config.parent,
        )

    def open(self) -> Database:
        """Open the database as the loader does."""
        return open_database(where(self.config), self.plugins)

    @contextmanager
    def look(self, at: str | None = None) -> Iterator[Look]:
        """Open the default branch, or a branch or commit, to look at it more than once."""
        database = self.open()
        try:
            with database.connect(at) as connection:
                yield Look(database, connection)
        finally:
            database.close()

    def query(self, statement: str, *, at: str | None = None, **parameters: Any) -> list[Any]:
        """Return the rows of a query on the default branch, or on a branch or commit."""
        with self.look(at) as look:
            return look.query(statement, **parameters)

    def rows(self, table: str, *, at: str | None = None) -> list[dict[str, Any]]:
        """Return a table's rows by key, each value as its type: int, Decimal, float, str."""
        with self.look(at) as look:
            return look.rows(table)

    def call(self, procedure: str, *arguments: str, at: str | None = None) -> Any:
        """Call one of Dolt's procedures, as a person would, and return its first value."""
        database = self.open()
        try:
            with database.connect(at, write=True) as connection, connection.begin():
                return database.call(connection, procedure, *arguments)
        finally:
            database.close()

    def execute(self, *statements: str, at: str | None = None) -> None:
        """Run statements in one transaction, as a person would."""
        database = self.open()
        try:
            with database.connect(at, write=True) as connection, connection.begin():
                for statement in statements:
                    connection.exec_driver_sql(statement)
        finally:
            database.close()

    def tables(self, at: str | None = None) -> list[str]:
        """Return the names of the tables, the tool's own left out."""
        with self.look(at) as look:
            return look.tables()

    def log(self, branch: str | None = None) -> list[str]:
        """Return the first line of each commit's message, oldest first, without the engine's."""
        with self.look(branch) as look:
            return look.log()

    def commits(self) -> list[str]:
        """Return the hashes of the commits, oldest first, without the engine's first."""
        rows = self.query("SELECT commit_hash FROM dolt_log")
        return [commit for (commit,) in reversed(rows)][1:]

    def branches(self) -> list[str]:
        """Return the names of the branches."""
        with self.look() as look:
            return look.branches()

    def kept_state(self, pipeline: str = "default", *, at: str | None = None) -> Any:
        """Return the state that the database keeps for a pipeline."""
        with self.look(at) as look:
            return look.kept_state(pipeline)


def database_of(place: Place) -> str:
    """Return what a command calls the database: a path or a URL."""
    if "path" in place.config:
        return str(place.config["path"])
    names = {"user": "username"}
    parts = {names.get(name, name): value for name, value in place.config.items()}
    return sa.URL.create("dolt", **parts).render_as_string(hide_password=False)
