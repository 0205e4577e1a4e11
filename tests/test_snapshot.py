"""`dolt-sync snapshot`: what a source holds at one instant, as one commit, on each backend."""

from __future__ import annotations

import random
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support import Place, database_of
from support_dolt import needs_dolt
from support_snapshot import Source, World, new_sqlite

from tap_adapters import sync
from tap_adapters.commands.cli import cli
from tap_adapters.sources.schema import SourceTable, definition_text, read_definition
from tap_adapters.sources.snapshot import open_snapshot
from target_dolt.errors import ConfigError, TargetDoltError

TEXT = {"postgres": "text", "mysql": "longtext", "sqlite": "text"}
MOMENT = {"postgres": "timestamptz", "mysql": "datetime(6)", "sqlite": "datetime"}


@pytest.fixture
def shop(source: Source) -> Source:
    """A source with users, their orders, and a table without a key."""
    source.execute(
        f"CREATE TABLE users (id integer NOT NULL PRIMARY KEY, name varchar(20), "
        f"amount numeric(12, 2), seen {MOMENT[source.kind]})",
        f"CREATE TABLE orders (user_id integer NOT NULL, line integer NOT NULL, "
        f"what {TEXT[source.kind]}, PRIMARY KEY (user_id, line))",
        "CREATE TABLE clicks (page varchar(20), at integer)",
        "INSERT INTO users VALUES (1, 'Ada', 12.50, '2026-01-02 03:04:05.600000'), "
        "(2, NULL, NULL, NULL), (3, '', -0.01, NULL)",
        "INSERT INTO orders VALUES (1, 1, 'tea'), (1, 2, 'a\ttab'), (2, 1, NULL)",
        "INSERT INTO clicks VALUES ('home', 1), ('home', 1), (NULL, 2)",
    )
    return source


def snapshot(place: Place, source: Source, **options: Any) -> sync.Taken:
    """Take a snapshot through the Python API."""
    return sync.snapshot(source.url, database_of(place), **options)


def run(place: Place, source: Source, *arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["snapshot", source.url, database_of(place), *arguments])


def counts(taken: sync.Taken) -> dict[str, tuple[int, int, int]]:
    """Return how many rows of each table were added, changed and deleted."""
    return {one.table: (one.added, one.changed, one.deleted) for one in taken.changes}


def amounts(place: Place, at: str | None = None) -> list[Decimal | None]:
    """Return the users' amounts; SQLite bends none to a precision, so that there it is text."""
    rows = place.rows("users", at=at)
    return [None if row["amount"] is None else Decimal(row["amount"]) for row in rows]


