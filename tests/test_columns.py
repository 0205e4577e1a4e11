"""A column's values converted together are what each of them is alone, or an error in both ways."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql

from tap_adapters.sources.snapshot import CHUNK_BYTES, CHUNK_ROWS, PIECE_ROWS, chunks
from target_dolt import values
from target_dolt.dialect import ColumnType
from target_dolt.plans.columns import column_converter, estimated_bytes

TYPES: list[ColumnType] = [
    sa.INTEGER(),
    mysql.TINYINT(unsigned=True),
    sa.VARCHAR(3),
    mysql.LONGTEXT(),
    sa.BOOLEAN(),
    sa.DECIMAL(5, 2),
    sa.DATE(),
    mysql.DATETIME(fsp=6),
]

SPECIAL: list[Any] = [
    None,
    *(True, False, 0, 1, -1, 255, 256, 2**31 - 1, 2**31, 2**64),
    *(Decimal(one) for one in ("1.5", "-0.00", "999.99", "1000", "0.001", "NaN", "-Infinity")),
    *("", "abc", "abcd", "\n", "2026-01-31", "2026-02-30", "0000-01-01", "2026-W01-1"),
    *("2026-01-31 23:59:59", "2026-01-31T23:59:59.1Z", "2026-01-31 23:59:59.123456+00"),
    *("2026-01-31 24:00:00+00:00", "2026-01-31 23:59:60", "2026-01-31 23:59:59.1234567"),
    *("2026-01-31 23:59:59\n2026-01-31 23:59:59", "2026-01-31 23:59:59\n", "infinity"),
    *("2026-01-31 23:59:59+01:00", "2026-02-30 00:00:00", "٢026-01-31 23:59:59", "2026-01-31 BC"),
]

numbers = st.integers(-(2**40), 2**40) | st.decimals(-2000, 2000, places=2)
moments = st.datetimes().map(lambda one: f"{one.isoformat(' ')}+00:00")
days = st.dates().map(lambda one: one.isoformat())
anything = st.sampled_from(SPECIAL) | numbers | moments | days | st.booleans() | st.text(max_size=4)
columns = (
    st.lists(anything, max_size=6)
    | st.lists(moments | st.none(), max_size=6)
    | st.lists(days | st.none(), max_size=6)
    | st.lists(numbers, max_size=6)
)


def alone(convert: Any, some: list[Any]) -> Any:
    """Return what each value is, or that one is refused."""
    try:
        return [None if one is None else convert(one) for one in some]
    except ValueError:
        return ValueError


def assert_alike(together: Any, some: list[Any], expected: Any) -> None:
    """Assert that values converted together are those expected, or refused where those are."""
    if expected is ValueError:
        with pytest.raises(ValueError, match=r"\w"):
            together(some)
    else:
        assert list(map(repr, together(some))) == list(map(repr, expected))


@pytest.mark.parametrize("column_type", TYPES, ids=str)
@given(some=columns)
def test_together_is_as_alone(column_type: ColumnType, some: list[Any]) -> None:
    """Whatever a column holds: the same values of the same classes, or the same refusal."""
    schema = {"type": "string"} if isinstance(column_type, sa.VARCHAR) else {}
    factory = values.factory(column_type)
    convert = factory(schema, column_type)
    together = column_converter(factory, column_type, convert)
    assert_alike(together, some, alone(convert, some))


@pytest.mark.parametrize("column_type", TYPES, ids=str)
def test_each_special_value_among_usual_ones(column_type: ColumnType) -> None:
    """One value that is like no other does not hide among many that are like each other."""
    factory = values.factory(column_type)
    convert = factory({"type": "string"}, column_type)
    together = column_converter(factory, column_type, convert)
    usual = [one for one in SPECIAL if one is not None and alone(convert, [one]) is not ValueError]
    assert usual
    for one in SPECIAL:
        for some in ([usual[0], one], [usual[-1], one, None]):
            assert_alike(together, some, alone(convert, some))


def test_wide_rows_are_read_fewer_at_once() -> None:
    """Of narrow rows thousands, of rows of a megabyte only some: none is left out."""
    asked: list[int] = []

    def read(rows: list[tuple[str, ...]], at_once: int) -> list[list[tuple[str, ...]]]:
        left = iter(rows)

        def fetch(size: int) -> list[tuple[str, ...]]:
            asked.append(size)
            return list(islice(left, size))

        return list(chunks(fetch, at_once))

    def joined(some: list[list[tuple[str, ...]]]) -> list[tuple[str, ...]]:
        return [row for rows in some for row in rows]

    narrow = [(str(number),) for number in range(20_000)]
    assert joined(read(narrow, CHUNK_ROWS)) == narrow
    assert max(asked) == CHUNK_ROWS
    asked.clear()
    wide = [("x" * 1_000_000,)] * 300
    assert joined(read(wide, CHUNK_ROWS)) == wide
    assert max(asked[1:]) <= CHUNK_BYTES // 1_000_000
    assert estimated_bytes(wide) == 300_000_000
    asked.clear()
    mixed = read(narrow + wide, PIECE_ROWS)
    assert joined(mixed) == narrow + wide
    assert max(asked) == PIECE_ROWS
    assert len(mixed[0]) > CHUNK_ROWS - PIECE_ROWS
    assert max(map(estimated_bytes, mixed)) < CHUNK_BYTES + PIECE_ROWS * 1_000_000
