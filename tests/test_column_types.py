"""Column types that JSON has no word for: stored and read back on each backend."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state
from support_values import lines_of, refused

from target_dolt import hookimpl
from target_dolt.dialect import ColumnType
from target_dolt.errors import IncompatibleChangeError, RecordError
from target_dolt.native import NativeType, native_type, parse_native
from target_dolt.plugins import load_plugins
from target_dolt.tables.schema import Tables
from target_dolt.types import enum_type, parse_type, set_type, type_text, widen


class ByName:
    """Gives a column the type that its schema spells."""

    @hookimpl
    def dolt_sql_type(self, schema: dict[str, Any]) -> ColumnType | None:
        """Read it."""
        return parse_type(schema["x-type"]) if "x-type" in schema else None


BY_NAME = load_plugins([ByName()])


def stored(place: Place, column_type: str, json_type: str, *values: str) -> list[Any]:
    """Load values, written as JSON, into a column of a type; return what is read back."""
    place.plugins = BY_NAME
    place.load(lines_of({"type": [json_type, "null"], "x-type": column_type}, values))
    return [row["v"] for row in sorted(place.rows("t"), key=lambda row: int(row["id"]))]


ALL_BYTES = bytes(range(256))

KEPT = [
    ("TINYINT", "integer", ["-128", "127", "null"], [-128, 127, None]),
    ("TINYINT UNSIGNED", "integer", ["0", "255"], [0, 255]),
    ("SMALLINT", "integer", ["-32768", "32767"], [-32768, 32767]),
    ("SMALLINT UNSIGNED", "integer", ["0", "65535"], [0, 65535]),
    ("MEDIUMINT", "integer", ["-8388608", "8388607"], [-8388608, 8388607]),
    ("MEDIUMINT UNSIGNED", "integer", ["0", "16777215"], [0, 16777215]),
    ("INTEGER UNSIGNED", "integer", ["0", "4294967295"], [0, 2**32 - 1]),
    ("BIGINT UNSIGNED", "integer", ["0", "18446744073709551615"], [0, 2**64 - 1]),
    ("BIT(1)", "boolean", ["true", "false", "null"], [1, 0, None]),
    ("BIT(9)", "integer", ["0", "511", "10"], [0, 511, 10]),
    ("BIT(64)", "integer", ["0", "18446744073709551615", "9"], [0, 2**64 - 1, 9]),
    ("BIT(12)", "string", ['"0fff"', '"0009"'], [0xFFF, 9]),
    ("YEAR", "integer", ["1901", "2155", "null"], [1901, 2155, None]),
    (
        "FLOAT",
        "number",
        ["0.1", "-1.5", "16777216", "3.4028235e38", "1e-45", "0.10000000149011612", "0"],
        [0.1, -1.5, 16777216.0, 3.4028235e38, 1e-45, 0.1, 0.0],
    ),
    ("CHAR(5)", "string", ['"ab  "', '"ab"', '""', '"NULL"'], ["ab  ", "ab", "", "NULL"]),
    (
        "ENUM('a','A','1','NULL','it''s')",
        "string",
        ['"A"', '"a"', '"1"', '"NULL"', '"it\'s"', "null"],
        ["A", "a", "1", "NULL", "it's", None],
    ),
    (
        "SET('a','b','c')",
        "string",
        ['""', '"c,a"', '"a,b,c"', "null", '"b"'],
        ["", "a,c", "a,b,c", None, "b"],
    ),
    ("SET('a','b')", "array", ["[]", '["b","a"]'], ["", "a,b"]),
    ("BINARY(3)", "string", ['"00ff0a"'], [b"\x00\xff\n"]),
    ("VARBINARY(9)", "string", ['""', '"4e554c4c"', '"5c4e"'], [b"", b"NULL", b"\\N"]),
    (
        "LONGBLOB",
        "string",
        [f'"{ALL_BYTES.hex()}"', '"\\\\xDEad"', '"0x00"', '""', "null"],
        [ALL_BYTES, b"\xde\xad", b"\0", b"", None],
    ),
    ("DOUBLE", "number", ["5e-324", "1.7976931348623157e308"], [5e-324, 1.7976931348623157e308]),
]


@pytest.mark.parametrize(
    ("column_type", "json_type", "values", "expected"), KEPT, ids=lambda one: str(one)[:24]
)
def test_value_is_read_back_as_it_came(
    place: Place, column_type: str, json_type: str, values: list[str], expected: list[Any]
) -> None:
    """The ends of each type's range, what its text could be taken for, and NULL."""
    found = stored(place, column_type, json_type, *values)
    assert found == expected
    assert [type(one) for one in found] == [type(one) for one in expected]


