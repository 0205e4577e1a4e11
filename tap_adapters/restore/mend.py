"""A table that is there already, made equal to a commit's by its rows that differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tap_adapters.history.kept import Kept, KeptTable
from tap_adapters.restore.between import Between, Pair, columns_of
from tap_adapters.restore.destination import Destination, Row
from tap_adapters.restore.differences import (
    PART_ROWS,
    Difference,
    Hashes,
    Key,
    Part,
    compare,
    hashes,
    unequal,
)
from tap_adapters.restore.plan import TablePlan
from tap_adapters.restore.rows import PlanRows
from tap_adapters.restore.written import Written, gathered
from tap_adapters.sources.snapshot import Progress, decoded, untold
from tap_adapters.verify.comparison import Comparison, sums_of
from target_dolt.plugins import Plugins
from target_dolt.types import type_text


@dataclass(frozen=True, slots=True)
class TableRestored:
    """What was done to one table, or in a dry run would be.

    Attributes:
        table: Its full name in the database.
        made: Whether it was made, or made again.
        inserted: Rows that were added.
        updated: Rows that were given other values.
        deleted: Rows that were removed.
        kept: Rows that differ and stay: somebody has changed them there since.
        by_history: Whether only rows were looked at that differ between the two commits.
    """

    table: str
    made: bool = False
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    kept: int = 0
    by_history: bool = False

    def with_more(self, difference: Difference) -> TableRestored:
        """Return this with what was done of a difference."""
        return replace(
            self,
            inserted=self.inserted + len(difference.inserts),
            updated=self.updated + len(difference.updates),
            deleted=self.deleted + len(difference.deletes),
            kept=self.kept + difference.kept,
        )


class Mending:
    """The mending of one table.

    Args:
        plan: The table.
        wanted: The commit that it is to be equal to.
        known: The commit that the database was last known to be equal to.
        to: The database.
        plugins: The plugins.
        overwrite: Whether rows that were changed there since are put back too.
        progress: Told of rows as they are looked at or written.
    """

    def __init__(
        self,
        plan: TablePlan,
        wanted: Kept,
        known: Kept,
        to: Destination,
        plugins: Plugins,
        *,
        overwrite: bool,
        progress: Progress = untold,
    ) -> None:
        """Put the three beside each other."""
        told = partial(progress, plan.table.name)
        self._told = told
        self._plan = plan
        self._wanted = wanted
        self._known = known
        self._to = to
        self._overwrite = overwrite
        found = to.snapshot.schema.tables[plan.table.name]
        self._pair = Comparison(plan.kept, found, wanted, to.snapshot, plugins, told)
        self._rows = PlanRows(plan, wanted, to, plugins, progress)
        self._between = Between(plan, wanted, known, self._pair, self._rows)
        self._written = Written(plan.table, found, to, self._rows.names)
        self._base: Comparison | None = None
        kept = known.tables.get(plan.kept.name)
        if kept is not None and not overwrite:
            base = Comparison(kept, found, known, to.snapshot, plugins, told)
            self._base = None if base.alone else base

    def run(self, *, by_history: bool) -> TableRestored:
        """Mend it; by history where that can tell which rows differ."""
        if not self._pair.key:
            return self._keyless()
        known = self._known.tables.get(self._plan.kept.name)
        if by_history and known is not None and _alike(known, self._plan.kept):
            return self._by_history()
        return self._by_comparison()

    def _by_comparison(self) -> TableRestored:
        """Mend it by what differs of all its rows."""
        done = TableRestored(self._plan.table.name)
        pair = self._pair
        values = [self._to.value(pair.shared[place]) for place in pair.key]
        later: set[Key] = set()
        parts = max(1, -(-pair.count() // PART_ROWS))
        for number in range(parts):
            part = Part(number, parts)
            new, old = unequal(pair.wanted, pair.there, pair.key, part)
            known = None if self._overwrite else self._known_of(new, old, part)
            difference = compare(new, old, known)
            done = done.with_more(difference)
            self._written.delete(decoded(sorted(self._gone(difference), key=repr), values))
            if self._written.is_contested:
                later |= difference.updates | difference.inserts
            else:
                self._write(difference)
        self._write(Difference(inserts=later))
        return done

    def _gone(self, difference: Difference) -> set[Key]:
        """Return the keys of rows that are deleted, for good or until they are written anew."""
        if self._written.is_contested:
            return difference.deletes | difference.updates
        return difference.deletes

    def _write(self, difference: Difference) -> None:
        """Update and insert rows that differ, read from the commit."""
        meant = difference.updates | difference.inserts
        if not meant:
            return
        columns = self._written.columns
        for some in gathered(self._with_keys(meant)):
            updates = [row for own, row in some if own in difference.updates]
            places = [self._rows.names.index(name) for name in (*columns, *self._plan.table.key)]
            self._written.update(columns, columns_of(updates, places))
            self._written.insert([row for own, row in some if own in difference.inserts])

    def _known_of(self, new: Hashes, old: Hashes, part: Part) -> Hashes:
        """Return the hashes of rows as the known commit has them, of those that are unequal."""
        meant = new.keys() | old.keys()
        kept = self._known.tables.get(self._plan.kept.name)
        if not meant or kept is None or self._base is None:
            return {}
        if not _alike(kept, self._plan.kept):
            return hashes(self._base.wanted, self._base.key, part, meant)
        found = dict(new)  # a row that no diff tells is the same in both commits
        for some, _ in self._between.chunks():
            for own in self._between.forms([now for _, now in some if now is not None]):
                found.pop(own, None)
            olds = self._between.hashes([before for before, _ in some if before is not None])
            found |= {own: one for own, one in olds.items() if own in meant}
        return found

    def _by_history(self) -> TableRestored:
        """Mend it by what differs between the two commits, looking at no other row."""
        done = TableRestored(self._plan.table.name, by_history=True)
        later: set[Key] = set()
        exchanges = self._to.exchanges and not self._overwrite
        for found, exchange in self._between.chunks(exchanges=exchanges):
            some = found
            if exchange is not None:
                count = self._written.exchange(exchange)
                done = replace(done, updated=done.updated + count)
                self._told(count)
                if count == exchange.count:  # all that is left are rows that one commit lacks
                    some = [(old, new) for old, new in some if old is None or new is None]
            difference = self._mend_some(some) if some else Difference()
            done = done.with_more(difference)
            if self._written.is_contested:
                later |= difference.updates | difference.inserts
        for some, _ in self._between.chunks() if later else ():
            news = [new for _, new in some if new is not None]
            self._insert(self._between.forms(news), news, later)
        return done

    def _mend_some(self, some: Sequence[Pair]) -> Difference:
        """Look at some rows there that differ between the two commits; write what is due."""
        between = self._between
        olds = [old for old, _ in some if old is not None]
        news = [new for _, new in some if new is not None]
        removed = [old for old, new in some if old is not None and new is None]
        forms = between.forms(news)
        keys = between.keys(forms, news) | between.keys(between.forms(removed), removed)
        rows = self._to.with_keys(self._plan.table, list(keys.values()))
        difference = compare(
            between.hashes(news),
            hashes(partial(self._pair.there, rows), self._pair.key),
            None if self._overwrite else between.hashes(olds),
        )
        self._written.delete([keys[one] for one in sorted(self._gone(difference), key=repr)])
        if self._written.is_contested:
            return difference
        # A row that is as it was at `base` is right once it has what changed since; of one
        # that somebody has changed anything may be wrong.
        columns = self._written.columns if self._overwrite else between.changed(some)
        updates = [new for own, new in zip(forms, news, strict=True) if own in difference.updates]
        self._written.update(columns, between.values(updates, [*columns, *self._plan.table.key]))
        self._insert(forms, news, difference.inserts)
        return difference

    def _insert(self, forms: Sequence[Key], news: Sequence[Row], meant: Collection[Key]) -> None:
        """Add those rows of the commit whose keys are meant."""
        rows = [new for own, new in zip(forms, news, strict=True) if own in meant]
        self._written.insert(self._between.values(rows, self._rows.names))

    def _keyless(self) -> TableRestored:
        """Replace all rows where any differs: without a key none can be told from another."""
        done = TableRestored(self._plan.table.name)
        wanted, there = sums_of(self._pair.wanted, ()), sums_of(self._pair.there, ())
        if wanted.parts == there.parts and wanted.rows == there.rows:
            return done
        known = sums_of(self._base.wanted, ()) if self._base else None
        if self._overwrite or (known is not None and known.parts == there.parts):
            self._to.before_rows([self._plan.table])
            self._to.clear(self._plan.table)
            count = self._to.fill(self._plan.table, self._rows)
            return replace(done, inserted=count, deleted=there.rows)
        return replace(done, kept=abs(wanted.rows - there.rows) or 1)

    def _with_keys(self, meant: set[Key]) -> Iterator[list[tuple[Key, Row]]]:
        """Yield some of the commit's rows as parameters, each after its key in its one form."""
        names, pair = self._rows.kept_names, self._pair
        places = [names.index(pair.columns[place]) for place in pair.key]
        forms = [pair.forms[place] for place in pair.key]
        for rows in self._wanted.rows(self._plan.kept, names):
            keys = map(tuple, decoded(columns_of(rows, places), forms))
            some = [(key, row) for key, row in zip(keys, rows, strict=True) if key in meant]
            made = decoded([row for _, row in some], self._rows.steps)
            yield list(zip([key for key, _ in some], made, strict=True))


def _alike(one: KeptTable, other: KeptTable) -> bool:
    """Whether two commits have a table in the same form, so that a diff tells all of its rows."""
    texts = [{name: type_text(kind) for name, kind in each.types.items()} for each in (one, other)]
    return one.key == other.key and texts[0] == texts[1]
