"""docs/types.md is what the rules say, and what `test_types_found.py` finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_dolt.dialect import TypeRule
from target_dolt.docs import BACKENDS, FOUND, types_page
from target_dolt.native import ANY, ARRAY, parse_native
from target_dolt.plugins import load_plugins
from target_dolt.values import parse_json

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


UNTRIED: dict[str, list[object]] = {
    "json-schema": ["null"],
}
"""A column of nothing but null."""


def test_each_row_of_each_dialect_was_tried() -> None:
    """On both backends: the page has no row of which nothing was found."""
    recorded = parse_json(FOUND.read_text(encoding="utf-8"))
    for name, dialect in load_plugins().dialects.items():
        tried = [dialect.rule(parse_json(key)) for key in recorded[name]]
        natives = [rule for rule in dialect.rules if rule.native] or dialect.rules
        missing = [rule.native or rule.json for rule in natives if rule not in tried]
        assert missing == UNTRIED.get(name, []), name
        assert all(one.keys() == BACKENDS.keys() for one in recorded[name].values())
