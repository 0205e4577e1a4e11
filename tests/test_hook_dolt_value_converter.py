"""`dolt_value_converter`: a plugin writes a column's values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, state
from support_values import CANARY, ID, lite, refused

from target_dolt import Dialect, hookimpl
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.errors import PluginError, RecordError
from target_dolt.plugins import load_plugins
from target_dolt.types import LONGTEXT, type_text
from target_dolt.values import TooNarrowError

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


def test_a_converter_that_asks_for_the_type_its_column_has_ends_the_run(place: Place) -> None:
    """Instead of asking for ever."""

    class Asking:
        """A plugin whose converters are never content."""

        @hookimpl
        def dolt_value_converter(self, sql_type: ColumnType) -> Converter:
            """Ask for text, also where it is text."""
            del sql_type

            def convert(value: Any) -> Any:
                del value
                reason = "never"
                raise TooNarrowError(reason, LONGTEXT)

            return convert

    with pytest.raises(PluginError, match="asks for LONGTEXT, which it has"):
        place.load(
            [schema("t", {"id": {"type": "string"}}, []), record("t", id="a")],
            plugins=load_plugins([Asking()]),
        )
