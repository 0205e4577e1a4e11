"""What the dialects of databases share: column types by parameters, values to text and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt import Dialect, hookimpl, moments, native_values, types, values
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.native import NativeType, native_type
from target_dolt_plugins import json_schema

WITHOUT_SERVER = "without a server: DDL and values compiled and compared with the manual"
"""On what the rules of a dialect were checked whose databases are nobody's to install here."""

MICROSECONDS = 6
"""Digits of a second that Dolt keeps."""

VARCHAR_LIMIT = 16_383
"""Characters of four bytes in MySQL's longest VARCHAR; a longer text is a LONGTEXT."""

CHAR_LIMIT = 255
"""https://dev.mysql.com/doc/refman/8.0/en/char.html"""

VARBINARY_LIMIT = 4_096
"""Bytes that are kept in the row, which has room for 65,504; longer ones are kept outside."""

NUMERIC_DIGITS = 131_072
"""Digits before the point of Postgres's numeric, the longest number of any source.
https://www.postgresql.org/docs/16/datatype-numeric.html"""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|[+-]?Infinity", re.ASCII)

_BARE_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", re.ASCII)

_ANY_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]", re.ASCII)

_BARE_CLOCK = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)

_json_text = msgspec.json.Encoder(decimal_format="number").encode


def native(schema: Schema) -> NativeType:
    """Return the native type of a property that is known to have one."""
    found = native_type(schema)
    return found or NativeType("", "")


def bringing(*dialects: Dialect) -> Callable[[], Iterable[Dialect]]:
    """Return the hook that brings dialects; a plugin's own come before."""

    @hookimpl(trylast=True)
    def dolt_register_dialects() -> Iterable[Dialect]:
        return dialects

    return dolt_register_dialects


# Column types


def within_microseconds(digits: int) -> Callable[[Schema], bool]:
    """Return whether six digits of a second will do; a type that says none has so many."""

    def fits(schema: Schema) -> bool:
        said = native(schema).length
        return (digits if said is None else said) <= MICROSECONDS

    return fits


def varchar(schema: Schema) -> ColumnType:
    """Return a VARCHAR of the type's length; LONGTEXT where it has none or a long one."""
    length = native(schema).length
    if length is None:
        length = schema.get("maxLength")
    fits = isinstance(length, int) and 0 <= length <= VARCHAR_LIMIT
    return sa.VARCHAR(max(1, length)) if fits and length is not None else types.LONGTEXT


def char(schema: Schema) -> ColumnType:
    """Return a CHAR of the type's length, 1 where it has none."""
    length = native(schema).length
    length = 1 if length is None else max(1, length)
    return sa.CHAR(length) if length <= CHAR_LIMIT else varchar(schema)


def varbinary(schema: Schema) -> ColumnType:
    """Return a VARBINARY of the type's length; LONGBLOB where it has none or a long one."""
    length = native(schema).length
    fits = length is not None and 0 < length <= VARBINARY_LIMIT
    return sa.VARBINARY(length) if fits else types.LONGBLOB


def binary(schema: Schema) -> ColumnType:
    """Return a BINARY of the type's length, 1 where it has none."""
    return sa.BINARY(max(1, native(schema).length or 1))


def decimal(precision: int | None, scale: int = 0) -> Callable[[Schema], ColumnType]:
    """Return what makes a DECIMAL of a type's precision and scale, else of what the schema's
    bounds tell, else of these; text where no DECIMAL has so many digits."""

    def make(schema: Schema) -> ColumnType:
        size = [one for one in native(schema).arguments if isinstance(one, int)]
        told = json_schema.decimal_size(schema)
        if size:
            digits, places = size[0], size[1] if len(size) > 1 else 0
        elif told is not None:
            digits, places = told
        elif precision is None:
            return types.LONGTEXT
        else:
            digits, places = precision, scale
        whole, places = max(digits - places, 0), max(places, 0)
        if whole + places > types.MAX_DECIMAL_DIGITS or places > types.MAX_DECIMAL_SCALE:
            return types.LONGTEXT
        return sa.DECIMAL(max(whole + places, 1), places)

    return make


def labels(schema: Schema) -> tuple[str, ...]:
    """Return an ENUM's or a SET's labels, from the type or from the values that are listed."""
    return native(schema).labels or tuple(
        one for one in schema.get("enum") or () if isinstance(one, str)
    )


