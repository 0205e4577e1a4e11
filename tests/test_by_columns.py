"""Rows made of a file's columns: the same as the general way makes of its records, or none."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_values import lite
from support_ways import TYPES, Ways, ways

from target_dolt import moments
from target_dolt import values as converters
from target_dolt.backend import Database
from target_dolt.dialect import ConverterFactory
from target_dolt.errors import BatchError
from target_dolt.input.parquet import ParquetRows, columns_of
from target_dolt.input.ready import ready
from target_dolt.plans.kinds import Bounds
from target_dolt.types import DATETIME

pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")

DAY = 86_400_000_000
LAST = 253_402_300_799_999_999
"""9999-12-31 23:59:59.999999 in microseconds since 1970; the first of year 1 is `-FIRST`."""

FIRST = 62_135_596_800_000_000
MOMENTS = [0, 1, -1, 1577934245000001, LAST, LAST + 1, -FIRST, -FIRST - 1, 1 - DAY * 25_567]

ARRAYS: list[tuple[Any, list[Any]]] = [
    (pa.null(), [None]),
    (pa.bool_(), [True, False]),
    (pa.int8(), [0, 1, -1, 127]),
    (pa.int64(), [0, 1, 100, 101, 2**31, -(2**63), 2**53 + 1, 2**63 - 1]),
    (pa.uint64(), [0, 2**63, 2**64 - 1]),
    (pa.float64(), [0.0, -0.0, 1.0, 0.1, 0.3, 1e300, 5e-324, 1e16, math.nan, math.inf, -math.inf]),
    (pa.float32(), [0.0, 0.1, 0.5, 16777216.0, math.nan, math.inf]),
    *(
        (kind, ["", "a", "ab", "abcd", "😀é", "a\0b", "12.50", "NULL", "2024-02-29", "2023-02-29",
                "2024-01-31T23:59:59.1Z", "2024-01-31 23:59:59.123+02:00", "12:30:00", "x" * 40])
        for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()))
    ),
    (pa.date32(), [0, -719162, -719163, 2932896, 2932897, 18263]),
    (pa.date64(), [0, 18263 * DAY // 1000, LAST // 1000 + 1]),
    *(
        (pa.timestamp("us", zone), MOMENTS)
        for zone in (None, "UTC", "Europe/Berlin", "America/New_York", "+05:30")
    ),
    (pa.timestamp("s"), [0, 1577934245, 253402300800, -(2**40), -(2**62)]),
    (pa.timestamp("ns"), [0, 1577934245000001000, 1577934245000001001, -1000]),
    (pa.time64("us"), [0, 1, DAY - 1]),
    (pa.decimal128(20, 4), [Decimal(one) for one in ("0", "-0.5", "12.50", "1000000000.0001")]),
    (pa.decimal128(38, 0), [0, 2**64, -(10**37)]),
    (pa.list_(pa.int64()), [[], [1, None, 2**60]]),
    (pa.list_(pa.float64()), [[0.1], [math.nan]]),
    (pa.struct([("a", pa.int64())]), [{"a": 1}, {"a": None}]),
    (pa.duration("s"), [1]),
]  # fmt: skip
"""Arrow's types, each with values: usual ones, and those at and beyond what a column takes."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A DoltLite file that says how it stores each type."""
    database = lite(tmp_path_factory.mktemp("columns")).open()
    yield database
    database.close()


def rows_of(arrays: dict[str, Any], schema: dict[str, Any]) -> ParquetRows:
    """Return arrays as rows of a file."""
    batch = pa.record_batch(list(arrays.values()), names=list(arrays))
    return ParquetRows(pa, batch, columns_of(pa, batch.schema, schema))


def both(one: Ways, arrays: dict[str, Any]) -> tuple[Any, Any]:
    """Return the rows by columns, and by the general way; each None where it refuses one."""
    rows = rows_of(arrays, one.schema)
    by_columns = one.by_columns(rows.names)
    try:
        made = by_columns.rows(rows) if by_columns else None
    except BatchError:
        made = None
    try:
        general = [one.row_of(record) for record in rows.records()]
    except BatchError:
        general = [None]
    return made, None if None in general else general


