"""Tables and their evolution: create, add columns, widen. One reflection of each a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from target_dolt.backend import Database
from target_dolt.dialect import ColumnType
from target_dolt.errors import ConfigError, IncompatibleChangeError
from target_dolt.names import folded
from target_dolt.table import Table
from target_dolt.types import LONGTEXT, mixes, type_text, widen

_SPELLED_LENGTH = 70
"""Characters of the longest value that is no text: a DECIMAL of 65 digits with sign and point."""

_LARGEST_WHOLE = 2**53
"""Up to here every whole number is a double of its own."""


class Tables:
    """The tables of the run branch, as this run has found and changed them."""

    def __init__(self, database: Database, connection: sa.Connection) -> None:
        """Know nothing yet; each table is reflected when it is first asked for."""
        self._database = database
        self._connection = connection
        self._known: dict[str, Table] = {}
        self._unique: dict[str, list[str]] = {}
        self._defaults: dict[str, set[str]] = {}
        self._names: dict[str, str] | None = None
        self._altering: dict[str, Table] = {}

    def has(self, name: str) -> bool:
        """Whether a table of this name is known to exist."""
        return name in self._known

    def find(self, name: str, types: Mapping[str, ColumnType]) -> Table | None:
        """Return a table that exists, or None.

        Args:
            name: The table's name; letter case and Unicode form do not tell tables apart.
            types: What the catalogue knows of its columns' types.
        """
        if name not in self._known:
            if self._names is None:
                with self._connection.begin():
                    names = sa.inspect(self._connection).get_table_names()
                self._names = {folded(one): one for one in names}
            existing = self._names.get(folded(name))
            if existing is None:
                return None
            self._known[name] = self._reflect(existing, types)
        return self._known[name]

    def own(self, table: Table, needed: Collection[str]) -> Table | None:
        """Return a table of this tool's own, or None where it is not there yet.

        Raises:
            ConfigError: It lacks a column that is needed.
        """
        found = self.find(table.name, table.types)
        missing = sorted(set(needed) - found.types.keys()) if found is not None else []
        if missing:
            msg = (
                f"the table '{table.name}' has no column '{missing[0]}': another version of "
                "target-dolt has made it; use that one, or a later one"
            )
            raise ConfigError(msg)
        return found

    def _reflect(self, name: str, types: Mapping[str, ColumnType]) -> Table:
        with self._connection.begin():
            inspector = sa.inspect(self._connection)
            columns = inspector.get_columns(name)
            key = inspector.get_pk_constraint(name)["constrained_columns"]
            self._unique[name] = _unique_indexes(inspector, name)
            exact = self._database.is_exact(inspector, name)
            watched = self._database.is_watched(self._connection, inspector, name)
        self._defaults[name] = {one["name"] for one in columns if one["default"] is not None}
        known = {
            one["name"]: self._database.logical_type(one["type"], types.get(one["name"]))
            for one in columns
        }
        required = {one["name"] for one in columns if not one["nullable"]} - set(key)
        return Table(name, known, tuple(key), frozenset(required), exact=exact, watched=watched)

    def fit(self, wanted: Table, types: Mapping[str, ColumnType], *, frozen: bool = False) -> Table:
        """Make the table, or widen the one that exists so that it holds what is wanted.

        Columns that are not wanted stay; no column is narrowed or dropped.

        Args:
            wanted: What the table must hold.
            types: What the catalogue knows of its columns' types.
            frozen: Whether a table that exists may not change.

        Raises:
            IncompatibleChangeError: The table has another key, a unique index beside it, or
                columns that differ from the wanted ones by letter case only, or is frozen.
        """
        existing = self.find(wanted.name, types)
        if existing is None:
            try:
                with self._connection.begin():
                    self._database.create(self._connection, wanted)
            except sa.exc.DBAPIError:
                self._names = None  # perhaps its answer alone was lost: the next attempt looks
                raise
            self._remember(wanted)
            return wanted
        before = self._altering.pop(existing.name, None)
        if before is not None:
            # Perhaps only the answer was lost: what was added is not added again, all else is done.
            existing = replace(
                existing, types={**existing.types, **before.types}, required=before.required
            )
        _check_key(existing, wanted)
        self._check_unique(existing)
        _check_case(existing, wanted)
        merged = dict(existing.types)
        for name, column_type in wanted.types.items():
            merged[name] = (
                self._widen(existing, name, column_type) if name in merged else column_type
            )
        # A column of somebody else's that has a DEFAULT is filled by it.
        filled = self._defaults.get(existing.name, set()) - wanted.types.keys()
        required = existing.required & filled
        texts = [
            {name: type_text(one) for name, one in types.items()}
            for types in (merged, existing.types)
        ]
        if texts[0] == texts[1] and existing.required == required:
            return existing
        fitted = replace(existing, types=merged, required=required)
        if frozen:
            raise _frozen(existing, fitted)
        try:
            with self._connection.begin():
                self._database.alter(self._connection, existing, fitted)
        except sa.exc.DBAPIError:
            self._altering[existing.name] = existing
            self._known = {
                key: one for key, one in self._known.items() if one.name != existing.name
            }
            raise
        self._remember(fitted)
        return fitted

    def _widen(self, table: Table, name: str, column_type: ColumnType) -> ColumnType:
        """Return the wider of two types; for whole numbers that no double keeps, text."""
        old = table.types[name]
        if not mixes(old, column_type):
            msg = (
                f"table '{table.name}': the column '{name}' is {type_text(old)} and would take "
                f"{type_text(column_type)}, which have no type in common; load the stream into "
                "another table with `table_map`"
            )
            raise IncompatibleChangeError(msg)
        wide = widen(old, column_type)
        if name in table.key and isinstance(wide, mysql.LONGTEXT):
            return _key_text(old, column_type)
        if isinstance(wide, sa.DOUBLE) and not isinstance(old, sa.DOUBLE):
            column = sa.column(name, sa.Integer) + 0  # DoltLite keeps the largest as text
            large = sa.or_(column > _LARGEST_WHOLE, column < -_LARGEST_WHOLE)
            query = sa.select(sa.literal(1)).select_from(sa.table(table.name)).where(large)
            with self._connection.begin():
                if self._connection.execute(query.limit(1)).first() is not None:
                    return LONGTEXT
        return wide

    def _check_unique(self, table: Table) -> None:
        names = self._unique.get(table.name)
        if names:
            msg = (
                f"table '{table.name}' has the unique index '{names[0]}' beside its key: a row "
                "that meets another one there would take its place; drop the index, or make it "
                "one that is not unique, and run again"
            )
            raise IncompatibleChangeError(msg)

    def drop(self, table: Table) -> None:
        """Remove a table."""
        name = self._connection.dialect.identifier_preparer.quote(table.name)
        with self._connection.begin():
            self._connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
        self._known.pop(table.name, None)
        self._unique.pop(table.name, None)
        if self._names is not None:
            self._names.pop(folded(table.name), None)

    def forget(self, name: str) -> None:
        """Reflect a table again when it is asked for next: somebody else has changed it."""
        self._known.pop(name, None)
        self._unique.pop(name, None)

    def _remember(self, table: Table) -> None:
        self._known[table.name] = table
        if self._names is not None:
            self._names[folded(table.name)] = table.name


def _unique_indexes(inspector: sa.Inspector, table: str) -> list[str]:
    """Return the names of a table's unique indexes, its key left out."""
    found = [str(one["name"]) for one in inspector.get_indexes(table) if one["unique"]]
    found += [
        str(one["name"] or ", ".join(one["column_names"]))
        for one in inspector.get_unique_constraints(table)
    ]
    return sorted(set(found))


