"""The rows of one table that differ between two commits, read few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tap_adapters.history.commits import WORDS, QueryError, commit_of, query_errors
from tap_adapters.history.kept import streamed
from tap_adapters.sources.snapshot import chunks
from target_dolt import Database

_SIDES = ("from", "to")
_OF_COMMITS = frozenset(f"{side}_{name}" for side in _SIDES for name in ("commit", "commit_date"))


@dataclass(frozen=True, slots=True)
class RowDiff:
    """What differs in one row.

    Attributes:
        change: `added`, `changed` or `deleted`.
        old: The row of the older commit by column, None where there is none.
        new: The row of the newer commit.
    """

    change: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RowDiffs:
    """The rows that differ, to be read once.

    Attributes:
        columns: The table's columns: those of the newer commit, then those of the older alone.
        rows: The rows; few of them are in memory at once.
    """

    columns: tuple[str, ...]
    rows: Iterator[RowDiff]


@contextmanager
def row_diff(database: Database, table: str, old: str, new: str) -> Iterator[RowDiffs]:
    """Open the rows of a table that differ between two references.

    Raises:
        QueryError: There is no such reference, or no such table at either.
    """
    commits = commit_of(database, old), commit_of(database, new)
    if not table.startswith("dolt_") and not any(_has(database, table, one) for one in commits):
        msg = f"there is no table '{table}' in either commit"
        raise QueryError(msg)
    with streamed(database) as connection:
        found = database.diff_rows(connection, table, *commits)
        try:
            names = [name for name in found.keys() if name not in _OF_COMMITS]  # noqa: SIM118
            columns = dict.fromkeys(
                name.removeprefix(f"{side}_")
                for side in reversed(_SIDES)
                for name in names
                if name.startswith(f"{side}_")
            )
            yield RowDiffs(tuple(columns), _rows(found))
        finally:
            found.close()


def _rows(found: sa.CursorResult[Any]) -> Iterator[RowDiff]:
    names = list(found.keys())
    places = {
        side: [
            (place, name.removeprefix(f"{side}_"))
            for place, name in enumerate(names)
            if name.startswith(f"{side}_") and name not in _OF_COMMITS
        ]
        for side in _SIDES
    }
    kind = names.index("diff_type")
    for rows in chunks(found.fetchmany):
        for row in rows:
            old, new = ({name: row[place] for place, name in places[side]} for side in _SIDES)
            change = WORDS.get(row[kind], row[kind])
            yield RowDiff(
                change,
                None if change == "added" else old,
                None if change == "deleted" else new,
            )


def _has(database: Database, table: str, commit: str) -> bool:
    """Whether a commit has a table; both engines pass over the case of its name."""
    with query_errors(), database.connect(commit) as connection, connection.begin():
        names = sa.inspect(connection).get_table_names()
    return table.casefold() in {name.casefold() for name in names}
