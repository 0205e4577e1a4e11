"""`dolt-sync branches`, `tags`, `clone`, `push` and `pull`: file remotes, on each backend."""

from __future__ import annotations

import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import Place, database_of, record, schema, state
from support_dolt import needs_dolt
from support_values import ID

from tap_adapters.commands.cli import cli

DOG = {"id": ID, "name": {"type": ["null", "string"]}}
_numbers = count(1)


def run(command: str, *arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, [command, *arguments])


def out(result: Result) -> str:
    """Return what a command wrote; it must have ended well."""
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def rows(result: Result) -> list[dict[str, Any]]:
    """Return the rows of JSON lines."""
    return [json.loads(line) for line in out(result).splitlines()]


def load(place: Place, number: int, **settings: Any) -> None:
    """Load one more dog, as a commit."""
    messages = [schema("dogs", DOG), record("dogs", id=number, name="Rex"), state({"n": number})]
    place.load(messages, **settings)


def dogs(place: Place, at: str | None = None) -> list[int]:
    """Return the dogs of a database."""
    return [number for (number,) in place.query("SELECT id FROM dogs ORDER BY id", at=at)]


def new_clone(place: Place, remote: str) -> Place:
    """Clone a remote into a new place beside another: a file, or a database of its server."""
    name = f"clone{next(_numbers)}"
    where = (
        {"path": str(place.directory / f"{name}.db")}
        if "path" in place.config
        else {"database": name}
    )
    clone = Place({**place.config, **where}, place.directory)
    assert out(run("clone", remote, database_of(clone))) == f"Cloned {remote}\n"
    return clone


@pytest.fixture
def remote(place: Place) -> str:
    """The path of a remote that has one commit and one tag of `place`."""
    path = str(place.directory / "shared.remote")
    load(place, 1)
    place.call("dolt_tag", "v1", "-m", "the first")
    pushed = run("push", database_of(place), path, "--tag", "v1")
    assert out(pushed) == "'origin' has 'main' as it is here\n'origin' has 'v1' as it is here\n"
    return path


def test_branches_and_tags_are_listed(place: Place, remote: str) -> None:
    """By name, each with its commit, and the remotes' branches where they are asked for."""
    place.call("dolt_branch", "review")
    (commit,) = place.commits()
    found = rows(run("branches", database_of(place), "--format", "json"))
    assert [(one["branch"], one["commit"]) for one in found] == [
        ("main", commit),
        ("review", commit),
    ]
    assert found[0]["author"] == "target-dolt <target-dolt@localhost>"
    assert found[0]["message"].startswith("Load dogs: 1 added")
    every = rows(run("branches", database_of(place), "--all", "--format", "json"))
    assert [one["branch"] for one in every] == ["main", "review", "origin/main"]
    (tag,) = rows(run("tags", database_of(place), "--format", "json"))
    assert (tag["tag"], tag["commit"], tag["message"]) == ("v1", commit, "the first")
    assert Path(remote).exists()


def test_a_clone_has_history_tags_and_state(place: Place, remote: str) -> None:
    """All of it, so that the next load goes on from there."""
    clone = new_clone(place, remote)
    assert (clone.commits(), dogs(clone)) == (place.commits(), [1])
    assert dogs(clone, at="v1") == [1]
    assert clone.kept_state() == {"n": 1}
    again = run("clone", remote, database_of(clone))
    assert again.exit_code != 0
    assert dogs(clone) == [1]


def test_a_push_and_a_pull_carry_commits_and_tags_over(place: Place, remote: str) -> None:
    """A pull moves the branch forward; a second one has nothing to do."""
    clone = new_clone(place, remote)
    load(place, 2)
    place.call("dolt_tag", "v2", "-m", "the second")
    out(run("push", database_of(place), "--tag", "v2"))
    old, new = place.commits()
    assert out(run("pull", database_of(clone))) == f"Moved 'main' from {old} to {new}\n"
    assert (clone.commits(), dogs(clone), dogs(clone, at="v2")) == ([old, new], [1, 2], [1, 2])
    assert out(run("pull", database_of(clone), "origin")) == "'main' is up to date\n"
    load(clone, 3)
    assert out(run("pull", database_of(clone))) == "'main' is up to date\n"
    assert dogs(clone) == [1, 2, 3]


def test_a_branch_is_pushed_and_pulled_by_name(place: Place, remote: str) -> None:
    """One that is missing here is made."""
    clone = new_clone(place, remote)
    load(place, 2, branch="review")
    out(run("push", database_of(place), "--branch", "review"))
    head = place.query("SELECT dolt_hashof('review')")[0][0]
    pulled = run("pull", database_of(clone), "--branch", "review")
    assert out(pulled) == f"Made 'review' at {head}\n"
    assert (dogs(clone), dogs(clone, at="review")) == ([1], [1, 2])
    missing = run("pull", database_of(clone), "--branch", "nowhere")
    assert (missing.exit_code, missing.stdout) == (1, "")
    assert missing.stderr == "Error: the remote 'origin' has no branch 'nowhere'\n"
    unknown = run("push", database_of(clone), "--branch", "nowhere")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "has no branch or tag 'nowhere'; nothing was pushed" in unknown.stderr


def test_a_push_of_a_diverged_branch_is_refused(place: Place, remote: str) -> None:
    """With an exit code of its own and what to do; a pull neither merges nor loses anything."""
    clone = new_clone(place, remote)
    load(place, 2)
    out(run("push", database_of(place)))
    load(clone, 3)
    kept = clone.commits()
    refused = run("push", database_of(clone))
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "'main' was not pushed to 'origin', its commits stay in" in refused.stderr
    assert "the remote's branch has commits that are not here; pull them" in refused.stderr
    pulled = run("pull", database_of(clone))
    assert (pulled.exit_code, pulled.stdout) == (3, "")
    assert "'main' and 'origin/main' both have commits that the other one lacks" in pulled.stderr
    there = re.sub(":[^:]*@", "@", database_of(clone))  # without a password
    assert f"`dolt-sync merge {there} origin/main --into main`" in pulled.stderr
    assert (clone.commits(), dogs(clone)) == (kept, [1, 3])
    assert (dogs(place), dogs(new_clone(place, remote))) == ([1, 2], [1, 2])


