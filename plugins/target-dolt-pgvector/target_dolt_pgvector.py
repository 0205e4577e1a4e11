"""Keep pgvector's columns as JSON arrays in Dolt."""

import sqlalchemy as sa

from target_dolt import hookimpl, values
from target_dolt.native import native_type


@hookimpl
def dolt_sql_type(dialect, schema):
    native = native_type(schema)
    if dialect.name == "postgres" and native and native.name in {"vector", "halfvec"}:
        return sa.JSON()


@hookimpl
def dolt_value_converter(dialect, schema, sql_type):
    if dolt_sql_type(dialect, schema) and isinstance(sql_type, sa.JSON):
        write = values.json(schema, sql_type)
        return lambda value: write(values.parse_json(value) if isinstance(value, str) else value)
