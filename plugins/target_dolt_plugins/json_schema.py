"""The generic dialect: JSON Schema alone says what a column is. Facts: json-schema.org."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import Dialect, TypeRule, hookimpl, types, values, widened
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.errors import RefusedTypeError

VARCHAR_LIMIT = 16_383
"""Characters of four bytes in MySQL's longest VARCHAR; a longer text is a LONGTEXT."""

DECIMAL_PRECISION = 38
"""Digits of a number whose scale is known and whose bounds are not: what SQL Server, Oracle,
Snowflake and BigQuery have as their greatest or default precision."""

_NINES = re.compile(r"9+\.(9+)")


def integer_by_bounds(schema: Schema) -> ColumnType:
    """Take the narrowest type that holds both bounds; without two of them, BIGINT."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if not isinstance(low, int | Decimal) or not isinstance(high, int | Decimal):
        return types.BIGINT
    if _is_huge(low) or _is_huge(high):
        return types.LONGTEXT
    return types.integer_type(int(low), int(high)) or types.LONGTEXT


def _is_huge(bound: int | Decimal) -> bool:
    """Whether a bound has more digits than any column; checked before it is written out."""
    if isinstance(bound, Decimal):
        return bound.adjusted() >= types.MAX_DECIMAL_DIGITS
    return bool(abs(bound) >= 10**types.MAX_DECIMAL_DIGITS)


def _properties(schema: Schema) -> dict[str, Any]:
    """The schema with `x-sql-datatype-properties` laid over it: some taps put the size there."""
    more = schema.get("x-sql-datatype-properties")
    return {**schema, **more} if isinstance(more, dict) else dict(schema)


def decimal_size(schema: Schema) -> tuple[int, int] | None:
    """Return (precision, scale) where the schema tells the scale, else None.

    `precision` and `scale`; a `multipleOf` of 0.01; bounds of nines, as in 99999999.99.
    """
    facts = _properties(schema)
    scale = _scale(facts)
    if scale is None or not 0 <= scale <= types.MAX_DECIMAL_SCALE:
        return None
    precision = facts.get("precision")
    if not isinstance(precision, int):
        precision = _whole_digits(facts) + scale
    return (precision, scale) if scale <= precision <= types.MAX_DECIMAL_DIGITS else None


def _scale(facts: dict[str, Any]) -> int | None:
    scale = facts.get("scale")
    if not isinstance(scale, int):
        scale = _scale_of_step(facts.get("multipleOf"))
    return _scale_of_nines(facts.get("minimum"), facts.get("maximum")) if scale is None else scale


def _scale_of_step(step: Any) -> int | None:
    if not isinstance(step, int | Decimal) or isinstance(step, bool) or step <= 0:
        return None
    exponent = Decimal(step).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else None


def _scale_of_nines(low: Any, high: Any) -> int | None:
    if not isinstance(low, Decimal) or low != -high or _is_huge(low):
        return None
    nines = _NINES.fullmatch(f"{high:f}")
    return len(nines[1]) if nines else None


def _whole_digits(facts: dict[str, Any]) -> int:
    bounds = [
        facts.get(bound) for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    ]
    known = [bound for bound in bounds if isinstance(bound, int | Decimal)]
    # Both ends must be known: one alone says nothing of the other side's digits.
    if len(known) < 2:  # noqa: PLR2004
        return DECIMAL_PRECISION
    if any(_is_huge(bound) for bound in known):
        return types.MAX_DECIMAL_DIGITS + 1
    return max(len(str(abs(int(bound)))) for bound in known)


def decimal(schema: Schema) -> ColumnType:
    """Return the DECIMAL that `decimal_size` found."""
    size = decimal_size(schema)
    return sa.DECIMAL(*size) if size else sa.DECIMAL(types.MAX_DECIMAL_DIGITS, 30)


def has_scale(schema: Schema) -> bool:
    """Whether the schema tells how many digits come after the point."""
    return decimal_size(schema) is not None


def has_any_scale(schema: Schema) -> bool:
    """Whether the schema tells a scale, though perhaps one that no DECIMAL has."""
    return _scale(_properties(schema)) is not None


def is_decimal_text(schema: Schema) -> bool:
    """Whether a string is a number by singer's format, which is spelled in two ways."""
    return schema.get("format") in {"singer.decimal", "x-singer.decimal"}


