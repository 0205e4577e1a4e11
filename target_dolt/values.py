"""Value converters: a JSON value becomes what its column takes, exactly, or ValueError.

Each factory here is called once a column; what it returns is called once a value. No reason
that is raised shows the value.
"""

from __future__ import annotations

import decimal
import re
import sys
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import native_values
from target_dolt.dialect import ColumnType, Converter, ConverterFactory, Schema
from target_dolt.moments import date, date_time, time
from target_dolt.types import LONGTEXT, integer_range, type_text

DECIMALS = decimal.Context(prec=130, traps=[decimal.Inexact, decimal.InvalidOperation])
"""Twice the 65 digits of a DECIMAL: enough for any, and a bound for `1e999999999`."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""A number as text; Python's Decimal would take NaN and 1_000 too."""

_BYTES = re.compile(r"([0-9A-Fa-f]{2})+")
"""Bytes as hexadecimal digits."""

_NO_NUMBER = "NaN and Infinity are no numbers of JSON"

_json_text = msgspec.json.Encoder(decimal_format="number").encode

parse_json = msgspec.json.Decoder(float_hook=Decimal).decode
"""JSON text to Python: whole numbers are int, all others Decimal with the digits written."""


def integer(_schema: Schema, column_type: ColumnType) -> Converter:
    """Write whole numbers within the type's range; `1.0` is a whole number, as in JSON Schema."""
    low, high = integer_range(column_type) or (-(2**63), 2**63 - 1)
    name = type_text(column_type)

    def convert(value: Any) -> int:
        if type(value) is not int:
            value = _whole(value)
        if low <= value <= high:
            return value  # type: ignore[no-any-return]
        msg = f"the number does not fit {name}"
        raise ValueError(msg)

    return convert


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < DECIMALS.prec:
        whole = int(value)
        if value == whole:
            return whole
    msg = "not a whole number"
    raise ValueError(msg)


