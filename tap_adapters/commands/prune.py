"""`dolt-sync prune`: the last days' commits and the tagged ones stay, the others become few."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import click

from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words, opened
from tap_adapters.history import QueryError
from tap_adapters.history.commit_graph import Graph, GraphCommit, read_graph
from tap_adapters.history.remotes import default_branch
from tap_adapters.history.rewrite import Made, Step, rewriting, tidy
from target_dolt import Database


@dataclass(frozen=True, slots=True)
class Pruning:
    """What a pruning does.

    Attributes:
        branches: The branches whose history becomes small.
        tags: The tags that come along, each keeping a commit.
        steps: The commits that are made anew.
        squashed: The commits that go; their changes are in the next one that stays.
        lost_tags: Tags on commits that go.
        left: Branches and tags that go on leading to what was squashed for the others.
    """

    branches: tuple[str, ...]
    tags: tuple[str, ...]
    steps: tuple[Step, ...]
    squashed: frozenset[str]
    lost_tags: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def plan(
    graph: Graph,
    since: dt.datetime,
    branches: Collection[str],
    *,
    others: str | None = None,
    keep_tags: bool = True,
) -> Pruning:
    """Return what a pruning would do.

    Args:
        graph: The commits as they are.
        since: Commits made at this time (UTC) or later stay.
        branches: Whose history it is about.
        others: What becomes of other branches and tags that lead to commits which would go:
            `carry` prunes them too, `leave` leaves them with all of theirs.
        keep_tags: Whether a tag keeps its commit.

    Raises:
        QueryError: There is no such branch, or others are in the way.
    """
    missing = ", ".join(f"'{one}'" for one in branches if one not in graph.branches)
    if missing:
        msg = f"there is no branch {missing}"
        raise QueryError(msg)
    span = graph.reached(graph.branches[one] for one in branches)
    tags = [name for name, tag in graph.tags.items() if tag.commit in span]
    found = _plan(graph, since, branches, tags, keep_tags=keep_tags)
    touched = found.squashed | {step.commit.hash for step in found.steps}
    other_branches = [
        name
        for name, head in graph.branches.items()
        if name not in branches and graph.reached([head]) & touched
    ]
    other_tags = [
        name
        for name, tag in graph.tags.items()
        if name not in tags and graph.reached([tag.commit]) & touched
    ]
    names = (*other_branches, *other_tags)
    if names and others is None:
        quoted = ", ".join(f"'{one}'" for one in names)
        msg = (
            f"{quoted} would be left on the old history, and keep it on the disk: prune them too "
            "(--others carry), or leave them so (--others leave); nothing was changed"
        )
        raise QueryError(msg)
    if names and others == "carry":
        both = [*branches, *other_branches], [*tags, *other_tags]
        return _plan(graph, since, *both, keep_tags=keep_tags)
    return Pruning(found.branches, found.tags, found.steps, found.squashed, found.lost_tags, names)


def _plan(
    graph: Graph,
    since: dt.datetime,
    branches: Collection[str],
    tags: Collection[str],
    *,
    keep_tags: bool,
) -> Pruning:
    heads = {graph.branches[one] for one in branches}
    tagged = {graph.tags[one].commit for one in tags}
    span = graph.reached(heads | tagged if keep_tags else heads)
    own_message = {
        one.hash for one in graph.in_order(span) if not one.parents or one.date >= since
    } | heads
    if keep_tags:
        own_message |= tagged
    kept = _with_bases(graph, span, own_message, since)
    steps = tuple(_steps(graph, kept, own_message))
    squashed = frozenset(span - kept)
    lost = tuple(one for one in tags if graph.tags[one].commit not in kept)
    stay = tuple(one for one in tags if one not in lost)
    return Pruning(tuple(branches), stay, steps, squashed, lost)


def _with_bases(
    graph: Graph, span: Collection[str], wanted: Collection[str], since: dt.datetime
) -> set[str]:
    """Add the commits that recent ones stand on, and those where kept lines part."""
    kept = set(wanted)
    kept |= {one.parents[0] for one in graph.in_order(wanted) if one.parents and one.date >= since}
    lines: Counter[str] = Counter()
    for one in reversed(list(graph.in_order(span))):
        if lines[one.hash] > 1:
            kept.add(one.hash)
        if one.parents and (one.hash in kept or lines[one.hash]):
            lines[one.parents[0]] += 1
    return kept


def _steps(graph: Graph, kept: Collection[str], own_message: Collection[str]) -> Iterator[Step]:
    anew: set[str] = set()
    for one in graph.in_order(kept):
        if not one.parents:
            continue
        gone = list(_until(graph, one.parents[0], kept))
        first = gone[-1].parents[0] if gone else one.parents[0]
        parents = (first, *(parent for parent in one.parents[1:] if parent in kept))
        if parents != one.parents or anew.intersection(parents):
            anew.add(one.hash)
            plain = one.hash in own_message or not gone
            yield Step(one, parents, one.message if plain else _squash_message(one, gone))


def _until(graph: Graph, name: str, kept: Collection[str]) -> Iterator[GraphCommit]:
    """Yield the commits of a line that go, from this one back to the next that stays."""
    while name not in kept:
        commit = graph.commits[name]
        yield commit
        name = commit.parents[0]


def _squash_message(last: GraphCommit, gone: Sequence[GraphCommit]) -> str:
    first = min(one.date for one in gone)
    days = f"{first:%Y-%m-%d} to {last.date:%Y-%m-%d}"
    return f"Squash {len(gone) + 1} commits of {days}\n\nThe last was: {last.message}"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning did.

    Attributes:
        made: The commits that were made anew, and what was moved.
        forgotten: Remotes' branches that are no longer known: they have the old history.
        before: The bytes on the disk before; None where they cannot be seen.
        after: The bytes after.
    """

    made: Made
    forgotten: tuple[str, ...]
    before: int | None
    after: int | None


