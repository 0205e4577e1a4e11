"""Postgres's types with what makes random values of them: one row a type."""

from __future__ import annotations

import datetime as dt
import re

from hypothesis import strategies as st
from support_random import (
    BYTES,
    DAYS,
    DOUBLES,
    JSON_TEXT,
    MOMENTS,
    SINGLES,
    TEXT,
    Strategy,
    array_text,
    arrays,
    composites,
    decimals,
    exact,
    lexemes,
    moments,
    multiranges,
    nearest,
    networks,
    points,
    ranges,
    whole,
    within,
)

U32, U64 = whole(32, signed=False), whole(64, signed=False)
STAMPS, ZONED = moments(6), moments(6, "{}+00")
INTERVALS = st.tuples(whole(20), whole(20), whole(40)).map(
    lambda parts: f"{parts[0]} months {parts[1]} days {parts[2]} microseconds"
)
MONEY = decimals(16, 2)
BITS = st.integers(0, 7).map("{:03b}".format)
MOODS = st.sampled_from(["sad", "it's ok", "HAPPY"])
PAIRS = composites(whole(32), TEXT, decimals(30, 10))
OID = st.integers(10**6, 2**32 - 1)
"""The number of nothing: a reg type then shows the number."""

SNAPSHOTS = st.lists(st.integers(10, 10**6), min_size=2, max_size=5, unique=True).map(
    lambda some: f"{min(some)}:{max(some) + 1}:{','.join(map(str, sorted(some)))}"
)


def named(*names: str) -> Strategy:
    """Return names of what every Postgres has, and numbers of what none has."""
    return st.sampled_from(names) | OID


POSTGRES: dict[str, Strategy] = {
    "boolean": st.booleans(),
    "smallint": whole(16),
    "integer": whole(32),
    "bigint": whole(64),
    "numeric": decimals(120, 60) | decimals(5, 2) | st.sampled_from(["NaN", "Infinity"]),
    "numeric(10,2)": decimals(10, 2),
    "numeric(15,3)": decimals(15, 3),
    "numeric(38,18)": decimals(38, 18),
    "numeric(65,30)": decimals(65, 30),
    "numeric(3,-2)": exact(3, -2).map("{:f}".format),
    "numeric(3,5)": decimals(3, 5),
    "numeric(100,50)": decimals(100, 50),
    "real": SINGLES.map(lambda one: repr(nearest(one))),
    "double precision": DOUBLES.map(repr),
    "money": MONEY,
    "bit(3)": BITS,
    "bit(9)": st.integers(0, 511).map("{:09b}".format),
    "bit varying(20)": st.text("01", max_size=20),
    "bit varying": st.text("01", max_size=99),
    "bytea": BYTES.map(lambda one: "\\x" + one.hex()),
    "character(9)": within(9),
    "character varying(40)": TEXT,
    "text": TEXT,
    '"char"': st.characters(min_codepoint=1, max_codepoint=127),
    "name": st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=63),
    "json": JSON_TEXT.filter(lambda one: not re.search(r"\de-\d", one)),  # comes back as E-
    "jsonb": JSON_TEXT,
    "uuid": st.uuids(),
    "inet": networks(hosts=True),
    "cidr": networks(hosts=False),
    "macaddr": st.binary(min_size=6, max_size=6).map(lambda one: one.hex(":")),
    "macaddr8": st.binary(min_size=8, max_size=8).map(lambda one: one.hex(":")),
    "date": DAYS,
    "time": st.times() | st.just("24:00:00"),
    "time(3)": st.times(),
    "time with time zone": st.tuples(st.times(), st.integers(-57599, 57599)).map(
        lambda two: f"{two[0]}{'-' if two[1] < 0 else '+'}{dt.timedelta(seconds=abs(two[1]))}"
    ),
    "timestamp": MOMENTS,
    "timestamp(3) without time zone": MOMENTS,
    "timestamp with time zone": ZONED,
    "interval": INTERVALS,
    "interval day to second(3)": INTERVALS,
    "interval year to month": INTERVALS,
    "int4range": ranges(whole(31)),
    "int8range": ranges(whole(63)),
    "numrange": ranges(exact(40, 20)),
    "tsrange": ranges(STAMPS),
    "tstzrange": ranges(ZONED),
    "daterange": ranges(DAYS.filter(lambda one: one.year < 9999)),
    "int4multirange": multiranges(whole(31)),
    "int8multirange": multiranges(whole(63)),
    "nummultirange": multiranges(exact(40, 20)),
    "tsmultirange": multiranges(STAMPS),
    "tstzmultirange": multiranges(ZONED),
    "datemultirange": multiranges(DAYS.filter(lambda one: one.year < 9999)),
    "point": points("{}", 1),
    "line": st.tuples(st.floats(1, 1e9), DOUBLES, DOUBLES).map(
        lambda three: "{{{!r},{!r},{!r}}}".format(*three)
    ),
    "lseg": points("[{}]", 2),
    "box": points("{}", 2),
    "path": points("({})", 1, 4) | points("[{}]", 1, 4),
    "polygon": points("({})", 1, 4),
    "circle": st.tuples(points("{}", 1), DOUBLES).map(
        lambda two: f"<{two[0]},{abs(two[1])!r}>"
    ),
    "tsvector": st.lists(
        lexemes(str) | lexemes("{}:1A,7".format) | lexemes("{}:3B,16383".format), max_size=5
    ).map(" ".join),
    "tsquery": st.lists(lexemes(str) | lexemes("!{}:*AB".format), min_size=1, max_size=4).map(
        " & ".join
    )
    | st.lists(lexemes(str), min_size=1, max_size=4).map(" <-> ".join),
    "pg_lsn": st.tuples(U32, U32).map(lambda two: "{:X}/{:X}".format(*two)),
    "oid": U32,
    "xid": U32,
    "cid": U32,
    "xid8": U64,
    "tid": st.tuples(U32, whole(16, signed=False)).map(lambda two: "({},{})".format(*two)),
    "regclass": named("pg_class", "pg_type", "pg_stats", "-"),
    "regtype": named("integer", "text[]", "mood", "timestamp with time zone", "-"),
    "regproc": named("now", "pg_sleep", "-"),
    "regprocedure": named("abs(integer)", "lower(text)", "-"),
    "regnamespace": named("pg_catalog", "public", "information_schema"),
    "regrole": named("postgres", "pg_monitor"),
    "regoperator": named("+(integer,integer)", "~(text,text)"),
    "regoper": named("|/", "||/", "0"),
    "regconfig": named("english", "simple"),
    "regdictionary": named("simple", "english_stem"),
    "regcollation": named('"C"', '"POSIX"'),
    "oidvector": st.lists(U32, max_size=5).map(lambda some: " ".join(map(str, some))),
    "int2vector": st.lists(whole(16), max_size=5).map(lambda some: " ".join(map(str, some))),
    "pg_snapshot": SNAPSHOTS,
    "txid_snapshot": SNAPSHOTS,
    "jsonpath": st.text("aé .'[", max_size=9).map(lambda one: f'$."{one}"[*] ? (@ > 1)'),
    "refcursor": TEXT,
    "aclitem": st.sets(st.sampled_from("arwdDxtXUC")).map(
        lambda some: f"postgres={''.join(sorted(some))}/postgres"
    ),
    "mood": MOODS,
    "posint": st.integers(1, 2**31 - 1),
    "code": TEXT.filter(bool),
    "pair": PAIRS,
    "nested": composites(PAIRS, arrays(whole(32))),
}  # fmt: skip
"""Postgres's: texts that are cast to the type."""

