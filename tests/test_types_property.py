"""Random values of each type: real source, JSON, backend, and back: each is what it was."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import Place
from support_native import NO_MARIADB, NO_POSTGRES, Postgres, has_postgres
from test_mysql_types import changed as changed_on_mariadb
from test_mysql_types import cursor
from test_postgres_types import changed as changed_on_postgres
from test_postgres_types import postgres

__all__ = ["cursor", "postgres"]

ROWS = 12
EXAMPLES = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""An example is a table: a dozen values of each type at once. A failure names the type and the
value, so nothing has to be made smaller."""

Strategy = st.SearchStrategy[Any]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
BYTES = st.binary(max_size=60)


def whole(bits: int, *, signed: bool = True) -> Strategy:
    """Return whole numbers of so many bits."""
    return (
        st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if signed
        else (st.integers(0, 2**bits - 1))
    )


def decimals(digits: int, places: int) -> Strategy:
    """Return exact numbers that have no more digits than that."""
    limit = 10**digits - 1
    return st.integers(-limit, limit).map(lambda n: _pointed(n, places))


def _pointed(number: int, places: int) -> str:
    text = f"{abs(number):0{places + 1}}"
    sign = "-" if number < 0 else ""
    return f"{sign}{text[:-places]}.{text[-places:]}"


