"""Values in columns that are wider than their own type: equal values stay equal there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.types import LONGTEXT, first_of_kind
from target_dolt.values import TooNarrowError, writer

_TEXTS = (sa.VARCHAR, mysql.LONGTEXT)


def digits_of(value: float) -> str:
    """Return a double's shortest decimal without an exponent, as Dolt's ALTER makes it text.

    A whole number has no point: it is the text that the same integer becomes. Zero has no sign.
    """
    return f"{Decimal(repr(value or 0.0)):f}".removesuffix(".0")


_SPELLINGS: tuple[tuple[type[ColumnType], Converter], ...] = (
    (sa.Boolean, lambda value: "true" if value else "false"),
    (sa.Integer, str),
    (sa.DECIMAL, lambda value: f"{value:f}"),
    (sa.DOUBLE, digits_of),
    (sa.FLOAT, digits_of),
)


def speller(column_type: ColumnType) -> Converter:
    """Return how a type's values, as its converter made them, are spelled in a text column."""
    return first_of_kind(_SPELLINGS, column_type) or str


def spelled(convert: Converter, own_type: ColumnType) -> Converter:
    """Write values of a type into a column that was widened to text: equal values, equal texts.

    A number that no double holds, which ends a run elsewhere, is kept here with its digits.

    Args:
        convert: Makes values of the type.
        own_type: The type.
    """
    spell = speller(own_type)

    def write(value: Any) -> str:
        try:
            return str(spell(convert(value)))
        except ValueError:
            if isinstance(own_type, sa.DOUBLE) and isinstance(value, int | Decimal):
                return str(value)
            raise

    return write


def converter(schema: Schema, own_type: ColumnType, column_type: ColumnType) -> Converter | None:
    """Return how a type's values are written into a wider column; None: as the column's own."""
    if isinstance(column_type, _TEXTS):
        return None if isinstance(own_type, _TEXTS) else spelled(writer(schema, own_type), own_type)
    if isinstance(own_type, sa.Boolean) and not isinstance(column_type, sa.Boolean | sa.Integer):
        return _through(writer(schema, own_type), writer({}, column_type))
    if isinstance(column_type, sa.DOUBLE) and not isinstance(own_type, sa.DOUBLE):
        return _exact_or_text(writer(schema, column_type))
    return None


def _through(first: Converter, then: Converter) -> Converter:
    return lambda value: then(first(value))


def _exact_or_text(convert: Converter) -> Converter:
    """Ask for a text column where a whole number came that no double holds."""

    def write(value: Any) -> Any:
        try:
            return convert(value)
        except ValueError as error:
            if isinstance(value, int):
                raise TooNarrowError(str(error), LONGTEXT) from None
            raise

    return write
