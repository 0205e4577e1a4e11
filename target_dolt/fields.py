"""Fields of Singer messages, checked: a tap may send anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from target_dolt.errors import MessageError, SchemaError


def field(message: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
    """Return a field that a message must have, of the kind that it must be."""
    value = message.get(name)
    if not isinstance(value, kind):
        msg = f"a {message['type'].upper()} message needs '{name}'"
        raise MessageError(msg)
    return value


def key_names(stream: str, given: Any) -> list[str]:
    """Return the key properties of a SCHEMA message; null is the same as none."""
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