@pytest.mark.parametrize("validates", [True, False])
@pytest.mark.parametrize("kind", TYPES, ids=json.dumps)
def test_each_value_of_each_type_becomes_the_same_value_or_goes_the_general_way(
    database: Database, kind: Any, *, validates: bool
) -> None:
    """Alone, beside null, and beside all others of its column."""
    one = ways(database, {"v": kind}, [], validates=validates, definitions={"short": {}})
    for arrow, values in ARRAYS:
        for some in (*([value] for value in values), [None, values[0]], values):
            made, general = both(one, {"v": pa.array(some, arrow)})
            if made is not None:
                assert repr(made) == repr(general), (arrow, some)


TAKEN: dict[str, tuple[Any, list[Any], Any]] = {
    "text": ({"type": ["null", "string"], "maxLength": 9}, ["abc", None], pa.string()),
    "integer": ({"type": ["null", "integer"]}, [5, None], pa.int32()),
    "boolean": ({"type": ["null", "boolean"]}, [True, None], pa.bool_()),
    "double": ({"type": ["null", "number"]}, [0.5, None], pa.float64()),
    "decimal": ({"type": ["null", "number"], "multipleOf": 0.01}, [Decimal("1.50"), None],
                pa.decimal128(9, 2)),
    "moment": ({"type": ["null", "string"], "format": "date-time"}, [0, None],
               pa.timestamp("ms", "Europe/Berlin")),
    "day": ({"type": ["null", "string"], "format": "date"}, [0, None], pa.date32()),
    "list": ({"type": ["null", "array"]}, [[1.5], None], pa.list_(pa.float64())),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAKEN)
def test_what_fits_its_column_is_taken_together(database: Database, kind: str) -> None:
    """Else the test above would see nothing."""
    part, values, arrow = TAKEN[kind]
    made, general = both(ways(database, {"v": part, "w": {}}, []), {"v": pa.array(values, arrow)})
    assert made == general != None  # noqa: E711 - of both
    assert made[1] == (None, None)


def test_a_file_that_is_not_as_its_schema_says_goes_the_general_way(database: Database) -> None:
    """A key that is missing or null, a property that is required, a name twice or unknown."""
    whole = {"type": "integer"}
    one = ways(database, {"id": whole, "v": {"type": ["null", "integer"]}}, ["id"], required=["v"])
    for names in (["id"], ["v"], ["id", "v", "v"], ["id", "v", "other"]):
        assert one.by_columns(names) is None
    made, general = both(one, {"id": pa.array([1, None]), "v": pa.array([1, 2])})
    assert made is general is None
    made, general = both(one, {"v": pa.array([1, None]), "id": pa.array([1, 2])})
    assert made == general == [(1, 1), (2, None)]
    marked = ways(database, {"id": whole, "deleted": {"type": ["null", "string"]}}, ["id"])
    ids = pa.array([1, 2])
    made, _ = both(marked, {"id": ids, "deleted": pa.array([None, None], pa.string())})
    assert made == [(1, None), (2, None)]
    made, _ = both(marked, {"id": ids, "deleted": pa.array([None, "2024-01-31"])})
    assert made is None


