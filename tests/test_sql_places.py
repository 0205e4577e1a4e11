"""`dolt-sync sql` takes a query as it is written, on each backend."""

from __future__ import annotations

import csv
import io
import json

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from support import Place, database_of, record, schema, state
from support_values import ID

from tap_adapters.commands.cli import cli


def test_percent_signs_and_colons_of_a_query_are_no_parameters(place: Place) -> None:
    """Within a text, as an operator and in a pattern."""
    names = {"id": ID, "name": {"type": "string"}}
    rows = [record("dogs", id=7, name="100%"), record("dogs", id=8, name="Rex")]
    place.load([schema("dogs", names), *rows, state({"n": 1})])
    database = place.config.get("path")
    if database is None:
        parts = {{"user": "username"}.get(name, name): one for name, one in place.config.items()}
        database = sa.URL.create("dolt", **parts).render_as_string(hide_password=False)
    query = "SELECT id % 4 AS n, '%s %(x)s :y' AS t FROM dogs WHERE name LIKE '%|%' ESCAPE '|'"
    done = CliRunner().invoke(cli, ["sql", database, "--format", "csv", query])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "n,t\n3,%s %(x)s :y\n"


def test_a_statement_that_leaves_changes_in_no_commit_is_told_with_the_cure(place: Place) -> None:
    """In the backend's spelling, which works; a query and a commit say nothing."""
    place.load([schema("dogs", {"id": ID}), record("dogs", id=1), state({"n": 1})])
    verb = "SELECT" if "path" in place.config else "CALL"

    def run(query: str) -> str:
        done = CliRunner().invoke(cli, ["sql", database_of(place), query])
        assert done.exit_code == 0, done.stderr
        return done.stderr

    told = run("INSERT INTO dogs VALUES (2)")
    assert "'dogs' with uncommitted changes" in told
    assert f"`{verb} dolt_reset('--hard')`" in told
    assert run("SELECT * FROM dogs") == ""
    assert run(f"{verb} dolt_reset('--hard')") == ""
    assert place.rows("dogs") == [{"id": 1}]
    assert run("INSERT INTO dogs VALUES (3)")
    assert run(f"{verb} dolt_commit('-A', '-m', 'mine')") == ""
    assert place.load([schema("dogs", {"id": ID}), record("dogs", id=4), state({"n": 2})])
    assert place.log() == ["Load dogs: 1 added", "mine", "Load dogs: 1 added"]


def test_a_nul_within_a_text_comes_out_in_each_form(place: Place) -> None:
    """At either end and alone, in a bounded text and not, in a key, and within JSON."""
    texts = ["\0", "a\0b", "\0a\0"]
    short = {"type": "string", "maxLength": 9}
    properties = {"key": short, "text": {"type": "string"}, "json": {"type": "object"}}
    rows = [record("t", key=one, text=one, json={one: one}) for one in texts]
    place.load([schema("t", properties, ["key"]), *rows, rows[0], state({"n": 1})])

    def out(form: str) -> str:
        query = "SELECT * FROM t ORDER BY key" if "path" in place.config else "SELECT * FROM t"
        done = CliRunner().invoke(cli, ["sql", database_of(place), "--format", form, query])
        assert (done.exit_code, done.stderr) == (0, "")
        return done.stdout

    found = [json.loads(line) for line in out("json").splitlines()]
    assert [(one["key"], one["text"]) for one in found] == [(one, one) for one in sorted(texts)]
    assert [json.loads(one["json"]) for one in found] == [{one: one} for one in sorted(texts)]
    lines = list(csv.reader(io.StringIO(out("csv"), newline="")))
    assert [line[:2] for line in lines[1:]] == [[one, one] for one in sorted(texts)]
    table = out("table")
    assert all(f" {one}" in table for one in texts)


TOLD = "In no commit yet: "


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("WITH x AS (SELECT 1 AS n) UPDATE dogs SET name = 'Pax' WHERE id IN (SELECT 1)", TOLD),
        ("/* why */ DELETE FROM dogs WHERE id = 1", TOLD),
        ("CREATE TABLE cats (id INTEGER PRIMARY KEY)", TOLD),
        ("UPDATE dogs SET name = name", ""),
        ("DELETE FROM dogs WHERE id = 77", ""),
        ("WITH x AS (SELECT 9 AS id) SELECT * FROM x", ""),
    ],
)
def test_changes_are_told_whatever_statement_made_them(place: Place, query: str, told: str) -> None:
    """The database itself is asked whether it changed, not the statement's first word."""
    names = {"id": ID, "name": {"type": "string"}}
    place.load([schema("dogs", names), record("dogs", id=1, name="Rex"), state({"n": 1})])
    done = CliRunner().invoke(cli, ["sql", database_of(place), query])
    assert done.exit_code == 0, done.stderr
    assert done.stderr[: len(TOLD)] == told
