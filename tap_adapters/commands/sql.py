"""`dolt-sync sql`: a query of a database, now or as of any commit, or a prompt."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa

from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words, format_option, opened
from tap_adapters.history import QueryError, commit_of, query_errors
from tap_adapters.sources.snapshot import PIECE_ROWS
from target_dolt import Database


@click.command()
@click.argument("database")
@click.argument("query", required=False)
@click.option("--at", "ref", metavar="REF", help="Read a branch, tag or commit as it was.")
@format_option("table", "csv", "json")
@errors_in_words
def sql(database: str, query: str | None, ref: str | None, form: str) -> None:
    """Run SQL on a database, or open a prompt where no QUERY is given.

    \b
    Examples:
      dolt-sync sql dolt.db "SELECT * FROM dogs"
      dolt-sync sql dolt.db "SELECT * FROM dolt_log"
      dolt-sync sql dolt.db --at HEAD~1 --format csv "SELECT * FROM dogs"
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        commit = None if ref is None else commit_of(found, ref)
        with found.connect(commit) as connection:
            if query is not None:
                _run(found, connection, query, form)
                return
            prompts = sys.stdin.isatty()
            failed = False
            for statement in _statements(prompts):
                try:
                    _run(found, connection, statement, form)
                except QueryError as error:
                    click.echo(f"Error: {error}", err=True)
                    failed = not prompts
            if failed:
                sys.exit(QueryError.exit_code)


_ENDS = frozenset({"exit", "quit", "\\q"})
"""What ends a session in the shells of other databases."""


def _run(database: Database, connection: sa.Connection, query: str, form: str) -> None:
    """Run a statement; tell a person of changes that no commit has: they stop the next load."""
    with _told_of_the_past(database, query), query_errors():
        before = _contents(connection)
        with connection.begin():
            # PyMySQL takes a percent sign for a place of a parameter, of which there are none.
            options = {"no_parameters": True, "stream_results": True, "max_row_buffer": PIECE_ROWS}
            result = connection.exec_driver_sql(query, execution_options=options)
            if result.returns_rows:
                WRITERS[form](list(result.keys()), result)
        tables = set()
        if _contents(connection) != before:
            tables = database.uncommitted_tables(connection)
    if tables:
        click.echo(f"In no commit yet: {database.uncommitted(tables)}", err=True)


@contextmanager
def _told_of_the_past(database: Database, query: str) -> Iterator[None]:
    """Say what DoltLite has for Dolt's AS OF, of which it knows only that it is no SQL."""
    try:
        yield
    except QueryError as error:
        asked = _AS_OF.search(query)
        if asked is None or database.has_as_of:
            raise
        msg = (
            f"{error}; a DoltLite file has no AS OF: --at REF reads all tables as they were, "
            f"`dolt_at_{asked[1] or 'TABLE'}('REF')` one of them in SQL"
        )
        raise QueryError(msg) from error


_AS_OF = re.compile(r"(\w+)?[`\"\]]?\s+AS\s+OF\b", re.IGNORECASE)


def _contents(connection: sa.Connection) -> str:
    """Return the hash of all tables as they are now, committed or not."""
    with connection.begin():
        return str(connection.exec_driver_sql("SELECT dolt_hashof_db()").scalar())


def _statements(prompts: bool) -> Iterator[str]:  # noqa: FBT001 - one caller, one meaning
    """Yield statements from a person or a pipe; each ends with a semicolon or the input."""
    if prompts:
        import readline  # noqa: F401, PLC0415 - gives input() its history and editing

        click.echo("Statements end with a semicolon; exit or Ctrl-D ends the session.", err=True)
    import sqlite3  # noqa: PLC0415 - not before DoltLite's library is there

    lines: list[str] = []
    while True:
        try:
            line = input(("    > " if lines else "sql > ") if prompts else "")
        except EOFError:
            break
        if prompts and not lines and line.strip().rstrip(";").lower() in _ENDS:
            break
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines = []
    if "".join(lines).strip():
        yield "\n".join(lines)
