"""Lines that become rows in one step: the same rows as the general way makes, or none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Place, record, schema, state
from support_values import ID, lite
from support_ways import TYPES, ways

from target_dolt.backend import Database
from target_dolt.errors import InputError, RecordError

NUMBERS = [
    "0", "-0", "0.0", "-0.0", "1", "1.0", "1e2", "0.1", "-12.50", "1e400", "1e-400", "5e-324",
    "3.14159265358979323846", "9007199254740993", "9007199254740992", "123456789012345",
    "1234567890123456", "2147483648", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "99999999999999999999999999", "0.30000000000000004", "1.7e308",
    "9007199254740992.01", "95e-393",
]  # fmt: skip
TEXTS = [
    "", "a", "ab", "abc", "😀é", "a\0b", "2024-02-29", "2023-02-29", "20240131", "2024-W05-3",
    "2024-01-31T23:59:59Z", "2024-01-31T23:59:59.123456Z", "2024-01-31 23:59:59.1234567Z",
    "2024-01-31T23:59:59.123+02:00", "2024-01-31T23:59:59.123456+00:00", "2024-01-31T24:00:00Z",
    "2024-01-31T23:59", "2024-01-31T23:59:59.123456-00:00", "0001-01-01T00:00:00+01:00",
    "12:30:00", "12:30:00.5+01:00", "1.50", "1e3", "NaN", "true",
    "123e4567-e89b-12d3-a456-426614174000",
]  # fmt: skip
VALUES = [
    *NUMBERS, *(json.dumps(text) for text in TEXTS), '"\\ud800"', '"\xff"', "true", "false",
    "null", "[]", "[1, 2]", '[1.10, {"a": 1e2}]', "{}", '{"a": 1}', '{"a":"b","c":null}',
]  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A DoltLite file that says how it stores each type."""
    database = lite(tmp_path_factory.mktemp("typed")).open()
    yield database
    database.close()


def line(**values: str) -> bytes:
    """Return a RECORD's line from JSON texts."""
    inner = ", ".join(f"{json.dumps(name)}: {text}" for name, text in values.items())
    whole = f'{{"type": "RECORD", "stream": "s", "record": {{{inner}}}}}'
    return whole.encode("latin-1" if '"\xff"' in values.values() else "utf-8")


def alone_of(message: bytes) -> bytes:
    """Return the record of a RECORD's line, as a file of a BATCH has it."""
    return message[message.index(b'"record": ') + len(b'"record": ') : -1] + b"\n"


MAYBE_TEXT = {"type": ["null", "string"]}
DEFINITIONS = {"short": {"type": "string", "maxLength": 1}}


def needs_the_whole(kind: Any) -> bool:
    """Whether a property cannot be read without the rest of its SCHEMA: a reference, draft 4."""
    return "$ref" in kind or kind.get("exclusiveMinimum") is True


@pytest.mark.parametrize("validates", [True, False])
@pytest.mark.parametrize("kind", TYPES, ids=json.dumps)
def test_each_value_of_each_type_becomes_the_same_value_or_goes_the_general_way(
    database: Database, kind: Any, *, validates: bool
) -> None:
    """Strange ones too, and what the SCHEMA or the column refuses."""
    both = ways(database, {"v": kind}, [], validates=validates, definitions=DEFINITIONS)
    assert (both.typed is None) == (validates and needs_the_whole(kind))
    for value in VALUES:
        one = line(v=value)
        row = both.typed.row(one, None) if both.typed else None
        alone = both.typed.row_of_record(alone_of(one)) if both.typed else None
        assert repr(alone) == repr(row), value
        expected = both.row(one)
        if row is not None:
            assert (expected, repr(row)) == (row, repr(expected)), value


MOSTLY_TAKEN = {
    "string": '"abc"', "integer": "5", "boolean": "true", "number": "0.5", "object": '{"a":1}',
    "array": "[1]",
}  # fmt: skip


