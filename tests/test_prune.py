"""`dolt-sync prune`, on each backend: the commits that stay are what they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Place, database_of
from support_dolt import needs_dolt
from support_rewrite import contents, head, history, line, load_dog
from test_remotes import dogs, new_clone, out, run

from target_dolt.runs import lock_name


@pytest.fixture
def old(place: Place) -> Place:
    """Six commits: four of them older than 30 days, the second tagged."""
    for number, days in enumerate((100, 90, 80, 70, 20, 10), start=1):
        load_dog(place, number, days)
    place.call("dolt_tag", "v1", line(place)[1], "-m", "the first release")
    return place


def test_old_commits_become_one_and_the_others_are_what_they_were(old: Place) -> None:
    """Tables, messages, authors and dates of the last days' and of tagged commits are equal."""
    before = history(old)
    tables = [contents(old, commit) for commit in line(old)]
    pruned = out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    assert "Squashed 2 commits, made 4 anew" in pruned
    after = history(old)
    assert [after[place] for place in (0, 2, 3)] == [before[place] for place in (1, 4, 5)]
    assert after[1][:3] == before[3][:3]
    assert after[1][3].startswith("Squash 2 commits of ")
    assert after[1][3].endswith(before[3][3])
    assert [contents(old, commit) for commit in line(old)] == [
        tables[place] for place in (1, 3, 4, 5)
    ]
    assert head(old, "v1") == line(old)[0]
    assert old.query("SELECT message FROM dolt_tags") == [("the first release",)]
    assert (dogs(old), old.kept_state(), old.branches()) == ([1, 2, 3, 4, 5, 6], {"n": 6}, ["main"])
    assert old.query("SELECT * FROM dolt_status") == []


def test_old_commits_are_gone_from_the_disk(old: Place) -> None:
    """None of the hashes of before can be read."""
    before = line(old)
    out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    for commit in before:
        result = run("sql", database_of(old), "SELECT * FROM dogs", "--at", commit)
        assert result.exit_code == 1
        assert "there is no branch, tag or commit" in result.stderr


def test_a_second_prune_has_nothing_to_do(old: Place) -> None:
    """And a load goes on from where the branch is."""
    out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    commits = line(old)
    again = out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    assert again.endswith("Nothing was changed\n")
    load_dog(old, 7, 0)
    assert line(old)[:-1] == commits
    assert dogs(old) == [1, 2, 3, 4, 5, 6, 7]


def test_a_dry_run_and_a_no_change_nothing(old: Place) -> None:
    """Both say what would go."""
    before = line(old)
    dry = out(run("prune", database_of(old), "--keep-days", "30", "--dry-run"))
    assert "Tags, each with its commit: v1" in dry
    assert dry.endswith("Nothing was changed: a dry run\n")
    assert run("prune", database_of(old), "--keep-days", "30").exit_code == 1
    assert line(old) == before


def test_a_dropped_tag_goes_with_its_commit(old: Place) -> None:
    """A tag on a commit that stays is moved with it all the same."""
    old.call("dolt_tag", "v2", "main", "-m", "now")
    tables = contents(old)
    options = ("--keep-days", "30", "--drop-tags", "--yes")
    assert "Tags that go: v1" in out(run("prune", database_of(old), *options))
    assert old.query("SELECT tag_name, tag_hash FROM dolt_tags") == [("v2", head(old))]
    assert len(line(old)) == 3
    assert contents(old) == tables


@pytest.fixture
def forked(old: Place) -> Place:
    """Another branch, which parts from `main` at an old commit."""
    old.call("dolt_branch", "review", line(old)[2])
    load_dog(old, 19, 60, branch="review", pipeline_id="review")
    load_dog(old, 20, 5, branch="review", pipeline_id="review")
    return old


def test_other_branches_stop_it(forked: Place) -> None:
    """They would keep the old commits; the message names them."""
    before = line(forked), line(forked, "review")
    refused = run("prune", database_of(forked), "--keep-days", "30", "--yes")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "'review' would be left on the old history" in refused.stderr
    assert (line(forked), line(forked, "review")) == before


def test_other_branches_are_carried_along(forked: Place) -> None:
    """The commit where both part stays, so that they can be merged as before."""
    tables = [contents(forked, commit) for commit in line(forked, "review")]
    out(run("prune", database_of(forked), "--keep-days", "30", "--others", "carry", "--yes"))
    ours, theirs = line(forked), line(forked, "review")
    assert (len(ours), len(theirs)) == (5, 4)
    assert ours[:2] == theirs[:2]
    assert [contents(forked, commit) for commit in theirs] == tables[1:]
    assert forked.kept_state("review", at="review") == {"n": 20}
    out(run("merge", database_of(forked), "review"))
    assert dogs(forked) == [1, 2, 3, 4, 5, 6, 19, 20]


def test_other_branches_are_left(forked: Place) -> None:
    """With all of their commits."""
    before = line(forked, "review")
    pruned = out(run("prune", database_of(forked), "--keep-days", "30", "--others", "leave", "-y"))
    assert "Left with all of their history: review" in pruned
    assert line(forked, "review") == before
    assert dogs(forked, at="review") == [1, 2, 3, 19, 20]
    assert len(line(forked)) == 4


