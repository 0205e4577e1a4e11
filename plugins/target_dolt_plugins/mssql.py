"""SQL Server: every type of its manual. Compiled and checked without a server.

Facts: https://learn.microsoft.com/en-us/sql/t-sql/data-types/data-types-transact-sql.
"""

from __future__ import annotations

import sqlalchemy as sa

from target_dolt import Dialect, TypeRule, types
from target_dolt.dialect import ColumnType, Schema
from target_dolt.native import ANY
from target_dolt_plugins import json_schema
from target_dolt_plugins.native_rules import (
    WITHOUT_SERVER,
    binary,
    bringing,
    char,
    clock,
    decimal,
    json,
    json_literal,
    native,
    number,
    varbinary,
    varchar,
    within_microseconds,
)

MANUAL = "https://learn.microsoft.com/en-us/sql/t-sql/data-types/"

SINGLE_DIGITS = 24
"""float(n) is a 32-bit float up to here, and 53 where none is given."""


def floating(schema: Schema) -> ColumnType:
    """Return FLOAT up to 24 bits, else DOUBLE."""
    bits = native(schema).length
    return types.FLOAT if bits is not None and bits <= SINGLE_DIGITS else types.DOUBLE


RULES = (
    TypeRule(native=("bit",), sql=types.BOOLEAN, source=f"{MANUAL}bit-transact-sql"),
    TypeRule(native=("tinyint",), sql=types.UNSIGNED_TINYINT,
             source=f"{MANUAL}int-bigint-smallint-and-tinyint-transact-sql"),
    TypeRule(native=("smallint",), sql=types.SMALLINT),
    TypeRule(native=("int", "integer"), sql=types.INTEGER),
    TypeRule(native=("bigint",), sql=types.BIGINT),
    TypeRule(native=("decimal", "numeric", "dec"), sql=decimal(18), write=number,
             example="decimal(38,10)", source=f"{MANUAL}decimal-and-numeric-transact-sql"),
    TypeRule(native=("money",), sql=sa.DECIMAL(19, 4), write=number,
             source=f"{MANUAL}money-and-smallmoney-transact-sql"),
    TypeRule(native=("smallmoney",), sql=sa.DECIMAL(10, 4), write=number),
    TypeRule(native=("float", "double precision"), sql=floating, example="float(53)",
             loses="the sign of -0", source=f"{MANUAL}float-and-real-transact-sql"),
    TypeRule(native=("real",), sql=types.FLOAT, loses="the sign of -0"),
    TypeRule(native=("date",), sql=types.DATE, source=f"{MANUAL}date-transact-sql"),
    TypeRule(native=("datetime", "smalldatetime"), sql=types.DATETIME,
             source=f"{MANUAL}datetime-transact-sql"),
    TypeRule(native=("datetime2",), when=within_microseconds(7), sql=types.DATETIME,
             example="datetime2(6)", source=f"{MANUAL}datetime2-transact-sql"),
    TypeRule(native=("datetime2",), sql=sa.VARCHAR(34), example="datetime2(7)"),
    TypeRule(native=("datetimeoffset",), sql=sa.VARCHAR(34),
             source=f"{MANUAL}datetimeoffset-transact-sql: the offset is part of the value"),
    TypeRule(native=("time",), when=within_microseconds(7), sql=types.TIME, write=clock,
             example="time(6)", source=f"{MANUAL}time-transact-sql"),
    TypeRule(native=("time",), sql=sa.VARCHAR(16), example="time(7)"),
    TypeRule(native=("char", "nchar", "character", "national char", "national character"),
             sql=char, example="nchar(20)", source=f"{MANUAL}char-and-varchar-transact-sql"),
    TypeRule(native=("varchar", "nvarchar", "character varying", "char varying",
                     "national char varying", "national character varying"),
             sql=varchar, example="nvarchar(20)"),
    TypeRule(native=("text", "ntext", "national text", "xml"), sql=types.LONGTEXT,
             source=f"{MANUAL}ntext-text-and-image-transact-sql"),
    TypeRule(native=("sysname",), sql=sa.VARCHAR(128)),
    TypeRule(native=("binary",), sql=binary, example="binary(16)",
             source=f"{MANUAL}binary-and-varbinary-transact-sql"),
    TypeRule(native=("varbinary", "binary varying"), sql=varbinary, example="varbinary(20)"),
    TypeRule(native=("image",), sql=types.LONGBLOB),
    TypeRule(native=("rowversion", "timestamp"), sql=sa.BINARY(8),
             loses="the number itself when it is written back: the source makes a new one",
             source=f"{MANUAL}rowversion-transact-sql"),
    TypeRule(native=("uniqueidentifier",), sql=sa.VARCHAR(36),
             source=f"{MANUAL}uniqueidentifier-transact-sql"),
    TypeRule(native=("json",), sql=types.JSON, write=json, read=json_literal,
             loses="on Dolt zeros at a number's end", source=f"{MANUAL}json-data-type"),
    TypeRule(native=("hierarchyid", "geometry", "geography", "sql_variant", "vector"),
             source=f"{MANUAL}data-types-transact-sql"),
    TypeRule(native=("cursor", "table"), refuses="no column has it",
             source=f"{MANUAL}data-types-transact-sql"),
    TypeRule("string", native=(ANY,), sql=json_schema.text),
    *json_schema.RULES,
)  # fmt: skip
"""A name that no row has is an alias type, which a user has made (CREATE TYPE ... FROM)."""


dolt_register_dialects = bringing(
    Dialect("mssql", RULES, schemes=("mssql",), checked=WITHOUT_SERVER)
)
