"""What a backend brings that writes the rows of one table."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

Row = tuple[Any, ...]
"""One row's values in the order of its table's columns, encoded by their `Storage`."""

Write = Callable[[sa.Connection], None]
"""Writes, on a connection with a transaction begun."""


class Writer(abc.ABC):
    """Writes rows of one table; each call is given a connection with a transaction begun."""

    @abc.abstractmethod
    def upsert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Write rows by key; of two with one key the later wins."""

    def upserting(self, rows: Sequence[Row]) -> Sequence[Write]:
        """Return what upserts these rows; what needs no connection is done before it returns.

        The database may be writing other rows meanwhile. Of several parts each may be done in a
        transaction of its own, at the same time as the others: no two write the same key.
        """
        return [lambda connection: self.upsert(connection, rows)]

    @abc.abstractmethod
    def append(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Add rows to a table without a key."""

    @abc.abstractmethod
    def delete(self, connection: sa.Connection, keys: Sequence[Row]) -> None:
        """Remove rows by key; a key that is not there is no error."""

    @abc.abstractmethod
    def patch(self, connection: sa.Connection, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Write some columns of rows by key, the key's among them; the others stay."""

    @abc.abstractmethod
    def clear(self, connection: sa.Connection) -> None:
        """Remove all rows, in the transaction."""

    @abc.abstractmethod
    def restore(self, connection: sa.Connection, keys: Sequence[Row] | None = None) -> None:
        """Put back, from the branch's last commit, the rows whose keys are not there.

        Args:
            connection: The connection.
            keys: The only keys whose rows are put back; None for all. A table without a key has
                none.
        """

    @abc.abstractmethod
    def keep(self, connection: sa.Connection, columns: Sequence[str]) -> None:
        """Give some columns the values that the branch's last commit has for the same keys.

        Rows whose keys are not there stay as they are.
        """

    @abc.abstractmethod
    def identify(self, connection: sa.Connection) -> None:
        """Let rows of a table without a key be known as equal rows of the last commit are.

        Called once the table has been replaced: equal rows must come out as no difference, in
        whatever order they came.
        """
