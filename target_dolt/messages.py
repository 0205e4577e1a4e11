"""What a commit is, for whoever composes its message or hears of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableChange:
    """What a commit changes in one table, in rows.

    Attributes:
        table: Its name.
        added: How many rows are new.
        changed: How many rows are others now.
        deleted: How many rows are gone.
        rekeyed: Whether its key has another type now: Dolt compares no rows then, and the numbers
            say nothing.
    """

    table: str
    added: int
    changed: int
    deleted: int
    rekeyed: bool = False

    def __str__(self) -> str:
        """Return it as a log line has it."""
        if self.rekeyed:
            return f"{self.table} (key changed, rows not compared)"
        return f"{self.table} +{self.added} ~{self.changed} -{self.deleted}"


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """A commit that is about to be made.

    Attributes:
        branch: The target branch.
        pipeline: The pipeline's id.
        run: The run's id.
        records: Records received since the last commit, by stream.
        changes: What differs, by table; the tool's own tables are left out.
        widened: Columns that had to be widened: `table.column: OLD -> NEW`. A diff may show
            all of their rows.
        bad_records: Records that were left out, and noted in the tool's own table.
    """

    branch: str
    pipeline: str
    run: str
    records: dict[str, int]
    changes: tuple[TableChange, ...]
    widened: tuple[str, ...] = ()
    bad_records: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit on the target branch: what was pending, its hash and its message."""

    hash: str
    message: str
    pending: PendingCommit
