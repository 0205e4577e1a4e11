"""A table at a commit as a stream: the JSON Schema of its rows, and its values as JSON has them.

A column goes out as it came in, by what `_target_dolt_columns` keeps of it, as long as that still
says what its values are; a column that nobody has noted, or that was made wider since, by its own
type, with MySQL's name of it, which is what Dolt's types are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from tap_adapters.history.kept import KeptTable
from tap_adapters.tap.values import Emitter, as_text, emitter
from target_dolt import types
from target_dolt.dialect import ColumnType
from target_dolt.errors import TargetDoltError
from target_dolt.native import parse_native
from target_dolt.plans.json_schema import named_types, resolve
from target_dolt.plans.sources import DIALECT, GENERIC
from target_dolt.plugins import Plugins
from target_dolt.tables.catalogue import CatalogueRow
from target_dolt.types import Kind, first_of_kind, integer_range, type_text

OWN_DIALECT = "mysql"
"""Whose names a column's own type has."""

DELETED_AT = "_sdc_deleted_at"

_read_schema = msgspec.json.Decoder(float_hook=Decimal).decode


def _shortest(text: str) -> float | Decimal:
    """Return a number of a schema as a float where one spells it: jsonschema divides by it."""
    number = float(text)
    return number if Decimal(repr(number)) == Decimal(text) else Decimal(text)


_read_schema_out = msgspec.json.Decoder(float_hook=_shortest).decode


@dataclass(frozen=True, slots=True)
class Property:
    """One column as a property.

    Attributes:
        schema: Its JSON Schema, null among its types.
        emit: From a stored value, decoded and not NULL, to JSON's; None: it is that already.
        dialect: Whose native type the schema names, None where it names none.
    """

    schema: dict[str, Any]
    emit: Emitter | None
    dialect: str | None


def properties_of(table: KeptTable, plugins: Plugins) -> dict[str, Property]:
    """Return a table's columns as properties, in their order."""
    found = {}
    for name, column_type in table.types.items():
        row = table.columns.get(name)
        schema = None if row is None else _as_it_came(row, column_type, plugins)
        dialect: str | None
        if row is None or schema is None:
            # Beside columns of another source it has no native name.
            schema = _own_schema(column_type, named=not table.columns)
            dialect = None if table.columns else OWN_DIALECT
        else:
            dialect = row.source_dialect if row.native_type else None
        emit = emitter(column_type, resolve(schema, schema))
        if row is None and emit is None and isinstance(column_type, types.TEXTS):
            emit = as_text  # a person's table in DoltLite need not be STRICT
        found[name] = Property(schema if name in table.key else _nullable(schema), emit, dialect)
    return found


def stream_schema(properties: Mapping[str, Property], *, deletes: bool) -> dict[str, Any]:
    """Return the JSON Schema of a stream.

    Args:
        properties: Its properties.
        deletes: Whether its records may say when a row was deleted.
    """
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: one.schema for name, one in properties.items()},
    }
    if deletes:
        moment = {"type": ["string", "null"], "format": "date-time"}
        schema["properties"].setdefault(DELETED_AT, moment)
    dialects = {one.dialect for one in properties.values()} - {None}
    if len(dialects) == 1:
        schema[DIALECT] = dialects.pop()
    return schema


def _as_it_came(
    row: CatalogueRow, column_type: ColumnType, plugins: Plugins
) -> dict[str, Any] | None:
    """Return the schema that a column was made by; None where its values may be others by now."""
    schema: dict[str, Any] = _read_schema_out(row.json_schema)
    dialect = plugins.dialects.get(row.source_dialect) or plugins.dialects[GENERIC]
    try:
        plain = resolve(_read_schema(row.json_schema), schema)
        own: ColumnType | None = plugins.hook.dolt_sql_type(dialect=dialect, schema=plain)
    except TargetDoltError:  # refused, and kept as text by `strict_types: false`
        return None
    if own is None:
        return None
    if type_text(own) == type_text(column_type):
        return schema
    # A key's text has a length that its schema does not know; JSON whose numbers Dolt's JSON does
    # not keep is text there.
    shorter = isinstance(own, mysql.LONGTEXT) and isinstance(column_type, sa.VARCHAR)
    wider = isinstance(own, sa.JSON) and isinstance(column_type, mysql.LONGTEXT)
    return schema if shorter or (wider and plain.get("type") in {"object", "array"}) else None


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    nullable = dict(schema)
    names = named_types(schema)
    if names and "null" not in names:
        nullable["type"] = [*names, "null"]
    if isinstance(nullable.get("enum"), list) and None not in nullable["enum"]:
        nullable["enum"] = [*nullable["enum"], None]
    return nullable


def _bounded(column_type: Any) -> dict[str, Any]:
    bounds = integer_range(column_type)
    least, greatest = bounds or (None, None)
    return {"type": "integer", "minimum": least, "maximum": greatest}


def _long(column_type: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": column_type.length}


_SCHEMAS: tuple[tuple[Kind, Callable[[Any], dict[str, Any]]], ...] = (
    (sa.BOOLEAN, lambda _: {"type": "boolean"}),
    (mysql.YEAR, lambda _: {"type": "integer"}),
    (mysql.BIT, lambda _: {"type": "integer"}),
    (sa.Integer, _bounded),
    (sa.DOUBLE, lambda _: {"type": "number"}),
    (sa.FLOAT, lambda _: {"type": "number"}),
    (sa.DECIMAL, lambda _: {"type": "number"}),
    (sa.DATE, lambda _: {"type": "string", "format": "date"}),
    (sa.DATETIME, lambda _: {"type": "string", "format": "date-time"}),
    (sa.TIME, lambda _: {"type": "string", "format": "time"}),
    (mysql.ENUM, lambda one: {"type": "string", "enum": list(one.enums)}),
    (mysql.SET, lambda _: {"type": "string"}),
    (mysql.LONGTEXT, lambda _: {"type": "string"}),
    (sa.VARCHAR, _long),
    (sa.CHAR, _long),
    (sa.JSON, lambda _: {}),
    (types.BYTES, lambda _: {"type": "string", "contentEncoding": "base16"}),
)
"""The JSON Schema of each column type, for whoever does not know the type's name."""


def _own_schema(column_type: ColumnType, *, named: bool) -> dict[str, Any]:
    """Return the JSON Schema of a column by its type alone.

    Args:
        column_type: The type.
        named: Whether it goes out with its name.
    """
    make = first_of_kind(_SCHEMAS, column_type)
    schema: dict[str, Any] = {"type": "string"} if make is None else make(column_type)
    name = type_text(column_type).lower()
    if named:
        schema["x-sql-datatype"] = name
    if isinstance(column_type, sa.DECIMAL):
        size = {"precision": column_type.precision or 10, "scale": column_type.scale or 0}
        schema["x-sql-datatype-properties"] = size
    elif named and not isinstance(column_type, mysql.ENUM | mysql.SET):
        lengths = [one for one in parse_native(name).arguments if isinstance(one, int)]
        if lengths:
            schema["x-sql-datatype-properties"] = {"length": lengths[0]}
    return schema