@pytest.mark.parametrize(
    ("column_type", "json_type", "values", "expected"),
    [case for case in KEPT if case[0] != "DOUBLE"],
    ids=lambda one: str(one)[:24],
)
def test_insert_keeps_the_same(
    place: Place, column_type: str, json_type: str, values: list[str], expected: list[Any]
) -> None:
    """A server without LOAD DATA gets the same values."""
    place.config["bulk_load"] = "insert"
    assert stored(place, column_type, json_type, *values) == expected


def test_column_has_the_type_in_dolt_too(place: Place) -> None:
    """A reader of the table, and the next run, find the declared type."""
    place.plugins = BY_NAME
    names = {f"c{number}": case[0] for number, case in enumerate(KEPT)}
    properties = {name: {"x-type": text} for name, text in names.items()}
    place.load([schema("t", {"id": {"type": "integer"}, **properties}), record("t", id=1)])
    database = place.open()
    try:
        with database.connect() as connection:
            catalogued = {name: parse_type(text) for name, text in names.items()}
            found = Tables(database, connection).find("t", catalogued)
    finally:
        database.close()
    assert found is not None
    assert {name: type_text(found.types[name]) for name in names} == {
        name: type_text(parse_type(text)) for name, text in names.items()
    }


def test_year_0_widens_a_year_where_dolt_would_bend_it(place: Place) -> None:
    """LOAD DATA makes 2000 of it."""
    assert stored(place, "YEAR", "integer", "2024", "0") == [2024, 0]


REFUSED = [
    ("TINYINT", "integer", "128"),
    ("TINYINT UNSIGNED", "integer", "-1"),
    ("MEDIUMINT", "integer", "8388608"),
    ("BIT(3)", "integer", "8"),
    ("BIT(3)", "string", '"08"'),
    ("BIT(3)", "string", '"7"'),
    ("YEAR", "integer", "1900"),
    ("YEAR", "integer", "2156"),
    ("FLOAT", "number", "16777217"),
    ("FLOAT", "number", "0.12345678901"),
    ("FLOAT", "number", "1e39"),
    ("FLOAT", "number", "1e400"),
    ("CHAR(2)", "string", '"abc"'),
    ("ENUM('a')", "string", '"A"'),
    ("ENUM('a')", "string", '""'),
    ("SET('a')", "string", '"b"'),
    ("SET('a')", "string", '"a,"'),
    ("BINARY(2)", "string", '"000000"'),
    ("LONGBLOB", "string", '"xyz"'),
    ("LONGBLOB", "string", '"abc"'),
]


@pytest.mark.parametrize(("column_type", "json_type", "value"), REFUSED)
def test_value_that_does_not_fit_ends_the_run(
    place: Place, column_type: str, json_type: str, value: str
) -> None:
    """Nothing is cut, rounded or taken for another."""
    place.plugins = BY_NAME
    end = refused(place, lines_of({"type": json_type, "x-type": column_type}, [value]))
    assert isinstance(end.error, RecordError)
    assert end.error.column == "v"
    assert place.tables() == []


def test_base64_is_read_where_the_schema_says_so(place: Place) -> None:
    """`contentEncoding` tells it from hexadecimal digits."""
    place.plugins = BY_NAME
    part = {"type": "string", "x-type": "LONGBLOB", "contentEncoding": "base64"}
    place.load(lines_of(part, ['"3q0="']))
    assert [row["v"] for row in place.rows("t")] == [b"\xde\xad"]


def test_bytes_and_bits_can_be_keys(place: Place) -> None:
    """The same row again is the same row, and a delete finds it."""
    place.plugins = BY_NAME
    keyed = schema(
        "t",
        {
            "b": {"type": "string", "x-type": "VARBINARY(16)"},
            "n": {"type": "integer", "x-type": "BIT(8)"},
            "_sdc_deleted_at": {"type": ["string", "null"]},
        },
        ["b", "n"],
    )
    place.load(
        [
            keyed,
            *(record("t", b=one, n=5) for one in ("00ff", "00ff", "00fe")),
            record("t", b="00fe", n=5, _sdc_deleted_at="2026-01-01T00:00:00Z"),
        ]
    )
    assert [(row["b"], row["n"]) for row in place.rows("t")] == [(b"\x00\xff", 5)]


