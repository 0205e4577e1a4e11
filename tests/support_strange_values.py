"""Every type with values that are easily bent on their way into a Dolt server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from support import Place, record, schema, state
from support_dolt import (
    plain,
)

EVERY_TYPE: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "small": {"type": "integer", "minimum": -32768, "maximum": 32767},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "big": {"type": "integer"},
    "unsigned": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
    "decimal": {"type": "number", "precision": 65, "scale": 30},
    "money": {"type": "number", "multipleOf": 0.01},
    "double": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "short": {"type": "string", "maxLength": 40},
    "long": {"type": "string"},
    "json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    "object": {"type": "object"},
    "list": {"type": "array"},
    "100% 'name' \"x\"": {"type": "string"},
    "back`tick": {"type": "string"},
    "%s": {"type": "string"},
    "tab\tin name": {"type": "integer"},
}

TEXTS = [
    "",
    " ",
    "  both ends  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\\",
    "\\\\",
    "\\N",
    "\\n",
    "N",
    "NULL",
    "null",
    "'",
    '"',
    "`",
    "\0",
    "a\0b",
    "%",
    "%s %(x)s %%",
    ":name",
    "?",
    "\x1a",
    "\x08",
    "\x7f",
    "\u2028",
    "\ufeff",
    "e\u0301",
    "é",
    "😀",
    "\U0001d54a",
    ";--",
    "/* x */",
    "a,b",
    "\\\t\n\r\0\\N",
    "x" * 40,
    "😀" * 40,
]
NUMBERS: dict[str, list[Any]] = {
    "boolean": [True, False],
    "small": [-32768, 32767, 0],
    "int": [-(2**31), 2**31 - 1],
    "big": [-(2**63), 2**63 - 1, 0, -1],
    "unsigned": [0, 2**64 - 1, 2**63],
    "decimal": [
        Decimal("9" * 35 + "." + "9" * 30),
        Decimal("-" + "9" * 35 + "." + "9" * 30),
        Decimal("0." + "0" * 29 + "1"),
        Decimal("1E+34"),
        Decimal("-0.0"),
    ],
    "money": [Decimal("0.01"), Decimal("-12345678901234567890.99"), 7],
    "double": [
        Decimal("1.7976931348623157e308"),
        Decimal("-1.7976931348623157e308"),
        Decimal("5e-324"),
        Decimal("2.2250738585072014e-308"),
        Decimal("0.1"),
        Decimal("-0.0"),
        Decimal("1e22"),
        Decimal("1e-7"),
        123456789012345680,
    ],
    "date": ["0001-01-01", "9999-12-31", "2024-02-29"],
    "datetime": [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2024-02-29T12:00:00.000001+02:00",
        "1969-12-31T23:59:59",
    ],
    "time": ["00:00:00", "23:59:59.999999", "12:34:56.000001"],
}
JSONS: list[Any] = [
    {},
    [],
    "",
    "text",
    "\\N",
    "\t\n\r\\\0'\"%😀",
    0,
    -1,
    2**53,
    Decimal("0.1"),
    True,
    False,
    {"a": None, "b": [1, {"c": "\\\t"}], "%s": "%"},
    [None],
    {"": ""},
    {"z": 1, "a": 2, "A": 3},
    ["\u0000", "\x1f", "\u2028"],
]


def strange_records() -> Iterator[dict[str, Any]]:
    """Yield records that have every strange value somewhere, and one with nothing at all."""
    columns: dict[str, Sequence[Any]] = {
        **NUMBERS,
        **{name: TEXTS for name in EVERY_TYPE if EVERY_TYPE[name].get("type") == "string"},
        "json": JSONS,
        "object": [one for one in JSONS if isinstance(one, dict)],
        "list": [one for one in JSONS if isinstance(one, list)],
        "tab\tin name": [1],
    }
    columns.update({name: NUMBERS[name] for name in ("date", "datetime", "time")})
    yield {}
    yield dict.fromkeys(EVERY_TYPE)
    for index in range(len(TEXTS)):
        yield {name: values[index % len(values)] for name, values in columns.items()}


def _nullable(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        name: one if isinstance(one["type"], list) else {**one, "type": ["null", one["type"]]}
        for name, one in properties.items()
    }


def messages_of(records: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[str]:
    """Return the input that sends records, numbered from 0, to the stream t."""
    properties = {"id": {"type": "integer"}, **_nullable(EVERY_TYPE)}
    return [
        plain(one)
        for one in (
            schema("t", properties, keys),
            *(record("t", **{"id": number, **row}) for number, row in enumerate(records)),
            state({"n": len(records)}),
        )
    ]


def expected_row(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a record as it must be read back, computed without the loader."""
    found: dict[str, Any] = {"id": number, **dict.fromkeys(EVERY_TYPE), **row}
    for name, value in found.items():
        if value is None:
            continue
        if name == "boolean":
            found[name] = int(value)
        elif name == "datetime":
            moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
            if moment.tzinfo is not None:
                moment = (moment - (moment.utcoffset() or dt.timedelta())).replace(tzinfo=None)
            found[name] = moment.isoformat(" ", "microseconds")
        elif name == "time":
            found[name] = dt.time.fromisoformat(value).isoformat("microseconds")
        elif name in {"decimal", "money", "double"}:
            found[name] = float(value) if name == "double" else Decimal(value)
    return found


def rows_of(place: Place) -> list[dict[str, Any]]:
    """Return the rows of the table t by their numbers."""
    return sorted(place.rows("t"), key=lambda row: int(row["id"]))
