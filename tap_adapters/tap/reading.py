"""What one run of tap-dolt reads: a database at one commit, and at the commits of bookmarks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from tap_adapters.history import QueryError, query_errors
from tap_adapters.history.kept import Kept, KeptTable, commit_at, kept_at, streamed
from tap_adapters.sources.snapshot import chunks, decoded
from target_dolt.backend import Where
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins

Rows = Sequence[Sequence[Any]]

_REMOVED = "WHERE diff_type = 'removed'"
_WRITTEN = "WHERE diff_type <> 'removed'"


class Reading:
    """A database, open for reading at one commit.

    Attributes:
        commit: The commit's hash, found once: what is committed meanwhile is not seen.
        kept: What the commit holds.
        plugins: The plugins that know types.
    """

    def __init__(self, where: Where, ref: str) -> None:
        """Open the database.

        Args:
            where: Which database.
            ref: A branch, a tag, a commit or a time.
        """
        self.plugins = load_plugins()
        self._database = open_database(replace(where, exists=True), self.plugins)
        self._open = ExitStack()
        self._open.callback(self._database.close)
        self._past: dict[str, Kept | None] = {}
        try:
            self.commit = commit_at(self._database, ref)
            self.kept = self._open.enter_context(kept_at(self._database, self.commit))
        except BaseException:
            self._open.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._open.close()

    def past(self, commit: str) -> Kept | None:
        """Return what another commit held; None where the database has no such commit."""
        if commit not in self._past:
            try:
                opened = kept_at(self._database, commit)
                self._past[commit] = self._open.enter_context(opened)
            except QueryError:
                self._past[commit] = None
        return self._past[commit]

    def made(self) -> str:
        """Return when the commit was made, in UTC."""
        query = sa.text("SELECT date FROM dolt_log WHERE commit_hash = :commit")
        with (
            query_errors(),
            self._database.connect(self.commit) as connection,
            connection.begin(),
        ):
            date = str(connection.execute(query, {"commit": self.commit}).scalar_one())
        return dt.datetime.fromisoformat(date).replace(tzinfo=dt.timezone.utc).isoformat()

    def written(self, table: KeptTable, names: Sequence[str], since: str) -> Iterator[Rows]:
        """Yield the rows that were added or changed since a commit, as they are now."""
        return self._differing(table, names, since, _WRITTEN, "to")

    def removed(self, table: KeptTable, names: Sequence[str], since: str) -> Iterator[Rows]:
        """Yield the rows that were removed since a commit, as they were then.

        Args:
            table: The table as it was then.
            names: Which of its columns.
            since: The commit.
        """
        return self._differing(table, names, since, _REMOVED, "from")

    def differs(self, table: KeptTable, since: str) -> bool:
        """Whether any row of a table differs from those of a commit."""
        return any(self._differing(table, list(table.types)[:1], since, "LIMIT 1", "to"))

    def _differing(
        self, table: KeptTable, names: Sequence[str], since: str, where: str, side: str
    ) -> Iterator[Rows]:
        decoders = [self.kept.decoder(table.types[name]) for name in names]
        with streamed(self._database, self.commit) as connection:
            result = self._database.diff_rows(connection, table.name, since, self.commit, where)
            places = list(result.keys())
            taken = [places.index(f"{side}_{name}") for name in names]
            for rows in chunks(result.fetchmany):
                chosen = [tuple([row[place] for place in taken]) for row in rows]
                yield decoded(chosen, decoders)
