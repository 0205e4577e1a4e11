"""Which column a JSON Schema becomes, and what is read back from it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema
from support_values import ABSENT, ID, chosen_type, column_type, lines_of, lite, refused, stored

from target_dolt.errors import RecordError, UnsupportedTypeError
from target_dolt.types import parse_type, type_text
from target_dolt.values import parse_json


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh DoltLite file."""
    return lite(tmp_path)


def between(low: Any, high: Any, **more: Any) -> dict[str, Any]:
    """Return an integer's schema with two bounds."""
    return {"type": "integer", "minimum": low, "maximum": high, **more}


def number(**more: Any) -> dict[str, Any]:
    """Return a number's schema; decimals as the reader gives them."""
    return {"type": "number", **more}


D = Decimal

INTEGERS = [
    pytest.param({"type": "integer"}, "BIGINT", id="no-bounds"),
    pytest.param({"type": "integer", "minimum": 0}, "BIGINT", id="minimum-alone"),
    pytest.param({"type": "integer", "maximum": 9}, "BIGINT", id="maximum-alone"),
    pytest.param(between(0, 100), "SMALLINT", id="small"),
    pytest.param(between(-(2**15), 2**15 - 1), "SMALLINT", id="two-bytes"),
    pytest.param(between(-(2**15) - 1, 0), "INTEGER", id="below-two-bytes"),
    pytest.param(between(0, 2**15), "INTEGER", id="above-two-bytes"),
    pytest.param(between(-(2**31), 2**31 - 1), "INTEGER", id="four-bytes"),
    pytest.param(between(0, 2**31), "BIGINT", id="above-four-bytes"),
    pytest.param(between(-(2**63), 2**63 - 1), "BIGINT", id="eight-bytes"),
    pytest.param(between(0, 2**63), "BIGINT UNSIGNED", id="above-eight-bytes"),
    pytest.param(between(0, 2**64 - 1), "BIGINT UNSIGNED", id="unsigned"),
    pytest.param(between(0, 2**64), "DECIMAL(20, 0)", id="above-unsigned"),
    pytest.param(between(-1, 2**64 - 1), "DECIMAL(20, 0)", id="unsigned-and-a-sign"),
    pytest.param(between(-(2**63) - 1, 0), "DECIMAL(19, 0)", id="below-eight-bytes"),
    pytest.param(between(0, 10**65 - 1), "DECIMAL(65, 0)", id="65-digits"),
    pytest.param(between(0, 10**65), "LONGTEXT", id="66-digits"),
    pytest.param(between(0, D("1e999")), "LONGTEXT", id="1000-digits"),
    pytest.param(between(0, D("1e5000")), "LONGTEXT", id="5000-digits"),
    pytest.param(between(D("0.0"), D("100.5")), "SMALLINT", id="bounds-with-fractions"),
    pytest.param(
        {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 100},
        "SMALLINT",
        id="exclusive-bounds",
    ),
    pytest.param(between(0, 100, exclusiveMaximum=True), "SMALLINT", id="draft-4-exclusive-bounds"),
]

