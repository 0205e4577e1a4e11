"""A source that is asked (`source_url`) while a real tap reads it: its commit goes back whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, database_of, schema
from support_snapshot import Source, needs_pgserver, new_postgres
from support_taps import Tap, needs_tap
from test_restore import contents, dumped

from demo.postgres import Postgres as PgServer
from tap_adapters.restore import restore
from tap_adapters.sources.inspected import Inspected
from target_dolt.errors import ConfigError

FORM = """
    CREATE TYPE mood AS ENUM ('sad', 'o''k');
    CREATE DOMAIN positive AS integer DEFAULT 1 CHECK (value > 0);
    CREATE TABLE users (
        id bigserial PRIMARY KEY, name varchar(20) NOT NULL UNIQUE DEFAULT 'x''y', feels mood,
        plus positive, amount numeric(10, 2) CHECK (amount >= 0), seen timestamp,
        day date, whole boolean, key uuid, upper text GENERATED ALWAYS AS (upper(name)) STORED);
    COMMENT ON TABLE users IS 'the users''';
    CREATE UNIQUE INDEX lower_name ON users (lower(name)) WHERE name <> '';
    CREATE TABLE orders (
        id integer GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 2) PRIMARY KEY,
        user_id bigint REFERENCES users (id) ON DELETE CASCADE, what text);
    CREATE INDEX by_what ON orders (what DESC);
    INSERT INTO users (name, feels, plus, amount, seen, day, whole, key) VALUES
        ('bob', 'o''k', 1, 1.50, '2026-01-02 03:04:05.678', '2026-05-06', true,
         '6f1b7a0e-0c2b-4b0a-9d57-1f4d6a1c2b3d'),
        ('', NULL, 7, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO orders (user_id, what) VALUES (1, 'tea'), (2, NULL)
"""


def tap_of(source: Source, place: Place) -> Tap:
    """Return Meltano's tap for a Postgres, told to read all of it."""
    url = sa.make_url(source.url)
    config: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "database": url.database,
        "filter_schemas": ["public"],
    }
    tap = Tap("tap-postgres", "tap-postgres", config, place.directory)
    tap.select("FULL_TABLE")
    return tap


@needs_pgserver
@needs_tap("tap-postgres")
def test_pg_dump_finds_no_difference_after_a_tap(place: Place, pgserver: PgServer) -> None:
    """Types, defaults, sequences, indexes, keys, checks and comments, and every row."""
    source, target = new_postgres(pgserver), new_postgres(pgserver)
    source.execute(*(one for one in FORM.split(";\n") if one.strip()))
    lines = tap_of(source, place).run()
    # The tap calls a domain of numbers a text, and sends numbers.
    settings = {"source_url": source.url, "validate_records": False}
    place.load(lines, **settings)
    before = place.commits()
    place.load(lines, **settings)
    assert place.commits() == before
    done = restore(database_of(place), target.url)
    assert [one.table for one in done.checked if not one.equal] == []
    forms = [dumped(pgserver, one) for one in (source, target)]
    assert forms[0].count("CREATE TABLE") == 2
    assert forms[0] == forms[1]
    assert contents(source) == contents(target)


@needs_pgserver
def test_an_account_that_may_read_no_row_can_ask(place: Place, pgserver: PgServer) -> None:
    """What tables are is everybody's to know; a sequence then begins at its start."""
    source = new_postgres(pgserver)
    url = sa.make_url(source.url)
    source.execute(
        "CREATE TABLE t (id serial PRIMARY KEY, v numeric(5, 2))",
        "INSERT INTO t (v) VALUES (1.5)",
        f"CREATE ROLE {url.database}_asks LOGIN PASSWORD 'asks'",
    )
    login = sa.URL.create(
        url.drivername, f"{url.database}_asks", "asks", url.host, url.port, url.database
    )
    lines = [schema("public-t", {"id": {"type": "integer"}, "v": {}})]
    place.load(lines, source_url=login.render_as_string(hide_password=False))
    kept = place.query("SELECT native_type FROM _target_dolt_columns WHERE column_name = 'v'")
    assert [tuple(one) for one in kept] == [("numeric(5,2)",)]
    [(text,)] = place.query("SELECT definition FROM _target_dolt_objects WHERE kind = 'table'")
    assert '"next_value":1,' in text


def test_a_view_has_types(
    place: Place, new_source: Callable[[], Source], caplog: pytest.LogCaptureFixture
) -> None:
    """A tap may read a view: the inspector tells its columns' types, whatever driver is named."""
    source = new_source()
    url = sa.make_url(source.url)
    plain = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, v decimal(5, 2))",
        "CREATE VIEW seen AS SELECT id, v FROM t",
    )
    place.load([schema("seen", {"id": {}, "v": {}}, [])], source_url=plain)
    found = place.query("SELECT column_name, native_type FROM _target_dolt_columns")
    kept = dict(map(tuple, found))
    assert kept["v"].lower().replace(" ", "") in {"numeric(5,2)", "decimal(5,2)"}
    assert "no table of that name" not in caplog.text


@needs_pgserver
@pytest.mark.parametrize("when", ["while it is asked", "before it is asked"])
def test_a_source_that_is_lost_is_not_one_that_does_not_tell(pgserver: PgServer, when: str) -> None:
    """The run ends, with the table and without the password; it would lose the types else."""
    source = new_postgres(pgserver)
    source.execute("CREATE TABLE t (id integer PRIMARY KEY)", "CREATE VIEW seen AS SELECT * FROM t")
    url = sa.make_url(source.url)
    inspected = Inspected(source.url)
    assert inspected.table(None, "none") is None

    def end(connection: sa.Connection, *_: Any) -> None:
        if connection.engine.url.database == url.database:
            pgserver.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                f"WHERE datname = '{url.database}'"
            )

    if when == "while it is asked":
        sa.event.listen(sa.Engine, "before_cursor_execute", end)
    else:
        pgserver.run(f"DROP DATABASE {url.database} WITH (FORCE)")
    try:
        with pytest.raises(ConfigError, match=r"`source_url`: .* was lost .* table 'seen'") as told:
            inspected.table(None, "seen")
    finally:
        if when == "while it is asked":
            sa.event.remove(sa.Engine, "before_cursor_execute", end)
    assert str(url.password) not in str(told.value)