def test_a_push_by_force_replaces_what_the_remote_has(place: Place, remote: str) -> None:
    """Commits that it alone had are given up there, and a new clone has none of them."""
    clone = new_clone(place, remote)
    load(place, 2)
    out(run("push", database_of(place)))
    load(clone, 3)
    assert out(run("push", database_of(clone), "--force")) == "'origin' has 'main' as it is here\n"
    assert dogs(new_clone(place, remote)) == [1, 3]


def test_a_pull_leaves_uncommitted_changes(place: Place, remote: str) -> None:
    """It stops before the table that has some, and says which."""
    clone = new_clone(place, remote)
    clone.execute("UPDATE dogs SET name = 'mine'")
    load(place, 2)
    out(run("push", database_of(place)))
    pulled = run("pull", database_of(clone))
    assert (pulled.exit_code, pulled.stdout) == (1, "")
    assert "'dogs' with uncommitted changes" in pulled.stderr
    assert [one["name"] for one in clone.rows("dogs")] == ["mine"]


def test_an_unknown_remote_is_an_error(place: Place, remote: str) -> None:
    """The message names those that are there."""
    for command, code in (("push", 3), ("pull", 1)):
        result = run(command, database_of(place), "backup")
        assert (result.exit_code, result.stdout) == (code, "")
        assert "has no remote 'backup'; there are: 'origin'" in result.stderr
        assert "push to a URL or a path (./it, /it)" in result.stderr
        kept = "Error: all commits stand here, and nothing was pushed: "
        assert result.stderr.startswith(kept) == (command == "push")
    assert Path(remote).exists()


def test_a_url_that_no_remote_has_becomes_one(place: Place, remote: str) -> None:
    """Under a free name; the path of one that is there means that one."""
    second = str(place.directory / "second.remote")
    assert out(run("push", database_of(place), second)) == "'origin-2' has 'main' as it is here\n"
    assert out(run("push", database_of(place), remote)) == "'origin' has 'main' as it is here\n"
    assert dogs(new_clone(place, second)) == [1]


def test_a_url_that_takes_no_first_push_becomes_no_remote(place: Place, remote: str) -> None:
    """A wrong URL leaves nothing behind; a remote that was there before stays, refused or not."""
    known = place.query("SELECT name, url FROM dolt_remotes")
    assert [name for name, _ in known] == ["origin"]
    refused = run("push", database_of(place), "http://127.0.0.1:1/shop")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "'main' was not pushed to 'http://127.0.0.1:1/shop'" in refused.stderr
    assert place.query("SELECT name, url FROM dolt_remotes") == known
    clone = new_clone(place, remote)
    load(clone, 2)
    out(run("push", database_of(clone)))
    load(place, 3)
    assert run("push", database_of(place)).exit_code == 3
    assert place.query("SELECT name, url FROM dolt_remotes") == known


def test_a_clone_of_nothing_leaves_nothing(place: Place) -> None:
    """Neither a database nor a file of it."""
    missing = place.directory / "none"

    if "path" in place.config:
        missing.write_text("no database")
        target = Place({"path": str(place.directory / "new.db")}, place.directory)
    else:
        target = Place({**place.config, "database": "new_one"}, place.directory)
    result = run("clone", str(missing), database_of(target))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "was not cloned: " in result.stderr
    assert [one.name for one in place.directory.iterdir() if "new" in one.name] == []
    if "path" not in place.config:
        assert ("new_one",) not in place.query("SHOW DATABASES")


@pytest.mark.parametrize("command", ["push", "clone"])
def test_a_password_in_a_url_is_refused(place: Place, command: str) -> None:
    """The database would keep and show it; the message does not."""
    load(place, 1)
    url = "http://me:s3cret@127.0.0.1:1/shop"
    arguments = [database_of(place), url] if command == "push" else [url, "new.db"]
    result = run(command, *arguments)
    assert result.exit_code != 0
    assert "'http://127.0.0.1:1/shop' holds a password" in result.stderr
    assert "s3cret" not in result.stderr + result.stdout
    assert place.query("SELECT * FROM dolt_remotes") == []


@needs_dolt
def test_a_dolt_directory_is_pushed_cloned_and_pulled(tmp_path: Path) -> None:
    """As a directory, by the server that is started for each command."""
    place = Place({"path": str(tmp_path / "shop"), "create_database": True}, tmp_path)
    remote = tmp_path / "shared.remote"
    load(place, 1)
    out(run("push", database_of(place), str(remote)))
    clone = Place({"path": str(tmp_path / "mine")}, tmp_path)
    out(run("clone", str(remote), database_of(clone)))
    assert (tmp_path / "mine" / ".dolt").is_dir()
    load(place, 2)
    out(run("push", database_of(place)))
    old, new = place.commits()
    assert out(run("pull", database_of(clone))) == f"Moved 'main' from {old} to {new}\n"
    assert dogs(clone) == [1, 2]
    again = run("clone", str(remote), database_of(clone))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "is there already: a clone needs a new place" in again.stderr
    missing = run("clone", str(tmp_path / "none"), str(tmp_path / "new"))
    assert missing.stderr.endswith("was not cloned: there is no Dolt database at the remote\n")
    assert not (tmp_path / "new").exists()
