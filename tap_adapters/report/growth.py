"""How many rows tables had at each commit, from what there is now and what each commit changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tap_adapters.history import TableDiff


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit changed.

    Attributes:
        diffs: What differs from the commit before it, by table.
        rekeyed: How many rows tables had there of which no engine can say which rows differ.
    """

    diffs: Sequence[TableDiff]
    rekeyed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableGrowth:
    """One table through the mainline's commits.

    Attributes:
        table: Its name, the newest it had.
        rows: How many rows it has at each commit, the oldest first; None where it is not there.
        written: How many rows were added or changed, in all commits shown.
        deleted: How many rows were deleted in them.
    """

    table: str
    rows: tuple[int | None, ...]
    written: int
    deleted: int

    @property
    def now(self) -> int | None:
        """How many rows it has at the newest commit; None where it is gone."""
        return self.rows[-1]


@dataclass(slots=True)
class _Life:
    """One table while history is walked backwards: its rows at the commit that is looked at."""

    table: str
    now: int | None
    rows: list[int | None]
    written: int = 0
    deleted: int = 0


def growth(
    counts: Mapping[str, int], line: Sequence[Step]
) -> tuple[tuple[TableGrowth, ...], list[int]]:
    """Return each table's rows at each commit, and all tables' together, the newest first.

    No past commit is counted: from the rows that are there now, what each commit changed leads
    back to the commit before it.

    Args:
        counts: How many rows each table has at the newest commit.
        line: What each commit changed, the newest first.
    """
    there = {table: _Life(table, rows, []) for table, rows in counts.items()}
    gone: dict[str, _Life] = {}
    lives = list(there.values())
    for place, step in enumerate(line):
        for life in lives:
            life.rows.append(life.now)
        for change in step.diffs:
            found = there.pop(change.table, None) or gone.pop(change.table, None)
            if found is None:
                found = _Life(change.table, None, [None] * (place + 1))
                lives.append(found)
            found.written += change.added + change.changed
            found.deleted += change.deleted
            if change.change == "added":
                found.now = None
                gone[change.table] = found
            else:
                before = (found.now or 0) - change.added + change.deleted
                found.now = step.rekeyed.get(change.table, before)
                there[change.former or change.table] = found
    totals = [sum(life.rows[place] or 0 for life in lives) for place in range(len(line))]
    tables = (
        TableGrowth(one.table, tuple(reversed(one.rows)), one.written, one.deleted) for one in lives
    )
    return tuple(sorted(tables, key=lambda one: (-(one.now or 0), one.table))), totals
