"""Sharing a database: other pipelines, people who commit, people who have not yet committed.

Who does what when is driven by a tap whose steps look around or do something
between two messages; nothing here waits.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state
from support_state import (
    CATS,
    DOGS,
    Step,
    Watched,
    cat,
    dog,
    finish,
    ids,
    next_line,
    run_branches,
    send,
    wait_until,
)

from tap_adapters.history.standstill import standing_still
from target_dolt.errors import CommitConflictError, LockedError, RecordError
from target_dolt.loading.commits import RunBranch
from target_dolt_plugins.doltlite import DoltLiteDatabase

STATUS = "SELECT table_name, staged, status FROM dolt_status"


def load(place: Place, *steps: Step, **settings: Any) -> list[str]:
    """Run one load in this process, steps between its messages; return its STATEs."""
    return Watched(place).load(*steps, **settings)


def load_cats(place: Place, *numbers: int) -> Callable[[], None]:
    """Return a step: another pipeline loads cats, from its beginning to its end."""

    def step() -> None:
        messages = [CATS, *map(cat, numbers), state({"cats": max(numbers)})]
        assert load(place, *messages, pipeline_id="cats") == [f'{{"cats":{max(numbers)}}}']

    return step


def commit_by_hand(place: Place, *statements: str, message: str) -> Callable[[], None]:
    """Return a step: a person changes something on the default branch and commits it all."""

    def step() -> None:
        place.execute(*statements)
        place.call("dolt_commit", "-A", "-m", message, "--author", "Ann <ann@example.org>")

    return step


def make_table(place: Place, table: str, *numbers: int) -> None:
    """Make a table by hand, with these ids, and commit it."""
    values = ", ".join(f"({number})" for number in numbers)
    commit_by_hand(
        place,
        f"CREATE TABLE {table} (id BIGINT PRIMARY KEY)",
        f"INSERT INTO {table} VALUES {values}",
        message=f"make {table}",
    )()


def assert_linear(place: Place, messages: Sequence[str]) -> None:
    """The branch's history is these commits, one after the other: none has two parents."""
    assert place.log() == messages
    parents = place.query(
        "SELECT commit_hash, parent_hash FROM dolt_commit_ancestors WHERE parent_hash IS NOT NULL"
    )
    known = set(place.commits())
    assert sorted(commit for commit, _ in parents if commit in known) == sorted(known)


# Two loads at once


def test_two_pipelines_that_begin_on_an_empty_database_both_land_in_one_line(
    place: Place,
) -> None:
    """Both make the tool's own tables too, and no merge commit is in the history."""
    states = load(place, DOGS, dog(1), load_cats(place, 1, 2), state({"dogs": 1}))
    assert states == ['{"dogs":1}']
    assert (ids(place, "dogs"), ids(place, "cats")) == ([1], [1, 2])
    assert_linear(place, ["Load cats: 2 added", "Load dogs: 1 added"])
    assert place.kept_state() == {"dogs": 1}
    assert place.kept_state("cats") == {"cats": 2}
    assert place.branches() == ["main"]


