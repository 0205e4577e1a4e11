"""What tests of restores ask: what was done, and what is there afterwards."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

import sqlalchemy as sa
from support import Place, database_of
from support_snapshot import Source

from demo.postgres import Postgres as PgServer
from tap_adapters.restore import Restored, restore
from tap_adapters.sources.schema import SourceSchema
from tap_adapters.sources.snapshot import open_snapshot


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


def dumped(server: PgServer, source: Source) -> str:
    """Return what pg_dump writes of a database's form."""
    url = sa.make_url(source.url)
    done = subprocess.run(
        [
            *(server.programs / "pg_dump", "--schema-only", "--host", str(url.host)),
            *("--port", str(url.port), "--username", str(url.username), str(url.database)),
        ],
        env={**os.environ, "PGPASSWORD": str(url.password)},
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE)


def in_own_words(source: Source, server: PgServer | None) -> list[Any]:
    """Return what a kind of database itself says of the form of its tables and types.

    Args:
        source: The database.
        server: The Postgres that it is on, if it is on one.
    """
    if server is not None:
        return dumped(server, source).splitlines()
    if source.kind == "sqlite":
        return list(source.query("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"))
    return [
        tuple(source.query(f"SHOW CREATE TABLE `{name}`")[0])
        for (name,) in source.query("SHOW TABLES")
    ]
