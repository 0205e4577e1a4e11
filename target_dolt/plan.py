"""A SCHEMA message becomes a plan, once; a record then meets only the plan.

Two steps: `draft` chooses names and types; `compile_plan` resolves the converters for the
table as it then is. No hook, no schema look-up and no regular expression is left for a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import names, values
from target_dolt.backend import Database, Limits, Row, Table
from target_dolt.dialect import ColumnType, Converter, Dialect, Schema
from target_dolt.errors import MissingKeyError, RecordError, SchemaError, UnsupportedTypeError
from target_dolt.json_schema import Validator, nearest, resolve
from target_dolt.plugins import Plugins
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
    """

    stream: str
    table: Table
    properties: dict[str, tuple[str, dict[str, Any]]]
    dialect: Dialect


def draft(
    stream: str,
    table: str,
    schema: Mapping[str, Any],
    keys: Sequence[str],
    dialect: Dialect,
    plugins: Plugins,
    limits: Limits,
) -> Draft:
    """Choose names and types for a stream.

    Args:
        stream: The stream's name.
        table: The table's name.
        schema: The whole schema of the stream, as the tap sent it.
        keys: The properties that are the primary key; empty for a table without one.
        dialect: Whose rules choose the types.
        plugins: The plugins to ask.
        limits: What the backend's tables may hold.

    Raises:
        SchemaError: A key is not among the properties, or a type has no column.
    """
    properties = schema["properties"]
    missing = [key for key in keys if key not in properties]
    if missing:
        msg = f"stream '{stream}': the key {', '.join(missing)} is not among the properties"
        raise SchemaError(msg)
    columns = names.column_names(stream, properties)
    plain = {name: resolve(part, schema) for name, part in properties.items()}
    types = {
        columns[name]: _column_type(stream, name, plain[name], dialect, plugins)
        for name in properties
    }
    key = tuple(columns[name] for name in keys)
    types |= _key_types(stream, {name: types[name] for name in key})
    if limits.row_bytes is not None:
        types |= _texts_outside(stream, types, key, limits.row_bytes)
    return Draft(
        stream,
        Table(table, types, key),
        {columns[name]: (name, plain[name]) for name in properties},
        dialect,
    )


