"""Databases whose history is worth a report, and reports of them."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner
from support import Place, database_of, record, schema, state
from support_values import ID

from tap_adapters.commands.cli import cli
from tap_adapters.report import Report, history_report

DOG = {"id": ID, "name": {"type": ["null", "string"]}}
AGE = {**DOG, "age": {"type": ["null", "integer"]}}
GONE = "2026-01-01T00:00:00Z"

HURT = "document.documentElement.title='hurt'"
# No dash: what follows the last one is what a table is called.
TABLE = f"<script>{HURT}</script>"
IMAGE = f"\"'><img src=x onerror={HURT}>"
ENDS = f"</script></style></td><svg onload={HURT}>"
TURNED = "left\u202eright"
LONG = "<b>" + "q" * 10_000


def read(place: Place, **options: Any) -> Report:
    """Return a place's history as data."""
    database = place.open()
    try:
        return history_report(database, **options)
    finally:
        database.close()


def written(place: Place, *arguments: str) -> str:
    """Run the command; return the page that it wrote."""
    path = place.directory / "report.html"
    command = ["report", database_of(place), "--output", str(path), *arguments]
    done = CliRunner().invoke(cli, command)
    assert (done.exit_code, done.stderr) == (0, "")
    return path.read_text(encoding="utf-8")


def fill(place: Place) -> None:
    """Make three commits: two dogs; one changed, one gone, one more and a column; a cat."""
    place.load(
        [schema("dogs", DOG), record("dogs", id=1, name="Rex"), record("dogs", id=2, name="Max")]
    )
    place.load(
        [
            schema("dogs", {**AGE, "_sdc_deleted_at": {"type": ["null", "string"]}}),
            record("dogs", id=1, name="Rexy", age=3),
            record("dogs", id=2, _sdc_deleted_at=GONE),
            record("dogs", id=3, name="New"),
            state({"n": 2}),
        ]
    )
    place.load([schema("cats", DOG), record("cats", id=1, name="Tom"), state({"n": 3})])


def fill_hostile(place: Place) -> None:
    """Make two commits whose names and values would hurt a page that took them as they are."""
    text = {"type": ["null", "string"]}
    columns = {"id": ID, IMAGE: text, "long": text}
    first = {IMAGE: "plain", "long": LONG}
    place.load([schema(TABLE, columns), record(TABLE, id=1, **first), state({"n": 1})])
    changed = {IMAGE: f"{ENDS}\u0000\n{TURNED}", "long": f"{LONG}!"}
    place.load(
        [schema(TABLE, columns), record(TABLE, id=1, **changed), state({"n": 2})],
        commit_message=f"{IMAGE}\n{ENDS}",
        commit_author=f"{TABLE} <a@b.c>",
    )
