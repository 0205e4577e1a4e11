"""`dolt-sync branches --delete`, on each backend: nothing is lost by it unasked."""

from __future__ import annotations

import pytest
from support import Place, database_of
from test_remotes import dogs, load, out, run

from target_dolt.runs import lock_name, run_branch


def delete(place: Place, *arguments: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it has told of an error."""
    result = run("branches", database_of(place), "--delete", *arguments)
    assert bool(result.exit_code) == bool(result.stderr), result.output
    return result.exit_code, result.stderr


def test_a_branch_whose_commits_are_elsewhere_is_deleted(place: Place) -> None:
    """On another branch or by a tag; its commit is named, so that it can be made again."""
    load(place, 1)
    load(place, 2, branch="review")
    place.call("dolt_branch", "same", "main")
    (commit,) = place.query("SELECT dolt_hashof('review')")[0]
    place.call("dolt_tag", "v2", "review", "-m", "kept")
    deleted = out(run("branches", database_of(place), "--delete", "review", "--delete", "same"))
    assert deleted.splitlines()[0] == f"Deleted 'review', which led to {commit}"
    assert place.branches() == ["main"]
    assert dogs(place, at="v2") == [1, 2]


def test_a_branch_with_commits_of_its_own_is_deleted_by_force_only(place: Place) -> None:
    """The message names the two ways out; merged, it is no loss any more."""
    load(place, 1)
    for number, name in ((2, "one"), (3, "two")):
        load(place, number, branch=name, pipeline_id=name)
    code, words = delete(place, "one")
    assert (code, "'one' has commits that no other branch and no tag leads to" in words) == (
        1,
        True,
    )
    assert (" one`), or delete it with them by --force" in words, "s3cret" in words) == (
        True,
        False,
    )
    assert sorted(place.branches()) == ["main", "one", "two"]
    out(run("merge", database_of(place), "one"))
    assert delete(place, "one") == (0, "")
    assert delete(place, "two", "--force") == (0, "")
    assert (place.branches(), dogs(place)) == (["main"], [1, 2])


def test_uncommitted_changes_of_a_branch_are_kept(place: Place) -> None:
    """By name of their table."""
    load(place, 1)
    place.call("dolt_branch", "mine", "main")
    database = place.open()
    try:
        with database.connect("mine", write=True) as connection, connection.begin():
            connection.exec_driver_sql("UPDATE dogs SET name = 'mine'")
    finally:
        database.close()
    code, words = delete(place, "mine")
    assert (code, "'dogs' with uncommitted changes" in words) == (1, True)
    assert place.branches() == ["main", "mine"]
    assert delete(place, "mine", "--force") == (0, "")


def test_the_default_branch_and_one_that_is_not_there_are_told(place: Place) -> None:
    """Force or not."""
    load(place, 1)
    for name, words in (("main", "the default branch of"), ("none", "has no branch 'none'")):
        code, told = delete(place, name, "--force")
        assert (code, words in told) == (1, True)
    assert run("branches", database_of(place), "--force").exit_code == 2
    assert place.branches() == ["main"]


@pytest.mark.parametrize("of_run", [True, False])
def test_a_branch_that_a_run_is_at_work_on_stays(place: Place, of_run: bool) -> None:  # noqa: FBT001
    """The run's own, and the one that it fills; a dead run's goes."""
    load(place, 1)
    lock = lock_name("default", "review")
    name = run_branch(lock, "20260101T000000-000000") if of_run else "review"
    place.call("dolt_branch", name, "main")
    database = place.open()
    try:
        with database.lock(lock):
            code, words = delete(place, name, "--force")
    finally:
        database.close()
    assert (code, "a run is at work on" in words) == (1, True)
    assert sorted(place.branches()) == sorted(["main", name])
    assert delete(place, name) == (0, "")
    assert place.branches() == ["main"]