def _key_text(old: ColumnType, new: ColumnType) -> ColumnType:
    """Return the text that a column of a key becomes: a key holds no LONGTEXT."""
    lengths = [one.length or 0 for one in (old, new) if isinstance(one, sa.VARCHAR)]
    wide = sa.VARCHAR(max([*lengths, _SPELLED_LENGTH]))
    return old if type_text(wide) == type_text(old) else wide


def _frozen(existing: Table, wanted: Table) -> IncompatibleChangeError:
    changes = [
        f"'{name}' to {type_text(one)}" if name in existing.types else f"'{name}' added"
        for name, one in wanted.types.items()
        if name not in existing.types or type_text(existing.types[name]) != type_text(one)
    ]
    changes += [f"'{name}' to take NULL" for name in sorted(existing.required - wanted.required)]
    msg = (
        f"table '{existing.name}' would change ({', '.join(changes)}), and `schema_changes` is "
        "freeze: nothing was changed; set it to evolve, or leave the columns out with "
        "`stream_maps`"
    )
    return IncompatibleChangeError(msg)


def _check_key(existing: Table, wanted: Table) -> None:
    if set(existing.key) == set(wanted.key):
        return  # taps list the same key in any order
    has, wants = (
        f"the key ({', '.join(one.key)})" if one.key else "no key" for one in (existing, wanted)
    )
    method = "" if existing.key and wanted.key else " (or choose the `load_method` it was made by)"
    msg = (
        f"table '{wanted.name}' has {has}, the stream wants {wants}{method}; rename or drop the "
        "table and commit that, or load the stream into another one with `table_map`, and run the "
        "tap once without its state, so that it sends all rows"
    )
    raise IncompatibleChangeError(msg)


def _check_case(existing: Table, wanted: Table) -> None:
    if existing.name != wanted.name:
        msg = (
            f"the table '{existing.name}' exists, and '{wanted.name}' would fall together with "
            "it; name one with `table_map`"
        )
        raise IncompatibleChangeError(msg)
    taken = {folded(name): name for name in existing.types}
    for name in wanted.types:
        other = taken.get(folded(name), name)
        if other != name:
            msg = (
                f"table '{wanted.name}' has the column '{other}', and '{name}' would fall "
                "together with it; rename it with `stream_maps`"
            )
            raise IncompatibleChangeError(msg)
