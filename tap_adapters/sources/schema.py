"""What a source's tables are: all that is needed to make each of them again.

Frozen data, kept as JSON of a stable form beside the rows of every commit. Expressions,
defaults and definitions stay in the source's own SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

_encode = msgspec.json.Encoder(order="sorted").encode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counter:
    """A sequence, an identity or an AUTO_INCREMENT.

    Attributes:
        next_value: What it gives next.
        start: Where it began.
        step: What lies between two of its values.
        least: Its least value.
        greatest: Its greatest value.
        cycles: Whether it begins again at its end.
        always: Whether nobody may give a value of their own (GENERATED ALWAYS).
        name: The full name of the sequence behind it, where it has one.
        kind: `identity`, `serial`, `auto_increment` or `sequence`.
        type: The native type of a sequence.
    """

    next_value: int
    kind: str
    start: int | None = None
    step: int = 1
    least: int | None = None
    greatest: int | None = None
    cycles: bool = False
    always: bool = False
    name: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column.

    Attributes:
        name: Its name.
        type: Its type as the source spells it, with all parameters.
        base: The type that its values have: of a domain the type below it, of an enum
            `enum('a','b')`; the same as `type` where the source has made no type of its own.
        json: The JSON Schema of its values, without NULL.
        nullable: Whether it may be NULL.
        default: The default, as SQL.
        generated: The expression that it is computed by, as SQL.
        stored: Whether what is computed is kept.
        counter: What numbers its rows.
        collation: Its collation, where that is not the type's own.
        comment: Its comment.
        extra: What only its kind of source knows, as SQL: `ON UPDATE current_timestamp()`.
    """

    name: str
    type: str
    base: str
    json: Mapping[str, Any] = field(default_factory=dict)
    nullable: bool = True
    default: str | None = None
    generated: str | None = None
    stored: bool = True
    counter: Counter | None = None
    collation: str | None = None
    comment: str | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True)
class SourceConstraint:
    """A primary key, a unique or other index, a check or an exclusion.

    Attributes:
        kind: `key`, `unique`, `index`, `unique index`, `check` or `exclusion`.
        name: Its name, None where it has none.
        columns: Its columns in order; empty where it goes by expressions.
        definition: The whole of it in the source's own SQL, None where the columns say all.
        comment: Its comment.
    """

    kind: str
    name: str | None
    columns: tuple[str, ...] = ()
    definition: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns whose values are those of another table.

    Attributes:
        name: Its name, None where it has none.
        columns: Its columns in order.
        table: The full name of the other table.
        to_columns: That table's columns.
        on_update: What a change there does here: `NO ACTION`, `CASCADE` and so on.
        on_delete: What a delete there does here.
        definition: The whole of it in the source's own SQL, None where the rest says all.
    """

    name: str | None
    columns: tuple[str, ...]
    table: str
    to_columns: tuple[str, ...]
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table.

    Attributes:
        name: Its full name, the same in every run: `public.users` in Postgres.
        schema: The schema that it is in, None where the source has none.
        own_name: Its name within that schema.
        columns: Its columns in order.
        key: The primary key's columns in order; empty for a table without one.
        constraints: Its key, uniques, indexes, checks and exclusions.
        foreign_keys: Its foreign keys.
        comment: Its comment.
        definition: The whole statement that makes it, where the source keeps one.
        options: What else makes it what it is: its engine, its partitions.
    """

    name: str
    schema: str | None
    own_name: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...] = ()
    constraints: tuple[SourceConstraint, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str | None = None
    definition: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedType:
    """A type that the source's users have made.

    Attributes:
        name: Its full name.
        kind: `enum`, `domain` or `composite`.
        labels: An enum's labels in order.
        base: The type below a domain.
        nullable: Whether a domain takes NULL.
        default: A domain's default, as SQL.
        checks: A domain's checks by name, as SQL.
        fields: A composite's fields with their types.
        collation: A domain's collation, where that is not the type's own.
    """

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    base: str | None = None
    nullable: bool = True
    default: str | None = None
    checks: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[tuple[str, str], ...] = ()
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An object that a snapshot does not take: a view, a trigger, a function."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class SourceSchema:
    """All of a source.

    Attributes:
        dialect: The name of the dialect of its types.
        tables: Its tables by full name.
        types: Types that its users have made.
        sequences: Sequences that number no column of a table, by full name.
        left_out: What is there beside, in the order of kind and name.
        default_schema: The schema whose tables need no schema before their names.
        others: Full names of tables that are there and were not asked for.
    """

    dialect: str
    tables: Mapping[str, SourceTable]
    types: tuple[NamedType, ...] = ()
    sequences: Mapping[str, Counter] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    default_schema: str | None = None
    others: tuple[str, ...] = ()


def definition_text(one: Any) -> str:
    """Return an object as JSON, the same text for the same object."""
    return _encode(one).decode()


def read_definition(text: str, kind: type[T]) -> T:
    """Return the object that `definition_text` wrote."""
    return msgspec.json.decode(text, type=kind)