NUMBERS = [
    pytest.param(number(), "DOUBLE", id="bare"),
    pytest.param(number(minimum=0), "DOUBLE", id="minimum-alone"),
    pytest.param(number(minimum=0, maximum=100), "DOUBLE", id="bounds-that-tell-no-scale"),
    pytest.param(number(multipleOf=1), "DECIMAL(38, 0)", id="multiple-of-1"),
    pytest.param(number(multipleOf=10), "DECIMAL(38, 0)", id="multiple-of-10"),
    pytest.param(number(multipleOf=D("0.01")), "DECIMAL(40, 2)", id="multiple-of-0.01"),
    pytest.param(number(multipleOf=D("1e-2")), "DECIMAL(40, 2)", id="multiple-of-1e-2"),
    pytest.param(number(multipleOf=D("0.010")), "DECIMAL(40, 2)", id="multiple-of-0.010"),
    pytest.param(number(multipleOf=D("0.25")), "DECIMAL(40, 2)", id="multiple-of-0.25"),
    pytest.param(number(multipleOf=D("2.50")), "DECIMAL(39, 1)", id="multiple-of-2.50"),
    pytest.param(number(multipleOf=D("1e-30")), "DOUBLE", id="38-digits-and-30-are-over-65"),
    pytest.param(number(multipleOf=D("1e-31")), "DOUBLE", id="scale-31-is-over-30"),
    pytest.param(
        number(multipleOf=D("1e-9"), minimum=D("-9e17"), maximum=D("9e17")),
        "DECIMAL(27, 9)",
        id="multiple-of-and-bounds",
    ),
    pytest.param(
        number(minimum=D("-99999999.99"), maximum=D("99999999.99")),
        "DECIMAL(10, 2)",
        id="bounds-of-nines",
    ),
    pytest.param(
        number(minimum=D("-9.9999"), maximum=D("9.9999")), "DECIMAL(5, 4)", id="few-nines"
    ),
    pytest.param(
        number(minimum=D("-99.98"), maximum=D("99.98")), "DOUBLE", id="bounds-of-other-digits"
    ),
    pytest.param(
        number(minimum=D("-9.9"), maximum=D("99.9")), "DOUBLE", id="bounds-of-unequal-nines"
    ),
    pytest.param(
        number(multipleOf=D("0.01"), maximum=D("1e5000"), minimum=0),
        "DOUBLE",
        id="bound-of-5000-digits",
    ),
    pytest.param(number(precision=12, scale=3), "DECIMAL(12, 3)", id="precision-and-scale"),
    pytest.param(number(scale=4), "DECIMAL(42, 4)", id="scale-alone"),
    pytest.param(number(precision=12), "DOUBLE", id="precision-alone"),
    pytest.param(number(precision=66, scale=2), "DOUBLE", id="66-digits"),
    pytest.param(number(precision=2, scale=3), "DOUBLE", id="scale-over-precision"),
    pytest.param(
        {"type": "number", "x-sql-datatype-properties": {"precision": 19, "scale": 4}},
        "DECIMAL(19, 4)",
        id="x-sql-datatype-properties",
    ),
    *(
        pytest.param({"type": "string", "format": name, **size}, expected, id=f"{name}-{expected}")
        for name in ("singer.decimal", "x-singer.decimal")
        for size, expected in [
            ({"precision": 38, "scale": 18}, "DECIMAL(38, 18)"),
            ({"scale": 6}, "DECIMAL(44, 6)"),
            ({}, "DECIMAL(65, 30)"),
            ({"x-sql-datatype-properties": {"precision": 9, "scale": 2}}, "DECIMAL(9, 2)"),
            ({"precision": 66, "scale": 0}, "DECIMAL(65, 30)"),
        ]
    ),
]

STRINGS = [
    pytest.param({"type": "string"}, "LONGTEXT", id="bare"),
    pytest.param({"type": "string", "maxLength": 0}, "VARCHAR(1)", id="length-0"),
    pytest.param({"type": "string", "maxLength": 1}, "VARCHAR(1)", id="length-1"),
    pytest.param({"type": "string", "maxLength": 255}, "VARCHAR(255)", id="length-255"),
    pytest.param({"type": "string", "maxLength": 16383}, "VARCHAR(16383)", id="longest-varchar"),
    pytest.param({"type": "string", "maxLength": 16384}, "LONGTEXT", id="over-the-longest"),
    pytest.param({"type": "string", "format": "date"}, "DATE", id="date"),
    pytest.param({"type": "string", "format": "time"}, "TIME(6)", id="time"),
    pytest.param({"type": "string", "format": "date-time"}, "DATETIME(6)", id="date-time"),
    pytest.param({"type": "string", "format": "uuid"}, "VARCHAR(45)", id="uuid"),
    pytest.param({"type": "string", "format": "ipv4"}, "VARCHAR(45)", id="ipv4"),
    pytest.param({"type": "string", "format": "ipv6"}, "VARCHAR(45)", id="ipv6"),
    *(
        pytest.param({"type": "string", "format": name}, "LONGTEXT", id=name)
        for name in ("email", "hostname", "uri", "regex", "json-pointer", "duration", "of-mine")
    ),
    pytest.param(
        {"type": "string", "format": "email", "maxLength": 99}, "VARCHAR(99)", id="format-length"
    ),
    pytest.param({"type": "boolean"}, "BOOL", id="boolean"),
    pytest.param({"type": "object"}, "JSON", id="object"),
    pytest.param({"type": "object", "properties": {"a": ID}}, "JSON", id="object-properties"),
    pytest.param({"type": "array"}, "JSON", id="array"),
    pytest.param({"type": "array", "items": {"type": "string"}}, "JSON", id="array-items"),
    pytest.param({"type": "null"}, "LONGTEXT", id="null-alone"),
]

TEXT, WHOLE, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}
MOMENT = {"type": "string", "format": "date-time"}
STEP = {"type": "number", "multipleOf": D("0.01")}

