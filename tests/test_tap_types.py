"""Native types of real taps, from the catalog that they discover, and every value exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, database_of
from support_restore import shape
from support_snapshot import Source
from support_sources import HOST, MariaDB, Postgres, needs_postgres
from support_taps import LOG_TAPS, LogTap, Tap, needs_tap

from tap_adapters.restore import restore

POSTGRES = {
    "smallint": ["'-32768'", "32767"],
    "integer": ["'-2147483648'", "2147483647"],
    "bigint": ["'-9223372036854775808'", "9223372036854775807"],
    "numeric(20,5)": ["123456789012345.67891", "'-0.00001'"],
    "real": ["0.1", "-1.5"],
    "double precision": ["0.1", "1.7976931348623157e308"],
    "boolean": ["true", "false"],
    "character(5)": ["'ab'", "''"],
    "character varying(20)": ["E'tab\\there'", "'Größe 🥞'"],
    "text": [r"'\N'", "''"],
    "date": ["'2020-02-29'", "'1582-10-15'"],
    "timestamp without time zone": ["'2026-01-31 23:59:59.123456'", "'1970-01-01'"],
    "timestamp with time zone": ["'2026-01-31 23:59:59.123456+02'", "'1969-12-31 23:59:59Z'"],
    "time without time zone": ["'23:59:59.999999'", "'00:00'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000000'"],
    "json": ["""'{"a":[1,2.5,null]}'""", "'[]'"],
    "jsonb": ["""'{"a": {"b": "ä"}}'""", "'{}'"],
    "integer[]": ["'{1,NULL,3}'", "'{}'"],
    "text[]": [r"""'{a,"b, \"c\""}'""", "'{\"\"}'"],
    "inet": ["'10.0.0.1/8'", "'::1'"],
    "cidr": ["'10.0.0.0/8'", "'2001:db8::/32'"],
    "macaddr": ["'08:00:2b:01:02:03'", "'ff:ff:ff:ff:ff:ff'"],
}
"""Each type with two values, as SQL."""

MARIADB = {
    "tinyint(4)": ["-128", "127"],
    "tinyint(1)": ["0", "1"],
    "smallint(5) unsigned": ["0", "65535"],
    "mediumint(9)": ["-8388608", "8388607"],
    "int(11)": ["-2147483648", "2147483647"],
    "bigint(20)": ["-9223372036854775808", "9223372036854775807"],
    "bigint(20) unsigned": ["0", "18446744073709551615"],
    "decimal(20,5)": ["123456789012345.67891", "-0.00001"],
    "float": ["0.1", "-1.5"],
    "double": ["0.1", "1.7976931348623157e308"],
    "char(5)": ["'ab'", "''"],
    "varchar(20)": ["'tab\\there'", "'Größe'"],
    "tinytext": ["'a'", "''"],
    "text": ["'\\\\N'", "'x'"],
    "mediumtext": ["'NULL'", "''"],
    "longtext": ["repeat('long ', 1000)", "''"],
    "enum('a','b')": ["'a'", "'b'"],
    "date": ["'2020-02-29'", "'1582-10-15'"],
    "datetime": ["'2026-01-31 23:59:59'", "'1970-01-02'"],
    "timestamp": ["'2026-01-31 23:59:59'", "'1970-01-02'"],
    "time": ["'12:34:56'", "'00:00:00'"],
}


WITHOUT_PARAMETERS = {"numeric(20,5)": "numeric"}
"""What pipelinewise's tap of Postgres calls a type whose parameters it does not name."""

UNKNOWN_TO_TAPS = {"tap-mysql": {"tinytext"}}
"""Types of columns that a tap does not read."""

NO_NULLS = {"integer[]", "text[]"}
"""Types whose NULL pipelinewise's tap of Postgres sends as an empty array."""


def table_of(types: Mapping[str, list[str]]) -> str:
    """Return the SQL that makes and fills a table with a column of each type."""
    names = {name: f"c{number}" for number, name in enumerate(types)}
    columns = ", ".join(f"{names[name]} {name} NULL" for name in types)
    rows = ", ".join(
        f"({number + 1}, {', '.join(values[number] for values in types.values())})"
        for number in range(2)
    )
    empty = ", ".join(["3", *("'{}'" if name in NO_NULLS else "NULL" for name in types)])
    return (
        f"CREATE TABLE kinds (id integer PRIMARY KEY, {columns}); "
        f"INSERT INTO kinds VALUES {rows}, ({empty});"
    )


def url_of(server: Postgres | MariaDB) -> sa.URL:
    """Return a server's database as a URL."""
    scheme = "mariadb+pymysql" if isinstance(server, MariaDB) else "postgresql+psycopg2"
    return sa.URL.create(scheme, server.user, server.password, HOST, server.port, server.database)