def prune(database: Database, graph: Graph, pruning: Pruning) -> Pruned:
    """Do what was planned.

    Raises:
        LockedError: A run is at work; nothing was changed.
        CommitConflictError: A branch has uncommitted changes, or somebody has committed since.
        QueryError: The message says what was refused.
    """
    before = database.size()
    with rewriting(database, graph, pruning.branches) as work:
        work.replay(pruning.steps)
        work.move(pruning.branches, pruning.tags)
        work.remove_tags(pruning.lost_tags)
    replaced = pruning.squashed | work.made.commits.keys()
    forgotten = tidy(database, graph, replaced)
    return Pruned(work.made, tuple(forgotten), before, database.size())


@click.command("prune")
@click.argument("database")
@click.option(
    "--keep-days",
    metavar="N",
    type=click.IntRange(min=0),
    required=True,
    help="Commits of the last N days stay one by one.",
)
@click.option(
    "--branch",
    "branches",
    metavar="B",
    multiple=True,
    help="Whose history; default: the database's default branch.",
)
@click.option(
    "--others",
    type=click.Choice(["carry", "leave"]),
    help="What becomes of other branches and tags on old commits: pruned too, or left with all of "
    "theirs. Without it such branches stop the command.",
)
@click.option(
    "--keep-tags/--drop-tags",
    default=True,
    show_default=True,
    help="Whether a tag keeps its commit, or goes with it.",
)
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would go.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@errors_in_words
def command(
    database: str,
    keep_days: int,
    branches: Sequence[str],
    others: str | None,
    *,
    keep_tags: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Keep the last days' commits and the tagged ones, and squash the others.

    Each commit that stays has the tables that it had, its message, author and date, and a new
    hash. What nothing leads to any more is removed from the disk. Clones and remotes keep the old
    history: `dolt-sync push --force` replaces it there.

    \b
    Examples:
      dolt-sync prune shop.db --keep-days 90 --dry-run
      dolt-sync prune shop.db --keep-days 90 --others carry --yes
    """  # noqa: D301 - click reads \b as a control character
    since = dt.datetime.now(tz=dt.timezone.utc).replace(tzinfo=None) - dt.timedelta(keep_days)
    with opened(database) as found:
        graph = read_graph(found)
        chosen = tuple(dict.fromkeys(branches)) or (default_branch(found),)
        pruning = plan(graph, since, chosen, others=others, keep_tags=keep_tags)
        _show(graph, pruning)
        if dry_run or not (pruning.squashed or pruning.steps):
            click.echo("Nothing was changed" + (": a dry run" if dry_run else ""))
            return
        if not yes:
            click.confirm("Rewrite the history?", abort=True, err=True)
        done = prune(found, graph, pruning)
    _tell(pruning, done)


def _show(graph: Graph, pruning: Pruning) -> None:
    rows = []
    for name in pruning.branches:
        all_ = graph.reached([graph.branches[name]])
        rows.append((name, len(all_), len(all_ - pruning.squashed)))
    WRITERS["table"](("branch", "commits", "stay"), rows)
    old = [one for one in pruning.tags if graph.tags[one].commit not in pruning.squashed]
    for words, names in (
        ("Tags, each with its commit", old),
        ("Tags that go", pruning.lost_tags),
        ("Left with all of their history", pruning.left),
    ):
        if names:
            click.echo(f"{words}: {', '.join(names)}")


def _tell(pruning: Pruning, done: Pruned) -> None:
    click.echo(
        f"Squashed {len(pruning.squashed)} commits, made {len(done.made.commits)} anew"
        + (
            f", {len(done.made.plain)} of them merges that are plain commits now"
            * bool(done.made.plain)
        )
    )
    if done.before is None or done.after is None:
        click.echo("How many bytes that saved only the server's disk shows")
    else:
        click.echo(f"{done.before:,} bytes before, {done.after:,} after")
    for name in done.forgotten:
        click.echo(f"'{name}' has the old history still: `dolt-sync push --force` replaces it")
