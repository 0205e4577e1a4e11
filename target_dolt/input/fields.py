"""Fields of Singer messages, checked: a tap may send anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from target_dolt.errors import MessageError, RecordError, SchemaError


def field(message: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """Return a field that a message must have, of the kind that it must be."""
    value = message.get(name)
    if not isinstance(value, kind):
        type_ = message["type"].upper()
        msg = f"{'an' if type_[0] in 'AEIOU' else 'a'} {type_} message needs '{name}'"
        raise MessageError(msg)
    return value


def no_object(stream: str) -> RecordError:
    """Return the error of a record that is something else."""
    return RecordError(stream, None, "a record must be a JSON object")


def schema_fields(message: Mapping[str, Any]) -> tuple[str, dict[str, Any], list[str]]:
    """Return a SCHEMA message's stream, its schema and its key properties."""
    stream, schema = field(message, "stream", str), message.get("schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not (isinstance(schema, dict) and isinstance(properties, dict) and properties):
        msg = f"stream '{stream}': its SCHEMA has no properties"
        raise SchemaError(msg)
    return stream, schema, _key_names(stream, message.get("key_properties"))


def _key_names(stream: str, given: Any) -> list[str]:
    """Null is the same as none."""
    if given is None:
        return []
    if (
        not isinstance(given, list)
        or not all(isinstance(one, str) for one in given)
        or len(set(given)) != len(given)
    ):
        msg = f"stream '{stream}': its key_properties are no list of different names"
        raise SchemaError(msg)
    return given
