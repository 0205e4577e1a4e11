"""Settings from environment variables: as the SDK reads them, and told in words where it cannot."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from target_dolt.errors import ConfigError

_READERS: tuple[tuple[str, Callable[[str], Any], str], ...] = (
    ("array", json.loads, "JSON"),
    ("object", json.loads, "JSON"),
    ("integer", int, "a whole number"),
    ("number", float, "a number"),
)
"""A type of JSON Schema, what reads it, and what users call it; the first that fits."""


def from_environment(
    read: Callable[[], dict[str, Any]], schema: Mapping[str, Any], prefix: str
) -> dict[str, Any]:
    """Return the settings that environment variables give.

    Args:
        read: The SDK's way, which leaves numbers that are not whole as text.
        schema: The settings' JSON Schema.
        prefix: What stands before a setting's name in its variable.

    Raises:
        ConfigError: A variable's text is not of its setting's type; the text is not shown.
    """
    try:
        config = read()
    except ValueError:
        _parsed(schema, prefix)
        raise
    parsed = _parsed(schema, prefix)
    return config | {name: value for name, value in parsed.items() if isinstance(value, float)}


def unread_variables(
    config: Mapping[str, Any], schema: Mapping[str, Any], prefix: str
) -> list[str]:
    """Return the variables of settings that are set, and that no file gives instead.

    Meltano sets a variable for each setting that its file has.
    """
    return sorted(
        variable
        for name in schema["properties"]
        if name not in config and (variable := _variable(name, prefix)) in os.environ
    )


def _variable(name: str, prefix: str) -> str:
    return prefix + name.upper().replace("-", "_")


def _parsed(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    parsed = {}
    for name, setting in schema["properties"].items():
        variable = _variable(name, prefix)
        types = setting.get("type", ())
        for kind, parse, words in _READERS:
            if kind in types and variable in os.environ:
                try:
                    parsed[name] = parse(os.environ[variable])
                except ValueError:
                    msg = f"the environment variable {variable} is not {words}"
                    raise ConfigError(msg) from None
                break
    return parsed
