"""Random values: what strategies for each dialect's types are made of."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import struct
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from target_dolt.native_values import shortest_single

Strategy = st.SearchStrategy[Any]

FEW, MANY = 12, 500
"""Values of each type in `make test` and in `make fuzz`."""

# A failure names the type and the value, so nothing has to be made smaller.
_SETTINGS = settings(
    deadline=None, phases=[Phase.generate], database=None, suppress_health_check=[*HealthCheck]
)


def drawn(
    types: Mapping[str, Strategy], count: int, *, always: bool = False
) -> dict[str, list[Any]]:
    """Return for each type so many random values, or all where it has no more.

    Args:
        types: Each type's strategy.
        count: How many.
        always: Whether every run gets the same ones.
    """
    return {native: _values(strategy, count, always) for native, strategy in types.items()}


def _values(strategy: Strategy, count: int, always: bool) -> list[Any]:  # noqa: FBT001
    found: list[Any] = []

    @settings(_SETTINGS, max_examples=count, derandomize=always)
    @given(strategy)
    def take(value: Any) -> None:
        found.append(value)

    take()
    return found


def within(length: int, **more: Any) -> Strategy:
    """Return texts of no more characters than that, without the character 0."""
    return st.text(st.characters(codec="utf-8", exclude_characters="\0", **more), max_size=length)


def whole(bits: int, *, signed: bool = True) -> Strategy:
    """Return whole numbers of so many bits."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high)


def exact(digits: int, places: int, *, least: int | None = None) -> Strategy:
    """Return numbers that have no more digits than that."""
    limit = 10**digits - 1
    low = -limit if least is None else least
    return st.integers(low, limit).map(lambda n: Decimal(f"{n}e{-places}"))


def decimals(digits: int, places: int) -> Strategy:
    """Return such numbers as text."""
    return exact(digits, places).map("{:f}".format)


def nearest(value: float) -> float:
    """Return the 32-bit float nearest to a number."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


TEXT = within(40)
BYTES = st.binary(max_size=60)
DIGITS = BYTES.map(lambda one: one.hex())
DOUBLES = st.floats(allow_nan=False, allow_infinity=False).map(lambda one: one or 0.0)
SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda one: one or 0.0)
NUMBERS = DOUBLES.map(lambda one: Decimal(repr(one)))
SINGLE = SINGLES.map(lambda one: Decimal(repr(shortest_single(one))))
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))  # noqa: DTZ001
DAYS = st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))
JSON = st.recursive(
    # Dolt drops the zero of 5.0, as docs/types.md says.
    st.booleans() | whole(53) | st.floats(-1e15, 1e15).filter(lambda n: n % 1 != 0) | TEXT,
    lambda inner: (
        st.lists(st.none() | inner, max_size=3)
        | st.dictionaries(TEXT, st.none() | inner, max_size=3)
    ),
    max_leaves=6,
)
JSON_TEXT = JSON.map(
    lambda one: json.dumps(one, ensure_ascii=False, separators=(",", ":"))  # json keeps blanks
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3).map(
    lambda one: json.loads(json.dumps(one), parse_float=Decimal)
)
V4, V6 = st.ip_addresses(v=4), st.ip_addresses(v=6)


def moments(digits: int, form: str = "{}") -> Strategy:
    """Return moments with so many digits of a second, as text."""
    unit = 10 ** (6 - digits)
    return MOMENTS.map(
        lambda one: form.format(
            one.replace(microsecond=one.microsecond // unit * unit).isoformat(" ")
        )
    )


def clocks(digits: int, form: str = "{}") -> Strategy:
    """Return times of day with so many digits of a second, as text."""
    unit = 10 ** (6 - digits)
    return st.times().map(
        lambda one: form.format(
            f"{one.replace(microsecond=one.microsecond // unit * unit):%H:%M:%S.%f}"
        )
    )


def networks(hosts: bool) -> Strategy:  # noqa: FBT001 - whether bits beyond the mask may be set
    """Return addresses with masks."""

    def written(two: tuple[Any, int]) -> str:
        address, bits = two[0], two[1] % (two[0].max_prefixlen + 1)
        return f"{address}/{bits}" if hosts else str(_network(address, bits))

    return st.tuples(st.ip_addresses(), st.integers(0, 1000)).map(written)


def _network(address: Any, bits: int) -> Any:
    return ipaddress.ip_network((address, bits), strict=False)


# Literals of Postgres


def array_text(value: Any, comma: str = ",") -> str:
    """Return an array's literal."""
    if isinstance(value, list):
        return "{" + comma.join(array_text(one, comma) for one in value) + "}"
    if value is None:
        return "NULL"
    return '"{}"'.format(str(value).replace("\\", "\\\\").replace('"', '\\"'))


def arrays(element: Strategy, comma: str = ",") -> Strategy:
    """Return literals of arrays of no to three dimensions, with NULLs."""
    one = st.none() | element

    def boxed(sizes: list[int]) -> Strategy:
        made: Strategy = one
        for size in sizes:
            made = st.lists(made, min_size=size, max_size=size)
        return made

    many = st.lists(st.integers(1, 3), min_size=1, max_size=3).flatmap(boxed)
    return (st.lists(one, max_size=4) | many).map(lambda some: array_text(some, comma))


def ranges(bound: Strategy) -> Strategy:
    """Return literals of ranges: closed, open, without an end, empty."""

    def written(parts: Any) -> str:
        low, high = sorted(parts[0])
        texts = [
            "" if missing else f'"{one}"'
            for one, missing in zip((low, high), parts[1], strict=True)
        ]
        return f"{parts[2][0]}{texts[0]},{texts[1]}{parts[2][1]}"

    ends = st.tuples(st.sampled_from("[("), st.sampled_from("])"))
    pairs = st.tuples(
        st.tuples(bound, bound), st.tuples(*[st.integers(0, 5).map(lambda n: n == 0)] * 2), ends
    )
    return pairs.map(written) | st.just("empty")


def multiranges(bound: Strategy) -> Strategy:
    """Return literals of sets of ranges."""
    return st.lists(ranges(bound), max_size=3).map(lambda some: "{" + ",".join(some) + "}")


def composites(*fields: Strategy) -> Strategy:
    """Return literals of composites, whose fields may be NULL."""

    def written(parts: Any) -> str:
        return "(" + ",".join("" if one is None else _field(str(one)) for one in parts) + ")"

    return st.tuples(*(st.none() | one for one in fields)).map(written)


def _field(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '""'))


def points(form: str, count: int, most: int | None = None) -> Strategy:
    """Return so many points, written in a form."""
    point = st.tuples(DOUBLES, DOUBLES).map(lambda two: f"({two[0]!r},{two[1]!r})")
    return st.lists(point, min_size=count, max_size=most or count).map(
        lambda some: form.format(",".join(some))
    )


def lexemes(form: Callable[[str], str]) -> Strategy:
    """Return words of a text search, quoted, in a form."""
    return (
        within(9)
        .filter(bool)
        .map(lambda one: form("'{}'".format(one.replace("\\", "\\\\").replace("'", "''"))))
    )