COMBINED = [
    pytest.param({}, "JSON", id="empty"),
    pytest.param(True, "JSON", id="true"),
    pytest.param({"description": "anything"}, "JSON", id="no-type"),
    pytest.param({"type": ["integer", "string"]}, "JSON", id="two-types"),
    pytest.param({"type": ["integer", "number", "null"]}, "DOUBLE", id="two-numbers"),
    pytest.param({"type": ["string"]}, "LONGTEXT", id="list-of-one"),
    pytest.param({"type": ["string", "string"]}, "LONGTEXT", id="list-of-the-same"),
    pytest.param({"anyOf": [MOMENT, NULL]}, "DATETIME(6)", id="any-or-null"),
    pytest.param({"oneOf": [NULL, MOMENT]}, "DATETIME(6)", id="one-or-null"),
    pytest.param({"anyOf": [MOMENT, TEXT, NULL]}, "LONGTEXT", id="any-of-date-time-and-text"),
    pytest.param({"anyOf": [WHOLE, TEXT]}, "JSON", id="any-of-two-types"),
    pytest.param({"anyOf": [WHOLE, {"type": "number"}]}, "DOUBLE", id="any-of-two-numbers"),
    pytest.param({"oneOf": [STEP, NULL]}, "DECIMAL(40, 2)", id="one-of-decimal-and-null"),
    pytest.param(
        {"anyOf": [{**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 9}]},
        "LONGTEXT",
        id="any-of-two-lengths",
    ),
    pytest.param(
        {"type": "string", "anyOf": [{"maxLength": 5}, {"maxLength": 5, "pattern": "^a"}]},
        "VARCHAR(5)",
        id="type-beside-any-of",
    ),
    pytest.param({"allOf": [TEXT, {"maxLength": 5}]}, "VARCHAR(5)", id="all-of"),
    pytest.param({"allOf": [{"type": "number"}, WHOLE]}, "BIGINT", id="all-of-two-numbers"),
    pytest.param({"const": "a"}, "VARCHAR(255)", id="const-text"),
    pytest.param({"const": 5}, "BIGINT", id="const-integer"),
    pytest.param({"const": D("1.5")}, "DOUBLE", id="const-number"),
    pytest.param({"const": True}, "BOOL", id="const-boolean"),
    pytest.param({"const": None}, "LONGTEXT", id="const-null"),
    pytest.param({"const": {"a": 1}}, "JSON", id="const-object"),
    pytest.param({"enum": ["a", "b"]}, "VARCHAR(255)", id="enum-text"),
    pytest.param({"enum": ["a", None]}, "VARCHAR(255)", id="enum-text-or-null"),
    pytest.param({"type": "string", "enum": ["a", "b"]}, "VARCHAR(255)", id="enum-and-type"),
    pytest.param({"enum": ["x" * 256]}, "LONGTEXT", id="enum-long-text"),
    pytest.param({"enum": [1, 2, 3]}, "BIGINT", id="enum-integers"),
    pytest.param({"enum": [1, D("2.5")]}, "DOUBLE", id="enum-numbers"),
    pytest.param({"enum": [1, "a"]}, "JSON", id="enum-of-two-types"),
    pytest.param({"enum": [True, False, None]}, "BOOL", id="enum-booleans"),
]

SHORT = {"type": "string", "maxLength": 7}
DEFINITIONS = {
    "short": SHORT,
    "a/b": SHORT,
    "a~b": SHORT,
    "a b": SHORT,
    "again": {"$ref": "#/definitions/short"},
    "or_null": {"anyOf": [SHORT, NULL]},
    "node": {"type": "object", "properties": {"next": {"$ref": "#/definitions/node"}}},
    "loop": {"$ref": "#/definitions/loop"},
    "tree": {"anyOf": [TEXT, {"type": "array", "items": {"$ref": "#/definitions/tree"}}]},
}

REFERENCES = [
    pytest.param({"$ref": "#/definitions/short"}, "VARCHAR(7)", id="plain"),
    pytest.param({"$ref": "#/definitions/again"}, "VARCHAR(7)", id="of-a-reference"),
    pytest.param({"$ref": "#/definitions/a~1b"}, "VARCHAR(7)", id="slash-in-the-name"),
    pytest.param({"$ref": "#/definitions/a~0b"}, "VARCHAR(7)", id="tilde-in-the-name"),
    pytest.param({"$ref": "#/definitions/a%20b"}, "VARCHAR(7)", id="percent-encoded-name"),
    pytest.param({"$ref": "#/definitions/or_null/anyOf/0"}, "VARCHAR(7)", id="into-a-list"),
    pytest.param({"$ref": "#/definitions/or_null"}, "VARCHAR(7)", id="nullable"),
    pytest.param({"anyOf": [{"$ref": "#/definitions/short"}, NULL]}, "VARCHAR(7)", id="in-any-of"),
    pytest.param({"allOf": [{"$ref": "#/definitions/short"}]}, "VARCHAR(7)", id="in-all-of"),
    pytest.param({"$ref": "#/definitions/node"}, "JSON", id="recursive-object"),
    pytest.param({"$ref": "#/definitions/tree"}, "JSON", id="recursive-union"),
    pytest.param({"$ref": "#/definitions/loop"}, "JSON", id="nothing-but-itself"),
    pytest.param({"$ref": "#"}, "JSON", id="the-whole-schema"),
]


