"""Types of MariaDB, SQLite, SQL Server and Oracle with what makes random values of them."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st
from support_random import (
    BYTES,
    DAYS,
    DIGITS,
    DOUBLES,
    JSON_TEXT,
    MOMENTS,
    NUMBERS,
    OBJECTS,
    SINGLE,
    SINGLES,
    TEXT,
    V4,
    V6,
    Strategy,
    clocks,
    decimals,
    exact,
    moments,
    whole,
    within,
)

U32, U64 = whole(32, signed=False), whole(64, signed=False)
STAMPS = moments(6)


def wkt(form: str, least: int, *, most: int = 5, closed: bool = False) -> Strategy:
    """Return shapes in words."""
    coordinate = st.floats(-1e6, 1e6).map(lambda one: repr(round(one, 3)))
    point = st.tuples(coordinate, coordinate).map(" ".join)
    some = st.lists(point, min_size=least, max_size=most, unique=True)
    return some.map(lambda all_: form.format(",".join([*all_, all_[0]] if closed else all_)))


LATIN = st.text(st.characters(min_codepoint=160, max_codepoint=255) | st.sampled_from("aB '\\%"))
BASIC = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=20)
LABELS = ("a", "b", "NULL")
FLOATS = st.tuples(st.integers(-999_999, 999_999), st.integers(-30, 30)).map(
    lambda two: float(f"{two[0]}e{two[1]}") or 0.0
)

MARIADB: dict[str, Strategy] = {
    "tinyint(4)": whole(8),
    "tinyint(3) unsigned": whole(8, signed=False),
    "smallint(6)": whole(16),
    "smallint(5) unsigned": whole(16, signed=False),
    "mediumint(9)": whole(24),
    "mediumint(8) unsigned": whole(24, signed=False),
    "int(11)": whole(32),
    "int(10) unsigned zerofill": U32,
    "bigint(20)": whole(64),
    "bigint(20) unsigned": U64,
    "decimal(65,30)": decimals(65, 30),
    "decimal(15,4)": decimals(15, 4),
    "decimal(10,2) unsigned": exact(10, 2, least=0).map(str),
    "decimal(10,0)": whole(32),
    "float": FLOATS,
    "float unsigned": FLOATS.map(abs),
    "double": DOUBLES.filter(lambda one: one == 0 or abs(one) > 1e-300),
    "bit(1)": st.sampled_from([b"\0", b"\1"]),
    "bit(9)": st.integers(0, 511).map(lambda one: one.to_bytes(2, "big")),
    "bit(64)": st.binary(min_size=8, max_size=8),
    "char(9)": st.text(st.characters(codec="utf-8"), max_size=9).map(lambda one: one.rstrip(" ")),
    "varchar(40)": st.text(st.characters(codec="utf-8"), max_size=40),
    "varchar(40) character set latin1 collate latin1_german1_ci": LATIN.map(lambda one: one[:40]),
    "varchar(20) character set utf8mb3 collate utf8mb3_bin": BASIC,
    "tinytext": st.text(st.characters(codec="utf-8"), max_size=60),
    "text": st.text(st.characters(codec="utf-8"), max_size=100),
    "mediumtext": st.text(st.characters(codec="utf-8"), max_size=100),
    "longtext": st.text(st.characters(codec="utf-8"), max_size=200),
    "binary(6)": st.binary(min_size=6, max_size=6),
    "varbinary(60)": BYTES,
    "tinyblob": st.binary(max_size=255),
    "blob": BYTES,
    "mediumblob": BYTES,
    "longblob": st.binary(max_size=500),
    "enum('a','it''s','NULL','2')": st.sampled_from(["a", "it's", "NULL", "2"]),
    "enum('','x')": st.sampled_from(["", "x"]),
    "set('a','b','NULL')": st.sets(st.sampled_from(LABELS)).map(
        lambda some: ",".join(one for one in LABELS if one in some)
    ),
    "date": st.just("0000-00-00") | DAYS,
    "datetime(6)": st.just("0000-00-00 00:00:00") | MOMENTS,
    "datetime": MOMENTS.map(lambda one: one.replace(microsecond=0)),
    "timestamp(6)": st.just("0000-00-00 00:00:00")
    | st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2038, 1, 19)),  # noqa: DTZ001
    "time(6)": st.integers(-3_020_399_000_000, 3_020_399_000_000).map(
        lambda one: dt.timedelta(microseconds=one)
    ),
    "time": st.integers(-3_020_399, 3_020_399).map(lambda one: dt.timedelta(seconds=one)),
    "year(4)": st.just(0) | st.integers(1901, 2155),
    "uuid": st.uuids(version=4).map(str),
    "inet6": V6.map(str),
    "inet4": V4.map(str),
    "json": JSON_TEXT,
    "geometry": wkt("POINT({})", 1, most=1),
    "point": wkt("POINT({})", 1, most=1),
    "linestring": wkt("LINESTRING({})", 2),
    "polygon": wkt("POLYGON(({}))", 3, closed=True),
    "multipoint": wkt("MULTIPOINT({})", 1),
    "multilinestring": wkt("MULTILINESTRING(({}))", 2),
    "multipolygon": wkt("MULTIPOLYGON((({})))", 3, closed=True),
    "geometrycollection": wkt("GEOMETRYCOLLECTION(LINESTRING({}))", 2),
}
"""MariaDB's, as `SHOW COLUMNS` spells them: what the driver takes; shapes in words."""

