"""MySQL and MariaDB: every type of their manuals.

Facts: https://dev.mysql.com/doc/refman/8.0/en/data-types.html and
https://mariadb.com/kb/en/data-types/.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from target_dolt import Dialect, TypeRule, moments, types
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.native import ANY
from target_dolt.native_values import double_of_source, duration, long_duration
from target_dolt_plugins import json_schema
from target_dolt_plugins.mysql_shapes import shape, shape_literal
from target_dolt_plugins.native_rules import (
    binary,
    bringing,
    char,
    decimal,
    enum,
    json,
    json_literal,
    native,
    number,
    set_,
    varbinary,
    varchar,
)

MANUAL = "https://dev.mysql.com/doc/refman/8.0/en/"
MARIADB = "https://mariadb.com/kb/en/"

SINGLE_DIGITS = 24
"""FLOAT(p) is a 32-bit float up to here. https://dev.mysql.com/doc/refman/8.0/en/floating-point-types.html"""

_ZERO_MOMENT = re.compile(r"0000-00-00(?:[ T]00:00:00(?:\.0{1,6})?)?(?:Z|\+00:00)?")


def zero_date(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a date; MySQL's date of zeros too, which Dolt keeps."""
    plain = moments.date(schema, column_type)

    def convert(value: Any) -> str:
        if isinstance(value, str) and _ZERO_MOMENT.fullmatch(value):
            return "0000-00-00"
        return plain(value)  # type: ignore[no-any-return]

    return convert


def zero_moment(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a moment; MySQL's moment of zeros too, which Dolt keeps."""
    plain = moments.date_time(schema, column_type)

    def convert(value: Any) -> str:
        if isinstance(value, str) and _ZERO_MOMENT.fullmatch(value):
            return "0000-00-00 00:00:00.000000"
        return plain(value)  # type: ignore[no-any-return]

    return convert


def time(schema: Schema, column_type: ColumnType) -> Converter:
    """Write a TIME of -838 to 838 hours; taps that have no word for it send a moment of 1970."""
    plain = duration(schema, column_type)

    def convert(value: Any) -> str:
        if isinstance(value, str) and value.startswith("1970-01-01"):
            value = value[11:].removesuffix("Z").removesuffix("+00:00")
        return plain(value)  # type: ignore[no-any-return]

    return convert


def time_literal(_schema: Schema, column_type: ColumnType) -> Converter:
    """Return a TIME; what a column that has become text has of a tap's words, as MySQL's own."""
    return str if isinstance(column_type, sa.TIME) else long_duration


def floating(schema: Schema) -> ColumnType:
    """Return DOUBLE for FLOAT(p) of more than 24 bits, else FLOAT."""
    bits = native(schema).arguments
    is_double = len(bits) == 1 and isinstance(bits[0], int) and bits[0] > SINGLE_DIGITS
    return types.DOUBLE if is_double else types.FLOAT


def bit(schema: Schema) -> ColumnType:
    """Return a BIT of the type's length."""
    return types.parse_type(f"BIT({native(schema).length or 1})")


RULES = (
    TypeRule("boolean", native=("tinyint", "bool", "boolean", "bit"), sql=types.BOOLEAN,
             when=lambda schema: native(schema).length in {None, 1}),
    TypeRule(native=("tinyint", "bool", "boolean"), sql=types.TINYINT,
             source=f"{MANUAL}integer-types.html"),
    TypeRule(native=("tinyint unsigned",), sql=types.UNSIGNED_TINYINT),
    TypeRule(native=("smallint",), sql=types.SMALLINT),
    TypeRule(native=("smallint unsigned",), sql=types.UNSIGNED_SMALLINT),
    TypeRule(native=("mediumint",), sql=types.MEDIUMINT),
    TypeRule(native=("mediumint unsigned",), sql=types.UNSIGNED_MEDIUMINT),
    TypeRule(native=("int", "integer"), sql=types.INTEGER),
    TypeRule(native=("int unsigned", "integer unsigned"), sql=types.UNSIGNED_INTEGER),
    TypeRule(native=("bigint",), sql=types.BIGINT),
    TypeRule(native=("bigint unsigned", "serial"), sql=types.UNSIGNED_BIGINT),
    TypeRule(
        native=("decimal", "numeric", "dec", "fixed", "decimal unsigned", "numeric unsigned"),
        sql=decimal(10),
        write=number,
        example="decimal(65,30)",
        source=f"{MANUAL}fixed-point-types.html",
    ),
    TypeRule(
        native=("float", "float unsigned"),
        sql=floating,
        example="float",
        loses="the digits after the sixth, which the server shows to nobody",
        source=f"{MANUAL}floating-point-types.html",
    ),
    TypeRule(
        native=("double", "double precision", "real", "double unsigned", "real unsigned",
                "double precision unsigned"),
        sql=types.DOUBLE,
        write=double_of_source,
        loses="the sign of -0",
    ),
    TypeRule(native=("bit",), sql=bit, example="bit(64)", source=f"{MANUAL}bit-type.html"),
    TypeRule(native=("char", "character", "nchar", "national char", "national character"),
             sql=char, example="char(20)", source=f"{MANUAL}char.html"),
    TypeRule(
        native=("varchar", "character varying", "nvarchar", "national varchar", "char varying",
                "national character varying", "char byte"),
        sql=varchar,
        example="varchar(20)",
    ),
    TypeRule(native=("tinytext", "text", "mediumtext", "longtext", "long", "long varchar"),
             sql=types.LONGTEXT),
    TypeRule(native=("binary",), sql=binary, example="binary(16)",
             source=f"{MANUAL}binary-varbinary.html"),
    TypeRule(native=("varbinary",), sql=varbinary, example="varbinary(20)"),
    TypeRule(native=("tinyblob", "blob", "mediumblob", "longblob", "long varbinary"),
             sql=types.LONGBLOB),
    TypeRule(native=("enum",), sql=enum, example="enum('a','b')", source=f"{MANUAL}enum.html",
             edges="the empty label of a value that was out of the list"),
    TypeRule(native=("set",), sql=set_, example="set('a','b')", source=f"{MANUAL}set.html"),
    TypeRule(
        native=("json",),
        sql=types.JSON,
        write=json,
        read=json_literal,
        loses="on Dolt zeros at a number's end",
    ),
    TypeRule(native=("date",), sql=types.DATE, write=zero_date,
             edges="dates whose month or day alone is zero", source=f"{MANUAL}datetime.html"),
    TypeRule(native=("datetime", "timestamp"), sql=types.DATETIME, write=zero_moment,
             edges="moments whose month or day alone is zero"),
    TypeRule(native=("time",), sql=types.TIME, write=time, read=time_literal,
             edges="a fraction of MariaDB's last second, 838:59:59", source=f"{MANUAL}time.html"),
    TypeRule(native=("year",), sql=types.YEAR, source=f"{MANUAL}year.html"),
    TypeRule(
        "object",
        native=("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
                "multipolygon", "geometrycollection", "geomcollection"),
        sql=types.JSON,
        write=shape,
        read=shape_literal,
        loses="the SRID, where a tap sends GeoJSON",
        source=f"{MANUAL}spatial-types.html",
    ),
    TypeRule(
        native=("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring",
                "multipolygon", "geometrycollection", "geomcollection"),
    ),
    TypeRule(native=("uuid",), sql=sa.VARCHAR(36), source=f"{MARIADB}uuid-data-type/"),
    TypeRule(native=("inet6", "inet4"), sql=sa.VARCHAR(45),
             source=f"{MARIADB}inet6/"),
    TypeRule(native=("xmltype",), sql=types.LONGTEXT),
    TypeRule(native=("vector",)),
    TypeRule(native=(ANY,), refuses="MySQL and MariaDB have no such type"),
    *json_schema.RULES,
)  # fmt: skip


dolt_register_dialects = bringing(
    Dialect("mysql", RULES, schemes=("mysql", "mariadb"), checked="on MariaDB 10.11")
)
