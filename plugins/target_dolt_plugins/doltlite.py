"""DoltLite: one file, SQLite with Dolt's commits, branches and diffs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from target_dolt import Backend, Database, Limits, Storage, Table, Where, Writer, hookimpl
from target_dolt.constraint import Constraint, Statements
from target_dolt.dialect import ColumnType
from target_dolt.errors import ConfigError
from target_dolt.queries import RowCounts
from target_dolt.remotes import refuse_existing, remotes
from target_dolt_plugins import doltlite_counts, doltlite_engine
from target_dolt_plugins.doltlite_constraints import statements
from target_dolt_plugins.doltlite_dialect import DoltLiteDialect
from target_dolt_plugins.doltlite_evolution import alter
from target_dolt_plugins.doltlite_lock import lock_file
from target_dolt_plugins.doltlite_move import move, move_from
from target_dolt_plugins.doltlite_remotes import REFUSALS, clone_file, remove
from target_dolt_plugins.doltlite_types import logical_type, storage
from target_dolt_plugins.doltlite_writer import DoltLiteWriter, describe

BUSY_SECONDS = 60
"""How long a statement waits for another process's write: a commit of a big table can take
seconds."""

COLUMNS = 2_000
"""SQLite's SQLITE_MAX_COLUMN, as DoltLite's library is built."""

ROWS_A_GB = 10_000
"""Rows of a transaction for each GB of the file. From some hundred rows on, its end merges the list
of all the file's pages, 8 ms a GB: a tenth of what so many rows take (measured on 0.51.3)."""

MOST_ROWS = 100_000
"""What a transaction is given at the most: about 100 MB while it is under way."""

