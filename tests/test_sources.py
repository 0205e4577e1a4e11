"""Native types: from the SCHEMA, from a tap's catalog, from the source; and whose they are."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema
from support_values import refused

from target_dolt.errors import ConfigError, SchemaError

ID = {"type": "integer"}


def catalog_types(place: Place, table: str) -> dict[str, tuple[str | None, str]]:
    """Return the native type and the column type of a table's columns."""
    rows = place.query(
        "SELECT column_name, native_type, column_type FROM _target_dolt_columns "
        "WHERE table_name = :table",
        table=table,
    )
    return {name: (native, chosen) for name, native, chosen in rows}


def chosen(place: Place, part: dict[str, Any], **settings: Any) -> str:
    """Return the type that a property becomes in a load."""
    place.load([schema("t", {"id": ID, "v": part}), record("t", id=1)], **settings)
    return catalog_types(place, "t")["v"][1]


def native(text: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """Return a property that names its native type."""
    return {"type": [kind, "null"], "x-sql-datatype": text, **more}


STITCH: dict[str, Any] = {
    "streams": [
        {
            "tap_stream_id": "db-public-users",
            "stream": "users",
            "table_name": "users",
            "schema": {"type": "object", "properties": {"id": ID}},
            "metadata": [
                {"breadcrumb": [], "metadata": {"schema-name": "public", "is-view": False}},
                {"breadcrumb": ["properties", "id"], "metadata": {"sql-datatype": "integer"}},
                {"breadcrumb": ["properties", "v"], "metadata": {"sql-datatype": "numeric"}},
                {
                    "breadcrumb": ["properties", "at"],
                    "metadata": {"sql-datatype": "timestamp with time zone"},
                },
                {"breadcrumb": ["properties", "b"], "metadata": {"sql-datatype": "bytea"}},
            ],
        },
        {
            "tap_stream_id": "db-other-users",
            "stream": "users",
            "table_name": "users",
            "metadata": [
                {"breadcrumb": [], "metadata": {"schema-name": "other"}},
                {"breadcrumb": ["properties", "v"], "metadata": {"sql-datatype": "text"}},
            ],
        },
    ]
}
"""As pipelinewise-tap-postgres writes it."""

SDK: dict[str, Any] = {
    "streams": [
        {
            "tap_stream_id": "public-users",
            "table_name": "users",
            "schema": {
                "properties": {
                    "v": native("numeric", "number")
                    | {"x-sql-datatype-properties": {"precision": 12, "scale": 3}},
                    "at": native("timestamptz"),
                    "b": native("bytea"),
                }
            },
            "metadata": [],
        }
    ]
}
"""As the SDK's taps write what a user has put there."""

USERS = {
    "id": ID,
    "v": {"type": ["number", "null"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "b": {"type": ["string", "null"]},
    "plain": {"type": ["string", "null"]},
}


@pytest.mark.parametrize(
    ("catalog", "expected"),
    [
        pytest.param(STITCH, ("numeric", "LONGTEXT"), id="stitch"),
        pytest.param(SDK, ("numeric", "DECIMAL(12, 3)"), id="sdk"),
    ],
)
def test_catalog_names_what_the_schema_does_not(
    place: Place, catalog: dict[str, Any], expected: tuple[str, str]
) -> None:
    """The dialect is the one that knows them all; a property without a native type stays."""
    file = place.directory / "catalog.json"
    file.write_text(json.dumps(catalog))
    place.load(
        [
            schema("public-users", USERS),
            '{"type":"RECORD","stream":"public-users","record":{"id":1,"v":1.50,"b":"00ff"}}',
        ],
        source_catalog=str(file),
    )
    types = catalog_types(place, "users")
    assert types["v"] == expected
    assert types["at"][1] == "DATETIME(6)"
    assert types["b"] == ("bytea", "LONGBLOB")
    assert types["plain"] == (None, "LONGTEXT")
    [row] = place.rows("users")
    assert row["b"] == b"\x00\xff"
    assert str(row["v"]) == ("1.50" if expected[1] == "LONGTEXT" else "1.500")
    [(dialect,)] = place.query("SELECT DISTINCT source_dialect FROM _target_dolt_columns")
    assert dialect == "postgres"


def test_a_name_that_two_entries_have_says_nothing(place: Place) -> None:
    """Neither table's types are taken for the other's."""
    file = place.directory / "catalog.json"
    file.write_text(json.dumps(STITCH))
    part = {"id": ID, "v": {"type": ["number", "null"]}}
    place.load([schema("users", part), record("users", id=1)], source_catalog=str(file))
    assert catalog_types(place, "users")["v"] == (None, "DOUBLE")


def test_the_schema_s_own_word_is_the_nearest(place: Place) -> None:
    """Before the catalog's."""
    file = place.directory / "catalog.json"
    file.write_text(json.dumps(SDK))
    part = {**USERS, "v": native("int8", "integer")}
    place.load([schema("public-users", part)], source_catalog=str(file))
    assert catalog_types(place, "users")["v"] == ("int8", "BIGINT")


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "No such file"), ("{", "no `streams`"), ("[]", "no `streams`"), ("{}", "`streams`")],
)
def test_catalog_that_is_none_ends_the_run_before_it_begins(
    place: Place, text: str | None, reason: str
) -> None:
    """The message names the setting and the file."""
    file = place.directory / "catalog.json"
    if text is not None:
        file.write_text(text)
    end = refused(place, [schema("t", {"id": ID})], source_catalog=str(file))
    assert isinstance(end.error, ConfigError)
    for part in ("`source_catalog`", "catalog.json", reason):
        assert part in end.message


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A SQLite file as a source, as a URL."""
    file = tmp_path / "source.db"
    with sqlite3.connect(file) as connection:
        connection.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, v DECIMAL(10,2), b BLOB, at DATETIME)"
        )
    connection.close()
    return f"sqlite:///{file}"


@pytest.mark.parametrize("stream", ["users", "main-users"])
def test_source_is_asked_where_nothing_else_tells(place: Place, source: str, stream: str) -> None:
    """And its URL says whose types they are."""
    place.load(
        [
            schema(stream, USERS),
            json.dumps(record(stream, id=1, v=2, b="ff00", at="2024-02-29T12:00:00")),
        ],
        source_url=source,
    )
    types = catalog_types(place, "users")
    assert types["v"] == ("DECIMAL(10,2)", "LONGTEXT")
    assert types["b"] == ("BLOB", "LONGBLOB")
    assert types["at"] == ("DATETIME", "DATETIME(6)")
    assert place.rows("users")[0]["b"] == b"\xff\x00"


def definition_of(place: Place, table: str, *, at: str | None = None) -> Any:
    """Return what a commit keeps of a source table."""
    query = (
        "SELECT definition FROM _target_dolt_objects WHERE table_name = :table AND kind = 'table'"
    )
    [(text,)] = place.query(query, at=at, table=table)
    return json.loads(text)


def test_source_s_definition_of_a_table_is_in_the_commit(place: Place, tmp_path: Path) -> None:
    """Keys, NOT NULL, defaults, generated columns, checks, indexes, foreign keys; and its changes
    make a commit of their own."""
    file = tmp_path / "shop.db"
    connection = sqlite3.connect(file)
    connection.executescript(
        """
        CREATE TABLE kinds (id INTEGER PRIMARY KEY);
        CREATE TABLE users (
            id INTEGER NOT NULL PRIMARY KEY,
            v DECIMAL(10,2) NOT NULL DEFAULT 1.5 CHECK (v > 0),
            b TEXT COLLATE NOCASE UNIQUE,
            at TEXT GENERATED ALWAYS AS (v * 2) STORED,
            plain INTEGER REFERENCES kinds (id)
        );
        CREATE INDEX by_plain ON users (plain);
        """
    )
    lines = [schema("users", USERS), json.dumps(record("users", id=1, v=2))]
    settings = {"source_url": f"sqlite:///{file}"}
    place.load(lines, **settings)
    kept = definition_of(place, "users")
    columns = {one["name"]: one for one in kept["columns"]}
    assert (columns["v"]["type"], columns["v"]["nullable"]) == ("DECIMAL(10,2)", False)
    assert columns["v"]["default"] == "1.5"
    assert (columns["at"]["generated"], columns["at"]["stored"]) == ("", True)
    assert kept["key"] == ["id"]
    constraints = [(one["kind"], one["name"], one["columns"]) for one in kept["constraints"]]
    assert constraints == [("index", "by_plain", ["plain"]), ("unique", None, ["b"])]
    [key] = kept["foreign_keys"]
    assert (key["columns"], key["table"]) == (["plain"], "kinds")
    assert "CHECK(v > 0)" in kept["definition"].replace("CHECK (", "CHECK(")
    first = place.commits()
    place.load(lines, **settings)
    assert place.commits() == first
    connection.execute("CREATE INDEX by_b ON users (b)")
    connection.close()
    place.load(lines, **settings)
    assert len(place.commits()) == len(first) + 1
    names = [one["name"] for one in definition_of(place, "users")["constraints"]]
    assert names == ["by_b", "by_plain", None]
    before = definition_of(place, "users", at=first[-1])["constraints"]
    assert [one["name"] for one in before] == ["by_plain", None]


def test_no_definition_is_kept_where_the_source_is_not_asked(place: Place) -> None:
    """Nor a table for it."""
    place.load([schema("users", USERS), record("users", id=1)])
    database = place.open()
    try:
        with database.connect() as connection, connection.begin():
            assert "_target_dolt_objects" not in sa.inspect(connection).get_table_names()
    finally:
        database.close()


def test_table_that_the_source_does_not_have_goes_by_json_schema(
    place: Place, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And the run says so."""
    assert chosen(place, {"type": "integer"}, source_url=source) == "BIGINT"
    assert "stream 't': `source_url` has no table of that name" in caplog.text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "no URL"),
        ("no_such_kind://u:s3cret@h/d", "no URL"),
        ("oracle+oracledb://u:s3cret@h/d", "'oracledb' is not installed"),
        ("mysql+pymysql://u:s3cret@127.0.0.1:1/d", "cannot be reached"),
    ],
)
def test_source_that_cannot_be_asked_ends_the_run_and_shows_no_password(
    place: Place, url: str, reason: str
) -> None:
    """Before anything is written."""
    end = refused(place, [schema("t", {"id": ID})], source_url=url)
    assert isinstance(end.error, ConfigError)
    assert reason in end.message
    assert "s3cret" not in end.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("jsonb", "JSON", id="postgres-alone"),
        pytest.param("bigint(20) unsigned", "BIGINT UNSIGNED", id="mysql-alone"),
        pytest.param("uniqueidentifier", "VARCHAR(36)", id="mssql-alone"),
        pytest.param("varchar2(7)", "VARCHAR(7)", id="oracle-alone"),
        pytest.param("varchar(7)", "LONGTEXT", id="of-several"),
        pytest.param("no such type", "LONGTEXT", id="of-none"),
    ],
)
def test_names_alone_tell_the_dialect_where_one_has_them(
    place: Place, text: str, expected: str
) -> None:
    """Where several or none have them, JSON Schema chooses."""
    kind = {"jsonb": "object", "bigint(20) unsigned": "integer"}.get(text, "string")
    assert chosen(place, native(text, kind)) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["mood", "timetz"], "postgres"),
        (["mood", "integer"], "json-schema"),  # of several
        (["mood", "longtext"], "json-schema"),  # in MySQL nobody makes types
        (["timetz", "longtext"], "json-schema"),
    ],
)
def test_a_type_that_a_user_has_made_hides_no_dialect(
    place: Place, names: list[str], expected: str
) -> None:
    """What no dialect knows may be of any in which users make types; the others tell."""
    columns = {f"c{n}": native(name) for n, name in enumerate(names)}
    place.load([schema("t", {"id": ID, **columns}), record("t", id=1)])
    rows = place.query("SELECT DISTINCT source_dialect FROM _target_dolt_columns")
    assert [tuple(row) for row in rows] == [(expected,)]


