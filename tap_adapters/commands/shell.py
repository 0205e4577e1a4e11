"""What every `dolt-sync` command shares: a database to open, and errors without a traceback."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec

import click

from target_dolt import Database
from target_dolt.errors import TargetDoltError
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins
from target_dolt.settings import where_of

P = ParamSpec("P")


def errors_in_words(command: Callable[P, None]) -> Callable[P, None]:
    """Let a command end with our errors' messages and exit codes, without a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except TargetDoltError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(error.exit_code)

    return wrapped


@contextmanager
def opened(database: str) -> Iterator[Database]:
    """Open a database that exists, from a command's argument: a path or a URL."""
    found = open_database(where_of(database), load_plugins())
    try:
        yield found
    finally:
        found.close()


def format_option(*forms: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return the option that chooses how rows are written; the first form is the default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="How rows are written to stdout.",
    )
