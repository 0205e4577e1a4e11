"""Where a stream lands: its table, made or evolved, and noted in the catalogue."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.dialect import ColumnType
from target_dolt.errors import NameCollisionError, UnsupportedTypeError
from target_dolt.loading.asked import AskedConstraints
from target_dolt.loading.commits import RunBranch
from target_dolt.loading.constraints import Constraints
from target_dolt.names import folded, mapped_table, table_name
from target_dolt.plans.draft import Draft, draft
from target_dolt.plans.lenient import tell_refused
from target_dolt.plans.sources import Sources
from target_dolt.plugins import Plugins
from target_dolt.retry import told
from target_dolt.settings import Settings
from target_dolt.table import Table
from target_dolt.tables import catalogue, objects
from target_dolt.tables.catalogue import Catalogue
from target_dolt.tables.objects import Place, SourceObject
from target_dolt.tables.schema import Tables
from target_dolt.types import LONGTEXT, declared_bytes, mixes, type_text, widen

_log = logging.getLogger("target-dolt")


class Landing:
    """The tables that a run's streams go to.

    Attributes:
        constraints: What tables keep beside their types.
        lifted: Tables that have lost some of it.
        changed: Whether a table or the catalogue has changed since this was last set to False.
        widened: The columns that became wider since this was last emptied, for the message of
            the commit.
    """

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        sources: Sources,
        database: Database,
        branch: RunBranch,
        tables: Tables,
    ) -> None:
        """Read the catalogue of the run branch."""
        self._settings = settings
        self._plugins = plugins
        self._sources = sources
        self._database = database
        self._branch = branch
        self._tables = tables
        self._catalogue = Catalogue(database, branch.connection, tables)
        if tables.has(catalogue.NAME):
            branch.know(catalogue.NAME)
        self._objects = objects.read(branch.connection, tables) if sources.can_be_asked else {}
        if tables.has(objects.NAME):
            branch.know(objects.NAME)
        self.constraints = Constraints(database, branch, tables, self.find)
        self._asked = AskedConstraints(settings.source_constraints, sources, self.constraints)
        self._told: dict[str, set[str]] = {}
        self._streams: dict[str, tuple[str, str]] = {}
        self.lifted: set[str] = set()
        self.changed = False
        self.widened: list[str] = []

    def place(self, stream: str) -> str:
        """Return a stream's table: its place in `table_map`, the one it has, or a new one.

        Raises:
            NameCollisionError: `table_map` gives one table to two streams.
        """
        table_map = self._settings.table_map or {}
        if stream in table_map:
            name = mapped_table(stream, table_map[stream])
        else:
            others = set(table_map.values())
            taken = {folded(table) for table in others | self._catalogue.tables_beside(stream)}
            taken |= {key for key, (other, _) in self._streams.items() if other != stream}
            name = table_name(stream, self._settings.table_prefix, taken)
        other, _ = self._streams.setdefault(folded(name), (stream, name))
        if other != stream:
            msg = (
                f"the streams '{other}' and '{stream}' would both go to the table '{name}'; "
                "give one of them another table with `table_map`"
            )
            raise NameCollisionError(msg)
        return name

    def _before(self, drawn: Draft) -> Table | None:
        """Return a stream's table as it is before anything is changed, and remember its rows."""
        before = self.find(drawn.table.name)
        if before is None:
            self._branch.touch(drawn.table.name)
        else:
            self._branch.know(before.name)
        self._keep_row_small(drawn, before)
        return before

    def _keep_row_small(self, drawn: Draft, existing: Table | None) -> None:
        """Keep texts of new columns outside of the row where the table has no room for them."""
        limit = self._database.limits.row_bytes
        if existing is None or limit is None:
            return
        merged = {**drawn.table.types, **existing.types}
        if sum(declared_bytes(one) for one in merged.values()) > limit:
            for column in drawn.table.types.keys() - existing.types.keys():
                if isinstance(drawn.table.types[column], sa.VARCHAR):
                    drawn.table.types[column] = LONGTEXT

    def _check_room(self, drawn: Draft, existing: Table | None) -> None:
        limit = self._database.limits.columns
        columns = drawn.table.types.keys() | (existing.types.keys() if existing else ())
        if limit is not None and len(columns) > limit:
            msg = (
                f"stream '{drawn.stream}', table '{drawn.table.name}': {len(columns)} columns, "
                f"a table has room for {limit}; leave columns out with `stream_maps`"
            )
            raise UnsupportedTypeError(msg)

    def _check_types(self, drawn: Draft) -> None:
        for column, column_type in drawn.table.types.items():
            try:
                self._database.storage(column_type)
            except UnsupportedTypeError as error:
                name = drawn.properties[column][0]
                msg = f"stream '{drawn.stream}', column '{name}': {error}"
                raise UnsupportedTypeError(msg) from error

    def _tell_names(self, drawn: Draft) -> None:
        """Log, once for a database, where a stream or a property is called otherwise there."""
        stream, table = drawn.stream, drawn.table.name
        known = self._catalogue.columns(table, stream)
        usual = self._settings.table_prefix + stream.rsplit("-", 1)[-1]
        if not known and table != (self._settings.table_map or {}).get(stream, usual):
            _log.warning("The stream '%s' goes to the table '%s'", stream, table)
        for column, (name, _) in drawn.properties.items():
            if column != name and name not in known:
                _log.warning("stream '%s': '%s' is the column '%s'", stream, name, column)

    def land(
        self,
        stream: str,
        schema: Mapping[str, Any],
        keys: Sequence[str],
        wider: Mapping[str, ColumnType],
    ) -> tuple[Draft, Table]:
        """Make or evolve a stream's table; return what was asked for and what there is now.

        Args:
            stream: The stream's name.
            schema: Its schema.
            keys: Its key, empty for a table without one.
            wider: Types of columns that must hold more than the schema says.
        """
        table = self.place(stream)
        self._lift(table, harmless=not (self._sources.can_be_asked and self._asked.keeps_indexes))
        schema = self._sources.annotate(stream, schema)
        drawn = draft(
            stream,
            table,
            schema,
            keys,
            self._catalogue.columns(table, stream),
            self._sources.dialect(stream, schema, self._catalogue.dialect(table)),
            self._plugins,
            self._database.limits,
            strict=self._settings.strict_types,
        )
        self._check_types(drawn)
        self._tell_names(drawn)
        told_of = self._told.setdefault(stream, set())
        tell_refused(stream, [one for one in drawn.refused if one not in told_of])
        told_of.update(drawn.refused)
        drawn.table.types.update(wider)
        what = f"stream '{stream}', table '{drawn.table.name}'"
        with told(what):
            # What was there is asked once: a later attempt may find what an earlier one has made.
            before = self._branch.again(what, lambda: self._before(drawn))
            table_now = self._branch.again(what, lambda: self._fit(drawn, schema, before))
            return drawn, self._around(table_now)

    def _around(self, table: Table) -> Table:
        """Return a table without the columns that somebody else has added to it."""
        known = self._catalogue.types(table.name).keys() | set(table.key)
        types = {name: one for name, one in table.types.items() if name in known}
        return replace(
            table, types=types, others=tuple(one for one in table.types if one not in known)
        )

    def _lift(self, table: str, *, harmless: bool = True) -> None:
        """Take off a table what its rows could run into on their way."""
        with told(f"table '{table}'"):
            lifted = self.constraints.lift(table, harmless=harmless)
        self.lifted |= lifted
        self.changed |= bool(lifted)

    def _fit(self, drawn: Draft, schema: Mapping[str, Any], before: Table | None) -> Table:
        known = self._catalogue.types(drawn.table.name)
        properties = {
            column: (name, schema["properties"][name])
            for column, (name, _) in drawn.properties.items()
        }
        changes = self._settings.schema_changes
        if changes == "follow" and before is not None and self._differs(before, drawn, properties):
            self.drop(before)
            before, known = None, {}
        if before is not None and _widens(before, drawn.table):
            self._lift(before.name)  # an index has other words for a column of another type
        if before is None or changes != "freeze":
            self._check_room(drawn, before)
        table = self._tables.fit(drawn.table, known, frozen=changes == "freeze")
        self._branch.gone.discard(table.name)
        self.changed |= table != before
        self._note_widened(before, table)
        self.changed |= self._catalogue.record(
            catalogue.describe(table, drawn.stream, drawn.dialect.name, properties)
        )
        if self._sources.can_be_asked:
            self.changed |= self._define(self._sources.objects(drawn.stream, table.name))
            columns = self._catalogue.columns(table.name, drawn.stream)
            place = Place(table.name, columns)
            self.changed |= self._asked.take(drawn.stream, place, is_new=before is None)
        return table

    def finish(self) -> None:
        """Put on tables what their source says of them, for the commit."""
        self._asked.finish(self._objects.values(), self._catalogue)

    def _define(self, kept: Sequence[SourceObject]) -> bool:
        """Keep what a source that was asked says of a table; return whether that is new."""
        written = objects.write(
            self._database, self._branch.connection, self._tables, self._objects, kept, []
        )
        self._objects.update({(one.kind, one.name): one for one in kept})
        return written

    def _differs(
        self, before: Table, drawn: Draft, properties: Mapping[str, tuple[str, Any]]
    ) -> bool:
        """Whether a table cannot become what is wanted by columns that are added or widened."""
        if before.key != drawn.table.key or before.types.keys() - drawn.table.types.keys():
            return True
        for name, old in before.types.items():
            new = drawn.table.types[name]
            if not self._catalogue.same_source(before.name, name, properties[name][1]) and (
                type_text(widen(old, new)) != type_text(new)
            ):
                return True
        return False

    def drop(self, table: Table) -> None:
        """Remove a table, and what the catalogue knows of it."""
        self._lift(table.name)
        self._asked.forget(table.name)
        self.constraints.forget(table.name)
        self._branch.know(table.name)
        self._tables.drop(table)
        self._branch.gone.add(table.name)
        self._catalogue.forget(table.name)
        self.changed = True

    def find(self, name: str) -> Table | None:
        """Return a table that exists, or None."""
        return self._tables.find(name, self._catalogue.types(name))

    def _note_widened(self, before: Table | None, table: Table) -> None:
        for name, old in (before.types if before else {}).items():
            texts = type_text(old), type_text(table.types[name])
            if texts[0] != texts[1]:
                self.widened.append(f"{table.name}.{name}: {texts[0]} -> {texts[1]}")
            elif before and name in before.required - table.required:
                self.widened.append(f"{table.name}.{name}: NOT NULL -> NULL")


def _widens(before: Table, wanted: Table) -> bool:
    """Whether a column's type changes."""
    return any(
        mixes(old, new) and type_text(widen(old, new)) != type_text(old)
        for name, old in before.types.items()
        if (new := wanted.types.get(name)) is not None
    )
