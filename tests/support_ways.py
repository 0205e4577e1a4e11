"""The ways of a record that must come out alike: one step, and the general way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from support import Place

from target_dolt.backend import Database
from target_dolt.errors import InputError
from target_dolt.input.reader import _decode
from target_dolt.plans.by_columns import ByColumns, compile_by_columns
from target_dolt.plans.draft import draft
from target_dolt.plans.json_schema import compile_validator
from target_dolt.plans.plan import NeedsWiderError, Plan, compile_plan
from target_dolt.plans.typed import TypedRecords, compile_typed

TYPES: list[Any] = [
    *(
        {"type": kind, **words}
        for kind in ("string", ["null", "string"])
        for words in (
            {}, {"maxLength": 2}, {"minLength": 1, "maxLength": 3}, {"maxLength": 30_000},
            {"format": "date"}, {"format": "date-time"}, {"format": "time"}, {"format": "uuid"},
            {"format": "singer.decimal", "precision": 10, "scale": 2}, {"pattern": "^a"},
            {"enum": ["a", None]}, {"description": "x", "x-sql-datatype": "text"},
        )
    ),
    *(
        {"type": kind, **words}
        for kind in ("integer", ["integer", "null"])
        for words in (
            {}, {"minimum": 0, "maximum": 100}, {"exclusiveMinimum": 0},
            {"minimum": 0, "exclusiveMinimum": True}, {"minimum": 0.5}, {"multipleOf": 2},
            {"minimum": -(2**31), "maximum": 2**31 - 1}, {"minimum": 0, "maximum": 2**64 - 1},
            {"minimum": -(10**30), "maximum": 10**30},
        )
    ),
    *(
        {"type": kind, **words}
        for kind in ("number", ["null", "number"])
        for words in (
            {}, {"multipleOf": 0.01}, {"maximum": 1}, {"precision": 40, "scale": 20},
            {"multipleOf": 0.0001, "maximum": 10**11}, {"minimum": 0}, {"multipleOf": 3},
            {"exclusiveMinimum": -1, "exclusiveMaximum": 0.5}, {"exclusiveMinimum": 0.0},
            {"exclusiveMinimum": float(2**53), "multipleOf": 0.01},
            {"minimum": 0, "exclusiveMinimum": True},
        )
    ),
    {"type": "boolean"}, {"type": ["boolean", "null"]}, {"type": "object"}, {"type": "array"},
    {"type": ["null", "object"], "properties": {"a": {"type": "integer"}}},
    {"type": ["array", "null"], "items": {"type": "number"}}, {"type": ["integer", "string"]},
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]},
    {"const": 1}, {"type": "null"}, {}, {"type": "string", "nullable": True},
    {"$ref": "#/definitions/short"},
]  # fmt: skip


@dataclass
class Ways:
    """The ways of one stream."""

    general: Plan
    schema: dict[str, Any]
    validates: bool
    typed: TypedRecords | None

    def row(self, line: bytes) -> Any:
        """Return the row by the general way; None where it is refused there."""
        try:
            return self.row_of(_decode(line)["record"])
        except (ValueError, ArithmeticError):  # no JSON
            return None

    def row_of(self, record: dict[str, Any]) -> Any:
        """Return the row of a record by the general way; None where it is refused there."""
        try:
            return self.general.row(record)
        except (InputError, NeedsWiderError, ValueError, ArithmeticError):
            return None

    def by_columns(self, names: Sequence[str]) -> ByColumns | None:
        """Return the way of files with these columns."""
        return compile_by_columns(
            self.general, self.schema, names, validates=self.validates, null="deleted"
        )


def ways(database: Database, properties: dict[str, Any], keys: list[str], **root: Any) -> Ways:
    """Compile a SCHEMA for all ways."""
    plugins = Place({}).plugins
    validates = root.pop("validates", True)
    text = json.dumps({"type": "object", "properties": properties, **root})
    whole = _decode(text.encode())  # numbers as the message reader gives them
    drawn = draft(
        "s", "s", whole, keys, {}, plugins.dialects["json-schema"], plugins, database.limits
    )
    validate = compile_validator(whole) if validates else None
    general = compile_plan(drawn, drawn.table, database, plugins, validate)
    typed = compile_typed(general, whole, validates=validates, null="deleted")
    return Ways(general, whole, validates, typed)
