"""A commit carried back into a database: what is missing is made, what differs is mended."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tap_adapters.history.kept import Kept, kept_at
from tap_adapters.restore.destination import Destination, open_destination
from tap_adapters.restore.mend import Mending, TableRestored
from tap_adapters.restore.plan import TablePlan, chosen_tables, form, plan_of
from tap_adapters.restore.rights import lacking
from tap_adapters.restore.rows import PlanRows
from tap_adapters.sources.schema import Counter, SourceTable, read_definition
from tap_adapters.sources.snapshot import Progress, Selection, untold
from tap_adapters.verify import Checked, verify
from target_dolt.errors import ConfigError
from target_dolt.opening import open_database
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.settings import where_of

_log = logging.getLogger("target-dolt")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        commit: The commit's hash.
        tables: What was done, by table.
        statements: The statements that were run, but for those of rows.
        checked: What the comparison afterwards found; empty where none was made.
        refusals: What a dry run has found that the database would refuse, in words.
    """

    commit: str
    tables: tuple[TableRestored, ...]
    statements: tuple[str, ...]
    checked: tuple[Checked, ...] = ()
    refusals: tuple[str, ...] = ()


def restore(
    database: str,
    url: str,
    *,
    at: str = "HEAD",
    tables: Mapping[str, str | None] | None = None,
    overwrite: bool = False,
    base: str = "HEAD",
    by_history: bool = False,
    dry_run: bool = False,
    check: bool = True,
    progress: Progress | None = None,
    plugins: Plugins | None = None,
) -> Restored:
    """Carry a commit's tables into a database.

    Tables that are missing there are made, as their source had them where the database is of its
    kind. In tables that are there only rows that differ are touched; those that somebody has
    changed there since the commit `base` stay, unless `overwrite` is given.

    Args:
        database: A path or URL, as target-dolt takes it.
        url: The other database's SQLAlchemy URL.
        at: The branch, tag or commit, or a time in UTC: the last commit until then.
        tables: The commit's tables to carry back, each with the table there, None for the one
            that it came from. Default: all.
        overwrite: Whether rows that were changed there since are put back too, and tables of
            another form made again.
        base: The commit that the database was last equal to, given as `at` is.
        by_history: Whether in tables that are there only those rows are looked at that differ
            between `base` and this commit. It is faster by as much as rows are equal, and right
            where the database is still as `base` has it: what was changed there since in other
            rows is seen by the comparison afterwards, and stays.
        dry_run: Whether nothing is written.
        check: Whether both are compared afterwards.
        progress: Told of rows as they are looked at, written and, under a name that says so,
            compared.
        plugins: The plugins to use; None loads what is installed.

    Raises:
        TargetDoltError: The message says what happened, and what was kept.
    """
    plugins = plugins or load_plugins()
    tell = progress or untold
    opened = open_database(where_of(database), plugins)
    try:
        with kept_at(opened, at) as wanted, kept_at(opened, base) as known:
            chosen = chosen_tables(wanted, tables or {})
            with open_destination(url, Selection(), dry_run=dry_run) as to:
                work = _Work(
                    wanted, known, to, plugins, tell, overwrite=overwrite, by_history=by_history
                )
                done = work.run(chosen)
                refusals = tuple(work.refusals() if dry_run else ())
            commit = wanted.commit
    finally:
        opened.close()
    checked: Sequence[Checked] = ()
    if check and not dry_run:
        names = {one.table: kept for (kept, _), one in zip(chosen, done, strict=True)}
        checked = verify(
            database,
            url,
            at=commit,
            tables=names,
            progress=lambda table, rows: tell(f"{table}, compared", rows),
            plugins=plugins,
        )
    return Restored(commit, tuple(done), tuple(to.statements), tuple(checked), refusals)


class _Work:
    """One restore, from the first table to the last counter."""

    def __init__(
        self,
        wanted: Kept,
        known: Kept,
        to: Destination,
        plugins: Plugins,
        progress: Progress,
        *,
        overwrite: bool,
        by_history: bool,
    ) -> None:
        self._wanted = wanted
        self._known = known
        self._to = to
        self._plugins = plugins
        self._progress = progress
        self._overwrite = overwrite
        self._by_history = by_history
        self._done: list[tuple[SourceTable, TableRestored]] = []

    def run(self, chosen: Sequence[tuple[str, str | None]]) -> list[TableRestored]:
        """Make and mend tables; return what was done."""
        types = [one.name for one in self._wanted.types]
        plans = [plan_of(self._wanted.tables[kept], name, self._to, types) for kept, name in chosen]
        there = self._to.snapshot.schema.tables
        made = [one for one in plans if one.table.name not in there or self._differs(one)]
        same = [one for one in plans if one not in made]
        self._tell_of_types(made)
        self._keep_what_is_lost([there[one.table.name] for one in made if one.table.name in there])
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
        self._done = [(one.table, done[one.table.name]) for one in plans]
        return [one for _, one in self._done]

    def refusals(self) -> Iterator[str]:
        """Yield what the database would not have let its user do."""
        there = self._to.snapshot.schema.tables
        again = [one.table for _, one in self._done if one.made and one.table in there]
        yield from lacking(self._to, self._done, again)

    def _tell_of_types(self, made: Sequence[TablePlan]) -> None:
        for plan in made:
            types = {one.name: one.type for one in plan.table.columns}
            for column, native in plan.generic.items():
                _log.warning(
                    "table '%s', column '%s': the database has no type %s, and the commit does "
                    "not say how to make it; the column is made as %s, with every value",
                    plan.table.name, column, native, types[column],
                )  # fmt: skip

    def _keep_what_is_lost(self, dropped: Sequence[SourceTable]) -> None:
        """Refuse to make tables again whose triggers nobody could bring back."""
        for table in dropped:
            if lost := self._to.lost_with(table):
                msg = (
                    f"the table '{table.name}' has another form there than in the commit, and with "
                    f"it would go what no commit has: {', '.join(lost)}; nothing was changed: save "
                    "and drop these first, or give the table the commit's form by hand"
                )
                raise ConfigError(msg)

    def _counts(self, plan: TablePlan) -> bool:
        """Whether a table gives other values next than at the commit."""
        found = self._to.snapshot.schema.tables[plan.table.name]
        return [one.counter for one in found.columns] != [one.counter for one in plan.table.columns]

    def _prepare(self, made: Sequence[TablePlan]) -> None:
        """Make what tables are made of; set sequences of no table's own."""
        schemas = {one.table.schema for one in made if one.native and one.table.schema}
        for schema in sorted(schemas - {self._to.snapshot.schema.default_schema}):
            self._to.make_schema(schema)
        counters = [
            read_definition(one.definition, Counter)
            for one in self._wanted.objects
            if one.kind == "sequence" and one.definition != "null"
        ]
        self._to.make_types(self._wanted.types if made else (), counters)

    def _differs(self, plan: TablePlan) -> bool:
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

    def _fill(self, plan: TablePlan) -> TableRestored:
        rows = PlanRows(plan, self._wanted, self._to, self._plugins, self._progress)
        return TableRestored(plan.table.name, made=True, inserted=self._to.fill(plan.table, rows))

    def _mend(self, plan: TablePlan) -> TableRestored:
        mending = Mending(
            plan,
            self._wanted,
            self._known,
            self._to,
            self._plugins,
            overwrite=self._overwrite,
            progress=self._progress,
        )
        return mending.run(by_history=self._by_history)
