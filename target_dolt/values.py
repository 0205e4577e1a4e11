"""Value converters: a JSON value becomes what its column takes, exactly, or ValueError.

Each factory here is called once a column; what it returns is called once a value. No reason
that is raised shows the value.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt.dialect import ColumnType, Converter, ConverterFactory, Schema
from target_dolt.types import integer_range, type_text

_DECIMALS = decimal.Context(prec=130, traps=[decimal.Inexact, decimal.InvalidOperation])
"""Twice the 65 digits of a DECIMAL: enough for any, and a bound for `1e999999999`."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
"""A number as text; Python's Decimal would take NaN and 1_000 too."""

_FRACTION = re.compile(r"[.,](\d+)")

_DATE_LENGTH = len("2026-01-31")
_UTC_LENGTH = len("2026-01-31T23:59:59.123456+00:00")
"""What most taps send, and what needs no second formatting."""

_json_text = msgspec.json.Encoder(decimal_format="number").encode

parse_json = msgspec.json.Decoder(float_hook=Decimal).decode
"""JSON text to Python: whole numbers are int, all others Decimal with the digits written."""

# Python 3.10 reads only what isoformat() writes; msgspec reads RFC 3339 on any version.
_parse_moment: Callable[[str], dt.datetime] = (
    dt.datetime.fromisoformat
    if sys.version_info >= (3, 11)
    else lambda text: msgspec.convert(text, dt.datetime)
)
_parse_time: Callable[[str], dt.time] = (
    dt.time.fromisoformat
    if sys.version_info >= (3, 11)
    else lambda text: msgspec.convert(text, dt.time)
)


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
    if isinstance(value, Decimal) and value.adjusted() < _DECIMALS.prec and value == int(value):
        return int(value)
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
            number = _DECIMALS.quantize(value, quantum)
        except decimal.Inexact:
            msg = f"the number has more than {scale} digits after the point"
            raise ValueError(msg) from None
        except decimal.InvalidOperation:
            raise _not_a_number() from None
        if -limit < number < limit:
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
        msg = (
            "a double cannot hold the number exactly; give the property a multipleOf, bounds "
            "or the format singer.decimal"
        )
        raise ValueError(msg)

    return convert


def text(schema: Schema, column_type: ColumnType) -> Converter:
    """Write text as it is, within the type's length. In a column that was widened to text,
    a property that is no string is written as JSON."""
    length = getattr(column_type, "length", None) or sys.maxsize
    is_string = schema.get("type") == "string"

    def convert(value: Any) -> str:
        if type(value) is not str:
            if is_string:
                msg = "not a string"
                raise ValueError(msg)
            value = _json_text(value).decode()
        if len(value) > length:
            msg = f"the text is longer than {length} characters"
            raise ValueError(msg)
        return value  # type: ignore[no-any-return]

    return convert


def passes(schema: Schema, column_type: ColumnType) -> bool:
    """Whether a value that its SCHEMA has accepted is written as it is."""
    return schema.get("type") == "string" and isinstance(column_type, mysql.LONGTEXT)


def json(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write any value as JSON text, numbers with the digits that came."""

    def convert(value: Any) -> str:
        return _json_text(value).decode()

    return convert


def date(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a date as YYYY-MM-DD; midnight of a date-time is a date too."""

    def convert(value: Any) -> str:
        moment = _moment(value)
        if len(value) == _DATE_LENGTH and value[4] == value[7] == "-":
            return str(value)  # as it is written here already
        _refuse_nanoseconds(value)
        if moment.time() != dt.time():
            msg = "a date with a time of day"
            raise ValueError(msg)
        return moment.date().isoformat()

    return convert


def date_time(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a moment as YYYY-MM-DD HH:MM:SS.ffffff in UTC; without an offset it is UTC."""

    def convert(value: Any) -> str:
        moment = _moment(value)
        if (
            len(value) == _UTC_LENGTH
            and value[4] == value[7] == "-"
            and value[19] == "."
            and value.endswith("+00:00")
        ):
            return f"{value[:10]} {value[11:26]}"
        _refuse_nanoseconds(value)
        if moment.tzinfo is not None and moment.tzinfo is not dt.timezone.utc:
            try:
                moment = moment.astimezone(dt.timezone.utc)
            except OverflowError:
                msg = "the moment lies outside of the years 1 to 9999 in UTC"
                raise ValueError(msg) from None
        return moment.isoformat(" ", "microseconds")[:26]

    return convert


def _moment(value: Any) -> dt.datetime:
    try:
        moment = _parse_moment(value)
    except (TypeError, ValueError):
        msg = "not a date or date-time of the years 1 to 9999 in ISO 8601"
        raise ValueError(msg) from None
    return moment


def _refuse_nanoseconds(value: str) -> None:
    """Python's parsers drop a seventh digit without a word."""
    fraction = _FRACTION.search(value)
    if fraction is not None and fraction[1][6:].strip("0"):
        msg = "more than six digits of a second"
        raise ValueError(msg)


def time(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a time of day as HH:MM:SS.ffffff; one with an offset becomes UTC."""

    def convert(value: Any) -> str:
        try:
            clock = _parse_time(value)
        except (TypeError, ValueError):
            msg = "not a time of day in ISO 8601"
            raise ValueError(msg) from None
        _refuse_nanoseconds(value)
        offset = clock.utcoffset()
        if offset is not None:
            moment = dt.datetime.combine(dt.date(2000, 1, 2), clock.replace(tzinfo=None)) - offset
            clock = moment.time()
        return clock.isoformat("microseconds")

    return convert


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
    sa.DOUBLE: double,
    sa.DECIMAL: exact,
    sa.DATE: date,
    sa.DATETIME: date_time,
    sa.TIME: time,
    sa.JSON: json,
    sa.VARCHAR: text,
    mysql.LONGTEXT: text,
}


def writer(schema: Schema, column_type: ColumnType) -> Converter:
    """Make the converter that belongs to a column type; TypeError where there is none."""
    for base in type(column_type).__mro__:
        factory = _WRITERS.get(base)
        if factory is not None:
            return factory(schema, column_type)
    msg = f"no way to write {column_type!r}"
    raise TypeError(msg)