def test_a_commit_while_the_run_branch_is_made_costs_no_row(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another pipeline's, after the branch was made and before the run has read its head."""
    hash_of = RunBranch._hash_of
    met: list[str] = []

    def late(self: RunBranch, connection: Any, ref: str) -> str:
        if not met:
            met.append(ref)
            load_cats(place, 1)()
        return hash_of(self, connection, ref)

    monkeypatch.setattr(RunBranch, "_hash_of", late)
    assert load(place, DOGS, dog(1), state({"dogs": 1})) == ['{"dogs":1}']
    assert met
    assert (ids(place, "dogs"), ids(place, "cats")) == ([1], [1])
    assert place.kept_state() == {"dogs": 1}
    assert_linear(place, ["Load cats: 1 added", "Load dogs: 1 added"])


def test_two_pipelines_that_take_turns_at_each_commit_point_stay_in_one_line(
    place: Place,
) -> None:
    """After a commit was taken in, the next ones go on being plain commits with their messages."""
    load_cats(place, 1)()
    load(
        place,
        DOGS,
        dog(1),
        load_cats(place, 2),
        state({"dogs": 1}),
        load_cats(place, 3),
        dog(2),
        state({"dogs": 2}),
        dog(3),
        state({"dogs": 3}),
        dog(4),
        load_cats(place, 4),
        state({"dogs": 4}),
        commit_interval_seconds=0,
    )
    assert (ids(place, "dogs"), ids(place, "cats")) == ([1, 2, 3, 4], [1, 2, 3, 4])
    one_cat, one_dog = "Load cats: 1 added", "Load dogs: 1 added"
    assert_linear(
        place,
        [one_cat, one_cat, one_dog, one_cat, one_dog, one_dog, one_cat, one_dog],
    )
    assert place.kept_state() == {"dogs": 4}
    assert place.kept_state("cats") == {"cats": 4}


def test_each_commit_of_loads_at_once_has_its_own_pipeline_message_and_author(
    place: Place,
) -> None:
    """The later commit takes the other's tables in as they are: its diff shows its own alone."""

    def others() -> None:
        load(
            place,
            CATS,
            cat(1),
            state({"cats": 1}),
            pipeline_id="cats",
            commit_author="Cat <cat@example.org>",
            commit_message="{pipeline}: {tables} {added}",
        )

    load(place, DOGS, dog(1), dog(2), others, state({"dogs": 2}), pipeline_id="dogs")
    theirs, ours = place.commits()
    rows = place.query("SELECT commit_hash, committer, message FROM dolt_log")
    found = {commit: (committer, message) for commit, committer, message in rows}
    assert found[theirs] == ("Cat", "cats: cats 1")
    assert found[ours][0] == "target-dolt"
    assert "pipeline dogs" in found[ours][1]
    changed = place.query(f"SELECT table_name FROM dolt_diff_stat('{theirs}', '{ours}')")
    users = sorted(name for (name,) in changed if not name.startswith("_target_dolt_"))
    assert users == ["dogs"]


def test_a_widened_table_and_another_pipelines_commit_both_land(place: Place) -> None:
    """A change of schema on the run branch is taken over somebody else's commit too."""
    load(place, DOGS, dog(1, "a"), state({"dogs": 1}))
    wider = schema("dogs", {"id": {"type": "integer"}, "name": {}, "age": {"type": "integer"}})
    load(
        place,
        wider,
        record("dogs", id=2, name={"first": "b"}, age=3),
        load_cats(place, 1),
        state({"dogs": 2}),
    )
    assert {row["id"]: row["age"] for row in place.rows("dogs")} == {1: None, 2: 3}
    assert_linear(place, ["Load dogs: 1 added", "Load cats: 1 added", place.log()[-1]])


def test_a_second_run_of_a_pipeline_is_refused_while_the_first_is_at_work(place: Place) -> None:
    """The first is not disturbed, and after it the pipeline runs again."""

    def again() -> None:
        with pytest.raises(LockedError, match=r"pipeline 'dogs'.*'main'"):
            load(place, DOGS, dog(9), state({"n": 9}), pipeline_id="dogs")

    states = load(
        place, again, DOGS, dog(1), again, state({"n": 1}), dog(2), state({"n": 2}), again,
        pipeline_id="dogs", commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}']
    assert ids(place) == [1, 2]
    assert load(place, DOGS, dog(3), state({"n": 3}), pipeline_id="dogs") == ['{"n":3}']
    assert place.branches() == ["main"]


def test_a_file_and_a_link_to_it_are_one_place_for_a_pipeline(tmp_path: Path) -> None:
    """A second run by a symbolic link of another name and directory is refused."""
    (tmp_path / "links").mkdir()
    place = Place({"path": str(tmp_path / "real.db")}, tmp_path)
    linked = Place({"path": str(tmp_path / "links" / "other.db")}, tmp_path)
    (tmp_path / "links" / "other.db").symlink_to(tmp_path / "real.db")

    def again() -> None:
        with pytest.raises(LockedError, match=r"pipeline 'dogs'.*'main'"):
            load(linked, DOGS, dog(9), state({"n": 9}), pipeline_id="dogs")

    load(place, DOGS, dog(1), again, state({"n": 1}), pipeline_id="dogs")
    assert load(linked, DOGS, dog(2), again, state({"n": 2}), pipeline_id="dogs") == ['{"n":2}']
    assert ids(place) == [1, 2]
    assert (place.branches(), list((tmp_path / "links").glob("*.lock"))) == (["main"], [])


def test_one_pipeline_may_load_into_two_branches_at_once(place: Place) -> None:
    """The lock is a pipeline's on one branch."""

    def into_other_branch() -> None:
        load(place, DOGS, dog(2), state({"n": 2}), branch="other")

    load(place, DOGS, into_other_branch, dog(1), state({"n": 1}))
    assert ids(place) == [1]
    assert ids(place, at="other") == [2]
    assert place.branches() == ["main", "other"]


def test_a_pipeline_that_fails_while_another_is_at_work_disturbs_nothing(place: Place) -> None:
    """Its run branch goes, the other one's stays."""

    def fail() -> None:
        with pytest.raises(RecordError):
            load(place, CATS, record("cats", id="no number"), pipeline_id="cats")
        assert len(run_branches(place)) == 1

    load(place, DOGS, dog(1), fail, dog(2), state({"n": 2}))
    assert ids(place) == [1, 2]
    assert_linear(place, ["Load dogs: 2 added"])


# A person commits meanwhile


def test_a_persons_commit_to_another_table_meanwhile_stays_and_the_load_follows_it(
    place: Place,
) -> None:
    """In one line, each with its message; the person's rows are there."""
    make_table(place, "notes", 1)
    person = commit_by_hand(place, "INSERT INTO notes VALUES (2)", message="note two")
    load(place, DOGS, dog(1), person, state({"n": 1}), dog(2), state({"n": 2}))
    assert ids(place, "notes") == [1, 2]
    assert ids(place) == [1, 2]
    assert_linear(place, ["make notes", "note two", "Load dogs: 1 added", "Load dogs: 1 added"])


@pytest.mark.parametrize(
    ("statements", "rows"),
    [
        pytest.param(["CREATE TABLE more (id BIGINT PRIMARY KEY)"], {"notes": [1]}, id="made"),
        pytest.param(["DROP TABLE notes"], {}, id="dropped"),
        pytest.param(["ALTER TABLE notes RENAME TO texts"], {"texts": [1]}, id="renamed"),
    ],
)
def test_a_table_that_a_person_makes_drops_or_renames_meanwhile_does_not_come_back(
    place: Place, statements: list[str], rows: dict[str, list[int]]
) -> None:
    """What they did to tables that the run does not write holds."""
    make_table(place, "notes", 1)
    person = commit_by_hand(place, *statements, message="by hand")
    load(place, DOGS, dog(1), person, state({"n": 1}))
    made = ["more"] if "notes" in rows else []
    assert place.tables() == sorted(["dogs", *rows, *made])
    for table, numbers in rows.items():
        assert ids(place, table) == numbers
    assert_linear(place, ["make notes", "by hand", "Load dogs: 1 added"])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE dogs SET name = 'Ann' WHERE id = 1", id="row-of-both"),
        pytest.param("INSERT INTO dogs (id, name) VALUES (77, 'Ann')", id="new-row"),
        pytest.param("DELETE FROM dogs WHERE id = 1", id="row-removed"),
        pytest.param("ALTER TABLE dogs ADD COLUMN note TEXT", id="column"),
        pytest.param("DROP TABLE dogs", id="table-dropped"),
        pytest.param("ALTER TABLE dogs RENAME TO hounds", id="table-renamed"),
    ],
)
def test_a_persons_commit_to_a_table_of_the_run_stops_it_and_keeps_its_rows_on_a_branch(
    place: Place, change: str
) -> None:
    """Cell-wise merging would make rows that no source ever had; the error names both."""
    load(place, DOGS, dog(1, "a"), state({"n": 1}))
    head: list[str] = []

    def person() -> None:
        commit_by_hand(place, change, message="by hand")()
        head.extend(place.commits())

    run = Watched(place)
    with pytest.raises(CommitConflictError, match="dogs") as refusal:
        run.load(DOGS, dog(1, "b"), dog(2, "b"), person, state({"n": 2}))
    assert run.lines == []
    (kept,) = [name for name in place.branches() if name != "main"]
    assert kept.startswith("held/")
    assert f"'{kept}'" in str(refusal.value)
    assert place.commits() == head
    assert place.log() == ["Load dogs: 1 added", "by hand"]
    assert place.query(STATUS) == []
    assert place.kept_state() == {"n": 1}
    assert place.kept_state(at=kept) == {"n": 2}
    rows = place.query("SELECT id, name FROM dogs ORDER BY id", at=kept)
    assert rows == [(1, "b"), (2, "b")]


