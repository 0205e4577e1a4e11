"""Whether a commit and a database hold the same rows, and which keys differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tap_adapters.history.kept import Kept, KeptTable, kept_at
from tap_adapters.sources.schema import SourceTable
from tap_adapters.sources.snapshot import Progress, Selection, Snapshot, open_snapshot, untold
from tap_adapters.verify.canonical import BUCKETS, digest, part_of
from tap_adapters.verify.comparison import Comparison, Rows, pairs, sums_of
from target_dolt.errors import TargetDoltError
from target_dolt.opening import open_database
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.settings import where_of

SHOWN_KEYS = 20
"""Keys that differ and are named; the rest is counted by nobody."""

_PARTS = 16
"""Parts of a table that are looked into for keys: a bound for memory, 0.4% of the rows."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one table.

    Attributes:
        table: Its name in the commit; None where the commit has none.
        there: Its full name in the database; None where that has none.
        rows: How many rows the commit has.
        rows_there: How many the database has.
        checksum: The sum of the commit's rows, whatever their order.
        checksum_there: The database's.
        columns: Columns that only one of them has.
        compared: The columns that both have, whose values were compared, by their names in the
            commit.
        only_here: Keys of rows that only the commit has, `SHOWN_KEYS` at the most.
        only_there: Keys of rows that only the database has.
        differing: Keys of rows that both have, with other values.
    """

    table: str | None
    there: str | None
    rows: int = 0
    rows_there: int = 0
    checksum: str = ""
    checksum_there: str = ""
    columns: tuple[str, ...] = ()
    only_here: tuple[str, ...] = ()
    only_there: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether both have the table, with the same columns and rows."""
        both = self.table is not None and self.there is not None
        return both and not self.columns and self.checksum == self.checksum_there


def verify(
    database: str,
    url: str,
    *,
    at: str = "HEAD",
    tables: Mapping[str, str | None] | None = None,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
    plugins: Plugins | None = None,
) -> list[Checked]:
    """Compare a commit with a database as it is now, table by table.

    Values are compared in one form each, so that order, spelling and storage make no difference.

    Args:
        database: A path or URL, as target-dolt takes it.
        url: The other database's SQLAlchemy URL.
        at: The branch, tag or commit, or a time in UTC: the last commit until then.
        tables: The other database's tables to compare, each with the table here that it is
            compared with, None for the one that a snapshot of it went to. Default: all.
        exclude: Patterns of names to leave out.
        progress: Told of rows as they are read, of both sides.
        plugins: The plugins to use; None loads what is installed.
    """
    plugins = plugins or load_plugins()
    opened = open_database(where_of(database), plugins)
    selection = Selection(tables or {}, exclude)
    try:
        with open_snapshot(url, selection) as there, kept_at(opened, at) as here:
            return [
                _checked(kept, found, here, there, plugins, progress or untold)
                for kept, found in pairs(here, there, selection)
            ]
    finally:
        opened.close()


def _checked(
    kept: KeptTable | None,
    found: SourceTable | None,
    here: Kept,
    there: Snapshot,
    plugins: Plugins,
    progress: Progress,
) -> Checked:
    if kept is None or found is None:
        name = kept.name if kept else None
        return Checked(name, found.name if found else None)
    pair = Comparison(kept, found, here, there, plugins, partial(progress, found.name))
    rows_here, rows_there, key = pair.wanted, pair.there, pair.key
    sums = [sums_of(rows, key) for rows in (rows_here, rows_there)]
    checked = Checked(
        kept.name,
        found.name,
        sums[0].rows,
        sums[1].rows,
        sums[0].total,
        sums[1].total,
        pair.alone,
        compared=tuple(pair.columns),
    )
    if checked.checksum == checked.checksum_there:
        return checked
    parts = [one for one in range(BUCKETS) if sums[0].parts[one] != sums[1].parts[one]]
    labels = [pair.columns[place] for place in key]
    return _with_keys(checked, rows_here, rows_there, key, set(parts[:_PARTS]), labels)


def _with_keys(
    checked: Checked,
    here: Rows,
    there: Rows,
    key: Sequence[int],
    parts: set[int],
    labels: Sequence[str],
) -> Checked:
    """Look into the parts that differ for the rows that do."""
    counts = [_part(rows, key, parts) for rows in (here, there)]
    if not key:
        gone, new = counts[0] - counts[1], counts[1] - counts[0]  # equal rows count
        return replace(
            checked,
            only_here=_without_key(sum(gone.values())),
            only_there=_without_key(sum(new.values())),
        )
    sides = [dict(side.keys()) for side in counts]  # hashes by key
    found = (
        sides[0].keys() - sides[1].keys(),
        sides[1].keys() - sides[0].keys(),
        {one for one in sides[0].keys() & sides[1].keys() if sides[0][one] != sides[1][one]},
    )
    only_here, only_there, differing = (
        tuple(_shown(one, labels) for one in sorted(some, key=repr)[:SHOWN_KEYS]) for some in found
    )
    return replace(checked, only_here=only_here, only_there=only_there, differing=differing)


def _without_key(count: int) -> tuple[str, ...]:
    return (f"{count} rows without a key, of those looked into",) if count else ()


def _part(rows: Rows, key: Sequence[int], parts: set[int]) -> Counter[tuple[Any, int]]:
    """Return the rows of some parts: each one's key and hash, with how often they are there."""
    found: Counter[tuple[Any, int]] = Counter()
    for some in rows():
        for row in some:
            own = [row[place] for place in key] if key else row
            if part_of(own) in parts:
                found[tuple(own) if key else (), digest(row)] += 1
    return found


def _shown(key: tuple[Any, ...], labels: Sequence[str]) -> str:
    pairs = zip(labels, key, strict=True)
    return ", ".join(
        f"{name}={value.hex() if isinstance(value, bytes) else value}" for name, value in pairs
    )


class DifferentError(TargetDoltError):
    """A commit and a database do not hold the same rows."""

    exit_code = 3
