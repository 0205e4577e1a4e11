"""A commit carried back into a database: what is missing is made, what differs is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tap_adapters.comparison import Comparison, sums_of
from tap_adapters.destination import Destination, Row, open_destination
from tap_adapters.differences import PART_ROWS, Difference, compare, hashes
from tap_adapters.kept import Kept, kept_at
from tap_adapters.restore_plan import Plan, chosen_tables, form, plan_of, writers
from tap_adapters.restore_postgres import PostgresDestination
from tap_adapters.snapshot import Selection, decoded
from tap_adapters.source_schema import Counter, SourceTable, read_definition
from tap_adapters.verify import Checked, verify
from target_dolt.errors import ConfigError
from target_dolt.opening import open_database
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.settings import where_of


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
    """

    table: str
    made: bool = False
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        commit: The commit's hash.
        tables: What was done, by table.
        statements: The statements that were run, but for those of rows.
        checked: What the comparison afterwards found; empty where none was made.
    """

    commit: str
    tables: tuple[TableRestored, ...]
    statements: tuple[str, ...]
    checked: tuple[Checked, ...] = ()


def restore(
    database: str,
    url: str,
    *,
    at: str = "HEAD",
    tables: Mapping[str, str | None] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    check: bool = True,
    plugins: Plugins | None = None,
) -> Restored:
    """Carry a commit's tables into a database.

    Tables that are missing there are made, as their source had them where the database is of its
    kind. In tables that are there only rows that differ are touched; those that somebody has
    changed there since the last commit stay, unless `overwrite` is given.

    Args:
        database: A path or URL, as target-dolt takes it.
        url: The other database's SQLAlchemy URL.
        at: The branch, tag or commit, or a time in UTC: the last commit until then.
        tables: The commit's tables to carry back, each with the table there, None for the one
            that it came from. Default: all.
        overwrite: Whether rows that were changed there since are put back too, and tables of
            another form made again.
        dry_run: Whether nothing is written.
        check: Whether both are compared afterwards.
        plugins: The plugins to use; None loads what is installed.

    Raises:
        TargetDoltError: The message says what happened, and what was kept.
    """
    plugins = plugins or load_plugins()
    opened = open_database(where_of(database), plugins)
    try:
        with kept_at(opened, at) as wanted, kept_at(opened, "HEAD") as known:
            chosen = chosen_tables(wanted, tables or {})
            with open_destination(url, Selection(), dry_run=dry_run) as to:
                work = _Work(wanted, known, to, plugins, overwrite=overwrite)
                done = work.run(chosen)
            commit = wanted.commit
    finally:
        opened.close()
    checked: Sequence[Checked] = ()
    if check and not dry_run:
        names = {one.table: kept for (kept, _), one in zip(chosen, done, strict=True)}
        checked = verify(database, url, at=commit, tables=names, plugins=plugins)
    return Restored(commit, tuple(done), tuple(to.statements), tuple(checked))


class _Work:
    """One restore, from the first table to the last counter."""

    def __init__(
        self, wanted: Kept, known: Kept, to: Destination, plugins: Plugins, *, overwrite: bool
    ) -> None:
        self._wanted = wanted
        self._known = known
        self._to = to
        self._plugins = plugins
        self._overwrite = overwrite

    def run(self, chosen: Sequence[tuple[str, str | None]]) -> list[TableRestored]:
        """Make and mend tables; return what was done."""
        plans = [plan_of(self._wanted.tables[kept], name, self._to) for kept, name in chosen]
        there = self._to.snapshot.schema.tables
        made = [one for one in plans if one.table.name not in there or self._differs(one)]
        same = [one for one in plans if one not in made]
        self._prepare(made)
        self._to.before_rows([there[one.table.name] for one in made if one.table.name in there])
        for one in made:
            if one.table.name in there:
                self._to.drop(there[one.table.name])
            self._to.create(one.table, native=one.native)
        self._to.begin_rows()
        done = {one.table.name: self._fill(one) for one in made}
        done |= {one.table.name: self._mend(one) for one in same}
        # Where rows of somebody's own stay, a next value of then may be one of theirs.
        steady = [one for one in same if not done[one.table.name].kept and self._counts(one)]
        for native in (True, False):
            self._to.finish(
                [one.table for one in made if one.native is native],
                [one.table for one in steady if one.native is native],
                native=native,
            )
        return [done[one.table.name] for one in plans]

    def _counts(self, plan: Plan) -> bool:
        """Whether a table gives other values next than at the commit."""
        found = self._to.snapshot.schema.tables[plan.table.name]
        return [one.counter for one in found.columns] != [one.counter for one in plan.table.columns]

    def _prepare(self, made: Sequence[Plan]) -> None:
        """Make what tables are made of; set sequences of no table's own."""
        if isinstance(self._to, PostgresDestination):
            for schema in sorted({str(one.table.schema) for one in made if one.native}):
                if schema != self._to.snapshot.schema.default_schema:
                    self._to.make_schema(schema)
        counters = [
            read_definition(one.definition, Counter)
            for one in self._wanted.objects
            if one.kind == "sequence" and one.definition != "null"
        ]
        self._to.make_types(self._wanted.types if made else (), counters)

    def _differs(self, plan: Plan) -> bool:
        """Whether a table that is there has another form than the commit's."""
        found = self._to.snapshot.schema.tables[plan.table.name]
        if not plan.native:
            same = [one.name for one in found.columns] == [
                one.name for one in plan.table.columns
            ] and found.key == plan.table.key
        else:
            same = form(found) == form(plan.table)
        if not same and not self._overwrite:
            msg = (
                f"the table '{found.name}' has another form there than in the commit; nothing was "
                "changed: leave it out, or have it made again with --overwrite"
            )
            raise ConfigError(msg)
        return not same

    def _rows(self, plan: Plan) -> Iterator[Row]:
        names = [str(plan.kept.column_of(column.name)) for column in plan.columns]
        steps = writers(plan, self._to, self._plugins)
        for rows in self._wanted.rows(plan.kept, names):
            yield from decoded(rows, steps)

    def _fill(self, plan: Plan) -> TableRestored:
        count = 0

        def counted() -> Iterator[Row]:
            nonlocal count
            for row in self._rows(plan):
                count += 1
                yield row

        rows = counted()
        self._to.insert(plan.table, [one.name for one in plan.columns], rows)
        for _ in rows:
            pass  # counted, in a dry run
        return TableRestored(plan.table.name, made=True, inserted=count)

    def _mend(self, plan: Plan) -> TableRestored:
        found = self._to.snapshot.schema.tables[plan.table.name]
        pair = Comparison(plan.kept, found, self._wanted, self._to.snapshot, self._plugins)
        done = TableRestored(plan.table.name)
        base = self._base(plan, found)
        if not pair.key:
            return self._mend_keyless(plan, pair, base)
        parts = max(1, -(-pair.count() // PART_ROWS))
        for part in range(parts):
            known = None
            if not self._overwrite:
                known = hashes(base.wanted, base.key, part, parts) if base else {}
            difference = compare(
                hashes(pair.wanted, pair.key, part, parts),
                hashes(pair.there, pair.key, part, parts),
                known,
            )
            self._apply(plan, pair, difference)
            done = replace(
                done,
                inserted=done.inserted + len(difference.inserts),
                updated=done.updated + len(difference.updates),
                deleted=done.deleted + len(difference.deletes),
                kept=done.kept + difference.kept,
            )
        return done

    def _mend_keyless(self, plan: Plan, pair: Comparison, base: Comparison | None) -> TableRestored:
        """Replace all rows where any differs: without a key none can be told from another."""
        done = TableRestored(plan.table.name)
        wanted, there = sums_of(pair.wanted, ()), sums_of(pair.there, ())
        if wanted.parts == there.parts and wanted.rows == there.rows:
            return done
        known = sums_of(base.wanted, ()) if base else None
        if self._overwrite or (known is not None and known.parts == there.parts):
            self._to.before_rows([plan.table])
            self._to.clear(plan.table)
            return replace(self._fill(plan), made=False, deleted=there.rows)
        return replace(done, kept=abs(wanted.rows - there.rows) or 1)

    def _base(self, plan: Plan, found: SourceTable) -> Comparison | None:
        """Return the table as it was committed last, to tell what was changed there since."""
        kept = self._known.tables.get(plan.kept.name)
        if kept is None or self._overwrite:
            return None
        pair = Comparison(kept, found, self._known, self._to.snapshot, self._plugins)
        return pair if not pair.alone else None

    def _apply(self, plan: Plan, pair: Comparison, difference: Difference) -> None:
        """Delete, update and insert rows."""
        if not (difference.deletes or difference.updates or difference.inserts):
            return
        self._to.before_rows([plan.table])
        values = [self._to.value(pair.shared[place]) for place in pair.key]
        if difference.deletes:
            self._to.delete(plan.table, decoded(sorted(difference.deletes, key=repr), values))
        names = [one.name for one in plan.columns]
        key = [names.index(name) for name in plan.table.key]
        rest = [place for place in range(len(names)) if place not in key]
        updates: list[Row] = []
        inserts: list[Row] = []
        if not (difference.updates or difference.inserts):
            return
        for own, row in self._with_keys(pair, plan, difference.updates | difference.inserts):
            if own in difference.updates:
                updates.append([row[place] for place in (*rest, *key)])
            else:
                inserts.append(row)
        if updates:
            self._to.update(plan.table, [names[place] for place in rest], updates)
        if inserts:
            self._to.insert(plan.table, names, inserts)

    def _with_keys(
        self, pair: Comparison, plan: Plan, meant: set[tuple[Any, ...]]
    ) -> Iterator[tuple[tuple[Any, ...], Row]]:
        """Yield some of the commit's rows as parameters, each after its key in its one form."""
        names = [str(plan.kept.column_of(column.name)) for column in plan.columns]
        steps = writers(plan, self._to, self._plugins)
        places = [names.index(pair.columns[place]) for place in pair.key]
        forms = [pair.forms[place] for place in pair.key]
        for rows in self._wanted.rows(plan.kept, names):
            keys = decoded([[row[place] for place in places] for row in rows], forms)
            some = [
                (tuple(key), row)
                for key, row in zip(keys, rows, strict=True)
                if tuple(key) in meant
            ]
            made = decoded([row for _, row in some], steps)
            yield from zip([key for key, _ in some], made, strict=True)
