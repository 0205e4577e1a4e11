"""What a snapshot's tables keep beside their types: NOT NULL, uniques, foreign keys and so on."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, database_of, record, schema, state
from support_snapshot import Source, needs_pgserver, new_mysql, new_postgres
from support_sources import MariaDB, needs_mariadb

from demo.postgres import Postgres
from tap_adapters import sync
from target_dolt.errors import ConfigError


def is_dolt(place: Place) -> bool:
    """Whether the place has all of MySQL's DDL."""
    return "path" not in place.config


def snapshot(place: Place, source: Source, **options: Any) -> sync.Taken:
    """Take a snapshot through the Python API."""
    return sync.snapshot(source.url, database_of(place), **options)


@pytest.fixture
def shop(source: Source) -> Source:
    """Orders that come before the users whom they lead to, and clicks that lead to orders."""
    source.execute(
        "CREATE TABLE users (id integer NOT NULL PRIMARY KEY, mail varchar(40) NOT NULL, "
        "name varchar(20) DEFAULT 'nobody', points integer DEFAULT 5 NOT NULL, "
        "CONSTRAINT one_mail UNIQUE (mail))",
        "CREATE TABLE orders (id integer NOT NULL PRIMARY KEY, mail varchar(40) NOT NULL, "
        "user_id integer, CONSTRAINT whose FOREIGN KEY (user_id) REFERENCES users (id) "
        "ON DELETE CASCADE)",
        "CREATE INDEX by_mail ON orders (mail)",
        "CREATE TABLE more (id integer NOT NULL PRIMARY KEY, order_id integer, "
        "CONSTRAINT more_of FOREIGN KEY (order_id) REFERENCES orders (id))",
        "INSERT INTO users VALUES (1, 'a@x', 'Ada', 1), (2, 'b@x', NULL, 2)",
        "INSERT INTO orders VALUES (10, 'a@x', 1), (11, 'b@x', 2), (12, 'c@x', NULL)",
        "INSERT INTO more VALUES (100, 10)",
    )
    return source


def inspected(place: Place, table: str, *, at: str | None = None) -> dict[str, Any]:
    """Return what SQLAlchemy finds on a table."""
    database = place.open()
    try:
        with database.connect(at) as connection:
            look = sa.inspect(connection)
            return {
                "required": {one["name"] for one in look.get_columns(table) if not one["nullable"]},
                "defaults": {
                    one["name"]: str(one["default"]).strip("()'")
                    for one in look.get_columns(table)
                    if one["default"] is not None
                },
                "comments": {
                    one["name"]: one["comment"]
                    for one in look.get_columns(table)
                    if one.get("comment")
                },
                "indexes": {
                    (tuple(one["column_names"]), bool(one["unique"]))
                    for one in look.get_indexes(table)
                },
                "foreign": {
                    (one["referred_table"], tuple(one["constrained_columns"]))
                    for one in look.get_foreign_keys(table)
                },
                "comment": look.get_table_comment(table)["text"] if is_dolt(place) else None,
                "checks": [one["sqltext"].strip("()") for one in look.get_check_constraints(table)],
            }
    finally:
        database.close()


def test_a_table_keeps_what_its_source_says_of_it(place: Place, shop: Source) -> None:
    """NOT NULL and indexes on both backends; on Dolt foreign keys and defaults too."""
    snapshot(place, shop)
    users, orders = inspected(place, "users"), inspected(place, "orders")
    assert users["required"] == {"id", "mail", "points"}
    assert (("mail",), True) in users["indexes"]
    assert orders["required"] == {"id", "mail"}
    assert (("mail",), False) in orders["indexes"]
    if is_dolt(place):
        assert users["defaults"] == {"name": "nobody", "points": "5"}
        assert orders["foreign"] == {("users", ("user_id",))}
        assert inspected(place, "more")["foreign"] == {("orders", ("order_id",))}
        assert place.call("dolt_verify_constraints", "--all") == 0


def test_without_a_change_nothing_is_committed_or_told(place: Place, shop: Source) -> None:
    """What is taken off for the rows and put on again leaves the table as it was."""
    first = snapshot(place, shop)
    assert first.commit is not None
    again = snapshot(place, shop)
    assert (again.commit, again.statements) == (None, ())
    assert len(place.commits()) == 1