@pytest.mark.parametrize("kind", MOSTLY_TAKEN)
def test_a_plain_value_is_taken_in_one_step(database: Database, kind: str) -> None:
    """Else the test above would see nothing."""
    typed = ways(database, {"v": {"type": ["null", kind]}}, []).typed
    assert typed is not None
    for value in (MOSTLY_TAKEN[kind], "null"):
        assert typed.row(line(v=value), None) is not None
    assert typed.row(line(), None) == (None,)


MONEY = {"type": ["null", "number"], "multipleOf": 0.0001, "minimum": 0, "maximum": 10**11}


@pytest.mark.parametrize(("number", "taken"), [
    ("12.5", True), ("0", True), ("100000000000", True), ("null", True),
    ("-0.5", False), ("0.00001", False), ("100000000000.5", False), ("true", False), ('"1"', False),
])  # fmt: skip
def test_a_bounded_number_is_taken_in_one_step_where_its_schema_takes_it(
    database: Database, number: str, *, taken: bool
) -> None:
    """As postgres' taps describe a NUMERIC; a schema's own validator is slow with decimals."""
    typed = ways(database, {"v": MONEY}, []).typed
    assert typed is not None
    assert (typed.row(line(v=number), None) is not None) == taken


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whole_records_become_the_same_rows_or_go_the_general_way(
    database: Database, data: st.DataObject
) -> None:
    """Any three properties, required or keys or neither, absent, null, of any value."""
    names = ["a", "b c", "ü"]
    properties = {name: data.draw(st.sampled_from(TYPES[:-1])) for name in names}
    keys = data.draw(st.lists(st.sampled_from(names[:2]), unique=True))
    required = data.draw(st.lists(st.sampled_from([*names, "absent"]), unique=True))
    try:
        both = ways(database, properties, keys, required=required)
    except InputError:
        return  # JSON cannot be a key
    if both.typed is None:
        assert "absent" in required or any(map(needs_the_whole, properties.values()))
        return
    chosen = data.draw(
        st.dictionaries(st.sampled_from([*names, "other", "deleted"]), st.sampled_from(VALUES))
    )
    row = both.typed.row(line(**chosen), None)
    assert repr(both.typed.row_of_record(alone_of(line(**chosen)))) == repr(row)
    if row is not None:
        expected = both.row(line(**chosen))
        assert (row, repr(row)) == (expected, repr(expected))
        assert chosen.get("deleted", "null") == "null"
        assert "other" not in chosen


@pytest.mark.parametrize(
    "root",
    [
        {"anyOf": [{"required": ["v"]}]},
        {"if": {"required": ["v"]}, "then": {"required": ["w"]}},
        {"minProperties": 1},
        {"type": "array"},
        {"required": ["nowhere"]},
    ],
    ids=json.dumps,
)
def test_what_a_schema_asserts_of_whole_records_is_left_to_its_validator(
    database: Database, root: dict[str, Any]
) -> None:
    """The typed way knows nothing of it."""
    assert ways(database, {"v": {"type": "string"}}, [], **root).typed is None


def test_a_line_of_another_stream_version_or_message_goes_the_general_way(
    database: Database,
) -> None:
    """Wherever a tap puts the words."""
    typed = ways(database, {"v": {"type": "integer"}}, []).typed
    assert typed is not None
    good = {"type": "RECORD", "stream": "s", "record": {"v": 1}}
    for more in ({}, {"version": 7}, {"version": None}, {"time_extracted": "now"}, {"x": [1]}):
        assert typed.row(msgspec.json.encode({**good, **more}), 7) == (1,)
        assert typed.row(msgspec.json.encode(dict(reversed({**good, **more}.items()))), 7) == (1,)
    for more in (
        {"version": 8}, {"version": "7"}, {"stream": "t"}, {"type": "record"}, {"type": "STATE"},
        {"record": None}, {"record": []}, {"record": {"v": 1, "w": 2}},
    ):  # fmt: skip
        assert typed.row(msgspec.json.encode({**good, **more}), 7) is None
    assert typed.row(b"{", 7) is None
    assert typed.row(b'{"type":"RECORD","stream":"s","record":{"v":1}} x', 7) is None


