"""`dolt_value_converter`: a plugin writes a column's values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support import record, schema, state
from support_values import CANARY, ID, lite, refused

from target_dolt import Dialect, hookimpl
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.errors import RecordError
from target_dolt.plugins import load_plugins
from target_dolt.types import type_text

COLOUR = {"type": ["null", "string"], "x-colour": True}


class Colours:
    """Writes colours as `#` and six digits, and notes what it was asked."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.asked: list[tuple[str, str]] = []

    @hookimpl
    def dolt_value_converter(
        self, dialect: Dialect, schema: Schema, sql_type: ColumnType
    ) -> Converter | None:
        """Answer for colours alone."""
        self.asked.append((dialect.name, type_text(sql_type)))
        return self._convert if schema.get("x-colour") else None

    @staticmethod
    def _convert(value: Any) -> str:
        if len(value) != 6:
            msg = "a colour has six digits"
            raise ValueError(msg)
        return f"#{value.upper()}"


def test_plugin_writes_its_values_and_leaves_the_others_alone(tmp_path: Path) -> None:
    """Also where the column would take the text as it is; null stays NULL."""
    place = lite(tmp_path)
    plugin = Colours()
    place.load(
        [
            schema("t", {"id": ID, "v": COLOUR, "w": {"type": "string"}}),
            record("t", id=1, v="ff00aa", w="ff00aa"),
            record("t", id=2, v=None, w=""),
            state({"n": 1}),
        ],
        plugins=load_plugins([plugin]),
    )
    assert place.rows("t") == [
        {"id": 1, "v": "#FF00AA", "w": "ff00aa"},
        {"id": 2, "v": None, "w": ""},
    ]
    assert plugin.asked == [
        ("json-schema", "BIGINT"),
        ("json-schema", "LONGTEXT"),
        ("json-schema", "LONGTEXT"),
    ]


def test_value_that_a_plugin_refuses_ends_the_run_like_any_other(tmp_path: Path) -> None:
    """With its reason, the line, stream, column and key; without the value."""
    end = refused(
        lite(tmp_path),
        [schema("t", {"id": ID, "v": COLOUR}), record("t", id=7, v=CANARY)],
        plugins=load_plugins([Colours()]),
    )
    assert isinstance(end.error, RecordError)
    assert end.message == "line 2: stream 't', column 'v', key id=7: a colour has six digits"
