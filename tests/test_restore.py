"""`dolt-sync restore`: a commit carried back into a database, on each backend."""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import Place, database_of, record, schema, state
from support_restore import back, contents, dumped, shape, work
from support_snapshot import PAIRS, Source, World, needs_pgserver, new_postgres, new_sqlite

from demo.postgres import Postgres as PgServer
from tap_adapters import sync
from tap_adapters.commands.cli import cli
from tap_adapters.history import QueryError
from tap_adapters.restore import restore
from tap_adapters.restore.destination import Texts
from tap_adapters.restore.rows import PlanRows
from tap_adapters.sources.connecting import SourceError
from tap_adapters.sources.schema import SourceSchema
from tap_adapters.verify import verify
from target_dolt.errors import ConfigError

RICH = {
    "postgres": """
        CREATE TYPE mood AS ENUM ('sad', 'o''k');
        CREATE DOMAIN positive AS integer DEFAULT 1 CHECK (value > 0);
        CREATE DOMAIN small AS positive NOT NULL CHECK (value < 10);
        CREATE TYPE pair AS (x integer, y text);
        CREATE SEQUENCE free START 5 INCREMENT 3;
        SELECT nextval('free');
        CREATE SCHEMA other;
        CREATE TABLE users (
            id bigserial PRIMARY KEY, name varchar(20) NOT NULL UNIQUE DEFAULT 'x''y', feels mood,
            plus positive, few small, seen timestamptz(3) DEFAULT now(),
            amount numeric(10, 2) CHECK (amount >= 0), f float8, r real, j jsonb, list int[],
            b bytea, c char(5), upper text GENERATED ALWAYS AS (upper(name)) STORED, p pair,
            sorted text COLLATE "C");
        COMMENT ON TABLE users IS 'the users''';
        COMMENT ON COLUMN users.name IS 'their name';
        CREATE UNIQUE INDEX lower_name ON users (lower(name)) WHERE name <> '';
        CREATE TABLE "Order" (
            id integer GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 2) PRIMARY KEY,
            user_id bigint REFERENCES users (id) ON DELETE CASCADE, at date);
        CREATE INDEX by_day ON "Order" (at DESC);
        COMMENT ON INDEX by_day IS 'newest first';
        ALTER TABLE users ADD COLUMN last_order integer REFERENCES "Order" (id);
        CREATE TABLE loose (a integer, b text);
        CREATE TABLE other.parts (number integer, part text, PRIMARY KEY (part, number));
        INSERT INTO users (name, feels, plus, few, seen, amount, f, r, j, list, b, c, p) VALUES
            ('bob', 'o''k', 1, 2, '2026-01-02 03:04:05.678+02', 1.50, 0.1, 0.1,
             '{"a": 1.5}', '{1,NULL,3}', '\\x00ff', 'ab', '(1,"a b")'),
            (E'tab\\there\\\\N', NULL, 7, 9, NULL, NULL, NULL, NULL, 'null', '{}', '', '', NULL);
        INSERT INTO "Order" (user_id, at) VALUES (1, '2026-05-06'), (2, NULL);
        UPDATE users SET last_order = 12 WHERE id = 2;
        INSERT INTO loose VALUES (1, 'a'), (1, 'a'), (2, NULL);
        INSERT INTO other.parts VALUES (1, 'x'), (2, 'x')
    """,
    "mysql": """
        CREATE TABLE users (
            id bigint unsigned AUTO_INCREMENT PRIMARY KEY COMMENT 'a number',
            name varchar(20) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x''y' UNIQUE,
            amount decimal(10, 2) CHECK (amount >= 0), f float, d double, j json,
            seen datetime(3) DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
            clock time, bits bit(12), label enum('a', 'b;') DEFAULT 'a', labels set('x', 'y'),
            y year, b varbinary(10), upper varchar(20) AS (upper(name)) PERSISTENT, KEY (amount)
        ) COMMENT 'the users';
        CREATE TABLE orders (
            id int AUTO_INCREMENT PRIMARY KEY, user_id bigint unsigned, at date,
            FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);
        ALTER TABLE users ADD COLUMN last_order int, ADD FOREIGN KEY (last_order)
            REFERENCES orders (id);
        CREATE TABLE loose (a integer, b text);
        CREATE TABLE parts (number integer, part varchar(10), PRIMARY KEY (part, number));
        INSERT INTO users (name, amount, f, d, j, seen, clock, bits, label, labels, y, b) VALUES
            ('bob', 1.50, 0.1, 0.1, '{"a": 1.10}', '2026-01-02 03:04:05.678', '-103:04:05',
             b'100000000001', 'b;', 'x,y', 2026, x'00ff'),
            ('', NULL, NULL, NULL, 'null', NULL, NULL, NULL, NULL, '', NULL, '');
        INSERT INTO orders (user_id, at) VALUES (1, '2026-05-06'), (2, NULL);
        UPDATE users SET last_order = 2, seen = NULL WHERE id = 2;
        INSERT INTO loose VALUES (1, 'a'), (1, 'a'), (2, NULL);
        INSERT INTO parts VALUES (1, 'x'), (2, 'x')
    """,
    "sqlite": """
        CREATE TABLE users (
            id integer PRIMARY KEY AUTOINCREMENT, name varchar(20) NOT NULL UNIQUE DEFAULT 'x''y',
            amount decimal(10, 2) CHECK (amount >= 0), f real, b blob, seen datetime, day date,
            flag boolean, upper text AS (upper(name)) STORED);
        CREATE INDEX by_amount ON users (amount DESC) WHERE amount > 0;
        CREATE TABLE orders (
            id integer PRIMARY KEY, user_id integer REFERENCES users (id) ON DELETE CASCADE);
        CREATE TABLE loose (a integer, b text);
        CREATE TABLE parts (number integer, part text, PRIMARY KEY (part, number)) WITHOUT ROWID;
        INSERT INTO users (name, amount, f, b, seen, day, flag) VALUES
            ('bob', 1.5, 0.1, x'00ff', '2026-01-02 03:04:05', '2026-01-02', 1),
            ('', NULL, NULL, NULL, NULL, NULL, NULL);
        DELETE FROM users WHERE name = '';
        INSERT INTO orders VALUES (1, 1), (2, NULL);
        INSERT INTO loose VALUES (1, 'a'), (1, 'a'), (2, NULL);
        INSERT INTO parts VALUES (1, 'x'), (2, 'x')
    """,
}


