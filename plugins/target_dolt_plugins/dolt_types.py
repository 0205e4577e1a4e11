"""How Dolt keeps each type: as itself, but where its own rules would bend a value."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import Storage, types
from target_dolt.dialect import ColumnType
from target_dolt.errors import UnsupportedTypeError
from target_dolt.native_values import clock_text, nearest_single
from target_dolt.types import Kind, first_of_kind
from target_dolt.values import TooNarrowError, parse_json

_LONG_NUMBER = re.compile(r"[0-9](?:[0-9.]{14}[-+0-9.eE]+|[eE][-+]?[0-9]+(?![0-9A-Za-z]))")
"""What may be a number that no double keeps: sixteen characters from its first digit on, or the end
of one with an exponent. Fifteen digits without an exponent a double always keeps."""

_ALL_WHOLE = 2**53
"""Up to here Dolt writes each whole number as it came; of a double beyond it, the shortest digits
that tell it from others: 1152921504606846976 comes back as 1152921504606847000 (Dolt 2.3.1)."""


def exact_json(text: str) -> str:
    """Return JSON text whose numbers survive Dolt's JSON, which keeps all of them as doubles.

    Raises:
        TooNarrowError: A number would come back as another one (measured on Dolt 2.3.1:
            9007199254740993 becomes 9007199254740992).
    """
    try:
        survives = all(_is_double(one) for one in _LONG_NUMBER.findall(text))
    except ValueError:  # digits and points of a text
        survives = False
    if not survives and not _survives(parse_json(text)):
        msg = "a number within the JSON that Dolt's JSON cannot keep"
        raise TooNarrowError(msg, types.LONGTEXT)
    return text


def _is_double(number: str) -> bool:
    """Whether a number is written as a double is; False for one that takes a closer look.

    What computes writes doubles in full, and parsing the text around them costs ten times as much.
    """
    if number.isdecimal():
        return int(number) <= _ALL_WHOLE
    return "." in number and repr(float(number)) == number


def _survives(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_survives(one) for one in value.values())
    if isinstance(value, list):
        return all(_survives(one) for one in value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return True
    try:
        double = float(value)
    except OverflowError:
        return False
    return double - double == 0 and Decimal(repr(double)) == value


def _time_text(value: dt.timedelta) -> str:
    return clock_text(value // dt.timedelta(microseconds=1))


def _moment_text(value: dt.datetime | str) -> str:
    """A moment that Python has no word for (of zeros, of the year 0) comes as text."""
    return value if isinstance(value, str) else value.isoformat(" ", "microseconds")


def _date_text(value: dt.date | str) -> str:
    return value if isinstance(value, str) else value.isoformat()


def _bits(column_type: Any) -> Storage:
    size = ((column_type.length or 1) + 7) // 8
    return Storage(
        column_type,
        encode=lambda value: value.to_bytes(size, "big"),
        decode=lambda value: int.from_bytes(value, "big"),
    )


def _year(value: int) -> int:
    """Return a year but 0, which LOAD DATA takes for 2000 (measured on Dolt 2.3.1)."""
    if value == 0:
        msg = "the year 0, which Dolt's YEAR does not keep"
        raise TooNarrowError(msg, types.SMALLINT)
    return value


_STORAGE: tuple[tuple[Kind, Callable[[Any], Storage]], ...] = (
    (sa.DATETIME, lambda one: Storage(one, decode=_moment_text)),
    (sa.DATE, lambda one: Storage(one, decode=_date_text)),
    (sa.TIME, lambda one: Storage(one, decode=_time_text)),
    (sa.JSON, lambda one: Storage(one, encode=exact_json, decode=parse_json)),
    (sa.Boolean, Storage),
    (sa.Integer, Storage),
    (sa.DOUBLE, Storage),
    (sa.FLOAT, lambda one: Storage(one, encode=nearest_single)),
    (sa.DECIMAL, Storage),
    (mysql.YEAR, lambda one: Storage(one, encode=_year)),
    (mysql.BIT, _bits),
    (types.TEXTS, Storage),
    (types.BYTES, Storage),
)


def storage(column_type: ColumnType) -> Storage:
    """Return how Dolt keeps a type; UnsupportedTypeError where it cannot."""
    make = first_of_kind(_STORAGE, column_type)
    if make is None:
        msg = f"Dolt has no place for {column_type!r}"
        raise UnsupportedTypeError(msg)
    return make(column_type)


def _signed(signed: ColumnType, unsigned: ColumnType) -> Callable[[Any], ColumnType]:
    return lambda one: unsigned if getattr(one, "unsigned", False) else signed


_LOGICAL: tuple[tuple[type[ColumnType], Callable[[Any], ColumnType]], ...] = (
    (
        mysql.TINYINT,
        lambda one: (
            types.BOOLEAN
            if one.display_width == 1
            else _signed(types.TINYINT, types.UNSIGNED_TINYINT)(one)
        ),
    ),
    (mysql.MEDIUMINT, _signed(types.MEDIUMINT, types.UNSIGNED_MEDIUMINT)),
    (sa.SMALLINT, _signed(types.SMALLINT, types.UNSIGNED_SMALLINT)),
    (sa.BIGINT, _signed(types.BIGINT, types.UNSIGNED_BIGINT)),
    (sa.Integer, _signed(types.INTEGER, types.UNSIGNED_INTEGER)),
    (mysql.YEAR, lambda _: types.YEAR),
    (mysql.BIT, lambda one: mysql.BIT(one.length)),
    (mysql.DATETIME, lambda one: mysql.DATETIME(fsp=one.fsp)),
    (mysql.TIME, lambda one: mysql.TIME(fsp=one.fsp)),
    (sa.DATE, lambda _: types.DATE),
    (mysql.ENUM, lambda one: mysql.ENUM(*one.enums)),
    (mysql.SET, lambda one: mysql.SET(*one.values)),
    (sa.VARCHAR, lambda one: sa.VARCHAR(one.length)),
    (sa.CHAR, lambda one: sa.CHAR(one.length)),
    (sa.DECIMAL, lambda one: sa.DECIMAL(one.precision, one.scale)),
    (sa.FLOAT, lambda _: types.FLOAT),
    (sa.DOUBLE, lambda _: types.DOUBLE),
    (sa.JSON, lambda _: types.JSON),
    (sa.BINARY, lambda one: sa.BINARY(one.length)),
    (sa.VARBINARY, lambda one: sa.VARBINARY(one.length)),
    (mysql.LONGBLOB, lambda _: types.LONGBLOB),
)
"""Reflected types in this project's spelling: without display widths and collations."""


