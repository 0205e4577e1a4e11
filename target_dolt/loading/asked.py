"""What a source that is asked says of tables beside their types, put on them for the commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from target_dolt.constraint import Constraint
from target_dolt.loading.constraints import Constraints
from target_dolt.plans.sources import Sources
from target_dolt.tables.catalogue import Catalogue
from target_dolt.tables.objects import Place, SourceObject


class AskedConstraints:
    """What the tables of one run's streams are to keep."""

    def __init__(self, how: str, sources: Sources, constraints: Constraints) -> None:
        """Begin without a table.

        Args:
            how: The setting `source_constraints`.
            sources: What is asked.
            constraints: What is on the tables.
        """
        self._is_all = how == "all"
        self._sources = sources
        self._constraints = constraints
        self._new: dict[str, Collection[Constraint]] = {}
        self._streams: dict[str, Place] = {}

    @property
    def keeps_indexes(self) -> bool:
        """Whether indexes stay on a table while its rows are written."""
        return not self._is_all

    def take(self, stream: str, place: Place, *, is_new: bool) -> bool:
        """Take a stream's table, made or evolved; return whether this has changed it.

        Indexes of a new table wait for the commit: with rows there they are half the work. And
        all of it waits for the run's one commit, whose rows then satisfy it or do not.
        """
        if self._is_all:
            self._streams[stream] = place
            return False
        wanted = self._sources.harmless(stream, place.table, place.columns)
        if is_new or place.table in self._new:
            self._new[place.table] = wanted
            return False
        return self._constraints.keep(place.table, wanted)

    def forget(self, table: str) -> None:
        """Forget a table that is gone."""
        self._new.pop(table, None)

    def finish(self, known: Iterable[SourceObject], catalogue: Catalogue) -> None:
        """Put on the tables what has waited.

        Args:
            known: All that is kept of sources.
            catalogue: The columns of tables.
        """
        while self._new:
            self._constraints.keep(*self._new.popitem())
        if not self._streams:
            return
        wanted = self._sources.constraints(self._streams, self._others(known, catalogue))
        self._constraints.put(wanted, filled=True)

    def _others(self, known: Iterable[SourceObject], catalogue: Catalogue) -> dict[str, Place]:
        """Return where the tables of the same source are, by their names there."""
        own = {place.table for place in self._streams.values()}
        tables = [one for one in known if one.kind == "table"]
        sources = {one.source for one in tables if one.table_name in own}
        return {
            one.name: Place(one.table_name, catalogue.properties(one.table_name))
            for one in tables
            if one.table_name is not None and one.source in sources
        }