MARIADB_EDGES: dict[str, Strategy] = {
    "date": DAYS.map(str) | st.sampled_from(["2024-00-10", "2024-02-00", "0000-00-00"]),
    "datetime(6)": STAMPS | st.sampled_from(["2024-00-00 00:00:00", "0000-00-00 00:00:00"]),
    "time(6)": st.integers(-3_020_399_999_999, 3_020_399_999_999).map(
        lambda one: dt.timedelta(microseconds=one)
    )
    | st.sampled_from(["838:59:59.999999", "-838:59:59.000001"]),
}
"""Values that no column type here has, among those that one has."""

SQLITE: dict[str, Strategy] = {
    "INTEGER": whole(64),
    "TINYINT": whole(64),
    "UNSIGNED BIG INT": whole(64),
    "REAL": DOUBLES,
    "DOUBLE PRECISION": DOUBLES,
    "NUMERIC": whole(64) | DOUBLES.filter(lambda one: one % 1 != 0),
    "DECIMAL(10,5)": DOUBLES.filter(lambda one: one % 1 != 0),
    "TEXT": TEXT,
    "VARCHAR(3)": TEXT,
    "CLOB": TEXT,
    "BLOB": BYTES,
    "BOOLEAN": st.sampled_from([0, 1]),
    "DATETIME": STAMPS,
    "DATE": DAYS.map(str),
    "JSON": JSON_TEXT.filter(lambda one: one[0] in "[{"),  # a number alone is no text there
    "MY TYPE": within(9).map("x{}".format),
}
"""SQLite's: what the driver takes."""

