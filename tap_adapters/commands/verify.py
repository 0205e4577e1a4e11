"""`dolt-sync verify`: a commit and a database compared."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tap_adapters import verify as verifying
from tap_adapters.commands.bars import bars
from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import told
from tap_adapters.commands.sync_options import (
    at_option,
    password_option,
    table_option,
    targets_of,
    with_password,
)


@click.command()
@click.argument("database")
@click.argument("url", metavar="URL")
@at_option
@table_option(
    "NAME[=TABLE]",
    "Compare this table of URL, with one of another name in the commit if TABLE is given.",
)
@click.option("--exclude", metavar="PATTERN", multiple=True, help="Leave out tables: '*_log'.")
@password_option
@told
def verify(
    database: str,
    url: str,
    ref: str,
    tables: Sequence[str],
    exclude: Sequence[str],
    *,
    ask_password: bool,
) -> None:
    """Compare a commit with a database as it is now: rows counted, and added up in any order.

    Ends with 0 where all tables are equal, with 3 where one differs; the keys of rows that do are
    named, up to 20 a table.

    \b
    Examples:
      dolt-sync verify shop.db postgresql://me@db.example.com/shop
      dolt-sync verify shop.db sqlite:///copy.sqlite --at HEAD~3 --table users
    """  # noqa: D301 - click reads \b as a control character
    with bars() as progress:
        found = verifying.verify(
            database,
            with_password(url, ask=ask_password),
            at=ref,
            tables=targets_of(tables),
            exclude=exclude,
            progress=progress,
        )
    WRITERS["table"](
        ("table", "there", "rows", "rows there", "result"),
        [(one.table, one.there, one.rows, one.rows_there, _result(one)) for one in found],
    )
    for one in found:
        for what, keys in (
            ("only in the commit", one.only_here),
            ("only there", one.only_there),
            ("differs", one.differing),
            ("column on one side only", one.columns),
        ):
            for key in keys:
                click.echo(f"{one.table}: {what}: {key}")
    different = [str(one.table or one.there) for one in found if not one.equal]
    if different:
        msg = f"not equal: {', '.join(different)}"
        raise verifying.DifferentError(msg)


def _result(one: verifying.Checked) -> str:
    if one.table is None:
        return "not in the commit"
    return "not there" if one.there is None else "equal" if one.equal else "different"