def test_streams_that_take_turns_and_records_in_any_spelling_arrive_in_order(place: Place) -> None:
    """Two streams interleaved, other spaces, other orders of words, fields that nobody named."""
    integer = {"type": ["integer", "null"]}
    spellings = (
        '{"type":"RECORD","stream":"%s","record":{"id":%d,"v":%d}}',
        '{"type": "RECORD", "stream": "%s", "record": {"id": %d, "v": %d}}',
        '{"stream":"%s","type":"RECORD","record":{"id":%d,"v":%d,"unknown":1}}',
        '{"type":"record","stream":"%s","record":{"id":%d,"v":%d}}',
    )
    lines = [
        spellings[number % 4] % ("ab"[number % 2], number % 10, number) for number in range(100)
    ]
    columns = {"id": integer, "v": integer}
    out = place.load([schema("a", columns), schema("b", columns), *lines, state({"n": 100})])
    assert out == [{"n": 100}]
    rows = {name: [(row["id"], row["v"]) for row in place.rows(name)] for name in "ab"}
    assert rows == {
        "a": [(number, 90 + number) for number in range(0, 10, 2)],
        "b": [(number, 90 + number) for number in range(1, 10, 2)],
    }


def test_a_schema_in_mid_stream_changes_what_lines_mean(place: Place) -> None:
    """A column comes, one goes, and one is widened by a value."""
    one = {"id": {"type": "integer"}, "v": {"type": ["null", "integer"]}}
    two = {"id": {"type": "integer"}, "w": {"type": ["null", "string"]}}
    place.load(
        [
            schema("t", one), record("t", id=1, v=1), record("t", id=2, v=2),
            schema("t", two), record("t", id=2, w="x"), record("t", id=3, w="y"),
            schema("t", {**one, **two}), record("t", id=3, w="z"), record("t", id=4, v=4, w="z"),
            state({"n": 1}),
        ]
    )  # fmt: skip
    assert place.rows("t") == [
        {"id": 1, "v": 1, "w": None},
        {"id": 2, "v": None, "w": "x"},
        {"id": 3, "v": None, "w": "z"},
        {"id": 4, "v": 4, "w": "z"},
    ]


def test_a_property_without_a_name_fills_no_other_column(place: Place) -> None:
    """A column that a SCHEMA leaves out is NULL, whatever the property '' holds."""
    place.load(
        [schema("t", {"id": ID, "v": MAYBE_TEXT}), record("t", id=1, v="a"), state({"n": 1})]
    )
    place.load(
        [
            schema("t", {"id": ID, "": MAYBE_TEXT}),
            record("t", **{"id": 2, "": "b"}),
            '{"type":"record","stream":"t","record":{"id":3,"":"c"}}',
            state({"n": 2}),
        ]
    )
    assert [row["v"] for row in place.rows("t")] == ["a", None, None]


@pytest.mark.parametrize("kind", ["RECORD", "record"])
def test_null_in_a_deletes_mark_is_refused_where_its_schema_refuses_it(
    place: Place, kind: str
) -> None:
    """Both ways of a record say the same of it."""
    properties = {"id": ID, "_sdc_deleted_at": {"type": "string"}}
    start = f'{{"type":"{kind}","stream":"t","record":'
    lines = [start + '{"id":1}}', start + '{"id":2,"_sdc_deleted_at":null}}']
    with pytest.raises(RecordError, match="SCHEMA"):
        place.load([schema("t", properties), *lines, state({"n": 1})], load_method="append-only")


@pytest.mark.parametrize("kind", ["RECORD", "record"])
def test_one_draft_holds_for_all_properties_of_a_schema(place: Place, kind: str) -> None:
    """`exclusiveMinimum: true` makes it draft 4, whose integers are written without a point."""
    properties = {
        "id": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
        "v": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
    }
    start = f'{{"type":"{kind}","stream":"t","record":'
    lines = [start + '{"id":1,"v":1}}', start + '{"id":2,"v":1.0}}']
    with pytest.raises(RecordError, match="SCHEMA"):
        place.load([schema("t", properties), *lines, state({"n": 1})])