@pytest.mark.parametrize(("property_schema", "expected"), INTEGERS)
def test_integer_takes_the_narrowest_column_that_holds_its_bounds(
    property_schema: dict[str, Any], expected: str
) -> None:
    """Without two bounds it is a BIGINT."""
    assert chosen_type(property_schema) == expected


@pytest.mark.parametrize(("property_schema", "expected"), NUMBERS)
def test_number_is_a_decimal_where_its_schema_tells_the_scale(
    property_schema: dict[str, Any], expected: str
) -> None:
    """By precision and scale, multipleOf or bounds of nines; else it is a DOUBLE."""
    assert chosen_type(property_schema) == expected


@pytest.mark.parametrize(("property_schema", "expected"), STRINGS)
def test_other_types_have_the_column_of_their_format_or_length(
    property_schema: dict[str, Any], expected: str
) -> None:
    """Texts by maxLength and format; booleans; objects and arrays as JSON."""
    assert chosen_type(property_schema) == expected


@pytest.mark.parametrize(("property_schema", "expected"), COMBINED)
def test_combined_schemas_take_the_one_type_that_all_their_values_have(
    property_schema: Any, expected: str
) -> None:
    """Values of several types go into a JSON column."""
    assert chosen_type(property_schema) == expected


@pytest.mark.parametrize(("property_schema", "expected"), REFERENCES)
def test_reference_takes_the_type_of_what_it_points_to(
    place: Place, property_schema: dict[str, Any], expected: str
) -> None:
    """In a real load, where the validator must find the same place."""
    assert column_type(place, property_schema, definitions=DEFINITIONS) == expected


@pytest.mark.parametrize(
    "spelled",
    [
        {"type": ["null", "string"]},
        {"type": ["string", "null"]},
        {"type": "string", "nullable": True},
        {"anyOf": [TEXT, NULL]},
        {"anyOf": [NULL, TEXT]},
        {"oneOf": [TEXT, {"type": ["null"]}]},
        {"anyOf": [TEXT, {"enum": [None]}]},
        {"anyOf": [TEXT, {"const": None}]},
        {"anyOf": [{"type": ["string", "null"]}]},
        {"allOf": [{"type": ["string", "null"]}]},
        {"$ref": "#/definitions/maybe"},
        {"anyOf": [{"$ref": "#/definitions/maybe"}, NULL]},
        {"anyOf": [{"$ref": "#/definitions/maybe"}, {"$ref": "#/definitions/null"}]},
    ],
    ids=repr,
)
def test_every_spelling_of_nullable_text_takes_text_and_null(
    place: Place, spelled: dict[str, Any]
) -> None:
    """Null is NULL, and text stays text: not JSON's quoted one."""
    definitions = {"maybe": {"type": ["string", "null"]}, "null": NULL}
    assert stored(place, spelled, '"x"', "null", '"null"', definitions=definitions) == [
        "x",
        None,
        "null",
    ]


def test_columns_of_a_real_load_have_their_types_in_the_catalogue(place: Place) -> None:
    """Each type is spelled there so that it can be read again."""
    properties = {
        "id": ID,
        "small": between(0, 9),
        "price": {"type": "string", "format": "singer.decimal", "precision": 10, "scale": 2},
        "ratio": {"type": "number"},
        "name": {"type": "string", "maxLength": 40},
        "born": {"type": "string", "format": "date"},
        "seen": MOMENT,
        "at": {"type": "string", "format": "time"},
        "good": {"type": "boolean"},
        "tags": {"type": "array"},
        "any": {},
    }
    place.load([schema("t", properties), record("t", id=1)])
    rows = place.query(
        "SELECT column_name, column_type, key_position FROM _target_dolt_columns "
        "WHERE table_name = 't'"
    )
    assert {name: (kind, position) for name, kind, position in rows} == {
        "id": ("BIGINT", 1),
        "small": ("SMALLINT", None),
        "price": ("DECIMAL(10, 2)", None),
        "ratio": ("DOUBLE", None),
        "name": ("VARCHAR(40)", None),
        "born": ("DATE", None),
        "seen": ("DATETIME(6)", None),
        "at": ("TIME(6)", None),
        "good": ("BOOL", None),
        "tags": ("JSON", None),
        "any": ("JSON", None),
    }
    assert all(type_text(parse_type(kind)) == kind for _, kind, _ in rows)


# Values

