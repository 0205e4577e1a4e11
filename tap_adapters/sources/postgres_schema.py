"""What a Postgres database holds, read from its catalogue.

SQLAlchemy's inspector says what the types are;
it knows no next values, no definitions as the server spells them, and nothing that is left out.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tap_adapters.sources.postgres_catalogue import (
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    LEFT_OUT,
    SEQUENCES,
    TYPES,
)
from tap_adapters.sources.schema import (
    Counter,
    ForeignKey,
    LeftOut,
    NamedType,
    SourceColumn,
    SourceConstraint,
    SourceSchema,
    SourceTable,
)
from tap_adapters.sources.snapshot import json_schema

_KINDS = {"p": "key", "u": "unique", "c": "check", "x": "exclusion"}
_ACTIONS = {
    "a": "NO ACTION",
    "r": "RESTRICT",
    "c": "CASCADE",
    "n": "SET NULL",
    "d": "SET DEFAULT",
}

Rows = Mapping[int, list[Any]]


def read_schema(
    connection: sa.Connection,
    tables: Sequence[Any],
    others: tuple[str, ...],
    default_schema: str | None,
    *,
    whole: bool,
) -> SourceSchema:
    """Return what the database holds.

    Args:
        connection: Within the snapshot.
        tables: The rows of `TABLES` that are wanted.
        others: The full names of the other ones.
        default_schema: The schema that needs no naming.
        whole: Whether a sequence that may not be read is an error; else it begins at its start.
    """
    oids = [one.oid for one in tables]
    counters = _counters(connection, oids, whole=whole)
    columns = _by_table(connection, COLUMNS, oids)
    constraints = _by_table(connection, CONSTRAINTS, oids)
    indexes = _by_table(connection, INDEXES, oids)
    types = _inspected(connection, {one.schema for one in tables})
    owned = {row.sequence for rows in columns.values() for row in rows}
    named = tuple(_named_type(row) for row in connection.exec_driver_sql(TYPES))
    below = {one.name: one.base for one in named if one.base}
    made = [
        _table(
            one,
            tuple(
                _column(row, types[one.schema, one.name].get(row.name), counters, below)
                for row in columns[one.oid]
            ),
            constraints[one.oid],
            indexes[one.oid],
        )
        for one in tables
    ]
    return SourceSchema(
        "postgres",
        {one.name: one for one in made},
        named,
        {str(one.name): one for oid, one in counters.items() if oid not in owned},
        tuple(LeftOut(*row) for row in connection.exec_driver_sql(LEFT_OUT)),
        default_schema,
        others,
    )


def _by_table(connection: sa.Connection, query: str, oids: list[int]) -> Rows:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.exec_driver_sql(query, {"oids": oids}):
        found[row.oid].append(row)
    return found


def _counters(connection: sa.Connection, oids: list[int], *, whole: bool) -> dict[int, Counter]:
    """Return the sequences, but for those of other tables; only each says what it gives next."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    found: dict[int, Counter] = {}
    for row in connection.exec_driver_sql(SEQUENCES).all():
        if row.owner is not None and row.owner not in oids:
            continue
        name = f"{quote(row.schema)}.{quote(row.own_name)}"
        query = f"SELECT last_value, is_called FROM {name}"  # noqa: S608 - quoted
        last, is_called = row.start, False
        if whole or row.readable:
            last, is_called = connection.exec_driver_sql(query).one()
        found[row.oid] = Counter(
            next_value=last + row.step if is_called else last,
            kind="sequence",
            start=row.start,
            step=row.step,
            least=row.least,
            greatest=row.greatest,
            cycles=row.cycles,
            name=row.name,
            type=row.type,
        )
    return found


def _inspected(
    connection: sa.Connection, schemas: Iterable[str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return SQLAlchemy's type of each column, by table."""
    inspector = sa.inspect(connection)
    with warnings.catch_warnings():
        # A composite's type; the catalogue says more of it.
        warnings.filterwarnings("ignore", "Did not recognize type", sa.exc.SAWarning)
        return {
            (schema, table): {column["name"]: _below(column["type"]) for column in columns}
            for schema in schemas
            for (_, table), columns in inspector.get_multi_columns(schema=schema).items()
        }


def _below(column_type: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """Return the type below all domains."""
    while isinstance(column_type, postgresql.DOMAIN):
        column_type = column_type.data_type
    return column_type


def _quoted(label: str) -> str:
    """Return a label as `parse_native` reads it, where a backslash is MySQL's."""
    return "'{}'".format(label.replace("\\", r"\\").replace("'", "''"))


def _column(
    row: Any,
    column_type: sa.types.TypeEngine[Any] | None,
    counters: Mapping[int, Counter],
    below: Mapping[str, str],
) -> SourceColumn:
    base = row.base
    while base in below:  # a domain may lie on another one
        base = below[base]
    labels = ",".join(map(_quoted, row.labels or ()))
    counter = counters.get(row.sequence)
    if counter is not None:
        kind = "identity" if row.identity else "serial"
        counter = replace(counter, kind=kind, always=row.identity == "a")
    schema = json_schema(column_type if column_type is not None else sa.Text())
    return SourceColumn(
        name=row.name,
        type=row.type,
        base=f"enum({labels})" if labels else base,
        json=schema,
        nullable=row.nullable,
        default=None if row.generated else row.expression,
        generated=row.expression if row.generated else None,
        stored=row.generated != "v",
        counter=counter,
        collation=row.collation,
        comment=row.comment,
    )


def _table(
    table: Any, columns: tuple[SourceColumn, ...], constraints: list[Any], indexes: list[Any]
) -> SourceTable:
    own = [
        SourceConstraint(
            _KINDS[one.kind], one.name, tuple(one.columns or ()), one.definition, one.comment
        )
        for one in constraints
        if one.kind != "f"
    ]
    own += [
        SourceConstraint(
            "unique index" if one.is_unique else "index",
            one.name,
            tuple(one.columns or ()),
            one.definition,
            one.comment,
        )
        for one in indexes
    ]
    foreign = tuple(
        ForeignKey(
            one.name,
            tuple(one.columns),
            one.other,
            tuple(one.other_columns),
            _ACTIONS[one.on_update],
            _ACTIONS[one.on_delete],
            one.definition,
        )
        for one in constraints
        if one.kind == "f"
    )
    options = {"partition by": table.partitioned} if table.partitioned else {}
    if table.unlogged:
        options["unlogged"] = "true"
    return SourceTable(
        name=f"{table.schema}.{table.name}",
        schema=table.schema,
        own_name=table.name,
        columns=columns,
        key=next((one.columns for one in own if one.kind == "key"), ()),
        constraints=tuple(own),
        foreign_keys=foreign,
        comment=table.comment,
        options=options,
    )


def _named_type(row: Any) -> NamedType:
    kinds = {"e": "enum", "d": "domain", "c": "composite"}
    return NamedType(
        name=row.name,
        kind=kinds[row.kind],
        labels=tuple(row.labels or ()),
        base=row.base,
        nullable=row.nullable,
        default=row.default_value,
        checks=row.checks or {},
        fields=tuple((name, type_) for name, type_ in row.fields or ()),
        collation=row.collation,
    )
