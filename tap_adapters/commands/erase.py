"""`dolt-sync erase`: a row leaves all of a history, for a person's right to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tap_adapters.commands.shell import opened, told
from tap_adapters.history import QueryError, erasure
from tap_adapters.history.commit_graph import Graph, read_graph
from tap_adapters.history.rewrite import Step, readable, rewriting, tidy
from target_dolt import Database


class StillThereError(QueryError):
    """The history is made anew, and something still leads to commits that hold the row."""


@click.command("erase")
@click.argument("database")
@click.option("--table", metavar="T", required=True, help="The row's table.")
@click.option(
    "--key",
    metavar="K",
    multiple=True,
    required=True,
    help="The row's key: a value, or COLUMN=VALUE for each column of it.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; say what it would cost.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@told
def command(database: str, table: str, key: Sequence[str], *, dry_run: bool, yes: bool) -> None:
    """Erase a row from every commit of every branch and tag.

    Each commit that holds the row, and all that follow it, are made anew with all else that they
    had, and get new hashes. The old ones are removed from the disk. Clones, remotes and backups
    keep the row, and so does the source, which may send it again.

    \b
    Examples:
      dolt-sync erase shop.db --table users --key 42 --dry-run
      dolt-sync erase shop.db --table seats --key hall=3 --key seat=12
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        graph = read_graph(found)
        row = erasure.Row(found, table, key)
        holders = row.holders(graph)
        steps = erasure.steps(graph, holders)
        _show(graph, holders, steps)
        if dry_run:
            click.echo("Nothing was changed: a dry run")
            return
        if steps and not yes:
            click.confirm("Rewrite the history?", abort=True, err=True)
        for name in erase(found, graph, row, holders, steps):
            click.echo(
                f"'{name}' has the row still: `dolt-sync push --force` replaces that history"
            )
    click.echo("No commit holds the row, and the old ones are removed from the disk")


def erase(
    database: Database,
    graph: Graph,
    row: erasure.Row,
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
        work.replay(steps, row.erase)
        work.move(branches, tuple(graph.tags))
    forgotten = tidy(database, graph, holders | anew)
    left = readable(database, sorted(holders))
    now = read_graph(database)
    if left or row.holders(now) & now.commits.keys():
        msg = (
            f"'{database.name}' has its new history, and {len(left)} old commits that hold the row "
            "can still be read: something else leads to them, such as a stash of Dolt's or a run "
            "that began meanwhile; remove it and erase again"
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
