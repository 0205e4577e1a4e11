"""Values on their way into a column and back: properties over all values, bounds by hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from support import Place
from support_values import json_text, lite, stored

from target_dolt import types, values
from target_dolt.dialect import ColumnType, Converter

LOADS = settings(max_examples=12, deadline=None)
"""For properties whose every example is a whole load into a fresh database."""

CALLS = settings(max_examples=150, deadline=None)
"""For properties that call one function."""

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def loaded(property_schema: Any, written: list[str], query: str | None = None) -> list[Any]:
    """Load values into a fresh database; return them as read back, or a query's first column."""
    with TemporaryDirectory() as directory:
        place: Place = lite(Path(directory))
        found = stored(place, property_schema, *written)
        return found if query is None else [row[0] for row in place.query(query)]


def text_values() -> SearchStrategy[str]:
    """Return texts over all of Unicode but lone surrogates, which are no text."""
    return st.text(st.characters(exclude_categories=["Cs"]))


def decimals(precision: int, scale: int) -> SearchStrategy[Decimal]:
    """Return the values of a DECIMAL column."""
    bound = 10**precision - 1
    return st.integers(-bound, bound).map(lambda n: Decimal(f"{n}E-{scale}"))


@st.composite
def decimal_columns(draw: st.DrawFn, most: int = 65) -> tuple[int, int, list[Decimal]]:
    """Return a DECIMAL's precision and scale, and values of it."""
    precision = draw(st.integers(1, most))
    scale = draw(st.integers(0, min(precision, 30)))
    return precision, scale, draw(st.lists(decimals(precision, scale), min_size=1, max_size=20))


def json_values() -> SearchStrategy[Any]:
    """Return whatever the reader makes of JSON: its numbers are int and Decimal."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.decimals(allow_nan=False, allow_infinity=False)
        | text_values()
        | st.text("0123456789-:TZ+., Wabe_", max_size=32)
    )
    return st.recursive(
        leaves, lambda inner: st.lists(inner) | st.dictionaries(text_values(), inner), max_leaves=8
    )


# Round trips through a real table


@LOADS
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_every_64_bit_integer_comes_back(numbers: list[int]) -> None:
    """In a column without bounds."""
    assert loaded({"type": "integer"}, [str(n) for n in numbers]) == numbers


@LOADS
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_every_unsigned_64_bit_integer_comes_back(numbers: list[int]) -> None:
    """In a column whose bounds say so."""
    bounds = {"type": "integer", "minimum": 0, "maximum": 2**64 - 1}
    assert loaded(bounds, [str(n) for n in numbers]) == numbers


@settings(LOADS, max_examples=30)
@given(decimal_columns(), st.sampled_from(["f", "E"]))
def test_every_decimal_comes_back_to_the_last_digit(
    column: tuple[int, int, list[Decimal]], spelling: str
) -> None:
    """Whatever precision and scale, however the number is spelled."""
    precision, scale, numbers = column
    schema = {**NUMBER, "precision": precision, "scale": scale}
    found = loaded(schema, [format(n, spelling) for n in numbers])
    assert [f"{n:f}" for n in found] == [f"{n or abs(n):.{scale}f}" for n in numbers]


@LOADS
@given(decimal_columns(most=15))
def test_decimals_of_up_to_15_digits_sort_in_sql_as_numbers_do(
    column: tuple[int, int, list[Decimal]],
) -> None:
    """And each is found again by comparing with its own number."""
    precision, scale, numbers = column
    schema = {**NUMBER, "precision": precision, "scale": scale}
    written = [f"{n:f}" for n in numbers]
    order = loaded(schema, written, "SELECT id FROM t ORDER BY v, id")
    assert order == sorted(range(len(numbers)), key=lambda n: (numbers[n], n))
    found = loaded(schema, written, f"SELECT count(*) FROM t WHERE v = {written[0]}")
    assert found == [numbers.count(numbers[0])]


@LOADS
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_double_comes_back(numbers: list[float]) -> None:
    """The ends of the range and subnormal numbers too."""
    assert loaded(NUMBER, [repr(n) for n in numbers]) == numbers


@LOADS
@given(st.lists(text_values(), min_size=1))
def test_every_text_comes_back(texts: list[str]) -> None:
    """With NUL, control characters and characters beyond the first 65,536."""
    assert loaded(TEXT, [json_text(text) for text in texts]) == texts


@LOADS
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1))
def test_length_of_a_text_is_counted_in_characters(texts: list[str]) -> None:
    """Not in bytes, and not in UTF-16's units."""
    assert loaded({**TEXT, "maxLength": 8}, [json_text(text) for text in texts]) == texts


