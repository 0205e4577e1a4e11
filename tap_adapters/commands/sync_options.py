"""What the commands that read and write other databases share: options, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec

import click
import sqlalchemy as sa

from tap_adapters.sources.snapshot import source_url

P = ParamSpec("P")

at_option = click.option(
    "--at", "ref", metavar="REF", default="HEAD", help="A branch, tag, commit or time (UTC)."
)
password_option = click.option(
    "--ask-password",
    is_flag=True,
    help="Ask for the password of the user of the database that is read or written. Default: "
    "PGPASSWORD or MYSQL_PWD, where its URL has none.",
)


def table_option(metavar: str, words: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return the option that names tables, each with its target behind an equals sign."""
    return click.option("--table", "tables", metavar=metavar, multiple=True, help=words)


def targets_of(tables: Sequence[str]) -> dict[str, str | None]:
    """Return the tables that were named, each with its target."""
    parts = (one.partition("=") for one in tables)
    return {name: target or None for name, _, target in parts}


def with_password(url: str, *, ask: bool) -> str:
    """Return a URL, with the password that its user has typed where one is asked for."""
    if not ask:
        return url
    source_url(url)  # says what is wrong with it, before anybody types a password
    password = click.prompt("Password", hide_input=True, err=True)
    return sa.make_url(url).set(password=password).render_as_string(hide_password=False)
