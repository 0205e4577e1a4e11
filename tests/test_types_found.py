"""What becomes of each type, as it is found, is what docs/types.md says of it.

A type is kept *exactly* or *as text*, or it is *refused*. As text: its values come back the same,
but the column is one of texts, which sort otherwise than the source sorts them; or the source has
no order for them. `make findings` writes what was found into `tests/data/types.json`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place
from support_native import NO_MARIADB, NO_POSTGRES, Postgres, has_postgres
from support_random import Strategy, drawn
from support_random_postgres import ARRAYS, POSTGRES
from support_random_types import MARIADB, MSSQL, ORACLE, SQLITE
from support_types import message_lines
from support_values import json_text, refused
from test_mysql_types import SPATIAL_TYPES, cursor
from test_mysql_types import TYPES as MARIADB_BY_HAND
from test_mysql_types import changed as changed_on_mariadb
from test_other_types import SQLITE as SQLITE_BY_HAND
from test_other_types import carried
from test_other_types_property import different, plain
from test_postgres_types import TYPES as POSTGRES_BY_HAND
from test_postgres_types import changed as changed_on_postgres
from test_postgres_types import columns_of, postgres

from target_dolt.docs import FOUND
from target_dolt.errors import UnsupportedTypeError
from target_dolt.native import ANY, parse_native
from target_dolt.plugins import load_plugins
from target_dolt.tables.catalogue import read as read_catalogue
from target_dolt.tables.schema import Tables
from target_dolt.types import TEXTS as TEXT_TYPES

__all__ = ["cursor", "postgres"]

Found = dict[str, str]
"""By a type's key: `exactly`, `as text`, `refused`."""

Order = dict[str, list[int]]

D = Decimal

RECORD = os.environ.get("TARGET_DOLT_TEST_RECORD") == "1"

VALUES = 24
"""Random values of each type, the same in every run, beside those by hand."""

TEXTS = frozenset(
    {"text", "varchar", "character", "character varying", "char", "nchar", "nvarchar", "varchar2",
     "nvarchar2", "name", "tinytext", "mediumtext", "longtext", "ntext", "clob", "nclob", "long",
     "xml", "xmltype", "json", "sysname", "refcursor", "code", "my type", "phonenumber", "address"}
)  # fmt: skip
"""Types of texts, which are texts here too: they sort by code points, whatever their collation."""