def texts(server: Postgres | MariaDB, columns: list[str]) -> list[dict[str, Any]]:
    """Return some columns of all rows as the server prints them."""
    how = "CAST({} AS char)" if isinstance(server, MariaDB) else "{}::text"
    engine = sa.create_engine(url_of(server), poolclass=sa.NullPool)
    with engine.connect() as connection:
        selected = ", ".join(f"{how.format(one)} AS {one}" for one in columns)
        found = connection.exec_driver_sql(f"SELECT {selected} FROM kinds ORDER BY id")
        return [dict(row) for row in found.mappings()]


def natives(place: Place, table: str = "kinds") -> dict[str, str]:
    """Return the native type of each column, as the commit has it."""
    found = place.query(
        "SELECT property_name, native_type FROM _target_dolt_columns WHERE table_name = :table",
        table=table,
    )
    return {name: native for name, native in found if name != "id"}


@pytest.mark.parametrize(
    "tap", [pytest.param(one, marks=one.needs, id=one.name) for one in LOG_TAPS.values()]
)
def test_a_taps_own_catalog_names_the_types(
    place: Place, tap: LogTap, request: pytest.FixtureRequest
) -> None:
    """What the tap sends of them goes into an empty database as the source prints it."""
    server: Postgres | MariaDB = request.getfixturevalue(tap.server).with_new_database()
    types = MARIADB if isinstance(server, MariaDB) else POSTGRES
    server.run(table_of(types))
    reader = tap.on(server, place.directory)
    reader.select("FULL_TABLE")
    place.load(reader.run(), source_catalog=str(place.directory / f"{reader.name}-catalog.json"))
    kept = natives(place)
    named = {f"c{number}": name for number, name in enumerate(types)}
    left_out = UNKNOWN_TO_TAPS.get(tap.name, ())
    assert kept == {
        column: WITHOUT_PARAMETERS.get(name, name) if tap.server == "postgres" else name
        for column, name in named.items()
        if name not in left_out
    }
    target = server.with_new_database()
    done = restore(database_of(place), url_of(target).render_as_string(hide_password=False))
    [checked] = done.checked
    assert (checked.rows, checked.rows_there) == (3, 3)
    assert (checked.columns, checked.differing, checked.equal) == ((), (), True)
    assert texts(target, list(kept)) == texts(server, list(kept))


@pytest.mark.parametrize(
    "tap",
    [
        pytest.param(one, marks=one.needs, id=one.name)
        for one in LOG_TAPS.values()
        if one.server == "mariadb"
    ],
)
def test_mariadb_itself_names_the_types_that_a_tap_reads(
    place: Place, tap: LogTap, request: pytest.FixtureRequest
) -> None:
    """With all of their parameters, and the table goes back with its index and its comment."""
    server: MariaDB = request.getfixturevalue("mariadb").with_new_database()
    types = {
        name: values
        for name, values in MARIADB.items()
        if name not in UNKNOWN_TO_TAPS.get(tap.name, ())
    }
    server.run(table_of(types))
    server.run("ALTER TABLE kinds COMMENT 'of each kind', ADD UNIQUE INDEX one (c0, id)")
    reader = tap.on(server, place.directory)
    reader.select("FULL_TABLE")
    url = url_of(server).render_as_string(hide_password=False)
    place.load(reader.run(), source_url=url)
    assert natives(place) == {f"c{number}": name for number, name in enumerate(types)}
    target = server.with_new_database()
    back = url_of(target).render_as_string(hide_password=False)
    done = restore(database_of(place), back)
    assert [one.equal for one in done.checked] == [True]
    assert texts(target, list(natives(place))) == texts(server, list(natives(place)))
    assert shape(Source("mysql", back)) == shape(Source("mysql", url))


@needs_postgres
@needs_tap("tap-postgres")
def test_a_source_names_the_types_that_an_sdk_taps_catalog_does_not(
    place: Place, postgres: Postgres
) -> None:
    """Meltano's tap of Postgres writes none into its catalog: JSON Schema chooses; or the source
    is asked, and the table goes back as it was."""
    server = postgres.with_new_database()
    server.run(table_of(POSTGRES))
    config = {
        "host": HOST,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "database": server.database,
        "filter_schemas": ["public"],
    }
    reader = Tap("tap-postgres", "tap-postgres", config, place.directory)
    reader.select("FULL_TABLE")
    lines = reader.run()
    catalog = place.directory / "tap-postgres-catalog.json"
    place.load(
        lines,
        source_catalog=str(catalog),
        strict_types=False,  # of numeric(20,5) the tap sends a number, which no double is
        validate_records=False,  # and lists for what its schema calls texts
        table_map={"public-kinds": "plain"},
    )
    assert {*natives(place, "plain").values()} == {None}
    url = url_of(server).render_as_string(hide_password=False)
    place.load(lines, source_url=url, validate_records=False, table_map={"public-kinds": "kinds"})
    assert natives(place) == {f"c{number}": name for number, name in enumerate(POSTGRES)}
    target = server.with_new_database()
    back = url_of(target).render_as_string(hide_password=False)
    done = restore(database_of(place), back, tables={"kinds": None})
    assert [one.equal for one in done.checked] == [True]
    assert texts(target, list(natives(place))) == texts(server, list(natives(place)))
