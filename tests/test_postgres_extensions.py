"""Types of Postgres that need its extensions, or a build with libxml: on Debian's Postgres."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import Place
from support_random import FEW, MANY, drawn
from support_random_postgres import EXTENSIONS as EXTENDED
from support_sources import Postgres, needs_postgres
from test_postgres_types import changed, columns_of, fill, messages
from test_types_found import of_postgres, together

pytestmark = needs_postgres

TYPES: dict[str, list[str]] = {
    "hstore": ['"a"=>"1", "b"=>NULL, "c \\" d"=>""', ""],
    "citext": ["Abc", "abc", ""],
    "xml": ["<a>&lt;</a>", "text"],
    "ltree": ["Top.Science.Astronomy"],
    "lquery": ["Top.*{1,2}.!a|b%*"],
    "ltxtquery": ["Europe & Russia*@ & !Transportation"],
    "cube": ["(1, 2, 3)"],
    "seg": ["6.25 .. 6.50", "~1.5", "< 7"],
    "hstore[]": ['{"\\"a\\"=>\\"1\\"",NULL}'],
    "citext[]": ["{Abc,NULL}"],
}
EXTENSIONS = ("hstore", "citext", "ltree", "cube", "seg")


class Lines:
    """A Postgres whose answers come line by line."""

    def __init__(self, server: Postgres) -> None:
        """Take a server with the extensions that it has."""
        self._server = server

    def run(self, script: str) -> list[str]:
        """Run statements; return the lines that they print."""
        text = self._server.run(script)
        return text.split("\n") if text else []


@pytest.fixture(scope="module")
def source(postgres: Postgres) -> Any:
    """A database with the extensions of Debian's postgresql-contrib."""
    server = postgres.with_new_database()
    missing = set(EXTENSIONS) - set(
        server.run("SELECT name FROM pg_available_extensions").splitlines()
    )
    if missing:
        pytest.skip(f"this Postgres lacks {', '.join(sorted(missing))}: postgresql-contrib")
    server.run("".join(f"CREATE EXTENSION {name};" for name in EXTENSIONS))
    return Lines(server)


def test_types_of_extensions_are_kept_exactly_and_written_back(place: Place, source: Any) -> None:
    """As their own text, and back by a cast."""
    assert changed(place, source, columns_of(TYPES)) == {}


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.fuzz)])
def test_any_value_of_such_a_type_comes_back_as_itself(
    place: Place, source: Any, count: int
) -> None:
    """Random ones too."""
    assert changed(place, source, columns_of(drawn(EXTENDED, count))) == {}


def test_what_becomes_of_such_types_is_what_the_docs_say(place: Place, source: Any) -> None:
    """Kept exactly or as text."""
    of_postgres(place, source, together((TYPES, EXTENDED)))


def test_hstore_that_is_sent_as_an_object_is_json(place: Place, source: Any) -> None:
    """As pipelinewise's tap sends it."""
    fill(source, "h", [("v", "hstore", ['"a"=>"1"'])])
    lines = messages(source, "h", [("v", "hstore", [])])
    head = json.loads(lines[0])
    head["schema"]["properties"]["v"]["type"] = ["object", "null"]
    rows = [{"type": "RECORD", "stream": "t", "record": {"id": 0, "v": {"a": "1", "b": None}}}]
    place.load([head, *rows], source_dialect="postgres")
    assert place.rows("t") == [{"id": 0, "v": {"a": "1", "b": None}}]
