"""`dolt-sync restore`: a commit carried back into a database."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tap_adapters import restore as restoring
from tap_adapters import verify as verifying
from tap_adapters.commands.bars import bars
from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words
from tap_adapters.commands.sync_options import (
    at_option,
    password_option,
    table_option,
    targets_of,
    with_password,
)
from tap_adapters.commands.verify import compared
from target_dolt.errors import ConfigError


@click.command()
@click.argument("database")
@click.argument("url", metavar="TARGET_URL")
@at_option
@table_option(
    "TABLE[=NAME]", "Restore this table of the commit, into one of another name if NAME is given."
)
@click.option(
    "--overwrite",
    is_flag=True,
    help="Put back rows that were changed there since, too, and make tables of another form again.",
)
@click.option(
    "--base",
    metavar="REF",
    default="HEAD",
    help="The commit that TARGET_URL was last equal to, if not the last one.",
)
@click.option(
    "--by-history",
    is_flag=True,
    help="Look only at rows that differ between --base and --at: much faster, for a database "
    "that is still as --base has it.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Write nothing; show statements, counts and what would be refused.",
)
@click.option("--no-verify", is_flag=True, help="Do not compare both afterwards.")
@password_option
@errors_in_words
def restore(
    database: str,
    url: str,
    ref: str,
    tables: Sequence[str],
    *,
    overwrite: bool,
    base: str,
    by_history: bool,
    dry_run: bool,
    no_verify: bool,
    ask_password: bool,
) -> None:
    """Carry a commit back into Postgres, MySQL, MariaDB or SQLite.

    Tables that are missing there are made, as their source had them where TARGET_URL is of its
    kind. In tables that are there only rows that differ are touched, and those that somebody has
    changed since the commit --base stay, as do tables that the commit does not have. Ends with 3
    where both are not equal afterwards.

    A table of another form is made again with --overwrite, unless it has triggers, rules or
    policies, which no commit has; privileges on it have to be granted again.

    To find them all rows of both sides are read. With --by-history only those are looked at that
    differ between --base and --at; what was changed there in others is not put right, and is found
    by the comparison afterwards, unless --no-verify is given too.

    \b
    Examples:
      dolt-sync restore shop.db postgresql://me@localhost/empty --at HEAD~1
      dolt-sync restore shop.db sqlite:///shop.sqlite --table users --dry-run
    """  # noqa: D301 - click reads \b as a control character
    with bars() as progress:
        done = restoring.restore(
            database,
            with_password(url, ask=ask_password),
            at=ref,
            tables=targets_of(tables),
            overwrite=overwrite,
            base=base,
            by_history=by_history,
            dry_run=dry_run,
            check=not no_verify,
            progress=progress,
        )
    if dry_run:
        for statement in done.statements:
            click.echo(f"{statement};")
    WRITERS["table"](
        ("table", "made", "added", "changed", "deleted", "kept"),
        [
            (one.table, "yes" if one.made else "", one.inserted, one.updated, one.deleted, one.kept)
            for one in done.tables
        ],
    )
    different = [str(one.there) for one in done.checked if not one.equal]
    if different:
        msg = f"not equal to the commit: {', '.join(different)}"
        if stayed := [one.table for one in done.tables if one.kept]:
            msg += (
                f"; rows of {', '.join(stayed)} stayed, for they are not as the commit {base} has "
                "them, so somebody may have changed them there: --base names the commit that the "
                "database was last equal to, --overwrite puts the rows back in any case"
            )
        raise verifying.DifferentError(msg)
    unseen = [one.table for one in done.tables if one.by_history]
    if unseen and not done.checked:
        click.echo(f"Looked at in part only, by history: {', '.join(unseen)}", err=True)
    if dry_run:
        click.echo("Nothing was written: a dry run")
        if done.refusals:
            msg = f"the restore would be refused: {'; '.join(done.refusals)}"
            raise ConfigError(msg)
    else:
        if done.checked:
            click.echo(f"Compared with the commit: {compared(done.checked)}")
        click.echo(f"Restored {done.commit}" + ("" if no_verify else ", and found it equal"))
