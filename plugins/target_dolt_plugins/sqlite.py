"""SQLite: declared types as its users write them, and its own rule for any other name.

A column of SQLite takes values of any storage class whatever it is declared as, and forgets
lengths: so what a value is decides with the declared type (https://sqlite.org/datatype3.html).
"""

from __future__ import annotations

from target_dolt import Dialect, TypeRule, types
from target_dolt.native_values import double_of_source
from target_dolt_plugins import json_schema
from target_dolt_plugins.native_rules import bringing, json, json_literal, number

AFFINITY = "https://sqlite.org/datatype3.html#determination_of_column_affinity"

RULES = (
    TypeRule(
        "integer",
        native=(
            "int", "integer", "tinyint", "smallint", "mediumint", "bigint", "unsigned big int",
            "int2", "int8", "boolean", "bool", "numeric", "decimal",
        ),
        sql=types.BIGINT,
        source=AFFINITY,
    ),
    TypeRule("boolean", native=("boolean", "bool", "integer", "int", "tinyint"), sql=types.BOOLEAN),
    TypeRule(
        "number",
        native=("real", "double", "double precision", "float"),
        sql=types.DOUBLE,
        write=double_of_source,
        loses="the sign of -0",
        edges="Infinity, -Infinity",
    ),
    TypeRule(
        native=("numeric", "decimal"),
        sql=types.LONGTEXT,
        write=number,
        source="https://sqlite.org/datatype3.html: no value is bent to a precision",
    ),
    TypeRule(
        "string",
        native=(
            "text", "clob", "character", "varchar", "varying character", "nchar",
            "native character", "nvarchar", "char", "string",
        ),
        sql=types.LONGTEXT,
    ),
    TypeRule("string", native=("blob", "binary", "varbinary"), sql=types.LONGBLOB),
    TypeRule("string", format="date", native=("date",), sql=types.DATE),
    TypeRule(
        "string", format="date-time", native=("datetime", "timestamp"), sql=types.DATETIME
    ),
    TypeRule("string", format="time", native=("time",), sql=types.TIME),
    TypeRule("string", native=("date", "datetime", "timestamp", "time"), sql=types.LONGTEXT),
    # SQLite keeps JSON as the text that it was given, blanks and spelling of numbers with it.
    TypeRule("string", native=("json", "jsonb"), sql=types.LONGTEXT),
    TypeRule(native=("json", "jsonb"), sql=types.JSON, write=json, read=json_literal),
    *json_schema.RULES,
)  # fmt: skip
"""A name that no row has goes by JSON Schema alone: SQLite gives it no meaning either."""


dolt_register_dialects = bringing(
    Dialect("sqlite", RULES, schemes=("sqlite", "doltlite"), checked="on SQLite 3")
)
