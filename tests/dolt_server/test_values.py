"""Values that are read back exactly, also where Dolt's own rules would bend them."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from math import inf
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql
from support import Place, record, schema, state
from support_dolt import (
    BOTH,
    KEYS,
    DoltServer,
    engine_of,
    needs_dolt,
    plain,
    url_of,
)
from support_strange_values import expected_row, messages_of, rows_of, strange_records

from target_dolt.values import TooNarrowError
from target_dolt_plugins.dolt_types import exact_json
from target_dolt_plugins.dolt_writer import InsertWriter, LoadDataWriter

pytestmark = needs_dolt


@BOTH
@KEYS
def test_every_type_and_strange_value_arrives_exactly_by_either_way(
    place: Place, bulk_load: str, keys: list[str]
) -> None:
    """Nothing is bent, cut, trimmed, rounded or taken for NULL."""
    records = list(strange_records())
    place.load(messages_of(records, keys), bulk_load=bulk_load)
    found = rows_of(place)
    for number, row in enumerate(records):
        expected = expected_row(row, number)
        for name, value in expected.items():
            assert (name, found[number][name]) == (name, value)
            assert type(found[number][name]) is type(value) or isinstance(value, Decimal | int)
    assert len(found) == len(records)


@KEYS
def test_load_data_and_insert_give_the_same_tables(
    dolt_server: DoltServer, keys: list[str]
) -> None:
    """To the hash: equal schema and equal rows, loaded first and upserted over."""
    records = list(strange_records())
    hashes = set()
    for bulk_load in ("load_data", "insert"):
        place = Place(dolt_server.new_database())
        place.load(messages_of(records, keys), bulk_load=bulk_load)
        place.load(messages_of([*records[::-1]], keys), bulk_load=bulk_load)
        hashes.add(place.query("SELECT dolt_hashof_table('t')")[0][0])
    assert len(hashes) == 1


_numbers = st.integers(-(2**63), 2**63 - 1)
_doubles = st.floats(allow_nan=False, allow_infinity=False).map(lambda one: Decimal(repr(one)))
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_records = st.fixed_dictionaries(
    {},
    optional={
        "big": _numbers,
        "unsigned": st.integers(0, 2**64 - 1),
        "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=30).filter(
            lambda one: abs(one) < Decimal(10) ** 35
        ),
        "double": _doubles,
        "date": st.dates().map(dt.date.isoformat),
        "datetime": st.datetimes().map(lambda one: one.isoformat()),
        "time": st.times().map(lambda one: one.isoformat()),
        "short": _texts,
        "long": _texts,
        "json": _json.filter(lambda one: one is not None),
        "%s": _texts,
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(_records, min_size=1, max_size=20))
def test_whatever_is_loaded_is_read_back_exactly_by_either_way(
    dolt_server: DoltServer, records: list[dict[str, Any]]
) -> None:
    """Values of hypothesis's choice, by LOAD DATA and by INSERT."""
    for bulk_load in ("load_data", "insert"):
        place = Place(dolt_server.new_database())
        place.load(messages_of(records, ["id"]), bulk_load=bulk_load)
        found = rows_of(place)
        assert len(found) == len(records)
        for number, row in enumerate(records):
            expected = expected_row(row, number)
            bent = {name: (expected[name], found[number][name]) for name in expected}
            assert {name: both for name, both in bent.items() if both[0] != both[1]} == {}


