"""Some of the rows that differ between two commits, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import Any

import sqlalchemy as sa

from tap_adapters.history import QueryError, TableDiff, query_errors, table_diffs
from tap_adapters.report.cells import Cell, cell, cells
from tap_adapters.report.schema import key_of
from target_dolt import Database

TABLES = 20
"""Tables whose rows are sampled."""

ROWS = 20
"""Rows of a table that are shown."""

LOOKED_AT = 10
"""A database is asked for so many times the rows that are shown, which are of each kind then where
there are some."""

COLUMNS = 30
"""Columns of a table that are shown: the key's and those that changed before the others."""


@dataclass(frozen=True, slots=True)
class SampleCell:
    """One cell of a row: what it was and what it is, as it is shown.

    Attributes:
        old: What it was; None where the row was not there, or the value is the same.
        new: What it is; None where the row is gone.
    """

    old: Cell | None
    new: Cell | None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One row that differs; `change` is `added`, `changed` or `deleted`."""

    change: str
    cells: tuple[SampleCell, ...]


@dataclass(frozen=True, slots=True)
class TableSample:
    """What differs in one table between two commits.

    Attributes:
        diff: How many rows differ, and how.
        columns: The names of the columns that are shown.
        columns_in_all: How many columns there are.
        rows: Some of the rows.
        why_none: Why there are no rows, in words; empty where there are.
    """

    diff: TableDiff
    columns: tuple[str, ...] = ()
    columns_in_all: int = 0
    rows: tuple[SampleRow, ...] = ()
    why_none: str = ""


def samples(
    database: Database, old: str, new: str, *, rows: int = ROWS, columns: int = COLUMNS
) -> Iterator[TableSample]:
    """Yield what differs between two commits, table by table.

    Args:
        database: The open database.
        old: The older commit's hash.
        new: The newer one's.
        rows: How many rows of a table are shown.
        columns: How many columns of a table are shown.
    """
    with query_errors(), database.connect() as connection, connection.begin():
        diffs = table_diffs(connection, old, new)
    for place, one in enumerate(diffs):
        if one.change == "rekeyed":
            words = "its primary key has other columns, so that rows cannot be compared"
            yield TableSample(one, why_none=words)
        elif not one.added + one.changed + one.deleted:
            yield TableSample(one, why_none="no row differs")
        elif place >= TABLES:
            yield TableSample(one, why_none=f"rows are shown of the first {TABLES} tables")
        else:
            yield _sample(database, one, (old, new), rows, columns)


def _sample(
    database: Database, diff: TableDiff, commits: tuple[str, str], rows: int, columns: int
) -> TableSample:
    # A table's own commit has its columns; the engine finds a dropped one in the older only.
    side = commits[0] if diff.change == "dropped" else commits[1]
    try:
        with query_errors(), database.connect(side) as connection, connection.begin():
            key = key_of(connection, diff.table)
            # A row at a time: one row of large objects may take as much memory as all others.
            streaming = connection.execution_options(stream_results=True, max_row_buffer=1)
            limit = f"LIMIT {LOOKED_AT * rows:d}"
            found = database.diff_rows(streaming, diff.table, *commits, limit)
            try:
                return _shown(diff, found, key, rows, columns)
            finally:
                found.close()
    except QueryError:
        return TableSample(diff, why_none="the engine cannot compare these rows")


def _shown(
    diff: TableDiff,
    found: sa.CursorResult[Any],
    key: Sequence[str],
    most_rows: int,
    most_columns: int,
) -> TableSample:
    """Return a sample of a diff's rows; each is cut to what is shown of it as it comes."""
    names = list(found.keys())
    kind = names.index("diff_type")
    columns = list(
        dict.fromkeys(
            name.partition("_")[2]
            for side in ("to_", "from_")
            for name in names
            if name.startswith(side) and name not in _COMMITS
        )
    )
    places = {
        one: [names.index(side + one) if side + one in names else None for side in _SIDES]
        for one in columns
    }
    changed: set[str] = set()
    kinds: dict[str, list[tuple[int, str, dict[str, SampleCell]]]] = {}
    for number, row in enumerate(found):
        word = _WORDS.get(row[kind], row[kind])
        rows = kinds.setdefault(word, [])
        if len(rows) == most_rows:
            continue
        sides = {
            one: [None if place is None else row[place] for place in pair]
            for one, pair in places.items()
        }
        if word == "changed":
            changed.update(one for one, (was, now) in sides.items() if was != now)
        rows.append((number, word, {one: _cell(word, *pair) for one, pair in sides.items()}))
    # By turns one of each kind, then in the order of the key again.
    turns = (one for one in chain(*zip_longest(*kinds.values())) if one is not None)
    chosen = sorted(islice(turns, most_rows), key=lambda one: one[0])
    first = [*key, *(one for one in columns if one in changed)]
    order = list(dict.fromkeys((*first, *columns)))[:most_columns]
    kept = [one for one in columns if one in order]
    return TableSample(
        diff,
        tuple(kept),
        len(columns),
        tuple(SampleRow(word, tuple(values[one] for one in kept)) for _, word, values in chosen),
    )


def _cell(word: str, old: Any, new: Any) -> SampleCell:
    if word == "added":
        return SampleCell(None, cell(new))
    if word == "deleted":
        return SampleCell(cell(old), None)
    if old == new:
        return SampleCell(None, cell(new))
    return SampleCell(*cells(old, new))


_SIDES = ("from_", "to_")
_COMMITS = {f"{side}{name}" for side in _SIDES for name in ("commit", "commit_date")}
_WORDS = {"modified": "changed", "removed": "deleted"}
"""Our words for the engines'."""