def test_bytes_in_a_table_without_a_key_are_no_difference_when_loaded_again(place: Place) -> None:
    """Rows are known by what they hold."""
    place.plugins = BY_NAME
    part = {"v": {"type": "string", "x-type": "LONGBLOB"}}
    for _ in range(2):
        place.load(
            [
                schema("t", part, []),
                *(record("t", v=one) for one in ("00ff", "00ff", "01")),
                state({"done": 1}),
            ],
            load_method="overwrite",
        )
    assert len(place.commits()) == 1
    assert [row["v"] for row in place.rows("t")] == [b"\x00\xff", b"\x00\xff", b"\x01"]


WIDER = [
    ("TINYINT", "SMALLINT", "SMALLINT"),
    ("BIGINT", "TINYINT", "BIGINT"),
    ("TINYINT UNSIGNED", "TINYINT", "SMALLINT"),
    ("INTEGER UNSIGNED", "INTEGER", "BIGINT"),
    ("BOOL", "TINYINT UNSIGNED", "TINYINT UNSIGNED"),
    ("YEAR", "SMALLINT", "SMALLINT"),
    ("YEAR", "TINYINT", "SMALLINT"),
    ("FLOAT", "DOUBLE", "DOUBLE"),
    ("FLOAT", "INTEGER", "DOUBLE"),
    ("CHAR(5)", "VARCHAR(3)", "VARCHAR(5)"),
    ("VARCHAR(5)", "CHAR(3)", "VARCHAR(5)"),
    ("ENUM('b','a')", "ENUM('a','c')", "ENUM('b','a','c')"),
    ("ENUM('a','bcd')", "VARCHAR(2)", "VARCHAR(3)"),
    ("ENUM('a')", "LONGTEXT", "LONGTEXT"),
    ("SET('b')", "SET('a','b')", "SET('b','a')"),
    ("VARBINARY(3)", "VARBINARY(5)", "VARBINARY(5)"),
    ("BINARY(3)", "BINARY(5)", "LONGBLOB"),
    ("BIT(3)", "BIT(9)", "BIT(9)"),
    ("BIT(9)", "BIT(3)", "BIT(9)"),
]


@pytest.mark.parametrize(("old", "new", "wide"), WIDER)
def test_two_types_meet_in_the_narrowest_that_holds_both(old: str, new: str, wide: str) -> None:
    """Labels keep their order; nothing that is stored changes."""
    assert type_text(widen(parse_type(old), parse_type(new))) == wide


MET = [
    ("TINYINT", "integer", "-5", "SMALLINT", "300", [-5, 300]),
    ("ENUM('b','a')", "string", '"b"', "ENUM('a','c')", '"c"', ["b", "c"]),
    ("ENUM('b','a')", "string", '"a"', "LONGTEXT", '"é"', ["a", "é"]),
    ("SET('b')", "string", '"b"', "SET('a','b')", '"a,b"', ["b", "b,a"]),
    ("BINARY(2)", "string", '"00ff"', "LONGBLOB", '"010203"', [b"\x00\xff", b"\x01\x02\x03"]),
    ("BIT(3)", "integer", "5", "BIT(64)", "511", [5, 511]),
    ("YEAR", "integer", "2024", "INTEGER", "-1", [2024, -1]),
    ("FLOAT", "number", "0.5", "DOUBLE", "0.1", [0.5, 0.1]),
    ("TINYINT", "integer", "7", "LONGTEXT", '"x"', ["7", "x"]),
]


@pytest.mark.parametrize(("old", "json_type", "first", "new", "second", "expected"), MET)
def test_column_is_widened_with_the_values_it_has(
    place: Place,
    old: str,
    json_type: str,
    first: str,
    new: str,
    second: str,
    expected: list[Any],
) -> None:
    """By a second run's SCHEMA."""
    place.plugins = BY_NAME
    place.load(lines_of({"type": [json_type, "null"], "x-type": old}, [first]))
    later = "string" if new == "LONGTEXT" else json_type
    lines = lines_of({"type": [later, "null"], "x-type": new}, ["null", second])
    place.load([lines[0], lines[2]])
    rows = sorted(place.rows("t"), key=lambda row: int(row["id"]))
    assert [row["v"] for row in rows] == expected


@pytest.mark.parametrize(("old", "new"), [("LONGBLOB", "LONGTEXT"), ("BIT(3)", "INTEGER")])
def test_bytes_and_bits_meet_nothing_else(place: Place, old: str, new: str) -> None:
    """Neither text nor numbers would be the same values."""
    place.plugins = BY_NAME
    place.load(lines_of({"type": ["string", "null"], "x-type": old}, ["null"]))
    end = refused(place, lines_of({"type": "string", "x-type": new}, ["null"]))
    assert isinstance(end.error, IncompatibleChangeError)
    assert "'v'" in end.message
    assert "table_map" in end.message


