"""A load that also keeps what a source says of its tables: for whole tables, not for streams."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from target_dolt.constraint import Constraint
from target_dolt.errors import GuardError, TargetDoltError
from target_dolt.loading.guards import hurt_by
from target_dolt.loading.load import Load
from target_dolt.loading.publish import obstacles
from target_dolt.messages import TableChange
from target_dolt.names import folded
from target_dolt.retry import told
from target_dolt.tables import catalogue, objects
from target_dolt.tables.objects import SourceObject
from target_dolt.types import type_text


class SourceLoad(Load):
    """One run that brings a source's tables whole, with all that makes them again."""

    def drop(self, name: str) -> None:
        """Remove a table, and what the catalogue knows of it."""
        self.overlap.wait()
        table = self._landing.find(name)
        if table is not None:
            with told(f"table '{name}'"):
                self.branch.again(f"table '{name}'", lambda: self._landing.drop(table))
            self._written[name] = ""

    def objects(self, source: str) -> dict[tuple[str, str], SourceObject]:
        """Return what is kept of a source's objects, by kind and name."""
        self.overlap.wait()
        with told(objects.NAME):
            return objects.read(self.connection, self.tables, source)

    def standing(self, names: Iterable[str]) -> dict[str, list[SourceObject]]:
        """Return those of these tables that are there, each with the objects that it holds."""
        self.overlap.wait()
        with told(objects.NAME):
            held = objects.by_table(self.connection, self.tables)
            there = [name for name in names if self._landing.find(name) is not None]
        return {name: held.get(folded(name), []) for name in there}

    def columns(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the columns of those of these tables that are there, each with its type's text."""
        self.overlap.wait()
        with told("the tables"):
            found = {name: self._landing.find(name) for name in names}
        return {
            name: {column: type_text(one) for column, one in table.types.items()}
            for name, table in found.items()
            if table is not None
        }

    def define(self, wanted: Collection[SourceObject], gone: Collection[SourceObject]) -> None:
        """Keep what a source's objects are now, and forget those that are gone."""
        known = self.objects(next((one.source for one in [*wanted, *gone]), ""))
        if self.tables.has(objects.NAME):
            self.branch.know(objects.NAME)

        def write() -> bool:
            return objects.write(self.database, self.connection, self.tables, known, wanted, gone)

        with told(objects.NAME):
            if self.branch.again(objects.NAME, write):
                self._has_written = True
                self._written[objects.NAME] = ""

    def constrain(self, wanted: Mapping[str, Iterable[Constraint]], *, filled: bool) -> None:
        """Put on tables what they keep beside their types, before their rows or after them."""
        self.overlap.wait()
        with told("the constraints"):
            changed = self._landing.constraints.put(wanted, filled=filled)
        self._has_written |= bool(changed)
        self._written.update(dict.fromkeys(changed - self._written.keys(), ""))

    def preview(self) -> tuple[TableChange, ...]:
        """Return what a commit would change, in rows; nothing is committed."""
        self.overlap.wait()
        with told("the comparison"):
            own = filter(self.tables.has, [catalogue.NAME])
            return self.branch.stage([*self._written, *own])

    def refusals(self, changes: Collection[TableChange]) -> Iterator[TargetDoltError]:
        """Yield what a commit of these changes would be refused for, as its errors."""
        hurt = hurt_by(self.settings.guards, self.branch, self._written, changes)
        if hurt:
            msg = f"the branch '{self.branch.branch}' would stay as it is: {'; '.join(hurt)}"
            yield GuardError(msg)
        yield from obstacles(self, commits=bool(changes))
