"""What a database must hold after each run of a tap that reads a log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from support import Place
from support_taps import last_state

SOFT = "soft"
"""A branch that is loaded with `hard_delete: false`, beside the one that is loaded without."""

Counts = dict[str, tuple[int, int, int]]
"""Rows added, changed and deleted, by table."""

HARD_DIFFS: Mapping[str, Counts] = {
    "filled": {"pets": (3, 0, 0), "visits": (2, 0, 0)},
    "changed": {"pets": (1, 1, 0), "visits": (0, 1, 0)},
    "deleted": {"pets": (0, 1, 1), "visits": (0, 0, 1)},
    "moved": {"pets": (1, 0, 0)},
    "idle": {},
    "anew": {"pets": (0, 0, 1)},
}
"""What the commits of each step change; a row that came and went in one step is nowhere."""

SOFT_DIFFS: Mapping[str, Counts] = {
    **HARD_DIFFS,
    "deleted": {"pets": (1, 2, 0), "visits": (0, 1, 0)},
    "anew": {"pets": (0, 0, 3), "visits": (0, 0, 1)},
}
"""The same where deletes are marks: a full-table run leaves what the source has, no marks."""

HARD_LOG: Mapping[str, list[str]] = {
    "changed": ["Load pets, visits: 1 added, 2 changed"],
    "deleted": ["Load pets, visits: 1 changed, 2 deleted"],
    "moved": ["Load pets: 1 added"],
    "idle": [],
    "anew": ["Load pets: 1 deleted", "Load visits: no rows"],
}
"""What the commits of each step say; of the first, each tap's own STATEs make commits. Of a table
sent anew whose rows are equal, the version is kept: the next run of the log names it again."""

MARKED = {"pets": [3, 5], "visits": [1]}
"""The keys of the rows that are deleted."""


@dataclass
class Following:
    """A database that follows a source through a tap's runs.

    Attributes:
        place: The database.
        repeats: Whether the tap sends the last transaction again, with another mark.
        stale: The old row of a key that changed, which no tap deletes.
    """

    place: Place
    repeats: bool = False
    stale: list[dict[str, Any]] = field(default_factory=list)

    def take(
        self, step: str, lines: Sequence[str], content: Mapping[str, list[dict[str, Any]]]
    ) -> Any:
        """Load what a tap wrote, compare with what its source holds, return the last STATE."""
        if step == "moved":
            self.stale = [row for row in self._rows("pets") if row["id"] == 4]
        elif step == "anew":
            self.stale = []
        before = {branch: self._head(branch) for branch in (SOFT, None)}
        told_before = len(self.place.log())
        state = last_state(lines)
        for branch, hard_delete in ((SOFT, False), (None, True)):
            settings = {"branch": branch} if branch else {}
            told = self.place.load(lines, hard_delete=hard_delete, **settings)
            assert told[-1] == state, step
            if step in {"changed", "deleted"}:  # one commit; where nothing differs there is none
                assert self.place.kept_state(at=branch) == state, step
        for table, rows in content.items():
            expected = plain([*rows, *(self.stale if table == "pets" else [])])
            assert self._rows(table) == expected, (step, table)
            self._check_marks(step, table, expected)
        assert self._diff(before[None], None) == HARD_DIFFS[step], step
        if not self.repeats or step not in {"moved", "idle"}:
            assert self._diff(before[SOFT] or before[None], SOFT) == SOFT_DIFFS[step], step
        if step in HARD_LOG:
            assert self.place.log()[told_before:] == HARD_LOG[step], step
        return state

    def _check_marks(self, step: str, table: str, expected: list[dict[str, Any]]) -> None:
        """On the other branch there are the same rows, and the deleted ones with their marks."""
        alive, deleted = [], []
        for row in self._rows(table, at=SOFT):
            mark = row.pop("_sdc_deleted_at", None)
            (alive if mark is None else deleted).append(row)
        assert alive == expected, (step, table, SOFT)
        keys = [next(row[name] for name in ("id", "pet") if name in row) for row in deleted]
        assert keys == (MARKED[table] if step in {"deleted", "moved", "idle"} else []), step
        if keys == MARKED["visits"]:
            assert deleted[0]["note"] == "ok"
        elif keys == MARKED["pets"]:
            assert [row["name"] for row in deleted] == ["Größe 名前", "Short"]

    def _rows(self, table: str, *, at: str | None = None) -> list[dict[str, Any]]:
        return plain(self.place.rows(table, at=at))

    def _head(self, branch: str | None) -> str | None:
        if branch is not None and branch not in self.place.branches():
            return None
        return str(self.place.query("SELECT commit_hash FROM dolt_log LIMIT 1", at=branch)[0][0])

    def _diff(self, old: str | None, branch: str | None) -> Counts:
        new = self._head(branch)
        if old == new:
            return {}
        statement = (
            "SELECT table_name, rows_added, rows_modified, rows_deleted "
            f"FROM dolt_diff_stat('{old}', '{new}')"
        )
        return {
            name: (added, changed, deleted)
            for name, added, changed, deleted in self.place.query(statement, at=branch)
            if not name.startswith("_target_dolt_")
        }


def plain(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows in the order of their keys, doubles as their shortest decimals."""
    exact = [
        {
            name: Decimal(repr(value)) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return sorted(exact, key=lambda row: [row[name] for name in ("id", "pet") if name in row])


def parse(text: str) -> Any:
    """Return JSON with every number as it is written."""
    return json.loads(text, parse_float=Decimal)
