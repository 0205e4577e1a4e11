"""Column types as text and back, and what a column becomes when two types meet.

SQLAlchemy's types are the vocabulary; their MySQL spelling is the one kept in the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt.dialect import ColumnType

_MYSQL = mysql.dialect()

BOOLEAN = sa.BOOLEAN()
SMALLINT = sa.SMALLINT()
INTEGER = sa.INTEGER()
BIGINT = sa.BIGINT()
UNSIGNED_BIGINT = mysql.BIGINT(unsigned=True)
DOUBLE: ColumnType = sa.DOUBLE()
DATE = sa.DATE()
TIME = mysql.TIME(fsp=6)
DATETIME = mysql.DATETIME(fsp=6)
JSON = sa.JSON()
LONGTEXT = mysql.LONGTEXT()

MAX_DECIMAL_DIGITS = 65
MAX_DECIMAL_SCALE = 30
"""https://dev.mysql.com/doc/refman/8.0/en/precision-math-decimal-characteristics.html"""

_INTEGERS: dict[str, tuple[int, int]] = {
    "BOOL": (0, 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "BIGINT UNSIGNED": (0, 2**64 - 1),
}
"""Integer types with their ranges, narrowest first."""

_TYPES: dict[str, Callable[..., ColumnType]] = {
    "BOOL": sa.BOOLEAN,
    "SMALLINT": sa.SMALLINT,
    "INTEGER": sa.INTEGER,
    "BIGINT": sa.BIGINT,
    "BIGINT UNSIGNED": lambda: UNSIGNED_BIGINT,
    "DECIMAL": sa.DECIMAL,
    "DOUBLE": sa.DOUBLE,
    "DATE": sa.DATE,
    "TIME": lambda fsp: mysql.TIME(fsp=fsp),
    "DATETIME": lambda fsp: mysql.DATETIME(fsp=fsp),
    "JSON": sa.JSON,
    "VARCHAR": sa.VARCHAR,
    "LONGTEXT": mysql.LONGTEXT,
}
_TYPE_TEXT = re.compile(r"(?P<name>[A-Z ]+?)(?:\((?P<arguments>[\d, ]+)\))?")


T = TypeVar("T")


def first_of_kind(rows: Iterable[tuple[type[ColumnType], T]], column_type: ColumnType) -> T | None:
    """Return what the first row says whose kind a type is of; None where no row has it."""
    return next((said for kind, said in rows if isinstance(column_type, kind)), None)


def type_text(column_type: ColumnType) -> str:
    """Return the type as MySQL spells it: `DECIMAL(10, 2)`, `BIGINT UNSIGNED`."""
    return str(column_type.compile(dialect=_MYSQL))


def parse_type(text: str) -> ColumnType:
    """Return the type that `type_text` spelled; ValueError where it is none of ours."""
    match = _TYPE_TEXT.fullmatch(text)
    make = _TYPES.get(match["name"]) if match else None
    if match is None or make is None:
        msg = f"unknown column type {text!r}"
        raise ValueError(msg)
    arguments = match["arguments"]
    return make(*(int(number) for number in arguments.split(","))) if arguments else make()


def integer_range(column_type: ColumnType) -> tuple[int, int] | None:
    """Return the least and greatest value of an integer type, None for any other type."""
    return _INTEGERS.get(type_text(column_type))


def integer_type(least: int, greatest: int) -> ColumnType | None:
    """Return the narrowest integer type (two bytes or more) or DECIMAL that holds both bounds."""
    for name, (low, high) in _INTEGERS.items():
        if name != "BOOL" and low <= least and greatest <= high:
            return parse_type(name)
    largest = max(abs(least), abs(greatest))
    if largest >= 10**MAX_DECIMAL_DIGITS:
        return None
    return sa.DECIMAL(len(str(largest)), 0)


def widen(old: ColumnType, new: ColumnType) -> ColumnType:
    """Return the narrowest type that holds every value of both, `old` itself where it does.

    The order: booleans and integers, DECIMAL, DOUBLE; DATE, DATETIME; VARCHAR by length;
    LONGTEXT for whatever else meets. An integer that meets a DOUBLE becomes DOUBLE: whoever
    changes a table's type must check that the values there survive it.
    """
    if type_text(old) == type_text(new):
        return old
    for step in (_widen_numbers, _widen_texts):
        wide = step(old, new)
        if wide is not None:
            return old if type_text(wide) == type_text(old) else wide
    return LONGTEXT


def _widen_numbers(old: ColumnType, new: ColumnType) -> ColumnType | None:
    ranges = [integer_range(old), integer_range(new)]
    doubles = [isinstance(one, sa.DOUBLE) for one in (old, new)]
    if any(doubles):
        other = ranges[doubles.index(True) - 1]
        return DOUBLE if other is not None or all(doubles) else None
    if ranges[0] is not None and ranges[1] is not None:
        return integer_type(*_span(ranges[0], ranges[1]))
    sizes = [_decimal_size(one) for one in (old, new)]
    if sizes[0] is None or sizes[1] is None:
        return None
    whole = max(sizes[0][0], sizes[1][0])
    scale = max(sizes[0][1], sizes[1][1])
    return sa.DECIMAL(whole + scale, scale) if whole + scale <= MAX_DECIMAL_DIGITS else None


def declared_bytes(column_type: ColumnType) -> int:
    """Return what a column's declaration takes of a row: four bytes a character, a pointer for
    what is kept outside of it. Other types take less than the 32 bytes counted here."""
    if isinstance(column_type, sa.VARCHAR):
        return 4 * (column_type.length or 0)
    return 20 if isinstance(column_type, mysql.LONGTEXT | sa.JSON) else 32


def _span(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    return min(one[0], two[0]), max(one[1], two[1])


def _decimal_size(column_type: Any) -> tuple[int, int] | None:
    """Return (digits before the point, digits after it)."""
    bounds = integer_range(column_type)
    if bounds is not None:
        return max(len(str(abs(bound))) for bound in bounds), 0
    if isinstance(column_type, sa.DECIMAL):
        precision, scale = column_type.precision or 10, column_type.scale or 0
        return precision - scale, scale
    return None


def _widen_texts(old: ColumnType, new: ColumnType) -> ColumnType | None:
    types = (old, new)
    if all(isinstance(one, sa.VARCHAR) for one in types):
        return sa.VARCHAR(max(one.length or 0 for one in types if isinstance(one, sa.VARCHAR)))
    if all(isinstance(one, sa.DATE | sa.DATETIME) for one in types):
        return DATETIME
    return None
