"""History made anew: commits with other parents or without a row, and what points to them moved.

The old commits stay until all new ones are there; then branches and tags are moved, one after
the other, and what nobody needs any more is removed from the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import sqlalchemy as sa

from tap_adapters.history.commit_graph import Graph, GraphCommit, Tag, read_graph
from tap_adapters.history.commits import QueryError, query_errors
from tap_adapters.history.standstill import remove_branch, run_branches, standing_still
from target_dolt import Database
from target_dolt.errors import CommitConflictError, LockedError, driver_words
from target_dolt.queries import hash_of
from target_dolt.remotes import meaning
from target_dolt.runs import new_run_id, run_branch

Edit = Callable[[sa.Connection, GraphCommit], None]
"""Changes tables, given as a commit had them, before they are committed anew, and stages them."""


@dataclass(frozen=True, slots=True)
class Step:
    """A commit to be made anew.

    Attributes:
        commit: The commit as it is.
        parents: What its parents are to be, by the hashes that these have now.
        message: What it is to say.
    """

    commit: GraphCommit
    parents: tuple[str, ...]
    message: str


@dataclass(slots=True)
class Made:
    """What a rewriting did.

    Attributes:
        commits: The new commits' hashes by the old ones'.
        plain: Merges that became plain commits, by their old hashes.
        branches: The branches that were moved.
        tags: The tags that were moved.
    """

    commits: dict[str, str] = field(default_factory=dict)
    plain: list[str] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


@contextmanager
def rewriting(database: Database, graph: Graph, branches: Collection[str]) -> Iterator[Rewriting]:
    """Keep loads away and make commits anew, on branches that go with the context.

    Args:
        database: The open database.
        graph: The graph that was looked at.
        branches: The branches that are to be moved.

    Raises:
        LockedError: A run is at work.
        CommitConflictError: A branch has uncommitted changes, or the graph is another one now.
    """
    with standing_still(database, branches) as lock, ExitStack() as open_:
        if read_graph(database) != graph:
            msg = (
                f"somebody has changed '{database.name}' meanwhile: nothing was changed, try again"
            )
            raise CommitConflictError(msg)
        yield Rewriting(database, graph, run_branch(lock, new_run_id()), open_)


class Rewriting:
    """One rewriting of a history."""

    def __init__(self, database: Database, graph: Graph, prefix: str, open_: ExitStack) -> None:
        """Take the graph, how its own branches' names begin, and what closes them."""
        self._database = database
        self._graph = graph
        self._prefix = prefix
        self._open = open_
        self._tips: dict[str, sa.Connection] = {}
        self._count = 0
        self.made = Made()

    def replay(self, steps: Iterable[Step], edit: Edit | None = None) -> None:
        """Make commits anew, parents before their children; no branch and no tag moves yet.

        Args:
            steps: The commits, in this order.
            edit: What is done to a commit's tables; without one they stay as they are.
        """
        for step in steps:
            parents = [self.made.commits.get(one, one) for one in step.parents]
            if not parents:
                msg = f"the first commit, {step.commit.hash}, has no parent and cannot be made anew"
                raise QueryError(msg)
            with query_errors():
                connection = self._tips.pop(parents[0], None) or self._branch_at(parents[0])
                new = self._plain(connection, step, parents[0], edit)
                if len(parents) > 1:
                    new = self._merge(connection, step, parents, new)
            self._tips[new] = connection
            self.made.commits[step.commit.hash] = new

    def _branch_at(self, commit: str) -> sa.Connection:
        self._count += 1
        name = f"{self._prefix}-{self._count}"
        with self._database.connect(write=True) as connection, connection.begin():
            self._database.call(connection, "dolt_branch", name, commit)
        self._open.callback(remove_branch, self._database, name)
        return self._open.enter_context(self._database.connect(name, write=True))

    def _plain(self, connection: sa.Connection, step: Step, parent: str, edit: Edit | None) -> str:
        """Commit what a commit had onto another parent: the tables are taken, not their diff."""
        self._call(connection, "dolt_reset", "--hard", step.commit.hash)
        self._call(connection, "dolt_reset", "--soft", parent)
        if edit is not None:
            with connection.begin():
                edit(connection, step.commit)
        return self._commit(connection, step)

    def _merge(
        self, connection: sa.Connection, step: Step, parents: Sequence[str], plain: str
    ) -> str:
        """Make a merge a merge again, where that comes to the same tables; else leave it plain."""
        wanted = _contents(connection)
        try:
            self._call(connection, "dolt_reset", "--hard", parents[0])
            self._call(connection, "dolt_merge", "--no-ff", "--no-commit", parents[1])
            if _contents(connection) == wanted:
                return self._commit(connection, step)
        except sa.exc.DBAPIError:  # it has conflicts, or nothing to merge
            pass
        with suppress(sa.exc.DBAPIError):
            self._call(connection, "dolt_merge", "--abort")
        self._call(connection, "dolt_reset", "--hard", plain)
        self.made.plain.append(step.commit.hash)
        return plain

    def _commit(self, connection: sa.Connection, step: Step) -> str:
        one = step.commit
        if one.email:
            author: tuple[str, ...] = ("--author", f"{one.author} <{one.email}>")
        else:  # DoltLite alone has such commits, and takes no empty address as an option
            author = ()
            self._call(connection, "dolt_config", "user.name", one.author)
        date = f"{one.date.isoformat(timespec='milliseconds')}Z"
        options = ("--allow-empty", "-m", step.message, "--date", date, *author)
        return self._call(connection, "dolt_commit", *options)

    def _call(self, connection: sa.Connection, procedure: str, *arguments: str) -> str:
        with connection.begin():
            return str(self._database.call(connection, procedure, *arguments))

    def move(self, branches: Collection[str], tags: Collection[str]) -> None:
        """Move branches and tags from the old commits to the new ones.

        Raises:
            LockedError: A run has begun meanwhile; nothing was moved.
            CommitConflictError: A branch has moved meanwhile.
        """
        begun = [one for one in run_branches(self._database) if self._prefix not in one]
        if begun:
            msg = f"a run has begun meanwhile ('{begun[0]}'): nothing was changed, try again"
            raise LockedError(msg)
        for name in branches:
            old = self._graph.branches[name]
            new = self.made.commits.get(old, old)
            if new != old:
                self._move_branch(name, old, new)
        for name in tags:
            tag = self._graph.tags[name]
            new = self.made.commits.get(tag.commit, tag.commit)
            if new != tag.commit:
                self._move_tag(name, tag, new)

    def remove_tags(self, names: Iterable[str]) -> None:
        """Remove tags."""
        with query_errors(), self._database.connect(write=True) as connection:
            for name in names:
                self._call(connection, "dolt_tag", "-d", name)

    def _move_branch(self, name: str, old: str, new: str) -> None:
        target = self._database.connect(name, write=True)
        with query_errors(), target as connection, connection.begin():
            head = hash_of(connection, name)
            if head == old:
                self._database.call(connection, "dolt_reset", "--hard", new)
        if head != old:
            moved = ", ".join(f"'{one}'" for one in self.made.branches) or "no branch"
            msg = f"'{name}' was moved by somebody else; moved so far: {moved}. Try again"
            raise CommitConflictError(msg)
        self.made.branches.append(name)

    def _move_tag(self, name: str, tag: Tag, new: str) -> None:
        words = ("-m", tag.message) if tag.message else ()
        author = ("--author", f"{tag.author} <{tag.email}>") if tag.email else ()
        with query_errors(), self._database.connect(write=True) as connection:
            self._call(connection, "dolt_tag", "-d", name)
            self._call(connection, "dolt_tag", name, new, *words, *author)
        self.made.tags.append(name)


