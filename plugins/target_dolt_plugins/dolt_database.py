"""A Dolt database: of any sql-server, or in a local directory that is served for the run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pymysql.cursors import SSCursor
from sqlalchemy.dialects import mysql

from target_dolt import Database, Limits, Storage, Table, Where, Writer
from target_dolt.constraint import Constraint, Statements
from target_dolt.ddl import sa_table
from target_dolt.dialect import ColumnType
from target_dolt.errors import ConfigError
from target_dolt.retry import again, told
from target_dolt_plugins.dolt_constraints import sees_values, statements
from target_dolt_plugins.dolt_dialect import DoltDialect
from target_dolt_plugins.dolt_directory import LOCAL_USER, DirectoryServer, bytes_in
from target_dolt_plugins.dolt_lock import named_lock
from target_dolt_plugins.dolt_move import finish, settle
from target_dolt_plugins.dolt_remotes import REFUSALS
from target_dolt_plugins.dolt_server import (
    LOST,
    check_database,
    check_server,
    engine,
    error_code,
    good_lanes,
)
from target_dolt_plugins.dolt_tls import tls_options
from target_dolt_plugins.dolt_types import logical_type, respelling, storage
from target_dolt_plugins.dolt_upkeep import collect
from target_dolt_plugins.dolt_writer import (
    InsertWriter,
    LoadDataWriter,
    describe_type,
    missing_for_load_data,
)

COLLATION = "utf8mb4_0900_bin"
"""Every character tells texts apart: `A` and `a`, a trailing blank, NFC and NFD."""

ROW_BYTES = 65_504
"""Dolt's MaxTupleDataSize, by the columns' declared lengths."""

_LOOSE = (mysql.SET, sa.Float)
"""Types whose values may be one to the server where we see two: they are no key to part rows by."""

_TRANSIENT = (1205, 1213, 2003, *LOST)
"""Lock wait, serialization failure, nobody there, and a lost connection."""

_log = logging.getLogger("target-dolt")


class DoltDatabase(Database):
    """A database on a Dolt server."""

    limits = Limits(row_bytes=ROW_BYTES)
    overlaps = True
    refusals = REFUSALS
    has_remote_users = True

    def __init__(self, url: sa.URL, where: Where, server: DirectoryServer | None = None) -> None:
        """Connect once: is it Dolt, of the right age, with the database there?"""
        self._server = server
        self._tls = tls_options(url, where.tls)
        name, _, branch = (url.database or "").partition("/")
        if not name:
            msg = "which database? dolt://user:password@host:port/database"
            raise ConfigError(msg)
        if branch:
            msg = "give the branch with `branch` (dolt-sync: `--at`), not in the URL"
            raise ConfigError(msg)
        check_database(name)
        self._url = url.set(drivername="dolt")
        self._sql = DoltDialect()
        self.name = str(server.directory) if server else f"{url.host}:{url.port or 3306}/{name}"
        check_server(self._url, self._tls, self.name, create=where.create)
        self._wanted_bulk = where.bulk_load
        self.lanes = where.lanes or good_lanes(str(url.host))

    @property
    def argument(self) -> str:
        """A directory's path, or a URL without a password."""
        if self._server is not None:
            return self.name
        return self._url._replace(password=None).render_as_string()

    def connect(self, branch: str | None = None, *, write: bool = False) -> sa.Connection:
        """Open a connection on a branch."""
        del write
        database = str(self._url.database)
        full = database if branch is None else f"{database}/{branch}"
        return engine(self._url, full, self._tls).connect()

    @cached_property
    def _bulk(self) -> str:
        """How rows go to the server; asked for by the first that is written."""
        if self._wanted_bulk == "insert":
            return "insert"
        what = f"'{self.name}'"
        with told(what):
            missing = again(what, self._missing_for_load_data, self.is_transient, lambda: None)
        if missing is None:
            return "load_data"
        if self._wanted_bulk == "load_data":
            msg = f"'{self.name}': `bulk_load` is load_data, and {missing}"
            raise ConfigError(msg)
        _log.info("'%s': rows go by INSERT, at about half the speed: %s", self.name, missing)
        return "insert"

    def _missing_for_load_data(self) -> str | None:
        with self.connect() as connection, connection.begin():
            if self._server is not None and self._server.is_ours:
                connection.exec_driver_sql("SET GLOBAL local_infile = 1")
            return missing_for_load_data(connection)

    def cursor(self, connection: sa.Connection) -> Any:
        """Return a cursor that leaves rows with the server until they are asked for."""
        driver: Any = connection.connection.driver_connection
        return driver.cursor(SSCursor)

    def call(self, connection: sa.Connection, procedure: str, *arguments: str) -> Any:
        """Call a procedure."""
        marks = ", ".join("%s" for _ in arguments)
        statement = f"CALL {procedure}({marks})"
        return connection.exec_driver_sql(statement, arguments).scalar()

    @contextmanager
    def lock(self, name: str) -> Iterator[Callable[[], None]]:
        """Hold one of the server's named locks, on a connection of its own."""
        full = f"{self._url.database}/{name}".lower()  # Dolt takes both spellings for one database
        with self.connect() as connection, named_lock(connection, full) as take:
            yield take

    def is_transient(self, error: sa.exc.DBAPIError) -> bool:
        """A lost connection, or a transaction that met another one."""
        return error.connection_invalidated or error_code(error) in _TRANSIENT

    def move(self, target: sa.Connection, branch: str) -> None:
        """Move the branch by a fast-forward merge, which stops before uncommitted changes."""
        self.call(target, "dolt_merge", "--ff-only", branch)

    def finish_move(self, target: sa.Connection, branch: str, head: str) -> None:
        """Bring what is checked out on the branch after its head, where it was left behind."""
        finish(self, target, branch, head)

    def settle(self, branch: str) -> None:
        """Wait for the statements of a dead run, and finish its last move."""
        settle(self, branch)

    def storage(self, column_type: ColumnType) -> Storage:
        """Return how Dolt keeps a type."""
        return storage(column_type)

    def logical_type(self, reflected: ColumnType, known: ColumnType | None) -> ColumnType:
        """Return the type that the column really has: Dolt tells all of it."""
        del known
        return logical_type(reflected)

    def _describe(self, table: Table) -> sa.Table:
        return sa_table(
            table,
            lambda one: storage(one).ddl,
            mysql_charset="utf8mb4",
            mysql_collate=COLLATION,
        )

    def is_exact(self, inspector: sa.Inspector, table: str) -> bool:
        """Whether texts are compared by their characters alone."""
        collations = [inspector.get_table_options(table).get("mysql_collate")]
        collations += [
            getattr(one["type"], "collation", None) for one in inspector.get_columns(table)
        ]
        return all(one is None or one.endswith("_bin") for one in collations)

    def is_watched(self, connection: sa.Connection, inspector: sa.Inspector, table: str) -> bool:
        """Whether a CHECK or a trigger sees values as they are spelled."""
        return sees_values(connection, inspector, table)

    def create(self, connection: sa.Connection, table: Table) -> None:
        """Create a table."""
        connection.execute(sa.schema.CreateTable(self._describe(table)))

    def alter(self, connection: sa.Connection, old: Table, new: Table) -> None:
        """Add and widen columns in one statement."""
        described = self._describe(new)
        compiler = self._sql.ddl_compiler(self._sql, None)  # type: ignore[arg-type]
        clauses = []
        for name, column_type in new.types.items():
            column = compiler.get_column_specification(described.c[name])
            if name not in old.types:
                clauses.append(f"ADD COLUMN {column}")
            elif old.types[name] != column_type or name in old.required - new.required:
                clauses.append(f"MODIFY COLUMN {column}")
        table = self._sql.identifier_preparer.format_table(described)
        connection.exec_driver_sql(f"ALTER TABLE {table} {', '.join(clauses)}")
        respelled = {
            name: expression(described.c[name])
            for name, old_type in old.types.items()
            if (expression := respelling(old_type, new.types[name])) is not None
        }
        if respelled:
            connection.execute(described.update().values(respelled))

    def constraint(self, table: Table, one: Constraint) -> Statements | None:
        """Return how a table gets and loses a constraint."""
        return statements(self._describe(table), one, self._sql)

    def writer(self, table: Table) -> Writer:
        """Return what writes rows into a table."""
        described = sa_table(table, lambda one: describe_type(storage(one).ddl))
        loose = any(isinstance(table.types[name], _LOOSE) for name in table.key)
        lanes = self.lanes if table.exact and not loose else 1
        if self._bulk == "load_data" and not table.others:
            return LoadDataWriter(described, self._sql, lanes, watched=table.watched)
        # REPLACE would empty the others
        return InsertWriter(described, self._sql, table.others, lanes, watched=table.watched)

    def diff_rows(
        self,
        connection: sa.Connection,
        table: str,
        old: str,
        new: str,
        where: str = "",
        *,
        columns: Sequence[str] = (),
    ) -> sa.CursorResult[Any]:
        """Return the rows that differ, each side by its own commit's columns."""
        names = ", ".join(map(self._sql.identifier_preparer.quote, columns)) or "*"
        statement = f"SELECT {names} FROM dolt_diff(%s, %s, %s) {where}"  # noqa: S608 - quoted
        return connection.exec_driver_sql(statement, (old, new, table))

    def collect(self) -> None:
        """Remove what nothing leads to."""
        collect(self)

    def size(self) -> int | None:
        """Return the bytes of a directory's files; a server's cannot be seen."""
        return None if self._server is None else bytes_in(self._server.directory / ".dolt")

    def close(self) -> None:
        """Stop the server where it is ours, after the last other run that uses it."""
        if self._server is None:
            return
        if self._server.is_ours:
            self._wait_for_others()
        self._server.close()

    def _wait_for_others(self) -> None:
        told = False
        while True:
            try:
                with self.connect() as connection, connection.begin():
                    others = connection.exec_driver_sql("SHOW PROCESSLIST").fetchall()
            except sa.exc.DBAPIError:
                return
            if len(others) <= 1:
                return
            if not told:
                _log.info("Others use the server on '%s': waiting for them", self.name)
                told = True
            time.sleep(0.5)


def open_dolt(where: Where) -> Database:
    """Open the database of a URL, or that of a directory."""
    if where.url is not None:
        return DoltDatabase(where.url, where)
    directory = where.path or Path()
    server = DirectoryServer(directory, create=where.create)
    try:
        url = sa.URL.create(
            "dolt",
            username=LOCAL_USER,
            password=server.info.secret,
            host="127.0.0.1",
            port=server.info.port,
            database=directory.absolute().name,
        )
        return DoltDatabase(url, where, server)
    except BaseException:
        server.close()
        raise
