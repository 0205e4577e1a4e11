"""Servers that are set in ways of their own: a load, a snapshot and a restore are as ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, database_of, record, schema, state
from support_dolt import BOTH, DoltServer, needs_dolt
from support_restore import back, contents, dumped, shape
from support_snapshot import Source, needs_pgserver, new_mysql, new_postgres
from support_sources import MariaDB, needs_mariadb

from demo.postgres import Postgres as PgServer
from tap_adapters.sync import snapshot
from target_dolt.errors import ConfigError

SETTINGS = [
    pytest.param("sql_mode", "'ANSI_QUOTES,PIPES_AS_CONCAT'", id="ansi"),
    pytest.param("sql_mode", "'NO_BACKSLASH_ESCAPES'", id="no-escapes"),
    pytest.param("sql_mode", "''", id="lax"),
    pytest.param("dolt_transaction_commit", "1", id="each-transaction-a-commit"),
    pytest.param("dolt_force_transaction_commit", "1", id="conflicts-committed"),
]


@pytest.fixture
def odd(dolt_server: DoltServer, name: str, value: str) -> Iterator[Place]:
    """A fresh database on a server whose new sessions begin with a setting."""
    [(usual,)] = dolt_server.execute(f"SELECT @@GLOBAL.{name}")
    place = Place(dolt_server.new_database())
    dolt_server.execute(f"SET GLOBAL {name} = {value}")
    try:
        yield place
    finally:
        dolt_server.execute(f"SET GLOBAL {name} = {usual!r}")


@needs_dolt
@BOTH
@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_a_dolt_server_may_be_set_as_it_likes(odd: Place, bulk_load: str) -> None:
    """Columns are found, quotes and backslashes kept; a 0 is no request for the next number."""
    form = {"id": {"type": "integer"}, "name": {"type": "string"}, 'a"b`c\\': {"type": "string"}}
    odd.execute("CREATE TABLE `dogs` (`id` BIGINT PRIMARY KEY AUTO_INCREMENT, `name` LONGTEXT)")
    odd.execute("INSERT INTO `dogs` VALUES (7, 'old')")
    odd.call("dolt_commit", "-A", "-m", "by hand")
    rows: list[dict[str, Any]] = [
        {"id": number, "name": text, 'a"b`c\\': text}
        for number, text in enumerate(["'a\\' || \"b\"", "\\"])
    ]
    messages = [schema("dogs", form), *(record("dogs", **row) for row in rows), state({"n": 1})]
    old = {"id": 7, "name": "old", 'a"b`c\\': None}
    for _ in range(2):
        assert odd.load(messages, bulk_load=bulk_load) == [{"n": 1}]
        assert odd.rows("dogs") == [*rows, old]
    assert odd.log() == ["by hand", "Load dogs: 2 added"]
    assert odd.kept_state() == {"n": 1}
    assert odd.branches() == ["main"]


FORM = (
    r"""CREATE TABLE users (
        id int PRIMARY KEY AUTO_INCREMENT, name varchar(20) NOT NULL DEFAULT 'x''y\\"z' UNIQUE,
        kind enum('a', 'b\\"'), shown varchar(50) AS (concat(name, '|\\')) STORED, fix char(5),
        CHECK (name <> '"\\')
    ) COMMENT 'of \\ "us"'""",
    r'CREATE TABLE `a"b\` (id int PRIMARY KEY, `c"d\` text, user int REFERENCES users (id))',
    r"""INSERT INTO users (name, kind, fix) VALUES ('bo\\b"''', 'b\\"', 'a'), ('\\', NULL, '')""",
    r"""INSERT INTO `a"b\` VALUES (0, '"\\"', 1), (1, '', NULL)""",
)


@contextmanager
def set_to(mariadb: MariaDB, mode: str) -> Iterator[None]:
    """Have new sessions of a MariaDB begin with a mode."""
    [usual] = mariadb.run("SELECT @@GLOBAL.sql_mode AS mode")
    mariadb.run(f"SET GLOBAL sql_mode = '{mode}'")
    try:
        yield
    finally:
        mariadb.run(f"SET GLOBAL sql_mode = '{usual['mode']}'")


def form(source: Source) -> dict[str, str]:
    """Return what a source's tables are, without the name of its database."""
    return {
        one.own_name: repr((one.columns, one.constraints, one.definition))
        for one in shape(source).tables.values()
    }


@needs_mariadb
@pytest.mark.parametrize("mode", ["ORACLE,NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])
def test_a_mysql_may_be_set_to_any_sql_mode(place: Place, mariadb: MariaDB, mode: str) -> None:
    """Taken, carried into another one, and mended there, each with its own new sessions."""
    source, there = new_mysql(mariadb), new_mysql(mariadb)
    source.execute(*FORM)
    before = form(source), contents(source)
    with set_to(mariadb, mode):
        assert snapshot(source.url, database_of(place)).commit is not None
        back(place, there)
    there.execute(r'DELETE FROM `a"b\`')
    there.execute(r"UPDATE users SET name = '\\\\' WHERE id = 2")
    with set_to(mariadb, mode):
        back(place, there, overwrite=True)
    assert (form(there), contents(there)) == before


@needs_mariadb
def test_a_mysql_that_is_no_dolt_is_told_of(mariadb: MariaDB) -> None:
    """In words, whatever it makes of what only Dolt knows."""
    there = mariadb.with_new_database()
    where = {"host": "127.0.0.1", "port": there.port, "database": there.database}
    place = Place({**where, "user": there.user, "password": there.password})
    with pytest.raises(ConfigError, match="the server is not Dolt"):
        place.load([state({"n": 1})])


ODD_POSTGRES = (
    "extra_float_digits = -10",
    "array_nulls = off",
    "standard_conforming_strings = off",
    "quote_all_identifiers = on",
    "DateStyle = 'SQL, DMY'",
    "IntervalStyle = 'sql_standard'",
    "bytea_output = 'escape'",
    "TimeZone = 'Asia/Kathmandu'",
)


@needs_pgserver
def test_a_postgres_may_be_set_as_it_likes(place: Place, pgserver: PgServer) -> None:
    """Doubles with all their digits, NULLs within arrays: taken, and carried into another one."""
    source, there = new_postgres(pgserver), new_postgres(pgserver)
    source.execute(
        "CREATE TABLE users (id integer PRIMARY KEY, name text DEFAULT 'a''b', f float8, r real, "
        "l text[], b bytea, seen timestamptz, day date, span interval)",
        "INSERT INTO users VALUES (1, 'a', 0.1::float8 + 0.2, 0.1, ARRAY['a', NULL, 'NULL'], "
        "'\\x005c27', '2026-01-02 03:04:05.678+02', '2026-02-01', '1 year -3 days 04:05:06.7')",
    )
    before = dumped(pgserver, source), contents(source)
    for name in (sa.make_url(one.url).database for one in (source, there)):
        for setting in ODD_POSTGRES:
            pgserver.run(f'ALTER DATABASE "{name}" SET {setting}')
    assert snapshot(source.url, database_of(place)).commit is not None
    back(place, there)
    for name in (sa.make_url(one.url).database for one in (source, there)):
        pgserver.run(f'ALTER DATABASE "{name}" RESET ALL')
    assert (dumped(pgserver, there), contents(there)) == before
    assert place.query("SELECT f FROM users") == [(0.1 + 0.2,)]
