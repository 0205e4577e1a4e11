"""A source's table as a stream: what its rows are, in Singer's words."""

from __future__ import annotations

from typing import Any

from tap_adapters.sources.schema import SourceTable


def stream_schema(table: SourceTable) -> dict[str, Any]:
    """Return the JSON Schema of a table's rows, with the source's own types in it."""
    properties = {}
    for column in table.columns:
        schema = {**column.json, "x-sql-datatype": column.base}
        if column.nullable:
            schema["type"] = ["null", schema["type"]]
        properties[column.name] = schema
    return {"type": "object", "properties": properties}
