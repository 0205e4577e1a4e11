"""`dolt-sync restore --by-history`: rows that differ between two commits, on each backend."""

from __future__ import annotations

from pathlib import Path

from support import Place, database_of
from support_restore import back, contents, work
from support_snapshot import Source, needs_pgserver, new_postgres, new_sqlite

from demo.postgres import Postgres as PgServer
from tap_adapters import sync
from tap_adapters.restore import restore
from tap_adapters.restore.destination import Exchange, open_destination
from tap_adapters.sources.snapshot import Selection


def test_what_somebody_has_changed_stays_among_rows_that_go_back(
    place: Place, source: Source
) -> None:
    """Of rows that both commits have, those with another value there in any column are theirs."""
    source.execute(
        "CREATE TABLE stock (place varchar(9), part integer, n decimal(9, 2), note varchar(9),"
        " PRIMARY KEY (place, part))",
        "INSERT INTO stock VALUES ('a', 1, 1.50, 'x'), ('a', 2, 2, 'x'), ('b', 1, 3, NULL),"
        " ('b', 2, NULL, 'x'), ('c', 1, 5, 'x')",
    )
    sync.snapshot(source.url, database_of(place))
    source.execute(
        "UPDATE stock SET n = coalesce(n, 0) + 10",
        "DELETE FROM stock WHERE place = 'c'",
        "INSERT INTO stock VALUES ('d', 1, 6, 'x')",
    )
    sync.snapshot(source.url, database_of(place))
    source.execute(
        "UPDATE stock SET note = 'mine' WHERE place = 'a' AND part = 2",
        "DELETE FROM stock WHERE place = 'b' AND part = 1",
    )
    done = back(place, source, at="HEAD~1", by_history=True)
    assert work(done) == {"stock": (1, 2, 1, 2)}
    assert source.query("SELECT place, part, n, note FROM stock ORDER BY 1, 2") == [
        ("a", 1, 1.5, "x"),
        ("a", 2, 12, "mine"),
        ("b", 2, None, "x"),
        ("c", 1, 5, "x"),
    ]
    done = back(place, source, at="HEAD~1", base="HEAD", by_history=True, overwrite=True)
    assert work(done) == {"stock": (1, 1, 0, 0)}


@needs_pgserver
def test_values_of_any_type_are_what_they_were(place: Place, pgserver: PgServer) -> None:
    """A row is as it was with types that know no equality, too."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE kinds (id integer PRIMARY KEY, j json, p point, n numeric, f float8, c text)",
        """INSERT INTO kinds VALUES (1, '{"a": 1}', '(1,2)', 1.10, '-0', 'x'),
            (2, 'null', NULL, 7, 1e300, E'a\\\\b\\nc'), (3, NULL, '(0,0)', 5, 1, NULL)""",
    )
    sync.snapshot(source.url, database_of(place))
    before = contents(source)
    source.execute("UPDATE kinds SET c = 'new', n = n + 1 WHERE id < 3")
    sync.snapshot(source.url, database_of(place))
    after = contents(source)
    assert work(back(place, source, at="HEAD~1", by_history=True)) == {"kinds": (0, 2, 0, 0)}
    assert contents(source) == before
    assert work(back(place, source, base="HEAD~1", by_history=True)) == {"kinds": (0, 2, 0, 0)}
    assert contents(source) == after


@needs_pgserver
def test_the_server_exchanges_rows_that_have_all_old_values(pgserver: PgServer) -> None:
    """One statement writes many rows, and leaves those that are not quite as they were."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE many (id integer PRIMARY KEY, j json, t text)",
        "INSERT INTO many VALUES (1, '[1]', 'a'), (2, '[2]', NULL), (3, '[ ]', 'c'),"
        " (4, NULL, 'd')",
    )
    olds = [["1", "2", "3", "4"], ["[1]", "[2]", "[3]", None], ["a", None, "c", "D"]]
    exchange = Exchange(4, olds, ["t"], [["A", "B", "C", "E"]])
    with open_destination(source.url, Selection()) as to:
        (table,) = to.snapshot.schema.tables.values()
        assert to.exchange(table, ["id", "j", "t"], exchange) == 2
    assert source.query("SELECT id, t FROM many ORDER BY id") == [
        (1, "A"),
        (2, "B"),
        (3, "c"),
        (4, "d"),
    ]


