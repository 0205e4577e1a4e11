"""A database's commits as a graph: whose parent is whose, and what leads to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import sqlalchemy as sa

from tap_adapters.history.commits import QueryError, query_errors
from target_dolt import Database
from target_dolt.runs import lock_of


@dataclass(frozen=True, slots=True)
class GraphCommit:
    """One commit: its hash, its parents' hashes, when (UTC), by whom, and what it says."""

    hash: str
    parents: tuple[str, ...]
    date: dt.datetime
    author: str
    email: str
    message: str


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: its commit's hash, by whom, and what it says."""

    commit: str
    author: str
    email: str
    message: str


@dataclass(frozen=True, slots=True)
class Graph:
    """All commits that a branch, a tag or a remote's branch leads to.

    Attributes:
        commits: The commits by hash, parents before their children.
        branches: Each branch's commit; branches that belong to a run are left out.
        tags: The tags.
        remote_branches: The commits of remotes' branches, as they were last seen.
    """

    commits: Mapping[str, GraphCommit]
    branches: Mapping[str, str]
    tags: Mapping[str, Tag]
    remote_branches: Mapping[str, str]

    def reached(self, heads: Iterable[str]) -> set[str]:
        """Return the commits that these lead to, themselves among them."""
        found: set[str] = set()
        waiting = list(heads)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.commits[one].parents
        return found

    def in_order(self, wanted: Iterable[str]) -> Iterator[GraphCommit]:
        """Yield these commits, parents before their children."""
        chosen = set(wanted)
        return (commit for name, commit in self.commits.items() if name in chosen)


def read_graph(database: Database) -> Graph:
    """Read the graph.

    Raises:
        QueryError: The history is not whole: a clone of less than all of it.
    """
    with query_errors(), database.connect() as connection, connection.begin():
        branches = {
            str(name): str(commit)
            for name, commit in connection.exec_driver_sql(_BRANCHES)
            if lock_of(name) is None
        }
        tags = {
            row.tag_name: Tag(row.tag_hash, row.tagger, row.email or "", row.message or "")
            for row in connection.exec_driver_sql(_TAGS)
        }
        remote = {
            str(name).removeprefix("remotes/"): str(commit)
            for name, commit in connection.exec_driver_sql(_REMOTE_BRANCHES)
        }
        parents: dict[str, list[str]] = {}
        for commit, parent in connection.exec_driver_sql(_PARENTS):
            parents.setdefault(commit, []).extend([parent] if parent else [])
        rows: dict[str, Mapping[str, Any]] = {}
        for head in (*branches.values(), *(one.commit for one in tags.values()), *remote.values()):
            if head not in rows:
                for row in connection.execute(_LOG, {"ref": head}).mappings():
                    rows[row["commit_hash"]] = dict(row)
        for name in rows.keys() - parents.keys():  # Dolt lists those of branches alone
            hashes = connection.execute(_PARENTS_OF, {"name": name}).scalars()
            parents[name] = [one for one in hashes if one]
        commits = {name: _commit(row, parents[name]) for name, row in rows.items()}
    return Graph(_sorted(database, commits), branches, tags, remote)


def _commit(row: Mapping[str, Any], parents: Iterable[str]) -> GraphCommit:
    return GraphCommit(
        hash=row["commit_hash"],
        parents=tuple(parents),
        date=dt.datetime.fromisoformat(str(row["date"])),
        author=row.get("author") or row["committer"],  # DoltLite has the latter alone
        email=row.get("author_email") or row["email"] or "",
        message=row["message"] or "",
    )


def _sorted(database: Database, commits: Mapping[str, GraphCommit]) -> dict[str, GraphCommit]:
    missing = {one for commit in commits.values() for one in commit.parents} - commits.keys()
    if missing:
        msg = (
            f"'{database.name}' has only a part of its history, it lacks the commit "
            f"{min(missing)}: clone all of it"
        )
        raise QueryError(msg)
    order = TopologicalSorter({name: one.parents for name, one in commits.items()})
    return {name: commits[name] for name in order.static_order()}


_BRANCHES = "SELECT name, hash FROM dolt_branches ORDER BY name"
_REMOTE_BRANCHES = "SELECT name, hash FROM dolt_remote_branches ORDER BY name"
_TAGS = "SELECT tag_name, tag_hash, tagger, email, message FROM dolt_tags ORDER BY tag_name"
_PARENTS = """
SELECT commit_hash, parent_hash FROM dolt_commit_ancestors ORDER BY commit_hash, parent_index
"""
# A Dolt server takes one hash alone for a key, and refuses a merge's two rows of it (2.3.1).
_PARENTS_OF = sa.text(
    "SELECT parent_hash FROM dolt_commit_ancestors WHERE commit_hash IN (:name, '') "
    "ORDER BY parent_index"
)
_LOG = sa.text("SELECT * FROM dolt_log(:ref)")
