"""Where commits are kept: what a backend plugin brings, and what the loader asks of it.

All that differs between DoltLite and Dolt stands behind `Database`; the rest of the package
knows neither.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from target_dolt.constraint import Constraint, Statements
from target_dolt.dialect import ColumnType
from target_dolt.errors import CommitConflictError, driver_words
from target_dolt.queries import (
    RowCounts,
    changed_tables,
    head_of,
    row_counts,
    uncommitted_tables,
)
from target_dolt.table import Limits, Storage, Table
from target_dolt.upkeep import Upkeep
from target_dolt.writer import Writer


@dataclass(frozen=True, slots=True)
class Where:
    """Which database, as the settings say it: a URL or a path, never both.

    Attributes:
        url: The database as SQLAlchemy's URL.
        path: A file or a directory.
        exists: Whether the database must be there: for commands that only look.
        create: Whether a database that is missing is made where that takes more than a file.
        tls: `enable`, `ca`, `certificate`, `key` and `verify`, as far as they are given.
        bulk_load: `auto`, `load_data` or `insert`.
        lanes: How many connections may write one table's rows side by side; None for as many
            as the server is good for.
    """

    url: sa.URL | None = None
    path: Path | None = None
    exists: bool = False
    create: bool = False
    tls: Mapping[str, Any] = field(default_factory=dict)
    bulk_load: str = "auto"
    lanes: int | None = None


class Database(Upkeep):
    """One open database with its branches. Closing it ends whatever opening it began."""

    name: str
    """What messages call it; never with a password."""

    @property
    def argument(self) -> str:
        """What commands of `dolt-sync` take it by; never with a password."""
        return self.name

    limits: Limits
    overlaps: bool
    """Whether it works by itself, so that rows can be prepared while it writes others."""

    lanes = 1
    """How many connections may write at the same time."""

    rows_at_once = 10_000
    """How many rows one transaction is best given, where no setting says it."""

    refusals: tuple[tuple[str, str], ...] = ()
    """What its answers about remotes mean: a part of each, and a sentence that says what to do;
    `{procedure}` in it is the procedure that was called."""

    has_remote_users = False
    """Whether procedures take the option `--user` for a remote that asks who it is."""

    verb = "CALL"
    """What SQL puts before one of Dolt's procedures."""

    has_as_of = True
    """Whether its SQL reads a table's past by AS OF."""

    @abc.abstractmethod
    def connect(self, branch: str | None = None, *, write: bool = False) -> sa.Connection:
        """Open a connection on a branch (None: the database's default branch).

        Closing the connection closes it for good: no pool keeps a branch in use.
        """

    def cursor(self, connection: sa.Connection) -> Any:
        """Return a cursor of the driver's for a query of many rows: few of them are held at once.

        Whoever uses it begins the transaction and closes the cursor.
        """
        return connection.connection.cursor()

    @abc.abstractmethod
    def lock(self, name: str) -> AbstractContextManager[Callable[[], None]]:
        """Hold a lock of this name for as long as the context lasts, at the most this process.

        Gives a function that makes sure of the lock again, after a lost connection.

        Raises:
            LockedError: Another process holds it; the message says which.
        """

    @abc.abstractmethod
    def is_transient(self, error: sa.exc.DBAPIError) -> bool:
        """Whether what failed may succeed if it is done again."""

    def advance(
        self, target: sa.Connection, branch: str, base: str, run: sa.Connection | None = None
    ) -> bool:
        """Move the branch that `target` is on to the head of `branch`, if it still is at `base`.

        Returns False, and changes nothing, where it has moved. Uncommitted changes of the
        branch in other tables stay as they are.

        Args:
            target: A connection on the branch that is moved.
            branch: The branch whose head it moves to.
            base: Where it is.
            run: A connection on `branch`, where there is one.

        Raises:
            CommitConflictError: Uncommitted changes of the branch are in the way.
        """
        del run
        try:
            with target.begin():
                if head_of(target) != base:
                    return False
                self.move(target, branch)
        except sa.exc.DBAPIError as error:
            if self.is_transient(error):
                raise
            with target.begin():
                if head_of(target) != base:
                    return False  # it was moved between our look and our move
            with target.begin():
                tables = sorted(uncommitted_tables(target) & changed_tables(target, base, branch))
            msg = (
                f"{self.uncommitted(tables)}, which are in the way"
                if tables
                else f"'{self.name}': the branch could not be moved: {driver_words(error)}"
            )
            raise CommitConflictError(msg) from error
        return True

    def finish_move(self, target: sa.Connection, branch: str, head: str) -> None:
        """Finish a move of `target`'s `branch` to the commit `head`, which may be half done."""

    def settle(self, branch: str) -> None:
        """Let what a dead run asked for on its branch come to an end, before that is removed."""

    def uncommitted(self, tables: Collection[str]) -> str:
        """Return in words that tables have uncommitted changes, and what to do about them."""
        names = ", ".join(f"'{name}'" for name in sorted(tables))
        return (
            f"'{self.name}': {names} with uncommitted changes ("
            f"`{self.verb} dolt_commit('-A', '-m', '...')` keeps them, "
            f"`{self.verb} dolt_reset('--hard')` drops them, but for new tables)"
        )

    def uncommitted_tables(self, connection: sa.Connection) -> set[str]:
        """Return the tables of a connection's branch that differ from its last commit."""
        with connection.begin():
            return uncommitted_tables(connection)

    @abc.abstractmethod
    def move(self, target: sa.Connection, branch: str) -> None:
        """Move the branch that `target` is on forward to the head of `branch`.

        Raises:
            CommitConflictError, sqlalchemy.exc.DBAPIError: Uncommitted changes would be lost.
        """

    @abc.abstractmethod
    def storage(self, column_type: ColumnType) -> Storage:
        """Return how this backend keeps a type; UnsupportedTypeError where it cannot."""

    @abc.abstractmethod
    def logical_type(self, reflected: ColumnType, known: ColumnType | None) -> ColumnType:
        """Return a column's type, from its declaration and what the catalogue knows of it."""

    def is_exact(self, inspector: sa.Inspector, table: str) -> bool:
        """Whether a table that exists tells all texts apart that differ in any character."""
        del inspector, table
        return True

    def is_watched(self, connection: sa.Connection, inspector: sa.Inspector, table: str) -> bool:
        """Whether what is on a table that exists sees values before the database reads them."""
        del connection, inspector, table
        return False

    @abc.abstractmethod
    def create(self, connection: sa.Connection, table: Table) -> None:
        """Create a table."""

    @abc.abstractmethod
    def alter(self, connection: sa.Connection, old: Table, new: Table) -> None:
        """Give the table `old` the columns and types of `new`, with as few statements as
        the engine can; no row changes but by its new types."""

    def constraint(self, table: Table, one: Constraint) -> Statements | None:
        """Return how a table gets and loses a constraint; None where there is no place for it."""
        del table, one
        return None

    @abc.abstractmethod
    def writer(self, table: Table) -> Writer:
        """Return what writes rows into a table."""

    def row_counts(
        self, connection: sa.Connection, modified: Collection[str]
    ) -> Sequence[RowCounts]:
        """Return how many rows differ in what is staged; called in a transaction.

        A table of which no row differs may be missing, and one be there that is not staged.

        Args:
            connection: A connection on the branch.
            modified: Tables whose rows are counted by themselves where that is faster: they are
                staged as they are, and were there at the last commit.
        """
        del modified
        return row_counts(connection)

    @abc.abstractmethod
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
        """Return the rows of a table that differ between two commits, given by their hashes.

        Columns: `from_...` and `to_...` for each of the table's, and `diff_type`, which is
        added, modified or removed.

        Args:
            connection: A connection, on the newer commit where the table's columns may differ.
            table: The table's name.
            old: The older commit.
            new: The newer one.
            where: Which of the rows: a WHERE or LIMIT clause in SQL; empty for all.
            columns: Which of the columns, in this order; empty for all.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Close the database."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of database, as a plugin brings it.

    Attributes:
        name: Its name in messages and in `--about`.
        schemes: The URL schemes that are its own.
        claims: Whether a place without a URL is, or would become, a database of this kind.
        open: Opens the database, and creates it where it is missing.
        clone: Clones a remote, given by its URL and the remote's user, into a new place; None
            where the backend has no remotes.
    """

    name: str
    schemes: tuple[str, ...]
    claims: Callable[[Where], bool]
    open: Callable[[Where], Database]
    clone: Callable[[str, Where, str | None], None] | None = None
