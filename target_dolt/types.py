"""Column types as text and back, and what a column becomes when two types meet.

SQLAlchemy's types are the vocabulary; their MySQL spelling is the one kept in the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt.dialect import ColumnType
from target_dolt.native import parse_native

_MYSQL = mysql.dialect()

BOOLEAN = sa.BOOLEAN()
TINYINT: ColumnType = mysql.TINYINT()
UNSIGNED_TINYINT: ColumnType = mysql.TINYINT(unsigned=True)
SMALLINT = sa.SMALLINT()
UNSIGNED_SMALLINT: ColumnType = mysql.SMALLINT(unsigned=True)
MEDIUMINT: ColumnType = mysql.MEDIUMINT()
UNSIGNED_MEDIUMINT: ColumnType = mysql.MEDIUMINT(unsigned=True)
INTEGER = sa.INTEGER()
UNSIGNED_INTEGER: ColumnType = mysql.INTEGER(unsigned=True)
BIGINT = sa.BIGINT()
UNSIGNED_BIGINT = mysql.BIGINT(unsigned=True)
FLOAT: ColumnType = sa.FLOAT()
DOUBLE: ColumnType = sa.DOUBLE()
DATE = sa.DATE()
TIME = mysql.TIME(fsp=6)
DATETIME = mysql.DATETIME(fsp=6)
YEAR: ColumnType = mysql.YEAR()
JSON = sa.JSON()
LONGTEXT = mysql.LONGTEXT()
LONGBLOB: ColumnType = mysql.LONGBLOB()

MAX_DECIMAL_DIGITS = 65
MAX_DECIMAL_SCALE = 30
"""https://dev.mysql.com/doc/refman/8.0/en/precision-math-decimal-characteristics.html"""

LABEL_LIMIT = 255
"""Characters of a listed value: room for labels still to come, so that the list may grow."""

TEXTS = (sa.VARCHAR, sa.CHAR, mysql.LONGTEXT, mysql.ENUM, mysql.SET)
"""Types whose values are text."""

BYTES = (sa.BINARY, sa.VARBINARY, mysql.LONGBLOB)
"""Types whose values are bytes."""