CENTS = {"type": "number", "multipleOf": D("0.01"), "minimum": D("-1e7"), "maximum": D("1e7")}
MONEY = {"type": "number", "precision": 10, "scale": 2}
WIDE = {"type": "string", "format": "singer.decimal", "precision": 38, "scale": 18}
UUID = "123e4567-e89b-12d3-a456-426614174000"

KEPT = [
    pytest.param({"type": "integer"}, ["0", "-1", "1.0", "1e3"], [0, -1, 1, 1000], id="integer"),
    pytest.param(
        {"type": "integer"}, [str(-(2**63)), str(2**63 - 1)], [-(2**63), 2**63 - 1], id="bigint"
    ),
    pytest.param(
        between(0, 2**64 - 1), [str(2**64 - 1), "0"], [2**64 - 1, 0], id="bigint-unsigned"
    ),
    pytest.param(
        between(-(10**64), 10**64), [str(-(10**64)), "7"], [D(-(10**64)), D(7)], id="65-digit-int"
    ),
    pytest.param(between(0, 10**70), [str(10**70)], [str(10**70)], id="71-digit-integer"),
    pytest.param(
        {"type": "number"},
        ["0.1", "3", "-2.50", "1e308", "5e-324", "9007199254740992", "1.7976931348623157e308"],
        [0.1, 3.0, -2.5, 1e308, 5e-324, 9007199254740992.0, 1.7976931348623157e308],
        id="double",
    ),
    pytest.param({"type": "boolean"}, ["true", "false"], [1, 0], id="boolean"),
    pytest.param(
        {"type": "string"},
        ['""', '"null"', '" a "', r'"a\u0000b"', r'"\ud83d\ude00"', r'"a\r\n\tb\\"'],
        ["", "null", " a ", "a\0b", "\U0001f600", "a\r\n\tb\\"],
        id="text",
    ),
    pytest.param({"type": "string", "maxLength": 2}, [r'"\ud83d\ude00é"'], ["😀é"], id="varchar"),
    pytest.param(
        {"type": "string", "format": "date"},
        ['"2026-01-31"', '"0001-01-01"', '"9999-12-31"', '"2026-01-31T00:00:00Z"'],
        ["2026-01-31", "0001-01-01", "9999-12-31", "2026-01-31"],
        id="date",
    ),
    pytest.param(
        MOMENT,
        [
            '"2026-01-31T23:59:59Z"',
            '"2026-01-31T23:59:59.5+05:30"',
            '"2026-01-31 01:02:03"',
            '"2026-01-31T01:02:03.997"',
        ],
        [
            "2026-01-31 23:59:59.000000",
            "2026-01-31 18:29:59.500000",
            "2026-01-31 01:02:03.000000",
            "2026-01-31 01:02:03.997000",
        ],
        id="date-time",
    ),
    pytest.param(
        {"type": "string", "format": "time"},
        ['"01:02:03"', '"23:59:59.999999"', '"01:00:00+02:00"'],
        ["01:02:03.000000", "23:59:59.999999", "23:00:00.000000"],
        id="time",
    ),
    pytest.param({"type": "string", "format": "uuid"}, [f'"{UUID}"'], [UUID], id="uuid"),
    pytest.param({"const": "a"}, ['"a"'], ["a"], id="const"),
    pytest.param({"enum": [1, 2, None]}, ["2", "null"], [2, None], id="enum"),
]


@pytest.mark.parametrize(("property_schema", "values", "expected"), KEPT)
def test_value_is_read_back_as_it_came(
    place: Place, property_schema: dict[str, Any], values: list[str], expected: list[Any]
) -> None:
    """Into a real table and back, by the type that the catalogue has."""
    found = stored(place, property_schema, *values)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


DECIMALS = [
    pytest.param(MONEY, ["9.00", "9", "9e0", "-0.0"], ["9.00", "9.00", "9.00", "0.00"], id="few"),
    pytest.param(
        MONEY, ["99999999.99", "-99999999.99"], ["99999999.99", "-99999999.99"], id="ends"
    ),
    pytest.param(
        number(precision=15, scale=2),
        ["9999999999999.99", "0.01", "1234567890123.45"],
        ["9999999999999.99", "0.01", "1234567890123.45"],
        id="15-digits",
    ),
    pytest.param(
        number(precision=16, scale=2),
        ["99999999999999.99", "0.01"],
        ["99999999999999.99", "0.01"],
        id="16-digits",
    ),
    pytest.param(
        number(precision=18, scale=0),
        ["999999999999999999", "-999999999999999999"],
        ["999999999999999999", "-999999999999999999"],
        id="18-whole-digits",
    ),
    pytest.param(
        number(precision=15, scale=15),
        ["0.999999999999999", "-0.000000000000001"],
        ["0.999999999999999", "-0.000000000000001"],
        id="15-digits-after-the-point",
    ),
    pytest.param(
        WIDE,
        ['"12345678901234567890.123456789012345678"', '"-1E-18"', '"1"'],
        ["12345678901234567890.123456789012345678", "-0.000000000000000001", "1." + "0" * 18],
        id="38-digits",
    ),
    pytest.param(
        {"type": "string", "format": "x-singer.decimal"},
        [f'"{"9" * 35}.{"9" * 30}"', '"0.1"'],
        ["9" * 35 + "." + "9" * 30, "0.1" + "0" * 29],
        id="65-digits",
    ),
]


