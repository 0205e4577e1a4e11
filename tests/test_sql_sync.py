"""What doltpy's deprecated sql_sync was tested for, and each of its known faults, shown absent.

Its tests had five steps of inserts, updates and deletes in each direction; here these run against
every kind of source, on each backend. Oracle, which it wrote rows to, is no source here.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from support import Place, database_of
from support_snapshot import NEEDS, PAIRS, Source

from tap_adapters import sync
from tap_adapters.commands.cli import cli
from tap_adapters.history import diff
from tap_adapters.restore import Restored, restore
from target_dolt.errors import ConfigError

on_postgres = pytest.mark.parametrize(
    "new_source", [pytest.param("postgres", marks=NEEDS["postgres"])], indirect=True
)
on_servers = pytest.mark.parametrize(
    "new_source",
    [pytest.param(kind, marks=NEEDS[kind]) for kind in ("postgres", "mysql")],
    indirect=True,
)

PEOPLE = (
    "CREATE TABLE people (first varchar(20) NOT NULL, last varchar(20) NOT NULL, age integer, "
    "PRIMARY KEY (first, last))"
)
STEPS = (
    "INSERT INTO people VALUES ('Ada', 'King', 36), ('Ada', 'Lovelace', 36), ('Eve', 'King', 20)",
    "INSERT INTO people VALUES ('Eve', 'Lovelace', 21)",
    "UPDATE people SET age = 37 WHERE first = 'Ada'",
    "DELETE FROM people WHERE first = 'Ada' AND last = 'King'",
    "INSERT INTO people VALUES ('Zoe', 'O''Hara', NULL)",
)
"""One step a commit, as its tests had them."""


def snapshot(place: Place, source: Source, **options: Any) -> sync.Taken:
    """Take a snapshot."""
    return sync.snapshot(source.url, database_of(place), **options)


def back(place: Place, source: Source, **options: Any) -> Restored:
    """Carry a commit back, and see it equal there."""
    done = restore(database_of(place), source.url, **options)
    assert [one.table for one in done.checked if not one.equal] == []
    return done


def people(source: Source) -> list[tuple[Any, ...]]:
    """Return the source's people."""
    return sorted(source.query("SELECT * FROM people"))


@pytest.fixture
def history(place: Place, source: Source) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """Five commits of a source's people, each with what the source had then."""
    source.execute(PEOPLE)
    told = []
    for step in STEPS:
        source.execute(step)
        taken = snapshot(place, source)
        assert taken.commit is not None
        told.append((taken.commit.hash, people(source)))
    return told


