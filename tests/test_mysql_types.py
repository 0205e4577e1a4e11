"""Each type of MySQL and MariaDB: from a real MariaDB to each backend, and back into it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from support import Place, record, schema, state
from support_native import NO_MARIADB, mariadb
from support_types import Column, message_lines, written_back
from support_values import refused

from target_dolt.errors import RecordError, UnsupportedTypeError

pytestmark = pytest.mark.skipif(shutil.which("mariadbd") is None, reason=NO_MARIADB)

SPATIAL = "ST_GeomFromText('{}', 4326)"
FROM_WORDS, FROM_DIGITS = "ST_GeomFromText(%s, 4326)", "UNHEX(%s)"

TYPES: dict[str, list[Any]] = {
    "tinyint(4)": [-128, 127],
    "tinyint(3) unsigned": [0, 255],
    "smallint(6)": [-32768, 32767],
    "smallint(5) unsigned": [0, 65535],
    "mediumint(9)": [-8388608, 8388607],
    "mediumint(8) unsigned": [0, 16777215],
    "int(11)": [-(2**31), 2**31 - 1],
    "int(10) unsigned zerofill": [0, 2**32 - 1],
    "bigint(20)": [-(2**63), 2**63 - 1],
    "bigint(20) unsigned": [0, 2**64 - 1],
    "decimal(65,30)": ["9" * 35 + "." + "9" * 30, "-0.000000000000000000000000000001"],
    "decimal(10,2) unsigned": ["99999999.99"],
    "decimal(10,0)": [5],
    "float": [0.1, -1.5, 1e-38],
    "float unsigned": [2.5],
    "double": [0.1, 1.7976931348623157e308, 5e-324],
    "bit(1)": [b"\0", b"\1"],
    "bit(9)": [b"\1\xff"],
    "bit(64)": [b"\xff" * 8, b"\0" * 7 + b"5"],
    "char(5)": ["ab", "", "é😀"],
    "varchar(20)": ["", "NULL", "a\\b\t'\"%", "  x  "],
    "varchar(20) character set latin1 collate latin1_german1_ci": ["äß"],
    "tinytext": ["a"],
    "text": ["a\nb\rc\0d", "\\N"],
    "mediumtext": ["名前"],
    "longtext": ["x" * 70000],
    "binary(4)": [b"ab\0\0", b"\xff\0\n\\"],
    "varbinary(20)": [b"", b"NULL", b"\xff\0\t"],
    "tinyblob": [b"\xfe"],
    "blob": [bytes(range(256))],
    "mediumblob": [b"\\N"],
    "longblob": [b"NULL", b""],
    "enum('a','it''s','B','b2')": ["a", "it's", "B"],
    "enum('','x')": ["", "x"],
    "enum('back\\\\slash','100%')": ["back\\slash", "100%"],
    "set('a','b','c')": ["", "a", "a,c"],
    "json": ['{"a": [1, 2.5, null, "é"]}', "null", '"text"'],
    "date": ["0000-00-00", "1000-01-01", "9999-12-31"],
    "datetime(6)": ["0000-00-00 00:00:00", "1000-01-01 00:00:00", "9999-12-31 23:59:59.999999"],
    "datetime": ["2024-02-29 12:00:00"],
    "timestamp(6)": ["1970-01-01 00:00:01", "2038-01-19 03:14:07.999999", "0000-00-00 00:00:00"],
    "time(6)": ["-838:59:59", "838:59:59", "00:00:00", "-00:00:00.000001", "12:30:00.5"],
    "time": ["23:59:59"],
    "year(4)": [1901, 2155, 0],
    "uuid": ["123e4567-e89b-12d3-a456-426655440000"],
    "inet6": ["2001:db8::ff00:42:8329", "::ffff:192.0.2.128"],
    "inet4": ["192.0.2.1"],
}  # fmt: skip
"""Each type, as `SHOW COLUMNS` spells it, with values by hand."""

SPATIAL_TYPES = {
    "geometry": "POINT(1 2)",
    "point": "POINT(1.5 -2)",
    "linestring": "LINESTRING(0 0,1 1)",
    "polygon": "POLYGON((0 0,10 0,10 10,0 10,0 0))",
    "multipoint": "MULTIPOINT(1 1,2 2)",
    "multilinestring": "MULTILINESTRING((0 0,1 1),(2 2,3 3))",
    "multipolygon": "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))",
}


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cursor on a MariaDB for these tests."""
    with mariadb(tmp_path_factory.mktemp("m")) as connection, connection.cursor() as one:
        one.execute(
            "SET sql_mode = 'STRICT_TRANS_TABLES,ALLOW_INVALID_DATES', time_zone = '+00:00'"
        )
        yield one