@pytest.fixture
def rich(source: Source) -> Source:
    """A source with all that tables of its kind can have."""
    source.execute(*(one for one in RICH[source.kind].split(";\n") if one.strip()))
    return source


def test_an_empty_database_becomes_the_source(
    place: Place, rich: Source, new_source: Callable[[], Source]
) -> None:
    """Types, keys, defaults, next values, indexes, foreign keys, checks, comments and all rows."""
    sync.snapshot(rich.url, database_of(place))
    target = new_source()
    done = back(place, target)
    assert len(done.checked) == len(shape(rich).tables)
    assert shape(target) == shape(rich)
    assert contents(target) == contents(rich)
    again = back(place, target)
    assert (work(again), again.statements) == ({}, ())


@needs_pgserver
def test_pg_dump_finds_no_difference(place: Place, pgserver: PgServer) -> None:
    """What Postgres's own program says of the forms of both databases is the same text."""
    source, target = new_postgres(pgserver), new_postgres(pgserver)
    source.execute(*(one for one in RICH["postgres"].split(";\n") if one.strip()))
    source.execute(
        "ALTER TABLE other.parts ADD CONSTRAINT own FOREIGN KEY (part, number) "
        "REFERENCES other.parts DEFERRABLE INITIALLY DEFERRED",
        "ALTER TABLE loose ADD CONSTRAINT once EXCLUDE USING btree (a WITH =) WHERE (a > 5)",
    )
    sync.snapshot(source.url, database_of(place))
    back(place, target)
    forms = [dumped(pgserver, one) for one in (source, target)]
    assert forms[0].count("CREATE TABLE") == 4
    assert forms[0] == forms[1]