@LOADS
@given(st.lists(json_values().filter(lambda value: value is not None), min_size=1, max_size=10))
def test_every_json_value_comes_back_with_its_digits(objects: list[Any]) -> None:
    """In a column that takes anything; 1.10 is not 1.1 there."""
    written = [json_text(value) for value in objects]
    assert loaded({}, written, "SELECT v FROM t ORDER BY id") == written
    assert loaded({}, written) == [values.parse_json(text) for text in written]


@LOADS
@given(st.lists(st.dates(), min_size=1))
def test_every_date_comes_back(dates: list[dt.date]) -> None:
    """From year 1 to 9999."""
    written = [json_text(day.isoformat()) for day in dates]
    assert loaded({**TEXT, "format": "date"}, written) == [day.isoformat() for day in dates]


FIRST, LAST = dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29)  # noqa: DTZ001 - of any offset
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))


@LOADS
@given(
    st.lists(
        st.datetimes(FIRST, LAST, timezones=OFFSETS),
        min_size=1,
    ),
    st.sampled_from("T "),
)
def test_every_moment_comes_back_in_utc_with_six_digits(
    moments: list[dt.datetime], separator: str
) -> None:
    """Whatever its offset."""
    written = [json_text(moment.isoformat(separator)) for moment in moments]
    assert loaded({**TEXT, "format": "date-time"}, written) == [
        f"{moment.astimezone(dt.timezone.utc):%Y-%m-%d %H:%M:%S.%f}".rjust(26, "0")
        for moment in moments
    ]


def test_an_hour_needs_no_leading_zero() -> None:
    """pipelinewise-tap-mysql writes 1:00:00."""
    written = [json_text(clock) for clock in ("1:00:00", "9:59:59.5", "0:00:00")]
    found = loaded({**TEXT, "format": "time"}, written)
    assert found == ["01:00:00.000000", "09:59:59.500000", "00:00:00.000000"]


@LOADS
@given(st.lists(st.times(), min_size=1))
def test_every_time_of_day_comes_back_with_six_digits(times: list[dt.time]) -> None:
    """One without an offset stays as it is."""
    written = [json_text(clock.isoformat()) for clock in times]
    found = loaded({**TEXT, "format": "time"}, written)
    assert found == [clock.isoformat("microseconds") for clock in times]


# One converter at a time


def converter(column_type: ColumnType, **schema: Any) -> Converter:
    """Return what writes into a column of a type."""
    return values.writer({"type": "string", **schema}, column_type)


CONVERTERS: dict[str, Callable[[], Converter]] = {
    "boolean": lambda: converter(types.BOOLEAN),
    "smallint": lambda: converter(types.SMALLINT),
    "bigint": lambda: converter(types.BIGINT),
    "unsigned": lambda: converter(types.UNSIGNED_BIGINT),
    "double": lambda: converter(types.DOUBLE),
    "decimal": lambda: converter(sa.DECIMAL(10, 2), type="number"),
    "decimal-text": lambda: converter(sa.DECIMAL(38, 18)),
    "date": lambda: converter(types.DATE),
    "date-time": lambda: converter(types.DATETIME),
    "time": lambda: converter(types.TIME),
    "varchar": lambda: converter(sa.VARCHAR(5)),
    "longtext": lambda: converter(types.LONGTEXT),
    "widened": lambda: converter(types.LONGTEXT, type="number"),
    "json": lambda: converter(types.JSON),
}


@pytest.mark.parametrize("name", CONVERTERS)
@settings(CALLS, max_examples=50)
@given(value=json_values().filter(lambda value: value is not None))
def test_converter_takes_or_refuses_any_json_value_and_never_shows_it(
    name: str, value: Any
) -> None:
    """A refusal is a ValueError, whose reason depends on the column alone."""
    convert = CONVERTERS[name]()
    try:
        convert(value)
    except ValueError as refusal:
        reasons = str(refusal)
        assert reasons in REASONS, reasons