def enum(schema: Schema) -> ColumnType:
    """Return an ENUM of the type's labels."""
    return types.enum_type(labels(schema))


def set_(schema: Schema) -> ColumnType:
    """Return a SET of the type's labels."""
    return types.set_type(labels(schema))


# Values on their way in


def number(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a number, sent as one or as text, into a DECIMAL; into text with all its digits,
    NaN and infinities too."""
    if isinstance(column_type, sa.DECIMAL):
        return values.exact({"type": "string"}, column_type)
    fits = values.text({"type": "string"}, column_type)
    del schema

    def convert(value: Any) -> str:
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return fits(value)  # type: ignore[no-any-return]
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            msg = "not a number"
            raise ValueError(msg)  # noqa: TRY004 - one error class for all values
        if isinstance(value, Decimal) and abs(value.adjusted()) > NUMERIC_DIGITS:
            msg = f"a number of more than {NUMERIC_DIGITS} digits"
            raise ValueError(msg)
        return fits(f"{value:f}" if isinstance(value, Decimal) else str(value))  # type: ignore[no-any-return]

    return convert


def bit_text(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a string of bits as the digits 0 and 1; true and false as one of them."""
    fits = values.text({"type": "string"}, column_type)
    del schema

    def convert(value: Any) -> str:
        if isinstance(value, bool):
            value = str(int(value))
        if not isinstance(value, str) or set(value) - {"0", "1"}:
            msg = "not a string of bits"
            raise ValueError(msg)
        return fits(value)  # type: ignore[no-any-return]

    return convert


def json(schema: Schema, column_type: ColumnType) -> Converter:
    """Write JSON, sent as a value, or as text where the property is a string."""
    if schema.get("type") != "string":
        return values.json(schema, column_type)

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            msg = "not JSON as text"
            raise ValueError(msg)  # noqa: TRY004 - one error class for all values
        try:
            values.parse_json(value)
        except (msgspec.DecodeError, ValueError):
            msg = "not JSON"
            raise ValueError(msg) from None
        return value

    return convert


def clock(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a time of day, 24:00:00 too; one with an offset as the generic TIME does."""
    long, plain = (
        native_values.duration(schema, column_type),
        moments.time(schema, column_type),
    )

    def convert(value: Any) -> str:
        try:
            return long(value)  # type: ignore[no-any-return]
        except ValueError:
            return plain(value)  # type: ignore[no-any-return]

    return convert


def zoned_clock(_schema: Schema, column_type: ColumnType) -> Converter:
    """Write a time of day with its offset; without one it is UTC, as a moment is."""
    fits = values.text({"type": "string"}, column_type)

    def convert(value: Any) -> str:
        if isinstance(value, str) and _BARE_CLOCK.fullmatch(value):
            value += "+00"  # as Postgres spells it
        return fits(value)  # type: ignore[no-any-return]

    return convert


def interval(_schema: Schema, column_type: ColumnType) -> Converter:
    """Write an interval's text; taps of the SDK send a moment of 1970, which no longer tells a
    month from 30 days."""
    fits = values.text({"type": "string"}, column_type)

    def convert(value: Any) -> str:
        if isinstance(value, str) and _ANY_MOMENT.match(value):
            msg = (
                "no interval: the tap has made a moment of it; leave the column out, or set "
                "`strict_types` to false to keep what the tap sends as text"
            )
            raise ValueError(msg)
        return fits(value)  # type: ignore[no-any-return]

    return convert


# Values on their way back


def literal(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Return a stored value as text that its source casts to the native type."""

    def convert(value: Any) -> str:
        if isinstance(value, bytes):
            return "\\x" + value.hex()
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, float):
            return repr(value)
        return value if isinstance(value, str) else str(value)

    return convert


def json_literal(_schema: Schema, column_type: ColumnType) -> Converter:
    """Return a stored JSON value as JSON text; what a text column has is such text already."""
    if not isinstance(column_type, sa.JSON):
        return str
    return lambda value: _json_text(value).decode()


def in_utc(_schema: Schema, column_type: ColumnType) -> Converter:
    """Return a stored moment with the offset that it is in; in a column that has become text a
    moment which is none here, such as infinity, is the source's own text."""
    if isinstance(column_type, sa.DATETIME):
        return lambda value: f"{value}+00:00"
    return lambda value: f"{value}+00:00" if _BARE_MOMENT.fullmatch(value) else value