DOUBLES = st.floats(allow_nan=False, allow_infinity=False).map(lambda one: one or 0.0)
SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda one: one or 0.0)
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))  # noqa: DTZ001
MICROSECONDS = st.integers(-3_020_399_000_000, 3_020_399_000_000)
JSON = st.recursive(
    # Dolt drops the zero of 5.0, as docs/types.md says.
    st.booleans() | whole(53) | st.floats(-1e15, 1e15).filter(lambda n: n % 1 != 0) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def array_text(value: Any) -> str:
    """Return an array's literal."""
    if isinstance(value, list):
        return "{" + ",".join(array_text(one) for one in value) + "}"
    if value is None:
        return "NULL"
    return '"{}"'.format(str(value).replace("\\", "\\\\").replace('"', '\\"'))


def arrays(element: Strategy) -> Strategy:
    """Return literals of arrays of one or two dimensions, with NULLs."""
    one = st.lists(st.none() | element, max_size=4)
    two = st.integers(1, 3).flatmap(
        lambda size: st.lists(
            st.lists(st.none() | element, min_size=size, max_size=size), min_size=1, max_size=3
        )
    )
    return (one | two).map(array_text)


def ranges(bound: Strategy) -> Strategy:
    """Return literals of ranges."""
    pairs = st.tuples(bound, bound).map(sorted)
    return pairs.map(lambda two: f"[{two[0]},{two[1]})")


OF_POSTGRES: dict[str, Strategy] = {
    "boolean": st.booleans(),
    "smallint": whole(16),
    "integer": whole(32),
    "bigint": whole(64),
    "numeric": decimals(120, 60) | decimals(5, 2) | st.sampled_from(["NaN", "Infinity"]),
    "numeric(15,3)": decimals(15, 3),
    "numeric(38,18)": decimals(38, 18),
    "numeric(65,30)": decimals(65, 30),
    "real": SINGLES.map(lambda one: repr(struct.unpack("f", struct.pack("f", one))[0])),
    "double precision": DOUBLES.map(repr),
    "money": st.integers(-(2**63), 2**63 - 1).map(lambda n: _pointed(n, 2)),
    "bit(9)": st.integers(0, 511).map("{:09b}".format),
    "bit varying(20)": st.text("01", max_size=20),
    "bytea": BYTES.map(lambda one: "\\x" + one.hex()),
    "character(9)": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
    "character varying(40)": TEXT,
    "text": TEXT,
    "jsonb": JSON.map(json.dumps),
    "uuid": st.uuids(),
    "inet": st.ip_addresses(),
    "cidr": st.ip_addresses(),
    "macaddr": st.binary(min_size=6, max_size=6).map(lambda one: one.hex(":")),
    "date": st.dates(),
    "time": st.times(),
    "time with time zone": st.tuples(st.times(), st.integers(-15, 15)).map(
        lambda two: f"{two[0]}{two[1]:+03}"
    ),
    "timestamp": MOMENTS,
    "timestamp with time zone": MOMENTS.map(lambda one: f"{one}+00"),
    "interval": st.tuples(whole(20), whole(20), whole(40)).map(
        lambda parts: f"{parts[0]} months {parts[1]} days {parts[2]} microseconds"
    ),
    "int4range": ranges(whole(31)),
    "numrange": ranges(whole(60)),
    "daterange": ranges(st.dates(dt.date(1, 1, 1), dt.date(9999, 1, 1))),
    "point": st.tuples(DOUBLES, DOUBLES).map(lambda two: f"({two[0]!r},{two[1]!r})"),
    "oid": whole(32, signed=False),
    "xid8": whole(64, signed=False),
    "integer[]": arrays(whole(32)),
    "bigint[]": arrays(whole(64)),
    "text[]": arrays(TEXT),
    "numeric[]": arrays(decimals(40, 20)),
    "double precision[]": arrays(DOUBLES.map(repr)),
    "boolean[]": arrays(st.booleans()),
    "date[]": arrays(st.dates()),
    "jsonb[]": st.lists(st.none() | JSON.map(json.dumps), max_size=4).map(array_text),
    "mood": st.sampled_from(["sad", "it's ok", "HAPPY"]),
}

OF_MARIADB: dict[str, Strategy] = {
    "tinyint(4)": whole(8),
    "tinyint(3) unsigned": whole(8, signed=False),
    "smallint(6)": whole(16),
    "smallint(5) unsigned": whole(16, signed=False),
    "mediumint(9)": whole(24),
    "mediumint(8) unsigned": whole(24, signed=False),
    "int(11)": whole(32),
    "int(10) unsigned": whole(32, signed=False),
    "bigint(20)": whole(64),
    "bigint(20) unsigned": whole(64, signed=False),
    "decimal(65,30)": decimals(65, 30),
    "decimal(15,4)": decimals(15, 4),
    "double": DOUBLES.filter(lambda one: one == 0 or abs(one) > 1e-300),
    "bit(1)": st.sampled_from([b"\0", b"\1"]),
    "bit(64)": st.binary(min_size=8, max_size=8),
    "char(9)": st.text(st.characters(codec="utf-8"), max_size=9).map(lambda one: one.rstrip(" ")),
    "varchar(40)": st.text(st.characters(codec="utf-8"), max_size=40),
    "longtext": st.text(st.characters(codec="utf-8"), max_size=200),
    "binary(6)": st.binary(min_size=6, max_size=6),
    "varbinary(60)": BYTES,
    "longblob": BYTES,
    "enum('a','it''s','NULL','2')": st.sampled_from(["a", "it's", "NULL", "2"]),
    "set('a','b','NULL')": st.sets(st.sampled_from(["a", "b", "NULL"])).map(
        lambda some: ",".join(one for one in ("a", "b", "NULL") if one in some)
    ),
    "date": st.dates(),
    "datetime(6)": MOMENTS,
    "time(6)": MICROSECONDS.map(lambda one: dt.timedelta(microseconds=one)),
    "year(4)": st.just(0) | st.integers(1901, 2155),
    "uuid": st.uuids(version=4).map(str),
    "inet6": st.ip_addresses(v=6).map(str),
    "json": JSON.map(json.dumps),
}


def tables(types: dict[str, Strategy]) -> Strategy:
    """Return tables: for each type a dozen values."""
    return st.fixed_dictionaries(
        {native: st.lists(values, min_size=ROWS, max_size=ROWS) for native, values in types.items()}
    )


@pytest.mark.skipif(not has_postgres(), reason=NO_POSTGRES)
@EXAMPLES
@given(values=tables(OF_POSTGRES))
def test_any_value_of_postgres_comes_back_as_itself(
    place: Place, postgres: Postgres, values: dict[str, list[Any]]
) -> None:
    """Its own text is the same in the table that was filled from the backend."""
    wanted = [
        (f"c{n}", native, [str(one) for one in some])
        for n, (native, some) in enumerate(sorted(values.items()))
    ]
    assert changed_on_postgres(place, postgres, wanted, load_method="overwrite") == {}


@pytest.mark.skipif(shutil.which("mariadbd") is None, reason=NO_MARIADB)
@EXAMPLES
@given(values=tables(OF_MARIADB))
def test_any_value_of_mariadb_comes_back_as_itself(
    place: Place, cursor: Any, values: dict[str, list[Any]]
) -> None:
    """The driver gives equal values from the table that was filled from the backend."""
    types = dict(sorted(values.items()))
    assert changed_on_mariadb(place, cursor, types, load_method="overwrite") == {}
