"""Sources of each kind: fresh databases on real servers, SQLite files."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support_sources import MariaDB, needs_mariadb
from support_state import wait_until

from demo.postgres import Postgres

NO_PGSERVER = "no pgserver for this Python on PyPI: no snapshot of a Postgres was tested"

needs_pgserver = pytest.mark.skipif(not importlib.util.find_spec("pgserver"), reason=NO_PGSERVER)

NEEDS = {"postgres": [needs_pgserver], "mysql": [needs_mariadb], "sqlite": []}

KINDS = [pytest.param(kind, marks=marks) for kind, marks in NEEDS.items()]

PAIRS = [
    pytest.param(one, other, marks=[*NEEDS[one], *NEEDS[other]])
    for one in NEEDS
    for other in NEEDS
    if one != other
]
"""Two kinds each, one as it is read and another one that is written."""

_numbers = count(1)


_OTHERS = {
    "postgres": "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()",
    "mysql": "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() "
    "AND id <> CONNECTION_ID()",
}
"""Whoever else is connected to a database."""


@dataclass(frozen=True)
class Source:
    """One fresh database of a kind, to be changed and looked into.

    Attributes:
        kind: `postgres`, `mysql` or `sqlite`.
        url: Its URL.
    """

    kind: str
    url: str

    def execute(self, *statements: str) -> None:
        """Run statements in one transaction."""
        with _engine(self.url).begin() as connection:
            cursor = connection.connection.cursor()
            for statement in statements:
                cursor.execute(statement)

    def sessions_are_gone(self) -> None:
        """Wait until a server has ended what lost connections had asked it for."""
        if self.kind in _OTHERS:
            others = _OTHERS[self.kind]
            wait_until(lambda: not self.query(others), "a lost connection's statement never ended")

    def pragma(self, setting: str) -> None:
        """Set something of an SQLite file."""
        with _engine(self.url).connect() as connection:
            connection.exec_driver_sql(f"PRAGMA {setting}")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with _engine(self.url).connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool)


_KEPT = 200
"""Databases of a Postgres that are kept for whoever still looks; each has 7 MB from its start."""

_made: deque[tuple[Postgres, str]] = deque()


def new_postgres(server: Postgres) -> Source:
    """Return a fresh database on a Postgres that runs."""
    name = f"shop_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name}")
    _made.append((server, name))
    while len(_made) > _KEPT:
        old, its_name = _made.popleft()
        if old is server:  # else it may have ended
            old.run(f"DROP DATABASE {its_name} WITH (FORCE)")
    where = {**server.settings(), "database": name, "username": server.settings()["user"]}
    del where["user"]
    url = sa.URL.create("postgresql+psycopg2", **where)  # type: ignore[arg-type]
    return Source("postgres", url.render_as_string(hide_password=False))


def new_mysql(server: MariaDB) -> Source:
    """Return a fresh database on a MariaDB that runs."""
    fresh = server.with_new_database()
    url = sa.URL.create(
        "mariadb+pymysql", fresh.user, fresh.password, "127.0.0.1", fresh.port, fresh.database
    )
    return Source("mysql", url.render_as_string(hide_password=False))


def new_sqlite(directory: Path) -> Source:
    """Return a fresh SQLite file; made by another process, whose sqlite3 is SQLite's own."""
    path = directory / f"shop_{next(_numbers)}.sqlite"
    script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript('VACUUM')"
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    return Source("sqlite", f"sqlite:///{path}")


class World:
    """Tables of a source that change at random, in ways that each kind of source knows."""

    def __init__(self, source: Source, random_: random.Random) -> None:
        """Begin with nothing."""
        self._source = source
        self._random = random_
        self._tables: dict[str, list[str]] = {}
        self._made = 0

    def turn(self) -> None:
        """Make a table, and change those that are there."""
        self._make()
        for name in list(self._tables):
            self._random.choice((self._widen, self._add, self._rekey, self._drop, self._rows))(name)
            if name in self._tables:
                self._rows(name)

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of every table, as the source has them."""
        return {name: self._source.query(f"SELECT * FROM {name}") for name in self._tables}

    def _make(self) -> None:
        self._made += 1
        name = f"t{self._made}"
        keys = self._random.choice(("PRIMARY KEY (a)", "PRIMARY KEY (a, b)", "CHECK (1 = 1)"))
        self._source.execute(
            f"CREATE TABLE {name} (a integer NOT NULL, b varchar(10) NOT NULL, {keys})"
        )
        self._tables[name] = ["a", "b"]

    def _rows(self, name: str) -> None:
        extra = self._tables[name][2:]
        self._source.execute(
            f"DELETE FROM {name} WHERE a % 3 = {self._random.randrange(3)}",
            *(
                f"UPDATE {name} SET {column} = {self._random.randrange(99)} WHERE a % 2 = 0"
                for column in extra
            ),
        )
        taken = {row[0] for row in self._source.query(f"SELECT a FROM {name}")}
        fresh = self._random.sample(sorted(set(range(60)) - taken), 8)
        self._source.execute(
            *(f"INSERT INTO {name} (a, b) VALUES ({one}, 'b{one}')" for one in fresh)
        )

    def _widen(self, name: str) -> None:
        change = {
            "postgres": f"ALTER TABLE {name} ALTER COLUMN b TYPE varchar(400)",
            "mysql": f"ALTER TABLE {name} MODIFY b varchar(400) NOT NULL",
            "sqlite": "SELECT 1",
        }
        self._source.execute(change[self._source.kind])

    def _add(self, name: str) -> None:
        column = f"c{len(self._tables[name])}"
        self._source.execute(f"ALTER TABLE {name} ADD COLUMN {column} integer")
        self._tables[name].append(column)

    def _rekey(self, name: str) -> None:
        columns = ", ".join(self._tables[name])
        rows = self._source.query(f"SELECT {columns} FROM {name}")
        more = "".join(f", {column} integer" for column in self._tables[name][2:])
        key = self._random.choice((", PRIMARY KEY (b, a)", ", PRIMARY KEY (a)", ""))
        literals = (", ".join("NULL" if one is None else repr(one) for one in row) for row in rows)
        self._source.execute(
            f"DROP TABLE {name}",
            f"CREATE TABLE {name} (a integer NOT NULL, b varchar(10) NOT NULL{more}{key})",
            *(f"INSERT INTO {name} VALUES ({row})" for row in literals),
        )

    def _drop(self, name: str) -> None:
        if len(self._tables) > 2:
            self._source.execute(f"DROP TABLE {name}")
            del self._tables[name]