REASONS = {
    "not a boolean",
    "not a whole number",
    "the number does not fit SMALLINT",
    "the number does not fit BIGINT",
    "the number does not fit BIGINT UNSIGNED",
    "not a number",
    (
        "a double cannot hold the number exactly; keep it as text by `strict_types: false` or "
        "by `str(...)` in `stream_maps`, or have the tap give the property multipleOf, bounds "
        "or the format singer.decimal"
    ),
    "the number has more than 2 digits after the point",
    "the number has more than 18 digits after the point",
    "the number does not fit DECIMAL(10, 2)",
    "the number does not fit DECIMAL(38, 18)",
    "not a number that a DECIMAL can hold",
    "not a string",
    "the text is longer than 5 characters",
    "not a date or date-time of the years 1 to 9999 in ISO 8601",
    "a date with a time of day",
    "more than six digits of a second",
    "the moment lies outside of the years 1 to 9999 in UTC",
    "not a time of day in ISO 8601",
}


@CALLS
@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False))
def test_decimal_converter_never_rounds(number: int | Decimal) -> None:
    """What it returns equals what came, or it refuses."""
    convert = converter(sa.DECIMAL(20, 6), type="number")
    try:
        found = convert(number)
    except ValueError:
        exponent = Decimal(number).normalize().as_tuple().exponent
        assert abs(number) >= 10**14 or (isinstance(exponent, int) and exponent < -6)
    else:
        assert found == number
        assert found.as_tuple().exponent == -6


@CALLS
@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False))
def test_double_converter_never_rounds(number: int | Decimal) -> None:
    """The shortest spelling of what it returns is the number that came, or it refuses."""
    convert = converter(types.DOUBLE, type="number")
    try:
        found = convert(number)
    except ValueError:
        assert Decimal(repr(float(number))) != number
    else:
        assert Decimal(repr(found)) == number


@CALLS
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimal_that_is_a_whole_number_is_an_integer(number: Decimal) -> None:
    """As in JSON Schema: 1.0 is one."""
    convert = converter(types.BIGINT)
    try:
        found = convert(number)
    except ValueError:
        whole = number == number.to_integral_value()
        assert not whole or not -(2**63) <= number < 2**63
    else:
        assert type(found) is int
        assert found == number


@CALLS
@given(
    moment=st.datetimes(FIRST, LAST, timezones=OFFSETS),
    digits=st.text("0123456789", min_size=1, max_size=12),
)
def test_fraction_of_a_second_is_kept_or_refused_never_cut(
    moment: dt.datetime, digits: str
) -> None:
    """Six digits are kept, more only where they are zeros; the offset's are no such digits."""
    convert = converter(types.DATETIME)
    whole = moment.replace(microsecond=0)
    spelled = f"{whole.isoformat()[:19]}.{digits}{whole.isoformat()[19:]}"
    if digits[6:].strip("0"):
        with pytest.raises(ValueError, match="six digits"):
            convert(spelled)
    else:
        utc = whole.astimezone(dt.timezone.utc).isoformat(" ")[:19]
        assert convert(spelled) == f"{utc}.{digits[:6].ljust(6, '0')}"


STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
CLOCK = re.compile(r"\d\d:\d\d:\d\d\.\d{6}", re.ASCII)


@pytest.mark.parametrize(
    ("column_type", "form"),
    [
        pytest.param(types.DATE, DAY, id="date"),
        pytest.param(types.DATETIME, STAMP, id="date-time"),
        pytest.param(types.TIME, CLOCK, id="time"),
    ],
)
@CALLS
@given(
    text=st.from_regex(
        r"(\d{4}-?\d\d-?\d\d|\d{4}-?W[0-5]\d-?[1-7])?"
        r"[T ]?(\d\d(:?\d\d(:?\d\d([.,]\d{1,9})?)?)?)?(Z|[+-]\d\d:?\d\d)?",
        fullmatch=True,
    )
)
def test_dates_and_times_are_written_in_one_form(
    column_type: ColumnType, form: re.Pattern[str], text: str
) -> None:
    """Whatever of ISO 8601 came: else they would not sort."""
    try:
        written = converter(column_type)(text)
    except ValueError:
        return
    assert form.fullmatch(written), written