@needs_pgserver
def test_an_old_value_that_the_table_does_not_take_is_no_error(
    place: Place, pgserver: PgServer, tmp_path: Path
) -> None:
    """The base may have longer texts than a column there has room for: no row is as the base's."""
    source, target = new_sqlite(tmp_path), new_postgres(pgserver)
    source.execute("CREATE TABLE notes (id integer PRIMARY KEY NOT NULL, note text)")
    source.execute("INSERT INTO notes VALUES (1, 'abc'), (2, 'abc')")
    sync.snapshot(source.url, database_of(place))
    back(place, target)
    target.execute("ALTER TABLE notes ALTER note TYPE varchar(3)")
    target.execute("UPDATE notes SET note = 'me' WHERE id = 2")
    source.execute("UPDATE notes SET note = 'abcdef'")
    sync.snapshot(source.url, database_of(place))
    done = restore(database_of(place), target.url, at="HEAD~1", by_history=True)
    assert work(done) == {"notes": (0, 0, 0, 1)}
    assert target.query("SELECT * FROM notes ORDER BY id") == [(1, "abc"), (2, "me")]


@needs_pgserver
def test_rows_are_found_by_keys_of_several_columns(pgserver: PgServer) -> None:
    """Each value is taken as the column's type has it, and none cut to a column's length."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'it''s')",
        "CREATE DOMAIN few AS varchar(3)",
        "CREATE TABLE many (a few, b char(2), c mood, d bit(2), e numeric(5, 1), f timestamptz,"
        " PRIMARY KEY (a, b, c, d, e, f))",
        "INSERT INTO many VALUES ('abc', 'x', 'sad', '10', 1.5, '2026-01-02 03:04:05+00'),"
        " ('abc', 'xy', 'it''s', '11', 2.0, '2026-01-02 03:04:05+00')",
    )
    row = ("abc", "x", "sad", "10", "1.5", "2026-01-02 03:04:05")
    others = [("abcd", *row[1:]), (*row[:1], "xyz", "it's", "11", "2", row[5])]
    others += [(*row[:3], "101", *row[4:]), (*row[:4], "1.51", row[5])]
    with open_destination(source.url, Selection()) as to:
        (table,) = to.snapshot.schema.tables.values()
        found = list(to.snapshot.rows(table, to.with_keys(table, [row, *others])))
    assert [[one[:3] for one in rows] for rows in found] == [[("abc", "x ", "sad")]]


@needs_pgserver
def test_rows_are_found_by_columns_with_a_percent_sign_in_their_names(pgserver: PgServer) -> None:
    """The driver takes one for a mark beside parameters."""
    source = new_postgres(pgserver)
    source.execute(
        'CREATE TABLE shares ("of" integer, "a%s" integer, "50%" text, PRIMARY KEY ("of", "a%s"))',
        "INSERT INTO shares VALUES (1, 2, 'x'), (1, 3, 'y')",
    )
    with open_destination(source.url, Selection()) as to:
        (table,) = to.snapshot.schema.tables.values()
        found = list(to.snapshot.rows(table, to.with_keys(table, [("1", "3")])))
    assert [[one[2] for one in rows] for rows in found] == [["y"]]


@needs_pgserver
def test_a_unique_column_that_stays_is_in_no_rows_way(place: Place, pgserver: PgServer) -> None:
    """Rows whose other columns change are updated; where the unique one does, they are replaced."""
    source = new_postgres(pgserver)
    source.execute(
        "CREATE TABLE seats (id integer PRIMARY KEY, seat integer NOT NULL UNIQUE, who text)",
        "INSERT INTO seats VALUES (1, 1, 'a'), (2, 2, 'b')",
        "CREATE TABLE gone (id integer PRIMARY KEY)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO public.gone VALUES (old.id); RETURN old; END'",
        "CREATE TRIGGER note AFTER DELETE ON seats FOR EACH ROW EXECUTE FUNCTION note()",
    )
    tables = {"seats": None}
    sync.snapshot(source.url, database_of(place), tables=tables)
    source.execute("UPDATE seats SET who = who || '!'")
    sync.snapshot(source.url, database_of(place), tables=tables)
    done = back(place, source, at="HEAD~1", by_history=True, tables=tables)
    assert work(done) == {"seats": (0, 2, 0, 0)}
    assert source.query("SELECT * FROM seats ORDER BY id") == [(1, 1, "a"), (2, 2, "b")]
    assert source.query("SELECT * FROM gone") == []
    source.execute("UPDATE seats SET seat = seat + 10")
    sync.snapshot(source.url, database_of(place), tables=tables)
    done = back(place, source, at="HEAD~2", by_history=True, tables=tables)
    assert work(done) == {"seats": (0, 2, 0, 0)}
    assert source.query("SELECT * FROM gone ORDER BY id") == [(1,), (2,)]