def test_only_what_differs_is_touched(place: Place, rich: Source) -> None:
    """Rows that are damaged, gone and new are put right by difference, keyless ones too."""
    sync.snapshot(rich.url, database_of(place))
    before = contents(rich)
    orders = '"Order"' if rich.kind == "postgres" else "orders"
    parts = "other.parts" if rich.kind == "postgres" else "parts"
    rich.execute(
        "UPDATE users SET amount = 77 WHERE name = 'bob'",
        f"UPDATE {orders} SET user_id = NULL",
        f"DELETE FROM {parts} WHERE number = 1",
        f"INSERT INTO {parts} VALUES (8, 'new'), (9, 'new')",
        "DELETE FROM loose WHERE a = 2",
    )
    dry = restore(database_of(place), rich.url, overwrite=True, dry_run=True)
    assert contents(rich) != before
    done = back(place, rich, overwrite=True)
    changed = work(done)
    assert changed == work(dry)
    assert changed["users"] == (0, 1, 0, 0)
    assert changed["parts"] == (1, 0, 2, 0)
    assert changed["loose"] == (3, 0, 2, 0)
    assert contents(rich) == before
    assert all(not one.made for one in done.tables)


def required(schema: SourceSchema) -> dict[str, set[str]]:
    """Return the columns of each table that take no NULL."""
    return {
        one.own_name.lower(): {*one.key, *(it.name for it in one.columns if not it.nullable)}
        for one in schema.tables.values()
    }


@pytest.mark.parametrize(("new_source", "other_source"), PAIRS, indirect=True)
def test_every_kind_goes_into_every_other(place: Place, rich: Source, other_source: Source) -> None:
    """Crosswise each value arrives, in a type of the other kind that holds it."""
    sync.snapshot(rich.url, database_of(place))
    done = back(place, other_source)
    assert len(done.checked) == len(shape(rich).tables)
    counts = {one.table.rpartition(".")[2].lower(): one.inserted for one in done.tables}
    expected = {name.rpartition(".")[2].lower(): len(rows) for name, rows in contents(rich).items()}
    if rich.kind == "postgres":
        expected["other_parts"] = expected.pop("parts")
    assert counts == expected
    assert required(shape(other_source)) == {
        "other_parts" if rich.kind == "postgres" and name == "parts" else name: columns
        for name, columns in required(shape(rich)).items()
    }


@needs_pgserver
def test_a_null_of_a_tap_goes_into_another_kind(
    place: Place, pgserver: PgServer, tmp_path: Path
) -> None:
    """Its rows may lack what the source that was asked has NOT NULL: so does the commit's table."""
    source, target = new_sqlite(tmp_path), new_postgres(pgserver)
    source.execute("CREATE TABLE dogs (id integer PRIMARY KEY, name text NOT NULL, age int)")
    dogs = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}
    lines = [schema("dogs", dogs), record("dogs", id=1, name=None), state({"n": 1})]
    place.load(lines, source_url=source.url)
    back(place, target)
    assert target.query("SELECT * FROM dogs") == [(1, None)]


@pytest.mark.parametrize(
    ("new_source", "other_source"), [PAIRS[0]], indirect=True, ids=["postgres-mysql-postgres"]
)
def test_rows_come_back_from_another_kind(
    place: Place, rich: Source, other_source: Source, new_source: Callable[[], Source]
) -> None:
    """From Postgres into MariaDB, and by a snapshot of that into Postgres again: the same rows."""
    first = sync.snapshot(rich.url, database_of(place)).commit
    back(place, other_source)
    taken = sync.snapshot(other_source.url, database_of(place), take_over=True).commit
    assert first is not None
    assert taken is not None
    target = new_source()
    done = back(place, target)
    assert [one.rows for one in done.checked] == [2, 3, 2, 2]
    found = verify(database_of(place), target.url, at=first.hash)
    names = ("Order", "loose", "other_parts", "users")
    assert [(one.table, one.equal) for one in found] == [(name, True) for name in names]