def _column_type(
    stream: str, name: str, schema: Schema, dialect: Dialect, plugins: Plugins
) -> ColumnType:
    column_type: ColumnType | None = plugins.hook.dolt_sql_type(dialect=dialect, schema=schema)
    if column_type is None:
        msg = f"stream '{stream}', column '{name}': no rule of '{dialect.name}' has a type for it"
        raise UnsupportedTypeError(msg)
    return column_type


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
    while sum(sizes.values()) > row_bytes:
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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a plan: its name, the property that is its source, and how it is written."""

    name: str
    source: str
    convert: Converter
    passes: bool = False
    """Whether a value that its SCHEMA has accepted needs no conversion."""


class NeedsWiderError(Exception):
    """A value that its column would bend; a wider column would keep it.

    Attributes:
        column: The column's name.
        wider: The type to widen it to.
    """

    def __init__(self, column: str, wider: ColumnType) -> None:
        """Keep what is needed."""
        super().__init__(column)
        self.column = column
        self.wider = wider


class Plan:
    """How records of one stream become rows of its table."""

    def __init__(
        self, stream: str, table: Table, columns: Sequence[Column], validate: Validator | None
    ) -> None:
        """Lay the columns out for the loop over records.

        Args:
            stream: The stream's name.
            table: The table, as it is now.
            columns: One for each column of the table; a column that the SCHEMA does not have
                takes a property that no record has, and is NULL.
            validate: Checks a whole record, or None.
        """
        self.stream = stream
        self.table = table
        self.columns = tuple(columns)
        self.properties = frozenset(column.source for column in columns)
        self._pairs = tuple(
            (column.source, None if validate and column.passes else column.convert)
            for column in columns
        )
        by_name = {column.name: index for index, column in enumerate(columns)}
        self._key_places = tuple(by_name[name] for name in table.key)
        self._validate = validate

    def row(self, record: Mapping[str, Any]) -> Row:
        """Return the record as a row.

        Raises:
            NeedsWiderError: A value needs a wider column first.
            RecordError: The record does not match its SCHEMA, or a value does not fit its
                column exactly.
            MissingKeyError: A key is absent or null.
        """
        get = record.get
        try:
            if self._validate is not None:
                self._validate(record)
            row = tuple(
                [
                    value if (value := get(name)) is None or convert is None else convert(value)
                    for name, convert in self._pairs
                ]
            )
        except (ValueError, jsonschema_rs.ValidationError) as error:
            raise self._explain(record, error) from None
        for place in self._key_places:
            if row[place] is None:
                raise self._missing_key(self.columns[place].source)
        return row

    def key(self, record: Mapping[str, Any]) -> Row:
        """Return the record's key alone, encoded as in `row`; a delete may carry no more."""
        key = []
        for place in self._key_places:
            column = self.columns[place]
            value = record.get(column.source)
            if value is None:
                raise self._missing_key(column.source)
            try:
                key.append(column.convert(value))
            except ValueError as error:
                raise self._explain(record, error) from None
        return tuple(key)

    def key_of(self, row: Row) -> Row:
        """Return the key of a row."""
        return tuple([row[place] for place in self._key_places])

    def _explain(
        self, record: Mapping[str, Any], error: Exception
    ) -> RecordError | NeedsWiderError:
        """Find the column that refused; the way of a good record has no time for it."""
        missing = [
            column.source
            for column in (self.columns[place] for place in self._key_places)
            if record.get(column.source) is None
        ]
        if missing:
            return self._missing_key(missing[0])
        for column in self.columns:
            value = record.get(column.source)
            if value is None:
                continue
            try:
                column.convert(value)
            except values.TooNarrowError as refusal:
                return NeedsWiderError(column.name, refusal.wider)
            except ValueError as refusal:
                return RecordError(self.stream, column.source, str(refusal), self._shown(record))
        if not isinstance(error, jsonschema_rs.ValidationError):
            return RecordError(self.stream, None, str(error), self._shown(record))
        path = list(error.instance_path)
        schema = {"properties": self.properties}
        word = str(error.schema_path[-1]) if error.schema_path else "false"
        place = "/".join(str(step) for step in path[1:])
        reason = f"it does not match its SCHEMA: '{word}'" + (f" at {place}" if place else "")
        return RecordError(self.stream, nearest(schema, path), reason, self._shown(record))

    def _missing_key(self, name: str) -> MissingKeyError:
        return MissingKeyError(self.stream, name, "the key is missing or null")

    def _shown(self, record: Mapping[str, Any]) -> str:
        """Return the key for a message: numbers as they are, of a text only its length."""
        shown = []
        for place in self._key_places:
            name = self.columns[place].source
            value = record.get(name)
            if isinstance(value, str):
                value = f"<{len(value)} characters>"
            shown.append(f"{name}={value}")
        return ", ".join(shown)


def compile_plan(
    drawn: Draft,
    table: Table,
    database: Database,
    plugins: Plugins,
    validate: Validator | None,
) -> Plan:
    """Resolve each column's converter for the table as it is in the database."""
    columns = []
    for name, column_type in table.types.items():
        source, schema = drawn.properties.get(name, ("", {}))
        custom: Converter | None = plugins.hook.dolt_value_converter(
            dialect=drawn.dialect, schema=schema, sql_type=column_type
        )
        convert = custom or values.writer(schema, column_type)
        encode = database.storage(column_type).encode
        passes = custom is None and encode is None and values.passes(schema, column_type)
        columns.append(Column(name, source, _chain(convert, encode), passes))
    return Plan(drawn.stream, table, columns, validate)


def _chain(first: Converter, then: Callable[[Any], Any] | None) -> Converter:
    return first if then is None else lambda value: then(first(value))
