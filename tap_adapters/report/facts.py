"""A database's history for people to look at, as plain data: commits, growth, a sample of rows.

`tap_adapters.report.page` makes a page of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from tap_adapters.history import LogEntry, TableDiff, log, query_errors, table_diffs
from tap_adapters.history.kept import commit_at
from tap_adapters.report.growth import Step, TableGrowth, growth
from tap_adapters.report.sample import TableSample, samples
from tap_adapters.report.schema import SchemaChange, schema_changes
from tap_adapters.report.storage import path_of, size_on_disk, storage
from target_dolt import Database, Where
from target_dolt.loading.staged import OWN_PREFIX

COMMITS = 500
"""Commits that a report shows where nobody says how many."""


@dataclass(frozen=True, slots=True)
class ReportCommit:
    """One commit and what it changed against its first parent.

    Attributes:
        entry: Its hash, date, author and message.
        parents: The hashes of the commits before it; two for a merge, none for the first.
        mainline: Whether it is on the branch itself, not on one that was merged into it.
        tables: What it changed, by table.
        schema: What it changed of tables' definitions.
        rows: How many rows all tables have at it; None off the mainline.
    """

    entry: LogEntry
    parents: tuple[str, ...]
    mainline: bool
    tables: tuple[TableDiff, ...]
    schema: tuple[SchemaChange, ...]
    rows: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """A database's history.

    Attributes:
        database: What the database is called.
        ref: The branch, tag or commit whose history it is.
        commits: The commits that lead to it, the newest first.
        commits_in_all: How many there are, those that are not shown counted in.
        tables: Its tables through time, those with the most rows first.
        size: Bytes on disk now; None where that cannot be seen.
        storage: Bytes that history took at each commit of the mainline, the oldest first; empty
            where nobody asked for it.
        old: The older one of the two commits that are compared; None where there is but one.
        new: The newer one.
        differences: What differs between the two, with some of the rows.
    """

    database: str
    ref: str
    commits: tuple[ReportCommit, ...]
    commits_in_all: int
    tables: tuple[TableGrowth, ...]
    size: int | None
    storage: tuple[int, ...]
    old: LogEntry | None
    new: LogEntry
    differences: tuple[TableSample, ...]


def history_report(
    database: Database,
    *,
    ref: str = "HEAD",
    old: str | None = None,
    new: str | None = None,
    limit: int = COMMITS,
    where: Where | None = None,
    measure: bool = False,
) -> Report:
    """Read what a report shows; nothing is written to the database.

    Args:
        database: The open database.
        ref: The branch, tag or commit whose history is wanted.
        old: The older of the two commits to compare: a branch, tag, commit or time (UTC); None
            for the commit before the newer one.
        new: The newer one; None for `ref`.
        limit: How many commits are read, the newest first.
        where: Where the database is, for its size on disk.
        measure: Whether the bytes of history are measured, in a copy of the database.

    Raises:
        QueryError: There is no such branch, tag or commit.
        ConfigError: The bytes of a server's database are to be measured.
    """
    path = path_of(where)
    # Both are looked up first: a name that is wrong is told before a long history is read.
    head = commit_at(database, ref)
    newer = commit_at(database, new) if new else head
    older = commit_at(database, old) if old else None
    entries = list(log(database, head, limit))
    parents = _parents(database, {one.commit for one in entries} | {newer})
    if older is None:
        older = next(iter(parents.get(newer, ())), None)
    read = list(_changes(database, entries, parents))
    line = _mainline(head, parents)
    tables, totals = growth(
        _counts(database, head), [step for one, step, _ in read if one.commit in line]
    )
    at = dict(zip((one.commit for one, _, _ in read if one.commit in line), totals, strict=True))
    return Report(
        database.name,
        ref,
        tuple(
            ReportCommit(
                one,
                parents.get(one.commit, ()),
                one.commit in line,
                tuple(step.diffs),
                tuple(schema),
                at.get(one.commit),
            )
            for one, step, schema in read
        ),
        _count_commits(database, head),
        tables,
        size_on_disk(path) if path else None,
        storage(where, list(reversed(at))) if where and measure else (),
        _entry(database, older) if older else None,
        _entry(database, newer),
        tuple(samples(database, older, newer)) if older else (),
    )


def _entry(database: Database, commit: str) -> LogEntry:
    return next(islice(log(database, commit, 1), 1))


def _parents(database: Database, commits: set[str]) -> dict[str, tuple[str, ...]]:
    """Return the parents of some commits, the branch's own first."""
    found: dict[str, list[tuple[int, str]]] = {}
    with query_errors(), database.connect() as connection, connection.begin():
        for row in connection.exec_driver_sql(_ANCESTORS):
            if row.parent_hash and row.commit_hash in commits:
                found.setdefault(row.commit_hash, []).append((row.parent_index, row.parent_hash))
    return {one: tuple(parent for _, parent in sorted(each)) for one, each in found.items()}


def _mainline(head: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the commits that are met by going to each commit's first parent."""
    line = {head}
    while parents.get(head):
        head = parents[head][0]
        line.add(head)
    return line


def _changes(
    database: Database, entries: Sequence[LogEntry], parents: Mapping[str, Sequence[str]]
) -> Iterator[tuple[LogEntry, Step, list[SchemaChange]]]:
    """Yield each commit with what it changed."""
    with query_errors(), database.connect() as connection:
        for one in entries:
            before = next(iter(parents.get(one.commit, ())), None)
            if before is None:
                yield one, Step(()), []
                continue
            with connection.begin():
                diffs = table_diffs(connection, before, one.commit)
            rekeyed = {each.table for each in diffs if each.change == "rekeyed"}
            counted = _counts(database, before, rekeyed) if rekeyed else {}
            yield one, Step(diffs, counted), schema_changes(database, before, one.commit, diffs)


def _counts(
    database: Database, commit: str, tables: Collection[str] | None = None
) -> dict[str, int]:
    """Return how many rows each table of a commit has, or some tables."""
    with query_errors(), database.connect(commit) as connection, connection.begin():
        return {
            name: int(
                connection.execute(
                    sa.select(sa.func.count()).select_from(sa.table(name))
                ).scalar_one()
            )
            for name in sa.inspect(connection).get_table_names()
            if not name.startswith((OWN_PREFIX, "dolt_")) and (tables is None or name in tables)
        }


def _count_commits(database: Database, commit: str) -> int:
    with query_errors(), database.connect(commit) as connection, connection.begin():
        return int(connection.exec_driver_sql("SELECT COUNT(*) FROM dolt_log").scalar_one())


_ANCESTORS = "SELECT commit_hash, parent_hash, parent_index FROM dolt_commit_ancestors"
