"""Oracle: every type of its manual. Compiled and checked without a server.

Facts: https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/Data-Types.html.
"""

from __future__ import annotations

import sqlalchemy as sa

from target_dolt import Dialect, TypeRule, types
from target_dolt.dialect import Schema
from target_dolt.native import ANY
from target_dolt.native_values import double_of_source
from target_dolt_plugins import json_schema
from target_dolt_plugins.native_rules import (
    WITHOUT_SERVER,
    bringing,
    char,
    decimal,
    in_utc,
    json,
    json_literal,
    native,
    number,
    varbinary,
    varchar,
    within_microseconds,
)

MANUAL = "https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/Data-Types.html"


def _is_whole(schema: Schema) -> bool:
    """Whether a NUMBER has a precision: NUMBER(*,0) has none."""
    return native(schema).length is not None


RULES = (
    TypeRule(native=("varchar2", "varchar", "nvarchar2", "character varying", "char varying",
                     "nchar varying", "national char varying", "national character varying"),
             sql=varchar, example="varchar2(20 CHAR)", source=MANUAL),
    TypeRule(native=("char", "character", "nchar", "national char", "national character"),
             sql=char, example="char(20)"),
    TypeRule(native=("number", "numeric", "decimal", "dec"), when=_is_whole, sql=decimal(None),
             write=number, example="number(10,2)"),
    TypeRule(native=("number", "numeric", "decimal", "dec"), sql=types.LONGTEXT, write=number,
             source=f"{MANUAL}: any scale from -84 to 127 in one column"),
    TypeRule(native=("integer", "int", "smallint"), sql=sa.DECIMAL(38, 0), write=number,
             example="integer"),
    TypeRule(native=("float", "real", "double precision"), sql=types.LONGTEXT, write=number,
             source=f"{MANUAL}: FLOAT is a NUMBER of up to 126 binary digits"),
    TypeRule(native=("binary_float",), sql=types.FLOAT, edges="NaN, Inf, -Inf",
             loses="the sign of -0"),
    TypeRule(native=("binary_double",), sql=types.DOUBLE, write=double_of_source,
             edges="NaN, Inf, -Inf",
             loses="the sign of -0"),
    TypeRule(native=("boolean", "bool"), sql=types.BOOLEAN),
    TypeRule(native=("date",), sql=types.DATETIME, edges="years before 1 and after 9999",
             source=f"{MANUAL}: a DATE has a time of day"),
    TypeRule(native=("timestamp",), when=within_microseconds(6), sql=types.DATETIME,
             example="timestamp(6)", edges="years before 1"),
    TypeRule(native=("timestamp",), sql=sa.VARCHAR(40), example="timestamp(9)"),
    TypeRule(native=("timestamp with local time zone",), when=within_microseconds(6),
             sql=types.DATETIME, read=in_utc, example="timestamp(6) with local time zone",
             edges="years before 1"),
    TypeRule(native=("timestamp with time zone", "timestamp with local time zone"),
             sql=sa.VARCHAR(100),
             source=f"{MANUAL}: the zone's name is part of the value"),
    TypeRule(native=("interval year to month", "interval day to second", "interval year",
                     "interval day")),
    TypeRule(native=("clob", "nclob", "long", "long varchar", "xmltype"), sql=types.LONGTEXT),
    TypeRule(native=("raw",), sql=varbinary, example="raw(16)"),
    TypeRule(native=("blob", "long raw"), sql=types.LONGBLOB),
    TypeRule(native=("json",), sql=types.JSON, write=json, read=json_literal,
             loses="on Dolt zeros at a number's end"),
    TypeRule(native=("rowid", "urowid"), sql=sa.VARCHAR(4000),
             loses="the place itself when it is written back: the source gives a new one"),
    TypeRule(native=("sdo_geometry", "sdo_topo_geometry", "sdo_georaster", "vector", "uritype",
                     "httpuritype", "dburitype", "xdburitype")),
    TypeRule(native=("bfile",), refuses="a pointer to a file outside of the database"),
    TypeRule(native=("anydata", "anytype", "anydataset"),
             refuses="a value of any type, which no tap writes out"),
    TypeRule("string", native=(ANY,), sql=json_schema.text),
    *json_schema.RULES,
)  # fmt: skip
"""A name that no row has is an object type or a domain, which a user has made."""


dolt_register_dialects = bringing(
    Dialect("oracle", RULES, schemes=("oracle",), checked=WITHOUT_SERVER)
)
