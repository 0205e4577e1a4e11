"""The `dolt-sync` command: databases with their history, from a shell."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ParamSpec

import click
import msgspec
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from target_dolt.errors import TargetDoltError
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins
from target_dolt.settings import where_of
from target_dolt_plugins import doltlite_engine

P = ParamSpec("P")

_as_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


def told(command: Callable[P, None]) -> Callable[P, None]:
    """Let a command end with our errors' messages and exit codes, without a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except TargetDoltError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_code)

    return wrapped


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="target-dolt")
def cli() -> None:
    """Look into databases that target-dolt has filled.

    DATABASE is a path or a URL, as target-dolt takes it.
    """


@cli.command()
@click.argument("database")
@click.argument("query", required=False)
@click.option("--at", "ref", metavar="REF", help="Read a branch, tag or commit as it was.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How rows are written to stdout.",
)
@told
def sql(database: str, query: str | None, ref: str | None, form: str) -> None:
    """Run SQL on a database, or open a prompt where no QUERY is given.

    \b
    Examples:
      dolt-sync sql dolt.db "SELECT * FROM dogs"
      dolt-sync sql dolt.db "SELECT * FROM dolt_log"
      dolt-sync sql dolt.db --at HEAD~1 --format csv "SELECT * FROM dogs"
    """  # noqa: D301 - click reads \b as a control character
    opened = open_database(where_of(database), load_plugins())
    try:
        commit = None
        if ref is not None:
            with opened.connect() as connection:
                commit = _commit_of(connection, ref)
        with opened.connect(commit) as connection:
            if query is not None:
                _run(connection, query, form)
                return
            prompts = sys.stdin.isatty()
            failed = False
            for statement in _statements(prompts):
                try:
                    _run(connection, statement, form)
                except QueryError as error:
                    click.echo(f"Error: {error}", err=True)
                    failed = not prompts
            if failed:
                sys.exit(QueryError.exit_code)
    finally:
        opened.close()


class QueryError(TargetDoltError):
    """A statement that the database did not take."""


def _commit_of(connection: sa.Connection, ref: str) -> str:
    try:
        found = connection.execute(sa.text("SELECT dolt_hashof(:ref)"), {"ref": ref}).scalar()
    except sa.exc.DBAPIError as error:
        msg = f"there is no branch, tag or commit '{ref}'"
        raise QueryError(msg) from error
    return str(found)


def _run(connection: sa.Connection, query: str, form: str) -> None:
    try:
        with connection.begin():
            result = connection.exec_driver_sql(query)
            if result.returns_rows:
                _WRITERS[form](list(result.keys()), result)
    except sa.exc.DBAPIError as error:
        raise QueryError(str(error.orig)) from error


def _statements(prompts: bool) -> Iterator[str]:  # noqa: FBT001 - one caller, one meaning
    """Yield statements from a person or a pipe; each ends with a semicolon or the input."""
    if prompts:
        import readline  # noqa: F401, PLC0415 - gives input() its history and editing

        click.echo("Statements end with a semicolon; Ctrl-D ends the session.", err=True)
    import sqlite3  # noqa: PLC0415 - not before DoltLite's library is there

    lines: list[str] = []
    while True:
        try:
            line = input(("    > " if lines else "sql > ") if prompts else "")
        except EOFError:
            break
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines = []
    if "".join(lines).strip():
        yield "\n".join(lines)


def _write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    table = RichTable()
    for name in columns:
        table.add_column(Text(name))
    for row in rows:
        table.add_row(*(Text(_shown(value)) for value in row))
    # Where nobody watches, no row is cut to a terminal's width.
    width = None if sys.stdout.isatty() else 10_000
    Console(width=width).print(table)


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
    for row in rows:
        values = (_plain(value) for value in row)
        click.echo(_as_json(dict(zip(columns, values, strict=True))).decode())


_WRITERS: dict[str, Callable[[Sequence[str], Iterable[Sequence[Any]]], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
}


def main() -> None:
    """Run `dolt-sync`."""
    doltlite_engine.allow_restart()
    cli()
