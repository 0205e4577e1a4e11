"""How commands write rows to stdout: as a table for people, CSV, JSON lines or Markdown."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tap_adapters.history import QueryError
from tap_adapters.report.escape import plain_or_code

RowsWriter = Callable[[Sequence[str], Iterable[Sequence[Any]]], None]
"""Writes rows under their columns' names."""

_as_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


def _write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = Table()
    for name in columns:
        table.add_column(Text(name))
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row))
    # Where nobody watches, no row is cut to a terminal's width.
    width = None if sys.stdout.isatty() else 10_000
    console = Console(width=width)
    console.print(table)
    if not table.row_count:
        console.print("no rows")


def _plain(value: Any) -> Any:
    """Return bytes as hexadecimal digits, all else as it is."""
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: Any) -> str:
    return "NULL" if value is None else str(_plain(value))


def _write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    for row in (columns, *rows):
        click.echo(",".join(_csv_field(_plain(value)) for value in row))


def _csv_field(value: Any) -> str:
    """Return a field as Postgres and Dolt write it: empty for NULL, quoted for an empty text.

    Python's csv module tells the two apart from 3.12 on only.
    """
    if value is None:
        return ""
    text = str(value)
    if text and not any(one in text for one in ',"\r\n'):
        return text
    return '"{}"'.format(text.replace('"', '""'))


def _write_json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    twice = next((name for name, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        msg = (
            f"two columns are called '{twice}', and an object of JSON can have but one: give one "
            "of them another name with AS, or choose another --format"
        )
        raise QueryError(msg)
    for row in rows:
        values = (_plain(value) for value in row)
        click.echo(_as_json(dict(zip(columns, values, strict=True))).decode())


def _write_markdown(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as GitHub and others show it; a value is nothing but itself there."""
    click.echo(_markdown_row(columns))
    click.echo("|" + " --- |" * len(columns))
    for row in rows:
        click.echo(_markdown_row(map(_shown, row)))


def _markdown_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(plain_or_code(cell) for cell in cells) + " |"


WRITERS: dict[str, RowsWriter] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
    "markdown": _write_markdown,
}