MSSQL: dict[str, Strategy] = {
    "bit": st.booleans(),
    "tinyint": whole(8, signed=False),
    "smallint": whole(16),
    "int": whole(32),
    "bigint": whole(64),
    "decimal(38,10)": exact(38, 10),
    "numeric": exact(18, 0),
    "money": exact(19, 4),
    "smallmoney": exact(10, 4),
    "float": NUMBERS,
    "float(24)": SINGLE,
    "real": SINGLE,
    "date": DAYS.map(str),
    "datetime": moments(3),
    "smalldatetime": moments(0),
    "datetime2(6)": moments(6),
    "datetime2": moments(6, "{}7"),
    "datetimeoffset": moments(6, "{} +05:30"),
    "time(3)": clocks(3),
    "time": clocks(6, "{}7"),
    "char(9)": within(9).map("{:9}".format),
    "nchar(9)": within(9).map("{:9}".format),
    "varchar(20)": within(20),
    "nvarchar(40)": TEXT,
    "nvarchar(max)": TEXT,
    "text": TEXT,
    "ntext": TEXT,
    "xml": TEXT,
    "sysname": TEXT,
    "binary(6)": st.binary(min_size=6, max_size=6).map(bytes.hex),
    "varbinary(60)": DIGITS,
    "varbinary(max)": DIGITS,
    "image": DIGITS,
    "rowversion": st.binary(min_size=8, max_size=8).map(bytes.hex),
    "uniqueidentifier": st.uuids().map(lambda one: str(one).upper()),
    "json": OBJECTS,
    "hierarchyid": st.lists(whole(16, signed=False), max_size=5).map(
        lambda some: "/" + "".join(f"{one}/" for one in some)
    ),
    "geometry": wkt("LINESTRING ({})", 2),
    "geography": wkt("LINESTRING ({})", 2),
    "sql_variant": TEXT,
    "vector(3)": st.lists(SINGLES.map(repr), min_size=3, max_size=3).map(
        lambda some: f"[{','.join(some)}]"
    ),
    "dbo.PhoneNumber": TEXT,
}
"""SQL Server's: what a tap sends."""

ORACLE: dict[str, Strategy] = {
    "VARCHAR2(40 CHAR)": TEXT,
    "NVARCHAR2(20)": within(20),
    "CHAR(9)": within(9).map("{:9}".format),
    "CHAR(2000 BYTE)": TEXT,
    "NCHAR(9)": within(9).map("{:9}".format),
    "NUMBER(10,2)": exact(10, 2),
    "NUMBER(5,-2)": exact(5, -2).map(int),
    "NUMBER(2,40)": exact(2, 40),
    "NUMBER(38)": exact(38, 0),
    "NUMBER": exact(40, 20),
    "NUMBER(*,0)": exact(38, 0).map(int),
    "INTEGER": exact(38, 0).map(int),
    "FLOAT(126)": exact(38, 20),
    "BINARY_FLOAT": SINGLE,
    "BINARY_DOUBLE": NUMBERS,
    "BOOLEAN": st.booleans(),
    "DATE": moments(0),
    "TIMESTAMP": moments(6),
    "TIMESTAMP(3)": moments(3),
    "TIMESTAMP(9)": moments(6, "{}789"),
    "TIMESTAMP(6) WITH TIME ZONE": moments(6, "{} Europe/Berlin"),
    "TIMESTAMP(6) WITH LOCAL TIME ZONE": moments(6),
    "INTERVAL YEAR(2) TO MONTH": st.tuples(st.integers(0, 99), st.integers(0, 11)).map(
        lambda two: "+{:02}-{:02}".format(*two)
    ),
    "INTERVAL DAY(2) TO SECOND(6)": clocks(6, "-07 {}"),
    "CLOB": TEXT,
    "NCLOB": TEXT,
    "LONG": TEXT,
    "XMLTYPE": TEXT,
    "RAW(60)": DIGITS,
    "LONG RAW": DIGITS,
    "BLOB": DIGITS,
    "JSON": OBJECTS,
    "ROWID": st.text("AZaz09+/", min_size=18, max_size=18),
    "UROWID": st.text("AZaz09+/", min_size=18, max_size=99).map("*{}".format),
    "URITYPE": TEXT,
    "HTTPURITYPE": TEXT,
    "DBURITYPE": TEXT,
    "XDBURITYPE": TEXT,
    "MDSYS.SDO_GEOMETRY": wkt("LINESTRING ({})", 2),
    "MDSYS.SDO_TOPO_GEOMETRY": TEXT,
    "MDSYS.SDO_GEORASTER": TEXT,
    "VECTOR": st.lists(SINGLES.map(repr), max_size=3).map(lambda some: f"[{','.join(some)}]"),
    "HR.ADDRESS": TEXT,
}
"""Oracle's: what a tap sends."""
