"""A snapshot or a restore dies at a point of what it does; run again, it is as if nothing had been.

What is written to is as it was or as it is to be, never between: a branch by its one commit, a
database by its one transaction. MySQL ends its transaction where a table is made: there rows are
as they were or as they are to be, table by table, and what was made may be empty. The whole is
`make fuzz`; `make test` takes a sample of it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from support import Place, database_of
from support_crashes import Answer, Loads
from support_restore import contents, shape
from support_snapshot import Source
from support_state import run_branches, sessions_are_gone

from tap_adapters.restore import restore
from tap_adapters.sync import snapshot

SEED, DONE = "seed", "undisturbed"

SAMPLE = 2
"""Points of each case that `make test` takes."""

BEFORE = (
    "CREATE TABLE users (id integer PRIMARY KEY, name varchar(20) NOT NULL)",
    "CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id))",
    "CREATE TABLE gone (id integer PRIMARY KEY)",
    "CREATE INDEX by_name ON users (name)",
    "INSERT INTO users VALUES (1, 'Ann'), (2, 'Bob'), (3, 'Cid')",
    "INSERT INTO orders VALUES (1, 1), (2, 2), (3, NULL)",
    "INSERT INTO gone VALUES (1)",
)
CHANGES = (
    "UPDATE users SET name = 'Zoe' WHERE id = 2",
    "DELETE FROM orders WHERE id = 2",
    "INSERT INTO orders VALUES (4, 3)",
    "ALTER TABLE users ADD COLUMN age integer",
    "UPDATE users SET age = 7 WHERE id = 3",
    "CREATE TABLE fresh (id integer PRIMARY KEY, note varchar(20))",
    "INSERT INTO fresh VALUES (1, 'new'), (2, NULL)",
    "DROP TABLE gone",
)


@pytest.fixture(scope="module")
def syncs() -> Iterator[Loads]:
    """The process whose forks are the snapshots and restores."""
    with Loads("dying_syncs.py") as process:
        yield process


class Snapshots:
    """A database of two states, taken at each; the second time by processes that die."""

    def __init__(self, place: Place, source: Source, syncs: Loads) -> None:
        """Take both, undisturbed; the second one counts the points."""
        self._place, self._source, self._syncs = place, source, syncs
        source.execute(*BEFORE)
        snapshot(source.url, database_of(place), branch=SEED)
        source.execute(*CHANGES)
        self.counts = self._take(DONE).counts
        self._old, self._new = (self._found(name) for name in (SEED, DONE))
        assert self._old != self._new

    def _take(self, branch: str, point: str = "", number: int = 0) -> Answer:
        if branch not in self._place.branches():
            self._place.call("dolt_branch", branch, SEED)
        arguments = [self._source.url, database_of(self._place)]
        request = {"call": "snapshot", "arguments": arguments, "options": {"branch": branch}}
        done = self._syncs.ask({**request, "point": point, "number": number})
        assert done.code == (137 if done.died else 0), done.err
        return done

    def _found(self, branch: str) -> dict[str, Any]:
        with self._place.look(branch) as look:
            found: dict[str, Any] = {name: look.rows(name) for name in look.tables()}
            for name in ("_target_dolt_columns", "_target_dolt_objects"):
                found[name] = sorted(look.query(f"SELECT * FROM {name}"), key=repr)
            found["log"] = [one.partition(":")[0] for one in look.log()]
        return found

    def check(self, point: str, number: int) -> bool:
        """Let a snapshot die at a point, look, take it again and compare; return if it died."""
        died = self._take("crashed", point, number)
        sessions_are_gone(self._place)
        assert self._found("crashed") in ((self._old, self._new) if died.died else (self._new,))
        assert self._place.query("SELECT * FROM dolt_status", at="crashed") == [], died
        self._take("crashed")
        assert self._found("crashed") == self._new, died
        assert run_branches(self._place) == [], died
        self._place.call("dolt_branch", "-D", "crashed")
        return bool(died.died)


class Restores:
    """A commit carried back into a database that has an older one, or nothing."""

    def __init__(
        self, place: Place, new_source: Callable[[], Source], syncs: Loads, *, empty: bool
    ) -> None:
        """Take both states, and carry the second one back undisturbed, which counts the points."""
        self._place, self._new_source, self._syncs = place, new_source, syncs
        source = new_source()
        source.execute(*BEFORE)
        self._seed = snapshot(source.url, database_of(place)).commit
        self._empty = empty
        self._old = self._found(self._there())
        source.execute(*CHANGES)
        snapshot(source.url, database_of(place))
        there = self._there()
        self.counts = self._restore(there).counts
        self._new = self._found(there)
        # What a commit does not have stays where it is.
        extra = {} if empty else {name: one for name, one in self._old.items() if "gone" in name}
        assert self._new == self._found(source) | extra

    def _there(self) -> Source:
        """Return a database as it is before."""
        there = self._new_source()
        if not self._empty:
            assert self._seed is not None
            restore(database_of(self._place), there.url, at=self._seed.hash, check=False)
        return there

    def _restore(self, there: Source, point: str = "", number: int = 0) -> Answer:
        assert self._seed is not None
        options = {"overwrite": True, "base": self._seed.hash, "check": False}
        request = {"call": "restore", "arguments": [database_of(self._place), there.url]}
        done = self._syncs.ask({**request, "options": options, "point": point, "number": number})
        assert done.code == (137 if done.died else 0), done.err
        return done

    def _found(self, there: Source) -> dict[str, Any]:
        tables = shape(there).tables
        own = {name: one.own_name for name, one in tables.items()}
        rows = {own[name]: rows for name, rows in contents(there).items()}
        forms = {own[name]: tables[name] for name in own}
        return {name: (rows[name], repr(forms[name].columns), repr(forms[name].constraints))
                for name in rows}  # fmt: skip

    def check(self, point: str, number: int) -> bool:
        """Let a restore die at a point, look, carry back again and compare; return if it died."""
        there = self._there()
        died = self._restore(there, point, number)
        sessions_are_gone(self._place)
        there.sessions_are_gone()
        found = self._found(there)
        if there.kind == "mysql":
            for name, one in found.items():
                rows = [side[name][0] for side in (self._old, self._new) if name in side]
                assert one[0] in (*rows, []), (died, name)
        else:
            assert found in (self._old, self._new), died
        self._restore(there)
        assert self._found(there) == self._new, died
        return bool(died.died)


@pytest.fixture
def snapshots(place: Place, new_source: Callable[[], Source], syncs: Loads) -> Snapshots:
    """Snapshots of each kind of source, on each backend."""
    return Snapshots(place, new_source(), syncs)


@pytest.fixture(params=["an-empty-one", "an-older-one"])
def restores(
    request: pytest.FixtureRequest, place: Place, new_source: Callable[[], Source], syncs: Loads
) -> Restores:
    """Restores into each kind of database, from each backend."""
    return Restores(place, new_source, syncs, empty=request.param == "an-empty-one")


def some_die(counts: dict[str, int], check: Callable[[str, int], bool]) -> None:
    """Take a sample of all points, the same at every run."""
    points = [(one, number + 1) for one in sorted(counts) for number in range(counts[one])]
    for point, number in random.Random(5).sample(points, SAMPLE):  # noqa: S311 - no secret
        assert check(point, number)


def all_die(counts: dict[str, int], check: Callable[[str, int], bool]) -> None:
    """Take every point, until it is come to no more."""
    died = 0
    for point in sorted(counts):
        died += sum(1 for _ in itertools.takewhile(partial(check, point), itertools.count(1)))
    print(f"{died} died")  # noqa: T201 - the figure of a long run
    assert died >= sum(counts.values()) * 0.9


def test_a_snapshot_that_dies_at_some_points_is_made_good_by_the_next(snapshots: Snapshots) -> None:
    """The branch is as it was or as it is to be, and no other branch is left."""
    some_die(snapshots.counts, snapshots.check)


def test_a_restore_that_dies_at_some_points_is_made_good_by_the_next(restores: Restores) -> None:
    """The database is as it was or as it is to be."""
    some_die(restores.counts, restores.check)


@pytest.mark.fuzz
def test_a_snapshot_that_dies_at_any_point_is_made_good_by_the_next(snapshots: Snapshots) -> None:
    """Every call of everything, until a snapshot has none left and lives."""
    all_die(snapshots.counts, snapshots.check)


@pytest.mark.fuzz
def test_a_restore_that_dies_at_any_point_is_made_good_by_the_next(restores: Restores) -> None:
    """Every call of everything, until a restore has none left and lives."""
    all_die(restores.counts, restores.check)