_BEING_MADE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Pauses between looks at a file that has no commit: another process may be making it."""


def _damaged(path: Path, error: BaseException | None) -> ConfigError:
    reason = error or "it has no commit"
    msg = f"'{path}' is no DoltLite file, or is damaged: {reason}; give another `path`"
    return ConfigError(msg)


class DoltLiteDatabase(Database):
    """An open DoltLite file."""

    limits = Limits(columns=COLUMNS)
    overlaps = False
    refusals = REFUSALS
    verb = "SELECT"
    has_as_of = False

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self.path = path
        self.name = str(path)
        self._sql = DoltLiteDialect()
        doltlite_engine.load()
        if not path.absolute().parent.is_dir():
            msg = f"'{path}': there is no such directory; create it, or give another `path`"
            raise ConfigError(msg)
        try:
            engine, is_whole = self._look()
            for seconds in _BEING_MADE_SECONDS:
                if not is_whole:
                    time.sleep(seconds)
                    engine, is_whole = self._look()
        except sa.exc.DBAPIError as error:
            raise _damaged(path, error.orig) from error
        if not is_whole:
            raise _damaged(path, None)
        if engine != "prolly":
            msg = (
                f"'{path}' is a file in SQLite's own format, which has no commits; give another "
                "`path`"
            )
            raise ConfigError(msg)

    @property
    def rows_at_once(self) -> int:  # type: ignore[override]  # it depends on the file
        """How many rows one transaction is best given: it has a price by the file's size."""
        size = self.path.stat().st_size if self.path.exists() else 0
        return min(max(size * ROWS_A_GB // 10**9, Database.rows_at_once), MOST_ROWS)

    def _look(self) -> tuple[str, bool]:
        """Return which engine a file is of, and whether it has a commit, or nothing at all yet.

        A damaged file may list no tables, or no commits, and no error either (measured on 0.51.3).
        """
        with self.connect() as connection:
            engine = str(connection.exec_driver_sql("SELECT doltlite_engine()").scalar())
            log = "SELECT 1 FROM dolt_log LIMIT 1" if engine == "prolly" else "SELECT 1"
            commit = connection.exec_driver_sql(log).scalar()
            connection.exec_driver_sql("SELECT name FROM sqlite_master LIMIT 1")
        if commit is not None:
            return engine, True
        return engine, not self.path.exists() or self.path.stat().st_size == 0

    def connect(self, branch: str | None = None, *, write: bool = False) -> sa.Connection:
        """Open a connection on a branch."""
        place = self.name if branch is None else f"{self.name}@{branch}"
        engine = sa.create_engine(
            sa.URL.create("doltlite", database=place),
            poolclass=NullPool,
            hide_parameters=True,
            begin="IMMEDIATE" if write else "DEFERRED",
            connect_args={"timeout": BUSY_SECONDS},
        )
        return engine.connect()

    def call(self, connection: sa.Connection, procedure: str, *arguments: str) -> Any:
        """Call a procedure; DoltLite has them as functions."""
        marks = ", ".join("?" for _ in arguments)
        statement = f"SELECT {procedure}({marks})"
        return connection.exec_driver_sql(statement, arguments).scalar()

    def lock(self, name: str) -> AbstractContextManager[Callable[[], None]]:
        """Hold a lock file beside the database; the system frees it with the process."""
        return lock_file(self.path, name)

    def is_transient(self, error: sa.exc.DBAPIError) -> bool:
        """A file does not come back; waiting for other writers is the time-out's work."""
        del error
        return False

    def advance(
        self, target: sa.Connection, branch: str, base: str, run: sa.Connection | None = None
    ) -> bool:
        """Move a branch forward; over the run's own connection where nothing is in the way."""
        moved = None
        if run is not None:
            with suppress(sa.exc.DBAPIError):  # looked at, told and tried again below
                moved = move_from(self, run, target, branch, base)
        return super().advance(target, branch, base) if moved is None else moved

    def move(self, target: sa.Connection, branch: str) -> None:
        """Move the branch by a checked reset, or a merge."""
        move(self, target, branch)

    def storage(self, column_type: ColumnType) -> Storage:
        """Return how a STRICT table keeps a type."""
        return storage(column_type)

    def logical_type(self, reflected: ColumnType, known: ColumnType | None) -> ColumnType:
        """Return what the catalogue knows, else the widest type that such a column keeps."""
        return logical_type(reflected) if known is None else known

    def create(self, connection: sa.Connection, table: Table) -> None:
        """Create a STRICT table."""
        connection.execute(sa.schema.CreateTable(describe(table)))

    def alter(self, connection: sa.Connection, old: Table, new: Table) -> None:
        """Add columns; widen the others where their values are stored in another way."""
        alter(connection, old, new)

    def constraint(self, table: Table, one: Constraint) -> Statements | None:
        """Return how a table gets and loses NOT NULL, a unique or another index."""
        return statements(table, one, self._sql.identifier_preparer.quote)

    def writer(self, table: Table) -> Writer:
        """Return what writes rows into a table."""
        return DoltLiteWriter(describe(table), self._sql, table.others)

    def row_counts(
        self, connection: sa.Connection, modified: Collection[str]
    ) -> Sequence[RowCounts]:
        """Return how many rows differ; of a large table those after its last key apart."""
        return doltlite_counts.row_counts(connection, modified)

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
        """Return the rows that differ; each table has a function for that."""
        quote = self._sql.identifier_preparer.quote
        names = ", ".join(map(quote, columns)) or "*"
        statement = f"SELECT {names} FROM {quote(f'dolt_diff_{table}')}(?, ?) {where}"  # noqa: S608 - quoted
        return connection.exec_driver_sql(statement, (old, new))

    def forget_remote_branches(self, connection: sa.Connection, names: Collection[str]) -> None:
        """Forget all that is known of the remotes' branches: no option of DoltLite's does it."""
        for remote, url in remotes(connection).items():
            if any(name.startswith(f"{remote}/") for name in names):
                with connection.begin():
                    self.call(connection, "dolt_remote", "remove", remote)
                    self.call(connection, "dolt_remote", "add", remote, url)

    def collect(self) -> None:
        """Write the file anew without what nothing leads to; no transaction may be open."""
        statement = "SELECT dolt_gc()"
        with self.connect() as connection:
            driver: Any = connection.connection.driver_connection
            try:
                driver.execute(statement).fetchall()
            except driver.Error as error:
                raise sa.exc.OperationalError(statement, None, error) from error

    def size(self) -> int | None:
        """Return the bytes of the file."""
        return self.path.stat().st_size

    def close(self) -> None:
        """Close the database: connections are closed by whoever opened them."""


def _claims(where: Where) -> bool:
    """A file, or a name with nothing there yet: a directory is for Dolt."""
    return where.path is not None and not where.path.is_dir() and not where.create


def _path(where: Where) -> Path:
    """Return the file; `Path()` where none is named."""
    named = where.url.database if where.url is not None else where.path
    return Path(named or "")


def _open(where: Where) -> Database:
    path = _path(where)
    if where.url is not None and (where.url.host or where.url.username):
        msg = "a DoltLite database has neither host nor user: doltlite:///file.db"
        raise ConfigError(msg)
    if not path.name:
        msg = "a DoltLite database needs a file: doltlite:///file.db"
        raise ConfigError(msg)
    if where.exists and not path.exists():
        msg = f"there is no '{path}'"
        raise ConfigError(msg)
    return DoltLiteDatabase(path)


def _clone(remote: str, where: Where, user: str | None) -> None:
    del user  # a file has none
    path = _path(where)
    refuse_existing(path)
    database = _open(where)
    try:
        with database.connect(write=False) as connection:
            clone_file(connection, remote, path)
    except BaseException:
        remove(path)
        raise


@hookimpl(trylast=True)
def dolt_register_backends() -> Iterable[Backend]:
    """Bring DoltLite."""
    return [Backend("doltlite", ("doltlite",), _claims, _open, _clone)]
