"""Records that lie in columns become rows a column at a time: what `typed` is for lines.

What is refused here is no error yet: the same records go the general way (`target_dolt.plans.plan`)
one by one, which can say what is wrong. Rows that are made here are the same there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import jsonschema_rs

from target_dolt import moments, values
from target_dolt.dialect import ColumnType, ConverterFactory
from target_dolt.errors import SchemaError
from target_dolt.plans.columns import column_converter
from target_dolt.plans.json_schema import (
    Validator,
    asserts_by_property,
    named_types,
    property_validator,
)
from target_dolt.plans.kinds import INT64, KINDS, Bounds, bounds_of, narrower, only_type
from target_dolt.plans.plan import Column, Plan
from target_dolt.types import integer_range
from target_dolt.writer import Row

Values = Sequence[Any]
"""One column's values."""

_READY: dict[ConverterFactory, str] = {
    values.integer: "integer",
    values.text: "string",
    values.boolean: "boolean",
    values.double: "number",
    moments.date_time: "string",
    moments.date: "string",
}
"""What files may have as their columns take it, and the JSON type that such a value is."""

_SPANS: dict[ConverterFactory, Callable[[ColumnType], Bounds]] = {
    values.integer: lambda one: integer_range(one) or (INT64[0], INT64[-1]),
    values.text: lambda one: (None, values.length(one)),
}
"""The least and the greatest that a column takes, by value or length, where that is looked at."""

_REFUSALS = (ValueError, ArithmeticError, RecursionError, jsonschema_rs.ValidationError)


class ColumnRows(Protocol):
    """Some rows of a file that has columns."""

    names: Sequence[str]
    """The properties that the columns are."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def values(self, place: int) -> Values:
        """Return a column's values as JSON would have brought them."""

    def ready(self, place: int, factory: ConverterFactory, bounds: Bounds) -> Values | None:
        """Return what a converter of this make would make of a column's values, null as None.

        None where the file does not have them at hand, or a value would be refused; so is one
        out of its bounds, which are those of numbers, or of how long texts are.
        """

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as records."""


@dataclass(frozen=True, slots=True)
class _Step:
    """How one column of a table is filled.

    Attributes:
        place: The column of the file that it takes, None for none.
        nullable: Whether it may hold null.
        factory: What made its converter, where a file may have such values ready.
        bounds: Those of such values.
        check: Raises where a value is not what the SCHEMA says.
        convert: Makes what the writer takes.
    """

    place: int | None
    nullable: bool
    factory: ConverterFactory | None
    bounds: Bounds
    check: Callable[[Values], None]
    convert: Callable[[Values], Values]

    def fill(self, rows: ColumnRows) -> Values:
        """Return the column's values; raises one of `_REFUSALS` where one is not as it must be."""
        if self.place is None:
            return [None] * len(rows)
        made = None
        if self.factory is not None:
            made = rows.ready(self.place, self.factory, self.bounds)
        if made is None:
            given = rows.values(self.place)
            self.check(given)
            made = self.convert(given)
        if not self.nullable and None in made:
            msg = "null where there is none"
            raise ValueError(msg)
        return made


class ByColumns:
    """Makes rows of one stream's files that have the same columns."""

    def __init__(self, steps: Sequence[_Step], null: int | None) -> None:
        """Take a step for each column of the table.

        Args:
            steps: The steps in the order of the columns.
            null: The column of the file whose records go the general way where it is not null.
        """
        self._steps = steps
        self._null = null

    def rows(self, given: ColumnRows) -> list[Row] | None:
        """Return the rows; None where they must go the general way."""
        if self._null is not None and any(one is not None for one in given.values(self._null)):
            return None
        try:
            return list(zip(*[step.fill(given) for step in self._steps], strict=True))
        except _REFUSALS:
            return None


def compile_by_columns(
    plan: Plan,
    schema: Mapping[str, Any],
    names: Sequence[str],
    *,
    validates: bool,
    null: str,
    whole: frozenset[str] = frozenset(),
) -> ByColumns | None:
    """Return what makes rows of a file's columns; None where the general way must.

    Args:
        plan: The stream's plan.
        schema: The SCHEMA as the tap sent it.
        names: The properties that the file has, by its columns.
        validates: Whether records are checked against it.
        null: A property that sends a record the general way where it is not null.
        whole: Properties that a file must have.
    """
    place_of = {name: place for place, name in enumerate(names)}
    sources = {column.source for column in plan.columns}
    keys = {column.source for column in plan.columns if column.name in plan.table.key}
    if len(place_of) < len(names) or not place_of.keys() <= sources & schema["properties"].keys():
        return None  # a name twice; one that no column takes, which is to be told
    required = whole | keys
    if validates:
        required = required.union(schema.get("required", ()))
    try:
        if not required <= place_of.keys() or (validates and not asserts_by_property(schema)):
            return None
        steps = [
            _step(column, place_of.get(column.source), schema if validates else None, keys)
            for column in plan.columns
        ]
    except (SchemaError, TypeError, ValueError):
        return None  # of a shape that only the general way takes
    return ByColumns(steps, place_of.get(null))


def _step(
    column: Column, place: int | None, schema: Mapping[str, Any] | None, keys: set[str]
) -> _Step:
    convert = column_converter(column.factory, column.type, column.convert)
    nullable = column.source not in keys
    if schema is None or place is None:
        ready, bounds = _ready(column, None)
        return _Step(place, nullable, ready, bounds, lambda _: None, convert)
    part = schema["properties"][column.source]
    ready, bounds = _ready(column, part)
    nullable = nullable and (ready is None or "null" in named_types(part))
    check = _check(part, property_validator(part, schema))
    return _Step(place, nullable, ready, bounds, check, convert)


def _ready(column: Column, part: Any) -> tuple[ConverterFactory | None, Bounds]:
    """Return what made a column's converter where a file may have its values ready, and within
    which bounds: those of the column, and those of its schema where there is one to look at."""
    factory, free = column.factory, (None, None)
    if factory not in _READY:
        return None, free
    bounds = _SPANS[factory](column.type) if factory in _SPANS else free
    if part is None:
        return factory, bounds
    name = only_type(part) if isinstance(part, Mapping) else None
    asked = bounds_of(KINDS[name], part) if name in KINDS else free
    if name != _READY[factory] or asked is None or (asked != free and factory not in _SPANS):
        return None, free
    return factory, narrower(bounds, asked)


def _check(part: Any, validate: Validator) -> Callable[[Values], None]:
    """Return what looks at a column's values together, and at each only where that is not enough.

    It raises what `validate` raises.
    """
    fit = _fit(part)

    def check(given: Values) -> None:
        if fit is None or not fit(given):
            for one in given:
                validate(one)

    return check


def _fit(part: Any) -> Callable[[Values], bool] | None:
    """Return whether values are certainly what a schema says; None where that cannot be seen."""
    name = only_type(part)
    if name == "number":
        kinds, measure, low, high = {int, Decimal}, None, None, None
    elif name in KINDS and (bounds := bounds_of(KINDS[name], part)) is not None:
        kinds, (low, high) = {KINDS[name].python}, bounds
        measure = len if name == "string" else None
    else:
        return None
    allowed = {*kinds, type(None)} if "null" in named_types(part) else kinds

    def fit(given: Values) -> bool:
        if not set(map(type, given)) <= allowed:
            return False
        if low is None and high is None:
            return name != "number" or all(one is None or one - one == 0 for one in given)
        some = [one for one in given if one is not None]
        sizes = list(map(measure, some)) if measure else some
        return not sizes or (
            (low is None or low <= min(sizes)) and (high is None or max(sizes) <= high)
        )

    return fit