@pytest.mark.parametrize(("property_schema", "values", "expected"), DECIMALS)
def test_decimal_is_read_back_to_the_last_digit(
    place: Place, property_schema: dict[str, Any], values: list[str], expected: list[str]
) -> None:
    """With the scale of its column, however DoltLite keeps it."""
    found = stored(place, property_schema, *values)
    assert [type(value) for value in found] == [Decimal] * len(expected)
    assert [f"{value:f}" for value in found] == expected


NO_PLACE = [
    pytest.param({"type": "integer"}, str(2**63), id="integer-over-64-bits"),
    pytest.param({"type": "integer"}, "1.5", id="integer-with-fraction"),
    pytest.param({"type": "integer"}, "1e400", id="integer-1e400"),
    pytest.param({"type": "integer"}, '"1"', id="integer-as-text"),
    pytest.param({"type": "integer"}, "true", id="integer-as-boolean"),
    pytest.param({"type": "number"}, "3.14159265358979323846", id="double-with-21-digits"),
    pytest.param({"type": "number"}, "9007199254740993", id="double-over-2-to-the-53"),
    pytest.param({"type": "number"}, "1e400", id="double-1e400"),
    pytest.param({"type": "number"}, "-1e400", id="double-minus-1e400"),
    pytest.param({"type": "number"}, "1e-400", id="double-1e-400"),
    pytest.param({"type": "number"}, "1e-999999999", id="double-1e-999999999"),
    pytest.param({"type": "number"}, "9" * 400, id="double-of-400-digits"),
    pytest.param(MONEY, "1.239", id="decimal-with-too-many-digits"),
    pytest.param(MONEY, "100000000", id="decimal-over-its-precision"),
    pytest.param(MONEY, "1e400", id="decimal-1e400"),
    pytest.param(WIDE, '"NaN"', id="decimal-text-nan"),
    pytest.param(WIDE, '"-Infinity"', id="decimal-text-infinity"),
    pytest.param(WIDE, '"abc"', id="decimal-text-abc"),
    pytest.param(WIDE, '""', id="decimal-text-empty"),
    pytest.param(WIDE, '"1_000"', id="decimal-text-underscore"),
    pytest.param(WIDE, '"1e999999999"', id="decimal-text-1e999999999"),
    pytest.param({"type": "boolean"}, "1", id="boolean-as-number"),
    pytest.param({"type": "string", "maxLength": 2}, '"abc"', id="text-too-long"),
    pytest.param({"type": "string"}, "5", id="text-as-number"),
    pytest.param({"type": "string", "format": "date"}, '"2024"', id="date-2024"),
    pytest.param({"type": "string", "format": "date"}, '"0000-00-00"', id="date-of-zeros"),
    pytest.param({"type": "string", "format": "date"}, '"2026-02-30"', id="date-30-february"),
    pytest.param(
        {"type": "string", "format": "date"}, '"2026-01-31T01:00:00"', id="date-with-a-time"
    ),
    pytest.param(MOMENT, '"10000-01-01T00:00:00Z"', id="year-10000"),
    pytest.param(MOMENT, '"-0001-01-01T00:00:00Z"', id="year-minus-1"),
    pytest.param(MOMENT, '"2026-01-31T23:59:60Z"', id="second-60"),
    pytest.param(MOMENT, '"2026-01-31T23:59:59.1234567Z"', id="seventh-digit"),
    pytest.param(MOMENT, '"9999-12-31T23:59:59-01:00"', id="past-9999-in-utc"),
    pytest.param(MOMENT, '""', id="date-time-empty"),
    pytest.param({"type": "string", "format": "time"}, '"24:00:01"', id="hour-24"),
    pytest.param({"type": "string", "format": "time"}, '"1 o\'clock"', id="time-in-words"),
    pytest.param({"enum": ["a", "b"]}, '"c"', id="not-of-the-enum"),
    pytest.param({"const": "a"}, '"b"', id="not-the-const"),
    pytest.param(between(0, 100), "101", id="over-the-maximum"),
    pytest.param({"type": "string", "pattern": "^a$"}, '"b"', id="not-the-pattern"),
]


