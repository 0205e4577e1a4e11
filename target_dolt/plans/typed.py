"""A RECORD's line becomes a row in one step: msgspec checks it while it decodes.

A line that is refused here is no error yet: it goes the general way (`target_dolt.plans.plan`),
which knows every exception and can say what is wrong. A row that is made here is the same there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import jsonschema_rs
import msgspec

from target_dolt import values
from target_dolt.dialect import Converter
from target_dolt.errors import SchemaError
from target_dolt.plans.json_schema import (
    Validator,
    asserts_by_property,
    named_types,
    property_validator,
)
from target_dolt.plans.kinds import (
    INT64,
    KINDS,
    Bounds,
    Kind,
    bounds_of,
    narrower,
    number_check,
    only_type,
)
from target_dolt.plans.plan import Column, Plan
from target_dolt.types import integer_range
from target_dolt.writer import Row

_EXACT_BYTES = 15
"""A number of so many characters has no more digits than each double keeps: DBL_DIG."""

_LEAST, _GREATEST = 1e-290, 1e290
"""Between these a double has all of its digits."""

_REFUSALS = (ValueError, ArithmeticError, RecursionError, jsonschema_rs.ValidationError)
"""msgspec's errors are ValueErrors; a Decimal's are ArithmeticErrors."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One property of a record: how it is decoded, and what is left to do then."""

    name: str
    kind: Any
    required: bool = False
    convert: Converter | None = None