def test_a_person_who_gave_a_table_of_the_run_another_key_stops_it(place: Place) -> None:
    """Neither engine's summary has such a table: no row of it can be told from another."""
    load(place, DOGS, dog(1, "a"), state({"n": 1}))
    rekeyed = commit_by_hand(
        place,
        "DROP TABLE dogs",
        "CREATE TABLE dogs (id BIGINT NOT NULL, name LONGTEXT)",
        "INSERT INTO dogs VALUES (1, 'a')",
        message="by hand",
    )
    with pytest.raises(CommitConflictError, match="dogs"):
        load(place, DOGS, dog(2, "b"), rekeyed, state({"n": 2}))
    assert place.log() == ["Load dogs: 1 added", "by hand"]
    assert place.query("SELECT id, name FROM dogs") == [(1, "a")]


def test_a_held_branch_outlives_later_runs_and_the_next_run_starts_from_the_target(
    place: Place,
) -> None:
    """Runs of the same and of another pipeline leave it; the same records load again."""
    load(place, DOGS, dog(1), state({"n": 1}))
    person = commit_by_hand(place, "INSERT INTO dogs (id) VALUES (77)", message="by hand")
    with pytest.raises(CommitConflictError):
        load(place, DOGS, dog(2), person, state({"n": 2}))
    held = place.branches()
    assert len(held) == 2
    assert load(place, DOGS, dog(2), state({"n": 2})) == ['{"n":2}']
    load_cats(place, 1)()
    assert place.branches() == held
    assert ids(place) == [1, 2, 77]
    assert ids(place, at=held[0]) == [1, 2]