def test_dialect_of_a_table_stays_when_a_new_column_s_type_would_not_tell(place: Place) -> None:
    """`text` alone could be anybody's; the table was made by postgres."""
    place.load([schema("t", {"id": ID, "v": native("citext")}), record("t", id=1)])
    place.load([schema("t", {"id": ID, "v": native("text"), "w": native("varchar(5)")})])
    assert catalog_types(place, "t")["w"] == ("varchar(5)", "VARCHAR(5)")


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [("postgres", "FLOAT"), ("mysql", "DOUBLE"), ("oracle", "LONGTEXT")],
)
def test_source_dialect_says_it(place: Place, dialect: str, expected: str) -> None:
    """The same name, another type."""
    assert chosen(place, native("real", "number"), source_dialect=dialect) == expected


def test_dialect_that_there_is_not_ends_the_run_before_it_begins(place: Place) -> None:
    """With the names of those that there are."""
    end = refused(place, [schema("t", {"id": ID})], source_dialect="access")
    assert isinstance(end.error, ConfigError)
    for part in ("`source_dialect`", "'access'", "mssql, mysql, oracle, postgres, sqlite"):
        assert part in end.message
    assert place.branches() == ["main"]


def test_native_type_that_cannot_be_read_is_an_error_of_its_column(place: Place) -> None:
    """Not a traceback."""
    end = refused(place, [schema("t", {"id": ID, "v": native("varchar(")})], source_dialect="mysql")
    assert isinstance(end.error, SchemaError)
    assert "stream 't', column 'v'" in end.message
