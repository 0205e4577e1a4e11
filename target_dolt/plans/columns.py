"""Many records become rows at once, a column after the other.

A column's values are looked at together first: most need no conversion, or the same one, and a
few calls say so of thousands. Where they do not, each value goes by its own converter, which is
what decides; both ways make the same, by test.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import repeat
from typing import Any

from target_dolt import moments, values
from target_dolt.dialect import ColumnType, Converter, ConverterFactory
from target_dolt.types import integer_range

Together = Callable[[Sequence[Any]], Sequence[Any] | None]
"""Converts values, none of them NULL and at least one; None where it cannot tell for all."""


def _integers(column_type: ColumnType) -> Together:
    low, high = integer_range(column_type) or (-(2**63), 2**63 - 1)

    def together(some: Sequence[Any]) -> Sequence[Any] | None:
        fit = set(map(type, some)) == {int} and low <= min(some) and max(some) <= high
        return some if fit else None

    return together


def _texts(column_type: ColumnType) -> Together:
    longest = values.length(column_type) or sys.maxsize

    def together(some: Sequence[Any]) -> Sequence[Any] | None:
        fit = set(map(type, some)) == {str} and max(map(len, some)) <= longest
        return some if fit else None

    return together


def _booleans(_column_type: ColumnType) -> Together:
    return lambda some: list(map(int, some)) if set(map(type, some)) == {bool} else None


def _decimals(column_type: ColumnType) -> Together:
    precision = getattr(column_type, "precision", None) or 10
    scale = getattr(column_type, "scale", None) or 0
    quantum, limit = Decimal(1).scaleb(-scale), Decimal(10) ** (precision - scale)
    quantize = values.DECIMALS.quantize

    def together(some: Sequence[Any]) -> Sequence[Any] | None:
        if set(map(type, some)) != {Decimal}:
            return None
        try:
            made = list(map(quantize, some, repeat(quantum)))
            if not (-limit < min(made) and max(made) < limit):
                return None
        except ArithmeticError:
            return None
        return [one or abs(one) for one in made]  # SQL knows no negative zero

    return together


def _dates(_column_type: ColumnType) -> Together:
    def together(some: Sequence[Any]) -> Sequence[Any] | None:
        fit = set(map(type, some)) == {str} and _are_dates(set(some))
        return some if fit else None

    return together


def _are_dates(texts: set[str]) -> bool:
    """Whether all of these are dates as they are written here; a column has few of them."""
    try:
        for one in texts:
            dt.date.fromisoformat(one)
    except ValueError:
        return False
    return all(one[4:8:3] == "--" for one in texts)  # 2026-W01-1 is a date too


_MOMENTS = re.compile(
    r"^(\d{4}-\d\d-\d\d)[ T]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)"
    r"(?:\.(\d{1,6}))?(?:Z|\+00(?::00)?)?$",
    re.ASCII | re.MULTILINE,
)


def _moments(_column_type: ColumnType) -> Together:
    def together(some: Sequence[Any]) -> Sequence[Any] | None:
        if set(map(type, some)) != {str}:
            return None
        lines = "\n".join(some)
        found = _MOMENTS.findall(lines)
        if len(found) != len(some) or lines.count("\n") != len(some) - 1:
            return None
        if not _are_dates({date for date, _, _ in found}):
            return None
        return [f"{date} {clock}.{fraction:0<6}" for date, clock, fraction in found]

    return together


SAMPLED = 16
"""Of so many rows one is measured."""


def estimated_bytes(rows: Sequence[Sequence[Any]]) -> int:
    """Return about how much the texts and bytes of rows take, by some of them."""
    some = rows[::SAMPLED]
    total = sum(len(one) for row in some for one in row if type(one) in _SIZED)
    return total * len(rows) // max(len(some), 1)


_SIZED = frozenset({str, bytes})

_TOGETHER: dict[ConverterFactory, Callable[[ColumnType], Together]] = {
    values.integer: _integers,
    values.text: _texts,
    values.boolean: _booleans,
    values.exact: _decimals,
    moments.date: _dates,
    moments.date_time: _moments,
}
"""Of the factories of converters: what does the same for many values."""


def column_converter(
    factory: ConverterFactory | None, column_type: ColumnType, convert: Converter
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return what converts a column's values; NULL stays NULL. It raises what `convert` raises.

    Args:
        factory: What made the converter; None where something of somebody else's is in it.
        column_type: The type of the column.
        convert: Converts one value.
    """
    make = None if factory is None else _TOGETHER.get(factory)
    together = None if make is None else make(column_type)

    def column(some: Sequence[Any]) -> Sequence[Any]:
        has_null = None in some
        if together is not None:
            given = [one for one in some if one is not None] if has_null else some
            made = together(given) if given else None
            if made is given:
                return some
            if made is not None:
                rest = iter(made)
                return [None if one is None else next(rest) for one in some] if has_null else made
        return [None if one is None else convert(one) for one in some]

    return column
