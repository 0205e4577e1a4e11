"""A server that is stopped between the two steps in which it moves a branch.

Its head is new then, and what is checked out there is old: like changes, staged, that take the last
commit back. No test can stop a server there at will: what it leaves is made by hand, and `make
fuzz` lets it happen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pymysql
import pytest
from pymysql.connections import MySQLResult
from support import Place, state
from support_dolt import DoltServer, needs_dolt, quick_retries
from support_state import CATS, DOGS, Watched, cat, dog, ids, kept, wait_until

from target_dolt.runs import lock_name, new_run_id, run_branch
from target_dolt_plugins.dolt_dialect import DoltConnection

pytestmark = needs_dolt

STATUS = "SELECT table_name, staged, status FROM dolt_status ORDER BY table_name"
SUMMARY = "SELECT from_table_name, to_table_name FROM dolt_diff_summary('HEAD~1', 'HEAD')"
ANN = ("--author", "Ann <a@example.org>")


def check_out_the_old(place: Place, branch: str = "main") -> None:
    """Leave a branch as a server does that has moved its head alone."""
    changed = place.query(SUMMARY, at=branch)
    old = {name for name, _ in changed if name}
    if old:
        place.call("dolt_checkout", "HEAD~1", "--", *old, at=branch)
    for name in {name for _, name in changed}.intersection(place.tables(branch)) - old:
        place.execute(f"DROP TABLE {name}", at=branch)
        place.call("dolt_add", name, at=branch)


def dead_run(place: Place, *statements: str, branch: str = "main") -> str:
    """Leave what a run of another pipeline leaves that has moved a branch and is killed."""
    run = new_run_id()
    name = run_branch(lock_name("dead", branch), run)
    place.call("dolt_branch", name, branch)
    if statements:
        place.execute(*statements, at=name)
        place.call("dolt_commit", "-A", "-m", f"run {run}", *ANN, at=name)
        place.call("dolt_merge", "--ff-only", name, at=branch)
    return name


def by_hand(place: Place, *statements: str) -> None:
    """Change something on the default branch and commit it all, as a person does."""
    place.execute(*statements)
    place.call("dolt_commit", "-A", "-m", "by hand", *ANN)


@pytest.mark.parametrize("branch", ["main", "other"])
def test_the_next_run_finishes_the_move_of_a_dead_one(
    place: Place, branch: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Tables changed, made, dropped and renamed; a person's changes beside them stay."""
    place.load([DOGS, dog(1), state({"n": 1})])
    by_hand(
        place,
        "CREATE TABLE notes (id BIGINT PRIMARY KEY)",
        "CREATE TABLE old (id BIGINT PRIMARY KEY)",
        "CREATE TABLE mice (id BIGINT PRIMARY KEY)",
        "CREATE TABLE tails (id BIGINT PRIMARY KEY, FOREIGN KEY (id) REFERENCES old(id))",
    )
    if branch != "main":
        place.call("dolt_branch", branch, "main")
    place.execute(
        "INSERT INTO notes VALUES (1)", "CREATE TABLE mine (id BIGINT PRIMARY KEY)", at=branch
    )
    theirs = place.query(STATUS, at=branch)
    dead_run(
        place,
        "INSERT INTO dogs VALUES (2, 'new')",
        "CREATE TABLE more (id BIGINT PRIMARY KEY)",
        "INSERT INTO more VALUES (7)",
        "DROP TABLE tails, old",
        "ALTER TABLE mice RENAME TO rats",
        branch=branch,
    )
    check_out_the_old(place, branch)
    assert ids(place, at=branch) == [1]  # what whoever looks finds meanwhile
    assert place.load([CATS, cat(1), state({"n": 2})]) == [{"n": 2}]
    assert ids(place, at=branch) == [1, 2]
    assert ids(place, "more", at=branch) == [7]
    assert {"tails", "old", "mice"}.isdisjoint(place.tables(branch))
    assert ids(place, "notes", at=branch) == [1]
    assert place.query(STATUS, at=branch) == theirs
    assert [one for one in caplog.messages if f"the branch '{branch}'" in one and "is done" in one]
    assert place.branches() == sorted({"main", branch})
    assert ids(place, "cats") == [1]