def test_a_person_who_made_the_runs_new_table_first_stops_the_run(place: Place) -> None:
    """Two tables of one name are not merged into one."""

    def person() -> None:
        make_table(place, "dogs", 5)

    with pytest.raises(CommitConflictError, match="dogs"):
        load(place, DOGS, dog(1), person, state({"n": 1}))
    assert ids(place) == [5]
    assert place.log() == ["make dogs"]


def test_two_pipelines_that_write_one_table_are_not_merged(place: Place) -> None:
    """The second to commit is refused, as a person's change would."""
    load(place, DOGS, dog(1, "a"), state({"n": 1}))

    def others() -> None:
        load(place, DOGS, dog(1, "x"), state({"m": 1}), pipeline_id="other")

    with pytest.raises(CommitConflictError, match="dogs"):
        load(place, DOGS, dog(2), others, state({"n": 2}))
    assert place.query("SELECT id, name FROM dogs") == [(1, "x")]
    assert place.kept_state() == {"n": 1}
    assert place.kept_state("other") == {"m": 1}


def test_a_conflict_after_a_commit_of_the_run_leaves_that_commit_and_its_state(
    place: Place,
) -> None:
    """The last STATE that went out is the one that the branch has."""
    run = Watched(place)
    person = commit_by_hand(place, "UPDATE dogs SET name = 'Ann'", message="by hand")
    with pytest.raises(CommitConflictError):
        run.load(DOGS, dog(1), state({"n": 1}), person, dog(2), state({"n": 2}))
    assert run.lines == ['{"n":1}']
    assert place.kept_state() == {"n": 1}
    assert place.query("SELECT id, name FROM dogs") == [(1, "Ann")]
    assert place.log() == ["Load dogs: 1 added", "by hand"]


# Uncommitted changes on the target branch


def test_uncommitted_changes_of_another_table_stay_uncommitted_and_the_load_lands(
    place: Place,
) -> None:
    """Neither lost nor swept into the load's commit."""
    make_table(place, "notes", 1)
    place.execute("INSERT INTO notes VALUES (2)")
    load(place, DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2}), commit_interval_seconds=0)
    assert ids(place, "notes") == [1, 2]
    assert [name for name, _, _ in place.query(STATUS)] == ["notes"]
    assert ids(place, "notes", at=place.commits()[-1]) == [1]
    assert ids(place) == [1, 2]
    assert_linear(place, ["make notes", "Load dogs: 1 added", "Load dogs: 1 added"])