def test_rows_changed_since_stay(place: Place, rich: Source) -> None:
    """What somebody has changed after the last commit is kept, unless overwriting is asked for."""
    parts = "other.parts" if rich.kind == "postgres" else "parts"
    sync.snapshot(rich.url, database_of(place))
    rich.execute(f"DELETE FROM {parts}", f"INSERT INTO {parts} VALUES (3, 'z'), (4, 'z')")
    sync.snapshot(rich.url, database_of(place))
    rich.execute(f"DELETE FROM {parts} WHERE number = 3", f"INSERT INTO {parts} VALUES (5, 'z')")
    done = back(place, rich, at="HEAD~1")
    assert work(done) == {"parts": (2, 0, 1, 1)}
    assert sorted(rich.query(f"SELECT part, number FROM {parts}")) == [
        ("x", 1),
        ("x", 2),
        ("z", 5),
    ]
    told = run(place, rich, "--at", "HEAD~1")
    assert told.exit_code == 3
    assert "stayed, for they are not as the commit HEAD has them" in told.stderr
    done = back(place, rich, at="HEAD~1", overwrite=True)
    assert work(done) == {"parts": (0, 0, 1, 0)}


def test_by_history_only_rows_that_differ_are_looked_at(place: Place, rich: Source) -> None:
    """Rows are put back as the older commit has them; a change elsewhere stays, and is told."""
    parts = "other.parts" if rich.kind == "postgres" else "parts"
    sync.snapshot(rich.url, database_of(place))
    before = contents(rich)
    rich.execute(
        "UPDATE users SET amount = 77 WHERE name = 'bob'",
        f"DELETE FROM {parts} WHERE number = 1",
        f"INSERT INTO {parts} VALUES (8, 'new'), (9, 'it''s')",
        "DELETE FROM loose WHERE a = 2",
    )
    sync.snapshot(rich.url, database_of(place))
    after = contents(rich)
    done = back(place, rich, at="HEAD~1", by_history=True)
    assert work(done) == {"users": (0, 1, 0, 0), "parts": (1, 0, 2, 0), "loose": (3, 0, 2, 0)}
    # Without a key no row can be asked for: such a table is compared as a whole.
    assert {one.table.rpartition(".")[2] for one in done.tables if not one.by_history} == {"loose"}
    assert contents(rich) == before
    done = back(place, rich, base="HEAD~1", by_history=True)
    assert work(done) == {"users": (0, 1, 0, 0), "parts": (2, 0, 1, 0), "loose": (2, 0, 3, 0)}
    assert contents(rich) == after
    rich.execute(
        f"UPDATE {parts} SET number = 7 WHERE number = 9",
        f"INSERT INTO {parts} VALUES (5, 'other')",
    )
    done = restore(database_of(place), rich.url, at="HEAD~1", by_history=True)
    assert work(done)["parts"] == (1, 0, 1, 0)
    assert [one.there for one in done.checked if not one.equal] == [
        one for one in before if "parts" in one
    ]
    told = run(place, rich, "--at", "HEAD~1", "--by-history", "--overwrite")
    assert (told.exit_code, told.stderr[:30]) == (3, "Error: not equal to the commit")
    unchecked = run(place, rich, "--at", "HEAD~1", "--by-history", "--overwrite", "--no-verify")
    assert unchecked.exit_code == 0
    assert "Looked at in part only, by history: " in unchecked.stderr


