"""`dolt-sync verify`: a commit compared with a database, on each backend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import Place, database_of, record, schema, state
from support_snapshot import Source, needs_pgserver, new_mysql, new_postgres
from support_sources import MariaDB, needs_mariadb

from demo.postgres import Postgres as PgServer
from tap_adapters import sync
from tap_adapters.commands.cli import cli
from tap_adapters.verify import verify

TYPES = {
    "postgres": {
        "flag": ("boolean", "true"),
        "small": ("smallint", "-7"),
        "exact": ("numeric(20, 5)", "12345678901234.50000"),
        "wide": ("numeric", "1.10"),
        "inexact": ("double precision", "0.1"),
        "single": ("real", "0.1"),
        "moment": ("timestamptz", "'2026-01-02 03:04:05.6+02'"),
        "day": ("date", "'2026-01-02'"),
        "clock": ("time", "'03:04:05.6'"),
        "json": ("jsonb", """'{"b": 1.10, "a": [1, null, 1e2]}'"""),
        "list": ("int[]", "'{1,NULL,3}'"),
        "bytes": ("bytea", "'\\x00ff'"),
        "padded": ("char(5)", "'ab'"),
        "id": ("uuid", "'00000000-0000-0000-0000-0000000000AB'"),
        "span": ("interval", "'1 day 2 hours'"),
    },
    "mysql": {
        "flag": ("tinyint(1)", "1"),
        "big": ("bigint unsigned", "18446744073709551615"),
        "exact": ("decimal(20, 5)", "12345678901234.50000"),
        "inexact": ("double", "0.1"),
        "single": ("float", "0.1"),
        "moment": ("datetime(6)", "'2026-01-02 03:04:05.6'"),
        "day": ("date", "'2026-01-02'"),
        "clock": ("time(6)", "'-103:04:05.6'"),
        "json": ("json", """'{"b": 1.10, "a": [1, null]}'"""),
        "bytes": ("varbinary(10)", "x'00ff'"),
        "bits": ("bit(12)", "b'100000000001'"),
        "label": ("enum('a', 'b')", "'b'"),
        "labels": ("set('a', 'b')", "'a,b'"),
        "year": ("year", "2026"),
    },
    "sqlite": {
        "whole": ("integer", "-7"),
        "exact": ("decimal(20, 5)", "12.5"),
        "inexact": ("real", "0.1"),
        "moment": ("datetime", "'2026-01-02 03:04:05'"),
        "day": ("date", "'2026-01-02'"),
        "text": ("text", "'a'"),
        "bytes": ("blob", "x'00ff'"),
    },
}


def run(place: Place, source: Source, *arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["verify", database_of(place), source.url, *arguments])


@pytest.fixture
def typed(place: Place, source: Source) -> Source:
    """A source with a value of many types, and one of NULLs; a snapshot of it is taken."""
    types = TYPES[source.kind]
    quote = "`" if source.kind == "mysql" else '"'
    columns = ", ".join(f"{quote}{name}{quote} {one}" for name, (one, _) in types.items())
    values = ", ".join(value for _, value in types.values())
    source.execute(
        f"CREATE TABLE many (number integer NOT NULL PRIMARY KEY, {columns})",
        f"INSERT INTO many VALUES (1, {values})",
        "INSERT INTO many (number) VALUES (2)",
        "CREATE TABLE loose (a integer, b varchar(10))",
        "INSERT INTO loose VALUES (1, 'x'), (1, 'x'), (NULL, 'y')",
    )
    sync.snapshot(source.url, database_of(place))
    return source


def test_a_snapshot_is_equal_to_its_source(place: Place, typed: Source) -> None:
    """Every value is the same on both sides, whatever it is stored as."""
    found = verify(database_of(place), typed.url)
    assert [(one.table, one.rows, one.rows_there, one.equal) for one in found] == [
        ("loose", 3, 3, True),
        ("many", 2, 2, True),
    ]
    assert all(one.checksum == one.checksum_there != "" for one in found)
    assert run(place, typed).exit_code == 0


@needs_pgserver
def test_minus_zero_is_zero(place: Place, pgserver: PgServer) -> None:
    """No backend keeps the sign of a zero, so that a snapshot is equal to its source without it."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE zeros (id integer PRIMARY KEY, r real, f float8)",
        "INSERT INTO zeros VALUES (1, '-0', '-0'), (2, 0, 0)",
    )
    sync.snapshot(source.url, database_of(place))
    assert [one.equal for one in verify(database_of(place), source.url)] == [True]


def test_what_was_compared_is_told(place: Place, typed: Source) -> None:
    """In words how much, as JSON which columns: a column that one side lacks is not among them."""
    many = 1 + len(TYPES[typed.kind])
    result = run(place, typed)
    assert result.stdout.splitlines()[-1] == f"Compared 2 tables, {2 + many} columns, 5 rows"
    typed.execute("ALTER TABLE loose ADD COLUMN c integer", "DELETE FROM many WHERE number = 2")
    result = run(place, typed, "--format", "json")
    assert (result.exit_code, result.stderr) == (3, "Error: not equal: loose, many\n")
    loose, rich = map(json.loads, result.stdout.splitlines())
    prefix = "public." if typed.kind == "postgres" else ""
    assert loose == {
        "table": "loose", "there": f"{prefix}loose", "result": "different", "rows": 3,
        "rows_there": 3, "columns": ["a", "b"], "columns_on_one_side": ["c"],
        "only_in_commit": [], "only_there": [], "differing": [],
    }  # fmt: skip
    assert rich["columns"] == ["number", *TYPES[typed.kind]]
    assert (rich["rows"], rich["rows_there"], rich["only_in_commit"]) == (2, 1, ["number=2"])