ARRAYS: dict[str, Strategy] = {
    # Which brackets are the array's cannot be told of json: one dimension alone.
    f"{native}[]": st.lists(st.none() | values, max_size=4).map(array_text)
    if native in {"json", "jsonb"}
    else arrays(values, ";" if native == "box" else ",")
    for native, values in POSTGRES.items()
}
"""Arrays of all of them."""

EARLY = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(4712, 12, 30)).map(  # noqa: DTZ001
    lambda one: one.replace(day=min(one.day, 28))  # other years of BC are leap years
)
INFINITE = st.sampled_from(["infinity", "-infinity"])
FAR = st.integers(10_000, 294_275).map("{}-02-28 12:34:56.5+00".format)


def _day(moment: str) -> str:
    return moment.partition(" ")[0]


POSTGRES_EDGES: dict[str, Strategy] = {
    "date": DAYS | INFINITE | EARLY.map(lambda one: f"{one.date()} BC") | FAR.map(_day),
    "timestamp": MOMENTS | INFINITE | EARLY.map("{} BC".format),
    "timestamp with time zone": ZONED | INFINITE | EARLY.map("{}+00 BC".format) | FAR,
    "numeric(10,2)": decimals(10, 2) | st.just("NaN"),
    "double precision": DOUBLES.map(repr) | st.sampled_from(["NaN", "Infinity", "-Infinity"]),
    "real": SINGLES.map(lambda one: repr(nearest(one))) | st.sampled_from(["NaN", "Infinity"]),
}
"""Values that no column type here has, among those that one has."""

EXTENSIONS: dict[str, Strategy] = {
    "hstore": st.dictionaries(TEXT, st.none() | TEXT, max_size=3).map(
        lambda pairs: ", ".join(
            f"{_quoted(key)}=>{'NULL' if one is None else _quoted(one)}"
            for key, one in pairs.items()
        )
    ),
    "citext": TEXT,
    "xml": st.text(
        st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="<&>")
    ).map("<a>{}</a>".format),
    "ltree": st.lists(st.text("aZ09_", min_size=1, max_size=9), min_size=1, max_size=4).map(
        ".".join
    ),
    "cube": st.lists(DOUBLES, min_size=1, max_size=4).map(
        lambda some: f"({','.join(map(repr, some))})"
    ),
    "hstore[]": st.just('{"\\"a\\"=>\\"1\\"",NULL}'),
    "citext[]": arrays(TEXT),
}


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