def test_values_that_change_places_keep_their_rows(place: Place, shop: Source) -> None:
    """A bulk load that replaces by key would lose a row to a second unique index."""
    snapshot(place, shop)
    shop.execute(
        "UPDATE users SET mail = 'c@x' WHERE id = 1",
        "UPDATE users SET mail = 'a@x' WHERE id = 2",
        "UPDATE users SET mail = 'b@x' WHERE id = 1",
    )
    taken = snapshot(place, shop)
    assert [(row["id"], row["mail"]) for row in place.rows("users")] == [(1, "b@x"), (2, "a@x")]
    assert [(one.table, one.added, one.changed, one.deleted) for one in taken.changes] == [
        ("users", 0, 2, 0)
    ]
    assert len(place.rows("orders")) == 3  # ON DELETE CASCADE took none while users were replaced


def test_what_the_source_gives_up_is_given_up(place: Place, shop: Source) -> None:
    """A unique that is no longer one may have rows that it would refuse."""
    snapshot(place, shop)
    drop = {
        "postgres": "ALTER TABLE users DROP CONSTRAINT one_mail",
        "mysql": "ALTER TABLE users DROP INDEX one_mail",
        "sqlite": "ALTER TABLE users RENAME TO old_users",
    }
    shop.execute(drop[shop.kind])
    if shop.kind == "sqlite":
        shop.execute(
            "CREATE TABLE users (id integer NOT NULL PRIMARY KEY, mail varchar(40), "
            "name varchar(20), points integer NOT NULL)",
            "INSERT INTO users SELECT * FROM old_users",
            "DROP TABLE old_users",
        )
    shop.execute("INSERT INTO users VALUES (3, 'a@x', 'Alan', 3)")
    snapshot(place, shop)
    assert len(place.rows("users")) == 3
    assert (("mail",), True) not in inspected(place, "users")["indexes"]


def test_some_of_the_tables_alone(place: Place, shop: Source) -> None:
    """A user whom an order that was not taken leads to may be gone: the key is, then, too."""
    snapshot(place, shop)
    shop.execute("DELETE FROM more", "DELETE FROM orders", "DELETE FROM users WHERE id = 2")
    snapshot(place, shop, tables={"users": None})
    assert [row["id"] for row in place.rows("users")] == [1]
    assert len(place.rows("orders")) == 3
    assert inspected(place, "orders")["foreign"] == set()
    snapshot(place, shop)
    assert place.rows("orders") == []
    if is_dolt(place):
        assert inspected(place, "orders")["foreign"] == {("users", ("user_id",))}


def test_a_taps_rows_meet_none_of_it(place: Place, shop: Source) -> None:
    """A tap reads its tables one after the other: nothing of an instant holds for its rows."""
    snapshot(place, shop)
    stream = schema(
        "users",
        {
            "id": {"type": "integer"},
            "mail": {"type": ["null", "string"], "maxLength": 40},
            "name": {"type": ["null", "string"], "maxLength": 20},
            "points": {"type": ["null", "integer"]},
        },
        ["id"],
    )
    more = [record("users", id=7, mail="a@x"), record("users", id=2, mail=None), state({"n": 1})]
    place.load([stream, *more], table_map={"users": "users"})
    found = {row["id"]: (row["mail"], row["points"]) for row in place.rows("users")}
    assert found == {1: ("a@x", 1), 2: (None, None), 7: ("a@x", None)}
    assert len(place.rows("orders")) == 3
    snapshot(place, shop)
    assert {row["id"]: row["mail"] for row in place.rows("users")} == {1: "a@x", 2: "b@x"}
    assert inspected(place, "users")["required"] == {"id", "mail", "points"}


USERS = schema(
    "users",
    {
        "id": {"type": "integer"},
        "mail": {"type": ["null", "string"], "maxLength": 40},
        "name": {"type": ["null", "string"], "maxLength": 20},
    },
    ["id"],
)


