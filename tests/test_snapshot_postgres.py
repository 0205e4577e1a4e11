"""What only a Postgres has, in snapshots of it, on each backend."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from support import Place, database_of
from support_snapshot import Source, needs_pgserver, new_postgres

from demo.postgres import Postgres as PgServer
from tap_adapters import sync
from tap_adapters.commands.cli import cli
from tap_adapters.restore import restore

pytestmark = needs_pgserver


@pytest.fixture
def shop(pgserver: PgServer) -> Source:
    """A fresh Postgres database."""
    return new_postgres(pgserver)


def snapshot(place: Place, source: Source) -> sync.Taken:
    """Take a snapshot through the Python API."""
    return sync.snapshot(source.url, database_of(place))


def test_a_partitioned_table_is_one_table(place: Place, shop: Source) -> None:
    """Each row comes once, by the parent; a row that moves to another partition has changed."""
    shop.execute(
        "CREATE TABLE sales (id integer, year integer, PRIMARY KEY (id, year)) "
        "PARTITION BY LIST (year)",
        "CREATE TABLE sales_2025 PARTITION OF sales FOR VALUES IN (2025)",
        "CREATE TABLE sales_rest PARTITION OF sales DEFAULT PARTITION BY RANGE (id)",
        "CREATE TABLE sales_rest_low PARTITION OF sales_rest FOR VALUES FROM (0) TO (100)",
        "INSERT INTO sales VALUES (1, 2025), (2, 2026), (3, 2025)",
    )
    taken = snapshot(place, shop)
    assert [(one.kind, one.name) for one in taken.left_out] == [
        ("partition", "public.sales_2025"),
        ("partition", "public.sales_rest"),
        ("partition", "public.sales_rest_low"),
    ]
    assert place.tables() == ["sales"]
    assert place.rows("sales") == [
        {"id": 1, "year": 2025},
        {"id": 2, "year": 2026},
        {"id": 3, "year": 2025},
    ]
    shop.execute("UPDATE sales SET year = 2027 WHERE id = 1")
    (change,) = snapshot(place, shop).changes
    assert (change.added, change.changed, change.deleted) == (1, 0, 1)


def test_some_tables_are_kept_without_the_sequences_of_the_others(
    place: Place, shop: Source, pgserver: PgServer
) -> None:
    """Such a commit differs in nothing, and goes into an empty database."""
    shop.execute(
        "CREATE TABLE a (id serial PRIMARY KEY)",
        "CREATE TABLE b (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        "CREATE TABLE c (id integer PRIMARY KEY)",
        "CREATE SEQUENCE free",
    )
    sync.snapshot(shop.url, database_of(place), tables={"c": None})
    assert place.query("SELECT name FROM _target_dolt_objects WHERE kind = 'sequence'") == [
        ("public.free",)
    ]
    assert snapshot(place, shop).commit is not None
    assert sync.snapshot(shop.url, database_of(place), tables={"c": None}).commit is None
    done = restore(database_of(place), new_postgres(pgserver).url)
    assert [one.equal for one in done.checked] == [True] * 3


def test_an_enums_labels_may_have_backslashes_and_quotes(
    place: Place, shop: Source, pgserver: PgServer
) -> None:
    """They are kept, and the type made again, as they are."""
    labels = ["a\\b", "o'k\\", "\\'", "\\\\"]
    quoted = ["'{}'".format(one.replace("'", "''")) for one in labels]
    shop.execute(
        f"CREATE TYPE mood AS ENUM ({', '.join(quoted)})",
        "CREATE TABLE users (id integer PRIMARY KEY, feels mood)",
        *(f"INSERT INTO users VALUES ({id_}, {one})" for id_, one in enumerate(quoted)),
    )
    snapshot(place, shop)
    assert [row["feels"] for row in place.rows("users")] == labels
    there = new_postgres(pgserver)
    restore(database_of(place), there.url)
    query = "SELECT id, feels::text, enum_range(feels)::text FROM users ORDER BY id"
    assert there.query(query) == shop.query(query)


def test_an_enums_labels_may_be_added_and_renamed(place: Place, shop: Source) -> None:
    """The commit has the rows by their new labels, and the one before by the old ones."""
    shop.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TABLE people (id integer PRIMARY KEY, feels mood)",
        "INSERT INTO people VALUES (1, 'sad'), (2, 'ok')",
    )
    snapshot(place, shop)
    shop.execute("ALTER TYPE mood ADD VALUE 'happy' BEFORE 'ok'")
    shop.execute(
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "INSERT INTO people VALUES (3, 'happy')"
    )
    snapshot(place, shop)
    before, now = place.commits()
    assert [row["feels"] for row in place.rows("people", at=before)] == ["sad", "ok"]
    assert [row["feels"] for row in place.rows("people", at=now)] == ["low", "ok", "happy"]
    assert snapshot(place, shop).commit is None


def test_a_renamed_table_is_gone_by_its_old_name(place: Place, shop: Source) -> None:
    """Its rows are under the new one; the commit before has them under the old one."""
    shop.execute("CREATE TABLE a (id integer PRIMARY KEY)", "INSERT INTO a VALUES (1), (2)")
    snapshot(place, shop)
    shop.execute("ALTER TABLE a RENAME TO b")
    taken = snapshot(place, shop)
    assert taken.dropped == ("a",)
    before, now = place.commits()
    assert (place.tables(before), place.tables(now)) == (["a"], ["b"])
    assert place.rows("a", at=before) == place.rows("b") == [{"id": 1}, {"id": 2}]


def test_what_runs_in_the_source_is_named(place: Place, shop: Source) -> None:
    """Views, triggers and functions are told by kind and name, one a line."""
    shop.execute(
        "CREATE TABLE a (id integer PRIMARY KEY)",
        "CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER watch BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION same()",
        "CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1'",
        "CREATE MATERIALIZED VIEW kept AS SELECT id FROM a",
        "CREATE VIEW seen AS SELECT id FROM a",
    )
    result = CliRunner().invoke(cli, ["snapshot", shop.url, database_of(place)])
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [
        "Left out: function public.same",
        "Left out: materialized view public.kept",
        "Left out: procedure public.nothing",
        "Left out: trigger public.a.watch",
        "Left out: view public.seen",
    ]
    assert place.tables() == ["a"]