def test_a_recent_merge_stays_a_merge(old: Place) -> None:
    """With both of its parents; one whose tables were put together by hand becomes plain."""
    for number, name in ((8, "clean"), (9, "by-hand")):
        old.call("dolt_branch", name, "main")
        load_dog(old, number, 4, branch=name, pipeline_id=name)
        load_dog(old, number * 10, 3)
        old.call("dolt_merge", name, "--no-ff", "-m", f"Merge {name}", "--author", "Me <me@here>")
        if name == "by-hand":
            old.execute("UPDATE dogs SET name = 'both' WHERE id = 1")
            old.call("dolt_commit", "-a", "--amend", "-m", f"Merge {name}")
        old.call("dolt_branch", "-D", name)
    tables = contents(old)
    pruned = out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    assert "1 of them merges that are plain commits now" in pruned
    assert contents(old) == tables
    ancestors = "SELECT count(*) FROM dolt_commit_ancestors WHERE parent_index = 1"
    assert old.query(ancestors) == [(1,)]
    assert dogs(old) == [1, 2, 3, 4, 5, 6, 8, 9, 80, 90]


def test_uncommitted_changes_stop_it(old: Place) -> None:
    """The message names their tables, and they stay."""
    old.execute("UPDATE dogs SET name = 'mine' WHERE id = 1")
    before = line(old)
    refused = run("prune", database_of(old), "--keep-days", "30", "--yes")
    assert refused.exit_code == 1
    assert "'dogs' with uncommitted changes" in refused.stderr
    assert line(old) == before
    assert old.query("SELECT name FROM dogs WHERE id = 1") == [("mine",)]


def test_a_run_at_work_stops_it(old: Place) -> None:
    """By the run's lock, before anything is changed."""
    before = line(old)
    database = old.open()
    try:
        with database.lock(lock_name("default", "main")):
            refused = run("prune", database_of(old), "--keep-days", "30", "--yes")
    finally:
        database.close()
    assert refused.exit_code == 1
    assert "a run is at work" in refused.stderr
    assert line(old) == before


def test_a_dead_runs_branch_is_no_reason_to_keep_history(old: Place) -> None:
    """It is removed, as the next load would do."""
    old.call("dolt_branch", "target-dolt/0123456789ab/dead", line(old)[0])
    before = line(old)
    out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    assert old.branches() == ["main"]
    assert run("sql", database_of(old), "SELECT 1", "--at", before[0]).exit_code == 1


def test_a_remotes_branch_is_forgotten_and_replaced_by_force(old: Place) -> None:
    """The remote keeps the old history until a push by force; its name and URL stay."""
    remote = str(old.directory / "shared.remote")
    out(run("push", database_of(old), remote, "--tag", "v1"))
    pruned = out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    assert "'origin/main' has the old history still" in pruned
    assert old.query("SELECT name FROM dolt_remote_branches") == []
    assert old.query("SELECT name, url FROM dolt_remotes") == [("origin", f"file://{remote}")]
    assert run("push", database_of(old)).exit_code == 3
    out(run("push", database_of(old), "--force", "--tag", "v1"))
    clone = new_clone(old, remote)
    assert (line(clone), head(clone, "v1")) == (line(old), head(old, "v1"))


def test_a_merge_that_a_colleague_has_pushed_is_in_nobodys_way(old: Place) -> None:
    """On a branch that only the remote has: of such a merge Dolt's server tells parents apart."""
    remote = str(old.directory / "shared.remote")
    out(run("push", database_of(old), remote))
    clone = new_clone(old, remote)
    clone.call("dolt_branch", "mine", line(clone)[-2])
    load_dog(clone, 30, 1, branch="mine", pipeline_id="mine")
    out(run("merge", database_of(clone), "main", "--into", "mine"))
    out(run("push", database_of(clone), "--branch", "mine"))
    run("pull", database_of(old))
    assert "Squashed" in out(run("prune", database_of(old), "--keep-days", "30", "--yes"))
    erased = out(run("erase", database_of(old), "--table", "dogs", "--key", "2", "--yes"))
    assert "No commit holds the row" in erased
    assert dogs(old) == [1, 3, 4, 5, 6]


def test_no_such_branch_is_an_error(old: Place) -> None:
    """Before anything is looked at."""
    refused = run("prune", database_of(old), "--keep-days", "30", "--branch", "nowhere", "-y")
    assert (refused.exit_code, refused.stderr) == (1, "Error: there is no branch 'nowhere'\n")


@pytest.mark.parametrize("kind", ["file", pytest.param("directory", marks=needs_dolt)])
def test_the_disk_gets_smaller(tmp_path: Path, kind: str) -> None:
    """The command says by how much, where it can see that."""
    place = Place({"path": str(tmp_path / "shop")}, tmp_path)
    if kind == "directory":
        place.config["create_database"] = True
    for number in range(1, 6):
        load_dog(place, 1, 100 - number, name=f"{number}" * 50_000)
    load_dog(place, 1, 1, name="small")
    pruned = out(run("prune", str(tmp_path / "shop"), "--keep-days", "30", "--yes"))
    before, after = (
        int(word.replace(",", ""))
        for word in pruned.splitlines()[-1].replace(" after", "").split(" bytes before, ")
    )
    assert after < before
    assert place.query("SELECT name FROM dogs") == [("small",)]
