"""`dolt-sync erase`: a row leaves all of a history, for a person's right to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tap_adapters.commands.shell import errors_in_words, opened
from tap_adapters.history import QueryError, erasure
from tap_adapters.history.commit_graph import Graph, read_graph
from tap_adapters.history.rewrite import Step, readable, rewriting, tidy
from target_dolt import Database


class StillThereError(QueryError):
    """The history is made anew, and something still leads to commits that hold the row."""


@click.command("erase")
@click.argument("database")
@click.option("--table", metavar="T", required=True, help="The rows' table.")
@click.option(
    "--key",
    metavar="K",
    multiple=True,
    help="The row's key: a value, or COLUMN=VALUE for each column of it.",
)
@click.option(
    "--where",
    "columns",
    metavar="C=V",
    multiple=True,
    help="All rows with this value in this column; with several, in each of them.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; say what it would cost.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@errors_in_words
def command(
    database: str,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase a row, or all rows with some values, from every commit of every branch and tag.

    Each commit that holds such a row, and all that follow it, are made anew with all else that they
    had, and get new hashes. The old ones are removed from the disk. Clones, remotes and backups
    keep the row, and so does the source, which may send it again.

    \b
    Examples:
      dolt-sync erase shop.db --table users --key 42 --dry-run
      dolt-sync erase shop.db --table seats --key hall=3 --key seat=12
      dolt-sync erase shop.db --table logins --where user=42
    """  # noqa: D301 - click reads \b as a control character
    if bool(key) == bool(columns) or not all("=" in one for one in columns):
        msg = "give either --key, or --where COLUMN=VALUE"
        raise click.UsageError(msg)
    with opened(database) as found:
        graph = read_graph(found)
        rows = erasure.Rows(found, table, key or columns, by_key=bool(key))
        holders = rows.holders(graph)
        steps = erasure.steps(graph, holders)
        if columns:
            click.echo(f"Rows with these values: {rows.most:,} at the most in one commit")
        _show(graph, holders, steps)
        if dry_run:
            click.echo("Nothing was changed: a dry run")
            return
        if steps and not yes:
            click.confirm("Rewrite the history?", abort=True, err=True)
        for name in erase(found, graph, rows, holders, steps):
            click.echo(
                f"'{name}' has the row still: `dolt-sync push --force` replaces that history"
            )
    if holders:
        click.echo("No commit holds the row, and the old ones are removed from the disk")
    else:
        click.echo("No commit had such a row: none was erased; see that the key is right")


def erase(
    database: Database,
    graph: Graph,
    rows: erasure.Rows,
    holders: set[str],
    steps: Sequence[Step],
) -> list[str]:
    """Do what was found to be needed; return the remotes' branches that have the row still.

    Raises:
        LockedError: A run is at work; nothing was changed.
        CommitConflictError: A branch has uncommitted changes, or somebody has committed since.
        QueryError: The message says what was refused.
        StillThereError: The history is made anew, and old commits can be read all the same.
    """
    anew = {step.commit.hash for step in steps}
    branches = [name for name, head in graph.branches.items() if head in anew]
    with rewriting(database, graph, branches) as work:
        work.replay(steps, rows.erase)
        work.move(branches, tuple(graph.tags))
    forgotten = tidy(database, graph, holders | anew)
    left = readable(database, sorted(holders))
    now = read_graph(database)
    if left or rows.holders(now) & now.commits.keys():
        msg = (
            f"'{database.name}' has its new history, and {len(left)} old commits that hold the row "
            "can still be read: something else leads to them, such as a transaction that another "
            "connection to the server has open, a stash of Dolt's or a run that began meanwhile; "
            "end or remove it and erase again"
        )
        raise StillThereError(msg)
    return forgotten


def _show(graph: Graph, holders: set[str], steps: Sequence[Step]) -> None:
    anew = {step.commit.hash for step in steps}
    click.echo(f"Commits that hold the row: {len(holders)} of {len(graph.commits)}")
    if not steps:
        return
    click.echo(f"Commits to make anew: {len(steps)}, the first of {steps[0].commit.date}")
    moved = [name for name, head in graph.branches.items() if head in anew]
    tags = [name for name, tag in graph.tags.items() if tag.commit in anew]
    for words, names in (("Branches", moved), ("Tags", tags)):
        if names:
            click.echo(f"{words} to move: {', '.join(names)}")
