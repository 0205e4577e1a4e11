"""Converters for column types that JSON has no word for: bytes, bits, labels, years, singles.

As in `values`: each factory is called once a column, what it returns once a value, and no
reason that is raised shows the value.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from target_dolt.dialect import ColumnType, Converter, Schema

_SINGLE = struct.Struct(">f")
_SINGLE_DIGITS = range(1, 10)
"""Digits that a 32-bit float may need to be told from its neighbours: up to FLT_DECIMAL_DIG of
IEEE 754's binary32."""

_TIME_LIMIT = 838 * 3600 + 59 * 60 + 59
"""Seconds of the longest TIME. https://dev.mysql.com/doc/refman/8.0/en/time.html"""

_DURATION = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+) days?,? )?(?P<hours>\d{1,4}):(?P<minutes>[0-5]\d)"
    r":(?P<seconds>[0-5]\d)(?:\.(?P<fraction>\d{1,6})0*)?",
    re.ASCII,
)
"""`-838:59:59.000001`; `1 day, 2:03:04`, as Python's timedelta prints it."""

FIRST_YEAR, LAST_YEAR = 1901, 2155
"""A YEAR's values, beside 0. https://dev.mysql.com/doc/refman/8.0/en/year.html"""


def nearest_single(value: float) -> float:
    """Return the 32-bit float nearest to a number; ValueError where it is too large."""
    try:
        return float(_SINGLE.unpack(_SINGLE.pack(value))[0])
    except OverflowError:
        msg = "the number does not fit FLOAT"
        raise ValueError(msg) from None


def shortest_single(single: float) -> float:
    """Return the double that has the fewest digits of those that are nearest to a 32-bit float."""
    for digits in _SINGLE_DIGITS:
        short = float(f"{single:.{digits}g}")
        try:
            if nearest_single(short) == single:
                return short
        except ValueError:  # rounded up, past the greatest
            continue
    return single