def as_json(value: Any) -> Any:
    """Return a driver's value as the SDK's taps write it into JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat() + "+00:00"
    if isinstance(value, dt.date):
        return value.isoformat()
    return Decimal(repr(value)) if isinstance(value, float) else value


def fill(
    cursor: Any, table: str, wanted: list[Column], values: list[list[Any]], shape: str = "%s"
) -> None:
    """Make a table with a column for each type, and its rows; `shape` makes a spatial value."""
    declared = ", ".join(f"{name} {native} NULL" for name, native, _ in wanted)
    cursor.execute(f"CREATE OR REPLACE TABLE {table} (id int, {declared})")
    marks = ", ".join(shape if native in SPATIAL_TYPES else "%s" for _, native, _ in wanted)
    for number, row in enumerate(values):
        cursor.execute(f"INSERT INTO {table} VALUES ({number}, {marks})", row)


def rows_of(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    """Return a table's rows, without the id."""
    cursor.execute(f"SELECT * FROM {table} ORDER BY id")
    return [row[1:] for row in cursor.fetchall()]


def lines_of_table(cursor: Any, table: str, wanted: list[Column]) -> list[str]:
    """Return what a tap would send."""
    rows = [
        {"id": number} | {name: as_json(one) for (name, _, _), one in zip(wanted, row, strict=True)}
        for number, row in enumerate(rows_of(cursor, table))
    ]
    return message_lines(wanted, rows)


Pairs = dict[str, list[tuple[Any, Any]]]
"""By native type the values that came and those that went back, where they differ."""


def changed(place: Place, cursor: Any, types: dict[str, list[Any]], **settings: Any) -> Pairs:
    """Carry columns from MariaDB to a backend and back; return what is no longer the same."""
    wanted = [(f"c{n}", native, values) for n, (native, values) in enumerate(types.items())]
    count = max(map(len, types.values()))
    rows = [
        [values[n] if n < len(values) else None for values in types.values()] for n in range(count)
    ]
    fill(cursor, "source", wanted, rows, FROM_WORDS)
    lines = lines_of_table(cursor, "source", wanted)
    place.load([*lines, state({"n": 1})], source_dialect="mysql", **settings)
    properties = json.loads(lines[0])["schema"]["properties"]
    dialect = place.plugins.dialects["mysql"]
    back = written_back(place, dialect, [name for name, _, _ in wanted], properties)
    fill(cursor, "back", wanted, [list(row.values()) for row in back], FROM_DIGITS)
    came, went = ([list(row) for row in rows_of(cursor, one)] for one in ("source", "back"))
    where = [*types].index("json") if "json" in types else None
    for row in (*came, *went) if where is not None else ():
        row[where] = json.loads(row[where] or "null")  # MySQL's is the value, MariaDB's its text
    different = {
        native: [(a[n], b[n]) for a, b in zip(came, went, strict=True) if a[n] != b[n]]
        for n, (_, native, _) in enumerate(wanted)
    }
    return {native: pairs for native, pairs in different.items() if pairs}


