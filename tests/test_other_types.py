"""SQLite from a real file; SQL Server and Oracle by what their taps send, without a server."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

import pytest
from support import Place
from support_types import Column, message_lines, property_of, written_back
from support_values import refused

from target_dolt.errors import UnsupportedTypeError
from target_dolt.types import type_text

D = Decimal

SQLITE: dict[str, list[Any]] = {
    "INTEGER": [-(2**63), 2**63 - 1],
    "TINYINT": [300],
    "UNSIGNED BIG INT": [5],
    "REAL": [0.1, 5e-324, 1.7976931348623157e308],
    "DOUBLE PRECISION": [-2.5],
    "NUMERIC": [1, 2.5],
    "DECIMAL(10,5)": [1.123456789],
    "TEXT": ["", "NULL", "é😀"],
    "VARCHAR(3)": ["longer than it says"],
    "CLOB": ["x" * 70000],
    "BLOB": [b"", b"\xff\0NULL"],
    "BOOLEAN": [1, 0],
    "DATETIME": ["2024-02-29 12:00:00"],
    "DATE": ["any text"],
    "JSON": ['{"a":[1,null]}', ' {"a":  1.50, "a": 1E-9} '],
    "MY TYPE": ["of no meaning"],
}


def carried(
    place: Place, types: dict[str, list[Any]]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], sqlite3.Connection]:
    """Carry columns from SQLite to a backend and back; return what came and what went back."""
    source = sqlite3.connect(":memory:")
    wanted: list[Column] = [(f"c{n}", native, []) for n, native in enumerate(types)]
    declared = ", ".join(f"{name} {native}" for name, native, _ in wanted)
    marks = ", ".join("?" for _ in wanted)
    for table in ("source", "back"):
        source.execute(f"CREATE TABLE {table} (id INTEGER, {declared})")
    for number in range(max(map(len, types.values()))):
        values = [one[number] if number < len(one) else None for one in types.values()]
        source.execute(f"INSERT INTO source VALUES ({number}, {marks})", values)
    rows = [
        {"id": row[0]}
        | {name: sent(one) for (name, _, _), one in zip(wanted, row[1:], strict=True)}
        for row in source.execute("SELECT * FROM source")
    ]
    lines = message_lines(wanted, rows)
    place.load(lines, source_dialect="sqlite")
    properties = json.loads(lines[0])["schema"]["properties"]
    dialect = place.plugins.dialects["sqlite"]
    back = written_back(place, dialect, [name for name, _, _ in wanted], properties)
    for number, row in enumerate(back):
        bound = [float(one) if isinstance(one, Decimal) else one for one in row.values()]
        source.execute(f"INSERT INTO back VALUES ({number}, {marks})", bound)
    came, went = (source.execute(f"SELECT * FROM {one}").fetchall() for one in ("source", "back"))
    return came, went, source


def test_sqlite_types_are_kept_exactly_and_written_back(place: Place) -> None:
    """By the declared type and by what the value is; lengths mean nothing to SQLite."""
    came, went, source = carried(place, SQLITE)
    source.close()
    assert went == came


def sent(value: Any) -> Any:
    """Return a value as a tap writes it into JSON."""
    if isinstance(value, bytes):
        return value.hex()
    return Decimal(repr(value)) if isinstance(value, float) else value


STAMP = "2024-02-29 12:00:00.123456"

MSSQL: list[tuple[str, Any, str, Any]] = [
    ("bit", True, "BOOL", 1),
    ("tinyint", 255, "TINYINT UNSIGNED", 255),
    ("smallint", -32768, "SMALLINT", -32768),
    ("int", 2**31 - 1, "INTEGER", 2**31 - 1),
    ("bigint", -(2**63), "BIGINT", -(2**63)),
    ("decimal(38,10)", D("1.1234567890"), "DECIMAL(38, 10)", D("1.1234567890")),
    ("numeric", 5, "DECIMAL(18, 0)", D(5)),
    ("money", D("922337203685477.5807"), "DECIMAL(19, 4)", D("922337203685477.5807")),
    ("smallmoney", D("-214748.3648"), "DECIMAL(10, 4)", D("-214748.3648")),
    ("float", D("1.5e300"), "DOUBLE", 1.5e300),
    ("float(24)", D("0.1"), "FLOAT", 0.1),
    ("real", D("0.1"), "FLOAT", 0.1),
    ("date", "0001-01-01", "DATE", "0001-01-01"),
    ("datetime", "2024-02-29T12:00:00.997", "DATETIME(6)", "2024-02-29 12:00:00.997000"),
    ("smalldatetime", "2024-02-29T12:00:00", "DATETIME(6)", "2024-02-29 12:00:00.000000"),
    ("datetime2(6)", "2024-02-29T12:00:00.123456", "DATETIME(6)", STAMP),
    ("datetime2", f"{STAMP}7", "VARCHAR(34)", f"{STAMP}7"),
    ("datetimeoffset", f"{STAMP}7 +05:30", "VARCHAR(34)", f"{STAMP}7 +05:30"),
    ("time(3)", "23:59:59.123", "TIME(6)", "23:59:59.123000"),
    ("time", "23:59:59.1234567", "VARCHAR(16)", "23:59:59.1234567"),
    ("char(3)", "a  ", "CHAR(3)", "a  "),
    ("nchar(3)", "é  ", "CHAR(3)", "é  "),
    ("nchar(4000)", "x", "VARCHAR(4000)", "x"),
    ("varchar(20)", "a", "VARCHAR(20)", "a"),
    ("nvarchar(max)", "😀", "LONGTEXT", "😀"),
    ("text", "a", "LONGTEXT", "a"),
    ("ntext", "a", "LONGTEXT", "a"),
    ("xml", "<a/>", "LONGTEXT", "<a/>"),
    ("sysname", "dbo", "VARCHAR(128)", "dbo"),
    ("binary(3)", "00ff", "BINARY(3)", b"\0\xff\0"),
    ("varbinary(20)", "00ff", "VARBINARY(20)", b"\0\xff"),
    ("varbinary(max)", "0x00ff", "LONGBLOB", b"\0\xff"),
    ("image", "00", "LONGBLOB", b"\0"),
    ("rowversion", "00000000000007d1", "BINARY(8)", b"\0\0\0\0\0\0\x07\xd1"),
    ("timestamp", "00000000000007d1", "BINARY(8)", b"\0\0\0\0\0\0\x07\xd1"),
    ("uniqueidentifier", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "VARCHAR(36)",
     "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
    ("json", {"a": [1, None]}, "JSON", {"a": [1, None]}),
    ("hierarchyid", "/1/2/", "LONGTEXT", "/1/2/"),
    ("geometry", "POINT (1 2)", "LONGTEXT", "POINT (1 2)"),
    ("geography", "POINT (1 2)", "LONGTEXT", "POINT (1 2)"),
    ("sql_variant", "5", "LONGTEXT", "5"),
    ("vector(3)", "[1,2,3]", "LONGTEXT", "[1,2,3]"),
    ("dbo.PhoneNumber", "+49", "LONGTEXT", "+49"),
]  # fmt: skip

DIGITS = "0.12345678901234567890123456789012345678"
ORACLE: list[tuple[str, Any, str, Any]] = [
    ("VARCHAR2(20 CHAR)", "a", "VARCHAR(20)", "a"),
    ("NVARCHAR2(20)", "é", "VARCHAR(20)", "é"),
    ("CHAR(3)", "a  ", "CHAR(3)", "a  "),
    ("CHAR(2000 BYTE)", "a", "VARCHAR(2000)", "a"),
    ("NCHAR(3)", "a  ", "CHAR(3)", "a  "),
    ("NUMBER(10,2)", D("12345678.90"), "DECIMAL(10, 2)", D("12345678.90")),
    ("NUMBER(5,-2)", 1234500, "DECIMAL(7, 0)", D(1234500)),
    ("NUMBER(2,40)", D("1e-40"), "LONGTEXT", "0." + "0" * 39 + "1"),
    ("NUMBER(38)", 10**38 - 1, "DECIMAL(38, 0)", D(10**38 - 1)),
    ("NUMBER", D(DIGITS), "LONGTEXT", DIGITS),
    ("NUMBER(*,0)", 5, "LONGTEXT", "5"),
    ("INTEGER", 10**38 - 1, "DECIMAL(38, 0)", D(10**38 - 1)),
    ("FLOAT(126)", D(DIGITS), "LONGTEXT", DIGITS),
    ("BINARY_FLOAT", D("0.1"), "FLOAT", 0.1),
    ("BINARY_DOUBLE", D("1e300"), "DOUBLE", 1e300),
    ("BOOLEAN", False, "BOOL", 0),
    ("DATE", "2024-02-29T12:00:00", "DATETIME(6)", "2024-02-29 12:00:00.000000"),
    ("TIMESTAMP", "2024-02-29T12:00:00.123456", "DATETIME(6)", STAMP),
    ("TIMESTAMP(3)", "2024-02-29T12:00:00.123", "DATETIME(6)", "2024-02-29 12:00:00.123000"),
    ("TIMESTAMP(9)", f"{STAMP}789", "VARCHAR(40)", f"{STAMP}789"),
    ("TIMESTAMP(6) WITH TIME ZONE", f"{STAMP} Europe/Berlin", "VARCHAR(100)",
     f"{STAMP} Europe/Berlin"),
    ("TIMESTAMP(6) WITH LOCAL TIME ZONE", "2024-02-29T13:00:00.123456+01:00", "DATETIME(6)",
     STAMP),
    ("INTERVAL YEAR(2) TO MONTH", "+01-02", "LONGTEXT", "+01-02"),
    ("INTERVAL DAY(2) TO SECOND(6)", "+01 02:03:04.5", "LONGTEXT", "+01 02:03:04.5"),
    ("CLOB", "a", "LONGTEXT", "a"),
    ("NCLOB", "a", "LONGTEXT", "a"),
    ("LONG", "a", "LONGTEXT", "a"),
    ("XMLTYPE", "<a/>", "LONGTEXT", "<a/>"),
    ("RAW(16)", "00FF", "VARBINARY(16)", b"\0\xff"),
    ("LONG RAW", "00", "LONGBLOB", b"\0"),
    ("BLOB", "00FF", "LONGBLOB", b"\0\xff"),
    ("JSON", {"a": 1}, "JSON", {"a": 1}),
    ("ROWID", "AAAAECAABAAAAgiAAA", "VARCHAR(4000)", "AAAAECAABAAAAgiAAA"),
    ("MDSYS.SDO_GEOMETRY", "POINT (1 2)", "LONGTEXT", "POINT (1 2)"),
    ("VECTOR", "[1,2]", "LONGTEXT", "[1,2]"),
    ("HR.ADDRESS", "x", "LONGTEXT", "x"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "cases"), [("mssql", MSSQL), ("oracle", ORACLE)], ids=["mssql", "oracle"]
)
def test_value_of_each_type_is_stored_and_read_back(
    place: Place, dialect: str, cases: list[tuple[str, Any, str, Any]]
) -> None:
    """As the manual has it: no server is asked."""
    wanted: list[Column] = [(f"c{n}", case[0], []) for n, case in enumerate(cases)]
    row = {"id": 1} | {f"c{n}": case[1] for n, case in enumerate(cases)}
    place.load(message_lines(wanted, [row]), source_dialect=dialect)
    [found] = place.rows("t")
    assert found == {"id": 1} | {f"c{n}": case[3] for n, case in enumerate(cases)}


@pytest.mark.parametrize(
    ("dialect", "native", "value", "expected"),
    [
        pytest.param(name, *case[:3], id=f"{name}-{case[0]}")
        for name, cases in (("mssql", MSSQL), ("oracle", ORACLE))
        for case in cases
    ],
)
def test_type_by_its_name(
    place_plugins: Any, dialect: str, native: str, value: Any, expected: str
) -> None:
    """The column type that each native type becomes."""
    schema = {**property_of(native, value), "type": property_of(native, value)["type"][0]}
    chosen = place_plugins.hook.dolt_sql_type(
        dialect=place_plugins.dialects[dialect], schema=schema
    )
    assert type_text(chosen) == expected


@pytest.fixture
def place_plugins(tmp_path: Any) -> Any:
    """The built-in plugins."""
    return Place({}, tmp_path).plugins


@pytest.mark.parametrize(
    ("dialect", "native"),
    [
        ("mssql", "cursor"),
        ("oracle", "BFILE"),
        ("oracle", "ANYDATA"),
        ("mysql", "no_such"),
        ("postgres", "record"),
    ],
)
def test_type_without_an_exact_place_is_refused_or_text(
    place: Place, dialect: str, native: str
) -> None:
    """By the setting, and the message names it."""
    lines = message_lines([("v", native, [])], [{"id": 1, "v": "x"}])
    end = refused(place, lines, source_dialect=dialect)
    assert isinstance(end.error, UnsupportedTypeError)
    for part in ("column 'v'", f"'{native}' of {dialect}", "`strict_types`"):
        assert part in end.message
    assert place.tables() == []
    place.load(lines, source_dialect=dialect, strict_types=False)
    assert place.rows("t") == [{"id": 1, "v": "x"}]


def test_native_type_that_cannot_be_read_is_named(place: Place) -> None:
    """It is the type's fault, and no schema's: column and type are told; or it is text."""
    lines = message_lines([("v", "no type (at all", [])], [{"id": 1, "v": "x"}])
    end = refused(place, lines, source_dialect="mysql")
    assert isinstance(end.error, UnsupportedTypeError)
    for part in ("stream 't', column 'v'", "'no type (at all'", "do not close", "strict_types"):
        assert part in end.message
    assert "JSON Schema" not in end.message
    place.load(lines, source_dialect="mysql", strict_types=False)
    assert place.rows("t") == [{"id": 1, "v": "x"}]
