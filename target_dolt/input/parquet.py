"""Parquet files as records: each column as JSON would have brought it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

from target_dolt.dialect import ConverterFactory
from target_dolt.errors import BatchError, ConfigError
from target_dolt.input.ready import ready
from target_dolt.plans.json_schema import resolve
from target_dolt.plans.kinds import Bounds

ROWS_AT_ONCE = 10_000
"""Rows that are in memory at once, as many as a buffer has; of long ones fewer."""

BYTES_AT_ONCE = 16 * 1024 * 1024

TOO_LARGE = "the file holds more than `max_batch_bytes`; raise it if that is meant"

_Make = Callable[[Any], Any] | None
"""Makes a value of Arrow one of JSON; None where it is one."""

_Plain = Mapping[str, Any]
"""What a SCHEMA says of a value, with one type or none."""


class ParquetRows:
    """Some rows of a file, by their columns: see `target_dolt.plans.by_columns.ColumnRows`."""

    def __init__(self, pa: Any, batch: Any, columns: Sequence[_Column]) -> None:
        """Take a record batch of Arrow, and how each of its columns is read."""
        self.names: Sequence[str] = [one.name for one in columns]
        self._pa = pa
        self._batch = batch
        self._columns = columns

    def __len__(self) -> int:
        """Return how many rows there are."""
        return int(self._batch.num_rows)

    def values(self, place: int) -> list[Any]:
        """Return a column's values as JSON would have brought them."""
        return self._columns[place].values(self._batch.column(place))

    def ready(self, place: int, factory: ConverterFactory, bounds: Bounds) -> list[Any] | None:
        """Return a column's values as a converter of this make would make them, where that is
        less work than to make JSON's of them first."""
        return ready(self._pa, self._batch.column(place), factory, bounds)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as records."""
        columns = [self.values(place) for place in range(len(self.names))]
        for row in zip(*columns, strict=True):
            yield dict(zip(self.names, row, strict=True))


def parquet_rows(
    stream: BinaryIO, schema: Mapping[str, Any], max_bytes: int
) -> Iterator[ParquetRows]:
    """Yield the rows of a file, some at once.

    Args:
        stream: The file.
        schema: The stream's: where it has text, a decimal comes as its digits.
        max_bytes: The most that the file may hold, decompressed.

    Raises:
        BatchError: The file is damaged, too large, or holds what JSON has not.
        ConfigError: What reads Parquet is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        msg = "reading Parquet needs more: install target-dolt with its extra `parquet`"
        raise ConfigError(msg) from error
    try:
        file = parquet.ParquetFile(stream)
        size = _size(file.metadata)
        if size > max_bytes:
            raise BatchError(TOO_LARGE)
        columns = columns_of(pa, file.schema_arrow, schema)
        average = size // max(1, file.metadata.num_rows)
        rows = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // max(1, average)))
        left = max_bytes
        for batch in file.iter_batches(rows):
            left -= batch.nbytes  # a value that a file has once may be in each of its rows
            if left < 0:
                raise BatchError(TOO_LARGE)
            yield ParquetRows(pa, batch, columns)
    except pa.ArrowException as error:
        msg = "the file is no whole Parquet file"
        raise BatchError(msg) from error


def _size(metadata: Any) -> int:
    """Return how many bytes a file has in its pages, decompressed."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    return sum(group.total_byte_size for group in groups)


def columns_of(pa: Any, arrow: Any, schema: Mapping[str, Any]) -> list[_Column]:
    """Return how the columns of a file with an Arrow schema are read for a SCHEMA."""
    return [_Column(pa, field, schema) for field in arrow]


class _Column:
    """A column of a file: how its values are made."""

    def __init__(self, pa: Any, field: Any, schema: Mapping[str, Any]) -> None:
        self.name = field.name
        self._pa = pa
        self._kind = field.type
        self._exact = _microseconds(pa, field.type)
        part = schema.get("properties", {}).get(field.name, {})
        self._make = _Makers(pa, schema, field.name).maker(field.type, part)

    def values(self, column: Any) -> list[Any]:
        try:
            if self._exact != self._kind:
                column = column.cast(self._exact)
            values = column.to_pylist()
        except self._pa.ArrowInvalid:
            msg = (
                f"the column '{self.name}' has nanoseconds, a column here has microseconds: round "
                "them in the tap"
            )
            raise BatchError(msg) from None
        except (ValueError, OverflowError):
            msg = f"the column '{self.name}' has a moment outside of the years 1 to 9999"
            raise BatchError(msg) from None
        return [_made(self._make, one) for one in values] if self._make else values


def _microseconds(pa: Any, kind: Any) -> Any:
    """Return a type with microseconds where it has nanoseconds, which Python's moments lack."""
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_time64(kind):
        return pa.time64("us")
    if pa.types.is_struct(kind):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        return pa.struct([one.with_type(_microseconds(pa, one.type)) for one in fields])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        make = pa.list_ if pa.types.is_list(kind) else pa.large_list
        return make(_microseconds(pa, kind.value_type))
    return kind


