"""Postgres: every type of its manual, and those of its usual extensions by their names.

Facts: https://www.postgresql.org/docs/16/datatype.html and the chapters below it.
"""

from __future__ import annotations

import sqlalchemy as sa

from target_dolt import Dialect, TypeRule, types, values
from target_dolt.native import ANY, ARRAY
from target_dolt.native_values import double_of_source
from target_dolt_plugins import json_schema
from target_dolt_plugins.native_rules import (
    bit_text,
    bringing,
    clock,
    decimal,
    enum,
    in_utc,
    interval,
    json,
    json_literal,
    literal,
    number,
    varchar,
    zoned_clock,
)
from target_dolt_plugins.postgres_literals import (
    array,
    array_literal,
    composite_literal,
    hstore_literal,
    vector_literal,
)

MANUAL = "https://www.postgresql.org/docs/16/datatype"
NO_FLOAT = "NaN, Infinity, -Infinity"

RULES = (
    TypeRule(
        native=(ARRAY,),
        sql=types.JSON,
        write=array,
        read=array_literal,
        example="numeric(10,2)[]",
        loses="which brackets are the array's and which its elements', where json has more "
        "dimensions than its type names",
        source="https://www.postgresql.org/docs/16/arrays.html",
    ),
    TypeRule(native=("bool", "boolean"), sql=types.BOOLEAN, read=literal),
    TypeRule(
        native=("int2", "smallint", "smallserial", "serial2"), sql=types.SMALLINT, read=literal
    ),
    TypeRule(
        native=("int4", "integer", "int", "serial", "serial4"), sql=types.INTEGER, read=literal
    ),
    TypeRule(native=("int8", "bigint", "bigserial", "serial8"), sql=types.BIGINT, read=literal),
    TypeRule(
        native=("numeric", "decimal"),
        sql=decimal(None),
        write=number,
        read=literal,
        example="numeric(10,2)",
        edges="NaN, Infinity and -Infinity where there is a precision",
        source=f"{MANUAL}-numeric.html",
    ),
    TypeRule(
        native=("float4", "real"),
        sql=types.FLOAT,
        read=literal,
        edges=NO_FLOAT,
        loses="the sign of -0",
    ),
    TypeRule(
        native=("float8", "double precision", "float"),
        sql=types.DOUBLE,
        write=double_of_source,
        read=literal,
        edges=NO_FLOAT,
        loses="the sign of -0",
    ),
    TypeRule(native=("money",), source=f"{MANUAL}-money.html"),
    TypeRule(
        native=("bit", "bit varying", "varbit"),
        sql=varchar,
        write=bit_text,
        example="bit(8)",
        source=f"{MANUAL}-bit.html",
    ),
    TypeRule(native=("bytea",), sql=types.LONGBLOB, read=literal, source=f"{MANUAL}-binary.html"),
    TypeRule(
        native=("character varying", "varchar", "character", "char", "bpchar"),
        sql=varchar,
        example="varchar(20)",
        source=f"{MANUAL}-character.html",
    ),
    TypeRule(native=("text", "citext"), sql=types.LONGTEXT),
    TypeRule(native=("name",), sql=sa.VARCHAR(64)),
    TypeRule(native=("xml",), sql=types.LONGTEXT),
    TypeRule(
        native=("json",),
        sql=types.LONGTEXT,
        write=json,
        read=json_literal,
        loses="blanks, repeated keys, the small e of an exponent and the word null, where a tap "
        "sends JSON as a value and not as its text",
    ),
    TypeRule(
        native=("jsonb",),
        sql=types.JSON,
        write=json,
        read=json_literal,
        loses="the word null, where a tap sends JSON as a value and not as its text; on Dolt zeros "
        "at a number's end: 1.10 is read back as 1.1, which jsonb calls equal",
    ),
    TypeRule("object", native=("hstore",), sql=types.JSON, read=hstore_literal),
    TypeRule(native=("hstore",)),
    TypeRule(native=("uuid",), sql=sa.VARCHAR(36), source=f"{MANUAL}-uuid.html"),
    TypeRule(
        native=("inet", "cidr"),
        sql=sa.VARCHAR(49),
        source="RFC 4291 2.2: 45 characters, and a slash with three digits",
    ),
    TypeRule(native=("macaddr", "macaddr8"), sql=sa.VARCHAR(23)),
    TypeRule(
        native=("date",),
        sql=types.DATE,
        edges="infinity, -infinity, years before 1 and after 9999",
        source=f"{MANUAL}-datetime.html",
    ),
    TypeRule(native=("time", "time without time zone"), sql=types.TIME, write=clock),
    TypeRule(native=("timetz", "time with time zone"), sql=sa.VARCHAR(32), write=zoned_clock),
    TypeRule(
        native=("timestamp", "timestamp without time zone"),
        sql=types.DATETIME,
        edges="infinity, -infinity, years before 1 and after 9999",
    ),
    TypeRule(
        native=("timestamptz", "timestamp with time zone"),
        sql=types.DATETIME,
        read=in_utc,
        edges="infinity, -infinity, years before 1 and after 9999 in UTC",
    ),
    TypeRule(
        native=(
            "interval", "interval year", "interval month", "interval day", "interval hour",
            "interval minute", "interval second", "interval year to month", "interval day to hour",
            "interval day to minute", "interval day to second", "interval hour to minute",
            "interval hour to second", "interval minute to second",
        ),
        write=interval,
        edges="a moment of 1970 that a tap has made of it",
    ),
    TypeRule(
        native=(
            "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
            "int4multirange", "int8multirange", "nummultirange", "tsmultirange",
            "tstzmultirange", "datemultirange",
        ),
        source="https://www.postgresql.org/docs/16/rangetypes.html",
    ),
    TypeRule(
        native=("point", "line", "lseg", "box", "path", "polygon", "circle"),
        source=f"{MANUAL}-geometric.html",
    ),
    TypeRule(
        native=("tsvector", "tsquery"), source=f"{MANUAL}-textsearch.html"
    ),
    TypeRule(native=("pg_lsn", "tid"), sql=sa.VARCHAR(32)),
    TypeRule("integer", native=("oid", "xid", "cid"), sql=types.UNSIGNED_INTEGER, read=literal),
    TypeRule("integer", native=("xid8",), sql=types.UNSIGNED_BIGINT, read=literal),
    TypeRule("array", native=("oidvector", "int2vector"), sql=types.JSON, read=vector_literal),
    TypeRule(
        native=(
            "oid", "xid", "cid", "xid8", "regclass", "regcollation", "regconfig", "regdictionary",
            "regnamespace", "regoper", "regoperator", "regproc", "regprocedure", "regrole",
            "regtype", "oidvector", "int2vector", "pg_snapshot", "txid_snapshot", "jsonpath",
            "aclitem", "refcursor",
        ),
        source=f"{MANUAL}-oid.html",
    ),
    TypeRule(
        native=(
            "ltree", "lquery", "ltxtquery", "cube", "seg", "vector", "halfvec", "sparsevec",
            "geometry", "geography",
        ),
        source="https://www.postgresql.org/docs/16/contrib.html, "
        "https://github.com/pgvector/pgvector, https://postgis.net/docs/geometry.html",
    ),
    TypeRule(
        native=(
            "gtsvector", "pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list",
            "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary",
        ),
        refuses="a type of the server's own, into which nobody writes a value",
        source="https://www.postgresql.org/docs/16/catalog-pg-type.html",
    ),
    TypeRule(
        native=("anyelement", "record", "void", "trigger", "internal", "cstring", "unknown"),
        refuses="a pseudo-type, which no column has",
        source=f"{MANUAL}-pseudo.html",
    ),
    # What a user has made: an enum's label and a domain's value are what their text says.
    TypeRule("object", native=(ANY,), write=values.text, read=composite_literal),
    TypeRule(native=("enum",), sql=enum, example="enum('a','b')"),
    TypeRule("string", native=(ANY,), sql=json_schema.text),
    TypeRule("array", native=(ANY,), sql=types.JSON, write=array, read=array_literal),
    *json_schema.RULES,
)  # fmt: skip


dolt_register_dialects = bringing(
    Dialect(
        "postgres",
        RULES,
        schemes=("postgresql", "postgres", "cockroachdb", "redshift"),
        checked="on Postgres 16",
    )
)