_days = st.dates().map(str) | st.sampled_from(
    ["0000-00-00", "0000-01-01", "0001-01-01", "9999-12-31", "2024-1-31", "2024/01/31"]
)
_moments = st.datetimes().map(lambda one: one.isoformat(" ", "microseconds")) | st.sampled_from(
    [
        "0000-00-00 00:00:00.000000",
        "0000-01-01 00:00:00.000001",
        "9999-12-31 23:59:59.499999",
        "2024-02-29T01:02:03Z",
        "2024-01-31T10:11:12.123456",
        "2024-01-31 10:11:12.5",
    ]
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    written=st.lists(st.tuples(st.none() | _days, st.none() | _moments), min_size=1, max_size=99)
)
def test_dates_spelled_for_the_servers_speed_are_those_that_plain_text_gives(
    dolt_server: DoltServer, written: list[tuple[str | None, str | None]]
) -> None:
    """By both ways, of every precision, zeros and what a plugin may write too."""
    place = Place(dolt_server.new_database())
    rows = [(number, day, *[at] * 3) for number, (day, at) in enumerate(written)]
    with engine_of(url_of(place)) as engine, engine.begin() as connection:
        tables = [
            sa.Table(
                name,
                sa.MetaData(),
                sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("day", sa.DATE),
                *[sa.Column(f"at{fsp}", mysql.DATETIME(fsp=fsp)) for fsp in (0, 3, 6)],
            )
            for name in ("as_text", "by_load_data", "by_insert")
        ]
        for table in tables:
            table.create(connection)
        marks = ", ".join(["%s"] * len(rows[0]))
        connection.exec_driver_sql(f"INSERT INTO as_text VALUES ({marks})", rows)
        LoadDataWriter(tables[1], connection.dialect).upsert(connection, rows)
        InsertWriter(tables[2], connection.dialect).upsert(connection, rows)
    expected, *others = [place.query(f"SELECT * FROM {table.name}") for table in tables]
    assert len(expected) == len(rows)
    assert others == [expected, expected]


_DAYS = schema(
    "t",
    {
        "id": {"type": "integer"},
        "d": {"type": ["string", "null"], "format": "date"},
        "m": {"type": ["string", "null"], "format": "date-time"},
        "x": {"type": ["string", "null"]},
    },
)
ADDED = {
    "check": "ALTER TABLE t ADD CONSTRAINT c CHECK (length(d) = 10 AND right(m, 6) = '000000')",
    "generated": "ALTER TABLE t ADD COLUMN g VARCHAR(90) AS (concat(d, '|', m)) STORED",
    "default": "ALTER TABLE t ADD COLUMN g VARCHAR(90) DEFAULT (concat(d, '|', m))",
    "trigger": (
        "ALTER TABLE t ADD COLUMN g VARCHAR(90); CREATE TRIGGER tr BEFORE INSERT ON t "
        "FOR EACH ROW SET NEW.g = concat(NEW.d, '|', NEW.m)"
    ),
    "trigger-of-ours": (
        "CREATE TRIGGER tr BEFORE INSERT ON t "
        "FOR EACH ROW SET NEW.d = if(length(NEW.d) = 10, NEW.d, NULL)"
    ),
}


@BOTH
@pytest.mark.parametrize("added", ADDED)
def test_what_is_on_a_table_sees_dates_as_people_write_them(
    place: Place, bulk_load: str, added: str
) -> None:
    """Dolt's CHECKs, triggers and generated columns see what was sent, not what is kept."""
    place.load([_DAYS, record("t", id=1), state({"n": 1})], bulk_load=bulk_load)
    with engine_of(url_of(place)) as engine, engine.begin() as connection:
        for statement in ADDED[added].split("; "):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("CALL dolt_commit('-Am', 'somebody')")
    for number, text in ((2, "text"), (3, "NULL")):  # a buffer with the second goes by INSERT
        row = record("t", id=number, d="2024-02-29", m="2024-02-29T01:02:03Z", x=text)
        place.load([_DAYS, row, state({"n": number})], bulk_load=bulk_load)
    found = place.query("SELECT d, m, x FROM t WHERE id > 1 ORDER BY id")
    kept = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 1, 2, 3)  # noqa: DTZ001 - as Dolt has it
    assert found == [(*kept, "text"), (*kept, "NULL")]
    if "COLUMN g" in ADDED[added]:
        made = place.query("SELECT g FROM t WHERE id > 1")
        assert made == [("2024-02-29|2024-02-29 01:02:03.000000",)] * 2


BENT = [
    "9007199254740993",
    "3.14159265358979323846",
    "123456789012345678901234567890",
    "1e400",
    '{"a": [1, {"b": 18446744073709551615.5}]}',
    "[0.1, 0.30000000000000000001]",
    '{"at": 78844205959.232460}',
    "1152921504606846976",
    "[18446744073709551616]",
]


