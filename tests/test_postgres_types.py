"""Each type of Postgres: from a real one, through JSON, to each backend, and back into it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from support import Place, state
from support_native import NO_POSTGRES, Postgres, has_postgres, quoted
from support_types import Column, message_lines, property_of, written_back
from support_values import lines_of, refused

from target_dolt.errors import RecordError

pytestmark = pytest.mark.skipif(not has_postgres(), reason=NO_POSTGRES)

DECLARE = """
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'HAPPY');
CREATE DOMAIN posint AS integer CHECK (VALUE > 0);
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE TYPE pair AS (n integer, t text, inner_ numeric);
CREATE TYPE nested AS (p pair, list integer[]);
"""

TYPES: dict[str, list[str]] = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "32767"],
    "integer": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "numeric": ["1.10", "NaN", "Infinity", "-Infinity", "1e-20", "9" * 200 + "." + "1" * 200, "0"],
    "numeric(10,2)": ["99999999.99", "-0.01", "0"],
    "numeric(65,30)": ["9" * 35 + "." + "9" * 30],
    "numeric(3,-2)": ["12300", "-99900"],
    "numeric(3,5)": ["0.00123"],
    "numeric(100,50)": ["1" * 50 + "." + "2" * 50, "NaN"],
    "real": ["0.1", "-3.4028235e38", "1e-45", "16777216", "1.1754944e-38"],
    "double precision": ["0.1", "1.7976931348623157e308", "5e-324", "332776858644573568"],
    "money": ["12.34", "-92233720368547758.08"],
    "bit(3)": ["101", "000"],
    "bit varying(5)": ["10101", "", "0"],
    "bit varying": ["1" * 100],
    "bytea": ["\\x00ff5c4e", "\\x", "\\x4e554c4c"],
    "character(5)": ["ab", "", "é😀"],
    "character varying(20)": ["", "NULL", "a\\b\t'\"", "  x  "],
    "text": ["", "\\N", "null", "NULL", "a\nb\rc\t\\", "名前 😀", "x" * 70000],
    '"char"': ["a", ""],
    "name": ["x" * 63],
    "json": ['{"b":1.10,"a":[12345678901234567890,null]}', '"text"', "[]", "1.50"],
    "jsonb": ['{"b": 1.5, "a": [true, null]}', '"text"', "5", "[]", '{"é": "\\" \\\\ 😀"}'],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    "inet": ["192.168.0.1/24", "10.1.2.3", "2001:4f8:3:ba:2e0:81ff:fe22:d1f1", "::ffff:1.2.3.0"],
    "cidr": ["192.168.100.128/25", "2001:4f8:3:ba::/64"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "date": ["0001-01-01", "9999-12-31", "2024-02-29"],
    "time": ["00:00:00", "23:59:59.999999", "24:00:00", "12:30:00.5"],
    "time with time zone": ["12:30:00+05:30", "23:59:59.999999-15:59:59", "24:00:00+00"],
    "timestamp": ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-02-29 12:00:00.5"],
    "timestamp(3) without time zone": ["2024-02-29 12:00:00.123"],
    "timestamp with time zone": ["2024-02-29 12:00:00.123456+05:30", "0001-01-02 00:00:00+00"],
    "interval": ["1 year 2 mons -3 days 04:05:06.789", "-178000000 years", "1000000:00:00"],
    "interval day to second(3)": ["1 day 02:03:04.567"],
    "int4range": ["[1,10)", "empty", "(,5)", "(,)"],
    "int8range": ["[1,9223372036854775807)"],
    "numrange": ["(1.10,2.20]", "[NaN,NaN]"],
    "tsrange": ['["2024-01-01 00:00:00",infinity)'],
    "tstzrange": ['["2024-01-01 00:00:00+00","2025-01-01 00:00:00+00")'],
    "daterange": ["[2024-01-01,infinity)"],
    "int4multirange": ["{[1,3),[5,8)}", "{}"],
    "int8multirange": ["{[1,3)}"],
    "nummultirange": ["{[1.5,2.5]}"],
    "tsmultirange": ['{["2024-01-01 00:00:00","2024-02-01 00:00:00")}'],
    "tstzmultirange": ['{["2024-01-01 00:00:00+00",)}'],
    "datemultirange": ["{[2024-01-01,2024-01-05)}"],
    "point": ["(1.5,-2)", "(NaN,Infinity)"],
    "line": ["{1,-1,0}"],
    "lseg": ["[(0,0),(1,1)]"],
    "box": ["(1,1),(0,0)"],
    "path": ["((0,0),(1,1))", "[(0,0),(1,1)]"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "circle": ["<(0,0),1.5>"],
    "tsvector": ["'a':1A 'fat':2B,4C 'it''s'"],
    "tsquery": ["'fat' & ( 'rat' | !'cat' )", "'super':*AB"],
    "pg_lsn": ["FFFFFFFF/FFFFFFFF", "0/0"],
    "oid": ["0", "4294967295"],
    "xid": ["4294967295"],
    "cid": ["4294967295"],
    "xid8": ["18446744073709551615"],
    "tid": ["(4294967295,65535)"],
    "regclass": ["pg_class", "-"],
    "regtype": ["integer"],
    "regproc": ["now"],
    "regprocedure": ["abs(integer)"],
    "regnamespace": ["pg_catalog"],
    "regrole": ["postgres"],
    "regoperator": ["+(integer,integer)"],
    "regconfig": ["english"],
    "regdictionary": ["simple"],
    "regcollation": ['"C"'],
    "oidvector": ["1 2 3"],
    "int2vector": ["1 -2"],
    "pg_snapshot": ["10:20:10,14,15"],
    "txid_snapshot": ["10:20:10,14,15"],
    "jsonpath": ['$."a"[*]?(@ > 1)'],
    "refcursor": ["a cursor"],
    "aclitem": ["postgres=r/postgres"],
    "mood": ["sad", "it's ok", "HAPPY"],
    "posint": ["1", "2147483647"],
    "code": ["x"],
    "pair": ['(1,"a ""b"" \\\\,c",1.10)', "(,,)", '(5,"",)'],
    "nested": ['("(1,x,2.5)","{1,NULL,3}")'],
    "integer[]": ["{1,NULL,-3}", "{}", "{{1,2},{3,NULL}}", "{{{1}}}"],
    "bigint[]": ["{9223372036854775807,-9223372036854775808}"],
    "text[]": ['{"a b",NULL,"NULL","","{}","\\"q\\"","\\\\"}'],
    "numeric[]": ["{1.10,NaN,12345678901234567890.12345678901234567890}"],
    "numeric(10,2)[]": ["{1.10,2.00}"],
    "double precision[]": ["{0.1,NaN,-Infinity,5e-324}"],
    "real[]": ["{0.1,NaN}"],
    "boolean[]": ["{t,f,NULL}"],
    "date[]": ["{2024-02-29,infinity,NULL}"],
    "timestamp[]": ['{"2024-02-29 12:00:00",-infinity}'],
    "timestamptz[]": ['{"2024-02-29 12:00:00+00",NULL}'],
    "interval[]": ['{"1 day","-01:00:00"}'],
    "uuid[]": ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"],
    "inet[]": ["{10.0.0.0/8,::1}"],
    "bytea[]": ['{"\\\\x00ff",NULL}'],
    "jsonb[]": ['{"{\\"a\\": [1, 2]}","[1, 2]",NULL,"\\"x\\"","5"}'],
    "int4range[]": ['{"[1,3)",empty}'],
    "box[]": ["{(1,1),(0,0);(2,2),(1,1)}"],
    "pair[]": ['{"(1,\\"a b\\",1.10)",NULL,"(,,)"}'],
    "point[]": ['{"(1,2)","(3,4)"}'],
    "mood[]": ['{sad,"it\'s ok"}'],
    "posint[]": ["{1,2}"],
    "bit(3)[]": ["{101,000}"],
    "money[]": ['{"$1.50",NULL}'],
    "character varying(5)[]": ["{ab,NULL}"],
}  # fmt: skip
"""Each type with its own literals: bounds and strange values by hand."""


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A Postgres for these tests."""
    server = Postgres(tmp_path_factory.mktemp("pg"))
    server.run(DECLARE)
    yield server
    server.stop()