def test_a_taps_table_has_its_sources_indexes_and_comments(place: Place, shop: Source) -> None:
    """None of which a row can run into: a unique one is a plain one, nothing is NOT NULL."""
    shop.execute("CREATE INDEX by_name ON users (name, mail)")
    if shop.kind == "postgres":
        shop.execute(
            "COMMENT ON TABLE users IS 'who'",
            "COMMENT ON COLUMN users.name IS 'the 1st'",
            "CREATE INDEX in_part ON users (mail) WHERE name IS NULL",
            "CREATE INDEX of_points ON users (points)",  # a column that the tap leaves out
        )
    rows = [record("users", id=n, mail="a@x", name=f"n{n % 7}") for n in range(3000)]
    lines = [USERS, *rows, record("users", id=3000, mail=None), state({"n": 1})]
    place.load(lines, source_url=shop.url)
    plain = {(("mail",), False), (("name", "mail"), False)}
    found = inspected(place, "users")
    assert (found["indexes"], found["required"], found["defaults"]) == (plain, {"id"}, {})
    comments = {"name": "the 1st"} if is_dolt(place) and shop.kind == "postgres" else {}
    assert found["comments"] == comments
    before = place.commits()
    place.load(lines, source_url=shop.url)
    assert place.commits() == before
    if shop.kind == "postgres":
        shop.execute("COMMENT ON COLUMN users.mail IS 'where'")
        place.load(lines, source_url=shop.url)
        comments = {**comments, "mail": "where"} if is_dolt(place) else {}
        found = inspected(place, "users")
        assert (found["comments"], found["comment"]) == (comments, "who" if comments else None)
    widen = {
        "postgres": "ALTER TABLE users ALTER COLUMN name TYPE text",
        "mysql": "ALTER TABLE users MODIFY name longtext, DROP INDEX by_name, ADD INDEX by_name "
        "(name(20), mail)",
        "sqlite": "SELECT 1",
    }
    shop.execute(widen[shop.kind])
    long = schema("users", {"id": {"type": "integer"}, "name": {"type": "string"}}, ["id"])
    changed = [record("users", id=n, name="long" * 99) for n in range(0, 3000, 2)]
    place.load([long, *changed, state({"n": 2})], source_url=shop.url)
    found = inspected(place, "users")
    assert (found["indexes"], found["comments"]) == (plain, comments)
    assert place.query("SELECT count(*) FROM users WHERE name = 'n1'") == [(215,)]
    assert place.query("SELECT count(*) FROM users WHERE mail = 'a@x'") == [(1500,)]
    shop.execute("DROP INDEX by_name" + (" ON users" if shop.kind == "mysql" else ""))
    place.load([USERS, state({"n": 3})], source_url=shop.url)
    assert inspected(place, "users")["indexes"] == {(("mail",), False)}
    snapshot(place, shop, tables={"users": None})
    assert inspected(place, "users")["indexes"] >= {(("mail",), True)}


ORDERS = schema(
    "orders",
    {
        "id": {"type": "integer"},
        "mail": {"type": ["null", "string"], "maxLength": 40},
        "user_id": {"type": ["null", "integer"]},
    },
    ["id"],
)
BOTH = [
    *(ORDERS, record("orders", id=10, mail="a@x", user_id=1), state({"n": 1})),
    *(USERS, record("users", id=1, mail="a@x", name=None), state({"n": 2})),
]


def test_a_taps_table_has_by_choice_all_that_its_source_says(place: Place, shop: Source) -> None:
    """In the one commit of a run, whose rows may come in any order; and again in the next one."""
    every = {"source_url": shop.url, "source_constraints": "all", "commit_interval_seconds": 0}
    said = None
    if shop.kind == "postgres":
        shop.execute("COMMENT ON TABLE users IS 'who'", "COMMENT ON COLUMN users.mail IS 'where'")
        said = "who" if is_dolt(place) else None
    assert place.load(BOTH, **every) == [{"n": 2}]
    on_dolt = is_dolt(place)
    keys = {("users", ("user_id",))} if on_dolt else set()
    for _ in range(2):
        users, orders = inspected(place, "users"), inspected(place, "orders")
        assert (users["required"], orders["required"]) == ({"id", "mail"}, {"id", "mail"})
        assert (("mail",), True) in users["indexes"]
        assert (("mail",), False) in orders["indexes"]
        assert users["defaults"] == ({"name": "nobody"} if on_dolt else {})
        assert (users["comment"], orders["foreign"]) == (said, keys)
        assert len(place.commits()) == 1
        place.load(BOTH, **every)
    some = [USERS, record("users", id=1, mail="c@x"), record("users", id=2, mail="a@x")]
    place.load([*some, state({"n": 3})], **every)
    assert [(row["id"], row["mail"], row["name"]) for row in place.rows("users")] == [
        *((1, "c@x", None), (2, "a@x", None)),
    ]
    assert (inspected(place, "orders")["foreign"], len(place.commits())) == (keys, 2)
    one = [ORDERS, record("orders", id=11, mail="b@x", user_id=2), state({"n": 4})]
    place.load(one, **every)
    assert (inspected(place, "orders")["foreign"], len(place.rows("orders"))) == (keys, 2)
    place.load(one, source_url=shop.url)
    assert inspected(place, "orders")["required"] == {"id"}
    assert inspected(place, "orders")["foreign"] == set()