def boolean(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write true and false as 1 and 0."""

    def convert(value: Any) -> int:
        if value is True:
            return 1
        if value is False:
            return 0
        msg = "not a boolean"
        raise ValueError(msg)

    return convert


def exact(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a number with the type's precision and scale, never rounded.

    Text is taken where the schema says that it is a number (`singer.decimal`).
    """
    if not isinstance(column_type, sa.Numeric):
        msg = f"{column_type!r} has no precision"
        raise TypeError(msg)
    precision, scale = column_type.precision or 10, column_type.scale or 0
    quantum = Decimal(1).scaleb(-scale)
    limit = Decimal(10) ** (precision - scale)
    text_allowed = schema.get("type") == "string"

    def convert(value: Any) -> Decimal:
        try:
            if text_allowed and isinstance(value, str) and _NUMBER.fullmatch(value):
                value = Decimal(value)
            elif not isinstance(value, int | Decimal) or isinstance(value, bool):
                raise _not_a_number()
            number = DECIMALS.quantize(value, quantum)
            fits = -limit < number < limit  # of NaN no comparison is taken
        except decimal.Inexact:
            msg = f"the number has more than {scale} digits after the point"
            raise ValueError(msg) from None
        except decimal.InvalidOperation:
            raise _not_a_number() from None
        if fits:
            return number or abs(number)  # SQL knows no negative zero
        msg = f"the number does not fit DECIMAL({precision}, {scale})"
        raise ValueError(msg)

    return convert


def _not_a_number() -> ValueError:
    return ValueError("not a number that a DECIMAL can hold")


def double(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a number as a double whose shortest spelling is the number that came."""

    def convert(value: Any) -> float:
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            msg = "not a number"
            raise ValueError(msg)  # noqa: TRY004 - one error class for all values
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        shortest = repr(number)
        if str(value) == shortest or ((number - number) == 0 and Decimal(shortest) == value):
            return number
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError(_NO_NUMBER)
        msg = (
            "a double cannot hold the number exactly; keep it as text by `strict_types: false` or "
            "by `str(...)` in `stream_maps`, or have the tap give the property multipleOf, bounds "
            "or the format singer.decimal"
        )
        raise ValueError(msg)

    return convert


def double_or_text(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a number as `double` does; one that no double has needs a column of text."""
    convert = double(schema, column_type)

    def write(value: Any) -> float:
        try:
            return convert(value)  # type: ignore[no-any-return]
        except ValueError as error:
            if isinstance(value, bool) or not isinstance(value, int | Decimal):
                raise
            raise TooNarrowError(str(error), LONGTEXT) from None

    return write


def text(schema: Schema, column_type: ColumnType) -> Converter:
    """Write text as it is, within the type's length. In a column that was widened to text,
    a property that is no string is written as JSON."""
    longest = length(column_type) or sys.maxsize
    is_string = schema.get("type") == "string"

    def convert(value: Any) -> str:
        if type(value) is not str:
            if is_string:
                msg = "not a string"
                raise ValueError(msg)
            value = _json_text(value).decode()
        if len(value) > longest:
            msg = f"the text is longer than {longest} characters"
            raise ValueError(msg)
        return value  # type: ignore[no-any-return]

    return convert


def hexadecimal(schema: Schema, column_type: ColumnType) -> Converter:
    """Write hexadecimal digits in small letters, so that equal bytes are equal texts."""
    convert = text(schema, column_type)

    def write(value: Any) -> Any:
        written = convert(value)
        return written.lower() if _BYTES.fullmatch(written) else written

    return write


def length(column_type: ColumnType) -> int | None:
    """Return how many characters a text column holds; None where it has no bound."""
    return getattr(column_type, "length", None)


def passes(schema: Schema, column_type: ColumnType) -> bool:
    """Whether a value that its SCHEMA has accepted is written as it is."""
    return schema.get("type") == "string" and isinstance(column_type, mysql.LONGTEXT)


def json(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write any value as JSON text, numbers with the digits that came."""

    def convert(value: Any) -> str:
        try:
            written = _json_text(value).decode()
        except UnicodeError:
            raise
        except ValueError:  # msgspec from 0.23 on writes no NaN
            raise ValueError(_NO_NUMBER) from None
        if "NaN" in written or "Infinity" in written:
            _check_json(written)
        return written

    return convert


def _check_json(written: str) -> None:
    """Refuse what a Decimal can be and no number of JSON is, as Parquet brings it."""
    try:
        parse_json(written)
    except msgspec.DecodeError:
        raise ValueError(_NO_NUMBER) from None


class TooNarrowError(ValueError):
    """A value that the column's type bends, and that a wider one would keep.

    Attributes:
        wider: The column type that keeps it.
    """

    def __init__(self, reason: str, wider: ColumnType) -> None:
        """Keep the type to widen to."""
        super().__init__(reason)
        self.wider = wider


_WRITERS: dict[type[ColumnType], ConverterFactory] = {
    sa.BOOLEAN: boolean,
    sa.Integer: integer,
    sa.FLOAT: native_values.single,
    sa.DOUBLE: double,
    sa.DECIMAL: exact,
    sa.DATE: date,
    sa.DATETIME: date_time,
    sa.TIME: time,
    sa.JSON: json,
    sa.VARCHAR: text,
    sa.CHAR: text,
    mysql.LONGTEXT: text,
    mysql.ENUM: native_values.label,
    mysql.SET: native_values.labels,
    mysql.YEAR: native_values.year,
    mysql.BIT: native_values.bits,
    sa.BINARY: native_values.binary,
    sa.VARBINARY: native_values.binary,
    mysql.LONGBLOB: native_values.binary,
}


def factory(column_type: ColumnType) -> ConverterFactory:
    """Return what makes the converters of a column type; TypeError where nothing does."""
    for base in type(column_type).__mro__:
        found = _WRITERS.get(base)
        if found is not None:
            return found
    msg = f"no way to write {column_type!r}"
    raise TypeError(msg)


def writer(schema: Schema, column_type: ColumnType) -> Converter:
    """Make the converter that belongs to a column type; TypeError where there is none."""
    return factory(column_type)(schema, column_type)
