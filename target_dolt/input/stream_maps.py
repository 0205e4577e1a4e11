"""The SDK's stream maps, as far as records need them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.mapper import PluginMapper, SameRecordTransform, StreamMap

from target_dolt.errors import RecordBeforeSchemaError, RecordError, SchemaError
from target_dolt.input.defects import NO_NUMBER
from target_dolt.input.fields import field, no_object


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


def register(
    mapper: PluginMapper, stream: str, schema: dict[str, Any], keys: list[str]
) -> list[StreamMap]:
    """Return the maps of a stream, once its SCHEMA has come.

    Raises:
        SchemaError: The maps or the flattening, the SDK's both, cannot take the SCHEMA.
    """
    try:
        mapper.register_raw_stream_schema(stream, schema, keys)
    except RecursionError:
        raise
    except (StreamMapConfigError, MapExpressionError) as error:
        msg = f"stream '{stream}': `stream_maps`: {error}"
        raise SchemaError(msg) from None
    except Exception as error:  # whatever the SDK makes of a SCHEMA that is none
        what = "`stream_maps` and flattening cannot take its SCHEMA"
        msg = f"stream '{stream}': {what}: {type(error).__name__}"
        raise SchemaError(msg) from error
    return mapper.stream_maps[stream]


def apply(stream_map: StreamMap, record: Any) -> dict[str, Any] | None:
    """Return a record as a map makes it; None where the map leaves it out.

    Raises:
        RecordError: It is no object, or the map's expressions cannot take its values.
    """
    if type(record) is not dict:
        raise no_object(stream_map.stream_alias)
    if stream_map.flattening_enabled:
        _refuse_no_numbers(stream_map, record)
    try:
        return stream_map.transform(dict(record))
    except Exception as error:  # noqa: BLE001 - whatever an expression makes of what a tap sends
        # What the error says may hold the record's values.
        reason = f"its `stream_maps` fail on the record: {type(error).__name__}"
        key = {name: record.get(name) for name in stream_map.raw_key_properties or ()}
        raise RecordError(stream_map.stream_alias, None, reason, key) from None


def _refuse_no_numbers(stream_map: StreamMap, record: Mapping[str, Any]) -> None:
    """Refuse NaN and Infinity, which Parquet can bring: the SDK writes them as null in a text."""
    for name, value in record.items():
        if type(value) in {dict, list} and _has_no_number(value):
            key = {one: record.get(one) for one in stream_map.raw_key_properties or ()}
            raise RecordError(stream_map.stream_alias, name, NO_NUMBER, key)


def _has_no_number(value: Any) -> bool:
    if type(value) is dict:
        return any(map(_has_no_number, value.values()))
    if type(value) is list:
        return any(map(_has_no_number, value))
    return type(value) in {float, Decimal} and not math.isfinite(value)


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
