"""Where a stream comes from: which dialect its native types belong to.

Best first: `source_dialect`; what the table was made by; the one dialect that knows every native
type of the SCHEMA. Where none of them tells, JSON Schema alone chooses the types.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from target_dolt.dialect import Dialect
from target_dolt.errors import ConfigError
from target_dolt.native import NativeType, native_type

GENERIC = "json-schema"
"""The dialect for streams that name no native types."""

_log = logging.getLogger("target-dolt")


class Sources:
    """Chooses the dialect of each stream."""

    def __init__(self, dialects: Mapping[str, Dialect], named: str | None) -> None:
        """Take what the plugins brought and what the settings say.

        Args:
            dialects: All dialects by name.
            named: The setting `source_dialect`.

        Raises:
            ConfigError: There is no dialect of that name.
        """
        if named is not None and named not in dialects:
            msg = f"`source_dialect` is {named!r}; there are: {', '.join(sorted(dialects))}"
            raise ConfigError(msg)
        self._dialects = dialects
        self._named = named
        self._told: set[str] = set()

    def dialect(self, stream: str, schema: Mapping[str, Any], known: str | None) -> Dialect:
        """Return the dialect that chooses a stream's types.

        Args:
            stream: The stream's name.
            schema: Its schema, with native types where they are known.
            known: The name of the dialect that the stream's table was made by, or None.
        """
        if self._named is not None:
            return self._dialects[self._named]
        natives = _native_types(schema)
        if not natives:
            return self._dialects[GENERIC]
        able = [
            name
            for name, dialect in self._dialects.items()
            if all(dialect.knows(native) for native in natives)
        ]
        if known in able and known is not None:
            return self._dialects[known]
        if len(able) == 1:
            return self._dialects[able[0]]
        if stream not in self._told:
            self._told.add(stream)
            _log.warning(
                "stream '%s': its native types may be those of %s; set `source_dialect`, or they "
                "are kept by their JSON Schema alone",
                stream,
                ", ".join(sorted(able)) or "none of the known dialects",
            )
        return self._dialects[GENERIC]


def _native_types(schema: Mapping[str, Any]) -> list[NativeType]:
    found = []
    for part in schema["properties"].values():
        try:
            native = native_type(part) if isinstance(part, Mapping) else None
        except ValueError:
            continue  # the draft says where it stands
        if native is not None:
            found.append(native)
    return found