def test_every_type_is_kept_exactly_and_written_back_as_itself(place: Place, cursor: Any) -> None:
    """From MariaDB, to the backend, into a second table: the driver gives equal values.

    Shapes are their SRID and coordinates in hexadecimal digits, which UNHEX takes back.
    """
    shapes = {native: [words] for native, words in SPATIAL_TYPES.items()}
    assert changed(place, cursor, TYPES | shapes) == {}


def test_a_shape_in_geojson_goes_back_as_a_shape(place: Place, cursor: Any) -> None:
    """Sent as a value, or as its text where the SCHEMA says object, as pipelinewise's tap does."""
    wanted: list[Column] = [(f"c{n}", native, []) for n, native in enumerate(SPATIAL_TYPES)]
    fill(cursor, "source", wanted, [[*SPATIAL_TYPES.values()]], FROM_WORDS)
    names = [name for name, _, _ in wanted]
    cursor.execute(f"SELECT {', '.join(f'ST_AsGeoJSON({name})' for name in names)} FROM source")
    texts = dict(zip(names, cursor.fetchone(), strict=True))
    lines = message_lines(wanted, [{"id": 0, **texts}, {"id": 1} | parsed(texts)])
    head = json.loads(lines[0])
    for name in names:
        head["schema"]["properties"][name]["type"] = ["null", "object"]
    settings = {"source_dialect": "mysql", "validate_records": False}
    place.load([head, *lines[1:], state({"n": 1})], **settings)
    stored = place.rows("t")
    assert {name: stored[0][name] for name in names} == parsed(texts)
    assert stored[0] == {**stored[1], "id": 0}
    properties = head["schema"]["properties"]
    back = written_back(place, place.plugins.dialects["mysql"], names, properties)
    fill(cursor, "back", wanted, [list(row.values()) for row in back], FROM_DIGITS)
    selected = ", ".join(f"ST_AsText({name})" for name in names)
    cursor.execute(f"SELECT {selected} FROM back UNION ALL SELECT {selected} FROM source")
    first, second, source = cursor.fetchall()
    assert first == second == source
    head["schema"]["properties"] = {"id": {"type": "integer"}, "c0": properties["c0"]}
    for wrong in ('{"type": "Point", "coordinates": [1]}', '{"type": "Dot"}', "{"):
        bad = {"type": "RECORD", "stream": "t", "record": {"id": 2, "c0": wrong}}
        assert "not a shape" in refused(place, [head, bad], **settings).message


def parsed(texts: dict[str, str]) -> dict[str, Any]:
    """Return JSON texts as values, their numbers exactly."""
    return {name: json.loads(text, parse_float=Decimal) for name, text in texts.items()}


def test_generated_column_is_kept_as_its_value(place: Place, cursor: Any) -> None:
    """A tap reads it as any other column."""
    cursor.execute(
        "CREATE OR REPLACE TABLE source (id int, n int, v int GENERATED ALWAYS AS (n * 2) STORED)"
    )
    cursor.execute("INSERT INTO source (id, n) VALUES (0, 21)")
    wanted: list[Column] = [("n", "int(11)", []), ("v", "int(11)", [])]
    place.load(lines_of_table(cursor, "source", wanted), source_dialect="mysql")
    assert place.rows("t") == [{"id": 0, "n": 21, "v": 42}]


@pytest.mark.parametrize(
    ("native", "value"),
    [
        ("date", "2024-00-10"),
        ("date", "2024-02-00"),
        ("datetime", "2024-00-00 00:00:00"),
        ("time(6)", "838:59:59.999999"),
    ],
)
def test_value_that_dolt_has_no_place_for_ends_the_run(
    place: Place, cursor: Any, native: str, value: str
) -> None:
    """Dolt keeps dates of zeros alone, and cuts MariaDB's last second."""
    fill(cursor, "edge", [("v", native, [])], [[value]])
    end = refused(
        place, lines_of_table(cursor, "edge", [("v", native, [])]), source_dialect="mysql"
    )
    assert isinstance(end.error, RecordError)
    place.load(
        lines_of_table(cursor, "edge", [("v", native, [])]),
        source_dialect="mysql",
        strict_types=False,
    )
    sent = [as_json(row[0]) for row in rows_of(cursor, "edge")]
    assert [row["v"] for row in place.rows("t")] == sent


