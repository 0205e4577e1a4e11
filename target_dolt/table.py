"""A table as the loader knows it, how a backend keeps its columns, and what it has room for."""

from __future__ import annotations

from dataclasses import dataclass, field

from target_dolt.dialect import ColumnType, Converter


@dataclass(frozen=True, slots=True)
class Limits:
    """What a table may hold; None where unbounded. Policy reads limits, never a backend's name.

    Attributes:
        row_bytes: Bytes of all columns' declared lengths together.
        columns: How many columns.
    """

    row_bytes: int | None = None
    columns: int | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """How a backend keeps one column type.

    Attributes:
        ddl: The type that the column is declared with.
        encode: From what a `Converter` made to what the writer takes; None for "as it is".
            A ValueError stops the run; a `values.TooNarrowError` widens the column first.
        decode: From what the driver gives to int, Decimal, float, str or bytes; JSON is
            parsed, its numbers int or Decimal.
    """

    ddl: ColumnType
    encode: Converter | None = None
    decode: Converter | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the loader knows it.

    Attributes:
        name: The table's name.
        types: Each column's type, in the order of the columns.
        key: The primary key's columns in order; empty for a table without one.
        required: Columns outside of the key that take no NULL: somebody else made them so.
        others: Columns that somebody else added, where `types` lacks them: rows are written
            around them.
        exact: Whether no two keys are one to the database that are two to us: somebody else's
            table may take `a` and `A` for the same.
        watched: Whether somebody's CHECK or trigger sees rows as they are written.
    """

    name: str
    types: dict[str, ColumnType] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    exact: bool = True
    watched: bool = False