@pytest.mark.parametrize(("property_schema", "value"), NO_PLACE)
def test_value_that_cannot_be_kept_as_it_came_ends_the_run(
    place: Place, property_schema: dict[str, Any], value: str
) -> None:
    """With line, stream, column and key."""
    end = refused(place, lines_of(property_schema, [ABSENT, value]))
    assert isinstance(end.error, RecordError)
    assert (end.error.line, end.error.stream, end.error.column) == (3, "t", "v")
    assert "key id=1" in end.message
    assert end.states == []


@pytest.mark.parametrize(
    ("property_schema", "value"),
    [case for case in NO_PLACE if "enum" not in case.values[0] and "const" not in case.values[0]],
)
def test_value_that_does_not_fit_its_column_is_refused_without_validation_too(
    place: Place, property_schema: dict[str, Any], value: str
) -> None:
    """But for rules that no column has: a boolean is a whole number to an integer column."""
    lines = lines_of(property_schema, [ABSENT, value])
    rules_alone = (
        value == "true"
        or "pattern" in property_schema
        or (property_schema.get("maximum"), value) == (100, "101")
    )
    if rules_alone:
        place.load(lines, validate_records=False)
        assert [row["id"] for row in place.rows("t")] == [0, 1]
        return
    end = refused(place, lines, validate_records=False)
    assert isinstance(end.error, RecordError)
    assert (end.error.line, end.error.stream, end.error.column) == (3, "t", "v")
    assert "key id=1" in end.message


# JSON

JSON_VALUES = [
    pytest.param({"type": "object"}, "{}", id="empty-object"),
    pytest.param({"type": "array"}, "[]", id="empty-array"),
    pytest.param(
        {"type": "object"}, '{"pi":3.14159265358979323846,"b":1.10}', id="digits-in-an-object"
    ),
    pytest.param(
        {"type": "array"}, "[18446744073709551616,-0.0,12345678901234567890]", id="big-integers"
    ),
    pytest.param({"type": "array"}, "[null,true,false,0.10]", id="words"),
    pytest.param({"type": "object"}, '{"a":{"a":[{"a":null}]}}', id="nested"),
    pytest.param({"type": "object"}, '{"a b":"\\u0000 \\" \\\\ é 😀"}', id="text-within"),
    pytest.param({}, "5", id="any-integer"),
    pytest.param({}, "1.50", id="any-number"),
    pytest.param({}, '"5"', id="any-text"),
    pytest.param({}, "false", id="any-boolean"),
    pytest.param({"type": ["integer", "string"]}, '"007"', id="union-text"),
]


@pytest.mark.parametrize(("property_schema", "text"), JSON_VALUES)
def test_json_column_keeps_the_value_with_each_number_as_it_was_written(
    place: Place, property_schema: dict[str, Any], text: str
) -> None:
    """As JSON text: `1.10` stays `1.10`, and the text "5" is not the number 5."""
    assert repr(stored(place, property_schema, text)) == repr([parse_json(text)])
    assert place.query("SELECT v, typeof(v) FROM t") == [(text, "text")]


@pytest.mark.parametrize("exponent", ["1e400", "1E+400", "1e-400"])
def test_json_column_keeps_numbers_that_no_double_holds(place: Place, exponent: str) -> None:
    """The number is the same, whichever way its exponent is spelled."""
    assert stored(place, {"type": "array"}, f"[{exponent}]") == [[Decimal(exponent)]]


def test_null_of_a_column_that_takes_anything_is_null(place: Place) -> None:
    """JSON's null is SQL's NULL, not the text null."""
    assert stored(place, {}, "null", '"null"') == [None, "null"]
    assert place.query("SELECT v FROM t ORDER BY id") == [(None,), ('"null"',)]


# SQL on DoltLite


@pytest.mark.parametrize(
    "size", [(10, 2), (15, 2), (15, 6), (18, 0)], ids=lambda size: f"decimal-{size[0]}-{size[1]}"
)
def test_decimal_of_up_to_15_digits_compares_and_sorts_as_a_number(
    place: Place, size: tuple[int, int]
) -> None:
    """WHERE, ORDER BY, max and sum find numbers, not texts."""
    scale = size[1]
    texts = ["100", "9", "10", "-3"] + (["9.75", "10.50"] if scale else [])
    stored(place, number(precision=size[0], scale=scale), *texts)
    ordered = sorted(texts, key=Decimal)
    by_value = place.query("SELECT v FROM t ORDER BY v")
    assert [Decimal(str(value)) for (value,) in by_value] == [Decimal(text) for text in ordered]
    found = place.query("SELECT count(*) FROM t WHERE v > 9.5")
    assert found == [(sum(Decimal(text) > D("9.5") for text in texts),)]
    assert place.query("SELECT max(v), min(v) FROM t") == [(100, -3)]
    assert place.query("SELECT typeof(max(v)) FROM t") == [("real" if scale else "integer",)]


