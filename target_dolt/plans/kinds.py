"""JSON types that msgspec reads as themselves, and what is quickly checked of a schema."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from target_dolt.plans.json_schema import ASSERTING, Validator, named_types


@dataclass(frozen=True, slots=True)
class Kind:
    """A JSON type that msgspec reads as itself.

    Attributes:
        python: What it is then.
        low: Words of JSON Schema that bound it from below, and what to add to their values.
        high: Words that bound it from above.
        bounds: What msgspec calls the two bounds.
    """

    python: type
    low: Mapping[str, int] = field(default_factory=dict)
    high: Mapping[str, int] = field(default_factory=dict)
    bounds: tuple[str, str] = ("ge", "le")


KINDS: dict[Any, Kind] = {
    "string": Kind(str, {"minLength": 0}, {"maxLength": 0}, ("min_length", "max_length")),
    "integer": Kind(
        int,
        {"minimum": 0, "exclusiveMinimum": 1},
        {"maximum": 0, "exclusiveMaximum": -1},
    ),
    "boolean": Kind(bool),
}
"""Any other type is read as it stands, and so is one that asserts more; its own validator checks
it."""

INT64 = range(-(2**63), 2**63)
"""The bounds that msgspec can check."""


def only_type(part: Any) -> str | None:
    """Return the one type beside null that is all that a schema asserts, but for bounds."""
    name = _one_beside_null(part)
    if name is None:
        return None
    kind = KINDS.get(name, Kind(object))
    return name if part.keys() & ASSERTING <= {"type", *kind.low, *kind.high} else None


def _one_beside_null(part: Any) -> str | None:
    """Return the one type that a schema names beside null; None where it names none, or more."""
    names = [name for name in named_types(part) if name != "null"]
    return names[0] if len(names) == 1 else None


Bounds = tuple[int | None, int | None]


def bounds_of(kind: Kind, part: Mapping[str, Any]) -> Bounds | None:
    """Return the least and the greatest that a schema allows; None where msgspec has no such."""
    words = [word for word in (*kind.low, *kind.high) if word in part]
    if not all(type(part[word]) is int for word in words):
        return None  # 1.5, or draft 4's `exclusiveMinimum: true`
    lows = [part[word] + kind.low[word] for word in words if word in kind.low]
    highs = [part[word] + kind.high[word] for word in words if word in kind.high]
    if not all(bound in INT64 for bound in lows + highs):
        return None
    return max(lows, default=None), min(highs, default=None)


def narrower(one: Bounds, two: Bounds) -> Bounds:
    """Return the bounds within both."""
    lows = [bounds[0] for bounds in (one, two) if bounds[0] is not None]
    highs = [bounds[1] for bounds in (one, two) if bounds[1] is not None]
    return max(lows, default=None), min(highs, default=None)


_OTHERWISE = "not what its schema says"

_NUMBER_WORDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
    "multipleOf": lambda value, of: value % of == 0,
}
"""Words of JSON Schema about a number, and how each asks."""

_ALL_WHOLE = 2**53
"""Beyond it a double does not have every whole number."""


def number_check(part: Any) -> Validator | None:
    """Return what checks a number that is all that a schema asserts; None for any other schema.

    A schema's own validator takes 5 us for a Decimal, this a tenth of that. What the validator
    refuses is refused; of numbers with more digits than `decimal` reckons with, some others too.
    """
    if _one_beside_null(part) != "number":
        return None
    words = part.keys() & ASSERTING - {"type"}
    if not words <= _NUMBER_WORDS.keys() or not all(_is_plain(part[word]) for word in words):
        return None
    tests = tuple((_NUMBER_WORDS[word], part[word]) for word in words)
    nullable = "null" in named_types(part)

    def check(value: Any) -> None:
        if type(value) is not Decimal and type(value) is not int:
            if value is None and nullable:
                return
            raise ValueError(_OTHERWISE)
        for holds, bound in tests:
            if not holds(value, bound):
                raise ValueError(_OTHERWISE)

    return check


def _is_plain(bound: Any) -> bool:
    """Whether the validator compares with a bound exactly: with others it does by doubles.

    Draft 4 has `exclusiveMinimum: true`.
    """
    if type(bound) is int:
        return abs(bound) < _ALL_WHOLE
    return type(bound) is Decimal and 0 < abs(bound) < _ALL_WHOLE