TAKEN = [
    pytest.param(types.DATE, "2026-01-31", "2026-01-31", id="date"),
    pytest.param(types.DATE, "2026-01-31 00:00:00.000000", "2026-01-31", id="date-at-midnight"),
    pytest.param(types.DATETIME, "2026-01-31", "2026-01-31 00:00:00.000000", id="moment-of-a-date"),
    pytest.param(
        types.DATETIME,
        "2026-01-31T23:59:59.123456+00:00",
        "2026-01-31 23:59:59.123456",
        id="utc-with-six-digits",
    ),
    pytest.param(
        types.DATETIME,
        "2026-01-31T23:59:59.123456000Z",
        "2026-01-31 23:59:59.123456",
        id="nanoseconds-that-are-zero",
    ),
    pytest.param(
        types.DATETIME, "0001-01-01T00:00:00Z", "0001-01-01 00:00:00.000000", id="first-moment"
    ),
    pytest.param(
        types.DATETIME,
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31 23:59:59.999999",
        id="last-moment",
    ),
    pytest.param(
        types.DATETIME,
        "2026-01-31T23:59:59-12:00",
        "2026-02-01 11:59:59.000000",
        id="another-month-in-utc",
    ),
    pytest.param(
        types.DATETIME,
        "2026-01-31T10:00:00.1234+02:00",
        "2026-01-31 08:00:00.123400",
        id="four-digits-before-an-offset",
    ),
    pytest.param(
        types.TIME, "10:00:00.12345+02:00", "08:00:00.123450", id="five-digits-before-an-offset"
    ),
    pytest.param(types.TIME, "00:30:00+01:00", "23:30:00.000000", id="time-before-midnight-utc"),
    pytest.param(types.TIME, "23:59:59.999999", "23:59:59.999999", id="last-time"),
    pytest.param(sa.DECIMAL(5, 2), Decimal("999.99"), Decimal("999.99"), id="greatest-decimal"),
    pytest.param(sa.DECIMAL(5, 2), Decimal("-999.990"), Decimal("-999.99"), id="least-decimal"),
    pytest.param(sa.DECIMAL(5, 2), 7, Decimal("7.00"), id="integer-in-a-decimal"),
    pytest.param(types.SMALLINT, 2**15 - 1, 2**15 - 1, id="greatest-smallint"),
    pytest.param(types.UNSIGNED_BIGINT, 2**64 - 1, 2**64 - 1, id="greatest-unsigned"),
    pytest.param(types.BIGINT, Decimal("1E+3"), 1000, id="integer-with-an-exponent"),
    pytest.param(types.DOUBLE, Decimal("0.1"), 0.1, id="one-tenth"),
    pytest.param(types.DOUBLE, 10**22, 1e22, id="ten-to-the-22"),
    pytest.param(sa.VARCHAR(3), "a\0😀", "a\0😀", id="three-characters"),
]


@pytest.mark.parametrize(("column_type", "value", "expected"), TAKEN)
def test_value_at_a_bound_is_taken(column_type: ColumnType, value: Any, expected: Any) -> None:
    """The last value of each kind that fits."""
    found = converter(column_type)(value)
    assert (found, type(found)) == (expected, type(expected))