def test_each_value_that_differs_is_found(place: Place, typed: Source) -> None:
    """A change in any one column makes its row differ, and the row's key is named."""
    quote = "`" if typed.kind == "mysql" else '"'
    for name in TYPES[typed.kind]:
        column = f"{quote}{name}{quote}"
        [(before,)] = typed.query(f"SELECT count(*) FROM many WHERE {column} IS NULL")
        typed.execute(f"UPDATE many SET {column} = NULL WHERE number = 1")
        assert before == 1
        [many] = verify(database_of(place), typed.url, tables={"many": None})
        assert (many.equal, many.differing) == (False, ("number=1",)), name
        value = TYPES[typed.kind][name][1]
        typed.execute(f"UPDATE many SET {column} = {value} WHERE number = 1")
    assert verify(database_of(place), typed.url, tables={"many": None})[0].equal


def test_keys_that_one_side_lacks_are_named(place: Place, typed: Source) -> None:
    """Rows gone and rows new there are told apart; the command ends with 3."""
    typed.execute(
        "DELETE FROM many WHERE number = 1",
        "INSERT INTO many (number) VALUES (5), (6)",
        "DELETE FROM loose WHERE a IS NULL",
    )
    loose, many = verify(database_of(place), typed.url)
    assert (many.only_here, many.only_there) == (("number=1",), ("number=5", "number=6"))
    assert many.differing == ()
    assert (loose.equal, loose.rows, loose.rows_there) == (False, 3, 2)
    result = run(place, typed)
    assert result.exit_code == 3
    assert "many: only there: number=5" in result.stdout.splitlines()
    assert result.stderr == "Error: not equal: loose, many\n"


def test_an_older_commit_is_compared_as_it_was(place: Place, typed: Source) -> None:
    """Only the commit of the same rows is equal."""
    typed.execute("DELETE FROM many WHERE number = 2")
    sync.snapshot(typed.url, database_of(place))
    assert all(one.equal for one in verify(database_of(place), typed.url))
    older = verify(database_of(place), typed.url, at="HEAD~1")
    assert [one.equal for one in older] == [True, False]


def test_tables_of_one_side_are_told(place: Place, typed: Source) -> None:
    """A table that only the commit or only the database has is no equality."""
    typed.execute("DROP TABLE loose", "CREATE TABLE newer (a integer)")
    found = {(one.table, one.there): one.equal for one in verify(database_of(place), typed.url)}
    prefix = "public." if typed.kind == "postgres" else ""
    assert found == {
        ("many", f"{prefix}many"): True,
        (None, f"{prefix}newer"): False,
        ("loose", None): False,
    }


@needs_pgserver
def test_a_table_is_compared_with_that_of_its_own_schema(place: Place, pgserver: PgServer) -> None:
    """Another schema's table of the same name, which comes first, is not taken for it."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE SCHEMA audit",
        "CREATE TABLE audit.users (id integer PRIMARY KEY)",
        "CREATE TABLE public.users (id integer PRIMARY KEY)",
        "INSERT INTO audit.users VALUES (1)",
        "INSERT INTO public.users VALUES (2)",
    )
    sync.snapshot(source.url, database_of(place), exclude=["audit.*"])
    found = verify(database_of(place), source.url)
    assert [(one.table, one.there, one.equal) for one in found] == [
        (None, "audit.users", False),
        ("users", "public.users", True),
    ]
    (moved,) = verify(database_of(place), source.url, exclude=["public.*"])
    assert (moved.table, moved.there, moved.equal) == ("users", "audit.users", False)


@needs_mariadb
def test_a_bit_that_a_tap_calls_true_is_that_bit(place: Place, mariadb: MariaDB) -> None:
    """So MySQL's taps call a `bit(1)`."""
    source = new_mysql(mariadb)
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, b bit(1))",
        "INSERT INTO t VALUES (1, b'1'), (2, b'0'), (3, NULL)",
    )
    bit = {"type": ["null", "boolean"], "x-sql-datatype": "bit(1)"}
    rows = [record("t", id=n, b=one) for n, one in ((1, True), (2, False), (3, None))]
    stream = schema("t", {"id": {"type": "integer"}, "b": bit})
    place.load([stream, *rows, state({"n": 1})], source_dialect="mysql")
    assert [one.equal for one in verify(database_of(place), source.url)] == [True]


@needs_pgserver
def test_a_whole_number_that_was_rounded_there_differs(pgserver: PgServer, tmp_path: Path) -> None:
    """A person's DECIMAL in DoltLite holds more than the double that Postgres has for it."""
    place = Place({"path": str(tmp_path / "test.db")}, tmp_path)
    place.load([])
    place.execute(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, n NUMERIC)",
        f"INSERT INTO goods VALUES (1, {2**53 + 1}), (2, {2**53})",
    )
    place.call("dolt_commit", "-A", "-m", "by hand")
    target = new_postgres(pgserver)
    target.execute(
        "CREATE TABLE goods (id bigint PRIMARY KEY, n float8)",
        f"INSERT INTO goods VALUES (1, {2**53}), (2, {2**53})",
    )
    [found] = verify(database_of(place), target.url)
    assert found.differing == ("id=1",)
