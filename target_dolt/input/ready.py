"""Columns of a Parquet file whose values are at hand as a table's column takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from target_dolt import moments, values
from target_dolt.dialect import ConverterFactory
from target_dolt.plans.kinds import Bounds


def ready(pa: Any, column: Any, factory: ConverterFactory, bounds: Bounds) -> list[Any] | None:
    """Return what a converter of this make would make of a column of Arrow: see
    `target_dolt.plans.by_columns.ColumnRows`.
    """
    make = _READY.get(factory)
    try:
        return None if make is None else make(pa, column, bounds)
    except (pa.ArrowException, ValueError):
        return None  # such as a fraction finer than microseconds, which the general way tells


def _integers(pa: Any, column: Any, bounds: Bounds) -> list[Any] | None:
    return _within(bounds, column, None) if pa.types.is_integer(column.type) else None


def _texts(pa: Any, column: Any, bounds: Bounds) -> list[Any] | None:
    return _within(bounds, column, len) if _is_text(pa, column) else None


def _is_text(pa: Any, column: Any) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _within(bounds: Bounds, column: Any, measure: Callable[[Any], int] | None) -> list[Any] | None:
    low, high = bounds
    given: list[Any] = column.to_pylist()
    if low is None and high is None:
        return given
    some = [one for one in given if one is not None] if column.null_count else given
    if not some:
        return given
    sizes = list(map(measure, some)) if measure else some
    inside = (low is None or low <= min(sizes)) and (high is None or max(sizes) <= high)
    return given if inside else None


def _booleans(pa: Any, column: Any, _bounds: Bounds) -> list[Any] | None:
    if not pa.types.is_boolean(column.type):
        return None
    return column.cast(pa.int8()).to_pylist()  # type: ignore[no-any-return]


def _doubles(pa: Any, column: Any, _bounds: Bounds) -> list[Any] | None:
    if not pa.types.is_floating(column.type):
        return None
    given: list[Any] = column.to_pylist()
    total = sum([one for one in given if one is not None], 0.0)
    return given if total - total == 0 else None  # else a NaN or an infinity is among them


def _moments(pa: Any, column: Any, _bounds: Bounds) -> list[Any] | None:
    """Also of texts: what Arrow reads of them `moments.date_time` reads alike, by test."""
    if _is_text(pa, column):
        column = _read_moments(pa, column)
    elif not pa.types.is_timestamp(column.type):
        return None
    utc = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    return _of_length(26, utc.cast(pa.timestamp("us")).cast(pa.string()))


def _read_moments(pa: Any, column: Any) -> Any:
    try:
        return column.cast(pa.timestamp("us", "UTC"))  # each must have an offset
    except pa.ArrowInvalid:
        return column.cast(pa.timestamp("us"))  # none may have one


def _dates(pa: Any, column: Any, _bounds: Bounds) -> list[Any] | None:
    if not pa.types.is_date(column.type):
        return None
    return _of_length(10, column.cast(pa.date32()).cast(pa.string()))


def _of_length(length: int, texts: Any) -> list[Any] | None:
    """Return texts of days or moments; None where a zone may put one out of Python's years."""
    given: list[Any] = texts.to_pylist()
    some = [one for one in given if one is not None]
    inside = not some or (min(some) > _FIRST and max(some) < _LAST)
    return given if inside and set(map(len, some)) <= {length} else None


_FIRST, _LAST = "0001-01-02", "9999-12-31"


_READY: dict[ConverterFactory, Callable[[Any, Any, Bounds], list[Any] | None]] = {
    values.integer: _integers,
    values.text: _texts,
    values.boolean: _booleans,
    values.double: _doubles,
    moments.date_time: _moments,
    moments.date: _dates,
}