def test_values_that_python_hashes_alike_are_different_values(place: Place, source: Source) -> None:
    """-1 and -2, and 0 and 2**61-1: somebody's are kept, or put back, by whatever way."""
    change = "UPDATE one SET n = CASE id WHEN 1 THEN {} ELSE {} END"
    source.execute(
        "CREATE TABLE one (id integer PRIMARY KEY, n bigint)",
        "INSERT INTO one VALUES (1, -1), (2, 0)",
    )
    sync.snapshot(source.url, database_of(place))
    before = contents(source)
    source.execute(change.format(7, 7))
    sync.snapshot(source.url, database_of(place))
    source.execute(change.format(-2, 2**61 - 1))
    assert work(back(place, source, base="HEAD~1")) == {"one": (0, 0, 0, 2)}
    assert work(back(place, source, at="HEAD~1", overwrite=True)) == {"one": (0, 2, 0, 0)}
    assert contents(source) == before
    source.execute(change.format(-2, 2**61 - 1))
    sync.snapshot(source.url, database_of(place))
    assert work(back(place, source, at="HEAD~2", by_history=True)) == {"one": (0, 2, 0, 0)}
    assert contents(source) == before


@pytest.mark.parametrize("by_history", [False, True])
def test_unique_values_may_change_places(place: Place, source: Source, *, by_history: bool) -> None:
    """A value of one row that was another's at the commit is no hindrance, nor a new row's."""
    query = "SELECT * FROM seats ORDER BY id"
    source.execute(
        "CREATE TABLE seats (id integer NOT NULL PRIMARY KEY, seat integer NOT NULL UNIQUE)",
        "INSERT INTO seats VALUES (1, 1), (2, 2), (3, 3), (4, 4)",
    )
    sync.snapshot(source.url, database_of(place))
    before = source.query(query)
    source.execute(
        "DELETE FROM seats WHERE id = 4",
        "UPDATE seats SET seat = seat + 10",
        "UPDATE seats SET seat = 13 - seat",
        "INSERT INTO seats VALUES (5, 4), (6, 3)",
    )
    sync.snapshot(source.url, database_of(place))
    after = source.query(query)
    done = back(place, source, at="HEAD~1", by_history=by_history)
    assert work(done) == {"seats": (1, 3, 2, 0)}
    assert source.query(query) == before
    done = back(place, source, base="HEAD~1", by_history=by_history)
    assert work(done) == {"seats": (2, 3, 1, 0)}
    assert source.query(query) == after


@needs_pgserver
def test_a_refusal_tells_no_value(place: Place, pgserver: PgServer) -> None:
    """A table whose rows another one needs is not restored alone; no row of either is shown."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE towns (name text PRIMARY KEY)",
        "CREATE TABLE people (id integer PRIMARY KEY, town text REFERENCES towns)",
    )
    sync.snapshot(source.url, database_of(place))
    source.execute("INSERT INTO towns VALUES ('Rome')", "INSERT INTO people VALUES (1, 'Rome')")
    with pytest.raises(SourceError, match=r"violates foreign key.*; nothing was changed") as told:
        restore(database_of(place), source.url, tables={"towns": None}, overwrite=True)
    assert "Rome" not in str(told.value)
    assert source.query("SELECT * FROM towns") == [("Rome",)]


@needs_pgserver
@pytest.mark.parametrize("error", [QueryError("gone away"), KeyboardInterrupt()], ids=repr)
def test_what_ends_the_reading_of_a_commit_is_what_is_told(
    place: Place, pgserver: PgServer, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Not that Postgres's COPY could read no more; nothing is there then."""
    source, target = new_postgres(pgserver), new_postgres(pgserver)
    source.execute("CREATE TABLE t (id integer PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    sync.snapshot(source.url, database_of(place))

    def texts(_rows: PlanRows) -> Iterator[Texts]:
        yield [["1"]]
        raise error

    monkeypatch.setattr(PlanRows, "texts", texts)
    with pytest.raises(type(error)) as told:
        restore(database_of(place), target.url)
    assert told.value is error
    assert shape(target).tables == {}


def test_a_time_is_the_last_commit_until_then(place: Place, shop_of_one: Source) -> None:
    """A moment between two commits gives the first, a commit's own that one; before both none."""
    sync.snapshot(shop_of_one.url, database_of(place))
    between = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=1)
    while dt.datetime.now(dt.timezone.utc) < between + dt.timedelta(seconds=1):
        time.sleep(0.1)
    shop_of_one.execute("INSERT INTO one VALUES (2)")
    sync.snapshot(shop_of_one.url, database_of(place))
    for moment in (between, between.astimezone(dt.timezone(dt.timedelta(hours=5)))):
        done = restore(
            database_of(place), shop_of_one.url, at=f"{moment.isoformat()}", dry_run=True
        )
        assert done.commit == place.commits()[0]
    listed = CliRunner().invoke(cli, ["log", database_of(place), "-n", "2", "--format", "json"])
    for one in map(json.loads, listed.stdout.splitlines()):
        done = restore(database_of(place), shop_of_one.url, at=one["date"], dry_run=True)
        assert done.commit == one["commit"]
    with pytest.raises(QueryError, match="no commit until 2001-01-01"):
        restore(database_of(place), shop_of_one.url, at="2001-01-01")