def plain(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return rows as values alone; numbers of one value are equal whatever their class."""
    return [tuple(row.values()) for row in rows]


def test_all_tables_are_one_commit(place: Place, shop: Source) -> None:
    """Keyed and keyless tables arrive exactly, in one commit that tells where it comes from."""
    result = run(place, shop)
    assert result.exit_code == 0, result.output
    assert place.tables() == ["clicks", "orders", "users"]
    assert [(row["id"], row["name"], row["seen"]) for row in place.rows("users")] == [
        (1, "Ada", "2026-01-02 03:04:05.600000"),
        (2, None, None),
        (3, "", None),
    ]
    assert amounts(place) == [Decimal("12.50"), None, Decimal("-0.01")]
    assert plain(place.rows("orders")) == [(1, 1, "tea"), (1, 2, "a\ttab"), (2, 1, None)]
    assert sorted(plain(place.rows("clicks")), key=repr) == [
        ("home", 1),
        ("home", 1),
        (None, 2),
    ]
    [(message,)] = place.query("SELECT message FROM dolt_log ORDER BY date DESC LIMIT 1")
    head, _, rest = message.partition("\n\n")
    with open_snapshot(shop.url) as opened:
        assert head == f"Snapshot of {opened.name}: 9 added, 0 changed, 0 deleted"
    assert "secret" not in message
    lines = dict(line.split(" ", 1) for line in rest.splitlines())
    assert set(lines) == {"source", "at"} | ({"position"} if shop.kind != "sqlite" else set())
    words = {"postgres": "LSN ", "mysql": "binlog ", "sqlite": ""}
    assert lines.get("position", "").startswith(words[shop.kind])


def test_without_a_change_there_is_no_commit(place: Place, shop: Source) -> None:
    """A second snapshot of the same rows finds nothing, whatever the source has done beside."""
    snapshot(place, shop)
    shop.execute("UPDATE users SET name = 'Bob' WHERE id = 1")
    shop.execute("UPDATE users SET name = 'Ada' WHERE id = 1")
    commits = place.commits()
    assert snapshot(place, shop).commit is None
    result = run(place, shop)
    assert (result.exit_code, result.output) == (0, "Nothing has changed since the last snapshot\n")
    assert place.commits() == commits
    assert place.branches() == ["main"]


def test_a_source_without_tables_is_no_error(place: Place, tmp_path: Path) -> None:
    """There is nothing to commit then, into a database that is new, too."""
    for options in ({"dry_run": True}, {}):
        taken = snapshot(place, new_sqlite(tmp_path), **options)
        assert (taken.commit, taken.changes, taken.rows) == (None, (), {})
    assert place.commits() == []


def test_a_commit_shows_what_changed_and_nothing_else(place: Place, shop: Source) -> None:
    """Rows that are gone, new or changed are so in the commit; the one before has the old ones."""
    snapshot(place, shop)
    before = place.commits()[-1]
    shop.execute(
        "DELETE FROM users WHERE id = 2",
        "UPDATE users SET name = 'Eve' WHERE id = 3",
        "INSERT INTO users (id, name) VALUES (4, 'Zoe')",
        "DELETE FROM clicks WHERE page IS NULL",
        "INSERT INTO clicks VALUES ('home', 1)",
    )
    taken = snapshot(place, shop)
    assert counts(taken) == {"clicks": (1, 0, 1), "users": (1, 1, 1)}
    assert [row["name"] for row in place.rows("users")] == ["Ada", "Eve", "Zoe"]
    assert [row["name"] for row in place.rows("users", at=before)] == ["Ada", None, ""]
    assert plain(place.rows("clicks")) == [("home", 1)] * 3


def test_tables_and_columns_that_are_gone_are_gone(place: Place, shop: Source) -> None:
    """The commit has neither; the one before has both, with their rows."""
    snapshot(place, shop)
    before = place.commits()[-1]
    shop.execute("DROP TABLE clicks", "ALTER TABLE users DROP COLUMN amount")
    taken = snapshot(place, shop)
    assert taken.dropped == ("clicks",)
    assert place.tables() == ["orders", "users"]
    assert list(place.rows("users")[0]) == ["id", "name", "seen"]
    assert len(place.rows("clicks", at=before)) == 3
    assert amounts(place, before) == [Decimal("12.50"), None, Decimal("-0.01")]
    kept = place.query("SELECT DISTINCT table_name FROM _target_dolt_columns ORDER BY 1")
    assert kept == [("orders",), ("users",)]
    objects = place.query(
        "SELECT table_name FROM _target_dolt_objects WHERE kind = 'table' ORDER BY 1"
    )
    assert objects == [("orders",), ("users",)]
    assert snapshot(place, shop).commit is None


@pytest.mark.parametrize("more", [(), ("INSERT INTO visits VALUES ('new', 1)",)])
def test_a_table_of_another_name_is_one_gone_and_one_new(
    place: Place, shop: Source, more: tuple[str, ...]
) -> None:
    """With its rows in the commit's numbers: DoltLite would count those that differ only."""
    snapshot(place, shop)
    shop.execute("ALTER TABLE clicks RENAME TO visits", *more)
    taken = snapshot(place, shop)
    assert counts(taken) == {"clicks": (0, 0, 3), "visits": (3 + len(more), 0, 0)}
    assert place.tables() == ["orders", "users", "visits"]


def test_another_source_of_the_same_name_removes_no_table(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is refused before anything is changed; --keep and --moved are told apart, and kept."""
    sources = []
    for name, table in (("a", "x"), ("b", "y")):
        (tmp_path / name).mkdir()
        source = new_sqlite(tmp_path / name)
        moved = Source("sqlite", f"sqlite:///{tmp_path / name / 'app.sqlite'}")
        Path(source.url.removeprefix("sqlite:///")).rename(tmp_path / name / "app.sqlite")
        moved.execute(f"CREATE TABLE {table} (id integer PRIMARY KEY)")
        sources.append(moved)
    one, other = sources
    snapshot(place, one)
    for options in ({}, {"dry_run": True}):
        with pytest.raises(ConfigError, match="another host or path, and this one has no 'x'"):
            snapshot(place, other, **options)
    assert place.tables() == ["x"]
    assert snapshot(place, other, keep=True).dropped == ()
    with pytest.raises(ConfigError, match="--moved"):
        snapshot(place, other)
    assert snapshot(place, other, moved=True).dropped == ("x",)
    one.execute("CREATE TABLE y (id integer PRIMARY KEY)", "DROP TABLE x")
    caplog.clear()
    snapshot(place, one)
    assert [text for text in caplog.messages if "was taken at another host or path" in text] != []
    commits = place.commits()
    caplog.clear()
    assert snapshot(place, one).commit is None
    assert place.commits() == commits
    assert [text for text in caplog.messages if "another host" in text] == []


def test_keep_keeps_what_is_gone(place: Place, shop: Source) -> None:
    """With keep a table stays with its rows, a column with its values."""
    snapshot(place, shop)
    shop.execute("DROP TABLE clicks", "ALTER TABLE users DROP COLUMN amount")
    shop.execute("UPDATE users SET name = 'Eve' WHERE id = 3")
    taken = snapshot(place, shop, keep=True)
    assert taken.dropped == ()
    assert counts(taken) == {"users": (0, 1, 0)}
    assert place.tables() == ["clicks", "orders", "users"]
    assert amounts(place) == [Decimal("12.50"), None, Decimal("-0.01")]


def test_another_key_or_type_is_followed(place: Place, shop: Source) -> None:
    """A table whose key or a column's type is another one is made anew with its rows."""
    snapshot(place, shop)
    shop.execute(
        "DROP TABLE orders",
        "CREATE TABLE orders (number integer NOT NULL PRIMARY KEY, what integer)",
        "INSERT INTO orders VALUES (7, 1)",
        "DROP TABLE clicks",
        "CREATE TABLE clicks (page varchar(300), at integer, more integer)",
        "INSERT INTO clicks VALUES ('home', 1, NULL)",
    )
    snapshot(place, shop)
    assert place.rows("orders") == [{"number": 7, "what": 1}]
    assert place.rows("clicks") == [{"page": "home", "at": 1, "more": None}]
    assert snapshot(place, shop).commit is None


def test_some_tables_into_others(place: Place, shop: Source) -> None:
    """Tables may be named, renamed and left out; what was not asked for stays as it was."""
    assert run(place, shop, "--table", "users=people", "--table", "orders").exit_code == 0
    assert place.tables() == ["orders", "people"]
    assert len(place.rows("people")) == 3
    shop.execute("DELETE FROM users", "DELETE FROM orders WHERE user_id = 2")
    assert run(place, shop, "--exclude", "[uc]*").exit_code == 0
    assert place.tables() == ["orders", "people"]
    assert (len(place.rows("people")), len(place.rows("orders"))) == (3, 2)


def test_a_table_that_is_not_there_is_told(place: Place, shop: Source) -> None:
    """The message says which tables there are."""
    result = run(place, shop, "--table", "nope")
    assert result.exit_code == ConfigError.exit_code
    assert result.stderr == (
        "Error: the source has no table 'nope'; it has: clicks, orders, users\n"
    )


def test_views_and_triggers_are_named(place: Place, shop: Source) -> None:
    """What a snapshot does not take is told by kind and name."""
    shop.execute("CREATE VIEW everybody AS SELECT name FROM users")
    view = "public.everybody" if shop.kind == "postgres" else "everybody"
    result = run(place, shop)
    assert result.stderr.splitlines() == [f"Left out: view {view}"]
    assert place.tables() == ["clicks", "orders", "users"]


def test_a_dry_run_leaves_nothing(place: Place, shop: Source) -> None:
    """It shows statements and counts; neither the branch nor its tables change."""
    snapshot(place, shop, tables={"users": None})
    commits = place.commits()
    shop.execute("DELETE FROM users WHERE id = 1")
    result = run(place, shop, "--dry-run")
    assert result.exit_code == 0
    made = [line for line in result.stdout.splitlines() if line.startswith("CREATE TABLE")]
    assert [line.split()[2].strip("`") for line in made] == ["clicks", "orders"]
    cells = [line.replace("│", " ").split() for line in result.stdout.splitlines()]
    assert [one for one in cells if len(one) == 4 and one[1].isdigit()] == [
        ["clicks", "3", "0", "0"],
        ["orders", "3", "0", "0"],
        ["users", "0", "0", "1"],
    ]
    assert place.commits() == commits
    assert place.branches() == ["main"]
    assert place.tables() == ["users"]
    assert len(place.rows("users")) == 3


def test_tables_and_columns_that_came_and_went_are_told(place: Place, shop: Source) -> None:
    """By a dry run too; a snapshot of rows alone says nothing of them."""
    first = run(place, shop).stdout.splitlines()
    assert first[-2] == "New tables: clicks, orders, users"
    shop.execute(
        "DROP TABLE clicks",
        "CREATE TABLE visits (id integer NOT NULL PRIMARY KEY)",
        "ALTER TABLE users DROP COLUMN amount",
        "ALTER TABLE users ADD COLUMN age bigint",
    )
    for options in (["--dry-run"], []):
        told = run(place, shop, *options).stdout.splitlines()[-4:-1]
        assert told == [
            "New tables: visits",
            "Dropped tables: clicks",
            "Columns of users: +age BIGINT, -amount",
        ]
    shop.execute("INSERT INTO visits VALUES (1)")
    assert "tables" not in run(place, shop).stdout


@pytest.mark.parametrize("name", ["{}/new.db", "doltlite:///{}/new.db"])
def test_a_dry_run_makes_no_database(shop: Source, tmp_path: Path, name: str) -> None:
    """A DoltLite file that is missing stays so; what would be in it is told all the same."""
    (tmp_path / "empty").mkdir()
    database = name.format(tmp_path / "empty")
    result = CliRunner().invoke(cli, ["snapshot", shop.url, database, "--dry-run"])
    assert result.exit_code == 0, result.output
    assert result.stdout.count("CREATE TABLE") == 3
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_branch_and_a_message_are_the_users(place: Place, shop: Source) -> None:
    """Braces in the message are braces; the other branch stays as it is."""
    snapshot(place, shop, branch="nightly", message="Night {1}")
    assert place.log() == []
    assert place.log("nightly") == ["Night {1}"]


def test_a_value_that_is_not_exact_stops_it(place: Place, source: Source) -> None:
    """Nothing of such a snapshot is committed; the message says which table, column and key."""
    kind = {"postgres": "double precision", "mysql": "date", "sqlite": "real"}[source.kind]
    value = {"postgres": "'NaN'", "mysql": "'2026-00-00'", "sqlite": "9e999"}[source.kind]
    if source.kind == "mysql":
        source.execute("SET sql_mode = ''")
    source.execute(
        "CREATE TABLE a (id integer NOT NULL PRIMARY KEY)",
        "INSERT INTO a VALUES (1)",
        f"CREATE TABLE b (id integer NOT NULL PRIMARY KEY, n {kind})",
        f"INSERT INTO b VALUES (41, {value})",
    )
    commits = place.commits()
    with pytest.raises(TargetDoltError, match="b', column 'n', key id=41"):
        snapshot(place, source)
    assert place.commits() == commits
    assert place.tables() == []
    assert place.branches() == ["main"]


def test_money_on_its_way_is_never_lost(place: Place, source: Source) -> None:
    """Transfers between two tables, committed while these are read, are wholly in or out."""
    if source.kind == "sqlite":
        source.pragma("journal_mode = WAL")
    rows = ", ".join(f"({number}, 100)" for number in range(50))
    source.execute(
        "CREATE TABLE left_side (id integer NOT NULL PRIMARY KEY, money integer)",
        "CREATE TABLE right_side (id integer NOT NULL PRIMARY KEY, money integer)",
        f"INSERT INTO left_side VALUES {rows}",
        f"INSERT INTO right_side VALUES {rows}",
    )
    random_ = random.Random(7)  # noqa: S311 - which accounts is no secret

    def transfer(*_: Any) -> None:
        some, other = random_.randrange(50), random_.randrange(50)
        source.execute(
            f"UPDATE left_side SET money = money - 7 WHERE id = {some}",
            f"UPDATE right_side SET money = money + 7 WHERE id = {other}",
        )

    ended = threading.Event()

    def keep_on() -> None:
        while not ended.wait(0.01):
            transfer()

    writer = threading.Thread(target=keep_on)
    writer.start()
    try:
        for _ in range(4):
            # One transfer at least lies between the reading of the one table and the other.
            snapshot(place, source, progress=transfer)
    finally:
        ended.set()
        writer.join()
    commits = place.commits()
    assert len(commits) == 4
    sums = [
        sum(row["money"] for side in ("left_side", "right_side") for row in place.rows(side, at=at))
        for at in commits
    ]
    assert sums == [10_000] * 4


def test_only_a_key_of_sqlite_that_counts_on_has_a_next_value(place: Place, tmp_path: Path) -> None:
    """The word in a name, a default, a comment or a check is none; how a key has it varies."""
    source = new_sqlite(tmp_path)
    plain = "plain (id integer PRIMARY KEY CHECK (autoincremented > 0), autoincremented integer)"
    source.execute(f"CREATE TABLE {plain}")
    assert snapshot(place, source).rows == {"plain": 0}
    source.execute(
        "CREATE TABLE one (id integer PRIMARY KEY AUTOINCREMENT)",
        "CREATE TABLE two (id integer, n text, primary  key (id autoincrement))",
        'CREATE TABLE three ("a" integer PRIMARY /* , */ KEY ON CONFLICT FAIL AUTOINCREMENT)',
        "CREATE TABLE four (id integer PRIMARY KEY, -- PRIMARY KEY AUTOINCREMENT\n"
        "\"PRIMARY KEY AUTOINCREMENT\" text DEFAULT 'PRIMARY KEY AUTOINCREMENT')",
        "INSERT INTO one VALUES (7)",
    )
    snapshot(place, source)
    with open_snapshot(source.url) as opened:
        found = {
            name: one.columns[0].counter and one.columns[0].counter.next_value
            for name, one in opened.schema.tables.items()
        }
    assert found == {"plain": None, "one": 8, "two": 1, "three": 1, "four": None}


def test_what_tables_are_is_kept_beside_their_rows(place: Place, shop: Source) -> None:
    """`_target_dolt_objects` gives back the very description that was read, in every commit."""
    shop.execute("CREATE UNIQUE INDEX by_name ON users (name)")
    snapshot(place, shop)
    with open_snapshot(shop.url) as opened:
        tables = opened.schema.tables
    kept = place.query(
        "SELECT name, table_name, definition FROM _target_dolt_objects WHERE kind = 'table'"
    )
    assert {name: read_definition(text, SourceTable) for name, _, text in kept} == dict(tables)
    assert all(text == definition_text(tables[name]) for name, _, text in kept)
    assert {table for _, table, _ in kept} == {"clicks", "orders", "users"}
    [users] = [one for one in tables.values() if one.own_name == "users"]
    assert users.key == ("id",)
    assert [one.nullable for one in users.columns] == [False, True, True, True]
    assert ("unique index", "by_name", ("name",)) in [
        (one.kind, one.name, one.columns) for one in users.constraints
    ]


def test_ten_generations_of_changes(place: Place, source: Source) -> None:
    """Rows, columns, keys and whole tables change at random; each commit is its generation."""
    random_ = random.Random(11)  # noqa: S311 - a repeatable story
    world = World(source, random_)
    expected = []
    for _ in range(10):
        world.turn()
        taken = snapshot(place, source)
        assert taken.commit is not None
        expected.append((taken.commit.hash, world.contents()))
    random_.shuffle(expected)
    for commit, contents in expected:
        assert place.tables(at=commit) == sorted(contents)
        for table, rows in contents.items():
            found = plain(place.rows(table, at=commit))
            assert sorted(found, key=repr) == sorted(rows, key=repr), (commit, table)


def test_what_a_source_refuses_is_told_without_a_password(place: Place, source: Source) -> None:
    """A database that is not there, or a user that may not, ends the snapshot in a sentence."""
    url = sa.make_url(source.url).set(database="not_there", password="wrong-secret")  # noqa: S106
    gone = (
        url.render_as_string(hide_password=False)
        if source.kind != "sqlite"
        else ("sqlite:///not_there")
    )
    result = CliRunner().invoke(cli, ["snapshot", gone, database_of(place)])
    assert result.exit_code == 1
    assert result.stderr.startswith(("Error: ",))
    assert "not_there" in result.stderr
    assert "wrong-secret" not in result.output
    assert "Traceback" not in result.output


def test_a_password_may_come_from_the_environment(
    place: Place, shop: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is the one that the source's own programs know; a prompt is the other way."""
    url = sa.make_url(shop.url)
    if url.password is None:
        assert shop.kind == "sqlite"
        return
    name = {"postgres": "PGPASSWORD", "mysql": "MYSQL_PWD"}[shop.kind]
    bare = sa.URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    arguments = ["snapshot", str(bare), database_of(place)]
    asked = CliRunner().invoke(cli, [*arguments, "--ask-password"], input=f"{url.password}\n")
    assert asked.exit_code == 0, asked.output
    monkeypatch.setenv(name, str(url.password))
    again = CliRunner().invoke(cli, arguments)
    assert again.exit_code == 0, again.output
    assert len(place.commits()) == 1


@needs_dolt
def test_a_dolt_database_that_is_missing_is_made_where_asked(tmp_path: Path) -> None:
    """An option makes it, and its lack is told by that name; a dry run makes nothing."""
    source, place = new_sqlite(tmp_path), tmp_path / "history"
    source.execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    place.mkdir()
    arguments = ["snapshot", source.url, str(place)]
    told = CliRunner().invoke(cli, arguments)
    assert (told.exit_code, "set `create_database` to make one" in told.stderr) == (1, True)
    assert CliRunner().invoke(cli, [*arguments, "--create-database", "--dry-run"]).exit_code == 1
    assert list(place.iterdir()) == []
    made = CliRunner().invoke(cli, [*arguments, "--create-database"])
    assert made.exit_code == 0, made.output
    assert (place / ".dolt").is_dir()
    found = CliRunner().invoke(cli, ["sql", str(place), "SELECT * FROM t", "--format", "json"])
    assert found.stdout == '{"id":1}\n'