def test_five_steps_are_five_commits(
    place: Place, history: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    """`mysql_to_dolt`, `postgres_to_dolt`: each commit has the rows of its step, and no others."""
    assert place.commits() == [commit for commit, _ in history]
    for commit, rows in history:
        assert sorted(tuple(row.values()) for row in place.rows("people", at=commit)) == rows


def test_each_commit_shows_its_own_step(
    place: Place, history: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    """`get_table_reader_diffs`: rows added, changed and deleted between any two commits."""
    opened = place.open()
    try:
        pairs = [(0, 1), (1, 2), (2, 3), (0, 4)]
        found = [diff(opened, history[old][0], history[new][0]) for old, new in pairs]
    finally:
        opened.close()
    counts = [[(one.table, one.added, one.changed, one.deleted) for one in some] for some in found]
    assert counts == [
        [("people", 1, 0, 0)],
        [("people", 0, 2, 0)],
        [("people", 0, 0, 1)],
        [("people", 2, 1, 1)],
    ]


def test_any_commit_comes_back_from_any_other(
    place: Place, source: Source, history: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    """`dolt_to_mysql`, `dolt_postgres`: a commit that is no neighbour leaves no row behind."""
    order = [0, 4, 1, 3, 0, 2]
    for place_of in order:
        commit, rows = history[place_of]
        back(place, source, at=commit, overwrite=True)
        assert people(source) == rows


def test_the_commit_that_nobody_names_is_the_newest(
    place: Place, source: Source, history: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    """Fault: without a reference the oldest commit was taken."""
    source.execute("DELETE FROM people")
    assert back(place, source, overwrite=True).commit == history[-1][0]
    assert people(source) == history[-1][1]


def test_a_deleted_row_takes_no_other_along(
    place: Place, source: Source, history: list[tuple[str, list[tuple[Any, ...]]]]
) -> None:
    """`drop_primary_keys`. Fault: two composite keys were deleted as their cross product."""
    commit, rows = history[0]
    source.execute(
        "DELETE FROM people",
        "INSERT INTO people VALUES ('Ada', 'King', 36), ('Ada', 'Lovelace', 36), "
        "('Eve', 'King', 20), ('Eve', 'Lovelace', 21), ('Zoe', 'King', 1), ('Zoe', 'Lovelace', 2)",
    )
    done = back(place, source, at=commit, overwrite=True)
    assert [(one.inserted, one.updated, one.deleted) for one in done.tables] == [(0, 0, 3)]
    assert people(source) == rows


def test_a_merge_commit_comes_back(place: Place, source: Source) -> None:
    """Fault: a commit with two parents could not be read."""
    source.execute(PEOPLE, STEPS[0])
    snapshot(place, source)
    place.call("dolt_branch", "side")
    source.execute(STEPS[1])
    snapshot(place, source, branch="side")
    source.execute("CREATE TABLE pets (id integer NOT NULL PRIMARY KEY)")
    snapshot(place, source, tables={"pets": None})
    place.call("dolt_merge", "--no-ff", "-m", "both", "side")
    assert place.log()[-1] == "both"
    there = people(source)
    source.execute("DELETE FROM people", "INSERT INTO pets VALUES (1)")
    back(place, source, overwrite=True)
    assert people(source) == there
    assert source.query("SELECT * FROM pets") == []


def test_a_new_column_keeps_the_rows(place: Place, source: Source) -> None:
    """`sync_schema_to_dolt` after ALTER TABLE. Fault: the table was dropped and made again."""
    source.execute(PEOPLE, STEPS[0])
    snapshot(place, source)
    source.execute("ALTER TABLE people ADD COLUMN town varchar(9)")
    taken = snapshot(place, source)
    assert [one.split(None, 1)[0] for one in taken.statements] == ["ALTER"]
    source.execute("UPDATE people SET town = 'Rome' WHERE first = 'Eve'")
    [change] = snapshot(place, source).changes
    assert (change.added, change.changed, change.deleted) == (0, 1, 0)
    assert [row["town"] for row in place.rows("people")] == [None, None, "Rome"]


def test_an_apostrophe_is_an_apostrophe(place: Place, source: Source) -> None:
    """Fault: a commit's message was put between quotes as it came."""
    source.execute(PEOPLE, STEPS[4])
    snapshot(place, source, message="Eve's own; DROP TABLE people -- \\")
    assert place.log() == ["Eve's own; DROP TABLE people -- \\"]
    assert len(place.rows("people")) == 1


def test_nothing_new_is_no_error(place: Place, source: Source) -> None:
    """Fault: without a change it failed with "nothing to commit"; an empty table too."""
    source.execute(PEOPLE)
    assert snapshot(place, source).commit is not None
    assert snapshot(place, source).commit is None
    done = CliRunner().invoke(cli, ["snapshot", source.url, database_of(place)])
    assert done.exit_code == 0, done.output
    assert len(place.commits()) == 1


def test_a_table_that_is_missing_is_named(place: Place, source: Source) -> None:
    """Fault: it was passed over without a word."""
    source.execute(PEOPLE)
    with pytest.raises(ConfigError, match="the source has no table 'persons'"):
        snapshot(place, source, tables={"people": None, "persons": None})
    assert place.commits() == []


def test_constraints_come_back(place: Place, new_source: Callable[[], Source]) -> None:
    """Fault: no foreign key, unique index, check or default was kept, and no order by them."""
    source, empty = new_source(), new_source()
    source.execute(
        "CREATE TABLE towns (id integer NOT NULL PRIMARY KEY, name varchar(9) DEFAULT 'Rome')",
        "CREATE TABLE a_first (id integer NOT NULL PRIMARY KEY, town integer NOT NULL, "
        "age integer CHECK (age > 0), FOREIGN KEY (town) REFERENCES towns (id))",
        "CREATE UNIQUE INDEX by_age ON a_first (age)",
        "INSERT INTO towns (id) VALUES (1)",
        "INSERT INTO a_first VALUES (1, 1, 5)",
    )
    snapshot(place, source)
    back(place, empty)
    assert empty.query("SELECT * FROM towns") == [(1, "Rome")]
    if empty.kind == "sqlite":
        empty.pragma("foreign_keys = ON")
    refused = [
        "INSERT INTO a_first VALUES (2, 1, 5)",
        "INSERT INTO a_first VALUES (2, 1, -1)",
        "INSERT INTO a_first VALUES (2, NULL, 6)",
    ]
    # SQLite looks at foreign keys only where a connection asks it to.
    refused += [] if empty.kind == "sqlite" else ["INSERT INTO a_first VALUES (2, 9, 6)"]
    for statement in refused:
        with pytest.raises(Exception, match=r"(?i)unique|duplicate|check|constraint|null|foreign"):
            empty.execute(statement)
    empty.execute("INSERT INTO towns (id) VALUES (2)")
    assert empty.query("SELECT name FROM towns WHERE id = 2") == [("Rome",)]


def test_a_table_of_its_key_alone_goes_both_ways(place: Place, source: Source) -> None:
    """Fault: its upsert had nothing to update."""
    source.execute("CREATE TABLE ids (id integer NOT NULL PRIMARY KEY)")
    source.execute("INSERT INTO ids VALUES (1), (2)")
    snapshot(place, source)
    source.execute("DELETE FROM ids WHERE id = 2", "INSERT INTO ids VALUES (3)")
    back(place, source, overwrite=True)
    assert sorted(source.query("SELECT id FROM ids")) == [(1,), (2,)]


@on_postgres
def test_types_without_a_mapping_there(place: Place, new_source: Callable[[], Source]) -> None:
    """Fault: intervals, ranges, money, enums, doubles and more ended in an error of MySQL's."""
    source, empty = new_source(), new_source()
    values = {
        "interval": "1 mon 2 days 03:04:05",
        "int4range": "[1,9)",
        "money": "$1.50",
        "oid": "7",
        "tsvector": "'a':1",
        "mood": "sad",
        "double precision": "0.1",
        "cidr": "10.0.0.0/8",
        "macaddr": "08:00:2b:01:02:03",
        "jsonb": '{"a": 1.5}',
        "hstore": '"a"=>"1"',
    }
    extra = source.query("SELECT 1 FROM pg_available_extensions WHERE name = 'hstore'")
    if extra:
        source.execute("CREATE EXTENSION hstore")
        empty.execute("CREATE EXTENSION hstore")
    else:
        del values["hstore"]
    columns = ", ".join(f"c{place_of} {name}" for place_of, name in enumerate(values))
    source.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        f"CREATE TABLE t (id integer PRIMARY KEY, {columns})",
        "INSERT INTO t VALUES (1, {})".format(
            ", ".join("'{}'".format(one.replace("'", "''")) for one in values.values())
        ),
    )
    snapshot(place, source)
    back(place, empty)
    query = "SELECT t::text FROM t"
    assert empty.query(query) == source.query(query)


@on_postgres
def test_arrays_and_bytes_arrive_whole(place: Place, new_source: Callable[[], Source]) -> None:
    """`postgres_to_dolt_array_types`. Faults: arrays joined without escapes; bytes were text."""
    source, empty = new_source(), new_source()
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, texts text[], numbers integer[][], raw bytea)",
        """INSERT INTO t VALUES
            (1, ARRAY['a,b', 'c"d', NULL, 'NULL', '', 'e\\f'], '{{1,2},{3,NULL}}', '\\x00ff80c3'),
            (2, '{}', NULL, '')""",
    )
    snapshot(place, source)
    assert [row["raw"] for row in place.rows("t")] == [b"\x00\xff\x80\xc3", b""]
    back(place, empty)
    query = "SELECT t::text FROM t ORDER BY id"
    assert empty.query(query) == source.query(query)


@on_postgres
def test_values_are_not_made_others(place: Place, new_source: Callable[[], Source]) -> None:
    """Faults: an object became Python's spelling of it, a date a moment, an empty array and NaN
    NULL; a table whose first row had a NULL was not made."""
    source, empty = new_source(), new_source()
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, what json, day date, list integer[], n numeric)",
        """INSERT INTO t VALUES (1, NULL, NULL, NULL, NULL),
            (2, '{"a": [true, null, "it''s"]}', '2026-01-31', '{}', 'NaN')""",
    )
    snapshot(place, source)
    ((what, day, listed),) = place.query("SELECT what, day, list FROM t WHERE id = 2")
    assert json.loads(what) == {"a": [True, None, "it's"]}
    assert (str(day), json.loads(listed)) == ("2026-01-31", [])
    back(place, empty)
    query = "SELECT id, what::text, day::text, list::text, n::text FROM t ORDER BY id"
    assert empty.query(query) == source.query(query)
    assert empty.query("SELECT count(*) FROM t WHERE n = 'NaN'") == [(1,)]


