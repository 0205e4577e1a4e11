"""docs/types.md is what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Place
from support_types import message_lines
from support_values import refused
from test_mysql_types import SPATIAL_TYPES
from test_mysql_types import TYPES as MYSQL
from test_other_types import MSSQL, ORACLE, SQLITE
from test_postgres_extensions import TYPES as EXTENSIONS
from test_postgres_types import TYPES as POSTGRES

from target_dolt.dialect import TypeRule
from target_dolt.docs import types_page
from target_dolt.errors import UnsupportedTypeError
from target_dolt.native import ANY, ARRAY, parse_native
from target_dolt.plugins import load_plugins

PAGE = Path(__file__).parents[1] / "docs" / "types.md"

RULES = [
    pytest.param(rule, id=f"{dialect.name}-{rule.native[0]}-{rule.json}-{rule.example}")
    for dialect in load_plugins().dialects.values()
    for rule in dialect.rules
    if rule.native
]


def test_the_page_is_the_rules() -> None:
    """Written anew by `python -m target_dolt.docs > docs/types.md`."""
    assert PAGE.read_text(encoding="utf-8") == types_page()


@pytest.mark.parametrize("rule", RULES)
def test_names_in_a_rule_are_as_they_are_looked_up(rule: TypeRule) -> None:
    """In small letters, without parameters; else the row would never match."""
    for name in rule.native:
        assert name in {ANY, ARRAY} or parse_native(name).key == name
    if rule.example:
        assert parse_native(rule.example).key in rule.native


@pytest.mark.parametrize("name", ["postgres", "mysql", "sqlite", "mssql", "oracle"])
def test_no_row_hides_behind_another(name: str) -> None:
    """Each row is the first for some property: its own example, or its first name."""
    dialect = load_plugins().dialects[name]
    for rule in dialect.rules:
        if not rule.native:
            continue
        asked = []
        for native in rule.native:
            text = rule.example if parse_native(rule.example or "x").key == native else native
            part = {"x-sql-datatype": "mood" if text == ANY else text, "format": rule.format}
            asked.append(dialect.rule({**part, **({"type": rule.json} if rule.json else {})}))
        assert rule in asked, rule


REFUSED = [
    pytest.param(name, native, id=f"{name}-{native}")
    for name, dialect in load_plugins().dialects.items()
    for rule in dialect.rules
    if rule.refuses
    for native in rule.native
]


@pytest.mark.parametrize(("dialect", "native"), REFUSED)
def test_each_type_that_a_rule_refuses_is_refused(place: Place, dialect: str, native: str) -> None:
    """On each backend, before the first row, with the reason that the page has."""
    name = "no_such" if native == ANY else native
    rule = place.plugins.dialects[dialect].rule({"x-sql-datatype": name, "type": "string"})
    assert rule is not None
    end = refused(
        place, message_lines([("v", name, [])], [{"id": 1, "v": "x"}]), source_dialect=dialect
    )
    assert isinstance(end.error, UnsupportedTypeError)
    assert rule.refuses in end.message
    assert place.tables() == []


TRIED = {
    "postgres": [*POSTGRES, *EXTENSIONS],
    "mysql": [*MYSQL, *SPATIAL_TYPES],
    "sqlite": [*SQLITE],
    "mssql": [native for native, *_ in MSSQL],
    "oracle": [native for native, *_ in ORACLE],
}
"""The types that tests carry to each backend and back."""

UNTRIED = {
    ("mysql", "xmltype"): "MariaDB 10.11 has no such type",
    ("mysql", "vector"): "MariaDB 10.11 has no such type",
    ("sqlite", "time"): "its format is tried by JSON Schema alone",
    ("postgres", "enum"): "how a catalog spells an enum, which is tried under its own name",
}


@pytest.mark.parametrize("dialect", [*TRIED])
def test_each_row_is_carried_to_the_backends_and_back(dialect: str) -> None:
    """One of its names at least is among the types that the round trips take."""
    keys = {parse_native(native).key for native in TRIED[dialect]}
    missing = [
        rule.native
        for rule in load_plugins().dialects[dialect].rules
        if rule.native and not rule.refuses and ANY not in rule.native
        if not keys & {*rule.native} and (dialect, rule.native[0]) not in UNTRIED
    ]
    assert missing == []
