"""`dolt-sync snapshot`: a whole database as one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from tap_adapters import sync
from tap_adapters.commands.bars import bars
from tap_adapters.commands.guard_options import guard_options
from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words
from tap_adapters.commands.sync_options import password_option, targets_of, with_password
from target_dolt.settings.guards import Guards


@click.command()
@click.argument("source", metavar="SOURCE_URL")
@click.argument("database")
@click.option(
    "--table",
    "tables",
    metavar="NAME[=TARGET]",
    multiple=True,
    help="Take this table, into one of another name if TARGET is given. Default: all tables.",
)
@click.option("--exclude", metavar="PATTERN", multiple=True, help="Leave out tables: '*_log'.")
@click.option("--branch", metavar="B", help="Commit on this branch, as in 'review/{run}'.")
@click.option("-m", "--message", metavar="M", help="The first line of the commit's message.")
@click.option("--tag", metavar="T", help="Tag the commit; {date}, {run} and {branch} are fields.")
@click.option("--push", metavar="REMOTE", help="Push it then: a remote's name, URL or path.")
@guard_options
@click.option("--keep", is_flag=True, help="Keep tables and columns that the source has no more.")
@click.option(
    "--moved",
    is_flag=True,
    help="The source is at another host or path than before: remove tables that it lacks.",
)
@click.option(
    "--take-over",
    is_flag=True,
    help="Replace tables of these names that a tap, another source or a person has filled.",
)
@click.option(
    "--create-database",
    is_flag=True,
    help="Make a Dolt database that is missing; a DoltLite file is always made.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Commit nothing; show statements, counts and what would be refused.",
)
@password_option
@errors_in_words
def snapshot(
    source: str,
    database: str,
    tables: Sequence[str],
    exclude: Sequence[str],
    branch: str | None,
    message: str | None,
    tag: str | None,
    push: str | None,
    guards: Guards,
    *,
    keep: bool,
    moved: bool,
    take_over: bool,
    create_database: bool,
    dry_run: bool,
    ask_password: bool,
) -> None:
    """Put all tables of a database, as they are at one instant, into one commit.

    SOURCE_URL is postgresql://, mysql://, mariadb:// or sqlite:///, in SQLAlchemy's form. What the
    source has no longer is gone in the commit; where nothing has changed, none is made. A source is
    known by its kind and name: one of the same name elsewhere removes no table unless --moved, and
    none replaces a table that something else has filled unless --take-over.
    Where a guard is hurt, the branch stays as it was, the load is kept on a branch that the error
    names, and the exit code is 4.

    \b
    Examples:
      dolt-sync snapshot postgresql://me@db.example.com/shop shop.db
      dolt-sync snapshot mysql://me@localhost/shop shop.db --table users --table orders=sales
      dolt-sync snapshot sqlite:///shop.sqlite dolt://root@localhost/shop --exclude '*_log'
    """  # noqa: D301 - click reads \b as a control character
    with bars() as progress:
        taken = sync.snapshot(
            with_password(source, ask=ask_password),
            database,
            tables=targets_of(tables),
            exclude=exclude,
            branch=branch,
            message=message,
            tag=tag,
            push_remote=push,
            guards=guards,
            keep=keep,
            moved=moved,
            take_over=take_over,
            create_database=create_database,
            dry_run=dry_run,
            progress=progress,
        )
    _tell(taken, dry_run=dry_run)


def _tell(taken: sync.Taken, *, dry_run: bool) -> None:
    """Say what was done, or would be."""
    for one in taken.left_out:
        click.echo(f"Left out: {one.kind} {one.name}", err=True)
    if dry_run:
        for statement in taken.statements:
            click.echo(f"{statement};")
    if taken.changes:
        WRITERS["table"](
            ("table", "added", "changed", "deleted"),
            [(one.table, one.added, one.changed, one.deleted) for one in taken.changes],
        )
    for line in _forms(taken):
        click.echo(line)
    if dry_run:
        click.echo("Nothing was committed: a dry run")
        if taken.refusals:
            raise taken.refusals[0]
    elif taken.commit is None:
        click.echo("Nothing has changed since the last snapshot")
    else:
        click.echo(f"Committed {taken.commit.hash}")


def _forms(taken: sync.Taken) -> Iterator[str]:
    """Yield which tables and columns came and went."""
    for what, names in (("New tables", taken.made), ("Dropped tables", taken.dropped)):
        if names:
            yield f"{what}: {', '.join(names)}"
    for table, words in taken.columns.items():
        yield f"Columns of {table}: {', '.join(words)}"
