"""What differs between two commits, for somebody who is to say yes or no: as plain data.

`tap_adapters.report.markdown` makes a text of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from tap_adapters.history import LogEntry, TableDiff, commit_of, diff, log, merge_base
from tap_adapters.history.remotes import branches, default_branch
from tap_adapters.report.sample import TableSample, samples
from tap_adapters.report.schema import SchemaChange, schema_changes
from target_dolt import Database

COLUMNS = 12
"""Columns of a table that are shown: as many as a page beside other things is wide."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a branch would bring to another one.

    Attributes:
        database: What `dolt-sync` takes the database by; never with a password.
        refs: The older and the newer branch, tag or commit, as they were named.
        base: The older commit that is compared: where the two parted, or the older one itself.
        new: The newer commit.
        since_parted: Whether it is where the two parted.
        behind: Whether the older one has commits that the newer one lacks.
        diffs: What differs, by table.
        schema: What differs of tables' definitions.
        samples: Some of the rows that differ; empty where nobody asked for them.
        into: The branch that could take the newer one in; None where it is no branch.
        default: Whether that is the database's default branch.
    """

    database: str
    refs: tuple[str, str]
    base: LogEntry
    new: LogEntry
    since_parted: bool
    behind: bool
    diffs: tuple[TableDiff, ...]
    schema: tuple[SchemaChange, ...]
    samples: tuple[TableSample, ...]
    into: str | None
    default: bool


def review(
    database: Database,
    old: str,
    new: str,
    *,
    since_parted: bool = False,
    rows: int = 0,
    own: bool = False,
) -> Review:
    """Read what differs between two references.

    Args:
        database: The open database.
        old: The older branch, tag or commit.
        new: The newer one.
        since_parted: Whether only what the newer one has done since the two parted is wanted.
        rows: How many rows of each table are read to be shown.
        own: Whether the tables that target-dolt keeps for itself are counted too.

    Raises:
        QueryError: There is no such reference, or the two have no commit in common.
    """
    first, last = commit_of(database, old), commit_of(database, new)
    shared = merge_base(database, first, last)
    base = shared if since_parted else first
    diffs = diff(database, base, last, own=own)
    default = default_branch(database)
    into = default if old == "HEAD" else old
    named = {one.name for one in branches(database)}
    return Review(
        database.argument,
        (old, new),
        next(islice(log(database, base, 1), 1)),
        next(islice(log(database, last, 1), 1)),
        since_parted,
        shared != first,
        tuple(diffs),
        tuple(schema_changes(database, base, last, diffs)),
        tuple(samples(database, base, last, rows=rows, columns=COLUMNS)) if rows else (),
        into if into in named and new in named and into != new else None,
        into == default,
    )
