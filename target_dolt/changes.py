"""What a buffer holds beside rows: deletes and marks, and what is left of all for each key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from target_dolt.backend import Row


@dataclass(frozen=True, slots=True)
class Delete:
    """The row of this key is gone."""

    key: Row


@dataclass(frozen=True, slots=True)
class Mark:
    """Some columns of the row of this key, by their places; the others stay."""

    key: Row
    values: dict[int, Any]

    def over(self, older: Any) -> Any:
        """Return what holds where this comes after `older`."""
        if type(older) is tuple:
            return tuple([self.values.get(place, value) for place, value in enumerate(older)])
        if type(older) is Mark:
            return Mark(self.key, {**older.values, **self.values})
        return self


@dataclass(frozen=True, slots=True)
class Left:
    """What is to be written of a buffer, each key once.

    Attributes:
        deletes: Keys whose rows go.
        rows: Whole rows.
        marks: Some columns of rows, the key's among them, by the places of the columns.
    """

    deletes: list[Row] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    marks: dict[tuple[int, ...], list[Row]] = field(default_factory=dict)


def collapse(changes: Iterable[Any], key_of: Callable[[Row], Row]) -> Left:
    """Let the last that came for a key hold: so order is kept, in few statements.

    Args:
        changes: Rows, `Delete`s and `Mark`s in the order in which they came.
        key_of: Gives the key of a row.
    """
    last: dict[Row, Any] = {}
    for one in changes:
        if type(one) is tuple:
            last[key_of(one)] = one
        else:
            last[one.key] = one.over(last.get(one.key)) if type(one) is Mark else one
    left = Left()
    for key, one in last.items():
        if type(one) is Delete:
            left.deletes.append(key)
        elif type(one) is Mark:
            places = tuple(sorted(one.values))
            values = tuple([one.values[place] for place in places])
            left.marks.setdefault(places, []).append(values)
        else:
            left.rows.append(one)
    return left