def tidy(database: Database, graph: Graph, replaced: Collection[str]) -> list[str]:
    """Forget remotes' branches that lead to replaced commits, and remove these from the disk.

    Returns:
        The remotes' branches that were forgotten: the remotes have them still.

    Raises:
        QueryError: What nobody needs could not be removed from the disk.
    """
    forgotten = [
        name
        for name, commit in graph.remote_branches.items()
        if graph.reached([commit]) & set(replaced)
    ]
    try:
        if forgotten:
            with database.connect(write=True) as connection:
                database.forget_remote_branches(connection, forgotten)
        database.collect()
    except sa.exc.DBAPIError as error:
        why = meaning(database.refusals, driver_words(error), "dolt_gc")
        msg = (
            f"'{database.name}' has its new history, and the old commits are still on the disk: "
            f"{why}. `{database.verb} dolt_gc()` removes them"
        )
        raise QueryError(msg) from None
    return forgotten


def readable(database: Database, commits: Iterable[str]) -> list[str]:
    """Return those of some commits that the database can still read."""
    found = []
    with database.connect() as connection:
        for commit in commits:
            with suppress(sa.exc.DBAPIError), connection.begin():
                if connection.execute(_LENGTH, {"ref": commit}).scalar():
                    found.append(commit)
    return found


def _contents(connection: sa.Connection) -> str:
    """Return the hash of all tables as they are now on a connection's branch."""
    with connection.begin():
        return str(connection.exec_driver_sql("SELECT dolt_hashof_db()").scalar())


_LENGTH = sa.text("SELECT count(*) FROM dolt_log(:ref)")