@pytest.fixture
def shop_of_one(tmp_path: Path) -> Source:
    """An SQLite file with one row."""
    source = new_sqlite(tmp_path)
    source.execute("CREATE TABLE one (id integer PRIMARY KEY)", "INSERT INTO one VALUES (1)")
    return source


def test_another_form_is_refused_or_made_again(place: Place, rich: Source) -> None:
    """A table that has other columns there is left as it is, unless overwriting is asked for."""
    sync.snapshot(rich.url, database_of(place))
    before = shape(rich), contents(rich)
    rich.execute("ALTER TABLE loose ADD COLUMN more integer")
    with pytest.raises(ConfigError, match=r"loose' has another form there"):
        restore(database_of(place), rich.url)
    back(place, rich, overwrite=True)
    assert (shape(rich), contents(rich)) == before


TRIGGERS = {
    "sqlite": ["CREATE TRIGGER told AFTER INSERT ON loose BEGIN SELECT 1; END"],
    "mysql": ["CREATE TRIGGER told BEFORE INSERT ON loose FOR EACH ROW SET NEW.a = NEW.a"],
    "postgres": [
        "CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER told BEFORE INSERT ON loose FOR EACH ROW EXECUTE FUNCTION same()",
    ],
}


def test_a_table_with_a_trigger_is_not_made_again(place: Place, source: Source) -> None:
    """The trigger would go with it, and is in no commit; rows are put back all the same."""
    source.execute("CREATE TABLE loose (a integer PRIMARY KEY)", *TRIGGERS[source.kind])
    sync.snapshot(source.url, database_of(place))
    source.execute("INSERT INTO loose VALUES (1)")
    assert work(back(place, source, overwrite=True)) == {"loose": (0, 0, 1, 0)}
    source.execute("ALTER TABLE loose ADD COLUMN more integer")
    before = shape(source)
    with pytest.raises(ConfigError, match=r"what no commit has: trigger .*told; nothing was"):
        restore(database_of(place), source.url, overwrite=True)
    assert shape(source) == before
    on = " ON loose" if source.kind == "postgres" else ""
    source.execute(f"DROP TRIGGER told{on}")
    back(place, source, overwrite=True)
    assert [one.name for one in shape(source).tables.popitem()[1].columns] == ["a"]


def test_ten_generations_come_back_in_any_order(
    place: Place, source: Source, new_source: Callable[[], Source]
) -> None:
    """Each of ten commits is carried into one database, and is then what its source was.

    Every other one goes by history, from the commit that was there before.
    """
    random_ = random.Random(5)  # noqa: S311 - a repeatable story
    world = World(source, random_)
    commits = []
    for _ in range(10):
        world.turn()
        taken = sync.snapshot(source.url, database_of(place))
        assert taken.commit is not None
        commits.append((taken.commit.hash, contents(source), shape(source)))
    random_.shuffle(commits)
    target = new_source()
    before, by_history = "HEAD", False
    for commit, expected, form in commits:
        back(place, target, at=commit, overwrite=True, base=before, by_history=by_history)
        before, by_history = commit, not by_history
        found, there = contents(target), shape(target)
        assert {name: found[name] for name in expected} == expected
        assert {name: there.tables[name] for name in expected} == form.tables