@on_postgres
def test_keys_of_any_type_are_the_same_keys_again(
    place: Place, new_source: Callable[[], Source]
) -> None:
    """Fault: keys of another class in Python (UUID, Decimal) were all missing, and written anew."""
    source = new_source()
    source.execute(
        "CREATE TABLE by_uuid (id uuid PRIMARY KEY, n integer)",
        "CREATE TABLE by_number (id numeric(8, 2) PRIMARY KEY, n integer)",
        f"INSERT INTO by_uuid VALUES ('{uuid.UUID(int=1)}', 1), ('{uuid.UUID(int=2)}', 2)",
        "INSERT INTO by_number VALUES (1.50, 1), (2, 2)",
    )
    snapshot(place, source)
    assert snapshot(place, source).commit is None
    assert [row["id"] for row in place.rows("by_number")] == [Decimal("1.50"), Decimal("2.00")]
    source.execute("UPDATE by_uuid SET n = 3 WHERE n = 2", "DELETE FROM by_number WHERE n = 2")
    changes = snapshot(place, source).changes
    assert [(one.table, one.added, one.changed, one.deleted) for one in changes] == [
        ("by_number", 0, 0, 1),
        ("by_uuid", 0, 1, 0),
    ]


@on_postgres
def test_every_schema_is_read(place: Place, new_source: Callable[[], Source]) -> None:
    """Fault: tables outside of the default schema could not be reached."""
    source = new_source()
    source.execute(
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.people (id integer PRIMARY KEY)",
        "CREATE TABLE people (id integer PRIMARY KEY)",
        "INSERT INTO sales.people VALUES (7)",
    )
    snapshot(place, source)
    assert place.tables() == ["people", "sales_people"]
    assert place.rows("sales_people") == [{"id": 7}]


