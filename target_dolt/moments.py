"""Converters of dates and times: ISO 8601 in, as the database writes them out, or ValueError.

No reason that is raised shows the value.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable
from typing import Any

from target_dolt.dialect import ColumnType, Converter, Schema

_FRACTION = re.compile(r"[.,](\d+)")

_DATE_LENGTH = len("2026-01-31")
_UTC = frozenset({"", "Z", "+00:00"})
"""What ends a moment in UTC; without an offset it is taken for one."""

_WITH_FRACTION = frozenset({"--T::.", "-- ::."})
_WITHOUT = frozenset({"--T::", "--T::Z", "--T::+", "-- ::", "-- ::Z", "-- ::+"})
"""What stands between the numbers of a moment in full, up to its fraction or offset."""

_NO_MOMENT = "not a date or date-time of the years 1 to 9999 in ISO 8601"

parse_moment: Callable[[str], dt.datetime]
"""Reads ISO 8601 as Python 3.11 does, on 3.10 too, whose own reads what isoformat() writes."""

parse_time: Callable[[str], dt.time]
"""The same for a time of day."""

if sys.version_info >= (3, 11):
    parse_moment, parse_time = dt.datetime.fromisoformat, dt.time.fromisoformat
else:
    from backports import datetime_fromisoformat as newer

    parse_moment, parse_time = newer.datetime_fromisoformat, newer.time_fromisoformat


def date(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a date as YYYY-MM-DD; midnight of a date-time is a date too."""

    def convert(value: Any) -> str:
        moment = _moment(value)
        if len(value) == _DATE_LENGTH and value[4] == value[7] == "-":
            return str(value)  # as it is written here already
        _refuse_nanoseconds(value)
        if moment.time() != dt.time():
            msg = "a date with a time of day"
            raise ValueError(msg)
        return moment.date().isoformat()

    return convert


def date_time(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a moment as YYYY-MM-DD HH:MM:SS.ffffff in UTC; without an offset it is UTC."""

    def convert(value: Any) -> str:
        try:
            moment = parse_moment(value)
        except (TypeError, ValueError):
            raise ValueError(_NO_MOMENT) from None
        # Most taps send this, which needs no formatting: 2026-01-31T23:59:59.123456+00:00
        if value[11:13] != "24":
            shape = value[4:20:3]
            if shape in _WITH_FRACTION:
                digits = value[20:26]
                if value[26:] in _UTC and digits[5:] and digits.isdecimal():
                    return f"{value[:10]} {value[11:26]}"
            elif shape in _WITHOUT and value[19:] in _UTC:
                return f"{value[:10]} {value[11:19]}.000000"
        _refuse_nanoseconds(value)
        if moment.tzinfo is not None and moment.tzinfo is not dt.timezone.utc:
            try:
                moment = moment.astimezone(dt.timezone.utc)
            except OverflowError:
                msg = "the moment lies outside of the years 1 to 9999 in UTC"
                raise ValueError(msg) from None
        return moment.isoformat(" ", "microseconds")[:26]

    return convert


def _moment(value: Any) -> dt.datetime:
    try:
        moment = parse_moment(value)
    except (TypeError, ValueError):
        raise ValueError(_NO_MOMENT) from None
    return moment


def _refuse_nanoseconds(value: str) -> None:
    """Python's parsers drop a seventh digit without a word."""
    fraction = _FRACTION.search(value)
    if fraction is not None and fraction[1][6:].strip("0"):
        msg = "more than six digits of a second"
        raise ValueError(msg)


def time(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Write a time of day as HH:MM:SS.ffffff; one with an offset becomes UTC."""

    def convert(value: Any) -> str:
        try:
            # MySQL's taps write Python's timedelta, which has no leading zero: 1:00:00
            clock = parse_time(f"0{value}" if value[1:2] == ":" else value)
        except (TypeError, ValueError):
            msg = "not a time of day in ISO 8601"
            raise ValueError(msg) from None
        _refuse_nanoseconds(value)
        offset = clock.utcoffset()
        if offset is not None:
            moment = dt.datetime.combine(dt.date(2000, 1, 2), clock.replace(tzinfo=None)) - offset
            clock = moment.time()
        return clock.isoformat("microseconds")

    return convert