def _microseconds(column: Any, length: int) -> Any:
    """Return Dolt's text of a moment, which has as many digits as it needs, with six."""
    filled = sa.case(
        (sa.func.instr(column, ".") > 0, sa.func.concat(column, "000000")),
        else_=sa.func.concat(column, ".000000"),
    )
    return sa.func.left(filled, length)


_RESPELLED: tuple[tuple[type[ColumnType], Callable[[Any], Any]], ...] = (
    (
        sa.Boolean,
        lambda column: sa.case((column == "1", "true"), (column == "0", "false"), else_=column),
    ),
    (sa.DATETIME, lambda column: _microseconds(column, 26)),
    (sa.TIME, lambda column: _microseconds(column, 15)),
    (sa.DATE, lambda column: sa.func.left(column, 10)),
)
"""What Dolt's own text of a value lacks, when a column of that type becomes text.

Done twice it is as done once: where only the answer was lost, all is done again.
"""


def respelling(old: ColumnType, new: ColumnType) -> Callable[[Any], Any] | None:
    """Return the expression that mends a column which was just changed to text, or None."""
    if not isinstance(new, mysql.LONGTEXT | sa.VARCHAR):
        return None
    return first_of_kind(_RESPELLED, old)


def logical_type(reflected: ColumnType) -> ColumnType:
    """Return the type of a column as Dolt declares it; text for all that has no row above."""
    make = first_of_kind(_LOGICAL, reflected)
    return types.LONGTEXT if make is None else make(reflected)