@pytest.mark.parametrize(
    ("theirs", "undone"),
    [
        pytest.param([], ["dogs"], id="of-a-commit-of-theirs"),
        pytest.param(
            ["INSERT INTO dogs VALUES (2, 'new')", "INSERT INTO notes VALUES (2)"],
            ["dogs"],
            id="of-a-part-of-the-runs-commit",
        ),
        pytest.param(["INSERT INTO notes VALUES (2)"], ["dogs"], id="of-another-table"),
    ],
)
def test_changes_of_a_person_that_take_a_commit_back_stay(
    place: Place, theirs: list[str], undone: list[str]
) -> None:
    """Not of all that a dead run has committed: the next run leaves them alone (Dolt's merge takes
    the mark off that they are staged)."""
    by_hand(
        place,
        "CREATE TABLE dogs (id BIGINT PRIMARY KEY, name TEXT)",
        "CREATE TABLE notes (id BIGINT PRIMARY KEY)",
    )
    by_hand(place, "INSERT INTO dogs VALUES (1, 'Rex')")
    dead_run(place, *theirs)
    since = "HEAD~1" if "dogs" in " ".join(theirs) or not theirs else "HEAD~2"
    place.call("dolt_checkout", since, "--", *undone)
    assert place.query(STATUS) == [(name, 1, "modified") for name in undone]
    before = ids(place), ids(place, "notes")
    assert place.load([CATS, cat(1), state({"n": 1})]) == [{"n": 1}]
    assert place.query(STATUS) == [(name, 0, "modified") for name in undone]
    assert (ids(place), ids(place, "notes")) == before
    assert place.branches() == ["main"]


def test_what_a_server_still_does_for_a_dead_run_is_waited_for(
    place: Place, dolt_server: DoltServer
) -> None:
    """Its branch is removed after that: a move that ends later could stop the run after it."""
    run_branch = dead_run(place)
    ended: list[str] = []

    def statement() -> None:
        database = f"{place.config['database']}/{run_branch}"
        with dolt_server.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT SLEEP(1)")
            ended.append(run_branch)

    dead = threading.Thread(target=statement)
    dead.start()
    wait_until(lambda: "SLEEP" in str(place.query("SHOW PROCESSLIST")), "it never began")
    place.load([CATS, cat(1), state({"n": 1})])
    assert ended == [run_branch]
    dead.join()
    assert place.branches() == ["main"]


@pytest.fixture
def on_merge(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[DoltConnection], None]], None]:
    """Have something done to each connection that has asked for a merge, before its answer."""

    def arrange(do: Callable[[DoltConnection], None]) -> None:
        execute, read = DoltConnection._execute_command, DoltConnection._read_query_result
        asked: dict[Any, str] = {}

        def send(connection: Any, command: int, sql: Any) -> None:
            asked[connection] = str(sql)
            execute(connection, command, sql)

        def answer(connection: Any, *options: Any, **more: Any) -> Any:
            if "CALL dolt_merge" in asked[connection]:
                do(connection)
            return read(connection, *options, **more)

        monkeypatch.setattr(DoltConnection, "_execute_command", send)
        monkeypatch.setattr(DoltConnection, "_read_query_result", answer)

    return arrange


LOADED = [one for n in range(1, 31) for one in (dog(n), state({"n": n}))]


@quick_retries
def test_a_run_whose_branch_was_half_moved_finishes_the_move_and_goes_on(
    place: Place, on_merge: Callable[[Callable[[DoltConnection], None]], None]
) -> None:
    """Its connection was lost there: the commit is known to be made, the tables have to follow."""
    lost: list[int] = []

    def stop(connection: DoltConnection) -> None:
        if not lost:
            lost.append(connection.thread_id())
            MySQLResult(connection).read()
            check_out_the_old(place)
            connection._force_close()
            raise pymysql.err.OperationalError(2013, "Lost connection to the server")

    place.load([DOGS, dog(100), state({"n": 0})])
    on_merge(stop)
    run = Watched(place)
    assert len(run.load(DOGS, *LOADED[:6], commit_interval_seconds=0)) == 3
    assert lost
    assert (ids(place), kept(place)) == ([1, 2, 3, 100], {"n": 3})
    assert place.log() == ["Load dogs: 1 added"] * 4
    assert place.query(STATUS) == []
    assert place.branches() == ["main"]


@pytest.mark.fuzz
@quick_retries
def test_a_run_whose_every_move_is_killed_goes_on(
    place: Place,
    dolt_server: DoltServer,
    on_merge: Callable[[Callable[[DoltConnection], None]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In one of four the server stops half way."""
    killed: list[int] = []

    with dolt_server.connect() as other, other.cursor() as cursor:

        def stop(connection: DoltConnection) -> None:
            if connection.thread_id() not in killed:
                killed.append(connection.thread_id())
                time.sleep(len(killed) % 5 / 2000)
                with suppress(pymysql.err.MySQLError):  # it has ended
                    cursor.execute(f"KILL {connection.thread_id()}")

        on_merge(stop)
        assert len(Watched(place).load(DOGS, *LOADED, commit_interval_seconds=0)) == 30
    assert ids(place) == list(range(1, 31))
    assert place.query(STATUS) == []
    done = [one for one in caplog.messages if "what was left undone is done" in one]
    print(f"{len(killed)} moves were killed, {len(done)} half way")  # noqa: T201
    assert killed
