"""What tests of restores ask: what was done, and what is there afterwards."""

from __future__ import annotations

from typing import Any

from support import Place, database_of
from support_snapshot import Source

from tap_adapters.restore import Restored, restore
from tap_adapters.snapshot import open_snapshot
from tap_adapters.source_schema import SourceSchema


def back(place: Place, source: Source, **options: Any) -> Restored:
    """Carry a commit back; what was written must be equal, where all was."""
    done = restore(database_of(place), source.url, **options)
    if not any(one.kept for one in done.tables):
        assert [one.table for one in done.checked if not one.equal] == []
    return done


def shape(source: Source) -> SourceSchema:
    """Return what a source's tables are."""
    with open_snapshot(source.url) as opened:
        return opened.schema


def contents(source: Source) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of a source, as it gives them to its readers."""
    with open_snapshot(source.url) as opened:
        return {
            name: sorted((row for rows in opened.rows(table) for row in map(tuple, rows)), key=repr)
            for name, table in opened.schema.tables.items()
        }


def work(done: Restored) -> dict[str, tuple[int, int, int, int]]:
    """Return what was done to tables in which anything was or is to be done."""
    found = {
        one.table.rpartition(".")[2]: (one.inserted, one.updated, one.deleted, one.kept)
        for one in done.tables
    }
    return {table: counts for table, counts in found.items() if any(counts)}
