"""What of a source's table the database here can keep beside its types.

The rest (expressions of the source's own SQL, partial indexes, sequences) stays in the catalogue,
which has all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tap_adapters.sources.common_checks import common_check
from tap_adapters.sources.schema import SourceColumn, SourceConstraint, SourceTable
from target_dolt.constraint import COLUMN, FOREIGN, Constraint
from target_dolt.names import beginning
from target_dolt.tables.objects import Place

Columns = Mapping[str, str]
"""The columns here, by their names in the source."""

_WHOLE_COLUMNS = re.compile(r"\(([^()]*)\)( NULLS NOT DISTINCT)?$")
_OTHERS = re.compile(r" (WHERE|INCLUDE|USING (?!btree|hash)\w+) ", re.IGNORECASE)
"""Words of an index that goes by more, or other, than its columns' values."""

_LITERAL = re.compile(r"(?P<number>-?\d+(\.\d+)?)|(?P<text>'(?:[^'\\]|'')*')(::[a-z ]+(\(\d+\))?)?")
_TEXTS = ("text", "varchar", "character", "enum(", "date", "uuid")
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "int", "decimal", "double", "real")


def column_constraints(dialect: str, table: SourceTable, columns: Columns) -> Iterator[Constraint]:
    """Yield what holds for the columns of each row."""
    for column in table.columns:
        default = _default(dialect, column)
        required = not column.nullable and column.name not in table.key
        if default or required or column.comment:
            comment = column.comment or ""
            yield Constraint(COLUMN, columns[column.name], (), required, default, comment)


def constraints(
    dialect: str, table: SourceTable, places: Mapping[str, str], columns: Mapping[str, Columns]
) -> Iterator[Constraint]:
    """Yield what a table here is to keep beside its types.

    Args:
        dialect: The name of the dialect of its source.
        table: The table.
        places: The table here of each table that was taken with it.
        columns: The columns of each of these.
    """
    own = columns[table.name]
    if table.comment:
        yield Constraint("comment", places[table.name], comment=table.comment)
    yield from column_constraints(dialect, table, own)
    for one in table.constraints:
        kind = {"unique index": "unique"}.get(one.kind, one.kind)
        if kind in {"unique", "index"} and _goes_by_columns(one):
            name = one.name or "_".join((table.own_name, *one.columns, "key"))
            yield Constraint(kind, beginning(name), tuple(own[name] for name in one.columns))
        elif kind == "check" and (sql := _check(dialect, table, one, own)):
            yield Constraint("check", one.name or "", sql=sql)
    for key in table.foreign_keys:
        if key.table in places and key.to_columns:
            name = key.name or "_".join((table.own_name, *key.columns, "fkey"))
            yield Constraint(
                FOREIGN,
                beginning(name),
                tuple(own[name] for name in key.columns),
                table=places[key.table],
                to_columns=tuple(columns[key.table][name] for name in key.to_columns),
                on_update=key.on_update,
                on_delete=key.on_delete,
            )


def of_sent_columns(
    dialect: str, table: SourceTable, places: Mapping[str, Place]
) -> Iterator[Constraint]:
    """Yield what a table that a tap fills can keep once its rows satisfy it.

    Args:
        dialect: The name of the dialect of its source.
        table: The table.
        places: Where it and the tables that it leads to are, with the columns that taps send.
    """
    sent = places[table.name].columns

    def has(name: str, columns: Iterable[str]) -> bool:
        return name in places and places[name].columns.keys() >= {*columns}

    narrow = replace(
        table,
        columns=tuple(one for one in table.columns if one.name in sent),
        constraints=tuple(one for one in table.constraints if sent.keys() >= {*one.columns}),
        foreign_keys=tuple(
            one
            for one in table.foreign_keys
            if sent.keys() >= {*one.columns} and has(one.table, one.to_columns)
        ),
    )
    tables = {name: one.table for name, one in places.items()}
    columns = {name: one.columns for name, one in places.items()}
    yield from constraints(dialect, narrow, tables, columns)


def harmless(table: SourceTable, place: str, columns: Columns) -> Iterator[Constraint]:
    """Yield what a table that a tap fills keeps: no row can run into it.

    A tap reads its tables one after the other, leaves columns out and sends NULL for what it
    cannot write, so that nothing holds of its rows. A unique index finds rows here, no more; a
    default would stand where a tap has sent a part of a row.

    Args:
        table: The table.
        place: Its table here.
        columns: The columns there, of those that the tap sends.
    """
    own = tuple(one for one in table.columns if one.name in columns)
    some = tuple(
        one
        for one in table.constraints
        if one.kind != "check" and columns.keys() >= {*one.columns} and one.columns != table.key
    )
    narrow = replace(table, columns=own, key=(), constraints=some, foreign_keys=())
    for one in constraints("", narrow, {table.name: place}, {table.name: columns}):
        if one.kind == COLUMN:
            one = replace(one, required=False, sql="")  # noqa: PLW2901 - what is left of it
        elif one.kind == "unique":
            one = replace(one, kind="index")  # noqa: PLW2901
        if one.kind != COLUMN or one.comment:
            yield one


def _check(dialect: str, table: SourceTable, one: SourceConstraint, own: Columns) -> str:
    """Return a check that decides the same here: MySQL's own SQL, Postgres's where it is common.

    SQLite's columns take values of any type, so what a comparison in it says is another thing.
    """
    if dialect == "mysql":
        return one.definition or "" if all(a == b for a, b in own.items()) else ""
    if dialect != "postgres" or one.definition is None:
        return ""
    return common_check(one.definition, {part.name: part.base for part in table.columns}, own)


def _goes_by_columns(one: SourceConstraint) -> bool:
    """Whether an index goes by its columns' values and nothing else."""
    if not one.columns:
        return False
    if one.definition is None:
        return True
    found = _WHOLE_COLUMNS.search(one.definition)
    if one.kind == "unique":
        return found is not None and not _OTHERS.search(one.definition)
    return (
        found is not None
        and found[1].count(",") == len(one.columns) - 1
        and not _OTHERS.search(one.definition)
    )


def _default(dialect: str, column: SourceColumn) -> str:
    """Return a default that says the same here: a literal; MySQL's own SQL."""
    if column.default is None or column.generated is not None:
        return ""
    if dialect == "mysql":
        return column.default
    literal = _LITERAL.fullmatch(column.default)
    base = column.base.lower()
    if literal is None or not base.startswith((*_TEXTS, *_NUMBERS)) or base.endswith("]"):
        return ""
    if base.startswith(_NUMBERS):
        return (literal["number"] or literal["text"]).strip("'")
    return literal["text"] or ""
