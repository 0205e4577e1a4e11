"""Rows that are copied beside a table of Postgres, for one statement on both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tap_adapters.restore.copy import copy_in, copy_text
from tap_adapters.restore.destination import Destination, Exchange, Row
from tap_adapters.sources.schema import SourceColumn, SourceTable
from tap_adapters.sources.snapshot import Condition

_BESIDE = "pg_temp.target_dolt_rows"


@contextmanager
def _beside(
    to: Destination, table: SourceTable, columns: Sequence[tuple[str, str]], texts: Iterable[str]
) -> Iterator[Any]:
    """Hold rows in a table of their own; give a cursor.

    Args:
        to: The database.
        table: The table that they belong to.
        columns: The names of its columns, each with the name beside it.
        texts: The rows.
    """
    selected = ", ".join(f"{to.quoted(name)} AS {to.quoted(own)}" for name, own in columns)
    names = ", ".join(to.quoted(own) for _, own in columns)
    cursor: Any = to.connection.connection.cursor()
    try:
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_BESIDE} ON COMMIT DROP AS "  # noqa: S608 - quoted
            f"SELECT {selected} FROM {to.place(table)} WITH NO DATA"
        )
        copy_in(cursor, f"COPY {_BESIDE} ({names}) FROM STDIN", texts)
        yield cursor
        cursor.execute(f"DROP TABLE {_BESIDE}")
    finally:
        cursor.close()


def by_key(
    to: Destination, table: SourceTable, columns: Sequence[str], rows: Sequence[Row], statement: str
) -> None:
    """Run a statement on a table's rows (`old`) and others of the same keys (`new`)."""
    same = _same(to, table, dict(zip(columns, columns, strict=True)))
    texts = [copy_text(list(zip(*rows, strict=True)))]
    with _beside(to, table, list(zip(columns, columns, strict=True)), texts) as cursor:
        cursor.execute(f"{statement} {_BESIDE} new WHERE {same}")


def exchanged(to: Destination, table: SourceTable, names: Sequence[str], exchange: Exchange) -> int:
    """Give rows that have all of their old values the new ones; return how many.

    Values are equal where they are stored alike, whatever operators their type has:
    https://www.postgresql.org/docs/16/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON
    """
    olds = {name: f"old{place}" for place, name in enumerate(names)}
    news = {name: f"new{place}" for place, name in enumerate(exchange.changed)}
    changes = ", ".join(f"{to.quoted(name)} = new.{to.quoted(own)}" for name, own in news.items())
    there = ", ".join(f"old.{to.quoted(name)}" for name in names)
    before = ", ".join(f"new.{to.quoted(own)}" for own in olds.values())
    texts = [copy_text([*exchange.olds, *exchange.news])]
    with _beside(to, table, [*olds.items(), *news.items()], texts) as cursor:
        cursor.execute(
            f"UPDATE {to.place(table)} old SET {changes} FROM {_BESIDE} new "  # noqa: S608 - quoted
            f"WHERE {_same(to, table, olds)} AND ROW({there})::record *= ROW({before})::record"
        )
        return int(cursor.rowcount)


def keys_as_arrays(to: Destination, table: SourceTable, keys: Sequence[Row]) -> Condition:
    """Return a condition that rows with some keys meet: of several columns, as it were a table.

    As a list Postgres would look for each key by a plan of its own: 5,000 of two columns took it
    0.2 s on a quiet machine, and 0.04 s so.
    """
    columns = [next(one for one in table.columns if one.name == name) for name in table.key]
    names = ", ".join(to.quoted(one.name) for one in columns).replace("%", "%%")  # beside marks
    own = [f"key{place}" for place in range(len(columns))]
    cast = ", ".join(
        f"{one}::{_unbounded(column)}" for one, column in zip(own, columns, strict=True)
    )
    arrays = ", ".join(["%s::text[]"] * len(columns))
    query = f"SELECT {cast} FROM unnest({arrays}) AS keys ({', '.join(own)})"  # noqa: S608 - quoted
    return f"({names}) IN ({query})", [list(some) for some in zip(*keys, strict=True)]


_LENGTHS = re.compile(r"\(.*?\)")
_ANY_LENGTH = {"character": "bpchar", "bit": '"bit"'}
"""Without a length these have one of 1."""


def _unbounded(column: SourceColumn) -> str:
    """Return a column's type for a cast that does not cut values to the column's length."""
    if column.base.startswith("enum("):
        return column.type
    plain = _LENGTHS.sub("", column.base)
    return _ANY_LENGTH.get(plain, plain)


def _same(to: Destination, table: SourceTable, beside: dict[str, str]) -> str:
    pairs = ((to.quoted(name), to.quoted(beside[name])) for name in table.key)
    return " AND ".join(f"old.{name} = new.{own}" for name, own in pairs)
