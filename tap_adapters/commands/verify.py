"""`dolt-sync verify`: a commit and a database compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from tap_adapters import verify as verifying
from tap_adapters.commands.bars import bars
from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words, format_option
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
@format_option("table", "json")
@errors_in_words
def verify(
    database: str,
    url: str,
    ref: str,
    tables: Sequence[str],
    exclude: Sequence[str],
    form: str,
    *,
    ask_password: bool,
) -> None:
    """Compare a commit with a database as it is now: rows counted, and added up in any order.

    Ends with 0 where all tables are equal, with 3 where one differs; the keys of rows that do are
    named, up to 20 a table. As JSON, a line has all that was found of one table.

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
    if form == "json":
        WRITERS[form](_FIELDS, [_fields(one) for one in found])
    else:
        WRITERS[form](
            ("table", "there", "rows", "rows there", "columns", "result"),
            [
                (one.table, one.there, one.rows, one.rows_there, len(one.compared), _result(one))
                for one in found
            ],
        )
        for line in _differences(found):
            click.echo(line)
        click.echo(f"Compared {compared(found)}")
    different = [str(one.table or one.there) for one in found if not one.equal]
    if different:
        msg = f"not equal: {', '.join(different)}"
        raise verifying.DifferentError(msg)


def compared(found: Sequence[verifying.Checked]) -> str:
    """Return in words how much was compared."""
    both = [one for one in found if one.table is not None and one.there is not None]
    parts = (
        ("table", len(both)),
        ("column", sum(len(one.compared) for one in both)),
        ("row", sum(one.rows for one in both)),
    )
    return ", ".join(f"{n:,} {what}" + ("" if n == 1 else "s") for what, n in parts)


_FIELDS = (
    "table", "there", "result", "rows", "rows_there", "columns", "columns_on_one_side",
    "only_in_commit", "only_there", "differing",
)  # fmt: skip


def _fields(one: verifying.Checked) -> tuple[object, ...]:
    return (
        one.table, one.there, _result(one), one.rows, one.rows_there, one.compared, one.columns,
        one.only_here, one.only_there, one.differing,
    )  # fmt: skip


def _differences(found: Sequence[verifying.Checked]) -> Iterator[str]:
    for one in found:
        for what, keys in (
            ("only in the commit", one.only_here),
            ("only there", one.only_there),
            ("differs", one.differing),
            ("column on one side only", one.columns),
        ):
            yield from (f"{one.table}: {what}: {key}" for key in keys)


def _result(one: verifying.Checked) -> str:
    if one.table is None:
        return "not in the commit"
    return "not there" if one.there is None else "equal" if one.equal else "different"