_INTEGERS: dict[str, tuple[int, int]] = {
    "BOOL": (0, 1),
    "TINYINT": (-(2**7), 2**7 - 1),
    "TINYINT UNSIGNED": (0, 2**8 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "SMALLINT UNSIGNED": (0, 2**16 - 1),
    "MEDIUMINT": (-(2**23), 2**23 - 1),
    "MEDIUMINT UNSIGNED": (0, 2**24 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "INTEGER UNSIGNED": (0, 2**32 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "BIGINT UNSIGNED": (0, 2**64 - 1),
    "YEAR": (0, 2155),
}
"""Integer types with their ranges.
https://dev.mysql.com/doc/refman/8.0/en/integer-types.html"""

_CHOSEN = ("SMALLINT", "INTEGER", "BIGINT", "BIGINT UNSIGNED")
"""The integer types that bounds choose among, narrowest first."""

_TYPES: dict[str, Callable[..., ColumnType]] = {
    "BOOL": sa.BOOLEAN,
    "TINYINT": lambda: TINYINT,
    "TINYINT UNSIGNED": lambda: UNSIGNED_TINYINT,
    "SMALLINT": sa.SMALLINT,
    "SMALLINT UNSIGNED": lambda: UNSIGNED_SMALLINT,
    "MEDIUMINT": lambda: MEDIUMINT,
    "MEDIUMINT UNSIGNED": lambda: UNSIGNED_MEDIUMINT,
    "INTEGER": sa.INTEGER,
    "INTEGER UNSIGNED": lambda: UNSIGNED_INTEGER,
    "BIGINT": sa.BIGINT,
    "BIGINT UNSIGNED": lambda: UNSIGNED_BIGINT,
    "BIT": lambda bits=1: mysql.BIT(bits),
    "YEAR": lambda: YEAR,
    "DECIMAL": sa.DECIMAL,
    "NUMERIC": sa.DECIMAL,
    "FLOAT": sa.FLOAT,
    "DOUBLE": sa.DOUBLE,
    "DATE": sa.DATE,
    "TIME": lambda fsp: mysql.TIME(fsp=fsp),
    "DATETIME": lambda fsp: mysql.DATETIME(fsp=fsp),
    "JSON": sa.JSON,
    "CHAR": sa.CHAR,
    "VARCHAR": sa.VARCHAR,
    "LONGTEXT": mysql.LONGTEXT,
    "ENUM": lambda *labels: mysql.ENUM(*map(str, labels)),
    "SET": lambda *labels: mysql.SET(*map(str, labels)),
    "BINARY": sa.BINARY,
    "VARBINARY": sa.VARBINARY,
    "LONGBLOB": lambda: LONGBLOB,
}


T = TypeVar("T")

Kind = type[ColumnType] | tuple[type[ColumnType], ...]


def first_of_kind(rows: Iterable[tuple[Kind, T]], column_type: ColumnType) -> T | None:
    """Return what the first row says whose kind a type is of; None where no row has it."""
    return next((said for kind, said in rows if isinstance(column_type, kind)), None)


def type_text(column_type: ColumnType) -> str:
    """Return the type as MySQL spells it: `DECIMAL(10, 2)`, `BIGINT UNSIGNED`."""
    return str(column_type.compile(dialect=_MYSQL))


def parse_type(text: str) -> ColumnType:
    """Return the type that `type_text` spelled; ValueError where it is none of ours."""
    native = parse_native(text)
    make = _TYPES.get(native.name.upper())
    if make is None or native.dimensions:
        msg = f"unknown column type {text!r}"
        raise ValueError(msg)
    return make(*native.arguments)


def integer_range(column_type: ColumnType) -> tuple[int, int] | None:
    """Return the least and greatest value of an integer type, None for any other type."""
    return _INTEGERS.get(type_text(column_type))


def integer_type(least: int, greatest: int) -> ColumnType | None:
    """Return the narrowest integer type (two bytes or more) or DECIMAL that holds both bounds."""
    for name in _CHOSEN:
        low, high = _INTEGERS[name]
        if low <= least and greatest <= high:
            return parse_type(name)
    largest = max(abs(least), abs(greatest))
    if largest >= 10**MAX_DECIMAL_DIGITS:
        return None
    return sa.DECIMAL(len(str(largest)), 0)


def enum_type(labels: tuple[str, ...]) -> ColumnType:
    """Return an ENUM of labels, or a text that holds them where an ENUM would bend one.

    A backslash in a label is an escape in DDL, a percent sign a place in a driver's statement;
    Dolt loses blanks at a label's end, and LOAD DATA takes an empty one for no value (measured
    on 2.3.1).
    """
    longest = max((len(one) for one in labels), default=0)
    if _plain(labels, "\\%\0") and longest <= LABEL_LIMIT and len(labels) < 2**16:
        return mysql.ENUM(*labels)
    return sa.VARCHAR(LABEL_LIMIT) if longest <= LABEL_LIMIT else LONGTEXT


def set_type(labels: tuple[str, ...]) -> ColumnType:
    """Return a SET of labels, or text where a SET would bend one.

    LOAD DATA writes the empty set as 0, which must be no label.
    """
    plain = _plain(labels, "\\%,\0") and "0" not in labels
    return mysql.SET(*labels) if plain and len(labels) <= 64 else LONGTEXT  # noqa: PLR2004 - its bits


def _plain(labels: tuple[str, ...], refused: str) -> bool:
    return bool(labels) and all(
        one == one.rstrip() != "" and not set(one) & set(refused) for one in labels
    )


def widen(old: ColumnType, new: ColumnType) -> ColumnType:
    """Return the narrowest type that holds every value of both, `old` itself where it does.

    The order: booleans and integers, DECIMAL, FLOAT, DOUBLE; DATE, DATETIME; ENUM, CHAR and
    VARCHAR by length; BINARY and VARBINARY by length; LONGTEXT for whatever else meets. An
    integer that meets a DOUBLE becomes DOUBLE: whoever changes a table's type must check that
    the values there survive it. Bytes and bits meet nothing else (`mixes`).
    """
    if type_text(old) == type_text(new):
        return old
    for step in (_widen_numbers, _widen_texts, _widen_bytes):
        wide = step(old, new)
        if wide is not None:
            return old if type_text(wide) == type_text(old) else wide
    return LONGTEXT


def mixes(old: ColumnType, new: ColumnType) -> bool:
    """Whether a column of one type can become one that holds the other's values too."""
    kinds = [(isinstance(one, BYTES), isinstance(one, mysql.BIT)) for one in (old, new)]
    return kinds[0] == kinds[1]


def _widen_numbers(old: ColumnType, new: ColumnType) -> ColumnType | None:
    ranges = [integer_range(old), integer_range(new)]
    doubles = [isinstance(one, sa.DOUBLE | sa.FLOAT) for one in (old, new)]
    if any(doubles):
        other = ranges[doubles.index(True) - 1]
        return DOUBLE if other is not None or all(doubles) else None
    if ranges[0] is not None and ranges[1] is not None:
        span = _span(ranges[0], ranges[1])
        for one, held in zip((old, new), ranges, strict=True):
            if held == span and not isinstance(one, mysql.YEAR):  # it has no years 1 to 1900
                return one
        return integer_type(*span)
    sizes = [_decimal_size(one) for one in (old, new)]
    if sizes[0] is None or sizes[1] is None:
        return None
    whole = max(sizes[0][0], sizes[1][0])
    scale = max(sizes[0][1], sizes[1][1])
    return sa.DECIMAL(whole + scale, scale) if whole + scale <= MAX_DECIMAL_DIGITS else None


def declared_bytes(column_type: ColumnType) -> int:
    """Return what a column's declaration takes of a row: four bytes a character, a pointer for
    what is kept outside of it. Other types take less than the 32 bytes counted here."""
    if isinstance(column_type, sa.VARCHAR | sa.CHAR):
        return 4 * (column_type.length or 0)
    if isinstance(column_type, sa.BINARY | sa.VARBINARY):
        return column_type.length or 0
    return 20 if isinstance(column_type, mysql.LONGTEXT | sa.JSON | mysql.LONGBLOB) else 32


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


def _text_length(column_type: Any) -> int | None:
    """Return the greatest length of a short text, None for any other type."""
    if isinstance(column_type, mysql.ENUM):
        return max(len(one) for one in column_type.enums)
    if isinstance(column_type, sa.VARCHAR | sa.CHAR):
        return column_type.length or 0
    return None


def _widen_texts(old: ColumnType, new: ColumnType) -> ColumnType | None:
    types = (old, new)
    if isinstance(old, mysql.ENUM) and isinstance(new, mysql.ENUM):
        return enum_type(_together(old.enums, new.enums))
    if isinstance(old, mysql.SET) and isinstance(new, mysql.SET):
        return set_type(_together(old.values, new.values))
    lengths = [_text_length(one) for one in types]
    if lengths[0] is not None and lengths[1] is not None:
        length = max(lengths[0], lengths[1])
        if lengths[0] == length and isinstance(old, sa.VARCHAR):
            return old
        return sa.VARCHAR(length)
    if all(isinstance(one, sa.DATE | sa.DATETIME) for one in types):
        return DATETIME
    return None


def _together(old: Any, new: Any) -> tuple[str, ...]:
    """Return the old labels in their order, then the new ones: no stored value changes."""
    return (*old, *(one for one in new if one not in old))


def _widen_bytes(old: ColumnType, new: ColumnType) -> ColumnType | None:
    if isinstance(old, mysql.BIT) and isinstance(new, mysql.BIT):
        return old if (old.length or 1) >= (new.length or 1) else new
    if not all(isinstance(one, BYTES) for one in (old, new)):
        return None
    if all(isinstance(one, sa.VARBINARY) for one in (old, new)):
        return sa.VARBINARY(max(one.length or 0 for one in (old, new)))  # type: ignore[attr-defined]
    return LONGBLOB  # BINARY of another length fills up with zeros