def key_of(schema: Mapping[str, Any]) -> str:
    """Return what a type is recorded by: its property, as a tap announces it."""
    kinds = schema.get("type", [])
    some = [one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"]
    rest = {name: one for name, one in schema.items() if name != "type"}
    return json.dumps(
        rest | ({"type": some[0]} if len(some) == 1 else {}), sort_keys=True, default=float
    )


def found_in(
    place: Place, types: Mapping[str, tuple[Any, bool]], order: Order, table: str = "t"
) -> Found:
    """Return what became of columns whose values have come back as they were.

    Args:
        place: Where they are.
        types: Each column's property, and whether it is one of texts.
        order: Each column's ids as its source sorts them, where it does.
        table: Their table.
    """
    database = place.open()
    try:
        with database.connect() as connection:
            known = read_catalogue(connection, Tables(database, connection))[table]
    finally:
        database.close()
    found = {}
    for name, (schema, is_text) in types.items():
        kept = known[name].type
        if is_text or isinstance(kept, sa.JSON):
            same = True
        elif name in order:
            query = f"SELECT id FROM {table} WHERE {name} IS NOT NULL ORDER BY {name}, id"
            same = [number for (number,) in place.query(query)] == order[name]
        else:
            same = not isinstance(kept, TEXT_TYPES)
        found[key_of(schema)] = "exactly" if same else "as text"
    return found


def described(types: Mapping[str, list[Any]], place: Place) -> dict[str, tuple[Any, bool]]:
    """Return each column's property, from what was loaded."""
    rows = place.query(
        "SELECT column_name, json_schema FROM _target_dolt_columns WHERE table_name = 't'"
    )
    schemas = {name: json.loads(text) for name, text in rows}
    return {
        f"c{n}": (schemas[f"c{n}"], parse_native(native).key in TEXTS)
        for n, native in enumerate(types)
    }


def agree(place: Place, dialect: str, found: Found) -> None:
    """Compare with what is recorded, or record it."""
    backend = "doltlite" if "path" in place.config else "dolt"
    recorded = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    rows = recorded.setdefault(dialect, {})
    if RECORD:
        for key, kept in found.items():
            rows.setdefault(key, {})[backend] = kept
        text = json.dumps(recorded, indent=1, sort_keys=True)
        FOUND.write_text(re.sub(r"\{\s+(\"dolt[^{}]*?)\s+\}", _in_a_line, text) + "\n")
    assert {key: rows.get(key, {}).get(backend) for key in found} == found


def _in_a_line(row: re.Match[str]) -> str:
    return "{" + " ".join(row[1].split()) + "}"


def together(*some: tuple[Mapping[str, list[Any]], Mapping[str, Strategy]]) -> dict[str, list[Any]]:
    """Return each type's values by hand, and random ones."""
    values: dict[str, list[Any]] = {}
    for by_hand, types in some:
        rest = drawn(types, VALUES, always=True)
        for native in {**by_hand, **types}:
            values[native] = [*by_hand.get(native, ()), *rest.get(native, ())]
    return values


def of_postgres(place: Place, server: Any, values: dict[str, list[Any]]) -> None:
    """Find what becomes of types of a Postgres."""
    wanted = columns_of(values)
    assert changed_on_postgres(place, server, wanted) == {}
    lines = server.run(
        "\\set ON_ERROR_STOP 0\n"  # a type without an order is an error, and no line
        + "".join(
            f"SELECT json_build_object('{name}', json_agg(id ORDER BY {name}, id)) "
            f"FROM source WHERE {name} IS NOT NULL;\n"
            for name, _, _ in wanted
        )
    )
    order = {name: ids for line in lines for name, ids in json.loads(line).items()}
    agree(place, "postgres", found_in(place, described(values, place), order))


@pytest.mark.skipif(not has_postgres(), reason=NO_POSTGRES)
def test_types_of_postgres(place: Place, postgres: Postgres) -> None:
    """Each of them."""
    others = {native: some for native, some in POSTGRES_BY_HAND.items() if native[-2:] != "[]"}
    of_postgres(place, postgres, together((others, POSTGRES)))


@pytest.mark.skipif(not has_postgres(), reason=NO_POSTGRES)
def test_arrays_of_postgres(place: Place, postgres: Postgres) -> None:
    """Of each of them."""
    arrays = {native: some for native, some in POSTGRES_BY_HAND.items() if native[-2:] == "[]"}
    of_postgres(place, postgres, together((arrays, ARRAYS)))


@pytest.mark.skipif(shutil.which("mariadbd") is None, reason=NO_MARIADB)
def test_types_of_mariadb(place: Place, cursor: Any) -> None:
    """Each of them."""
    shapes = {native: [words] for native, words in SPATIAL_TYPES.items()}
    values = together((MARIADB_BY_HAND | shapes, MARIADB))
    assert changed_on_mariadb(place, cursor, values) == {}
    order = {}
    for n, native in enumerate(values):
        if native not in SPATIAL_TYPES:
            cursor.execute(f"SELECT id FROM source WHERE c{n} IS NOT NULL ORDER BY c{n}, id")
            order[f"c{n}"] = [number for (number,) in cursor.fetchall()]
    agree(place, "mysql", found_in(place, described(values, place), order))


def test_types_of_sqlite(place: Place) -> None:
    """Each of them."""
    values = together((SQLITE_BY_HAND, SQLITE))
    came, went, database = carried(place, values)
    assert went == came
    order = {}
    for n in range(len(values)):
        query = f"SELECT id FROM source WHERE c{n} IS NOT NULL ORDER BY c{n}, id"
        order[f"c{n}"] = [number for (number,) in database.execute(query)]
    database.close()
    agree(place, "sqlite", found_in(place, described(values, place), order))


@pytest.mark.parametrize(
    ("dialect", "types"),
    [("mssql", MSSQL), ("oracle", ORACLE)],
    ids=["mssql", "oracle"],
)
def test_types_without_a_server(place: Place, dialect: str, types: dict[str, Strategy]) -> None:
    """Each of them; the order of numbers alone is known."""
    values = drawn(types, VALUES, always=True)
    assert different(place, dialect, values) == []
    order = {
        f"c{n}": sorted(range(len(some)), key=lambda number, some=some: (some[number], number))
        for n, some in enumerate(values.values())
        if isinstance(some[0], int | Decimal)
    }
    agree(place, dialect, found_in(place, described(values, place), order))


WORDS: dict[str, list[tuple[dict[str, Any], list[Any]]]] = {
    "mysql": [
        ({"x-sql-datatype": "tinyint(1)", "type": "boolean"}, [True, False]),
        ({"x-sql-datatype": "point", "type": "object"},
         [{"type": "Point", "coordinates": [1, 2]}]),
        ({"x-sql-datatype": "vector(2)", "type": "string"}, ["0000803f00000040"]),
        ({"x-sql-datatype": "xmltype", "type": "string"}, ["<a/>"]),
    ],
    "postgres": [
        ({"x-sql-datatype": "hstore", "type": "object"}, [{"a": "1", "b": None}]),
        ({"x-sql-datatype": "hstore", "type": "string"}, ['"a"=>"1"']),
        ({"x-sql-datatype": "oidvector", "type": "array"}, [[1, 2]]),
        ({"x-sql-datatype": "oid", "type": "integer"}, [10, 2**32 - 1, 9]),
        ({"x-sql-datatype": "xid8", "type": "integer"}, [10, 2**64 - 1, 9]),
        ({"x-sql-datatype": "enum('a','b')", "type": "string"}, ["b", "a"]),
        ({"x-sql-datatype": "moods", "type": "array"}, [["sad"]]),
        ({"x-sql-datatype": "vector(2)", "type": "string"}, ["[1,-2.5]"]),
        ({"x-sql-datatype": "halfvec(2)", "type": "string"}, ["[1,-2.5]"]),
        ({"x-sql-datatype": "sparsevec(5)", "type": "string"}, ["{1:1,3:2}/5"]),
        ({"x-sql-datatype": "geometry(Point,4326)", "type": "string"}, ["0101000020E6100000"]),
        ({"x-sql-datatype": "geography", "type": "string"}, ["0101000020E6100000"]),
    ],
    "sqlite": [
        ({"x-sql-datatype": "BOOLEAN", "type": "boolean"}, [True, False]),
        ({"x-sql-datatype": "JSON", "type": "object"}, [{"a": [1, None]}]),
        ({"x-sql-datatype": "DATE", "type": "string", "format": "date"}, ["2024-02-29"]),
        ({"x-sql-datatype": "DATETIME", "type": "string", "format": "date-time"},
         ["2024-02-29 12:00:00.500000"]),
        ({"x-sql-datatype": "TIME", "type": "string", "format": "time"}, ["12:00:00.500000"]),
    ],
    "json-schema": [
        ({"type": "boolean"}, [True, False]),
        ({"type": "integer"}, [10, -(2**63), 9]),
        ({"type": "integer", "minimum": 0, "maximum": 100}, [0, 100, 20]),
        ({"type": "number"}, [D("0.1"), D("-1.5e300"), D(20)]),
        ({"type": "number", "multipleOf": D("0.01")}, [D("10.25"), D("9.5"), D("-1")]),
        ({"type": "number", "multipleOf": D("1e-38")}, [D("10.25"), D("9.5"), D("-1")]),
        ({"type": "string", "format": "singer.decimal", "precision": 10, "scale": 2},
         ["10.25", "9.50", "-1.00"]),
        ({"type": "string", "format": "date"}, ["2024-02-29"]),
        ({"type": "string", "format": "date-time"}, ["2024-02-29 12:00:00.500000"]),
        ({"type": "string", "format": "time"}, ["12:00:00.500000"]),
        ({"type": "string", "format": "binary"}, ["00ff"]),
        ({"type": "string", "format": "uuid"}, ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
        ({"type": "string", "format": "ipv4"}, ["192.0.2.1"]),
        ({"type": "string", "format": "ipv6"}, ["2001:db8::1"]),
        ({"type": "string"}, ["", "é😀"]),
        ({"type": "string", "maxLength": 20}, ["", "é😀"]),
        ({"type": "object"}, [{"a": [1, None]}]),
        ({"type": "array"}, [[1, {"a": "b"}]]),
        ({}, [{"a": 1}]),
    ],
}  # fmt: skip
"""What a tap says in its own words of JSON, with values: no source is asked."""


def is_ranked(values: list[Any]) -> bool:
    """Whether values have an order that everybody knows."""
    return all(isinstance(one, int | Decimal) for one in values)


@pytest.mark.parametrize("dialect", [*WORDS])
def test_types_by_what_a_tap_says_of_them(place: Place, dialect: str) -> None:
    """The order of numbers and of an enum's labels alone is known."""
    found: Found = {}
    for n, (schema, values) in enumerate(WORDS[dialect]):
        table = f"t{n}"
        place.load(
            [json_text(message) for message in (
                {"type": "SCHEMA", "stream": table, "key_properties": ["id"],
                 "schema": {"properties": {"id": {"type": "integer"}, "v": schema}}},
                *({"type": "RECORD", "stream": table, "record": {"id": id_, "v": one}}
                  for id_, one in enumerate(values)),
            )],
            source_dialect=dialect,
        )  # fmt: skip
        stored = [row["v"] for row in place.rows(table)]
        numbers = [D(one) if "decimal" in schema.get("format", "") else one for one in values]
        assert [plain(*two) for two in zip(stored, numbers, strict=True)] == numbers
        native = parse_native(schema.get("x-sql-datatype", "text"))
        ranks = [native.labels.index(one) for one in values] if native.key == "enum" else numbers
        ids = sorted(range(len(values)), key=ranks.__getitem__) if is_ranked(ranks) else None
        is_text = native.key in TEXTS and not is_ranked(ranks)
        order = {} if ids is None else {"v": ids}
        found |= found_in(place, {"v": (schema, is_text)}, order, table)
    agree(place, dialect, found)


REFUSED: list[tuple[str, str]] = [
    (name, "no_such" if native == ANY else native)
    for name, dialect in load_plugins().dialects.items()
    for rule in dialect.rules
    if rule.refuses
    for native in rule.native
]


@pytest.mark.parametrize(("dialect", "native"), REFUSED)
def test_types_that_are_refused(place: Place, dialect: str, native: str) -> None:
    """Before the first row, with the reason that the page has."""
    part = {"x-sql-datatype": native, "type": "string"}
    rule = place.plugins.dialects[dialect].rule(part)
    assert rule is not None
    lines = message_lines([("v", native, [])], [{"id": 1, "v": "x"}])
    end = refused(place, lines, source_dialect=dialect)
    assert isinstance(end.error, UnsupportedTypeError)
    assert rule.refuses in end.message
    assert place.tables() == []
    agree(place, dialect, {key_of(part): "refused"})
