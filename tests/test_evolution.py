"""Evolution: columns added, types widened, never narrowed or dropped."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state
from support_values import ID, json_text, lite

from target_dolt.errors import IncompatibleChangeError, UnsupportedTypeError

INT = {"type": ["null", "integer"]}
SMALL = {**INT, "minimum": -100, "maximum": 100}
MEDIUM = {**INT, "minimum": -(2**31), "maximum": 2**31 - 1}
UNSIGNED = {**INT, "minimum": 0, "maximum": 2**64 - 1}
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

KINDS: dict[str, tuple[Any, Any, Any, str]] = {
    "boolean": (BOOL, True, 1, "true"),
    "smallint": (SMALL, 7, 7, "7"),
    "integer": (MEDIUM, 2**31 - 1, 2**31 - 1, "2147483647"),
    "bigint": (INT, 2**53 + 1, 2**53 + 1, "9007199254740993"),
    "unsigned": (UNSIGNED, 2**64 - 1, 2**64 - 1, "18446744073709551615"),
    "money": (MONEY, 1.5, Decimal("1.5"), "1.50"),
    "exact": (EXACT, 0.0001, Decimal("0.0001"), "0.0001"),
    "huge": (HUGE, 10**25, Decimal(10**25), "1" + "0" * 25),
    "double": (NUMBER, 0.5, 0.5, "0.5"),
    "short": (SHORT, "a", "a", "a"),
    "longer": (LONGER, "b" * 20, "b" * 20, "b" * 20),
    "text": (TEXT, "c" * 99, "c" * 99, "c" * 99),
    "date": (DATE, "2020-01-02", "2020-01-02", "2020-01-02"),
    "time": (TIME, "03:04:05.5", "03:04:05.500000", "03:04:05.500000"),
    "moment": (MOMENT, *("2020-01-02T03:04:05.25Z", *["2020-01-02 03:04:05.250000"] * 2)),
    "object": (OBJECT, {"a": [1.5]}, {"a": [Decimal("1.5")]}, '{"a":[1.5]}'),
}
"""Of each type a property's schema, a value, what it is in a column of a like type, and as text."""

WIDER = """
           boolean smallint integer bigint unsigned money  exact  huge   double
boolean    BOOL    SMALLINT INTEGER BIGINT UBIGINT  D6,2   D14,4  D31,0  DOUBLE
smallint   .       SMALLINT INTEGER BIGINT D20,0    D7,2   D14,4  D31,0  DOUBLE
integer    .       .        INTEGER BIGINT D20,0    D12,2  D14,4  D31,0  DOUBLE
bigint     .       .        .       BIGINT D20,0    D21,2  D23,4  D31,0  TEXT
unsigned   .       .        .       .      UBIGINT  D22,2  D24,4  D31,0  TEXT
money      .       .        .       .      .        D6,2   D14,4  D33,2  TEXT
exact      .       .        .       .      .        .      D14,4  D35,4  TEXT
huge       .       .        .       .      .        .      .      D31,0  TEXT
double     .       .        .       .      .        .      .      .      DOUBLE
"""
"""What two types of number become, whichever comes first. A double keeps no whole number beyond
2**53, of which there is one here, and no decimal exactly."""

ALIKE = {
    ("short", "short"): "VARCHAR(10)",
    ("longer", "longer"): "VARCHAR(20)",
    ("short", "longer"): "VARCHAR(20)",
    ("date", "date"): "DATE",
    ("time", "time"): "TIME(6)",
    ("moment", "moment"): "DATETIME(6)",
    ("date", "moment"): "DATETIME(6)",
    ("object", "object"): "JSON",
}
"""What two other types become, in either order; all that is in neither table becomes LONGTEXT."""


def wider_types() -> dict[frozenset[str], str]:
    """Return what each pair of kinds becomes."""
    found = {frozenset(pair): name for pair, name in ALIKE.items()}
    head, *rows = (line.split() for line in WIDER.split("\n") if line)
    for row in rows:
        for other, short in zip(head, row[1:], strict=True):
            name = re.sub(r"D(\d+),(\d+)", r"DECIMAL(\1, \2)", short)
            name = {"UBIGINT": "BIGINT UNSIGNED", "TEXT": "LONGTEXT"}.get(name, name)
            if name != ".":
                found[frozenset((row[0], other))] = name
    return found