def columns_of(types: Mapping[str, list[Any]]) -> list[Column]:
    """Return a column for each type: name, type, literals."""
    return [(f"c{n}", native, [*map(str, some)]) for n, (native, some) in enumerate(types.items())]


def rows_of(server: Postgres, table: str, names: list[str]) -> list[dict[str, Any]]:
    """Return a table's rows as Postgres writes them in JSON."""
    listed = ", ".join(["id", *names])
    lines = server.run(f"SELECT row_to_json(t) FROM (SELECT {listed} FROM {table} ORDER BY id) t")
    return [json.loads(line, parse_float=Decimal) for line in lines]


def texts_of(server: Postgres, table: str, names: list[str]) -> list[dict[str, Any]]:
    """Return a table's rows with each value as its own text."""
    listed = ", ".join(f"{name}::text" for name in names)
    lines = server.run(f"SELECT row_to_json(t) FROM (SELECT {listed} FROM {table} ORDER BY id) t")
    return [json.loads(line) for line in lines]


def fill(server: Postgres, table: str, wanted: list[Column]) -> None:
    """Make a table with a column for each type, and a row for each of their literals."""
    declared = ", ".join(f"{name} {native}" for name, native, _ in wanted)
    count = max(len(texts) for _, _, texts in wanted)
    script = [f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id integer, {declared});"]
    for number in range(count):
        values = [
            f"{quoted(texts[number])}::{native}" if number < len(texts) else "NULL"
            for _, native, texts in wanted
        ]
        script.append(f"INSERT INTO {table} VALUES ({number}, {', '.join(values)});")
    server.run("\n".join(script))


