"""Random values of SQLite, SQL Server and Oracle: what a tap sends is what comes back."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Place, state
from support_types import message_lines, written_back
from test_types_property import BYTES, DOUBLES, EXAMPLES, JSON, SINGLES, TEXT, tables, whole

from target_dolt.native_values import shortest_single

Strategy = st.SearchStrategy[Any]


def exact(digits: int, places: int) -> Strategy:
    """Return numbers that have no more digits than that."""
    limit = 10**digits - 1
    return st.integers(-limit, limit).map(lambda n: Decimal(f"{n}e{-places}"))


def within(length: int) -> Strategy:
    """Return texts of no more characters than that."""
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=length)


def moments(digits: int) -> Strategy:
    """Return moments with so many digits of a second."""
    unit = 10 ** (6 - digits)
    return st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)).map(  # noqa: DTZ001
        lambda one: one.replace(microsecond=one.microsecond // unit * unit).isoformat(" ")
    )


NUMBERS = DOUBLES.map(lambda one: Decimal(repr(one)))
SINGLE = SINGLES.map(lambda one: Decimal(repr(shortest_single(one))))
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3).map(
    lambda one: json.loads(json.dumps(one), parse_float=Decimal)
)
DIGITS = BYTES.map(lambda one: one.hex())

KINDS: dict[str, dict[str, Strategy]] = {
    "sqlite": {
        "INTEGER": whole(64),
        "REAL": NUMBERS,
        "NUMERIC": NUMBERS,
        "TEXT": TEXT,
        "BLOB": DIGITS,
        "JSON": OBJECTS,
    },
    "mssql": {
        "bit": st.booleans(),
        "tinyint": whole(8, signed=False),
        "smallint": whole(16),
        "int": whole(32),
        "bigint": whole(64),
        "decimal(38,10)": exact(38, 10),
        "money": exact(19, 4),
        "smallmoney": exact(10, 4),
        "float": NUMBERS,
        "real": SINGLE,
        "date": st.dates().map(str),
        "datetime": moments(3),
        "datetime2(6)": moments(6),
        "datetimeoffset": moments(6).map("{} +05:30".format),
        "time(3)": st.times().map(
            lambda one: f"{one.replace(microsecond=one.microsecond // 1000 * 1000):%H:%M:%S.%f}"
        ),
        "nvarchar(40)": within(40),
        "nvarchar(max)": TEXT,
        "varbinary(60)": DIGITS,
        "varbinary(max)": DIGITS,
        "uniqueidentifier": st.uuids().map(lambda one: str(one).upper()),
        "json": OBJECTS,
        "dbo.PhoneNumber": TEXT,
    },
    "oracle": {
        "VARCHAR2(40 CHAR)": within(40),
        "NUMBER(10,2)": exact(10, 2),
        "NUMBER(38)": exact(38, 0),
        "NUMBER": exact(40, 20),
        "BINARY_FLOAT": SINGLE,
        "BINARY_DOUBLE": NUMBERS,
        "BOOLEAN": st.booleans(),
        "DATE": moments(0),
        "TIMESTAMP(6)": moments(6),
        "TIMESTAMP(9)": moments(6).map("{}789".format),
        "CLOB": TEXT,
        "RAW(60)": DIGITS,
        "BLOB": DIGITS,
        "JSON": OBJECTS,
        "HR.ADDRESS": TEXT,
    },
}


def plain(value: Any, sent: Any) -> Any:
    """Return what came back as the kind of value that was sent."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(sent, bool):
        return bool(value)
    if isinstance(sent, Decimal | int):
        return Decimal(repr(value) if isinstance(value, float) else value)
    if isinstance(sent, dict):
        return json.loads(value, parse_float=Decimal) if isinstance(value, str) else value
    if isinstance(sent, str) and sent[4:5] == sent[7:8] == "-" and isinstance(value, str):
        return _whole_second(value)
    return value


def _whole_second(text: str) -> str:
    return text.removesuffix("+00:00").removesuffix(".000000")


@pytest.mark.parametrize("dialect", [*KINDS])
@EXAMPLES
@given(data=st.data())
def test_any_value_comes_back_as_it_was_sent(place: Place, dialect: str, data: Any) -> None:
    """From the tap's message through the converter to each backend, and out of it."""
    values = dict(sorted(data.draw(tables(KINDS[dialect])).items()))
    wanted = [(f"c{n}", native, some) for n, (native, some) in enumerate(values.items())]
    names = [name for name, _, _ in wanted]
    rows = [
        {"id": number} | dict(zip(names, row, strict=True))
        for number, row in enumerate(zip(*values.values(), strict=True))
    ]
    lines = message_lines(wanted, rows)
    place.load([*lines, state({"n": 1})], source_dialect=dialect, load_method="overwrite")
    properties = json.loads(lines[0])["schema"]["properties"]
    back = written_back(place, place.plugins.dialects[dialect], names, properties)
    different = [
        (native, row[name], found[name])
        for row, found in zip(rows, back, strict=True)
        for name, native, _ in wanted
        if plain(found[name], row[name]) != row[name]
    ]
    assert different == []
