"""What a source's tables keep beside their types: NOT NULL, uniques, indexes, foreign keys.

A source vouches for its rows as they are at one instant; on the way there they may be anything.
So all of it is taken off a table before rows are written, and put on once every table has its
rows (NOT NULL before them): the order of tables does not matter, a bulk load that replaces by key
meets no second unique index, and a foreign key that is put on is verified with it. What the
database does not take stays in the catalogue alone and ends no run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from target_dolt.constraint import COLUMN, FOREIGN, Constraint
from target_dolt.tables import objects
from target_dolt.tables.objects import SourceObject

if TYPE_CHECKING:
    from target_dolt.backend import Database
    from target_dolt.loading.commits import RunBranch
    from target_dolt.table import Table
    from target_dolt.tables.schema import Tables

_OWN = "target-dolt"
"""The `source` of what is put on a table here, in the catalogue of objects."""

_KIND = "constraints"

SILENT = "target_dolt_silent"
"""Execution option of a statement that leaves a table as the last commit has it."""

_log = logging.getLogger("target-dolt")


_ORDER = (COLUMN, "unique", "index", "check", "comment", FOREIGN)
"""A foreign key leads to a unique index: it comes last."""


_LOSE_THE_COMMENT = frozenset({COLUMN, "unique"})
"""For these Dolt makes a table anew, without its comment (2.3.1)."""


class Constraints:
    """What is on the tables of the run branch, as far as sources have brought it."""

    def __init__(
        self,
        database: Database,
        branch: RunBranch,
        tables: Tables,
        find: Callable[[str], Table | None],
    ) -> None:
        """Read what the last commit has.

        Args:
            database: The open database.
            branch: The run's branch.
            tables: The tables on it.
            find: Finds a table with its types.
        """
        self._database = database
        self._branch = branch
        self._tables = tables
        self._find = find
        self._there: dict[str, list[Constraint]] = {
            one.name: msgspec.json.decode(one.definition, type=list[Constraint])
            for one in objects.read(branch.connection, tables, _OWN).values()
        }
        self._lifted: dict[str, list[Constraint]] = {}

    def lift(self, table: str, *, harmless: bool = True) -> set[str]:
        """Take off what rows of a table could run into; return the tables that this changed.

        Args:
            table: The table.
            harmless: Whether that goes too which no row can run into.
        """
        changed: dict[str, list[Constraint]] = {}
        for name, there in self._there.items():
            own = [one for one in there if name == table and (harmless or not one.is_harmless)]
            off = [one for one in there if one in own or one.table == table]
            if off:
                changed[name] = off
        for name in sorted(changed, key=lambda one: one == table):  # others' foreign keys first
            self._take_off(name, changed[name])
        return set(changed)

    def _take_off(self, name: str, off: Collection[Constraint]) -> None:
        self._branch.know(name)
        table = self._find(name)
        stay = {one.name for one in self._there[name] if one.columns and one not in off}
        for one in sorted(off, key=_place, reverse=True):
            statements = self._database.constraint(table, one) if table is not None else None
            lift = statements.lift if statements else ()
            if one.kind == FOREIGN and one.name in stay:
                lift = lift[:1]  # MySQL's own index of that name is not the foreign key's alone
            for statement in lift:
                self._execute(statement, silent=True)  # somebody may have taken it off already
        self._lifted.setdefault(name, []).extend(off)
        self._there[name] = [one for one in self._there[name] if one not in off]
        self._tables.forget(name)
        self._write({name})

    def keep(self, table: str, wanted: Collection[Constraint]) -> bool:
        """Have just this on a table that a tap fills; return whether that changed it.

        Args:
            table: The table.
            wanted: What no row can run into.
        """
        there = self._there.get(table, [])
        off = [one for one in there if one not in wanted]
        if off:
            self._take_off(table, off)
        missing = sorted((one for one in wanted if one not in there), key=_place)
        if any(one.kind in _LOSE_THE_COMMENT for one in (*off, *missing)):
            missing += [one for one in wanted if one.kind == "comment" and one not in missing]
        put_on = [found for one in missing if (found := self._put_on(table, one)) is not None]
        if put_on:
            kept = self._there.setdefault(table, [])
            kept += [one for one in put_on if one not in kept]
            self._write({table})
        return bool(off or put_on)

    def put(self, wanted: Mapping[str, Iterable[Constraint]], *, filled: bool) -> set[str]:
        """Put on what sources say of their tables.

        NOT NULL holds for each row by itself, and on a table that has rows Dolt writes all of
        them anew for it: it is put on before them.

        Args:
            wanted: What each table is to have.
            filled: Whether all tables have their rows; then other tables' foreign keys, that were
                taken off, are put on again. Otherwise columns alone are constrained.

        Returns:
            The tables that were changed.
        """
        beside = {
            name: [one for one in lifted if one.kind == FOREIGN]
            for name, lifted in self._lifted.items()
            if name not in wanted
        }
        both = [(name, one) for name, some in {**beside, **wanted}.items() for one in some]
        changed = set()
        for name, one in sorted(both, key=lambda pair: _place(pair[1])):
            if (filled or one.kind == COLUMN) and not self._is_there(name, one):
                put_on = self._put_on(name, one)
                if put_on is not None:
                    self._there.setdefault(name, []).append(put_on)
                    changed.add(name)
        self._write(changed)
        return changed

    def _is_there(self, table: str, one: Constraint) -> bool:
        there = self._there.get(table, ())
        return any((one.kind, one.name) == (other.kind, other.name) for other in there)

    def _put_on(self, name: str, one: Constraint) -> Constraint | None:
        self._branch.touch(name)
        table = self._find(name)
        plainer = [replace(one, sql="")] if one.kind == COLUMN and one.sql else []
        if one.kind == COLUMN and one.required and (one.sql or one.comment):
            plainer.append(replace(one, required=False))
        for attempt in [one, *plainer]:
            statements = self._database.constraint(table, attempt) if table is not None else None
            if statements is None:
                continue
            silent = attempt in self._lifted.get(name, ())
            codes = [self._execute(statement, silent=silent) for statement in statements.put]
            if not any(codes):
                return attempt
            _log.info(
                "table '%s': the %s '%s' stays in the catalogue alone, the database refused it "
                "(%s)",
                name,
                one.kind,
                one.name,
                ", ".join(code for code in codes if code),
            )
        return None

    def _execute(self, statement: str, *, silent: bool) -> str:
        """Run one statement; return what the refusal is called, without a row's values."""
        connection = self._branch.connection

        def attempt() -> str:
            try:
                with connection.begin():
                    connection.exec_driver_sql(statement, execution_options={SILENT: silent})
            except sa.exc.DBAPIError as error:
                if self._database.is_transient(error):
                    raise
                number = getattr(error.orig, "args", ("",))[0]
                return f"{type(error.orig).__name__} {number if isinstance(number, int) else ''}"
            return ""

        return self._branch.again("the constraints", attempt).strip()

    def forget(self, table: str) -> None:
        """Forget what is on a table that is gone."""
        if self._there.pop(table, None) is not None:
            self._write({table})

    def _write(self, names: Collection[str]) -> None:
        if not names:
            return
        if self._tables.has(objects.NAME):
            self._branch.know(objects.NAME)
        rows = [self._row(name) for name in names]
        gone = [one for one in rows if not self._there.get(one.name)]
        kept = [one for one in rows if one not in gone]
        arguments = (self._database, self._branch.connection, self._tables)
        self._branch.again("the constraints", lambda: objects.write(*arguments, {}, kept, gone))

    def _row(self, name: str) -> SourceObject:
        text = msgspec.json.encode(sorted(self._there.get(name, ())), order="sorted").decode()
        return SourceObject(_OWN, _KIND, name, name, text)


def _place(one: Constraint) -> int:
    return _ORDER.index(one.kind)
