"""Rows of a table that differ between two commits: how a database is asked for and given them."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import compress
from typing import Any

from tap_adapters.history.kept import Kept
from tap_adapters.restore.ahead import ahead
from tap_adapters.restore.destination import Exchange, Row, Texts
from tap_adapters.restore.differences import Key, chosen, hashes_of
from tap_adapters.restore.plan import TablePlan
from tap_adapters.restore.rows import PlanRows
from tap_adapters.sources.snapshot import decoded
from tap_adapters.verify.comparison import Comparison
from target_dolt.dialect import Converter

HISTORY_ROWS = 5_000
"""Rows that are asked for by key at once; long ones are fewer."""

HISTORY_VALUES = 30_000
"""Values of their keys: SQLite takes 32,766 in a statement."""

Pair = tuple[Row | None, Row | None]
"""A row as the older commit has it and as the newer one does, None where there is none."""


class Between:
    """What differs in one table.

    Args:
        plan: The table as the newer commit has it.
        wanted: The newer commit.
        known: The older one, which has the table in the same form.
        pair: The newer one beside the database.
        rows: Its rows on their way there.
    """

    def __init__(
        self, plan: TablePlan, wanted: Kept, known: Kept, pair: Comparison, rows: PlanRows
    ) -> None:
        """Read nothing yet."""
        self._plan = plan
        self._wanted = wanted
        self._known = known
        self._pair = pair
        self._rows = rows

    def chunks(self, *, exchanges: bool = False) -> Iterator[tuple[list[Pair], Exchange | None]]:
        """Yield the rows, some at once, and if wanted what changes in those that both commits have.

        The thread that reads them makes that, while the database has the rows before.
        """

        def found() -> Generator[tuple[list[Pair], Exchange | None], None, None]:
            at_once = min(HISTORY_ROWS, HISTORY_VALUES // len(self._plan.kept.key))
            for some in self._wanted.differing(self._plan.kept, self._known.commit, at_once):
                yield some, self._exchange(some) if exchanges else None

        return ahead(found())

    def _exchange(self, some: Sequence[Pair]) -> Exchange | None:
        olds, news = _sides(some)
        if not olds:
            return None
        columns = list(zip(self._places(self._rows.kept_names), self._rows.steps, strict=True))
        differ = [olds[place] != news[place] for place, _ in columns]
        return Exchange(
            len(olds[0]),
            [_stepped(olds[place], step) for place, step in columns],
            list(compress(self._rows.names, differ)),
            [_stepped(news[place], step) for place, step in compress(columns, differ)],
        )

    def changed(self, some: Sequence[Pair]) -> list[str]:
        """Return the columns there of which any row that both commits have has another value."""
        olds, news = _sides(some)
        named = zip(self._rows.names, self._places(self._rows.kept_names), strict=True)
        return [name for name, place in named if olds and olds[place] != news[place]]

    def _places(self, names: Sequence[str]) -> list[int]:
        own = list(self._plan.kept.types)
        return [own.index(name) for name in names]

    def forms(self, rows: Sequence[Row]) -> list[Key]:
        """Return the keys of rows of a commit, in their one form."""
        pair = self._pair
        places = self._places([pair.columns[place] for place in pair.key])
        forms = [pair.forms[place] for place in pair.key]
        return [tuple(key) for key in decoded(columns_of(rows, places), forms)]

    def values(self, rows: Sequence[Row], names: Sequence[str]) -> Sequence[Row]:
        """Return some columns of rows of a commit as parameters, by their names there."""
        own = [self._rows.names.index(name) for name in names]
        places = self._places([self._rows.kept_names[place] for place in own])
        steps = [self._rows.steps[place] for place in own]
        return decoded(columns_of(rows, places), steps)

    def keys(self, forms: Sequence[Key], rows: Sequence[Row]) -> dict[Key, Row]:
        """Return the keys of rows of a commit as parameters, by their one form."""
        return dict(zip(forms, self.values(rows, self._plan.table.key), strict=True))

    def hashes(self, rows: Sequence[Row]) -> dict[Key, int]:
        """Return the hash of each row of a commit, by its key."""
        pair = self._pair
        places = self._places(pair.columns)
        return hashes_of(decoded(columns_of(rows, places), pair.forms), pair.key)


def _sides(some: Sequence[Pair]) -> tuple[Texts, Texts]:
    """Return the columns of rows that both commits have, as each has them."""
    both = [(old, new) for old, new in some if old is not None and new is not None]
    olds, news = zip(*both, strict=True) if both else ((), ())
    return list(zip(*olds, strict=True)), list(zip(*news, strict=True))


def _stepped(column: Sequence[Any], step: Converter | None) -> Sequence[Any]:
    return column if step is None else [None if one is None else step(one) for one in column]


def columns_of(rows: Sequence[Row], places: Sequence[int]) -> Sequence[Row]:
    """Return some columns of rows; the rows themselves where these are all."""
    if rows and list(places) == list(range(len(rows[0]))):
        return rows
    return list(chosen(rows, places))
