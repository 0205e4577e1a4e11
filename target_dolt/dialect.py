"""What a type plugin is made of: a dialect is a table of type rules, data and not code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

from target_dolt.native import ANY, NativeType, native_type

Schema = Mapping[str, Any]
"""A JSON Schema as `target_dolt.plans.json_schema.resolve` leaves it: no `$ref`, no `allOf`, and
`type` either one name or absent (anything goes)."""

Converter = Callable[[Any], Any]
"""One value as JSON brought it (never None) -> the value as the database takes it.

Integers and booleans become `int`, exact numbers `decimal.Decimal`, doubles `float`, bytes
`bytes`; all else is `str`. Raises ValueError with a reason that does not show the value.
"""

ColumnType = TypeEngine[Any]

ConverterFactory = Callable[[Schema, ColumnType], Converter]
"""Makes the converter of one column, once, from its schema and its column type."""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """One row of a dialect: for which properties, which column type, how values go and return.

    Attributes:
        json: The JSON Schema type that the rule is for; "" for any.
        sql: The column's type, or a function of the schema that makes it.
        format: The schema's `format`, where the rule is for one.
        when: A further condition on the schema.
        write: Makes the converter; None takes the one that belongs to the column's type.
        loses: What the rule does not keep, in words; empty for an exact rule.
        source: Where the facts behind the row come from.
        native: The source's own names of the type, in small letters and without parameters;
            `[]` for arrays of any element, `*` for any that no row before names; empty for a
            rule that goes by JSON Schema alone.
        read: Makes what turns a stored value, as its `Storage` decodes it, into the text or
            number that the source takes for a parameter cast to the native type; None: it
            takes the value as it is.
        refuses: Why no value of the type can be kept exactly, in words. Under `strict_types`
            such a column ends the run; otherwise it is kept as text.
        edges: Single values that the column type does not have, in words: each ends the run
            under `strict_types`, and otherwise turns its column into text.
        example: The native type with parameters, or words of a JSON Schema, where the column's
            type depends on them.
    """

    json: str = ""
    sql: ColumnType | Callable[[Schema], ColumnType] = mysql.LONGTEXT()  # noqa: RUF009 - never changed
    format: str = ""
    when: Callable[[Schema], bool] | None = None
    write: ConverterFactory | None = None
    loses: str = ""
    source: str = ""
    native: tuple[str, ...] = ()
    read: ConverterFactory | None = None
    refuses: str = ""
    edges: str = ""
    example: str = ""

    def matches(self, schema: Schema) -> bool:
        """Whether this rule is for `schema`."""
        if self.native:
            native = native_type(schema)
            if native is None or not {native.key, ANY} & {*self.native}:
                return False
        if self.json and self.json != schema.get("type"):
            return False
        if self.format and self.format != schema.get("format"):
            return False
        return self.when is None or self.when(schema)

    def column_type(self, schema: Schema) -> ColumnType:
        """Return the column type for `schema`."""
        return self.sql if isinstance(self.sql, TypeEngine) else self.sql(schema)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One source's type rules. The first that matches wins; the last is the fallback.

    Attributes:
        name: What `source_dialect` calls it.
        rules: The rows.
        schemes: The schemes of SQLAlchemy URLs that lead to such a source.
        checked: On what the rows were tried, in words, for the docs.
    """

    name: str
    rules: tuple[TypeRule, ...]
    schemes: tuple[str, ...] = ()
    checked: str = ""

    def rule(self, schema: Schema) -> TypeRule | None:
        """Return the first rule that matches `schema`, or None."""
        return next((rule for rule in self.rules if rule.matches(schema)), None)

    @property
    def takes_others(self) -> bool:
        """Whether a native type that no row names may be its own, made by a user."""
        return any(rule.native for rule in self.rules) and not any(
            ANY in rule.native and rule.refuses for rule in self.rules
        )

    def knows(self, native: NativeType) -> bool:
        """Whether a row names this native type."""
        return any(native.key in rule.native for rule in self.rules)
