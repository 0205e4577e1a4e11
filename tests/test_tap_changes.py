"""tap-dolt, LOG_BASED: what changed between two commits, and what a target makes of it."""

from __future__ import annotations

import datetime as dt
import logging
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema
from support_dolt import NO_DOLT, DoltServer, needs_dolt
from support_tap import Pipe, catalogue_of, kinds, read, records, schemas
from support_types import Column, message_lines

DOGS = schema("public-dogs", {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}})
LOG_BASED = {"replication_method": "LOG_BASED"}


def dog(number: int, name: str | None, **more: Any) -> dict[str, object]:
    """Return a record."""
    return record("public-dogs", id=number, name=name, **more)


def gone(number: int) -> dict[str, object]:
    """Return the record of a delete."""
    return record("public-dogs", id=number, _sdc_deleted_at="2026-01-01T00:00:00Z")


def state_of(messages: list[dict[str, Any]]) -> Any:
    """Return the last STATE."""
    return [one["value"] for one in messages if one["type"] == "STATE"][-1]


def bookmark(messages: list[dict[str, Any]], stream: str = "dogs") -> Any:
    """Return a stream's bookmark."""
    return state_of(messages)["bookmarks"][stream]


@pytest.fixture
def other(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Iterator[Place]:
    """A fresh database on the backend that `place` is not on."""
    if "path" in place.config:
        if shutil.which("dolt") is None:
            pytest.skip(NO_DOLT)
        server: DoltServer = request.getfixturevalue("dolt_server")
        yield Place(server.new_database(), tmp_path)
    else:
        yield Place({"path": str(tmp_path / "other.db")}, tmp_path)


def test_changes_since_the_bookmark_go_out_deletes_first(place: Place) -> None:
    """Rows added, changed and deleted between two commits, over commits between them; a delete
    carries the old row and the commit's time, and the bookmark is the new commit."""
    place.load([DOGS, dog(1, "Cleo"), dog(2, "Pancakes"), dog(3, "Rex"), dog(4, None)])
    first = read(place, **LOG_BASED)
    assert kinds(first, "dogs") == ["SCHEMA", *["RECORD"] * 4, "ACTIVATE_VERSION"]
    assert bookmark(first)["commit"] == place.commits()[-1]
    version = bookmark(first)["version"]
    place.load([DOGS, dog(1, "Cleo II"), gone(3), dog(9, "shortlived")])
    place.load([DOGS, dog(5, "Bella"), gone(9)])
    second = read(place, state=state_of(first), **LOG_BASED)
    [(date,)] = place.query("SELECT date FROM dolt_log LIMIT 1")
    made = dt.datetime.fromisoformat(str(date)).replace(tzinfo=dt.timezone.utc).isoformat()
    assert records(second, "dogs") == [
        {"id": 3, "name": "Rex", "_sdc_deleted_at": made},
        {"id": 1, "name": "Cleo II"},
        {"id": 5, "name": "Bella"},
    ]
    assert "_sdc_deleted_at" in schemas(second, "dogs")[0]["properties"]
    assert kinds(second, "dogs") == ["SCHEMA", *["RECORD"] * 3]
    assert {one["version"] for one in second if one["type"] == "RECORD"} == {version}
    assert bookmark(second) == {"commit": place.commits()[-1], "version": version}


def test_nothing_changed_sends_no_record(place: Place) -> None:
    """The bookmark stays where the commit did."""
    place.load([DOGS, dog(1, "Cleo")])
    first = read(place, **LOG_BASED)
    second = read(place, state=state_of(first), **LOG_BASED)
    assert kinds(second, "dogs") == ["SCHEMA"]
    assert state_of(second) == state_of(first)


def test_a_ref_that_moved_back_undoes_what_went_out(place: Place) -> None:
    """Two refs are compared: the way between them may lead back, or over a merge."""
    place.load([DOGS, dog(1, "Cleo"), dog(2, "Rex")])
    place.call("dolt_tag", "v1")
    place.load([DOGS, dog(1, "Cleo II"), gone(2), dog(3, "Bella")])
    second = read(place, **LOG_BASED)
    back = read(place, state=state_of(second), ref="v1", **LOG_BASED)
    found = [{**one, "_sdc_deleted_at": None} for one in records(back, "dogs")]
    assert [(one["id"], one["name"]) for one in found] == [(3, "Bella"), (1, "Cleo"), (2, "Rex")]


def test_a_merge_sends_what_both_sides_have_changed(place: Place) -> None:
    """And nothing twice of what the bookmark's own side had sent."""
    place.load([DOGS, dog(1, "Cleo"), dog(2, "Rex")])
    place.load([DOGS, dog(3, "Bella"), gone(2)], branch="review", pipeline_id="review")
    place.load([DOGS, dog(4, "Otto")])
    first = read(place, **LOG_BASED)
    place.load([DOGS, dog(1, "Cleo II")])
    place.call("dolt_merge", "--no-ff", "-m", "both", "review")
    second = records(read(place, state=state_of(first), **LOG_BASED), "dogs")
    found = [(one["id"], one["name"], "_sdc_deleted_at" in one) for one in second]
    assert found == [(2, "Rex", True), (1, "Cleo II", False), (3, "Bella", False)]


def test_another_schema_goes_out_as_a_new_one(place: Place) -> None:
    """The records have the columns of the end commit; of a column whose type has changed, a
    delete does not carry the old value."""
    wide = {"id": {"type": "integer"}, "n": {"type": "integer", "minimum": 0, "maximum": 9}}
    place.load([schema("t", wide), *(record("t", id=one, n=one) for one in (1, 2))])
    first = read(place, **LOG_BASED)
    text = {"id": {"type": "integer"}, "n": {"type": "string"}, "new": {"type": "string"}}
    changes = [record("t", id=1, n="a", new="b"), record("t", id=2, _sdc_deleted_at="2026-01-01")]
    place.load([schema("t", text), *changes])
    second = read(place, state=state_of(first), **LOG_BASED)
    [found] = schemas(second, "t")
    assert found["properties"]["n"]["type"] == ["string", "null"]
    assert list(found["properties"]) == ["id", "n", "new", "_sdc_deleted_at"]
    [deleted, changed] = records(second, "t")
    assert deleted.keys() == {"id", "_sdc_deleted_at"}
    assert changed == {"id": 1, "n": "a", "new": "b"}


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("key", "its primary key is another one"),
        ("type", "a column of its primary key has another type"),
        ("again", "the bookmark's commit has no such table"),
        ("lost", "the database has the bookmark's commit no more"),
        ("keyless", "it has no key, and has changed"),
    ],
)
def test_what_no_difference_tells_is_sent_whole(
    place: Place, caplog: pytest.LogCaptureFixture, case: str, reason: str
) -> None:
    """A table with another key or a wider one, made anew, of a lost commit or without a key: all of
    its rows, a new version, and one line of the log that says why."""
    is_lite = "path" in place.config
    keys = () if case == "keyless" else ("id",)
    name = {"name": {"type": ["null", "string"]}}
    wide = schema("t", {"id": {"type": "integer"}, **name}, keys)
    narrow = schema("t", {"id": {"type": "integer", "minimum": 0, "maximum": 9}, **name}, keys)
    head = narrow if case == "type" else wide
    place.load([head, record("t", id=1, name="a"), record("t", id=2, name="b")])
    text, number = ("TEXT", "INTEGER") if is_lite else ("VARCHAR(20)", "BIGINT")
    made = f"CREATE TABLE t (id {number}, name {text}, PRIMARY KEY (id, name))"
    if case == "again":
        place.execute("DROP TABLE t")
        place.call("dolt_commit", "-A", "-m", "dropped")
        place.load([DOGS, dog(1, "Cleo")])
    first = read(place, **LOG_BASED)
    state = state_of(first)
    if case == "lost":
        state["bookmarks"]["t"]["commit"] = place.commits()[-1][::-1]
    if case == "again":
        state["bookmarks"]["t"] = {"commit": place.commits()[-1], "version": 1}
    if case == "key":
        place.execute("DROP TABLE t")
    if case in {"key", "again"}:
        place.execute(made, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        place.call("dolt_commit", "-A", "-m", "by hand")
    if case == "keyless":
        place.load([head, record("t", id=1, name="a")])
    if case == "type":
        removed = record("t", id=2, _sdc_deleted_at="2026-01-01")
        place.load([wide, removed, record("t", id=1, name="a")])
    caplog.set_level(logging.INFO, "tap-dolt")
    second = read(place, state=state, **LOG_BASED)
    rows = [(one["id"], one["name"]) for one in records(second, "t")]
    both = [(1, "a"), (2, "b")]
    expected = {"keyless": [*both, (1, "a")], "type": [(1, "a")]}
    assert sorted(rows) == sorted(expected.get(case, both))
    assert kinds(second, "t")[-1] == "ACTIVATE_VERSION"
    assert [one.message for one in caplog.records if reason in one.message] != []
    assert bookmark(second, "t")["commit"] == place.commits()[-1]


def test_a_table_without_a_key_that_did_not_change_is_not_sent(place: Place) -> None:
    """It has a bookmark too; a commit of another table sends nothing of it."""
    lines = schema("log", {"line": {"type": "string"}}, ())
    place.load([lines, record("log", line="woof")])
    first = read(place, **LOG_BASED)
    place.load([DOGS, dog(1, "Cleo")])
    second = read(place, state=first[-1]["value"], **LOG_BASED)
    assert kinds(second, "log") == ["SCHEMA"]
    assert bookmark(second, "log")["commit"] == place.commits()[-1]


def test_a_full_table_forgets_the_bookmark(place: Place) -> None:
    """What goes on from an older commit after it would miss what was changed and changed back."""
    place.load([DOGS, dog(1, "Cleo")])
    first = read(place, **LOG_BASED)
    assert bookmark(read(place, state=state_of(first))) == {}


def test_ten_commits_arrive_in_the_other_backend(place: Place, other: Place) -> None:
    """After each commit the target's table is the source's, row for row, and each run made one
    commit there."""
    dice = random.Random(20)  # noqa: S311 - the same at every run
    pipe = Pipe(place, other)
    there: dict[int, str] = {}
    for turn in range(10):
        changes: list[Any] = []
        for _ in range(dice.randint(1, 8)):
            number = dice.randint(1, 12)
            if number in there and dice.random() < 0.4:
                del there[number]
                changes.append(gone(number))
            else:
                there[number] = f"name {turn} \\ ' \" \n 😀"
                changes.append(dog(number, there[number]))
        head = DOGS
        if turn >= 5:
            more = {"age": {"type": ["integer", "null"]}}
            head = {**DOGS, "schema": {"properties": {**DOGS["schema"]["properties"], **more}}}
            changes = [{**one, "record": {**one["record"], "age": turn}} for one in changes]
        place.load([head, *changes])
        pipe.run()
        assert other.rows("dogs") == place.rows("dogs")
        assert len(other.rows("dogs")) == len(there)
    assert len(other.commits()) == len(place.commits())


POSTGRES = [
    ("small", "smallint", [-32768, None]),
    ("big", "bigint", [-(2**63), 2**63 - 1]),
    ("exact", "numeric(40,10)", ["123456789012345678901234567890.0123456789", "-0.5"]),
    ("free", "numeric", ["123456789.123456789123456789", "NaN"]),
    ("single", "real", [1, None]),
    ("double", "double precision", [2, None]),
    ("flag", "boolean", [True, False]),
    ("born", "date", ["2020-02-29", "0001-01-01"]),
    ("clock", "time without time zone", ["23:59:59.999999", "00:00:00"]),
    ("seen", "timestamp with time zone", ["2026-01-01T01:02:03.000004+00:00", None]),
    ("raw", "bytea", ["\\x00ff27", "\\x"]),
    ("doc", "jsonb", [{"a": [1, {"b": None}]}, {}]),
    ("list", "integer[]", [[1, 2, None], []]),
    ("id2", "uuid", ["00000000-0000-0000-0000-0000000000ff", None]),
    ("addr", "inet", ["10.0.0.1/8", "::1"]),
    ("short", "character varying(20)", ["a\tb\\N\n'\"", ""]),
    ("long", "text", ["\u0001 😀 \u2028 <\\u0000>", "x" * 70000]),
]
"""Postgres's types with two values of each, as a tap sends them."""


MYSQL = [
    ("flag", "tinyint(1)", [True, False]),
    ("tiny", "tinyint unsigned", [255, 0]),
    ("medium", "mediumint", [-8388608, None]),
    ("huge", "bigint unsigned", [2**64 - 1, 0]),
    ("exact", "decimal(65,30)", ["1" * 35 + "." + "2" * 30, "-0.5"]),
    ("single", "float", [1, None]),
    ("bits", "bit(12)", [4095, 0]),
    ("year", "year", [1901, 2155]),
    ("clock", "time", ["-838:59:59", "1:00:00"]),
    ("born", "date", ["2020-02-29T00:00:00Z", "0000-00-00T00:00:00Z"]),
    ("seen", "datetime", ["2026-01-01T01:02:03.000004", "0000-00-00T00:00:00"]),
    ("pick", "enum('a','b''c')", ["a", "b'c"]),
    ("many", "set('x','y','z')", ["z,x", ""]),
    ("raw", "varbinary(10)", ["00ff27", ""]),
    ("fixed", "binary(4)", ["00ff", None]),
    ("blob", "longblob", ["5c0a00", None]),
    ("doc", "json", [{"a": 1.5}, [1, "2", None]]),
    ("code", "char(3)", ["ab", "äöü"]),
]
"""MySQL's types likewise."""


@pytest.mark.parametrize(
    ("dialect", "columns"), [("postgres", POSTGRES), ("mysql", MYSQL)], ids=["postgres", "mysql"]
)
@pytest.mark.parametrize("changed", [False, True], ids=["whole", "changed"])
def test_types_and_values_arrive_in_the_other_backend(
    place: Place, other: Place, dialect: str, columns: list[Column], *, changed: bool
) -> None:
    """Native types, column types, keys, schemas and every value are the same after the pipe,
    whether the rows came with the whole table or as a difference."""
    rows = [{"id": turn, **{name: values[turn] for name, _, values in columns}} for turn in (0, 1)]
    pipe = Pipe(place, other)
    lines = message_lines(columns, rows)
    place.load(lines[:1] if changed else lines, source_dialect=dialect)
    pipe.run()
    if changed:
        place.load(lines, source_dialect=dialect)
        pipe.run()
    assert other.rows("t") == place.rows("t")
    assert len(other.rows("t")) == 2
    assert noted(other) == noted(place)


def test_types_that_many_sources_have_keep_their_dialect(place: Place, other: Place) -> None:
    """The SCHEMA says whose they are: of an integer and a numeric nobody else could tell."""
    columns: list[Column] = [("n", "integer", [1]), ("d", "numeric(10,2)", [2])]
    place.load(message_lines(columns, [{"id": 1, "n": 1, "d": 2}]), source_dialect="postgres")
    Pipe(place, other).run()
    assert {one.source_dialect for one in catalogue_of(other, "t").values()} == {"postgres"}
    assert noted(other) == noted(place)


def noted(place: Place) -> list[tuple[Any, ...]]:
    """Return what the catalogue says of the table, but for the names that the source had."""
    return [
        (
            one.column_name,
            one.column_type,
            one.key_position,
            one.source_dialect,
            one.native_type,
            one.json_schema,
        )
        for one in catalogue_of(place, "t").values()
    ]


OWN = {
    "flag": ("BOOLEAN", "1"),
    "tiny": ("TINYINT UNSIGNED", "255"),
    "huge": ("BIGINT UNSIGNED", "18446744073709551615"),
    "exact": ("DECIMAL(65,30)", "12345678901234567890.012345678901234567890123456789"),
    "single": ("FLOAT", "0.1"),
    "size": ("DOUBLE", "1.7976931348623157e308"),
    "bits": ("BIT(12)", "b'101'"),
    "year": ("YEAR", "1999"),
    "clock": ("TIME(6)", "'-838:59:59'"),
    "born": ("DATE", "'2020-02-29'"),
    "seen": ("DATETIME(6)", "'2026-01-01 01:02:03.000004'"),
    "pick": ("ENUM('a','b')", "'b'"),
    "many": ("SET('x','y')", "'x,y'"),
    "raw": ("VARBINARY(10)", "X'00ff27'"),
    "lump": ("LONGBLOB", "X'5c0a00'"),
    "doc": ("JSON", "'{\"a\": [1, null]}'"),
    "code": ("CHAR(3)", "'ab'"),
    "note": ("LONGTEXT", "'x'"),
}
"""Columns that a person made on Dolt, each with a value."""


@needs_dolt
def test_a_persons_dolt_table_arrives_with_its_types(
    dolt_server: DoltServer, tmp_path: Path
) -> None:
    """No catalogue tells of it; the same table comes out at another Dolt database."""
    one, two = (Place(dolt_server.new_database(), tmp_path) for _ in range(2))
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in OWN.items())
    values = ", ".join(value for _, value in OWN.values())
    one.execute(
        f"CREATE TABLE t (id BIGINT PRIMARY KEY, {columns}) COLLATE utf8mb4_0900_bin",
        f"INSERT INTO t VALUES (1, {values})",
    )
    one.call("dolt_commit", "-A", "-m", "by hand")
    Pipe(one, two).run()
    [(_, wanted)], [(_, found)] = (place.query("SHOW CREATE TABLE t") for place in (one, two))
    assert found == wanted
    query = "SELECT * FROM t"
    assert two.query(query) == one.query(query)
