"""Evolution: columns added, types widened, never narrowed or dropped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from support import Place, record, schema, state

from target_dolt.errors import IncompatibleChangeError

INT = {"type": ["null", "integer"]}
SMALL = {**INT, "minimum": -100, "maximum": 100}
HUGE = {**INT, "minimum": 0, "maximum": 10**30}
NUMBER = {"type": ["null", "number"]}
MONEY = {**NUMBER, "multipleOf": 0.01, "minimum": -9999.99, "maximum": 9999.99}
EXACT = {**NUMBER, "multipleOf": 0.0001, "minimum": -9999999999, "maximum": 9999999999}
BOOL = {"type": ["null", "boolean"]}
TEXT = {"type": ["null", "string"]}
SHORT = {**TEXT, "maxLength": 10}
LONGER = {**TEXT, "maxLength": 20}
DATE = {**TEXT, "format": "date"}
MOMENT = {**TEXT, "format": "date-time"}
TIME = {**TEXT, "format": "time"}
OBJECT = {"type": ["null", "object"]}

WIDENINGS = [
    pytest.param(SMALL, 7, INT, 2**60, [7, 2**60], id="smallint-bigint"),
    pytest.param(BOOL, True, INT, 5, [1, 5], id="boolean-bigint"),
    pytest.param(INT, 2**60, HUGE, 10**25, [Decimal(2**60), Decimal(10**25)], id="bigint-decimal"),
    pytest.param(INT, 5, NUMBER, 0.5, [5.0, 0.5], id="bigint-double"),
    pytest.param(
        INT, 2**53 + 1, NUMBER, 0.5, ["9007199254740993", "0.5"], id="bigint-no-double-text"
    ),
    pytest.param(MONEY, 1.5, EXACT, 0.0001, [Decimal("1.5"), Decimal("0.0001")], id="decimals"),
    pytest.param(NUMBER, 0.1, TEXT, "x", ["0.1", "x"], id="double-text"),
    pytest.param(MONEY, 1.5, TEXT, "x", ["1.50", "x"], id="decimal-text"),
    pytest.param(INT, -5, TEXT, "x", ["-5", "x"], id="bigint-text"),
    pytest.param(BOOL, False, TEXT, "x", ["false", "x"], id="boolean-text"),
    pytest.param(SHORT, "a", LONGER, "a" * 20, ["a", "a" * 20], id="varchar-varchar"),
    pytest.param(SHORT, "a", TEXT, "a" * 99, ["a", "a" * 99], id="varchar-text"),
    pytest.param(
        DATE,
        "2020-01-02",
        MOMENT,
        "2020-01-02T03:04:05Z",
        ["2020-01-02 00:00:00.000000", "2020-01-02 03:04:05.000000"],
        id="date-datetime",
    ),
    pytest.param(DATE, "2020-01-02", TEXT, "x", ["2020-01-02", "x"], id="date-text"),
    pytest.param(
        MOMENT,
        "2020-01-02T03:04:05Z",
        TEXT,
        "x",
        ["2020-01-02 03:04:05.000000", "x"],
        id="datetime-text",
    ),
    pytest.param(TIME, "03:04:05", TEXT, "x", ["03:04:05.000000", "x"], id="time-text"),
]


def dogs(kind: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the SCHEMA of dogs whose column x is of a kind."""
    return schema("dogs", {"id": {"type": "integer"}, "x": kind, **more})


@pytest.mark.parametrize(("old", "first", "new", "second", "expected"), WIDENINGS)
def test_a_type_is_widened_and_every_value_kept(
    place: Place, old: Any, first: Any, new: Any, second: Any, expected: list[Any]
) -> None:
    """Between two runs, and back again: what was widened stays so."""
    place.load([dogs(old), record("dogs", id=1, x=first), record("dogs", id=3), state({"n": 1})])
    place.load([dogs(new), record("dogs", id=2, x=second), state({"n": 2})])
    assert [row["x"] for row in place.rows("dogs")] == [*expected, None]
    if old is not BOOL:
        place.load([dogs(old), record("dogs", id=2, x=first), state({"n": 3})])
        assert place.rows("dogs")[1]["x"] == place.rows("dogs")[0]["x"]
    widened = place.query("SELECT message FROM dolt_log")
    assert sum("widened dogs.x: " in message for (message,) in widened) == 1


def test_a_type_is_widened_in_midstream_with_the_rows_that_needed_it(place: Place) -> None:
    """One commit has the change of the schema and the rows, old ones under their old SCHEMA."""
    place.load(
        [
            dogs(SMALL),
            record("dogs", id=1, x=7),
            dogs(TEXT),
            record("dogs", id=2, x="seven"),
            dogs(SMALL),
            record("dogs", id=3, x=8),
            state({"n": 1}),
        ]
    )
    assert [row["x"] for row in place.rows("dogs")] == ["7", "seven", "8"]
    assert place.log() == ["Load dogs: 3 added"]


def test_a_keyless_table_is_widened_without_a_new_identity_for_its_rows(place: Place) -> None:
    """Equal rows stay as many as they were."""
    row = record("dogs", id=1, x=7)
    place.load([{**dogs(INT), "key_properties": []}, row, row, state({"n": 1})])
    place.load([{**dogs(TEXT), "key_properties": []}, record("dogs", id=2, x="b"), state({"n": 2})])
    assert [row["x"] for row in place.rows("dogs")] == ["7", "7", "b"]


def test_columns_are_added_and_a_column_that_went_away_stays_and_is_null(place: Place) -> None:
    """A column is never dropped; a row that comes without it has NULL there."""
    place.load([dogs(INT), record("dogs", id=1, x=1), record("dogs", id=2, x=2), state({"n": 1})])
    place.load(
        [
            schema("dogs", {"id": {"type": "integer"}, "y": TEXT, "z w": BOOL}),
            record("dogs", id=2, y="b", **{"z w": True}),
            state({"n": 2}),
        ]
    )
    assert place.rows("dogs") == [
        {"id": 1, "x": 1, "y": None, "z w": None},
        {"id": 2, "x": None, "y": "b", "z w": 1},
    ]
    assert place.log()[-1] == "Load dogs: 1 changed"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(dogs(TEXT), "'x' to LONGTEXT", id="widened"),
        pytest.param(dogs(INT, y=INT), "'y' added", id="added"),
    ],
)
def test_frozen_tables_do_not_change(place: Place, change: Any, told: str) -> None:
    """`schema_changes: freeze` stops the run before any DDL; new tables are no change."""
    place.load([dogs(INT), record("dogs", id=1, x=1), state({"n": 1})], schema_changes="freeze")
    with pytest.raises(IncompatibleChangeError, match=told):
        place.load([change, record("dogs", id=2), state({"n": 2})], schema_changes="freeze")
    assert place.rows("dogs") == [{"id": 1, "x": 1}]
    assert len(place.log()) == 1


def test_a_changed_key_is_refused_with_what_to_do(place: Place) -> None:
    """The table's rows and its history stay as they are."""
    place.load([dogs(INT), record("dogs", id=1, x=1), state({"n": 1})])
    with pytest.raises(IncompatibleChangeError, match="table_map") as told:
        place.load([{**dogs(INT), "key_properties": ["id", "x"]}])
    assert "the key (id)" in str(told.value)
    assert "the key (id, x)" in str(told.value)
    assert place.rows("dogs") == [{"id": 1, "x": 1}]
