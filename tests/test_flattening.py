"""`flattening_enabled`: the properties of objects as columns of their own."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support import Place, record, schema, state

from target_dolt.errors import SchemaError

NESTED = schema(
    "dogs",
    {
        "id": {"type": "integer"},
        "owner": {
            "type": ["null", "object"],
            "properties": {
                "name": {"type": ["null", "string"]},
                "home": {"type": "object", "properties": {"zip": {"type": ["null", "integer"]}}},
            },
        },
        "tags": {"type": ["null", "array"]},
    },
)


def test_properties_of_objects_are_columns_where_they_are_flattened(place: Place) -> None:
    """Arrays are JSON text then; without the setting each is a JSON column."""
    owner = {"name": "Ada", "home": {"zip": 10115}}
    lines = [NESTED, record("dogs", id=1, owner=owner, tags=["a", 1.5]), record("dogs", id=2)]
    settings = {"flattening_enabled": True, "flattening_max_depth": 2}
    for number in (1, 2):
        place.load([*lines, state({"n": number})], **settings)
    first = {"id": 1, "owner__name": "Ada", "owner__home__zip": 10115, "tags": '["a",1.5]'}
    assert place.rows("dogs") == [first, {**dict.fromkeys(first), "id": 2}]
    assert place.log() == ["Load dogs: 2 added"]
    place.load([*lines, state({"n": 3})], table_map={"dogs": "whole_dogs"})
    assert place.rows("whole_dogs") == [
        {"id": 1, "owner": owner, "tags": ["a", Decimal("1.5")]},
        {"id": 2, "owner": None, "tags": None},
    ]


def test_a_schema_that_flattening_cannot_take_is_one_error_of_ours(place: Place) -> None:
    """The SDK takes every property for an object of JSON Schema; an expression may be none."""
    broken = schema("dogs", {"id": {"type": "integer"}, "name": "RECORD"})
    with pytest.raises(SchemaError, match=r"^line 1: stream 'dogs': .* cannot take its SCHEMA"):
        place.load([broken], flattening_enabled=True, flattening_max_depth=1)
    whole = schema("dogs", {"id": {"type": "integer"}})
    with pytest.raises(SchemaError, match=r"^line 1: stream 'dogs': `stream_maps`: "):
        place.load([whole], stream_maps={"dogs": {"x": "1 +"}})