class TypedRecords:
    """Makes rows of one stream's lines."""

    def __init__(self, stream: str, fields: Sequence[_Field], columns: int) -> None:
        """Make the decoder.

        Args:
            stream: The stream's name.
            fields: The columns' properties in the order of the columns, then any others.
            columns: How many of them are columns.

        Raises:
            ValueError: msgspec takes no property of such a name.
        """
        record = msgspec.defstruct(
            "Record",
            [
                (f"f{place}", one.kind) if one.required else (f"f{place}", one.kind, None)
                for place, one in enumerate(fields)
            ],
            rename={f"f{place}": one.name for place, one in enumerate(fields)},
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        message = msgspec.defstruct(
            "Message",
            [
                ("type", Literal["RECORD"]),
                ("stream", Literal[stream]),
                ("record", record),
                ("version", int | None, None),
                ("time_extracted", str | None, None),
            ],
            gc=False,
        )
        self._decode = msgspec.json.Decoder(message).decode
        self._decode_record = msgspec.json.Decoder(record).decode
        self._converters = tuple(
            (place, one.convert) for place, one in enumerate(fields) if one.convert is not None
        )
        self._columns = columns

    def row(self, line: bytes, version: int | None) -> Row | None:
        """Return the row of a RECORD's line; None where the line must go the general way.

        Args:
            line: One line of input.
            version: The version of the stream that is being read; another one goes the
                general way.
        """
        try:
            message: Any = self._decode(line)
            if message.version is not None and message.version != version:
                return None
            return self._row(message.record)
        except _REFUSALS:
            return None

    def row_of_record(self, line: bytes) -> Row | None:
        """Return the row of a line that is a record alone, as files have it; None as for `row`."""
        try:
            return self._row(self._decode_record(line))
        except _REFUSALS:
            return None

    def _row(self, record: Any) -> Row:
        row = list(msgspec.structs.astuple(record))
        for place, convert in self._converters:
            value = row[place]
            if value is not None:
                row[place] = convert(value)
        del row[self._columns :]
        return tuple(row)


def compile_typed(
    plan: Plan,
    schema: Mapping[str, Any],
    *,
    validates: bool,
    null: str,
    whole: frozenset[str] = frozenset(),
) -> TypedRecords | None:
    """Return what reads a stream's lines; None where its SCHEMA asserts what is not known here.

    Args:
        plan: The stream's plan.
        schema: The SCHEMA as the tap sent it.
        validates: Whether records are checked against it.
        null: A property that sends a record the general way where it is not null.
        whole: Properties that send it there where they are absent.
    """
    try:
        if validates and not asserts_by_property(schema):
            return None
        fields = _fields(plan, schema, validates=validates, null=null)
        required = whole.union(schema.get("required", ()) if validates else ())
        if required <= {one.name for one in fields}:
            fields = [replace(one, required=one.required or one.name in required) for one in fields]
            return TypedRecords(plan.stream, fields, len(plan.columns))
    except (SchemaError, TypeError, ValueError):
        pass  # of a shape, or with a name, that only the general way takes
    return None


def _fields(plan: Plan, schema: Mapping[str, Any], *, validates: bool, null: str) -> list[_Field]:
    """Return the fields of all columns in order, then those of properties without a column."""
    properties = schema["properties"]
    fields = []
    for column in plan.columns:
        source, is_key = column.source, column.name in plan.table.key
        if source == null or source not in properties:
            # No record has it, and no property is called so.
            fields.append(_Field("-".join(["absent", column.name, *properties]), None))
        elif validates:
            fields.append(_checked(column, source, schema, is_key=is_key))
        else:
            fields.append(_unchecked(column, source, is_key=is_key))
    for name in properties.keys() - {one.name for one in fields} - {null}:
        check = property_validator(properties[name], schema) if validates else None
        fields.append(_Field(name, msgspec.Raw, convert=_parsed(str, check)))
    if not validates or null not in properties or "null" in named_types(properties[null]):
        fields.append(_Field(null, None))  # else whoever has it goes the general way
    return fields


def _checked(column: Column, source: str, schema: Mapping[str, Any], *, is_key: bool) -> _Field:
    """Return the field of a column whose values must be what their SCHEMA says."""
    part = schema["properties"][source]
    name, nullable = only_type(part), "null" in named_types(part) and not is_key
    bounds = bounds_of(KINDS[name], part) if name in KINDS else None
    if name is not None and bounds is not None:
        return _typed(column, source, KINDS[name], bounds, nullable=nullable, is_key=is_key)
    if name == "number" and column.factory is values.double:
        return _Field(source, msgspec.Raw, is_key, _double(column.convert, nullable=nullable))
    check = number_check(part) or property_validator(part, schema)
    return _Field(source, msgspec.Raw, is_key, _parsed(column.convert, check, nullable=not is_key))


def _unchecked(column: Column, source: str, *, is_key: bool) -> _Field:
    """Return the field of a column whose values must fit the column, no more."""
    name = column.schema.get("type")
    if name in KINDS:
        return _typed(column, source, KINDS[name], (None, None), nullable=not is_key, is_key=is_key)
    convert = _parsed(column.convert, None, nullable=not is_key)
    return _Field(source, msgspec.Raw, is_key, convert)


def _typed(
    column: Column, source: str, kind: Kind, bounds: Bounds, *, nullable: bool, is_key: bool
) -> _Field:
    """Return the field of a column that msgspec reads; most leave nothing to convert."""
    convert: Converter | None = column.convert
    if column.factory is values.text and kind.python is str:
        bounds, convert = narrower(bounds, (None, values.length(column.type))), None
    elif column.factory is values.boolean and kind.python is bool:
        convert = int
    elif column.factory is values.integer and kind.python is int:
        span = integer_range(column.type)
        if span is not None and span[0] in INT64 and span[1] in INT64:
            bounds, convert = narrower(bounds, span), None
    limits: dict[str, Any] = {
        word: bound for word, bound in zip(kind.bounds, bounds, strict=True) if bound is not None
    }
    read: Any = Annotated[kind.python, msgspec.Meta(**limits)] if limits else kind.python
    return _Field(source, read | None if nullable else read, is_key, convert)


def _parsed(convert: Converter, check: Validator | None, *, nullable: bool = True) -> Converter:
    """Decode a value as the message reader does, check it, and convert it."""

    def read(raw: msgspec.Raw) -> Any:
        value = values.parse_json(raw)
        if check is not None:
            check(value)
        if value is not None:
            return convert(value)
        if nullable:
            return None
        msg = "null in a key"
        raise ValueError(msg)

    return read


def _double(convert: Converter, *, nullable: bool) -> Converter:
    """Read a number straight as a double where it has few digits, else with `convert`."""

    def read(raw: msgspec.Raw) -> float | None:
        text = bytes(raw)
        if text == b"null" and nullable:
            return None
        if len(text) <= _EXACT_BYTES and _LEAST < abs(number := float(text)) < _GREATEST:
            return number
        return convert(values.parse_json(text))  # type: ignore[no-any-return]

    return read