def test_a_taps_commit_goes_into_any_kind(place: Place, new_source: Callable[[], Source]) -> None:
    """Tables that no native types are known of get the generic ones, and every value."""
    columns = {
        "id": {"type": "integer"},
        "name": {"type": ["null", "string"], "maxLength": 50},
        "exact": {"type": ["null", "number"], "multipleOf": 0.01},
        "inexact": {"type": ["null", "number"]},
        "at": {"type": ["null", "string"], "format": "date-time"},
        "day": {"type": ["null", "string"], "format": "date"},
        "flag": {"type": ["null", "boolean"]},
        "more": {"type": ["null", "object"]},
    }
    full = {
        "name": "Ada\\", "exact": 1.25, "inexact": 0.1, "at": "2026-01-02T03:04:05.6Z",
        "day": "2026-01-02", "flag": True, "more": {"a": [1, None]},
    }  # fmt: skip
    place.load(
        [schema("dogs", columns), record("dogs", id=1, **full), record("dogs", id=2), state({})]
    )
    target = new_source()
    done = back(place, target)
    assert work(done) == {"dogs": (2, 0, 0, 0)}
    assert target.query("SELECT count(*), max(name) FROM dogs") == [(2, "Ada\\")]
    target.execute("DELETE FROM dogs WHERE id = 2")
    assert work(back(place, target, overwrite=True)) == {"dogs": (1, 0, 0, 0)}


def test_a_column_that_somebody_added_by_hand_is_carried_with_its_values(
    place: Place, tmp_path: Path
) -> None:
    """The catalogue does not know it: it goes by its own name, and is compared."""
    place.load([schema("dogs", {"id": {"type": "integer"}}), record("dogs", id=1), state({})])
    kind = "TEXT" if "path" in place.config else "VARCHAR(20)"
    place.execute(f"ALTER TABLE dogs ADD COLUMN note {kind}", "UPDATE dogs SET note = 'mine'")
    place.call("dolt_commit", "-A", "-m", "noted by hand")
    target = new_sqlite(tmp_path)
    done = back(place, target)
    assert target.query("SELECT id, note FROM dogs") == [(1, "mine")]
    assert [one.columns for one in done.checked] == [()]
    target.execute("UPDATE dogs SET note = 'theirs'")
    assert work(back(place, target, overwrite=True)) == {"dogs": (0, 1, 0, 0)}
    assert target.query("SELECT id, note FROM dogs") == [(1, "mine")]


@needs_pgserver
@pytest.mark.parametrize("new_source", ["postgres"], indirect=True)
def test_a_type_that_the_database_lacks_is_the_generic_one(
    place: Place, new_source: Callable[[], Source], caplog: pytest.LogCaptureFixture
) -> None:
    """A tap names types that users or extensions make, and not how; the log says which."""
    kinds = {
        "label": ("enum('a','b')", "string"),
        "mood": ("mood", "string"),
        "moods": ("mood[]", "array"),
        "odd": ("not a name", "string"),
        "day": ("date", "string"),
    }
    columns = {
        name: {"type": ["null", json], "x-sql-datatype": native}
        for name, (native, json) in kinds.items()
    }
    row = {"label": "b", "mood": "it's ok", "moods": ["x", None], "odd": "o", "day": "2026-01-02"}
    lines = [
        schema("dogs", {"id": {"type": "integer"}, **columns}),
        record("dogs", id=1, **row),
        record("dogs", id=2),
        state({}),
    ]
    place.load(lines, source_dialect="postgres")
    target = new_source()
    caplog.clear()
    done = back(place, target)
    assert [one.equal for one in done.checked] == [True]
    told = [text for text in caplog.messages if "has no type" in text]
    assert [text.split("'")[3] for text in told] == ["label", "mood", "moods", "odd"]
    assert target.query(
        "SELECT label, mood, moods::text, odd, day::text FROM dogs WHERE id = 1"
    ) == [("b", "it's ok", '["x", null]', "o", "2026-01-02")]
    found = (
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'dogs'"
    )
    types = {"label": "text", "mood": "text", "moods": "jsonb", "odd": "text", "day": "date"}
    assert dict(target.query(found)) == {"id": "bigint", **types}
    target.execute("DELETE FROM dogs WHERE id = 1")
    assert work(back(place, target, overwrite=True)) == {"dogs": (1, 0, 0, 0)}


