"""`dolt_sql_type`: a plugin chooses a column's type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from support import record, schema, state
from support_values import ID, column_type, lite, refused

from target_dolt import Dialect, hookimpl
from target_dolt.dialect import ColumnType, Schema
from target_dolt.errors import UnsupportedTypeError
from target_dolt.plugins import load_plugins


class Vectors:
    """Keeps vectors as text of a length, and notes what it was asked."""

    def __init__(self, chosen: ColumnType) -> None:
        """Choose the type."""
        self.chosen = chosen
        self.asked: list[tuple[str, Any]] = []

    @hookimpl
    def dolt_sql_type(self, dialect: Dialect, schema: Schema) -> ColumnType | None:
        """Answer for its own native type alone."""
        self.asked.append((dialect.name, schema.get("x-sql-datatype")))
        return self.chosen if schema.get("x-sql-datatype") == "vector" else None


VECTOR = {"type": ["null", "string"], "x-sql-datatype": "vector"}


def test_plugin_chooses_the_type_and_leaves_the_others_to_the_built_in_rules(
    tmp_path: Path,
) -> None:
    """Its type is the column's, in the catalogue too."""
    place = lite(tmp_path)
    plugin = Vectors(sa.VARCHAR(50))
    place.plugins = load_plugins([plugin])
    assert column_type(place, VECTOR) == "VARCHAR(50)"
    rows = place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'id'")
    assert rows == [("BIGINT",)]
    native = place.query("SELECT native_type FROM _target_dolt_columns WHERE column_name = 'v'")
    assert native == [("vector",)]
    end = refused(place, [schema("t", {"id": ID, "v": VECTOR}), record("t", id=2, v="x" * 51)])
    assert "longer than 50 characters" in end.message


def test_hook_is_asked_once_a_schema_and_never_for_a_row(tmp_path: Path) -> None:
    """However many rows come, and however often the same SCHEMA is sent."""
    place = lite(tmp_path)
    plugin = Vectors(sa.VARCHAR(50))
    message = schema("t", {"id": ID, "v": VECTOR})
    rows = [record("t", id=n, v=str(n)) for n in range(100)]
    place.load([message, *rows, message, *rows, state({"n": 1})], plugins=load_plugins([plugin]))
    assert plugin.asked == [("json-schema", None), ("json-schema", "vector")]
    assert len(place.rows("t")) == 100


def test_type_that_the_database_has_no_place_for_is_an_error_before_any_commit(
    tmp_path: Path,
) -> None:
    """Not a column of another type."""
    place = lite(tmp_path)
    end = refused(
        place,
        [schema("t", {"id": ID, "v": VECTOR}), record("t", id=1)],
        plugins=load_plugins([Vectors(sa.Interval())]),
    )
    assert isinstance(end.error, UnsupportedTypeError)
    assert "stream 't', column 'v'" in end.message
    assert place.commits() == []