@on_servers
def test_more_than_one_packet_holds(place: Place, new_source: Callable[[], Source]) -> None:
    """Fault: a table went as one statement, which a server's largest packet bounds."""
    source = new_source()
    wide = "text" if source.kind == "postgres" else "longtext"
    source.execute(f"CREATE TABLE t (id integer NOT NULL PRIMARY KEY, wide {wide})")
    rows, size = 40, 1_000_000  # 40 MB; MariaDB's packets end at 16
    letters = random.Random(5).choices("abcdefgh", k=rows)  # noqa: S311 - a repeatable story
    for number, letter in enumerate(letters):
        source.execute(f"INSERT INTO t VALUES ({number}, repeat('{letter}', {size}))")
    snapshot(place, source)
    found = {row["id"]: row["wide"] for row in place.rows("t")}
    assert found == {number: letter * size for number, letter in enumerate(letters)}
    source.execute("DELETE FROM t")
    back(place, source, overwrite=True)
    assert source.query("SELECT count(*), sum(length(wide)) FROM t") == [(rows, rows * size)]


@pytest.mark.parametrize(("new_source", "other_source"), PAIRS, indirect=True)
def test_form_and_rows_go_into_another_kind(
    place: Place, source: Source, other_source: Source
) -> None:
    """`dolt_to_mysql` of what came from Postgres. Fault: out of Dolt no table was ever made."""
    source.execute(PEOPLE, *STEPS)
    snapshot(place, source)
    back(place, other_source)
    assert people(other_source) == people(source)