def test_decimal_key_is_one_number_however_it_is_spelled(place: Place) -> None:
    """1.5 and 1.50 are the same key; the later row wins."""
    place.load(
        [
            schema("t", {"id": MONEY, "v": {"type": "string"}}),
            '{"type":"RECORD","stream":"t","record":{"id":1.5,"v":"first"}}',
            '{"type":"RECORD","stream":"t","record":{"id":1.50,"v":"second"}}',
        ]
    )
    assert place.rows("t") == [{"id": D("1.50"), "v": "second"}]


def test_wide_decimal_key_is_one_number_however_it_is_spelled(place: Place) -> None:
    """The text of a wide DECIMAL has one spelling, so it is a key as well."""
    place.load(
        [
            schema("t", {"id": WIDE, "v": {"type": "string"}}),
            *(record("t", id=text, v=text) for text in ("1.5", "1.50", "15e-1", "+1.5")),
        ]
    )
    assert [row["v"] for row in place.rows("t")] == ["+1.5"]


@pytest.mark.parametrize(
    ("property_schema", "values"),
    [
        pytest.param({"type": "string"}, ["2024", "007", "1e5", "0x10", " 1", "-0"], id="text"),
        pytest.param({"type": "string", "maxLength": 9}, ["2024", "007", "1.0"], id="varchar"),
        pytest.param({"type": "string", "format": "uuid"}, ["1" * 32], id="uuid"),
        pytest.param({"type": "string", "format": "ipv4"}, ["127.1", "10"], id="ipv4"),
        pytest.param({"enum": ["1", "01"]}, ["1", "01"], id="enum"),
    ],
)
def test_text_that_looks_like_a_number_stays_text(
    place: Place, property_schema: dict[str, Any], values: list[str]
) -> None:
    """No column's affinity bends a value."""
    assert stored(place, property_schema, *(f'"{value}"' for value in values)) == values
    assert set(place.query("SELECT typeof(v) FROM t")) == {("text",)}


def test_moments_sort_in_the_order_of_time(place: Place) -> None:
    """Dates and times are text of one width, in UTC."""
    spelled = [
        '"2026-01-31T12:00:00+05:00"',
        '"2026-01-31T08:00:00Z"',
        '"2026-01-31T06:59:59.999999"',
    ]
    stored(place, MOMENT, *spelled)
    assert [n for (n,) in place.query("SELECT id FROM t ORDER BY v")] == [2, 0, 1]
    later = place.query("SELECT id FROM t WHERE v >= '2026-01-31 07:00:00' ORDER BY id")
    assert later == [(0,), (1,)]


def test_tables_are_strict(place: Place) -> None:
    """SQLite itself refuses a value of another type."""
    stored(place, {"type": "integer"}, "1")
    [(strict,)] = place.query("SELECT strict FROM pragma_table_list WHERE name = 't'")
    assert strict == 1


@pytest.mark.parametrize(
    ("key_schema", "reason"),
    [
        pytest.param({"type": "object"}, "JSON cannot be a key", id="object"),
        pytest.param({}, "JSON cannot be a key", id="anything"),
        pytest.param({"type": "string", "maxLength": 4000}, "768", id="long-text"),
    ],
)
def test_key_that_no_database_could_have_is_refused_before_any_table_is_made(
    place: Place, key_schema: dict[str, Any], reason: str
) -> None:
    """The message names the stream, and no commit is made."""
    end = refused(place, [schema("t", {"id": key_schema})])
    assert isinstance(end.error, UnsupportedTypeError)
    assert "'t'" in end.message
    assert reason in end.message
    assert place.commits() == []


def test_text_key_has_a_length_that_every_database_takes(place: Place) -> None:
    """768 characters together; a longer key is an error, not a cut."""
    properties = {"id": {"type": "string"}, "part": {"type": "string"}}
    place.load([schema("t", properties, ["id", "part"]), record("t", id="a" * 384, part="é")])
    rows = place.query(
        "SELECT column_name, column_type FROM _target_dolt_columns WHERE table_name = 't'"
    )
    assert dict(rows) == {"id": "VARCHAR(384)", "part": "VARCHAR(384)"}
    assert place.rows("t") == [{"id": "a" * 384, "part": "é"}]
    end = refused(
        place,
        [schema("t", properties, ["id", "part"]), record("t", id="a" * 385, part="b")],
    )
    assert "longer than 384 characters" in end.message
