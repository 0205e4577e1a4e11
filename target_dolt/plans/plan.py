"""A SCHEMA message becomes a plan, once; a record then meets only the plan.

`target_dolt.plans.draft` has chosen names and types; `compile_plan` resolves the converters for the
table as it then is. No hook, no schema look-up and no regular expression is left for a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from target_dolt import values, widened
from target_dolt.backend import Database
from target_dolt.dialect import ColumnType, Converter, ConverterFactory, Dialect, Schema
from target_dolt.errors import MissingKeyError, RecordError
from target_dolt.plans.columns import column_converter
from target_dolt.plans.draft import Draft
from target_dolt.plans.json_schema import Validator, nearest
from target_dolt.plugins import Plugins
from target_dolt.table import Table
from target_dolt.writer import Row

NO_PROPERTY = "\ud800"
"""What a column takes that no property fills: half a character, which no name in JSON is, while a
name may be empty."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a plan.

    Attributes:
        name: Its name.
        source: The property that it takes, or `NO_PROPERTY`.
        convert: Makes what its writer takes of a property's value.
        type: What the column holds, as it is now.
        schema: The property's plain schema.
        factory: What made `convert`, where neither a plugin nor the backend nor an older type of
            the column has a hand in it; else None.
    """

    name: str
    source: str
    convert: Converter
    type: ColumnType
    schema: Schema
    factory: ConverterFactory | None = None

    @property
    def passes(self) -> bool:
        """Whether a value that its SCHEMA has accepted needs no conversion."""
        return self.factory is not None and values.passes(self.schema, self.type)


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
                is NULL.
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

    def converts(self, names: Sequence[str]) -> Callable[[Sequence[Sequence[Any]]], list[Row]]:
        """Return what makes rows of many records at once, a column after the other.

        It raises ValueError where `row` has something to say of one of them.

        Args:
            names: The properties whose values each record has, in their order.
        """
        place_of = {name: place for place, name in enumerate(names)}
        steps = [
            (place_of.get(one.source), column_converter(one.factory, one.type, one.convert))
            for one in self.columns
        ]
        keys = set(self._key_places)

        def convert(records: Sequence[Sequence[Any]]) -> list[Row]:
            given = list(zip(*records, strict=True))
            columns = []
            for place, (source, make) in enumerate(steps):
                values_of: Sequence[Any] = [None] * len(records)
                if source is not None and given:
                    values_of = make(given[source])
                if place in keys and None in values_of:
                    msg = "the key is missing or null"
                    raise ValueError(msg)
                columns.append(values_of)
            return list(zip(*columns, strict=True))

        return convert

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

    def part(self, record: Mapping[str, Any], check: Validator | None) -> dict[int, Any]:
        """Return the values that a record carries, by their columns' places, once checked."""
        values_by_place = {}
        if check is not None:
            try:
                check(record)
            except jsonschema_rs.ValidationError as error:
                raise self._explain(record, error) from None
        for place, column in enumerate(self.columns):
            if column.source not in record:
                continue
            value = record[column.source]
            try:
                values_by_place[place] = None if value is None else column.convert(value)
            except ValueError as error:
                raise self._explain(record, error) from None
        return values_by_place

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
                return RecordError(
                    self.stream, column.source, str(refusal), self._found_key(record)
                )
        if not isinstance(error, jsonschema_rs.ValidationError):
            return RecordError(self.stream, None, str(error), self._found_key(record))
        path = list(error.instance_path)
        schema = {"properties": self.properties}
        word = str(error.schema_path[-1]) if error.schema_path else "false"
        place = "/".join(str(step) for step in path[1:])
        reason = f"it does not match its SCHEMA: '{word}'" + (f" at {place}" if place else "")
        return RecordError(self.stream, nearest(schema, path), reason, self._found_key(record))

    def _missing_key(self, name: str) -> MissingKeyError:
        return MissingKeyError(self.stream, name, "the key is missing or null")

    def _found_key(self, record: Mapping[str, Any]) -> dict[str, Any]:
        names = [self.columns[place].source for place in self._key_places]
        return {name: record.get(name) for name in names}


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
        source, schema = drawn.properties.get(name, (NO_PROPERTY, {}))
        own_type = drawn.chosen.get(name, column_type)
        convert, is_plain = converter(schema, drawn.dialect, own_type, column_type, plugins)
        encode = database.storage(column_type).encode
        is_own = is_plain and encode is None
        columns.append(
            Column(
                name,
                source,
                _chain(convert, encode),
                column_type,
                schema,
                values.factory(column_type) if is_own else None,
            )
        )
    return Plan(drawn.stream, table, columns, validate)


def converter(
    schema: Schema,
    dialect: Dialect,
    own_type: ColumnType,
    column_type: ColumnType,
    plugins: Plugins,
) -> tuple[Converter, bool]:
    """Return a column's converter, and whether it is the one that belongs to its type.

    Args:
        schema: The property's plain schema.
        dialect: Whose rules chose a type for it.
        own_type: That type.
        column_type: The type that the column has.
        plugins: The plugins to ask.
    """
    custom: Converter | None = plugins.hook.dolt_value_converter(
        dialect=dialect, schema=schema, sql_type=column_type
    )
    if custom is not None:
        return custom, False
    wide = widened.converter(schema, own_type, column_type)
    if wide is not None:
        return wide, False
    return values.writer(schema, column_type), True


def _chain(first: Converter, then: Callable[[Any], Any] | None) -> Converter:
    return first if then is None else lambda value: then(first(value))