def test_type_that_mysql_does_not_have_is_refused(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Or kept as text where that is wanted, and told once."""
    lines = message_lines([("v", "jsonb", [])], [{"id": 1, "v": "x"}])
    end = refused(place, lines, source_dialect="mysql")
    assert isinstance(end.error, UnsupportedTypeError)
    for part in ("stream 't', column 'v'", "'jsonb' of mysql", "strict_types"):
        assert part in end.message
    more = message_lines([("v", "jsonb", []), ("w", "int(11)", [])], [{"id": 1, "v": "x", "w": 2}])
    place.load([*lines, *more], source_dialect="mysql", strict_types=False)
    assert place.rows("t") == [{"id": 1, "v": "x", "w": 2}]
    assert caplog.text.count("its native type has no exact place; kept as text") == 1


def test_source_s_definition_of_a_table_is_in_the_commit(place: Place, cursor: Any) -> None:
    """All that MariaDB tells: what makes the table again, and its native types."""
    cursor.execute("CREATE OR REPLACE TABLE kinds (id int PRIMARY KEY)")
    cursor.execute(
        """
        CREATE TABLE t (
            id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'the key',
            v enum('a','b') NOT NULL DEFAULT 'b',
            name varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci UNIQUE,
            kind int,
            twice int GENERATED ALWAYS AS (kind * 2) STORED,
            CONSTRAINT of_kind FOREIGN KEY (kind) REFERENCES kinds (id) ON DELETE CASCADE,
            CONSTRAINT small CHECK (kind < 100)
        ) COMMENT 'a table'
        """
    )
    socket = cursor.connection.unix_socket
    parts = {name: {"type": ["string", "null"]} for name in ("v", "name")}
    numbers = {name: {"type": ["integer", "null"]} for name in ("kind", "twice")}
    place.load(
        [
            schema("source-t", {"id": {"type": "integer"}, **parts, **numbers}),
            record("source-t", id=2**64 - 1, v="a", name="ä", kind=1, twice=2),
        ],
        source_url=f"mysql+pymysql://root@localhost/source?unix_socket={socket}&charset=utf8mb4",
    )
    cursor.execute("DROP TABLE t")
    types = place.query(
        "SELECT column_name, column_type FROM _target_dolt_columns WHERE table_name = 't'"
    )
    assert dict(types) == {
        "id": "BIGINT UNSIGNED",
        "v": "ENUM('a','b')",
        "name": "VARCHAR(20)",
        "kind": "INTEGER",
        "twice": "INTEGER",
    }
    [(dialect, kind, text)] = place.query(
        "SELECT source, kind, definition FROM _target_dolt_objects "
        "WHERE table_name = 't' AND kind = 'table'"
    )
    kept = json.loads(text)
    columns = {one["name"]: one for one in kept["columns"]}
    assert (dialect, kind) == ("mysql:source", "table")
    assert columns["id"]["counter"]["kind"] == "auto_increment"
    assert columns["id"]["comment"] == "the key"
    assert (columns["v"]["default"], columns["v"]["type"]) == ("'b'", "enum('a','b')")
    assert columns["v"]["nullable"] is False
    assert columns["name"]["collation"] == "latin1_german1_ci"
    assert "`kind` * 2" in columns["twice"]["generated"]
    [key] = kept["foreign_keys"]
    assert (key["name"], key["on_delete"]) == ("of_kind", "CASCADE")
    constraints = {one["kind"]: one for one in kept["constraints"]}
    assert constraints["check"]["name"] == "small"
    assert constraints["unique index"]["columns"] == ["name"]
    assert kept["comment"] == "a table"