def test_a_new_table_that_nobody_has_committed_stays_so_and_the_load_lands(place: Place) -> None:
    """An untracked table is a person's work as well."""
    load(place, DOGS, dog(1), state({"n": 1}))
    place.execute("CREATE TABLE notes (id BIGINT PRIMARY KEY)", "INSERT INTO notes VALUES (1)")
    load(place, DOGS, dog(2), state({"n": 2}))
    assert ids(place, "notes") == [1]
    assert [name for name, _, _ in place.query(STATUS)] == ["notes"]
    assert ids(place) == [1, 2]


def test_changes_that_a_person_has_staged_are_neither_lost_nor_committed(place: Place) -> None:
    """They are what that person's next commit was to be (Dolt's merge takes the mark off)."""
    make_table(place, "notes", 1)
    place.execute("INSERT INTO notes VALUES (2)")
    place.call("dolt_add", "notes")
    load(place, DOGS, dog(1), state({"n": 1}))
    assert ids(place, "notes") == [1, 2]
    assert [name for name, _, _ in place.query(STATUS)] == ["notes"]
    assert ids(place, "notes", at=place.commits()[-1]) == [1]
    assert ids(place) == [1]


def test_uncommitted_changes_of_another_table_stay_where_a_commit_is_taken_in_too(
    place: Place,
) -> None:
    """A person has changed one table, another person commits a second, the run loads a third."""
    make_table(place, "notes", 1)
    make_table(place, "texts", 1)

    def meanwhile() -> None:
        place.execute("INSERT INTO texts VALUES (2)")
        place.call("dolt_add", "texts")
        place.call("dolt_commit", "-m", "text two", "--author", "Ann <ann@example.org>")
        place.execute("INSERT INTO notes VALUES (2)")

    load(place, DOGS, dog(1), meanwhile, state({"n": 1}))
    assert ids(place, "notes") == [1, 2]
    assert [name for name, _, _ in place.query(STATUS)] == ["notes"]
    assert_linear(place, ["make notes", "make texts", "text two", "Load dogs: 1 added"])


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_uncommitted_changes_of_a_table_of_the_run_stop_it_and_nothing_is_lost(
    place: Place, when: str
) -> None:
    """Neither the person's rows nor the run's, which are kept on a branch that is named."""
    load(place, DOGS, dog(1, "a"), state({"n": 1}))
    commits = place.commits()

    def person() -> None:
        place.execute("INSERT INTO dogs (id, name) VALUES (77, 'Ann')")

    if when == "before":
        person()
    run = Watched(place)
    steps: list[Step] = [DOGS, dog(2, "b"), *([person] if when == "meanwhile" else [])]
    with pytest.raises(CommitConflictError, match="uncommitted changes") as refusal:
        run.load(*steps, state({"n": 2}))
    assert run.lines == []
    assert place.commits() == commits
    assert place.query("SELECT id, name FROM dogs ORDER BY id") == [(1, "a"), (77, "Ann")]
    assert [name for name, _, _ in place.query(STATUS)] == ["dogs"]
    (kept,) = [name for name in place.branches() if name != "main"]
    assert f"'{kept}'" in str(refusal.value)
    assert re.search(r"'dogs' with .*`(SELECT|CALL) dolt_commit\('-A', '-m'", str(refusal.value))
    assert "(1105" not in str(refusal.value)
    assert ids(place, at=kept) == [1, 2]


def test_a_merge_that_is_under_way_stops_a_load_and_is_not_lost(tmp_path: Path) -> None:
    """DoltLite has it in no status where all conflicts went our way."""
    place = Place({"path": str(tmp_path / "dolt.db")}, tmp_path)
    place.load([DOGS, dog(1, "a"), state({"n": 1})])
    place.execute(
        "CREATE TABLE u (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO u VALUES (1, 'o')"
    )
    place.call("dolt_commit", "-A", "-m", "u")
    place.call("dolt_branch", "theirs")
    for branch, text in (("main", "ours"), ("theirs", "theirs")):
        place.execute(f"UPDATE u SET v = '{text}'", at=branch)
        place.call("dolt_commit", "-A", "-m", text, at=branch)
    database = place.open()
    with database.connect("main", write=True) as somebody, somebody.begin():
        with suppress(sa.exc.DBAPIError):  # which says that there are conflicts
            database.call(somebody, "dolt_merge", "theirs")
        database.call(somebody, "dolt_conflicts_resolve", "--ours", "u")
    merging = "SELECT source FROM dolt_merge_status WHERE is_merging"
    assert (place.query(merging), place.query("SELECT * FROM dolt_status")) == ([("theirs",)], [])
    with pytest.raises(CommitConflictError, match="a merge is under way"):
        place.load([DOGS, dog(2, "b"), state({"n": 2})])
    assert place.query(merging) == [("theirs",)]
    assert ids(place, "dogs") == [1]
    place.call("dolt_commit", "-m", "merged")
    assert place.query("SELECT dolt_merge_base('main', 'theirs') = dolt_hashof('theirs')") == [(1,)]


