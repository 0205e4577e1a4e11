"""The SDK's stream maps, as far as records need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from singer_sdk.mapper import PluginMapper, SameRecordTransform, StreamMap

from target_dolt.errors import RecordBeforeSchemaError
from target_dolt.fields import field


def maps_of(mapper: PluginMapper, message: Mapping[str, Any], what: str) -> list[StreamMap]:
    """Return the maps of a message's stream.

    Args:
        mapper: What knows the streams whose SCHEMA has come.
        message: The message.
        what: What it is, for messages.

    Raises:
        RecordBeforeSchemaError: No SCHEMA has come for its stream.
    """
    stream = field(message, "stream", str)
    if stream not in mapper.stream_maps:
        msg = f"{what} for the stream '{stream}' came before its SCHEMA"
        raise RecordBeforeSchemaError(msg)
    return mapper.stream_maps[stream]


def changes_nothing(maps: Sequence[StreamMap]) -> bool:
    """Whether a stream's records reach one table, as they come."""
    return (
        len(maps) == 1
        and isinstance(maps[0], SameRecordTransform)
        and not maps[0].flattening_enabled
    )


def is_known(maps: Sequence[StreamMap] | None, schema: Mapping[str, Any], keys: list[str]) -> bool:
    """Whether a SCHEMA says what the one before it of the same stream has said."""
    return (
        bool(maps)
        and maps[0].raw_schema == schema  # type: ignore[index]
        and (maps[0].raw_key_properties or []) == keys  # type: ignore[index]
    )
