"""What a type plugin is made of: a dialect is a table of type rules, data and not code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.types import TypeEngine

Schema = Mapping[str, Any]
"""A JSON Schema as `target_dolt.json_schema.resolve` leaves it: no `$ref`, no `allOf`, and
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
    """One row of a dialect: for which schemas, which column type, how a value is written.

    Attributes:
        json: The JSON Schema type that the rule is for; "" for any.
        sql: The column's type, or a function of the schema that makes it.
        format: The schema's `format`, where the rule is for one.
        when: A further condition on the schema.
        write: Makes the converter; None takes the one that belongs to the column's type.
        loses: What the rule does not keep, in words; empty for an exact rule.
        source: Where the facts behind the row come from.
    """

    json: str
    sql: ColumnType | Callable[[Schema], ColumnType]
    format: str = ""
    when: Callable[[Schema], bool] | None = None
    write: ConverterFactory | None = None
    loses: str = ""
    source: str = ""

    def matches(self, schema: Schema) -> bool:
        """Whether this rule is for `schema`."""
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
    """One source's type rules. The first that matches wins; the last is the fallback."""

    name: str
    rules: tuple[TypeRule, ...]

    def rule(self, schema: Schema) -> TypeRule | None:
        """Return the first rule that matches `schema`, or None."""
        return next((rule for rule in self.rules if rule.matches(schema)), None)