def test_a_move_that_fails_once_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full for a moment ends no load whose commit is made."""
    place = Place({"path": str(tmp_path / "dolt.db")}, tmp_path)
    call, failures = DoltLiteDatabase.call, []

    def fails_once(
        database: DoltLiteDatabase, connection: sa.Connection, procedure: str, *arguments: str
    ) -> Any:
        if (procedure, *arguments[:1]) == ("dolt_branch", "-f") and not failures:
            failures.append(procedure)
            raise sa.exc.OperationalError(procedure, None, Exception("disk I/O error"))
        return call(database, connection, procedure, *arguments)

    monkeypatch.setattr(DoltLiteDatabase, "call", fails_once)
    messages = [DOGS, dog(1, "a"), state({"n": 1}), dog(2, "b"), state({"n": 2})]
    assert place.load(messages, commit_interval_seconds=0) == [{"n": 1}, {"n": 2}]
    assert failures == ["dolt_branch"]
    assert ids(place, "dogs") == [1, 2]
    assert len(place.commits()) == 2


def test_uncommitted_changes_that_go_away_at_once_are_waited_for(place: Place) -> None:
    """A server may still be at what a run that was killed had asked of it."""
    load(place, DOGS, dog(1, "a"), state({"n": 1}))
    gone: list[threading.Timer] = []

    def person() -> None:
        place.execute("INSERT INTO dogs (id, name) VALUES (77, 'Ann')")
        gone.append(threading.Timer(0.3, place.execute, ["DELETE FROM dogs WHERE id = 77"]))
        gone[0].start()

    run = Watched(place)
    assert run.load(DOGS, dog(2, "b"), person, state({"n": 2})) == ['{"n":2}']
    gone[0].join()
    assert place.query("SELECT id, name FROM dogs ORDER BY id") == [(1, "a"), (2, "b")]
    assert place.query(STATUS) == []


def test_an_uncommitted_new_table_of_the_runs_name_stops_it_and_nothing_is_lost(
    place: Place,
) -> None:
    """A person has made the very table that the load would make."""
    place.execute("CREATE TABLE dogs (id BIGINT PRIMARY KEY)", "INSERT INTO dogs VALUES (77)")
    with pytest.raises(CommitConflictError):
        load(place, DOGS, dog(1), state({"n": 1}))
    assert ids(place) == [77]
    (kept,) = [name for name in place.branches() if name != "main"]
    assert ids(place, at=kept) == [1]


# A user's dolt_ignore


@pytest.mark.parametrize("pattern", ["dogs", "d*", "*", "_target_dolt_*"])
def test_a_pattern_in_dolt_ignore_cannot_make_rows_vanish_behind_a_state(
    place: Place, pattern: str
) -> None:
    """The table is committed all the same, at the first load and at the next."""
    _ignore(place, pattern)
    states = load(place, DOGS, dog(1), state({"n": 1}))
    assert states == ['{"n":1}']
    head = place.commits()[-1]
    assert ids(place, at=head) == [1]
    assert place.kept_state(at=head) == {"n": 1}
    load(place, DOGS, dog(2), load_cats(place, 1), state({"n": 2}))
    head = place.commits()[-1]
    assert (ids(place, at=head), ids(place, "cats", at=head)) == ([1, 2], [1])
    assert_linear(
        place, ["ignore", "Load dogs: 1 added", "Load cats: 1 added", "Load dogs: 1 added"]
    )


def test_a_person_with_an_ignored_table_of_the_runs_name_loses_nothing(place: Place) -> None:
    """Ignored tables are not in the status, and their rows are somebody's all the same."""
    _ignore(place, "dogs")
    place.execute("CREATE TABLE dogs (id BIGINT PRIMARY KEY)", "INSERT INTO dogs VALUES (77)")
    with pytest.raises(CommitConflictError):
        load(place, DOGS, dog(1), state({"n": 1}))
    assert ids(place) == [77]


