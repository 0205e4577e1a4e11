"""MySQL's shapes as taps send them, GeoJSON, and as MySQL takes them back: SRID and WKB.

Facts: https://www.rfc-editor.org/rfc/rfc7946#section-3.1 and
https://dev.mysql.com/doc/refman/8.0/en/gis-data-formats.html.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec

from target_dolt import values
from target_dolt.dialect import ColumnType, Converter, Schema

_CODES = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
    "GeometryCollection": 7,
}
_NO_SRID = bytes(4)
"""GeoJSON has none; zero is a plane, as MySQL has it where nobody says otherwise."""


def shape(schema: Schema, column_type: ColumnType) -> Converter:
    """Write GeoJSON, sent as a value or, as pipelinewise's tap-mysql does, as its text."""
    write = values.json(schema, column_type)

    def convert(value: Any) -> Any:
        try:
            found = values.parse_json(value) if isinstance(value, str) else value
            _wkb(found)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, struct.error):
            msg = "not a shape in GeoJSON with two coordinates a point"
            raise ValueError(msg) from None
        return write(found)

    return convert


def shape_literal(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Return GeoJSON as MySQL's own bytes of the shape, in hexadecimal digits."""

    def convert(value: Any) -> str:
        if isinstance(value, str):
            if not value.startswith("{"):
                return value  # such digits already
            value = values.parse_json(value)
        return (_NO_SRID + _wkb(value)).hex()

    return convert


def _wkb(found: Any) -> bytes:
    """Return a shape as well-known binary, little-endian.

    Raises:
        KeyError, TypeError, ValueError, struct.error: It is no shape.
    """
    kind = found["type"]
    head = struct.pack("<BI", 1, _CODES[kind])
    if kind == "GeometryCollection":
        return head + _counted([_wkb(one) for one in found["geometries"]])
    places = found["coordinates"]
    if kind == "Point":
        return head + _point(places)
    if kind == "LineString":
        return head + _line(places)
    if kind == "Polygon":
        return head + _counted([_line(one) for one in places])
    single = kind.removeprefix("Multi")
    return head + _counted([_wkb({"type": single, "coordinates": one}) for one in places])


def _counted(parts: Sequence[bytes]) -> bytes:
    return struct.pack("<I", len(parts)) + b"".join(parts)


def _line(places: Sequence[Any]) -> bytes:
    return _counted([_point(one) for one in places])


def _point(place: Sequence[Any]) -> bytes:
    return struct.pack("<2d", *place)
