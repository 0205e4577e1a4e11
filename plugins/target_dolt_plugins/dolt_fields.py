"""How values are spelled for a Dolt server, a column at a time: what a whole column needs is found
out once. Fields of LOAD DATA and literals of INSERT differ by a `Spelling`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt import Row, types
from target_dolt.types import Kind, first_of_kind

Column = tuple[Any, ...]
"""One column's values of several rows."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What texts and missing values look like.

    Attributes:
        missing: What stands for NULL.
        escapes: Characters that do not stand for themselves in a text.
        quote: What stands on both sides of a text.
        bytes_: Spells bytes; None for as they are, which UTF-8 does not have.
        empty_set: What stands for a SET without labels.
    """

    missing: str
    escapes: dict[str, str]
    quote: str = ""
    bytes_: Callable[[bytes], str] | None = None
    empty_set: str = ""


FIELDS = Spelling(
    "\\N", {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}, empty_set="0"
)
"""https://dev.mysql.com/doc/refman/8.0/en/load-data.html, FIELDS ESCAPED BY."""

LITERALS = Spelling(
    "NULL",
    {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"},
    quote="'",
    bytes_=lambda value: f"_binary X'{value.hex()}'",
)
"""https://dev.mysql.com/doc/refman/8.0/en/string-literals.html"""


def _spelled(column: Column, spelling: Spelling, spell: Callable[[Any], str]) -> Iterable[str]:
    if None in column:
        return [spelling.missing if one is None else spell(one) for one in column]
    return map(spell, column)


def _booleans(column: Column, spelling: Spelling) -> Iterable[str]:
    return _spelled(column, spelling, "01".__getitem__)


def _numbers(column: Column, spelling: Spelling) -> Iterable[str]:
    return _spelled(column, spelling, str)


def _decimals(column: Column, spelling: Spelling) -> Iterable[str]:
    return _spelled(column, spelling, "{:f}".format)


def _texts(column: Column, spelling: Spelling) -> Iterable[str]:
    """Most columns hold nothing to escape, which is seen at once in all of their texts."""
    whole = "".join([one for one in column if one is not None] if None in column else column)
    quote = spelling.quote
    if any(one in whole for one in spelling.escapes):
        table = str.maketrans(spelling.escapes)
        return _spelled(column, spelling, lambda one: f"{quote}{one.translate(table)}{quote}")
    if quote:
        return _spelled(column, spelling, lambda one: f"{quote}{one}{quote}")
    return _spelled(column, spelling, str) if None in column else column


def _bytes(column: Column, spelling: Spelling) -> Iterable[str]:
    if spelling.bytes_ is not None:
        return _spelled(column, spelling, spelling.bytes_)
    texts = [one if one is None else one.decode("utf-8", "surrogateescape") for one in column]
    return _texts(tuple(texts), spelling)


def _sets(column: Column, spelling: Spelling) -> Iterable[str]:
    return _texts(tuple([spelling.empty_set if one == "" else one for one in column]), spelling)


def _dates(column: Column, spelling: Spelling) -> Iterable[str]:
    """Spell dates by the layout of fourteen that Dolt tries first.

    For each that it tries before one fits it makes an error: a date by itself takes it fourteen
    times as long (docs/upstream.md). All of Dolt 2 does so.
    """
    return _in_utc(column, spelling, 10, "--", " 00:00:00 +0000 UTC")


def _moments(column: Column, spelling: Spelling) -> Iterable[str]:
    return _in_utc(column, spelling, 26, "-- ", " +0000 UTC")


def _in_utc(
    column: Column, spelling: Spelling, length: int, marks: str, ending: str
) -> Iterable[str]:
    """Leave what is of zeros, or not as this project writes it: only as it is Dolt reads it."""
    spelled = [
        f"{one}{ending}"
        if one and len(one) == length and one[4:11:3] == marks and one[:4] != "0000"
        else one
        for one in column
    ]
    return _texts(tuple(spelled), spelling)


BINARY = (*types.BYTES, mysql.BIT)

_FORMATS: tuple[tuple[Kind, Callable[[Column, Spelling], Iterable[str]]], ...] = (
    (sa.Boolean, _booleans),
    (sa.Integer, _numbers),
    (sa.Float, _numbers),
    (mysql.YEAR, _numbers),
    (sa.DECIMAL, _decimals),
    (mysql.SET, _sets),
    (BINARY, _bytes),
)
"""All others are texts."""

_IN_UTC: tuple[tuple[Kind, Callable[[Column, Spelling], Iterable[str]]], ...] = (
    (sa.DATE, _dates),
    (sa.DATETIME, _moments),
)


class Fields:
    """The spelling of one table's rows."""

    def __init__(self, table: sa.Table, spelling: Spelling, *, plain: bool = False) -> None:
        """Choose each column's format once.

        Args:
            table: The table.
            spelling: What texts and missing values look like.
            plain: Whether dates are spelled as people do: Dolt's CHECKs, triggers, generated
                columns and defaults see what was sent, not what is kept (docs/upstream.md).
        """
        formats = _FORMATS if plain else (*_IN_UTC, *_FORMATS)
        self._formats = [first_of_kind(formats, column.type) or _texts for column in table.columns]
        self._spelling = spelling

    def rows(self, rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
        """Yield each row's values as texts; encode them with `surrogateescape`."""
        columns = zip(*rows, strict=True)
        texts = [
            form(column, self._spelling)
            for form, column in zip(self._formats, columns, strict=True)
        ]
        return zip(*texts, strict=True)