def test_a_persons_ignored_table_stays_through_a_load(place: Place) -> None:
    """It is in no commit and in no status: the move of the branch has to leave it alone."""
    _ignore(place, "scratch*")
    place.execute(
        "CREATE TABLE scratch1 (id BIGINT PRIMARY KEY)", "INSERT INTO scratch1 VALUES (1)"
    )
    load(place, DOGS, dog(1), state({"n": 1}))
    assert ids(place, "scratch1") == [1]
    assert ids(place) == [1]


def _ignore(place: Place, pattern: str) -> None:
    if "path" in place.config:  # there a user makes the table
        place.execute(
            "CREATE TABLE dolt_ignore (pattern TEXT NOT NULL, ignored TINYINT NOT NULL, "
            "PRIMARY KEY (pattern))"
        )
    place.execute(f"INSERT INTO dolt_ignore VALUES ('{pattern}', 1)")
    place.call("dolt_add", "-f", "dolt_ignore")
    place.call("dolt_commit", "-m", "ignore", "--author", "Ann <ann@example.org>")


# Runs that died


def test_the_branch_of_a_run_that_was_killed_is_removed_by_the_next_run(place: Place) -> None:
    """By one of the same pipeline, whose rows come again."""
    _kill_a_run(place, "cats", "cats")
    assert len(run_branches(place)) == 1

    def again() -> bool:
        try:
            load_cats(place, 2)()
        except LockedError:  # a server notices a moment later that the dead run is gone
            return False
        return True

    wait_until(again, "the dead run's lock was never free")
    assert place.branches() == ["main"]
    assert ids(place, "cats") == [1, 2]


def test_the_branch_of_a_dead_run_goes_and_that_of_a_live_run_stays(place: Place) -> None:
    """A run of a third pipeline tells them apart by their locks."""
    place.load([DOGS, dog(1), state({"n": 1})])

    def third() -> None:
        (live,) = run_branches(place)
        _kill_a_run(place, "dead", "mice")
        assert len(run_branches(place)) == 2

        def clean() -> bool:
            load_cats(place, 1)()
            return run_branches(place) == [live]

        wait_until(clean, "the dead run's branch was not removed")

    load(place, DOGS, dog(5), third, dog(6), state({"n": 6}), pipeline_id="live")
    assert ids(place) == [1, 5, 6]
    assert ids(place, "mice") == [1]
    assert place.branches() == ["main"]


def test_a_dead_runs_branch_that_another_run_removes_first_is_no_error(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several runs that begin at once find the same dead branch; so may a prune."""
    place.load([DOGS, dog(1), state({"n": 1})])
    database = place.open()
    own_lock = type(database).lock

    @contextmanager
    def lock(of: Any, name: str) -> Iterator[Callable[[], None]]:
        with own_lock(of, name) as take:
            if f"target-dolt/{name}/dead" in place.branches():
                place.call("dolt_branch", "-D", f"target-dolt/{name}/dead")
            yield take

    monkeypatch.setattr(type(database), "lock", lock)
    place.call("dolt_branch", "target-dolt/aaaaaaaaaaaa/dead")
    assert load(place, DOGS, dog(2), state({"n": 2})) == ['{"n":2}']
    place.call("dolt_branch", "target-dolt/bbbbbbbbbbbb/dead")
    with standing_still(database, ["main"]):
        assert run_branches(place) == []
    database.close()
    assert ids(place) == [1, 2]


def _kill_a_run(place: Place, pipeline: str, table: str) -> None:
    """Leave what a run leaves that is killed with rows on its branch."""
    with place.start(pipeline_id=pipeline, batch_size_rows=1) as process:
        send(process, schema(table, {"id": {"type": "integer"}}), record(table, id=1))
        send(process, state({"n": 1}))
        assert next_line(process) == '{"n":1}'
        send(process, record(table, id=99))
        process.send_signal(signal.SIGKILL)
        finish(process)
