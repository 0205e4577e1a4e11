"""How DoltLite keeps each type. Facts: https://sqlite.org/stricttables.html."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import Storage, types, values, widened
from target_dolt.dialect import ColumnType, Converter
from target_dolt.errors import UnsupportedTypeError
from target_dolt.types import Kind, first_of_kind
from target_dolt.values import parse_json

DOUBLE_DIGITS = 15
"""Decimal digits that every double keeps: DBL_DIG of IEEE 754's binary64."""

INT64_DIGITS = 18
"""Decimal digits that a 64-bit integer always holds."""


def _decimal(column_type: Any) -> Storage:
    precision, scale = column_type.precision or 10, column_type.scale or 0
    if scale == 0 and precision <= INT64_DIGITS:
        return Storage(sa.INTEGER(), encode=int, decode=Decimal)
    if precision <= DOUBLE_DIGITS:
        return Storage(sa.REAL(), encode=float, decode=lambda value: Decimal(f"{value:.{scale}f}"))
    return Storage(sa.TEXT(), encode=lambda value: f"{value:f}", decode=Decimal)


def _integer(column_type: Any) -> Storage:
    if getattr(column_type, "unsigned", False) and isinstance(column_type, sa.BIGINT):
        return Storage(sa.TEXT(), encode=str, decode=int)
    return Storage(sa.INTEGER())


def _bits(column_type: Any) -> Storage:
    if (column_type.length or 1) < 64:  # noqa: PLR2004 - bits of SQLite's integers, one a sign
        return Storage(sa.INTEGER())
    return Storage(sa.TEXT(), encode=str, decode=int)


_STORAGE: tuple[tuple[Kind, Callable[[Any], Storage]], ...] = (
    (sa.BOOLEAN, lambda _: Storage(sa.INTEGER())),
    (sa.Integer, _integer),
    (sa.DOUBLE, lambda _: Storage(sa.REAL())),
    (sa.FLOAT, lambda _: Storage(sa.REAL())),
    (mysql.YEAR, lambda _: Storage(sa.INTEGER())),
    (mysql.BIT, _bits),
    (sa.DECIMAL, _decimal),
    (sa.DATE, lambda _: Storage(sa.TEXT())),
    (sa.DATETIME, lambda _: Storage(sa.TEXT())),
    (sa.TIME, lambda _: Storage(sa.TEXT())),
    (sa.JSON, lambda _: Storage(sa.TEXT(), decode=parse_json)),
    (types.TEXTS, lambda _: Storage(sa.TEXT())),
    (types.BYTES, lambda _: Storage(sa.BLOB())),
)
"""STRICT tables know INTEGER, REAL, TEXT and BLOB (https://sqlite.org/stricttables.html):
each type goes where SQLite compares it rightly, else into text."""

_LOGICAL: tuple[tuple[type[ColumnType], ColumnType], ...] = (
    (sa.Integer, sa.BIGINT()),
    (sa.Boolean, sa.BIGINT()),
    (sa.Float, sa.DOUBLE()),
    (sa.REAL, sa.DOUBLE()),
    (sa.Numeric, sa.DOUBLE()),  # DECIMAL, in a person's table that is not STRICT
    (sa.BLOB, mysql.LONGBLOB()),
)


def storage(column_type: ColumnType) -> Storage:
    """Return how a STRICT table keeps a type; UnsupportedTypeError where it cannot."""
    make = first_of_kind(_STORAGE, column_type)
    if make is None:
        msg = f"DoltLite has no place for {column_type!r}"
        raise UnsupportedTypeError(msg)
    return make(column_type)


_SAME = (*types.TEXTS, *types.BYTES, mysql.BIT)
_TEXTS = (sa.JSON, sa.DATE, sa.DATETIME, sa.TIME)
_WHOLE = (sa.Boolean, sa.Integer, mysql.YEAR)


def rewriting(old: ColumnType, new: ColumnType) -> Converter | None:
    """Return what turns a stored value of one type into that of a wider one; None: the same."""
    if isinstance(old, _SAME):
        return None
    if isinstance(old, _TEXTS):
        at_midnight = isinstance(old, sa.DATE) and isinstance(new, sa.DATETIME)
        return (lambda value: f"{value} 00:00:00.000000") if at_midnight else None
    before, after = storage(old), storage(new)
    if isinstance(old, sa.Float) and isinstance(new, sa.Float):
        return None
    if isinstance(old, _WHOLE) and isinstance(new, _WHOLE) and before == after:
        return None
    to_text = isinstance(new, mysql.LONGTEXT | sa.VARCHAR)
    convert = widened.speller(old) if to_text else values.writer({}, new)

    def rewrite(value: Any) -> Any:
        wider = convert(before.decode(value) if before.decode else value)
        return after.encode(wider) if after.encode else wider

    return rewrite


def logical_type(reflected: ColumnType) -> ColumnType:
    """Return the widest type that SQLite keeps in a column declared so."""
    return first_of_kind(_LOGICAL, reflected) or mysql.LONGTEXT()