def single(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a number that a 32-bit float holds, spelled in as few digits as tell it apart."""

    def convert(value: Any) -> float:
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            msg = "not a number"
            raise ValueError(msg)  # noqa: TRY004 - one error class for all values
        try:
            number = nearest_single(float(value))
        except OverflowError:
            msg = "the number does not fit FLOAT"
            raise ValueError(msg) from None
        short = shortest_single(number)
        if Decimal(repr(short)) == value:
            return short
        if any(Decimal(one) == value for one in (number, repr(number), f"{number:.9g}")):
            return short
        msg = "a 32-bit float cannot hold the number exactly"
        raise ValueError(msg)

    return convert


def double_of_source(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a number that comes from a column of doubles: its shortest spelling, its 17 digits
    or all of them.

    Postgres writes 3.3277685864457357e+17 where 3.327768586445736e+17 would do.
    """

    def convert(value: Any) -> float:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = float("inf")
            if repr(number) == str(value):
                return number  # most are, in half the time of what follows
            if number - number == 0 and any(
                Decimal(one) == value for one in (repr(number), f"{number:.17g}", number)
            ):
                return number
        msg = "not a number that a double holds"
        raise ValueError(msg)

    return convert


def year(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a year of 1901 to 2155, or 0, as a number."""

    def convert(value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value) if len(value) == 4 else None  # noqa: PLR2004 - YYYY
        if type(value) is not int or not (value == 0 or FIRST_YEAR <= value <= LAST_YEAR):
            msg = "not a year of 1901 to 2155, or 0"
            raise ValueError(msg)
        return value

    return convert


def bits(_schema: Schema, column_type: ColumnType) -> Converter:
    """Write bits as a number: from a number, true or false, or the bytes in hexadecimal digits."""
    length = getattr(column_type, "length", None) or 1
    digits = 2 * ((length + 7) // 8)
    limit = 1 << length

    def convert(value: Any) -> int:
        if isinstance(value, str) and len(value) == digits:
            try:
                value = int.from_bytes(bytes.fromhex(value), "big")
            except ValueError:
                value = None
        if not isinstance(value, int) or not 0 <= value < limit:
            msg = f"not a number of {length} bits"
            raise ValueError(msg)
        return int(value)

    return convert


def label(_schema: Schema, column_type: ColumnType) -> Converter:
    """Write one of an ENUM's labels, spelled as in its list."""
    labels = frozenset(getattr(column_type, "enums", ()))

    def convert(value: Any) -> str:
        if isinstance(value, str) and value in labels:
            return value
        msg = "not one of the ENUM's labels"
        raise ValueError(msg)

    return convert


def labels(_schema: Schema, column_type: ColumnType) -> Converter:
    """Write labels of a SET, with commas between, in the order of its list."""
    known = tuple(getattr(column_type, "values", ()))
    order = {one: place for place, one in enumerate(known)}

    def convert(value: Any) -> str:
        parts = value.split(",") if isinstance(value, str) and value else value or ()
        if isinstance(parts, list) and all(isinstance(one, str) and one in order for one in parts):
            return ",".join(sorted(set(parts), key=order.__getitem__))
        if parts == ():
            return ""
        msg = "not all of them are the SET's labels"
        raise ValueError(msg)

    return convert


def binary(schema: Schema, column_type: ColumnType) -> Converter:
    """Write bytes: from hexadecimal digits, alone or behind a backslash and x, or 0x; from
    base64 where the schema has that as its `contentEncoding`."""
    length = getattr(column_type, "length", None)
    padded = length or 0 if isinstance(column_type, sa.BINARY) else 0
    read = _from_base64 if schema.get("contentEncoding") == "base64" else _from_hex

    def convert(value: Any) -> bytes:
        if not isinstance(value, str):
            msg = "no bytes: they come as text, in hexadecimal digits or base64"
            raise ValueError(msg)  # noqa: TRY004 - one error class for all values
        found = read(value)
        if length is not None and len(found) > length:
            msg = f"more than {length} bytes"
            raise ValueError(msg)
        return found.ljust(padded, b"\0")  # as a BINARY does by itself

    return convert


def _from_hex(text: str) -> bytes:
    digits = text[2:] if text[:2] in {"\\x", "0x", "0X"} else text
    try:
        return binascii.unhexlify(digits.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        msg = (
            "not bytes in hexadecimal digits; base64 is read where the property has "
            "contentEncoding base64"
        )
        raise ValueError(msg) from None


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        msg = "not bytes in base64"
        raise ValueError(msg) from None


def duration(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a TIME of -838 to 838 hours as [-]HH:MM:SS.ffffff."""

    def convert(value: Any) -> str:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            msg = "not a time as hours:minutes:seconds"
            raise ValueError(msg)
        microseconds = _microseconds(match)
        if abs(microseconds) > _TIME_LIMIT * 1_000_000:
            msg = "the time lies outside of -838:59:59 to 838:59:59"
            raise ValueError(msg)
        return clock_text(microseconds)

    return convert


def long_duration(text: str) -> str:
    """Return a time of any length as [-]HH:MM:SS.ffffff; what is none, as it is."""
    match = _DURATION.fullmatch(text)
    return text if match is None else clock_text(_microseconds(match))


def _microseconds(match: re.Match[str]) -> int:
    seconds = int(match["hours"]) * 3600 + int(match["minutes"]) * 60 + int(match["seconds"])
    clock = seconds * 1_000_000 + int((match["fraction"] or "").ljust(6, "0"))
    days = int(match["days"] or 0) * 86_400_000_000
    if match["days"] and match["sign"]:  # "-1 day, 23:59:59" of a timedelta counts back
        return clock - days
    return -(clock + days) if match["sign"] else clock + days


def clock_text(microseconds: int) -> str:
    """Return [-]HH:MM:SS.ffffff."""
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    sign = "-" if microseconds < 0 else ""
    return f"{sign}{hour:02}:{minute:02}:{second:02}.{rest:06}"