def messages(server: Postgres, table: str, wanted: list[Column]) -> list[str]:
    """Return what a tap would send of a table."""
    return message_lines(wanted, rows_of(server, table, [name for name, _, _ in wanted]))


Pairs = dict[str, list[tuple[Any, Any]]]
"""By native type the values that came and those that went back, where they differ."""


def changed(place: Place, postgres: Postgres, wanted: list[Column], **settings: Any) -> Pairs:
    """Carry columns from Postgres to a backend and back; return what is no longer the same."""
    names = [name for name, _, _ in wanted]
    fill(postgres, "source", wanted)
    lines = messages(postgres, "source", wanted)
    place.load([*lines, state({"n": 1})], source_dialect="postgres", **settings)
    properties = json.loads(lines[0])["schema"]["properties"]
    back = written_back(place, place.plugins.dialects["postgres"], names, properties)
    declared = ", ".join(f"{name} {native}" for name, native, _ in wanted)
    script = [f"DROP TABLE IF EXISTS back; CREATE TABLE back (id integer, {declared});"]
    for number, row in enumerate(back):
        values = [
            "NULL" if (text := row[name]) is None else f"{quoted(str(text))}::{native}"
            for name, native, _ in wanted
        ]
        script.append(f"INSERT INTO back VALUES ({number}, {', '.join(values)});")
    postgres.run("\n".join(script))
    came, went = texts_of(postgres, "source", names), texts_of(postgres, "back", names)
    different = {
        native: [(a[name], b[name]) for a, b in zip(came, went, strict=True) if a[name] != b[name]]
        for name, native, _ in wanted
    }
    return {native: pairs for native, pairs in different.items() if pairs}


def test_every_type_is_kept_exactly_and_written_back_as_itself(
    place: Place, postgres: Postgres
) -> None:
    """From Postgres, to the backend, into a second table: each value's own text is the same."""
    assert changed(place, postgres, columns_of(TYPES)) == {}