def varchar(schema: Schema) -> ColumnType:
    """Return VARCHAR of the schema's maxLength."""
    return sa.VARCHAR(max(1, schema["maxLength"]))


def is_short(schema: Schema) -> bool:
    """Whether maxLength fits a VARCHAR."""
    length = schema.get("maxLength")
    return isinstance(length, int) and length <= VARCHAR_LIMIT


def has_labels(schema: Schema) -> bool:
    """Whether the schema lists its values, none of them longer than a label is."""
    labels = schema.get("enum") or ()
    return bool(labels) and all(len(str(label)) <= types.LABEL_LIMIT for label in labels)


def text(schema: Schema) -> ColumnType:
    """Return a string's type: by maxLength, by its listed values, else LONGTEXT."""
    if is_short(schema):
        return varchar(schema)
    return sa.VARCHAR(types.LABEL_LIMIT) if has_labels(schema) else types.LONGTEXT


RULES = (
    TypeRule("boolean", types.BOOLEAN),
    TypeRule("integer", integer_by_bounds, example='{"minimum": 0, "maximum": 100}'),
    TypeRule("number", decimal, when=has_scale, example='{"multipleOf": 0.01}'),
    TypeRule(
        "number",
        types.DOUBLE,
        when=has_any_scale,
        write=values.double_or_text,
        example='{"multipleOf": 1e-38}',
        source="pipelinewise-tap-postgres 2.1.0 says so of every numeric without a precision",
        edges="a number that no double has: it turns its column into text",
    ),
    TypeRule("number", types.DOUBLE, edges="a number that no double has"),
    TypeRule(
        "string",
        decimal,
        when=is_decimal_text,
        example='{"format": "singer.decimal", "precision": 10, "scale": 2}',
        source="https://sdk.meltano.com/en/latest/classes/typing/singer_sdk.typing.DecimalType.html",
    ),
    TypeRule("string", types.DATE, format="date"),
    TypeRule("string", types.DATETIME, format="date-time"),
    TypeRule("string", types.TIME, format="time"),
    TypeRule(
        "string",
        text,
        format="binary",
        write=values.hexadecimal,
        source="pipelinewise-tap-mysql 1.6.0: capitals by FULL_TABLE, small letters by LOG_BASED",
        loses="capital letters of hexadecimal digits",
    ),
    TypeRule("string", sa.VARCHAR(45), format="uuid", source="RFC 4122 3: urn:uuid: and 36 more"),
    TypeRule("string", sa.VARCHAR(45), format="ipv4"),
    TypeRule("string", sa.VARCHAR(45), format="ipv6", source="RFC 4291 2.2, its longest form"),
    TypeRule("string", text, example='{"maxLength": 20}'),
    TypeRule("object", types.JSON),
    TypeRule("array", types.JSON),
    TypeRule("null", types.LONGTEXT),
    TypeRule("", types.JSON),
)


@hookimpl(trylast=True)
def dolt_register_dialects() -> Iterable[Dialect]:
    """Bring the generic dialect."""
    return [Dialect("json-schema", RULES)]


@hookimpl(trylast=True)
def dolt_sql_type(dialect: Dialect, schema: Schema) -> ColumnType | None:
    """Answer by the dialect's own rules where no other plugin did."""
    rule = dialect.rule(schema)
    if rule is None:
        return None
    if rule.refuses:
        raise RefusedTypeError(str(schema.get("x-sql-datatype")), dialect.name, rule.refuses)
    return rule.column_type(schema)


_TEXTS = (sa.VARCHAR, sa.CHAR, mysql.LONGTEXT)


@hookimpl(trylast=True)
def dolt_value_converter(
    dialect: Dialect, schema: Schema, sql_type: ColumnType
) -> Converter | None:
    """Answer by the rule that chose the type, while the column's type is of that kind."""
    rule = dialect.rule(schema)
    if rule is None or rule.write is None:
        return None
    own = rule.column_type(schema)
    if type(own) is type(sql_type) or (isinstance(own, _TEXTS) and isinstance(sql_type, _TEXTS)):
        return rule.write(schema, sql_type)
    if isinstance(sql_type, mysql.LONGTEXT):
        return widened.spelled(rule.write(schema, own), own)
    return None
