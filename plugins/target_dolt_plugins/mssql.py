"""SQL Server: every type of its manual. Compiled and checked without a server.

Facts: https://learn.microsoft.com/en-us/sql/t-sql/data-types/data-types-transact-sql.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from target_dolt import Dialect, TypeRule, hookimpl, types
from target_dolt.dialect import ColumnType, Schema
from target_dolt.native import ANY
from target_dolt_plugins import json_schema
from target_dolt_plugins.native_rules import (
    AS_TEXT,
    binary,
    char,
    clock,
    decimal,
    json,
    json_literal,
    native,
    number,
    varbinary,
    varchar,
)

MANUAL = "https://learn.microsoft.com/en-us/sql/t-sql/data-types/"

SINGLE_DIGITS = 24
"""float(n) is a 32-bit float up to here, and 53 where none is given."""

DOLT_FRACTION = 6
"""Digits of a second that Dolt keeps."""


def floating(schema: Schema) -> ColumnType:
    """Return FLOAT up to 24 bits, else DOUBLE."""
    bits = native(schema).length
    return types.FLOAT if bits is not None and bits <= SINGLE_DIGITS else types.DOUBLE


def moment(schema: Schema) -> ColumnType:
    """Return DATETIME where six digits of a second will do, else text for the seventh."""
    digits = native(schema).length
    has_seventh = digits is None or digits > DOLT_FRACTION
    return sa.VARCHAR(34) if has_seventh else types.DATETIME


def time(schema: Schema) -> ColumnType:
    """Return TIME where six digits of a second will do, else text for the seventh."""
    digits = native(schema).length
    has_seventh = digits is None or digits > DOLT_FRACTION
    return sa.VARCHAR(16) if has_seventh else types.TIME


def _is_short(schema: Schema) -> bool:
    digits = native(schema).length
    return digits is not None and digits <= DOLT_FRACTION


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
    TypeRule(native=("datetime2",), when=_is_short, sql=types.DATETIME, example="datetime2(6)",
             source=f"{MANUAL}datetime2-transact-sql"),
    TypeRule(native=("datetime2",), sql=moment, example="datetime2(7)", kept=AS_TEXT),
    TypeRule(native=("datetimeoffset",), sql=sa.VARCHAR(34), kept=AS_TEXT,
             source=f"{MANUAL}datetimeoffset-transact-sql: the offset is part of the value"),
    TypeRule(native=("time",), when=_is_short, sql=types.TIME, write=clock, example="time(6)",
             source=f"{MANUAL}time-transact-sql"),
    TypeRule(native=("time",), sql=time, example="time(7)", kept=AS_TEXT),
    TypeRule(native=("char", "nchar", "character", "national char", "national character"),
             sql=char, example="nchar(20)", source=f"{MANUAL}char-and-varchar-transact-sql"),
    TypeRule(native=("varchar", "nvarchar", "character varying", "char varying",
                     "national char varying", "national character varying"),
             sql=varchar, example="nvarchar(20)"),
    TypeRule(native=("text", "ntext", "xml"), sql=types.LONGTEXT,
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
             kept=AS_TEXT, source=f"{MANUAL}data-types-transact-sql"),
    TypeRule(native=("cursor", "table"), refuses="no column has it",
             source=f"{MANUAL}data-types-transact-sql"),
    TypeRule("string", native=(ANY,), sql=json_schema.text),
    *json_schema.RULES,
)  # fmt: skip
"""A name that no row has is an alias type, which a user has made (CREATE TYPE ... FROM)."""


@hookimpl(trylast=True)
def dolt_register_dialects() -> Iterable[Dialect]:
    """Bring SQL Server."""
    return [
        Dialect(
            "mssql",
            RULES,
            schemes=("mssql",),
            checked="without a server: DDL and values compiled and compared with the manual",
        )
    ]