class _Makers:
    """What makes the values of a column, by its type in the file and in the SCHEMA."""

    def __init__(self, pa: Any, root: Mapping[str, Any], name: str) -> None:
        self._types = pa.types
        self._root = root
        self._name = name

    def maker(self, kind: Any, part: Any) -> _Make:
        """Return what makes the values of a type, of which the SCHEMA says `part`."""
        for questions, make in _BY_TYPE:
            if any(getattr(self._types, one, _no)(kind) for one in questions):
                return make(self, kind, resolve(part, self._root))
        return str if str(kind) in _AS_TEXT else self._refuse(kind)

    def inner(self, kind: Any, plain: _Plain) -> _Make:
        return self.maker(kind.value_type, plain)

    def items(self, kind: Any, plain: _Plain) -> _Make:
        make = self.maker(kind.value_type, plain.get("items", {}))
        return None if make is None else lambda value: [_made(make, one) for one in value]

    def properties(self, kind: Any, plain: _Plain) -> _Make:
        parts = plain.get("properties")
        known = parts if isinstance(parts, Mapping) else {}
        fields = [kind.field(number) for number in range(kind.num_fields)]
        makes = [(one.name, self.maker(one.type, known.get(one.name, {}))) for one in fields]
        return lambda value: {name: _made(make, value[name]) for name, make in makes}

    def mapped(self, kind: Any, plain: _Plain) -> _Make:
        make = self.maker(kind.item_type, plain.get("additionalProperties", {}))

        def made(value: Any) -> dict[str, Any]:
            found = {key: _made(make, one) for key, one in value}
            if len(found) < len(value) or not all(isinstance(key, str) for key in found):
                msg = f"the column '{self._name}' has a key twice, or one that is no text ({kind})"
                raise BatchError(msg)
            return found

        return made

    def _refuse(self, kind: Any) -> _Make:
        def refuse(_value: Any) -> Any:
            msg = f"the column '{self._name}' is {kind}, which JSON has not: give it as text"
            raise BatchError(msg)

        return refuse


def _no(_kind: Any) -> bool:
    return False


def _made(make: _Make, value: Any) -> Any:
    return value if make is None or value is None else make(value)


def _as_it_is(_makers: _Makers, _kind: Any, _plain: _Plain) -> _Make:
    return None


def _digits(_makers: _Makers, _kind: Any, plain: _Plain) -> _Make:
    """A decimal keeps the digits that its column has."""
    return "{:f}".format if plain.get("type") == "string" else None


def _double(_makers: _Makers, _kind: Any, _plain: _Plain) -> _Make:
    """A double comes as its shortest decimal; a NaN stays one, to be refused by its column."""
    return lambda value: Decimal(repr(value))


def _moment(_makers: _Makers, _kind: Any, _plain: _Plain) -> _Make:
    return lambda value: value.isoformat()


_BY_TYPE: tuple[tuple[tuple[str, ...], Callable[[_Makers, Any, _Plain], _Make]], ...] = (
    (("is_dictionary", "is_run_end_encoded"), _Makers.inner),
    (("is_integer", "is_boolean", "is_null"), _as_it_is),
    (("is_string", "is_large_string", "is_string_view"), _as_it_is),
    (("is_decimal",), _digits),
    (("is_floating",), _double),
    (("is_timestamp", "is_date", "is_time"), _moment),
    (("is_map",), _Makers.mapped),
    (("is_struct",), _Makers.properties),
    (("is_list", "is_large_list", "is_fixed_size_list"), _Makers.items),
    (("is_list_view", "is_large_list_view"), _Makers.items),
)
"""Questions of `pyarrow.types`, of which a newer pyarrow has more, and what makes values."""

_AS_TEXT = ("extension<arrow.uuid>",)
"""Types without a question that Python has as a class whose text is the value."""