def dogs(kind: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the SCHEMA of dogs whose column x is of a kind."""
    return schema("dogs", {"id": {"type": "integer"}, "x": kind, **more})


@pytest.mark.parametrize("old", KINDS)
def test_any_two_types_meet_in_the_narrowest_that_keeps_the_values_of_both(
    place: Place, old: str
) -> None:
    """A column for each other type: widened at once, used, and met by its old SCHEMA again."""
    order = wider_types()
    kept = {new: order.get(frozenset((old, new)), "LONGTEXT") for new in KINDS}

    def run(number: int, kinds: dict[str, str]) -> None:
        """Load one row whose columns are of these kinds."""
        place.load(
            [
                schema("t", {"id": INT} | {name: KINDS[kind][0] for name, kind in kinds.items()}),
                record("t", id=number, **{name: KINDS[kind][1] for name, kind in kinds.items()}),
                record("t", id=9),
                state({"n": number}),
            ]
        )

    run(1, dict.fromkeys(KINDS, old))
    run(2, {name: name for name in KINDS})
    run(3, dict.fromkeys(KINDS, old))
    types = place.query(
        "SELECT column_name, column_type FROM _target_dolt_columns WHERE column_name <> 'id'"
    )
    assert dict(types) == kept
    first, second, third, empty = place.rows("t")
    assert empty == {"id": 9, **dict.fromkeys(KINDS)}
    for new, kind in kept.items():
        told = [KINDS[one][3 if kind == "LONGTEXT" else 2] for one in (old, new)]
        if {old, new} == {"date", "moment"}:
            told = [text if len(text) > 10 else f"{text} 00:00:00.000000" for text in told]
        before = first[new]
        if old == "object" and kind == "LONGTEXT":
            before = before.replace(" ", "")  # Dolt's own spelling stays where JSON became text
        assert [before, second[new], third[new]] == [told[0], told[1], told[0]], (old, new)
    messages = place.query("SELECT message FROM dolt_log")
    widened = {
        found for (message,) in messages for found in re.findall(r"widened t\.(\w+): ", message)
    }
    assert widened == {new for new, kind in kept.items() if kind != kept[old]}


@pytest.mark.parametrize("whole", [True, False], ids=["whole-records", "parts-of-rows"])
def test_whole_numbers_that_doubles_keep_become_doubles_and_later_ones_text(
    place: Place, *, whole: bool
) -> None:
    """Two columns need text in one record; what came before is kept."""
    both = schema("t", {"id": INT, "x": INT, "y": INT, **({} if whole else {"z": INT})})
    doubles = schema("t", {"id": INT, "x": NUMBER, "y": NUMBER})
    place.load([both, record("t", id=1, x=5, y=2**53), state(1)])
    place.load([doubles, record("t", id=2, x=0.5, y=1.5), state(2)])
    rest = {} if whole else {"z": None}
    assert place.rows("t") == [
        {"id": 1, "x": 5.0, "y": 2.0**53, **rest},
        {"id": 2, "x": 0.5, "y": 1.5, **rest},
    ]
    large = [record("t", id=n, x=2**53 + n, y=2**60 + n) for n in (3, 5)]
    place.load([both, *large, state(3)])
    assert place.rows("t")[2:] == [
        {"id": n, "x": str(2**53 + n), "y": str(2**60 + n), **rest} for n in (3, 5)
    ]
    assert place.rows("t")[1] == {"id": 2, "x": "0.5", "y": "1.5", **rest}


NUMBERS = {
    "2": "2",
    "-0.0": "0",
    "0.1": "0.1",
    "1e-7": "0.0000001",
    "0.00001": "0.00001",
    "1e16": "1" + "0" * 16,
    "-1.5e300": "-15" + "0" * 299,
    "123456789012345680": "123456789012345680",
    "0.30000000000000004": "0.30000000000000004",
}
"""Doubles as a tap writes them, and as text."""


@pytest.mark.parametrize("before", [[], [INT]], ids=["doubles", "integers-first"])
def test_doubles_that_became_text_are_the_same_text_when_they_come_again(
    place: Place, before: list[Any]
) -> None:
    """Whether the engine's ALTER spelled them or the loader did: no exponent, no empty fraction."""
    for number, kind in enumerate([*before, NUMBER]):
        place.load([dogs(kind), record("dogs", id=100, x=7), state({"n": number})])
    again = [
        dogs(NUMBER),
        *(
            f'{{"type": "RECORD", "stream": "dogs", "record": {{"id": {number}, "x": {one}}}}}'
            for number, one in enumerate(NUMBERS)
        ),
        record("dogs", id=100, x=7),
    ]
    place.load([*again, state({"n": 8})])
    place.load([dogs(TEXT), record("dogs", id=101, x="seven"), state({"n": 9})])
    texts = dict(enumerate(NUMBERS.values())) | {100: "7", 101: "seven"}
    assert {row["id"]: row["x"] for row in place.rows("dogs")} == texts
    place.load([dogs(INT), record("dogs", id=100, x=7), state({"n": 10})])
    place.load([*again, state({"n": 11})])
    assert {row["id"]: row["x"] for row in place.rows("dogs")} == texts
    assert place.log()[-2:] == ["Load dogs: no rows"] * 2


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


def test_the_same_key_in_another_order_is_the_same_key(place: Place) -> None:
    """Taps list a key's columns in any order; another key is refused."""
    pair = {"a": INT, "b": INT, "v": TEXT}
    place.load([schema("t", pair, ["a", "b"]), record("t", a=1, b=2, v="x"), state(1)])
    place.load([schema("t", pair, ["b", "a"]), record("t", a=1, b=2, v="y"), state(2)])
    assert place.rows("t") == [{"a": 1, "b": 2, "v": "y"}]
    assert place.log()[-1] == "Load t: 1 changed"


@pytest.mark.parametrize("keys", [["x"], []], ids=["another-key", "no-key"])
def test_a_stream_without_the_key_of_its_table_is_refused_with_what_to_do(
    place: Place, keys: list[str]
) -> None:
    """And loaded elsewhere as the message says."""
    text = {**TEXT, "maxLength": 20}
    place.load([dogs(text), record("dogs", id=1, x="a"), state({"n": 1})])
    other = [{**dogs(text), "key_properties": keys}, record("dogs", id=1, x="b"), state({"n": 2})]
    with pytest.raises(IncompatibleChangeError, match="table_map"):
        place.load(other)
    assert place.rows("dogs") == [{"id": 1, "x": "a"}]
    place.load(other, table_map={"dogs": "dogs_by_x"})
    assert place.rows("dogs_by_x") == [{"id": 1, "x": "b"}]


@pytest.mark.parametrize("cure", ["ALTER TABLE dogs RENAME TO older_dogs", "DROP TABLE dogs"])
def test_the_key_of_a_table_changes_as_the_message_says(place: Place, cure: str) -> None:
    """The new table has the new key and all rows; the old one is there, or in history."""
    place.load(
        [dogs(INT, y=SHORT), *(record("dogs", id=n, x=7, y="a") for n in (1, 2)), state({"n": 1})]
    )
    pair = {"id": {"type": "integer"}, "x": {"type": "integer"}, "y": SHORT}
    rows = [{"id": 1, "x": 7, "y": "a"}, {"id": 1, "x": 8, "y": "b"}, {"id": 2, "x": 7, "y": "a"}]
    again = [
        schema("dogs", pair, ["id", "x"]),
        *(record("dogs", **row) for row in rows),
        state({"n": 2}),
    ]
    with pytest.raises(IncompatibleChangeError, match=r"rename or drop the table and commit that"):
        place.load(again)
    [first] = place.commits()
    commit(place, cure)
    assert place.load(again) == [{"n": 2}]
    assert place.rows("dogs") == rows
    assert [row["id"] for row in place.rows("dogs", at=first)] == [1, 2]
    assert place.log()[1:] == ["by hand", "Load dogs: 3 added"]
    if "RENAME" in cure:
        assert [row["id"] for row in place.rows("older_dogs")] == [1, 2]
    place.load([again[0], record("dogs", id=1, x=8, y="c"), state({"n": 3})])
    assert [row["y"] for row in place.rows("dogs")] == ["a", "c", "a"]


def test_a_number_in_a_key_that_becomes_text_stays_a_key_of_bounded_text(place: Place) -> None:
    """Rows keep their keys, and the old SCHEMA's numbers meet their own rows again."""
    place.load([dogs(INT), *(record("dogs", id=n, x=n) for n in (1, 20)), state({"n": 1})])
    named = schema("dogs", {"id": {"type": "string"}, "x": INT})
    place.load([named, record("dogs", id="b", x=3), record("dogs", id="1", x=4), state({"n": 2})])
    place.load([dogs(INT), record("dogs", id=20, x=5), state({"n": 3})])
    assert [tuple(row.values()) for row in place.rows("dogs")] == [("1", 4), ("20", 5), ("b", 3)]
    types = place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'id'")
    assert types == [("VARCHAR(768)",)]


def test_a_commit_that_widens_a_key_does_not_say_that_no_row_differs(place: Place) -> None:
    """Dolt compares no rows across a key's change; the message says so, and counts none."""

    def pets(length: int, *names: str) -> None:
        name = {"type": "string", "maxLength": length}
        place.load([schema("pets", {"id": name}), *(record("pets", id=one) for one in names)])

    pets(5, "a")
    place.load([schema("empty", {"id": {"type": "string", "maxLength": 5}})])
    pets(50, "b")
    place.load([schema("empty", {"id": {"type": "string", "maxLength": 50}})])
    told = "key changed, rows not compared" if server(place) else "1 added"
    expected = ["1 added", "no rows", told, "no rows"]
    assert [one.partition(": ")[2] for one in place.log()] == expected


def server(place: Place) -> bool:
    """Whether the place is a Dolt server."""
    return "host" in place.config


def commit(place: Place, *statements: str) -> None:
    """Change a database as a person would."""
    place.execute(*statements)
    place.call("dolt_add", "-A")
    place.call("dolt_commit", "-m", "by hand")


def test_a_unique_index_beside_the_key_is_refused_before_a_row_takes_anothers_place(
    place: Place,
) -> None:
    """A person has made it; Dolt would put a row that meets another one there in its place."""
    place.load([dogs(SHORT), record("dogs", id=1, x="a"), state({"n": 1})])
    commit(place, "CREATE UNIQUE INDEX one_x ON dogs (x)")
    again = [dogs(SHORT), record("dogs", id=2, x="a"), state({"n": 2})]
    with pytest.raises(IncompatibleChangeError, match="'one_x'"):
        place.load(again)
    assert place.rows("dogs") == [{"id": 1, "x": "a"}]
    commit(place, "DROP INDEX one_x ON dogs" if server(place) else "DROP INDEX one_x")
    place.load(again)
    assert place.rows("dogs") == [{"id": 1, "x": "a"}, {"id": 2, "x": "a"}]


def test_an_index_that_somebody_made_outlives_a_widening(place: Place) -> None:
    """DoltLite makes the table anew where a type is stored in another way."""
    place.load([dogs(INT, y=SHORT), record("dogs", id=1, x=7, y="a"), state({"n": 1})])
    commit(place, "CREATE INDEX by_y ON dogs (y)")
    place.load([dogs(TEXT, y=SHORT), record("dogs", id=2, x="b", y="c"), state({"n": 2})])
    database = place.open()
    with database.connect() as connection, connection.begin():
        found = [one["name"] for one in sa.inspect(connection).get_indexes("dogs")]
    database.close()
    assert found == ["by_y"]
    assert [row["x"] for row in place.rows("dogs")] == ["7", "b"]


def test_a_column_that_takes_no_null_is_made_to_take_it(place: Place) -> None:
    """In a table that somebody else has made; `freeze` says so and changes nothing."""
    commit(
        place,
        "CREATE TABLE dogs (id BIGINT PRIMARY KEY, x VARCHAR(10) NOT NULL)"
        if server(place)
        else "CREATE TABLE dogs (id INTEGER PRIMARY KEY, x TEXT NOT NULL) STRICT",
    )
    lines = [dogs(SHORT), record("dogs", id=1), record("dogs", id=2, x="a"), state({"n": 1})]
    with pytest.raises(IncompatibleChangeError, match="'x' to take NULL"):
        place.load(lines, schema_changes="freeze")
    place.load(lines)
    assert place.rows("dogs") == [{"id": 1, "x": None}, {"id": 2, "x": "a"}]
    [(message,), *_] = place.query("SELECT message FROM dolt_log")
    assert "widened dogs.x: NOT NULL -> NULL" in message
    assert message.startswith("Load dogs: 2 added\n")


def test_a_column_that_a_schema_map_drops_and_adds_back_is_the_same_column(place: Place) -> None:
    """It is NULL in rows that come meanwhile, and keeps the values of the others."""
    lines = [dogs(INT), record("dogs", id=1, x=1), record("dogs", id=2, x=2), state({"n": 1})]
    place.load(lines)
    place.load([*lines[:2], state({"n": 2})], stream_maps={"dogs": {"x": None}})
    assert [row["x"] for row in place.rows("dogs")] == [None, 2]
    place.load([*lines[:2], state({"n": 3})])
    assert [row["x"] for row in place.rows("dogs")] == [1, 2]
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 1 changed", "Load dogs: 1 changed"]


@pytest.mark.parametrize("kind", [INT, TEXT], ids=["same-type", "another-type"])
def test_a_column_that_somebody_dropped_comes_back_with_the_next_schema(
    place: Place, kind: Any
) -> None:
    """Of whatever type it then has: old rows have NULL there, history keeps what they had."""
    place.load([dogs(INT), record("dogs", id=1, x=1), state({"n": 1})])
    [before] = place.commits()
    commit(place, "ALTER TABLE dogs DROP COLUMN x")
    value = "b" if kind is TEXT else 5
    place.load([dogs(kind), record("dogs", id=2, x=value), state({"n": 2})])
    assert place.rows("dogs") == [{"id": 1, "x": None}, {"id": 2, "x": value}]
    assert place.query("SELECT x FROM dogs", at=before) == [(1,)]


def test_all_changes_of_a_schema_are_one_statement_where_the_engine_can(place: Place) -> None:
    """Two columns added and two widened at once: Dolt needs one ALTER."""
    statements: list[str] = []

    def note(*event: Any) -> None:
        statements.extend([event[2]] if event[2].startswith("ALTER TABLE") else [])

    place.load([dogs(SMALL, y=SHORT), record("dogs", id=1, x=1, y="a"), state({"n": 1})])
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        change = dogs(INT, y=LONGER, z=INT, w=TEXT)
        place.load([change, change, record("dogs", id=2, x=2), change, state({"n": 2})])
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    added = ["z", "w"]
    assert len(statements) == (1 if server(place) else len(added)), statements
    assert list(place.rows("dogs")[0]) == ["id", "x", "y", *added]


DOCUMENTED = re.findall(
    r"^\| `(\w+)` \| `(\w+)` \| (all rows|no row) \| (all rows|no row) \|$",
    (Path(__file__).parents[1] / "docs/loading.md").read_text(),
    re.MULTILINE,
)


@pytest.mark.parametrize(("old", "new", "dolt", "doltlite"), DOCUMENTED)
def test_the_docs_say_which_widenings_show_every_row_as_modified(
    place: Place, old: str, new: str, dolt: str, doltlite: str
) -> None:
    """Measured by a row that comes with the wider type."""
    value = 7 if old == "bigint" else KINDS[old][1]
    place.load([dogs(KINDS[old][0]), *(record("dogs", id=n, x=value) for n in (1, 2)), state(1)])
    place.load([dogs(KINDS[new][0]), record("dogs", id=3, x=KINDS[new][1]), state(2)])
    said = dolt if server(place) else doltlite
    changed = ", 2 changed" if said == "all rows" else ""
    assert place.log()[-1] == f"Load dogs: 1 added{changed}"


def test_the_docs_have_a_row_for_each_step_of_the_order() -> None:
    """And those rows are what the test above has read."""
    assert len(DOCUMENTED) == 20


def test_a_number_of_any_scale_is_a_double_until_one_comes_that_no_double_has(
    place: Place,
) -> None:
    """So pipelinewise announces a numeric without a precision: then all of the column is text."""
    fine = {"type": ["null", "number"], "multipleOf": Decimal("1e-38"), "maximum": 10**62}
    asked = json_text(schema("t", {"id": ID, "v": fine}))
    place.load([asked, record("t", id=1, v=0.1), record("t", id=2, v=2.5), state({"n": 1})])
    assert [row["v"] for row in place.rows("t")] == [0.1, 2.5]
    digits = "3.14159265358979323846264338327950288419"
    line = f'{{"type": "RECORD", "stream": "t", "record": {{"id": 3, "v": {digits}}}}}'
    place.load([asked, line, record("t", id=4, v=7), state({"n": 2})])
    assert [row["v"] for row in place.rows("t")] == ["0.1", "2.5", digits, "7"]
    assert "widened t.v: DOUBLE -> LONGTEXT" in place.query("SELECT message FROM dolt_log")[0][0]


def test_a_frozen_table_takes_narrower_schemas_than_its_columns(place: Place) -> None:
    """A column that is text, or wide, takes what is written as such: that is no change."""
    narrow = {"v": {"type": "boolean"}, "w": {"type": "integer", "minimum": 0, "maximum": 9}}
    wide = {"v": {"type": "string"}, "w": {"type": "integer"}}
    for number, (properties, v) in enumerate(((narrow, True), (wide, "x"), (narrow, False))):
        lines = [schema("dogs", {"id": {"type": "integer"}, **properties})]
        lines += [record("dogs", id=number, v=v, w=number), state({"n": number})]
        place.load(lines, schema_changes="evolve" if number < 2 else "freeze")
    assert [row["v"] for row in place.rows("dogs")][1:] == ["x", "false"]


def test_a_persons_numbers_are_not_rounded_where_their_table_is_made_anew(tmp_path: Path) -> None:
    """SQLite's DECIMAL holds whole numbers that no double has: a load is refused, or keeps all."""
    place = Place({"path": str(tmp_path / "test.db")}, tmp_path)
    number = 2**53 + 1
    place.load([])
    place.execute(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, price DECIMAL(10, 2), n NUMERIC)",
        f"INSERT INTO goods VALUES (1, {number}, {number})",
    )
    place.call("dolt_commit", "-A", "-m", "by hand")
    priced = [schema("goods", {"id": ID, "price": MONEY}), record("goods", id=2, price=1.5)]
    with pytest.raises(IncompatibleChangeError, match="round whole numbers of 'n'"):
        place.load([*priced, state({"n": 1})])
    assert place.rows("goods") == [{"id": 1, "price": number, "n": number}]
    place.execute("UPDATE goods SET n = 3")
    place.call("dolt_commit", "-A", "-m", "by hand")
    assert place.load([*priced, state({"n": 1})]) == [{"n": 1}]
    assert place.query("SELECT price FROM goods ORDER BY id") == [(str(number),), ("1.50",)]


def test_more_columns_than_a_doltlite_table_has_room_for_are_refused_with_their_number(
    tmp_path: Path,
) -> None:
    """Before anything is written; those of earlier SCHEMAs count, for they stay."""
    place = lite(tmp_path)
    key = {"id": {"type": "integer"}}
    first, second = ({f"{one}{n}": INT for n in range(1_000)} for one in "ab")
    place.load([schema("t", key | first), record("t", id=1, a999=7), state({"n": 1})])
    with pytest.raises(UnsupportedTypeError) as refused:
        place.load([schema("t", key | second), record("t", id=2), state({"n": 2})])
    assert "stream 't', table 't': 2001 columns, a table has room for 2000" in str(refused.value)
    with pytest.raises(IncompatibleChangeError, match="freeze"):
        place.load([schema("t", key | second), record("t", id=2)], schema_changes="freeze")
    second.pop("b0")
    place.load([schema("t", key | second), record("t", id=2, b999=8), state({"n": 2})])
    assert place.query("SELECT id, a999, b999 FROM t ORDER BY id") == [(1, 7, None), (2, None, 8)]
