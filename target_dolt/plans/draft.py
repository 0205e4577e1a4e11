"""What a SCHEMA asks for: names and types of columns, chosen once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import names
from target_dolt.dialect import ColumnType, Dialect
from target_dolt.errors import RefusedTypeError, SchemaError, UnsupportedTypeError
from target_dolt.native import native_type
from target_dolt.plans.json_schema import resolve
from target_dolt.plugins import Plugins
from target_dolt.table import Limits, Table
from target_dolt.types import LONGTEXT, declared_bytes

KEY_TEXT = 768
"""Characters of all text columns of a key: 3,072 bytes of four each (facts of MySQL's InnoDB,
which Dolt keeps). https://dev.mysql.com/doc/refman/8.0/en/innodb-limits.html"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a SCHEMA asks for.

    Attributes:
        stream: The stream's name.
        table: The table that it wants, with a type for each column.
        properties: For each column the property it takes and that property's plain schema.
        dialect: The dialect that chose the types.
        chosen: The type that each column's values are first converted to; the table's may be
            wider.
        refused: Properties whose native type has no exact place, and that are kept as text.
    """

    stream: str
    table: Table
    properties: dict[str, tuple[str, dict[str, Any]]]
    dialect: Dialect
    chosen: dict[str, ColumnType]
    refused: tuple[str, ...] = ()


def draft(
    stream: str,
    table: str,
    schema: Mapping[str, Any],
    keys: Sequence[str],
    known: Mapping[str, str],
    dialect: Dialect,
    plugins: Plugins,
    limits: Limits,
    *,
    strict: bool = True,
) -> Draft:
    """Choose names and types for a stream.

    Args:
        stream: The stream's name.
        table: The table's name.
        schema: The whole schema of the stream, as the tap sent it.
        keys: The properties that are the primary key; empty for a table without one.
        known: The columns that properties of the stream were given before.
        dialect: Whose rules choose the types.
        plugins: The plugins to ask.
        limits: What the backend's tables may hold.
        strict: Whether a native type that cannot be kept exactly is an error; else it is text.

    Raises:
        SchemaError: A key is not among the properties, or a type has no column.
    """
    properties = schema["properties"]
    missing = [key for key in keys if key not in properties]
    if missing:
        msg = f"stream '{stream}': the key {', '.join(missing)} is not among the properties"
        raise SchemaError(msg)
    columns = names.column_names(properties, known)
    plain, types, refused = {}, {}, []
    for name, part in properties.items():
        try:
            plain[name], types[columns[name]] = _column(
                stream, name, part, schema, dialect, plugins
            )
        except RefusedTypeError:
            if strict:
                raise
            plain[name], types[columns[name]] = {}, LONGTEXT
            refused.append(name)
    key = tuple(columns[name] for name in keys)
    types |= _key_types(stream, {name: types[name] for name in key})
    if limits.row_bytes is not None:
        types |= _texts_outside(stream, types, key, limits.row_bytes)
    return Draft(
        stream,
        Table(table, types, key),
        {columns[name]: (name, plain[name]) for name in properties},
        dialect,
        dict(types),
        tuple(refused),
    )


def _column(
    stream: str,
    name: str,
    part: Any,
    schema: Mapping[str, Any],
    dialect: Dialect,
    plugins: Plugins,
) -> tuple[dict[str, Any], ColumnType]:
    """Return what a property may hold, and the type of its column."""
    where = f"stream '{stream}', column '{name}'"
    try:
        plain = resolve(part, schema)
        _check_native_type(plain, dialect)
        column_type: ColumnType | None = plugins.hook.dolt_sql_type(dialect=dialect, schema=plain)
    except RefusedTypeError as error:
        error.args = (f"{where}: {error}",)
        raise
    except SchemaError as error:
        msg = f"{where}: {error}"
        raise SchemaError(msg) from error
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # Nobody has validated the schema where records are not: it may be of any shape.
        msg = f"{where}: not a JSON Schema that can be read ({type(error).__name__})"
        raise SchemaError(msg) from error
    if column_type is None:
        msg = f"{where}: no rule of '{dialect.name}' has a type for it"
        raise UnsupportedTypeError(msg)
    return plain, column_type


def _check_native_type(plain: Mapping[str, Any], dialect: Dialect) -> None:
    for word, kind in (("x-sql-datatype", str), ("x-sql-datatype-properties", dict)):
        if not isinstance(plain.get(word, kind()), kind):
            msg = f"its {word} is none"
            raise SchemaError(msg)
    try:
        native_type(plain)
    except ValueError:
        reason = "brackets or quotes in its name do not close"
        raise RefusedTypeError(plain["x-sql-datatype"], dialect.name, reason) from None


def _key_types(stream: str, types: dict[str, ColumnType]) -> dict[str, ColumnType]:
    """Give the texts of a key a length: an engine's key has room for so many characters."""
    long = [name for name, one in types.items() if isinstance(one, mysql.LONGTEXT)]
    taken = sum(one.length or 0 for one in types.values() if isinstance(one, sa.VARCHAR))
    room = (KEY_TEXT - taken) // len(long) if long else KEY_TEXT - taken
    if room < 0 or (long and room < 1):
        msg = (
            f"stream '{stream}': the text columns of its key may have {KEY_TEXT} characters "
            f"together, their maxLength is {taken}"
        )
        raise UnsupportedTypeError(msg)
    for name, one in types.items():
        if isinstance(one, sa.JSON):
            msg = f"stream '{stream}', column '{name}': JSON cannot be a key"
            raise UnsupportedTypeError(msg)
    return {name: sa.VARCHAR(room) for name in long}


_LONG = 4 * 63
"""Bytes of a VARCHAR that is better kept outside of a row that is full."""


def _texts_outside(
    stream: str, types: dict[str, ColumnType], key: tuple[str, ...], row_bytes: int
) -> dict[str, ColumnType]:
    """Turn the longest VARCHARs into LONGTEXT, which is kept outside of the row, until it fits."""
    sizes = {name: declared_bytes(one) for name, one in types.items()}
    longest = sorted(
        (name for name, one in types.items() if isinstance(one, sa.VARCHAR) and name not in key),
        key=lambda name: (-sizes[name], name),
    )
    moved: dict[str, ColumnType] = {}
    # Once one has to go, all long ones go: Dolt counts a mixture dearer than it declares it
    # (1,000 columns, measured on 2.3.1).
    while sum(sizes.values()) > row_bytes or (moved and longest and sizes[longest[0]] > _LONG):
        if not longest:
            msg = (
                f"stream '{stream}': {len(types)} columns take {sum(sizes.values())} bytes of a "
                f"row, a row has {row_bytes}; leave columns out with `stream_maps`"
            )
            raise UnsupportedTypeError(msg)
        name = longest.pop(0)
        moved[name] = LONGTEXT
        sizes[name] = declared_bytes(LONGTEXT)
    return moved
