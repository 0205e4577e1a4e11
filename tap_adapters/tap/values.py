"""Values on their way out: what a commit keeps becomes what its JSON Schema says.

Each factory here is called once a column, what it returns once a value. Numbers stay int or
Decimal, and are written with all their digits.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import types
from target_dolt.dialect import ColumnType
from target_dolt.types import Kind, first_of_kind
from target_dolt.values import parse_json

Emitter = Callable[[Any], Any]
"""A stored value as its `Storage` decodes it, JSON as text -> the value as JSON has it."""

Schema = Mapping[str, Any]


def emitter(column_type: ColumnType, schema: Schema) -> Emitter | None:
    """Return what makes a column's values what its schema says; None where they are that."""
    make = first_of_kind(_EMITTERS, column_type)
    return None if make is None else make(column_type, schema.get("type"), schema)


def _whole(_column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    return {"boolean": bool, "string": str}.get(json)


def _number(_column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    if json == "string":
        return lambda value: f"{value:f}" if isinstance(value, Decimal) else repr(value)
    return int if json == "integer" else None


def _date(_column_type: Any, _json: Any, schema: Schema) -> Emitter | None:
    # MySQL's taps send a date as its midnight.
    at_midnight = schema.get("format") == "date-time"
    return (lambda value: f"{value}T00:00:00+00:00") if at_midnight else None


def _moment(_column_type: Any, _json: Any, _schema: Schema) -> Emitter:
    return lambda value: f"{value[:10]}T{value[11:]}+00:00"


def _json(_column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    return None if json == "string" else parse_json


def _text(_column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    if json in {"number", "integer"}:
        return _digits
    return None if json == "string" else _parsed


def _parsed(value: str) -> Any:
    """Return what a text says as JSON; one of a time when its column held plain text, as it is."""
    try:
        return parse_json(value)
    except msgspec.DecodeError:
        return value


def as_text(value: Any) -> str:
    """Return what SQLite keeps in a column of text that is not STRICT, bytes as their digits."""
    return value.hex() if isinstance(value, bytes) else str(value)


def _digits(value: Any) -> Any:
    number = Decimal(value)
    if not number.is_finite():
        msg = "JSON has no number for it"
        raise ValueError(msg)
    return number


def _set(_column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    return (lambda value: value.split(",") if value else []) if json == "array" else None


def _bits(column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    if json == "string":
        digits = 2 * (((column_type.length or 1) + 7) // 8)
        return lambda value: f"{value:0{digits}x}"
    return bool if json == "boolean" else None


def _bytes(_column_type: Any, _json: Any, schema: Schema) -> Emitter:
    if schema.get("contentEncoding") == "base64":
        return lambda value: base64.b64encode(value).decode("ascii")
    return lambda value: bytes(value).hex()


def _year(_column_type: Any, json: Any, _schema: Schema) -> Emitter | None:
    return (lambda value: f"{value:04d}") if json == "string" else None


_EMITTERS: tuple[tuple[Kind, Callable[[Any, Any, Schema], Emitter | None]], ...] = (
    (mysql.YEAR, _year),
    (mysql.BIT, _bits),
    ((sa.BOOLEAN, sa.Integer), _whole),
    ((sa.FLOAT, sa.DOUBLE, sa.DECIMAL), _number),
    (sa.DATE, _date),
    (sa.DATETIME, _moment),
    (sa.JSON, _json),
    (mysql.SET, _set),
    (types.TEXTS, _text),
    (types.BYTES, _bytes),
)
"""Times are text in every schema."""
