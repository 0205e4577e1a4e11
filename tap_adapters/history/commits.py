"""A database's history: its commits, and what differs between two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from target_dolt import Database
from target_dolt.errors import TargetDoltError
from target_dolt.loading.staged import OWN_PREFIX
from target_dolt.queries import hash_of


class QueryError(TargetDoltError):
    """A statement or a reference that the database did not take."""


@contextmanager
def query_errors() -> Iterator[None]:
    """Tell what a database answered, without the statement's values."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise QueryError(str(error.orig)) from error


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit: its hash, when it was made (UTC), by whom, and what it says."""

    commit: str
    date: str
    author: str
    message: str


@dataclass(frozen=True, slots=True)
class TableDiff:
    """What differs in one table between two commits.

    Attributes:
        table: The table's name, the newer one where it was renamed.
        change: `added`, `dropped`, `renamed`, `changed` or `rekeyed`: its primary key has other
            columns, so that no engine can say which rows differ.
        schema_changed: Whether its columns differ.
        added: Rows that only the newer commit has.
        changed: Rows that both have, with other values.
        deleted: Rows that only the older commit has.
        former: The older commit's name of a table that was renamed, else None.
    """

    table: str
    change: str
    schema_changed: bool
    added: int
    changed: int
    deleted: int
    former: str | None = None


def commit_of(database: Database, ref: str) -> str:
    """Return the hash of a branch's head, a tag or a commit; `HEAD~1` counts back.

    A commit's hash may be cut off where no other one begins so: the log of loads has ten digits.

    Raises:
        QueryError: There is no such thing, or there are several.
    """
    try:
        with database.connect() as connection, connection.begin():
            return hash_of(connection, ref)
    except sa.exc.DBAPIError as error:
        cut = _CUT_OFF.match(ref)
        if cut is not None:
            with query_errors(), database.connect() as connection, connection.begin():
                found = connection.execute(_BEGINNING, {"beginning": f"{cut[1]}%"}).scalars().all()
                if len(found) == 1:
                    return hash_of(connection, found[0] + cut[2])
                if found:
                    msg = f"there are several commits whose hashes begin with '{cut[1]}'"
                    raise QueryError(msg) from error
        msg = f"there is no branch, tag or commit '{ref}'"
        raise QueryError(msg) from error


_CUT_OFF = re.compile(r"([0-9a-v]{7,31})((?:[~^]\d*)*)$")
"""The beginning of a hash, which has 32 digits in Dolt and 40 in DoltLite, and what follows it."""

_BEGINNING = sa.text(
    "SELECT DISTINCT commit_hash FROM dolt_commit_ancestors WHERE commit_hash LIKE :beginning "
    "LIMIT 2"
)


def merge_base(database: Database, one: str, other: str) -> str:
    """Return the hash of the commit where two commits, given by their hashes, parted.

    Raises:
        QueryError: They have none in common.
    """
    pair = {"one": one, "other": other}
    with query_errors(), database.connect() as connection, connection.begin():
        found = connection.execute(sa.text("SELECT dolt_merge_base(:one, :other)"), pair).scalar()
    if found is None:
        msg = f"'{one}' and '{other}' have no commit in common"
        raise QueryError(msg)
    return str(found)


def log(database: Database, ref: str = "HEAD", limit: int | None = None) -> Iterator[LogEntry]:
    """Yield the commits that lead to `ref`, the newest first, `limit` at the most."""
    query = "SELECT commit_hash, date, committer, email, message FROM dolt_log"
    count = "" if limit is None else f" LIMIT {limit:d}"
    commit = commit_of(database, ref)
    with query_errors(), database.connect(commit) as connection, connection.begin():
        for row in connection.exec_driver_sql(query + count):
            author = f"{row.committer} <{row.email}>" if row.email else row.committer
            yield LogEntry(row.commit_hash, str(row.date), author, row.message)


def diff(database: Database, old: str, new: str, *, own: bool = False) -> list[TableDiff]:
    """Return what differs between two references, by table.

    Args:
        database: The open database.
        old: The older branch, tag or commit.
        new: The newer one.
        own: Whether the tables that target-dolt keeps for itself are among them.
    """
    commits = commit_of(database, old), commit_of(database, new)
    with query_errors(), database.connect() as connection, connection.begin():
        return table_diffs(connection, *commits, own=own)


def table_diffs(
    connection: sa.Connection, old: str, new: str, *, own: bool = False
) -> list[TableDiff]:
    """Return what differs between two commits, given by their hashes, on an open connection."""
    pair = {"old": old, "new": new}
    counts = {row.table_name: row for row in connection.execute(_STAT, pair)}
    found = []
    for row in connection.execute(_SUMMARY, pair):
        table = row.to_table_name or row.from_table_name
        if own or not table.startswith(OWN_PREFIX):
            count = counts.get(table)
            found.append(
                TableDiff(
                    table,
                    WORDS.get(row.diff_type, row.diff_type),
                    bool(row.schema_change),
                    int(count.rows_added or 0) if count else 0,
                    int(count.rows_modified or 0) if count else 0,
                    int(count.rows_deleted or 0) if count else 0,
                    row.from_table_name if row.diff_type == "renamed" else None,
                )
            )
    # Both engines leave such a table out of the summary.
    named = {one.table for one in found}
    found += [
        TableDiff(table, "rekeyed", schema_changed=True, added=0, changed=0, deleted=0)
        for table in counts
        if table not in named and (own or not table.startswith(OWN_PREFIX))
    ]
    return sorted(found, key=lambda one: one.table)


WORDS = {"modified": "changed", "removed": "deleted"}
"""Our words for the engines'."""

_STAT = sa.text("SELECT * FROM dolt_diff_stat(:old, :new)")
_SUMMARY = sa.text("SELECT * FROM dolt_diff_summary(:old, :new)")
