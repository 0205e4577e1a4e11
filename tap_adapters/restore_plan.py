"""What each table of a commit is to be in a database, and how its values are written there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa

from tap_adapters.destination import Destination
from tap_adapters.kept import Kept, KeptTable
from tap_adapters.source_schema import Counter, SourceColumn, SourceTable
from target_dolt.errors import ConfigError
from target_dolt.json_schema import resolve
from target_dolt.plugins import Plugins
from target_dolt.values import parse_json


@dataclass(frozen=True, slots=True)
class Plan:
    """One table of the commit, and what it is to be there."""

    kept: KeptTable
    table: SourceTable
    native: bool

    @property
    def columns(self) -> list[SourceColumn]:
        """The columns that take values: all but those that are computed."""
        return [
            one
            for one in self.table.columns
            if one.generated is None and self.kept.column_of(one.name) is not None
        ]


def _after(
    first: Callable[[Any], Any] | None, then: Callable[[Any], Any] | None
) -> Callable[[Any], Any] | None:
    if first is None or then is None:
        return first or then
    return lambda value: then(first(value))


def plan_of(kept: KeptTable, name: str | None, to: Destination) -> Plan:
    """Return what a table is to be there, under a name that was given or its own."""
    dialects = {one.source_dialect for one in kept.columns.values()}
    native = kept.source is not None and dialects == {to.dialect}
    table = kept.source if native and kept.source else described(kept, to)
    if name is not None:
        table = replace(table, name=_full(to, name), own_name=name.rpartition(".")[2] or name)
    return Plan(kept, table, native=native and name is None)


def described(kept: KeptTable, to: Destination) -> SourceTable:
    """Return a table of this kind that holds the rows of one of another kind, or of a tap's."""
    columns = []
    for name, column_type in kept.types.items():
        row = kept.columns.get(name)
        own = row is not None and row.source_dialect == to.dialect and row.native_type
        text = str(row.native_type) if row and own else to.type_of(column_type)
        title = row.property_name if row is not None else name
        columns.append(SourceColumn(title, text, text, nullable=name not in kept.key))
    titles = {name: row.property_name for name, row in kept.columns.items()}
    key = tuple(titles.get(name, name) for name in kept.key)
    name = _full(to, kept.name)
    schema = name.partition(".")[0] if "." in name and name != kept.name else None
    return SourceTable(name, schema, kept.name, tuple(columns), key)


def writers(plan: Plan, to: Destination, plugins: Plugins) -> list[Callable[[Any], Any] | None]:
    """Return what makes parameters of the commit's values, by column of the table."""
    steps: list[Callable[[Any], Any] | None] = []
    for column in plan.columns:
        name = str(plan.kept.column_of(column.name))
        column_type = plan.kept.types[name]
        row = plan.kept.columns.get(name)
        read: Callable[[Any], Any] | None = None
        if row is not None and row.source_dialect == to.dialect:
            dialect = plugins.dialects[row.source_dialect]
            schema = resolve(msgspec.json.decode(row.json_schema), {})
            rule = dialect.rule(schema)
            read = rule.read(schema, column_type) if rule and rule.read else None
        if isinstance(column_type, sa.JSON) and read is not None:
            read = _after(parse_json, read)
        steps.append(_after(read, to.value(column)))
    return steps


def _full(to: Destination, name: str) -> str:
    default = to.snapshot.schema.default_schema
    return f"{default}.{name}" if default is not None and "." not in name else name


def form(table: SourceTable) -> SourceTable:
    """Return a table without what changes with its rows."""
    columns = tuple(
        replace(one, json={}, counter=_without_value(one.counter)) for one in table.columns
    )
    return replace(table, columns=columns)


def _without_value(counter: Counter | None) -> Counter | None:
    return None if counter is None else replace(counter, next_value=0)


def chosen_tables(wanted: Kept, tables: Mapping[str, str | None]) -> list[tuple[str, str | None]]:
    """Return the commit's tables that are meant, each with the name that was given for it."""
    missing = [name for name in tables if name not in wanted.tables]
    if missing:
        msg = f"the commit has no table '{missing[0]}'; it has: {', '.join(wanted.tables)}"
        raise ConfigError(msg)
    return [(name, tables.get(name)) for name in wanted.tables if not tables or name in tables]