@pytest.mark.parametrize("native", ["json", "jsonb"])
def test_json_that_is_sent_as_text_keeps_its_words(
    place: Place, postgres: Postgres, native: str
) -> None:
    """The word null is no NULL, and json has its blanks and repeated keys."""
    texts = ["null", '"null"', "5", '{"a": [1, null]}']
    texts += ['{"b": 1.10,  "a": 1, "a": 2}', " 1e400"] if native == "json" else []
    lines = lines_of(property_of(native, "text"), [json.dumps(text) for text in texts])
    place.load(lines, source_dialect="postgres")
    dialect = place.plugins.dialects["postgres"]
    back = written_back(place, dialect, ["v"], {"v": property_of(native, "text")})
    found = [row["v"] for row in back]
    if native == "json":
        assert found == texts
    else:
        pairs = [
            f"SELECT {quoted(a)}::jsonb = {quoted(str(b))}::jsonb;"
            for a, b in zip(texts, found, strict=True)
        ]
        assert postgres.run("\n".join(pairs)) == ["t"] * len(texts)


def test_a_time_without_its_offset_is_utc(place: Place) -> None:
    """As a moment is: so pipelinewise's tap-postgres sends it."""
    lines = message_lines([("v", "time with time zone", [])], [{"id": 1, "v": "10:34:56.5"}])
    place.load(lines, source_dialect="postgres")
    assert place.rows("t") == [{"id": 1, "v": "10:34:56.5+00"}]


def test_a_moment_that_a_tap_has_made_of_an_interval_is_refused(place: Place) -> None:
    """Of 30 days and of a month it makes the same: so the SDK's tap-postgres does."""
    lines = message_lines([("v", "interval", [])], [{"id": 1, "v": "1970-01-31T00:00:00+00:00"}])
    end = refused(place, lines, source_dialect="postgres")
    assert isinstance(end.error, RecordError)
    assert "stream 't', column 'v', key id=1: no interval: the tap has made" in end.message
    place.load(lines, source_dialect="postgres", strict_types=False)
    assert place.rows("t") == [{"id": 1, "v": "1970-01-31T00:00:00+00:00"}]


EDGES = [
    ("numeric(10,2)", "NaN"),
    ("double precision", "NaN"),
    ("double precision", "Infinity"),
    ("real", "-Infinity"),
    ("date", "infinity"),
    ("date", "-infinity"),
    ("date", "0044-03-15 BC"),
    ("date", "12026-01-01"),
    ("timestamp", "infinity"),
    ("timestamp", "0044-03-15 12:00:00 BC"),
    ("timestamptz", "-infinity"),
    ("timestamptz", "294276-12-31 23:59:59.999999+00"),
]


@pytest.mark.parametrize(("native", "text"), EDGES)
def test_value_that_no_column_type_has_ends_the_run(
    place: Place, postgres: Postgres, native: str, text: str
) -> None:
    """By default: with stream, column and key, and nothing is kept."""
    fill(postgres, "edge", [("v", native, [text])])
    lines = messages(postgres, "edge", [("v", native, [])])
    end = refused(place, lines, source_dialect="postgres")
    assert isinstance(end.error, RecordError)
    assert (end.error.column, end.states) == ("v", [])
    assert place.tables() == []


@pytest.mark.parametrize(("native", "text"), EDGES)
def test_value_that_no_column_type_has_is_kept_as_text_where_that_is_wanted(
    place: Place,
    postgres: Postgres,
    native: str,
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its column becomes text, the values before it stay, and the run counts the strange ones."""
    usual = "2024-02-29" if native[0] in "dt" and native[1] != "o" else "1.5"
    wanted = [("v", native, [usual, text, usual, text])]
    fill(postgres, "edge", wanted)
    place.load(messages(postgres, "edge", wanted), source_dialect="postgres", strict_types=False)
    found = [row["v"] for row in place.rows("t")]
    [sent] = {row["v"] for row in rows_of(postgres, "edge", ["v"]) if row["id"] == 1}
    assert [found[1], found[3]] == [sent, sent]
    assert found[0] == found[2]
    assert "column 'v': 2 values" in caplog.text
    literals = postgres.run(
        "\n".join(f"SELECT {quoted(str(one))}::{native}::text;" for one in found)
    )
    assert literals == [row["v"] for row in texts_of(postgres, "edge", ["v"])]