@BOTH
@pytest.mark.parametrize("value", BENT)
def test_json_with_a_number_that_dolts_json_would_bend_widens_the_column_to_text(
    place: Place, value: str, bulk_load: str
) -> None:
    """Rows before and after it keep their values, and the commit says that it was widened."""
    lines = [
        plain(schema("t", {"id": {"type": "integer"}, "v": {}})),
        '{"type":"RECORD","stream":"t","record":{"id":1,"v":{"k":[1,2.5,"x",null,true]}}}',
        '{"type":"RECORD","stream":"t","record":{"id":2,"v":"text"}}',
        '{"type":"RECORD","stream":"t","record":{"id":3}}',
        '{"type":"STATE","value":{"n":3}}',
        f'{{"type":"RECORD","stream":"t","record":{{"id":4,"v":{value}}}}}',
        '{"type":"RECORD","stream":"t","record":{"id":5,"v":{"a":1}}}',
        '{"type":"STATE","value":{"n":5}}',
    ]
    place.load(lines, bulk_load=bulk_load, commit_interval_seconds=0)
    texts = dict(place.query("SELECT id, v FROM t"))
    exact = {key: None if text is None else _parsed(text) for key, text in texts.items()}
    assert exact == {
        1: {"k": [Decimal(1), Decimal("2.5"), "x", None, True]},
        2: "text",
        3: None,
        4: _parsed(value),
        5: {"a": Decimal(1)},
    }
    message = place.query("SELECT message FROM dolt_log LIMIT 1")[0][0]
    assert "widened t.v: JSON -> LONGTEXT" in message
    assert place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'v'") == [
        ("LONGTEXT",)
    ]


_digits = st.text("0123456789", min_size=1, max_size=20)
_written = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    _digits.map(lambda one: one.lstrip("0") or "0"),
    st.just("") | _digits.map(".{}".format),
    st.just("") | st.builds("{}{}{}".format, *map(st.sampled_from, ("eE", ["", "+", "-"])),
                            st.integers(0, 400)),
)  # fmt: skip
_powers_of_two = st.builds(
    lambda odd, power: str(odd << power), st.integers(1, 31), st.integers(48, 90)
)
_doubles_written = st.floats(allow_nan=False, allow_infinity=False).map(repr)
_within_texts = st.text("0123456789.eE+-a", max_size=40).map(json.dumps)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(_written | _powers_of_two | _doubles_written | _within_texts, max_size=4),
    _within_texts,
)
def test_json_is_refused_where_any_of_its_numbers_would_be_bent_and_nowhere_else(
    values: list[str], name: str
) -> None:
    """A quick look at the text answers as a parser of all of it does; digits in texts are none."""
    text = f"{{{name}:[{','.join(values)}]}}"
    numbers = [Decimal(one) for one in values if not one.startswith('"')]
    doubles = [float(one) for one in numbers]
    bent = [one for one, double in zip(numbers, doubles, strict=True)
            if double in (inf, -inf) or Decimal(repr(double)) != one]  # fmt: skip
    try:
        assert exact_json(text) == text
    except TooNarrowError:
        assert bent
    else:
        assert not bent


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def test_a_column_that_was_widened_in_one_run_stays_so_in_the_next(place: Place) -> None:
    """The next run has the same SCHEMA and does not narrow it back."""
    head = plain(schema("t", {"id": {"type": "integer"}, "v": {}}))
    line = '{{"type":"RECORD","stream":"t","record":{{"id":{},"v":{}}}}}'
    place.load([head, line.format(1, BENT[0]), state({"n": 1})])
    place.load([head, line.format(2, BENT[1]), line.format(3, "{}"), state({"n": 2})])
    found = {number: _parsed(text) for number, text in place.query("SELECT id, v FROM t")}
    assert found == {1: Decimal(BENT[0]), 2: Decimal(BENT[1]), 3: {}}


def test_a_json_number_with_many_digits_that_a_double_keeps_stays_json(place: Place) -> None:
    """Widening is for values that need it."""
    value = '{"a":1234567890123456,"b":0.1,"c":-1.5e300,"d":45035996273.5}'
    place.load([
        plain(schema("t", {"id": {"type": "integer"}, "v": {}})),
        f'{{"type":"RECORD","stream":"t","record":{{"id":1,"v":{value}}}}}',
        state({"n": 1}),
    ])  # fmt: skip
    kind = place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'v'")
    assert kind == [("JSON",)]
    (text,) = (text for (text,) in place.query("SELECT v FROM t"))
    assert _parsed(text) == _parsed(value)
