"""Values in one form each, whatever they come from, and what rows of them add up to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt.dialect import ColumnType
from target_dolt.native_values import nearest_single
from target_dolt.types import first_of_kind
from target_dolt.values import parse_json

BUCKETS = 1 << 12
"""Parts of a table, by the hash of the key: where rows differ, only their parts are looked into."""

_MODULUS = 1 << 128

packed = msgspec.msgpack.Encoder(order="sorted").encode
"""Values as bytes, which are equal where the values in their one form are."""


def _number(value: Any) -> str:
    """Return a number's digits: 1.10, 1.1 and 11e-1 are one number."""
    number = Decimal(value)
    if not number.is_finite():
        return str(number)
    return f"{number.normalize():f}" if number else "0"


def _double(value: Any) -> int | float:
    """Return a number as a double; minus zero, which no backend keeps, is zero.

    SQLite keeps whole numbers in a DECIMAL that no double has: these stay what they are.
    """
    number = float(value) + 0.0
    return value if isinstance(value, int) and number != value else number


def _single(value: Any) -> float:
    return nearest_single(value) + 0.0


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return {"number": _number(value)}
    return value


def _parsed(text: str) -> bytes:
    """Return what JSON text says, as bytes; its word null is no NULL."""
    return packed(_json(parse_json(text)))


Form = Callable[[Any], Any]

_FORMS: tuple[tuple[type[ColumnType], Form], ...] = (
    (sa.Boolean, int),
    (sa.JSON, _parsed),
    (sa.FLOAT, _single),
    (sa.DOUBLE, _double),
    (sa.Numeric, _number),
)


def _host(value: Any) -> Any:
    """Return an address without a mask that leaves one host: `::1/128` is `::1`.

    Postgres casts to text with the mask and prints without it, and taps send either.
    https://www.postgresql.org/docs/16/datatype-net-types.html
    """
    if not isinstance(value, str):
        return value
    return value.removesuffix("/128" if ":" in value else "/32")


_FORMS_OF_NATIVE: dict[str, Form] = {"inet": _host}
"""By the type that the database has: texts of it that differ and are one value."""


def form_of(column_type: ColumnType, native: str = "") -> Form | None:
    """Return what brings a column's values into their one form; None where they have it.

    Args:
        column_type: The commit's type.
        native: The database's.
    """
    return _FORMS_OF_NATIVE.get(native) or first_of_kind(_FORMS, column_type)


def digest(values: Sequence[Any]) -> int:
    """Return a hash of values in their one form."""
    return int.from_bytes(hashlib.blake2b(packed(values), digest_size=16).digest(), "big")


def part_of(key: Sequence[Any]) -> int:
    """Return the part of a table that a key is in, by Python's hash: the same in this process."""
    return hash(tuple(key)) % BUCKETS


class Sums:
    """What the rows of a table add up to, in any order.

    Attributes:
        rows: How many there are.
        parts: The sum of the rows' hashes, by the hash of their keys.
    """

    def __init__(self) -> None:
        """Begin with no row."""
        self.rows = 0
        self.parts = [0] * BUCKETS

    def add(self, rows: Iterable[Sequence[Any]], key: Sequence[int]) -> None:
        """Add rows; `key` are the places of the key's values, empty for rows without one."""
        for row in rows:
            part = part_of([row[place] for place in key] if key else row)
            self.parts[part] = (self.parts[part] + digest(row)) % _MODULUS
            self.rows += 1

    @property
    def total(self) -> str:
        """The sum of all, as hexadecimal digits."""
        return f"{sum(self.parts) % _MODULUS:032x}"