NATIVE = [
    ("numeric(10,2)[]", NativeType("", "numeric", (10, 2), 1)),
    ("character varying(20)", NativeType("", "character varying", (20,))),
    ("TIMESTAMP(3) WITHOUT TIME ZONE", NativeType("", "timestamp without time zone", (3,))),
    ("bigint(20) unsigned", NativeType("", "bigint unsigned", (20,))),
    ("int(10) unsigned zerofill", NativeType("", "int unsigned", (10,))),
    ("enum('a','b''c','(d)','\\\\')", NativeType("", "enum", ("a", "b'c", "(d)", "\\"))),
    ("varchar(20) character set utf8mb4 collate x", NativeType("", "varchar", (20,))),
    ('VARCHAR(20) COLLATE "en_US"', NativeType("", "varchar", (20,))),
    ('public."My Type"[]', NativeType("", "My Type", (), 1)),
    ("public.hstore", NativeType("", "hstore")),
    ("_int4", NativeType("", "int4", (), 1)),
    ("int[3][]", NativeType("", "int", (), 2)),
    ("integer ARRAY", NativeType("", "integer", (), 1)),
    ("ARRAY", NativeType("", "array", (), 1)),
    ("geometry(Point,4326)", NativeType("", "geometry", ("Point", 4326))),
    ("interval day(2) to second(6)", NativeType("", "interval day to second", (2, 6))),
    ("numeric(3,-2)", NativeType("", "numeric", (3, -2))),
]


@pytest.mark.parametrize(("text", "expected"), NATIVE)
def test_native_type_is_taken_apart(text: str, expected: NativeType) -> None:
    """Name, parameters, dimensions."""
    found = parse_native(text)
    assert found.text == text
    assert (found.name, found.arguments, found.dimensions) == (
        expected.name,
        expected.arguments,
        expected.dimensions,
    )


@pytest.mark.parametrize("text", ["", "(", "int(1", "enum('a)", "[]", '"a', "'x'"])
def test_text_that_is_no_type_is_refused(text: str) -> None:
    """Brackets and quotes must close, and something must be named."""
    with pytest.raises(ValueError, match="no type"):
        parse_native(text)


@pytest.mark.parametrize(
    ("text", "properties", "arguments"),
    [
        ("numeric", {"precision": 10, "scale": 2}, (10, 2)),
        ("numeric", {"precision": 10}, (10,)),
        ("varchar", {"length": 5}, (5,)),
        ("enum", {"labels": ["a", "b"]}, ("a", "b")),
        ("numeric(5,1)", {"precision": 10, "scale": 2}, (5, 1)),
        ("numeric", {"scale": 2}, ()),
        ("numeric", "nonsense", ()),
    ],
)
def test_parameters_come_from_the_properties_too(
    text: str, properties: Any, arguments: tuple[Any, ...]
) -> None:
    """Where the type's own text has none."""
    found = native_type({"x-sql-datatype": text, "x-sql-datatype-properties": properties})
    assert found is not None
    assert found.arguments == arguments


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("a", "b"), "ENUM('a','b')"),
        ((), "VARCHAR(255)"),
        (("a", ""), "VARCHAR(255)"),
        (("a ",), "VARCHAR(255)"),
        (("a\\b",), "VARCHAR(255)"),
        (("100%",), "VARCHAR(255)"),
        (("x" * 256,), "LONGTEXT"),
    ],
)
def test_labels_that_an_enum_would_bend_are_text(labels: tuple[str, ...], expected: str) -> None:
    """Dolt's DDL and LOAD DATA have their ways with them."""
    assert type_text(enum_type(labels)) == expected


def test_labels_that_a_set_would_bend_are_text() -> None:
    """0 is how LOAD DATA writes the empty set."""
    assert isinstance(set_type(("a", "b")), sa.types.TypeEngine)
    assert type_text(set_type(("a", "b"))) == "SET('a','b')"
    for labels in [("0", "1"), ("a,b",), ("",), ("a ",), tuple(map(str, range(1, 66)))]:
        assert type_text(set_type(labels)) == "LONGTEXT"


def test_decimal_is_no_float() -> None:
    """A number that was exact stays exact."""
    assert type_text(widen(parse_type("DECIMAL(5, 2)"), parse_type("FLOAT"))) == "LONGTEXT"