def run(place: Place, source: Source, *arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["restore", database_of(place), source.url, *arguments])


def test_the_command_tells_what_it_did(
    place: Place, rich: Source, new_source: Callable[[], Source]
) -> None:
    """A dry run shows statements and writes nothing; the real one ends well, verified."""
    sync.snapshot(rich.url, database_of(place))
    target = new_source()
    dry = run(place, target, "--dry-run")
    assert (dry.exit_code, dry.stderr) == (0, "")
    assert "CREATE TABLE" in dry.stdout
    assert shape(target) == replace(shape(target), tables={})
    real = run(place, target)
    assert (real.exit_code, real.stderr) == (0, "")
    assert real.stdout.splitlines()[-1].startswith(f"Restored {place.commits()[-1]}")
    assert contents(target) == contents(rich)


def test_a_dry_run_makes_no_file(place: Place, shop_of_one: Source, tmp_path: Path) -> None:
    """An SQLite file that is missing stays so; without its directory none is made at all."""
    sync.snapshot(shop_of_one.url, database_of(place))
    before = sorted(tmp_path.iterdir())
    done = restore(database_of(place), f"sqlite:///{tmp_path}/new.sqlite", dry_run=True)
    assert work(done) == {"one": (1, 0, 0, 0)}
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(ConfigError, match="there is no directory"):
        restore(database_of(place), f"sqlite:///{tmp_path}/none/new.sqlite")


def test_a_percent_sign_in_a_name_is_no_mark(
    place: Place, source: Source, new_source: Callable[[], Source]
) -> None:
    """Drivers take it for one beside parameters; names with it are read, written and mended."""
    quote = "`" if source.kind == "mysql" else '"'
    key, text = f"{quote}100%{quote}", f"{quote}a%s{quote}"
    source.execute(
        f"CREATE TABLE many ({key} integer PRIMARY KEY, {text} varchar(10))",
        "INSERT INTO many VALUES (0, 'x%'), (1, NULL)",
    )
    sync.snapshot(source.url, database_of(place))
    target = new_source()
    back(place, target)
    target.execute(
        f"UPDATE many SET {text} = 'y' WHERE {key} = 0",
        f"DELETE FROM many WHERE {key} = 1",
        "INSERT INTO many VALUES (7, 'z')",
    )
    assert work(back(place, target, overwrite=True)) == {"many": (1, 1, 1, 0)}
    source.execute(f"DELETE FROM many WHERE {key} = 0")
    sync.snapshot(source.url, database_of(place))
    assert work(back(place, target, base="HEAD~1", by_history=True)) == {"many": (0, 0, 1, 0)}
    assert contents(target) == contents(source)


@pytest.mark.parametrize("name", ["missing.db", "doltlite:///{}/missing.db"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("restore", "{}", "sqlite:///{}/shop.sqlite"),
        ("restore", "{}", "sqlite:///{}/shop.sqlite", "--dry-run"),
        ("verify", "{}", "sqlite:///{}/shop.sqlite"),
        ("log", "{}"),
        ("diff", "{}"),
        ("state", "{}"),
        ("sql", "{}", "SELECT 1"),
    ],
    ids=" ".join,
)
def test_what_only_looks_makes_nothing(
    arguments: tuple[str, ...], name: str, tmp_path: Path
) -> None:
    """A DATABASE that is missing is an error that says so, and is missing afterwards."""
    database = name.format(tmp_path) if ":" in name else str(tmp_path / name)
    command, _, *rest = (one.replace("{}", str(tmp_path)) for one in arguments)
    result = CliRunner().invoke(cli, [command, database, *rest])
    assert result.exit_code == 1, result.output
    assert result.stderr == f"Error: there is no '{tmp_path}/missing.db'\n"
    assert list(tmp_path.iterdir()) == []
