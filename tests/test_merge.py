"""`dolt-sync merge`, on each backend; and what a colleague does with a clone."""

from __future__ import annotations

import pytest
from support import Place, database_of
from test_remotes import dogs, load, new_clone, out, run


@pytest.fixture
def mine(place: Place) -> Place:
    """Two branches: one dog on both, another on `main`, a third on `mine`."""
    load(place, 1)
    place.call("dolt_branch", "mine")
    load(place, 2)
    load(place, 3, branch="mine", pipeline_id="mine")
    return place


def test_a_merge_takes_rows_of_both_branches(mine: Place) -> None:
    """As one commit with the message and author that were given; again, it has nothing to do."""
    arguments = (database_of(mine), "mine", "-m", "Take mine in", "--author", "Me <me@localhost>")
    merged = out(run("merge", *arguments))
    assert merged.startswith("Moved 'main' from ")
    assert (dogs(mine), dogs(mine, at="mine")) == ([1, 2, 3], [1, 3])
    query = "SELECT message, committer, email FROM dolt_log LIMIT 1"
    assert mine.query(query) == [("Take mine in", "Me", "me@localhost")]
    assert out(run("merge", *arguments)) == "'main' has all of 'mine' already\n"
    assert out(run("merge", database_of(mine), "main", "--into", "mine")).startswith("Moved 'mine'")
    assert dogs(mine, at="mine") == [1, 2, 3]


def test_a_merge_with_conflicts_changes_nothing(mine: Place) -> None:
    """It names the table, and ends in an exit code of its own."""
    for branch in ("main", "mine"):
        mine.execute(f"UPDATE dogs SET name = '{branch}' WHERE id = 1", at=branch)
        mine.call("dolt_commit", "-A", "-m", branch, at=branch)
    before = mine.commits()
    refused = run("merge", database_of(mine), "mine")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "'mine' and 'main' both changed 'dogs', in two ways" in refused.stderr
    assert (mine.commits(), dogs(mine)) == (before, [1, 2])
    assert mine.query("SELECT name FROM dogs WHERE id = 1") == [("main",)]
    assert mine.query("SELECT * FROM dolt_status") == []
    assert mine.query("SELECT * FROM dolt_conflicts") == []


def test_a_merge_leaves_uncommitted_changes(mine: Place) -> None:
    """It names their table and what to do."""
    mine.execute("UPDATE dogs SET name = 'mine' WHERE id = 1")
    refused = run("merge", database_of(mine), "mine")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "'dogs' with uncommitted changes" in refused.stderr
    assert mine.query("SELECT name FROM dogs WHERE id = 1") == [("mine",)]


def test_a_merge_of_an_unknown_branch_is_an_error(mine: Place) -> None:
    """On either side."""
    for arguments in (("nowhere",), ("mine", "--into", "nowhere")):
        refused = run("merge", database_of(mine), *arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.startswith("Error: ")


def test_a_colleague_works_on_a_clone(place: Place) -> None:
    """Clone, query the past, make a branch, change, pull the next snapshot, merge, push."""
    remote = str(place.directory / "shared.remote")
    load(place, 1)
    load(place, 2)
    out(run("push", database_of(place), remote))
    clone = new_clone(place, remote)
    database = database_of(clone)
    past = run("sql", database, "SELECT id FROM dogs", "--at", "HEAD~1", "--format", "csv")
    assert out(past) == "id\n1\n"
    clone.call("dolt_branch", "mine")
    clone.execute("UPDATE dogs SET name = 'Max' WHERE id = 1", at="mine")
    clone.call("dolt_commit", "-A", "-m", "Rename a dog", at="mine")
    load(place, 3)
    out(run("push", database_of(place)))
    out(run("pull", database))
    assert (dogs(clone), dogs(clone, at="mine")) == ([1, 2, 3], [1, 2])
    out(run("merge", database, "main", "--into", "mine"))
    names = [(1, "Max"), (2, "Rex"), (3, "Rex")]
    assert clone.query("SELECT id, name FROM dogs ORDER BY id", at="mine") == names
    assert clone.query("SELECT name FROM dogs WHERE id = 1") == [("Rex",)]
    out(run("push", database, "--branch", "mine"))
    out(run("pull", database_of(place), "--branch", "mine"))
    assert place.query("SELECT id, name FROM dogs ORDER BY id", at="mine") == names