def _mostly(good: list[str], bad: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*good * (1 + 6 * len(bad) // len(good)), *bad])


NEARLY_MOMENTS = st.tuples(
    _mostly(["2024", "0001", "1970", "9999"], ["0000", "10000", "-001", "\u0662\u066024"]),
    _mostly(["-"], ["", "/"]),
    _mostly(["01", "02", "12"], ["13", "00", "2"]),
    _mostly(["-"], ["", "/"]),
    _mostly(["01", "28", "29", "31"], ["00", "32", "1"]),
    _mostly(["T", " "], ["t", "_", ""]),
    _mostly(["00:00:00", "23:59:59", "12:30"], ["24:00:00", "12:30:60", "123000", "1:00:00", ""]),
    _mostly(["", ".1", ".123456"], [".1234567", ".1234560", ".", ",123"]),
    _mostly(["", "Z", "+00:00", "+05:30", "-23:59"], ["z", "+05", "-0530", "+24:00", " Z", "\0"]),
).map("".join)


@settings(max_examples=500, deadline=None)
@given(texts=st.lists(NEARLY_MOMENTS, min_size=1, max_size=3))
def test_moments_that_a_file_has_as_text_are_read_as_alone(texts: list[str]) -> None:
    """Arrow reads ISO 8601 too, and Python's own parser is what decides."""
    column = pa.array([*texts, None])
    made = ready(pa, column, moments.date_time, (None, None))
    if made is not None:
        convert = moments.date_time({}, DATETIME)
        assert made == [*map(convert, texts), None]


READY: list[tuple[ConverterFactory, Any, list[Any], Bounds, list[Any] | None]] = [
    (converters.integer, pa.int32(), [5, None, -2], (-2, 5), [5, None, -2]),
    (converters.integer, pa.int32(), [5, None, -2], (-1, 5), None),
    (converters.integer, pa.int32(), [5, None, -2], (-2, 4), None),
    (converters.integer, pa.float64(), [5.0], (None, None), None),
    (converters.text, pa.string(), ["ab", None], (None, 2), ["ab", None]),
    (converters.text, pa.large_string(), ["é", ""], (0, 1), ["é", ""]),
    (converters.text, pa.string(), ["ab", "abc"], (None, 2), None),
    (converters.text, pa.string(), ["ab", ""], (1, None), None),
    (converters.text, pa.string(), [None], (1, 2), [None]),
    (converters.boolean, pa.bool_(), [True, None, False], (None, None), [1, None, 0]),
    (moments.date_time, pa.string(), ["2024-02-29T12:00:00.5Z", "2024-03-01 01:00:00+02:00"],
     (None, None), ["2024-02-29 12:00:00.500000", "2024-02-29 23:00:00.000000"]),
    (moments.date_time, pa.string(), ["2024-02-29T12:00:00", None],
     (None, None), ["2024-02-29 12:00:00.000000", None]),
    (moments.date_time, pa.string(), ["2024-02-29T12:00:00", "2024-02-29T12:00:00Z"],
     (None, None), None),
]  # fmt: skip
"""What files have at hand for a converter, within bounds, and what of it they give."""


@pytest.mark.parametrize(("factory", "arrow", "some", "bounds", "expected"), READY)
def test_values_that_are_at_hand_are_given_within_their_bounds(
    factory: ConverterFactory, arrow: Any, some: list[Any], bounds: Bounds, expected: Any
) -> None:
    """The bounds of the column and of the SCHEMA, of numbers or of how long texts are."""
    assert ready(pa, pa.array(some, arrow), factory, bounds) == expected


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whole_files_become_the_same_rows_or_go_the_general_way(
    database: Database, data: st.DataObject
) -> None:
    """Any values of some types in columns that are made for them."""
    size = data.draw(st.integers(1, 5))
    columns = {
        "i": ({"type": ["null", "integer"], "minimum": -5}, pa.int64(), st.integers(-9, 2**40)),
        "f": ({"type": ["null", "number"]}, pa.float64(), st.floats()),
        "t": ({"type": "string", "minLength": 1}, pa.string(), st.text(max_size=3)),
        "d": ({"type": ["null", "string"], "format": "date"}, pa.date32(), st.dates()),
        "m": (
            {"type": ["null", "string"], "format": "date-time"},
            pa.timestamp("us", data.draw(st.sampled_from([None, "Asia/Tokyo", "Europe/London"]))),
            st.datetimes(),
        ),
        "n": (
            {"type": ["null", "number"], "multipleOf": 0.01},
            pa.decimal128(9, 3),
            st.decimals(-99, 99, places=3) | st.decimals(-99, 99, places=2),
        ),
    }
    chosen = data.draw(st.lists(st.sampled_from(list(columns)), min_size=1, unique=True))
    arrays = {}
    for name in chosen:
        _, arrow, values = columns[name]
        some = data.draw(st.lists(st.none() | values, min_size=size, max_size=size))
        arrays[name] = pa.array(some, arrow)
    one = ways(database, {name: columns[name][0] for name in columns}, [])
    made, general = both(one, arrays)
    if made is not None:
        assert repr(made) == repr(general)
