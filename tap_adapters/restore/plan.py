"""What each table of a commit is to be in a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tap_adapters.history.kept import Kept, KeptTable
from tap_adapters.restore.destination import Destination
from tap_adapters.sources.schema import Counter, SourceColumn, SourceTable
from target_dolt.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table of the commit, and what it is to be there.

    Attributes:
        kept: The table.
        table: What it is to be.
        native: Whether it is made as its source had it.
        generic: Native types that the database lacks, by the columns that get another.
    """

    kept: KeptTable
    table: SourceTable
    native: bool
    generic: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[SourceColumn]:
        """The columns that take values: all but those that are computed."""
        return [
            one
            for one in self.table.columns
            if one.generated is None and self.kept.column_of(one.name) is not None
        ]


def plan_of(
    kept: KeptTable, name: str | None, to: Destination, types: Collection[str] = ()
) -> TablePlan:
    """Return what a table is to be there, under a name that was given or its own.

    Args:
        kept: The table.
        name: The name that was given.
        to: The database.
        types: Users' types that it will have.
    """
    dialects = {one.source_dialect for one in kept.columns.values()}
    native = kept.source is not None and dialects == {to.dialect}
    generic = {} if native else _missing_types(kept, to, types)
    table = kept.source if native and kept.source else described(kept, to, generic)
    if name is not None:
        table = replace(table, name=_full(to, name), own_name=name.rpartition(".")[2] or name)
    return TablePlan(kept, table, native and name is None, generic)


def _missing_types(kept: KeptTable, to: Destination, types: Collection[str]) -> dict[str, str]:
    """Return native types that no column can be made of, by the source's name of the column.

    A tap names an enum, and may spell it `enum('a','b')`; what makes it the tap does not say.
    """
    own = {*types, *(one.rpartition(".")[2] for one in types)}
    return {
        one.property_name: one.native_type
        for one in kept.columns.values()
        if one.source_dialect == to.dialect
        and one.native_type
        and one.native_type.partition("[")[0] not in own
        and not to.has_type(one.native_type)
    }


def described(kept: KeptTable, to: Destination, generic: Collection[str] = ()) -> SourceTable:
    """Return a table of this kind that holds the rows of one of another kind, or of a tap's.

    Args:
        kept: The table.
        to: The database.
        generic: Columns whose native type it does not have.
    """
    columns = []
    for name, column_type in kept.types.items():
        row = kept.columns.get(name)
        title = row.property_name if row is not None else name
        own = row is not None and row.source_dialect == to.dialect and title not in generic
        text = str(row.native_type) if row and own and row.native_type else to.type_of(column_type)
        # Of a tap's rows not all need to satisfy what their source has NOT NULL.
        nullable = name not in kept.key and name not in kept.required
        columns.append(SourceColumn(title, text, text, nullable=nullable))
    titles = {name: row.property_name for name, row in kept.columns.items()}
    key = tuple(titles.get(name, name) for name in kept.key)
    name = _full(to, kept.name)
    schema = name.partition(".")[0] if "." in name and name != kept.name else None
    return SourceTable(name, schema, kept.name, tuple(columns), key)


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
