"""Values in columns that were widened to text: equal values are spelled as equal texts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.types import first_of_kind
from target_dolt.values import writer

_SPELLINGS: tuple[tuple[type[ColumnType], Converter], ...] = (
    (sa.Boolean, lambda value: "true" if value else "false"),
    (sa.Integer, str),
    (sa.DECIMAL, lambda value: f"{value:f}"),
    (sa.DOUBLE, repr),
)


def speller(column_type: ColumnType) -> Converter:
    """Return how a type's values, as its converter made them, are spelled in a text column."""
    return first_of_kind(_SPELLINGS, column_type) or str


def spelled(schema: Schema, own_type: ColumnType) -> Converter:
    """Write values of a type into a column that was widened to text: equal values, equal texts.

    A number that no double holds, which ends a run elsewhere, is kept here with its digits.
    """
    convert, spell = writer(schema, own_type), speller(own_type)

    def write(value: Any) -> str:
        try:
            return str(spell(convert(value)))
        except ValueError:
            if isinstance(own_type, sa.DOUBLE) and isinstance(value, int | Decimal):
                return str(value)
            raise

    return write
