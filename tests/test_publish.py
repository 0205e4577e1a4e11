"""`push_remote` and `tag`: what follows a run's last commit, on each backend."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import Place, database_of, record, schema, singer, state
from support_snapshot import new_sqlite
from test_remotes import DOG, dogs, load, new_clone, out, run

from target_dolt.errors import ConfigError, PushError


def tags(place: Place) -> list[tuple[str, str]]:
    """Return the tags with their commits."""
    return place.query("SELECT tag_name, tag_hash FROM dolt_tags ORDER BY tag_name")


def test_a_run_tags_its_last_commit_and_pushes_both(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """By a template, in which what no tag may have becomes a dash; the log tells both."""
    remote = str(place.directory / "shared.remote")
    settings = {"push_remote": remote, "pipeline_id": "dev:pets to dolt"}
    messages = [
        schema("dogs", DOG),
        *[one for n in (1, 2) for one in (record("dogs", id=n, name="Rex"), state({"n": n}))],
    ]
    with caplog.at_level("INFO"):
        place.load(messages, tag="{pipeline}/{branch}", commit_interval_seconds=0, **settings)
    assert "Tagged the last commit dev-pets-to-dolt/main" in caplog.text
    assert "Pushed main and dev-pets-to-dolt/main to the remote 'origin'" in caplog.text
    first, last = place.commits()
    assert tags(place) == [("dev-pets-to-dolt/main", last)]
    clone = new_clone(place, remote)
    assert (clone.commits(), tags(clone), dogs(clone)) == ([first, last], tags(place), [1, 2])


def test_a_run_without_a_commit_makes_no_tag_and_pushes_what_is_left(place: Place) -> None:
    """A remote that was away gets the commits of earlier runs too."""
    remote = str(place.directory / "shared.remote")
    load(place, 1)
    load(place, 1, push_remote=remote, tag="nightly-{date}")
    assert tags(place) == []
    assert dogs(new_clone(place, remote)) == [1]


def test_a_refused_push_leaves_the_commit(place: Place) -> None:
    """The STATE goes out, the commit stands, and the exit code and the message say what to do."""
    remote = str(place.directory / "shared.remote")
    load(place, 1, push_remote=remote)
    clone = new_clone(place, remote)
    load(clone, 2, push_remote="origin")
    process = place.start(push_remote=remote)
    messages = [schema("dogs", DOG), record("dogs", id=3, name="Rex"), state({"n": 3})]
    stdout, stderr = process.communicate(singer(messages))
    assert (process.returncode, json.loads(stdout)) == (3, {"n": 3})
    assert "'main' was not pushed to 'origin', its commits stay in" in stderr
    assert "the remote's branch has commits that are not here; pull them" in stderr
    assert "Traceback" not in stderr
    assert (dogs(place), place.kept_state()) == ([1, 3], {"n": 3})
    out(run("pull", database_of(clone)))
    assert dogs(clone) == [1, 2]


def test_a_tag_that_is_there_leaves_the_commit(place: Place) -> None:
    """The message names it, and a field that tells runs apart."""
    load(place, 1, tag="v1")
    (first,) = place.commits()
    with pytest.raises(PushError, match=r"have no tag 'v1' .* name \{run\} or \{date\}"):
        load(place, 2, tag="v1")
    assert tags(place) == [("v1", first)]
    assert (dogs(place), place.kept_state()) == ([1, 2], {"n": 2})


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("{who}", "`tag` names who; the fields are pipeline, run, branch, date"),
        ("{", "`tag` is not a template"),
        ("..", "`tag` makes no name"),
    ],
)
def test_a_tag_that_is_no_template_stops_the_run(place: Place, tag: str, words: str) -> None:
    """Before anything is loaded."""
    with pytest.raises(ConfigError, match=words):
        load(place, 1, tag=tag)


def test_a_snapshot_tags_and_pushes(place: Place) -> None:
    """By its options, as target-dolt does by its settings."""
    source = new_sqlite(place.directory)
    source.execute("CREATE TABLE dogs (id INTEGER PRIMARY KEY)", "INSERT INTO dogs VALUES (1)")
    remote = str(place.directory / "shared.remote")
    options: list[Any] = ["--tag", "snapshot-{branch}", "--push", remote]
    taken = run("snapshot", source.url, database_of(place), *options)
    assert taken.exit_code == 0, taken.output
    (commit,) = place.commits()
    clone = new_clone(place, remote)
    assert (tags(clone), dogs(clone)) == ([("snapshot-main", commit)], [1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tag", "v1"], "has a tag 'v1' already, so that the commit would get none"),
        (["--push", "backup"], "has no remote 'backup'; there are: none"),
    ],
)
def test_a_dry_run_of_a_snapshot_says_what_would_be_in_the_way(
    place: Place, options: list[str], words: str
) -> None:
    """A tag that is there, a remote that is not; where nothing is, it ends well."""
    source = new_sqlite(place.directory)
    source.execute("CREATE TABLE dogs (id INTEGER PRIMARY KEY)", "INSERT INTO dogs VALUES (1)")
    out(run("snapshot", source.url, database_of(place), "--tag", "v1"))
    source.execute("INSERT INTO dogs VALUES (2)")
    before = place.commits(), tags(place)
    refused = run("snapshot", source.url, database_of(place), "--dry-run", *options)
    assert refused.exit_code == 3
    assert words in refused.stderr
    remote = str(place.directory / "shared.remote")
    fine = ["--dry-run", "--tag", "nightly-{run}", "--push", remote]
    assert run("snapshot", source.url, database_of(place), *fine).exit_code == 0
    assert (place.commits(), tags(place)) == before