def test_what_rows_do_not_satisfy_stays_off_their_table(
    place: Place, shop: Source, caplog: pytest.LogCaptureFixture
) -> None:
    """Each by itself: the run goes on and tells it, and the run that mends the rows puts it on."""
    every = {"source_url": shop.url, "source_constraints": "all"}
    place.load(BOTH, **every)
    gone = {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    bad = [
        *(USERS, record("users", id=1, **gone), record("users", id=2, mail="b@x", name="x")),
        *(record("users", id=3, mail="b@x"), record("users", id=4, mail=None), state({"n": 3})),
    ]
    with caplog.at_level("INFO"):
        assert place.load(bad, **every) == [{"n": 3}]
    users = inspected(place, "users")
    assert [(row["id"], row["mail"]) for row in place.rows("users")] == [
        *((2, "b@x"), (3, "b@x"), (4, None)),
    ]
    assert users["required"] == {"id"}
    assert (("mail",), True) not in users["indexes"]
    assert len(place.rows("orders")) == 1
    assert inspected(place, "orders")["foreign"] == set()
    assert "'mail' stays in the catalogue alone" in caplog.text
    assert "the unique '" in caplog.text
    if is_dolt(place):
        assert users["defaults"] == {"name": "nobody"}
        assert "the foreign key '" in caplog.text
    good = [*BOTH[3:5], record("users", id=3, mail="c@x"), record("users", id=4, mail="d@x")]
    place.load([*good, ORDERS, state({"n": 4})], **every)
    users = inspected(place, "users")
    assert users["required"] == {"id", "mail"}
    assert (("mail",), True) in users["indexes"]
    if is_dolt(place):
        assert inspected(place, "orders")["foreign"] == {("users", ("user_id",))}
        assert place.call("dolt_verify_constraints", "--all") == 0


def test_a_choice_of_all_needs_a_source_that_is_asked(place: Place) -> None:
    """It is refused before anything is read."""
    with pytest.raises(ConfigError, match="`source_url`"):
        place.load([USERS], source_constraints="all")


def test_a_table_that_others_lead_to_can_go(place: Place, shop: Source) -> None:
    """Foreign keys of tables that stay go with it."""
    snapshot(place, shop)
    shop.execute("DROP TABLE more", "DROP TABLE orders", "DROP TABLE users")
    shop.execute("CREATE TABLE other (id integer NOT NULL PRIMARY KEY)")
    snapshot(place, shop)
    assert place.tables() == ["other"]


@needs_pgserver
def test_what_only_postgres_can_say_stays_in_the_catalogue(
    place: Place, pgserver: Postgres
) -> None:
    """Partial and expression indexes, checks and computed defaults are put on no table here."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, a text, b text, at timestamptz DEFAULT now(), "
        "tags text[] DEFAULT '{}', CHECK (a ~ '^x'))",
        "CREATE UNIQUE INDEX one ON t (a) WHERE b IS NULL",
        "CREATE UNIQUE INDEX two ON t (lower(a))",
        "CREATE UNIQUE INDEX three ON t (a, b)",
        "CREATE INDEX four ON t USING gin (tags)",
        "COMMENT ON TABLE t IS 'it''s 100%'",
        "COMMENT ON COLUMN t.a IS 'the \\ a'",
        "INSERT INTO t VALUES (1, 'x', 'b'), (2, 'xx', 'c')",
    )
    snapshot(place, source)
    found = inspected(place, "t")
    assert found["indexes"] == {(("a", "b"), True)}
    assert (found["checks"], found["defaults"]) == ([], {})
    if is_dolt(place):
        assert found["comments"] == {"a": "the \\ a"}


COMMON = {
    "amount >= 0 AND amount <> 5.5": ["amount"],
    "n > -3 OR NOT (n < m AND m <= 100)": ["n", "m"],
    "n IN (1, 2, 3)": ["n"],
    "state IN ('new', 'it''s', 'É')": ["state"],
    "word = 'a' OR word <> 'B' AND word IS NOT NULL": ["word"],
    "n IS NULL OR n BETWEEN 1 AND m": ["n", "m"],
    "day >= '2024-02-29' AND day <> '2024-03-01'": ["day"],
    "starts < ends": ["starts", "ends"],
    "exact > 1.005": ["exact"],
}
"""Checks that both decide alike, with their columns."""

OTHER = [
    "word ~ '^x'",
    "length(word) > 2",
    "word < 'b'",
    "part > 0.1",
    "loose > 0",
    "n + 1 > 0",
    "state = '\\'",
    "n % 2 = 0",
    "flag",
    "feels = 'sad'",
    "day > CURRENT_DATE",
]
"""Checks with a word that Dolt has not, or understands otherwise."""

VALUES = {
    "amount": ["0", "-0.01", "5.5", "5.50", "NULL"],
    "n": ["1", "-3", "-4", "99", "NULL"],
    "m": ["0", "100", "101", "2", "NULL"],
    "state": ["'new'", "'NEW'", "'it''s'", "'é'", "NULL"],
    "word": ["'a'", "'A'", "'a '", "'B'", "NULL"],
    "day": ["'2024-02-29'", "'2024-03-01'", "'0001-01-01'", "'9999-12-31'", "NULL"],
    "starts": ["'2024-01-01 00:00:00.5'", "'2024-01-01'", "NULL", "'2024-01-02'", "'2024-01-01'"],
    "ends": [
        "'2024-01-01 00:00:00.500001'",
        "'2024-01-01'",
        "'2024-01-01'",
        "NULL",
        "'2023-01-01'",
    ],
    "exact": ["1.005", "1.0050000000000000000000000001", "1.004", "2", "NULL"],
}


@needs_pgserver
def test_checks_that_postgres_and_dolt_say_alike_are_on_the_table(
    place: Place, pgserver: Postgres
) -> None:
    """Each decides on each value as Postgres does; no other check is asked of Dolt."""
    source = new_postgres(pgserver)
    checks = [*COMMON, *OTHER]
    names = ", ".join(VALUES)
    source.execute(
        "CREATE TYPE mood AS ENUM ('sad')",
        "CREATE TABLE t (id serial PRIMARY KEY, amount numeric(10,2), n integer, m bigint, "
        "state varchar(20), word text, day date, starts timestamp, ends timestamp(6), "
        "exact numeric(40,30), part float, loose numeric, flag boolean, feels mood)",
        *(f"ALTER TABLE t ADD CONSTRAINT c{n} CHECK ({one})" for n, one in enumerate(checks)),
        "CREATE TABLE v AS SELECT * FROM t",
        *(
            f"INSERT INTO v (id, {names}) VALUES ({n}, {', '.join(some)})"
            for n, some in enumerate(zip(*VALUES.values(), strict=True))
        ),
    )
    snapshot(place, source)
    if not is_dolt(place):
        assert inspected(place, "t")["checks"] == []
        return
    database = place.open()
    try:
        with database.connect() as connection:
            kept = {
                one["name"]: one["sqltext"]
                for one in sa.inspect(connection).get_check_constraints("t")
            }
    finally:
        database.close()
    assert kept.keys() == {f"c{n}" for n in range(len(COMMON))}
    for n, check in enumerate(COMMON):
        asked = source.query(f"SELECT id, ({check}) FROM v ORDER BY id")
        found = place.query(f"SELECT id, {kept[f'c{n}']} FROM v ORDER BY id")
        decided = [(one, None if said is None else bool(said)) for one, said in found]
        assert decided == asked, check


@needs_mariadb
def test_mysql_checks_are_dolts(place: Place, mariadb: MariaDB) -> None:
    """A check of MySQL's is in Dolt's own SQL."""
    source = new_mysql(mariadb)
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, n integer, CONSTRAINT few CHECK (n % 10 < 7))",
        "INSERT INTO t VALUES (1, 6)",
    )
    snapshot(place, source)
    expected = ["`n` MOD 10) < 7"] if is_dolt(place) else []
    assert [one.replace("%", "MOD") for one in inspected(place, "t")["checks"]] == expected
