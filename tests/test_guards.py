"""Guards before the target branch moves: what a load may not do, on each backend."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import Place, database_of, record, schema, singer, state
from support_snapshot import new_sqlite
from support_state import CATS, DOGS, Watched, cat, command, dog, ids, kept, print_state
from test_remotes import out, run

from target_dolt.errors import ConfigError, GuardError

DELETED = {"_sdc_deleted_at": {"type": ["null", "string"]}}
LOG_BASED = schema("dogs", {"id": {"type": "integer"}, **DELETED})


def gone(number: int) -> dict[str, Any]:
    """Return a RECORD that deletes a dog."""
    return record("dogs", id=number, _sdc_deleted_at="2026-01-01T00:00:00Z")


def held(place: Place) -> list[str]:
    """Return the branches that are kept for a look."""
    return [name for name in place.branches() if name.startswith("held/")]


@pytest.fixture
def ten(place: Place) -> Place:
    """Ten dogs and one cat."""
    place.load([DOGS, *map(dog, range(1, 11)), CATS, cat(1), state({"n": 1})])
    return place


HURT: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "deleted": (
        [LOG_BASED, *map(gone, (1, 2, 3)), state({"n": 2})],
        {"max_deleted_percent": 20},
        "'dogs' would lose 3 of 10 rows (30%), and `max_deleted_percent` is 20",
    ),
    "replaced": (
        [DOGS, dog(1), dog(11), dog(12), state({"n": 2})],
        {"max_deleted_percent": 89.5, "load_method": "overwrite"},
        "'dogs' would lose 9 of 10 rows (90%), and `max_deleted_percent` is 89.5",
    ),
    "too few": (
        [CATS, cat(2), DOGS, dog(11), state({"n": 2})],
        {"min_rows": 3},
        "'cats' has 2 rows, and `min_rows` is 3",
    ),
    "too few of one": (
        [CATS, cat(2), state({"n": 2})],
        {"min_rows": {"Dogs": 10, "birds": 1}},
        "'birds' has 0 rows, and `min_rows` is 1",
    ),
    "missing": (
        [CATS, cat(2), state({"n": 2})],
        {"expected_tables": ["cats", "dogs"]},
        "the run did not bring 'dogs', which `expected_tables` names",
    ),
}


@pytest.mark.parametrize("case", HURT.values(), ids=HURT)
def test_a_load_that_hurts_a_guard_is_kept_beside_its_branch(
    ten: Place, case: tuple[list[Any], dict[str, Any], str]
) -> None:
    """The branch stays, the load has a branch of its own, no STATE goes out; the exit code is 4."""
    messages, settings, words = case
    before = ten.commits()
    done = command(ten, singer(messages), **settings)
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    (name,) = held(ten)
    assert f"the branch 'main' stays as it was: {words}. " in done.stderr
    assert f"This run's rows are kept on the branch '{name}'" in done.stderr
    assert "Traceback" not in done.stderr
    assert (ten.commits(), ids(ten), ids(ten, "cats")) == (before, [*range(1, 11)], [1])
    assert (kept(ten), kept(ten, at=name)) == ({"n": 1}, {"n": 2})
    assert ten.query("SELECT * FROM dolt_status") == []
    ten.load([DOGS, dog(20), state({"n": 3})])
    assert held(ten) == [name]


def test_what_the_message_says_to_do_works(ten: Place) -> None:
    """The diff and the merge; then the branch has the rows and the state."""
    refused = "max_deleted_percent. is 0"
    with pytest.raises(GuardError, match=refused) as error:
        ten.load([LOG_BASED, gone(1), dog(11), state({"n": 2})], max_deleted_percent=0)
    (name,) = held(ten)
    told, database = str(error.value), ten.open()
    database.close()
    assert f"`dolt-sync diff {database.argument} main...{name} --format markdown`" in told
    assert f"`dolt-sync merge {database.argument} {name} --into main`" in told
    shown = out(run("diff", database_of(ten), f"main...{name}", "--format", "json"))
    (row,) = [json.loads(line) for line in shown.splitlines()]
    assert (row["added"], row["deleted"]) == (1, 1)
    out(run("merge", database_of(ten), name, "--into", "main"))
    assert (ids(ten), kept(ten)) == ([*range(2, 12)], {"n": 2})
    assert print_state(ten) == '{"n":2}\n'


def test_a_load_that_hurts_no_guard_is_one_commit(ten: Place) -> None:
    """At its end, with its last STATE alone, whatever the pace of commits."""
    watched = Watched(ten)
    seen: list[Any] = []
    lines = watched.load(
        LOG_BASED,
        *(gone(1), state({"n": 2})),
        *(dog(11), state({"n": 3})),
        lambda: seen.append((list(watched.lines), ids(ten))),
        *(gone(2), state({"n": 4})),
        commit_interval_seconds=0,
        max_deleted_percent=20,
        min_rows=9,
        expected_tables=["DOGS"],
        verify_constraints=True,
    )
    assert seen == [([], [*range(1, 11)])]
    assert lines == ['{"n":4}']
    assert (ids(ten), kept(ten)) == ([*range(3, 12)], {"n": 4})
    assert ten.log()[1:] == ["Load dogs: 1 added, 2 deleted"]
    assert held(ten) == []


def test_deletes_of_a_run_count_together(ten: Place) -> None:
    """However many STATEs are between them: none of them alone hurts the guard."""
    messages = [LOG_BASED, *[one for n in range(1, 6) for one in (gone(n), state({"n": n}))]]
    with pytest.raises(GuardError, match=r"'dogs' would lose 5 of 10 rows \(50%\)"):
        ten.load(messages, max_deleted_percent=40, commit_interval_seconds=0)
    assert ids(ten) == [*range(1, 11)]


@pytest.mark.parametrize("empty", [{"expected_tables": []}, {"min_rows": {}}, {"min_rows": 0}])
def test_a_guard_that_asks_nothing_makes_no_run_one_commit(ten: Place, empty: Any) -> None:
    """A setting that a template left empty: each STATE is a commit, as without it."""
    messages = [DOGS, dog(11), state({"n": 2}), dog(12), state({"n": 3})]
    assert ten.load(messages, commit_interval_seconds=0, **empty) == [{"n": 2}, {"n": 3}]
    assert len(ten.log()) == 3


def test_an_error_in_a_guarded_run_commits_nothing(ten: Place) -> None:
    """No part of a load is judged as if it were the whole."""
    before = ten.commits()
    messages = [DOGS, dog(11), state({"n": 2}), dog(12), state({"n": 3}), "no message"]
    with pytest.raises(Exception, match="line 6"):
        ten.load(messages, commit_interval_seconds=0, min_rows=1)
    assert (ten.commits(), kept(ten), ten.branches()) == (before, {"n": 1}, ["main"])


def test_a_run_that_changes_nothing_is_judged_too(ten: Place) -> None:
    """A tap that sends nothing any more is found out; there is nothing to keep."""
    messages = [DOGS, dog(1), state({"n": 2})]
    with pytest.raises(GuardError, match=r"did not bring 'cats'.* there is nothing to keep"):
        ten.load(messages, expected_tables=["dogs", "cats"])
    assert ten.branches() == ["main"]
    assert ten.load(messages, expected_tables=["dogs"]) == [{"n": 2}]
    with pytest.raises(GuardError, match="did not bring 'dogs'"):
        ten.load([state({"n": 3})], expected_tables=["dogs"])
    assert ten.load([state({"n": 3})], min_rows={"dogs": 10}) == [{"n": 3}]


def test_a_guarded_review_leaves_its_kept_load_alone(ten: Place) -> None:
    """The review branch, which nothing came to, is gone; the load goes into the default one."""
    with pytest.raises(GuardError, match=r"merge \S+ held/\S+`\)") as error:
        ten.load([LOG_BASED, gone(1)], branch="review/{run}", max_deleted_percent=5)
    (name,) = held(ten)
    assert ten.branches() == sorted([name, "main"])
    assert name.removeprefix("held/") in str(error.value)
    assert ids(ten, at=name) == [*range(2, 11)]


def test_rows_without_a_key_count_by_how_many_are_left(place: Place) -> None:
    """Of a changed one nobody can say whether it was deleted."""
    log = schema("log", {"text": {"type": "string"}}, keys=())
    rows = [record("log", text=f"line {n}") for n in range(10)]
    settings: dict[str, Any] = {"load_method": "overwrite", "max_deleted_percent": 10}
    place.load([log, *rows, state({"n": 1})])
    changed = [record("log", text=f"other {n}") for n in range(9)]
    assert place.load([log, *changed, state({"n": 2})], **settings) == [{"n": 2}]
    with pytest.raises(GuardError, match=r"'log' would lose 4 of 9 rows \(44\.44%\)"):
        place.load([log, *changed[:5], state({"n": 3})], **settings)


def test_rows_that_violate_constraints_hold_a_load_back(place: Place) -> None:
    """Whoever brought them; the tables are named with how many, and nothing else is changed."""
    place.execute(
        "CREATE TABLE owners (id INTEGER PRIMARY KEY)",
        "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner INTEGER, "
        "FOREIGN KEY (owner) REFERENCES owners (id))",
    )
    place.execute("INSERT INTO owners VALUES (1)", "INSERT INTO pets VALUES (1, 1), (2, 1)")
    place.call("dolt_commit", "-A", "-m", "by hand")
    assert place.load([DOGS, dog(1), state({"n": 1})], verify_constraints=True) == [{"n": 1}]
    unchecked = [] if "path" in place.config else ["SET foreign_key_checks = 0"]
    place.execute(*unchecked, "DELETE FROM owners")
    place.call("dolt_commit", "-A", "--force", "-m", "by hand, unchecked")
    before = place.commits()
    words = r"`verify_constraints` found rows that violate constraints in 'pets' \(2\)"
    with pytest.raises(GuardError, match=words):
        place.load([DOGS, dog(2), state({"n": 2})], verify_constraints=True)
    (name,) = held(place)
    assert (place.commits(), ids(place), ids(place, at=name)) == (before, [1], [1, 2])
    for branch in ("main", name):
        assert place.query("SELECT * FROM dolt_constraint_violations", at=branch) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_deleted_percent": 101}, "`max_deleted_percent` must be from 0 to 100"),
        ({"min_rows": -1}, "`min_rows` must be a whole number"),
        ({"min_rows": 1.5}, "`min_rows` must be a whole number"),
        ({"min_rows": {"dogs": -1}}, "`min_rows` must be a whole number"),
        ({"min_rows": {"dogs": "x"}}, "`min_rows.dogs` must be of the type"),
        ({"expected_tables": "dogs"}, "`expected_tables` must be of the type"),
    ],
)
def test_a_guard_that_makes_no_sense_stops_the_run(
    place: Place, settings: dict[str, Any], words: str
) -> None:
    """Before anything is loaded."""
    with pytest.raises(ConfigError, match=words):
        place.load([DOGS, dog(1)], **settings)


def test_guards_come_from_the_environment(tmp_path: Path, monkeypatch: Any) -> None:
    """Numbers, JSON for tables."""
    place = Place({"path": str(tmp_path / "test.db")}, tmp_path)
    for least, words in (("3", "'dogs' has 1 rows"), ('{"dogs": 2}', "`min_rows` is 2")):
        monkeypatch.setenv("TARGET_DOLT_MIN_ROWS", least)
        monkeypatch.setenv("TARGET_DOLT_EXPECTED_TABLES", '["dogs"]')
        done = command(place, singer([DOGS, dog(1)]), "--config", "ENV")
        assert done.returncode == 4, done.stderr
        assert words in done.stderr


SNAPSHOTS: tuple[tuple[list[str], str], ...] = (
    (["--max-deleted-percent", "50"], "'cats' would lose 1 of 1 rows (100%)"),
    (["--min-rows", "4"], "'dogs' has 3 rows, and `min_rows` is 4"),
    (["--min-rows", "dogs=3", "--min-rows", "cats=1"], "'cats' has 0 rows, and `min_rows` is 1"),
    (["--expect-table", "dogs", "--expect-table", "cats"], "the run did not bring 'cats'"),
)


@pytest.mark.parametrize(("options", "words"), SNAPSHOTS)
def test_a_snapshot_is_guarded(place: Place, options: list[str], words: str) -> None:
    """By its options: here its source has lost a table."""
    source = new_sqlite(place.directory)
    source.execute(
        "CREATE TABLE dogs (id INTEGER PRIMARY KEY)",
        "INSERT INTO dogs VALUES (1), (2), (3)",
        "CREATE TABLE cats (id INTEGER PRIMARY KEY)",
        "INSERT INTO cats VALUES (1)",
    )
    take: Callable[..., Any] = lambda *more: run("snapshot", source.url, database_of(place), *more)  # noqa: E731
    assert take("--verify-constraints", "--min-rows", "1").exit_code == 0
    before = place.commits()
    source.execute("DROP TABLE cats")
    dry = take(*options, "--dry-run")
    assert (dry.exit_code, "Nothing was committed: a dry run\n" in dry.stdout) == (4, True)
    assert f"Error: the branch 'main' would stay as it is: {words}" in dry.stderr
    assert (place.commits(), place.branches()) == (before, ["main"])
    refused = take(*options)
    assert refused.exit_code == 4, refused.output
    (name,) = held(place)
    assert words in refused.stderr
    assert name in refused.stderr
    assert (place.commits(), place.tables(), place.tables(name)) == (
        before,
        ["cats", "dogs"],
        ["dogs"],
    )


@pytest.mark.parametrize("options", [["--min-rows", "x"], ["--min-rows", "1", "--min-rows", "a=2"]])
def test_wrong_options_of_a_snapshot_are_told(place: Place, options: list[str]) -> None:
    """With the exit code of wrong arguments."""
    refused = run("snapshot", "sqlite:///none.sqlite", database_of(place), *options)
    assert refused.exit_code == 2
    assert "--min-rows" in refused.stderr
