"""How rows that differ are written into a table that is there: few at once, none in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tap_adapters.restore.destination import Destination, Exchange, Row
from tap_adapters.sources.schema import SourceConstraint, SourceTable
from tap_adapters.sources.snapshot import CHUNK_BYTES, CHUNK_ROWS
from target_dolt.plans.columns import estimated_bytes

CONTESTED = frozenset({"unique", "unique index", "exclusion"})
"""Where values may be another row's still: rows that differ are deleted, and inserted last."""


class Written:
    """One table that is written into.

    Attributes:
        columns: The columns that take values, but for the key's.
        is_contested: Whether rows are in each other's way by more than their key: a value of one
            may have been another's. Those that are to be other ones are then deleted first, all of
            them, and inserted afterwards.
    """

    def __init__(
        self, table: SourceTable, found: SourceTable, to: Destination, names: Sequence[str]
    ) -> None:
        """Begin with nothing written.

        Args:
            table: The table.
            found: The table as it is there.
            to: Where it is.
            names: Its columns that take values.
        """
        self._table = table
        self._to = to
        self._names = names
        self.columns = [name for name in names if name not in table.key]
        self._others = [one for one in found.constraints if one.kind in CONTESTED]
        self.is_contested = bool(self._others)

    def exchange(self, exchange: Exchange) -> int:
        """Give rows that still have all their old values the new ones; return how many these were.

        Others, and a database that cannot tell or where they may be in each other's way, are left
        to whoever looks at each row.
        """
        if not exchange.changed or any(_may_refuse(one, exchange.changed) for one in self._others):
            return 0
        self._to.before_rows([self._table])
        return self._to.exchange(self._table, self._names, exchange)

    def delete(self, keys: Sequence[Row]) -> None:
        """Remove rows."""
        if keys:
            self._to.before_rows([self._table])
            self._to.delete(self._table, keys)

    def update(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Give some columns of rows new values: each row has these, then its key."""
        if rows and columns:
            self._to.before_rows([self._table])
            self._to.update(self._table, columns, rows)

    def insert(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        if rows:
            self._to.before_rows([self._table])
            self._to.insert(self._table, self._names, rows)


def _may_refuse(constraint: SourceConstraint, changed: Sequence[str]) -> bool:
    """Whether new values of some columns may be another row's; of an index anything may count."""
    return constraint.kind != "unique" or not set(constraint.columns).isdisjoint(changed)


def gathered(
    found: Iterable[Sequence[tuple[tuple[object, ...], Row]]],
) -> Iterator[list[tuple[tuple[object, ...], Row]]]:
    """Yield rows that were found few by few together, but no more than memory has room for."""
    held: list[tuple[tuple[object, ...], Row]] = []
    size = 0
    for some in found:
        held += some
        size += estimated_bytes([row for _, row in some])
        if len(held) >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held
