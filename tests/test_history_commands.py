"""`dolt-sync log`, `diff`, `state` and `plugins`, on each backend."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support import Place, database_of, record, schema, state
from support_values import ID

from tap_adapters.commands import history
from tap_adapters.commands.cli import cli

DOG = {"id": ID, "name": {"type": ["null", "string"]}}
AGE = {**DOG, "age": {"type": ["null", "integer"]}}


def run(place: Place, command: str, *arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, [command, database_of(place), *arguments])


def out(result: Result) -> str:
    """Return what a command wrote; it must have ended well."""
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def rows(result: Result) -> list[dict[str, Any]]:
    """Return the rows of JSON lines."""
    return [json.loads(line) for line in out(result).splitlines()]


@pytest.fixture
def filled(place: Place) -> Place:
    """Three commits: two dogs; one of them changed, one gone and a column more; a cat."""
    place.load(
        [schema("dogs", DOG), record("dogs", id=1, name="Rex"), record("dogs", id=2, name="Max")],
    )
    place.load(
        [
            schema("dogs", {**AGE, "_sdc_deleted_at": {"type": ["null", "string"]}}),
            record("dogs", id=1, name="R|x", age=3),
            record("dogs", id=2, _sdc_deleted_at="2026-01-01T00:00:00Z"),
            record("dogs", id=3, name="New"),
            state({"n": 2}),
        ]
    )
    place.load([schema("cats", DOG), record("cats", id=1, name="Tom"), state({"n": 3})])
    return place


def test_log_lists_commits_the_newest_first(filled: Place) -> None:
    """With hash, date, author and message; from a reference, and no more than asked for."""
    found = rows(run(filled, "log", "--format", "json"))
    assert [one["message"].splitlines()[0] for one in found[:3]] == [
        "Load cats: 1 added",
        "Load dogs: 1 added, 1 changed, 1 deleted",
        "Load dogs: 2 added",
    ]
    assert {one["author"] for one in found[:3]} == {"target-dolt <target-dolt@localhost>"}
    assert all(len(one["commit"]) >= 32 for one in found)
    older = rows(run(filled, "log", "--at", "HEAD~1", "-n", "1", "--format", "json"))
    assert older == found[1:2]
    assert found[0]["commit"] in out(run(filled, "log"))


def test_a_hash_may_be_cut_off(filled: Place) -> None:
    """As the log of a load has it, with ~1 behind it too; on a branch of its own as well."""
    filled.load([schema("dogs", DOG), record("dogs", id=9), state({"n": 9})], branch="side")
    found = rows(run(filled, "log", "--at", "side", "--format", "json"))
    hashes = [one["commit"] for one in found]
    for ref, commit in ((hashes[0][:10], hashes[0]), (f"{hashes[1][:7]}~1", hashes[2])):
        shown = rows(run(filled, "log", "--at", ref, "-n", "1", "--format", "json"))
        assert [one["commit"] for one in shown] == [commit]
    for ref in (hashes[0][:6], "0123456789", f"{hashes[0][:10]}~99"):
        result = run(filled, "log", "--at", ref)
        assert (result.exit_code, result.stdout) == (1, ""), ref


def test_diff_counts_by_table_what_differs_between_two_commits(filled: Place) -> None:
    """By default the last commit against the one before; our own tables only when asked for."""
    cats = {
        "table": "cats", "change": "added", "schema": "changed",
        "added": 1, "changed": 0, "deleted": 0,
    }  # fmt: skip
    dogs = {
        "table": "dogs", "change": "changed", "schema": "changed",
        "added": 1, "changed": 1, "deleted": 1,
    }  # fmt: skip
    assert rows(run(filled, "diff", "--format", "json")) == [cats]
    assert rows(run(filled, "diff", "HEAD~2", "--format", "json")) == [cats, dogs]
    assert rows(run(filled, "diff", "HEAD~2", "HEAD~1", "--format", "json")) == [dogs]
    own = rows(run(filled, "diff", "--own", "--format", "json"))
    assert [one["table"] for one in own] == ["_target_dolt_columns", "_target_dolt_state", "cats"]


def test_diff_of_a_table_shows_its_rows_as_they_were_and_are(filled: Place) -> None:
    """A changed row twice; a column that one side lacks is NULL there."""
    text = out(run(filled, "diff", "HEAD~2", "HEAD~1", "--table", "dogs", "--format", "csv"))
    header, *found = csv.reader(io.StringIO(text))
    assert header == ["change", "id", "name", "age"]
    assert sorted(found) == [
        ["added", "3", "New", ""],
        ["deleted", "2", "Max", ""],
        ["from", "1", "Rex", ""],
        ["to", "1", "R|x", "3"],
    ]


def test_a_table_of_rows_that_differ_is_bounded(
    filled: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so; a limit that was asked for is told by nobody, and other forms have all."""
    monkeypatch.setattr(history, "SHOWN_ROWS", 2)
    arguments = ("diff", "HEAD~2", "HEAD~1", "--table", "dogs")
    bounded = run(filled, *arguments)
    assert "The first 2 rows; --limit shows more" in bounded.stderr
    for more in (("--limit", "2"), ("--limit", "3"), ("--format", "json")):
        assert run(filled, *arguments, *more).stderr == ""
    forms = [run(filled, *arguments, *more, "--format", "json") for more in ((), ("-n", "1"))]
    words = ("added", "deleted", "to")  # one each of what differs
    assert [sum(one["change"] in words for one in rows(form)) for form in forms] == [3, 1]


def test_a_diff_in_markdown_keeps_each_value_in_its_cell(filled: Place) -> None:
    """For a pull request: a bar in a value ends no cell, and a title no line."""
    arguments = ("HEAD~2", "HEAD~1", "--table", "dogs", "--format", "markdown")
    lines = out(run(filled, "diff", *arguments)).splitlines()
    assert lines[:4] == [
        "## `dogs`, from `HEAD~2` to `HEAD~1`",
        "",
        "| change | id | name | age |",
        "| --- | --- | --- | --- |",
    ]
    assert "| to | 1 | <code>R&#124;x</code> | 3 |" in lines


@pytest.mark.parametrize("command", ["log", "state"])
def test_an_unknown_reference_is_one_sentence(filled: Place, command: str) -> None:
    """And an exit code for scripts."""
    result = run(filled, command, "--at", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: there is no branch, tag or commit 'nowhere'\n"


def test_diff_of_an_unknown_table_is_an_error(filled: Place) -> None:
    """Not an empty answer; nor for one that only another commit has."""
    for table, commits in (("nowhere", ["HEAD~1"]), ("cats", ["HEAD~2", "HEAD~1"])):
        result = run(filled, "diff", *commits, "--table", table)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"Error: there is no table '{table}' in either commit\n"
    assert rows(run(filled, "diff", "--table", "CATS", "--format", "json"))


def test_plugins_lists_those_that_are_built_in() -> None:
    """With distribution, version and hooks."""
    result = CliRunner().invoke(cli, ["plugins", "--format", "json"])
    found = {one["plugin"]: one for one in rows(result)}
    assert found["doltlite"]["distribution"] == "target-dolt"
    assert found["doltlite"]["hooks"] == "dolt_register_backends"
    assert found["json_schema"]["version"]
