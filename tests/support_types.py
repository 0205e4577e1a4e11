"""What a tap would say of a table's columns, and a backend's rows on their way back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from support import Place
from support_values import json_text

from target_dolt.dialect import Dialect
from target_dolt.plans.json_schema import resolve
from target_dolt.tables.catalogue import read as read_catalogue
from target_dolt.tables.schema import Tables

_KINDS = {
    bool: "boolean",
    int: "integer",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def json_types(values: list[Any]) -> list[str]:
    """Return the JSON types that a tap would announce for such values."""
    seen = {_KINDS[type(value)] for value in values if value is not None}
    return [*sorted(seen - ({"integer"} if "number" in seen else set())), "null"]


def property_of(native: str, *values: Any) -> dict[str, Any]:
    """Return the schema that a tap would announce for a column with such values."""
    return {"type": json_types([*values]), "x-sql-datatype": native}


Column = tuple[str, str, list[Any]]

"""A column's name, its native type, and values of it."""


def message_lines(wanted: list[Column], rows: list[dict[str, Any]]) -> list[str]:
    """Return what a tap would send of rows that have an `id` beside these columns."""
    properties: dict[str, Any] = {"id": {"type": "integer"}}
    for name, native, _ in wanted:
        properties[name] = property_of(native, *(row[name] for row in rows))
    head = {
        "type": "SCHEMA",
        "stream": "t",
        "schema": {"type": "object", "properties": properties},
        "key_properties": ["id"],
    }
    return [
        json_text(head),
        *(json_text({"type": "RECORD", "stream": "t", "record": row}) for row in rows),
    ]


def _same(value: Any) -> Any:
    return value


def written_back(
    place: Place, dialect: Dialect, names: list[str], properties: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return each row of the backend as the values that go back into its source."""
    readers = {}
    database = place.open()
    try:
        with database.connect() as connection:
            known = read_catalogue(connection, Tables(database, connection))["t"]
        decode = {name: database.storage(row.type).decode or _same for name, row in known.items()}
    finally:
        database.close()
    for name in names:
        schema = resolve(properties[name], {})
        rule = dialect.rule(schema)
        assert rule is not None
        readers[name] = rule.read(schema, known[name].type) if rule.read else _same
    rows = place.query(f"SELECT {', '.join(readers)} FROM t ORDER BY id")
    # JSON's word null is no NULL: what is there is asked before it is decoded.
    return [
        {
            name: None if value is None else readers[name](decode[name](value))
            for name, value in zip(readers, row, strict=True)
        }
        for row in rows
    ]
