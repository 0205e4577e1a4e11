"""`dolt_register_dialects`: a plugin brings a table of type rules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from support import record, schema, state
from support_values import ID, column_type, lite

from target_dolt import Dialect, TypeRule, hookimpl
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.plugins import load_plugins

STARS = "*****"


def stars(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a rating as so many stars."""

    def convert(value: Any) -> str:
        return STARS[: int(value)]

    return convert


RATINGS = Dialect(
    "ratings",
    (
        TypeRule("integer", sa.VARCHAR(5), format="rating", write=stars),
        TypeRule("string", lambda schema: sa.VARCHAR(schema["maxLength"] * 2), when=bool),
    ),
)


class Ratings:
    """Brings the dialect, and has its rules chosen for the schemas that it knows."""

    @hookimpl
    def dolt_register_dialects(self) -> Iterable[Dialect]:
        """Bring it, as a generator may."""
        yield RATINGS

    @hookimpl
    def dolt_sql_type(self, schema: Schema) -> ColumnType | None:
        """Ask the dialect."""
        rule = RATINGS.rule(schema) if "x-rating" in schema else None
        return rule.column_type(schema) if rule else None

    @hookimpl
    def dolt_value_converter(self, schema: Schema, sql_type: ColumnType) -> Converter | None:
        """Ask the dialect's rule."""
        rule = RATINGS.rule(schema) if "x-rating" in schema else None
        return rule.write(schema, sql_type) if rule and rule.write else None


RATING = {"type": ["null", "integer"], "format": "rating", "x-rating": True}


def test_dialect_of_a_plugin_is_there_beside_the_built_in_one() -> None:
    """Under its name."""
    dialects = load_plugins([Ratings()]).dialects
    assert dialects["ratings"] is RATINGS
    assert dialects["json-schema"].name == "json-schema"


def test_rules_of_a_plugin_s_dialect_load_values(tmp_path: Path) -> None:
    """Type and converter come from the first rule that matches."""
    place = lite(tmp_path)
    place.plugins = load_plugins([Ratings()])
    place.load(
        [schema("t", {"id": ID, "v": RATING}), record("t", id=1, v=3), state({"n": 1})],
    )
    assert place.rows("t") == [{"id": 1, "v": "***"}]
    rows = place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'v'")
    assert rows == [("VARCHAR(5)",)]


def test_type_of_a_rule_may_be_a_function_of_the_schema(tmp_path: Path) -> None:
    """As for a length."""
    place = lite(tmp_path)
    place.plugins = load_plugins([Ratings()])
    assert column_type(place, {"type": "string", "maxLength": 4, "x-rating": 1}) == "VARCHAR(8)"


def test_first_rule_that_matches_wins_and_none_may() -> None:
    """By JSON type, format and condition."""
    integer, text = RATINGS.rules
    assert RATINGS.rule({"type": "integer", "format": "rating"}) is integer
    assert RATINGS.rule({"type": "integer"}) is None
    assert RATINGS.rule({"type": "string"}) is text
    assert RATINGS.rule({}) is None
