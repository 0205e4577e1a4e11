"""What a buffer holds beside rows: deletes and parts, and what is left of all for each key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from target_dolt.plans.json_schema import Validator, compile_validator
from target_dolt.writer import Row

DELETED_AT = "_sdc_deleted_at"


def part_validator(schema: Mapping[str, Any]) -> Validator:
    """Return what checks the properties that a record of a log has, and demands no others.

    A delete may have nulls in place of what its log does not say.
    """
    of_wholes = ("required", "additionalProperties")
    check = compile_validator({word: one for word, one in schema.items() if word not in of_wholes})

    def validate(record: Mapping[str, Any]) -> None:
        if record.get(DELETED_AT) is not None:
            record = {name: value for name, value in record.items() if value is not None}
        check(record)

    return validate


@dataclass(frozen=True, slots=True)
class Delete:
    """The row of this key is gone."""

    key: Row


@dataclass(frozen=True, slots=True)
class Part:
    """Some columns of the row of this key, by their places; the others stay.

    Attributes:
        key: The row's key.
        values: The columns' values, the key's among them.
        anew: Whether an older row of this key is gone first.
    """

    key: Row
    values: dict[int, Any]
    anew: bool = False

    def over(self, older: Any) -> Any:
        """Return what holds where this comes after `older`."""
        if type(older) is tuple:
            return tuple([self.values.get(place, value) for place, value in enumerate(older)])
        if type(older) is Part:
            return replace(older, values={**older.values, **self.values})
        return replace(self, anew=type(older) is Delete)


@dataclass(frozen=True, slots=True)
class Left:
    """What is to be written of a buffer, each key once.

    Attributes:
        deletes: Keys whose rows go, before all else.
        rows: Whole rows.
        parts: Some columns of rows, the key's among them, by the places of the columns.
    """

    deletes: list[Row] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    parts: dict[tuple[int, ...], list[Row]] = field(default_factory=dict)


def collapse(changes: Iterable[Any], key_of: Callable[[Row], Row]) -> Left:
    """Let the last that came for a key hold: so order is kept, in few statements.

    Args:
        changes: Rows, `Delete`s and `Part`s in the order in which they came.
        key_of: Gives the key of a row.
    """
    last: dict[Row, Any] = {}
    for one in changes:
        if type(one) is tuple:
            last[key_of(one)] = one
        else:
            last[one.key] = one.over(last.get(one.key)) if type(one) is Part else one
    left = Left()
    for key, one in last.items():
        if type(one) is Delete:
            left.deletes.append(key)
        elif type(one) is Part:
            if one.anew:
                left.deletes.append(key)
            places = tuple(sorted(one.values))
            values = tuple([one.values[place] for place in places])
            left.parts.setdefault(places, []).append(values)
        else:
            left.rows.append(one)
    return left