REFUSED = [
    pytest.param(types.DATETIME, "0001-01-01T00:00:00+00:01", "years 1 to 9999", id="year-0"),
    pytest.param(types.DATETIME, "9999-12-31T23:59:59.9-00:01", "years 1 to 9999", id="year-10000"),
    pytest.param(types.DATETIME, "0000-01-01T00:00:00Z", "years 1 to 9999", id="year-0000"),
    pytest.param(types.DATETIME, "2026-01-31T10:00:00.0000001Z", "six digits", id="nanoseconds"),
    pytest.param(types.DATETIME, "2026-01-31T10:00:00,0000001Z", "six digits", id="after-a-comma"),
    pytest.param(types.DATETIME, 1769900000, "ISO 8601", id="epoch"),
    pytest.param(
        types.DATE, "2026-01-31T00:00:00.0000001", "time of day|six digits", id="just-past-midnight"
    ),
    pytest.param(types.TIME, "10:00:00.1234567", "six digits", id="time-with-nanoseconds"),
    pytest.param(types.SMALLINT, 2**15, "does not fit SMALLINT", id="over-smallint"),
    pytest.param(types.BIGINT, -(2**63) - 1, "does not fit BIGINT", id="under-bigint"),
    pytest.param(types.UNSIGNED_BIGINT, -1, "does not fit BIGINT UNSIGNED", id="under-zero"),
    pytest.param(types.BIGINT, Decimal("1E+999999999"), "whole number", id="huge-exponent"),
    pytest.param(types.BIGINT, Decimal("1E-999999999"), "whole number", id="tiny-exponent"),
    pytest.param(types.DOUBLE, Decimal("1E+999999999"), "exactly", id="double-huge-exponent"),
    pytest.param(types.DOUBLE, Decimal("1E-999999999"), "exactly", id="double-tiny-exponent"),
    pytest.param(types.DOUBLE, 2**53 + 1, "exactly", id="over-2-to-the-53"),
    pytest.param(sa.DECIMAL(5, 2), 1000, r"does not fit DECIMAL\(5, 2\)", id="over-precision"),
    pytest.param(sa.DECIMAL(5, 2), Decimal("0.001"), "more than 2 digits", id="over-scale"),
    pytest.param(sa.DECIMAL(5, 2), Decimal("1E+999999999"), "DECIMAL", id="decimal-huge"),
    pytest.param(sa.DECIMAL(5, 2), "1_0", "DECIMAL", id="decimal-with-an-underscore"),
    pytest.param(sa.DECIMAL(5, 2), "NaN", "DECIMAL", id="decimal-nan"),
    pytest.param(sa.DECIMAL(5, 2), "sNaN", "DECIMAL", id="decimal-signalling-nan"),
    pytest.param(sa.DECIMAL(5, 2), "Infinity", "DECIMAL", id="decimal-infinity"),
    pytest.param(sa.VARCHAR(3), "abcd", "longer than 3 characters", id="four-characters"),
]


@pytest.mark.parametrize(("column_type", "value", "reason"), REFUSED)
def test_value_past_a_bound_is_refused(column_type: ColumnType, value: Any, reason: str) -> None:
    """The first value of each kind that does not fit, with a reason that does not show it."""
    with pytest.raises(ValueError, match=reason) as refusal:
        converter(column_type)(value)
    if len(str(value)) > 4:
        assert str(value) not in str(refusal.value)


def test_week_date_is_written_as_a_calendar_date() -> None:
    """ISO 8601 has week dates too; as they came they would not sort among the others."""
    try:
        found = converter(types.DATETIME)("2026-W05-6T10:00:00.123456+00:00")
    except ValueError:
        return  # a Python that does not read them refuses them
    assert found == "2026-01-31 10:00:00.123456"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, "5"), (Decimal("1.10"), "1.10"), (True, "true"), ({"a": [1]}, '{"a":[1]}'), ("x", "x")],
    ids=repr,
)
def test_column_that_was_widened_to_text_takes_other_values_as_json(
    value: Any, expected: str
) -> None:
    """Text stays as it is."""
    assert converter(types.LONGTEXT, type="number")(value) == expected


def test_text_column_refuses_what_is_no_text() -> None:
    """Where the schema says that it is one: a number is not turned into text unasked."""
    with pytest.raises(ValueError, match="not a string"):
        converter(types.LONGTEXT)(5)


@pytest.mark.parametrize(
    ("schema", "column_type", "expected"),
    [
        pytest.param(TEXT, types.LONGTEXT, True, id="text-in-longtext"),
        pytest.param(TEXT, sa.VARCHAR(5), False, id="text-with-a-length"),
        pytest.param(NUMBER, types.LONGTEXT, False, id="number-in-longtext"),
        pytest.param({}, types.LONGTEXT, False, id="anything-in-longtext"),
    ],
)
def test_only_text_in_an_unbounded_column_needs_no_conversion(
    schema: dict[str, Any], column_type: ColumnType, expected: object
) -> None:
    """After its SCHEMA has accepted it."""
    assert values.passes(schema, column_type) is expected


@pytest.mark.parametrize("column_type", [sa.LargeBinary(), sa.Interval()], ids=repr)
def test_type_without_a_converter_is_an_error_at_the_schema(column_type: ColumnType) -> None:
    """Not at the first value."""
    with pytest.raises(TypeError, match="no way to write"):
        values.writer(TEXT, column_type)
