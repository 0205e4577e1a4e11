"""What a MySQL or MariaDB database holds: its statements, its INFORMATION_SCHEMA, the inspector.

https://dev.mysql.com/doc/refman/8.0/en/information-schema.html
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from tap_adapters.sources.schema import (
    Counter,
    ForeignKey,
    LeftOut,
    SourceColumn,
    SourceConstraint,
    SourceSchema,
    SourceTable,
)
from tap_adapters.sources.snapshot import json_schema

TABLES = """
SELECT t.table_name AS name, t.engine AS engine,
    t.table_comment AS comment, t.table_collation AS collation
FROM information_schema.tables t
WHERE t.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
ORDER BY 1"""

_COLUMNS = """
SELECT c.table_name AS table_name, c.column_name AS name, c.column_type AS type,
    c.is_nullable = 'YES' AS nullable, c.column_default AS default_value, c.extra AS extra,
    c.generation_expression AS generated, c.collation_name AS collation,
    c.column_comment AS comment
FROM information_schema.columns c WHERE c.table_schema = DATABASE()
ORDER BY 1, c.ordinal_position"""

_LEFT_OUT = """
SELECT 'view', table_name FROM information_schema.views WHERE table_schema = DATABASE()
UNION ALL SELECT 'trigger', CONCAT(event_object_table, '.', trigger_name)
    FROM information_schema.triggers WHERE trigger_schema = DATABASE()
UNION ALL SELECT LOWER(routine_type), routine_name
    FROM information_schema.routines WHERE routine_schema = DATABASE()
UNION ALL SELECT 'event', event_name
    FROM information_schema.events WHERE event_schema = DATABASE()
UNION ALL SELECT 'sequence', table_name FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE'
ORDER BY 1, 2"""

_NEXT = re.compile(r" AUTO_INCREMENT=(\d+)(?=[^)']*$)", re.MULTILINE)
"""The next value in SHOW CREATE TABLE: it is the counter's, and changes with every row."""

_OWN_EXTRA = re.compile(
    r"auto_increment|DEFAULT_GENERATED|(STORED|PERSISTENT|VIRTUAL)( GENERATED)?", re.IGNORECASE
)
_LITERAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|CURRENT_TIMESTAMP(\(\d\))?|b'[01]+'|NULL")


def read_schema(
    connection: sa.Connection, tables: Sequence[Any], others: tuple[str, ...]
) -> SourceSchema:
    """Return what the database holds.

    Args:
        connection: Within the snapshot.
        tables: The rows of `TABLES` that are wanted.
        others: The names of the other ones.
    """
    columns = defaultdict(list)
    for row in connection.exec_driver_sql(_COLUMNS):
        columns[row.table_name].append(row)
    inspector = sa.inspect(connection)
    made = {one.name: _table(connection, inspector, one, columns[one.name]) for one in tables}
    left_out = tuple(LeftOut(*row) for row in connection.exec_driver_sql(_LEFT_OUT))
    return SourceSchema("mysql", made, left_out=left_out, others=others)


def _table(
    connection: sa.Connection, inspector: sa.Inspector, table: Any, columns: Sequence[Any]
) -> SourceTable:
    name = connection.dialect.identifier_preparer.quote_identifier(table.name)
    statement = str(connection.exec_driver_sql(f"SHOW CREATE TABLE {name}").one()[1])
    counted = _NEXT.search(statement)
    next_value = int(counted[1]) if counted else 1
    with warnings.catch_warnings():
        # A spatial type; INFORMATION_SCHEMA names it.
        warnings.filterwarnings("ignore", "Did not recognize type", sa.exc.SAWarning)
        types = {one["name"]: one["type"] for one in inspector.get_columns(table.name)}
    key = inspector.get_pk_constraint(table.name)["constrained_columns"]
    is_mariadb = bool(connection.dialect.is_mariadb)  # type: ignore[attr-defined]
    return SourceTable(
        name=table.name,
        schema=None,
        own_name=table.name,
        columns=tuple(
            _column(one, types[one.name], next_value, is_mariadb=is_mariadb) for one in columns
        ),
        key=tuple(key),
        constraints=_constraints(inspector, table.name, tuple(key)),
        foreign_keys=tuple(_foreign_key(one) for one in inspector.get_foreign_keys(table.name)),
        comment=table.comment or None,
        definition=_NEXT.sub("", statement),
        options={"engine": str(table.engine), "collation": str(table.collation)},
    )


def _column(
    row: Any, column_type: sa.types.TypeEngine[Any], next_value: int, *, is_mariadb: bool
) -> SourceColumn:
    counts = "auto_increment" in row.extra.lower()
    default = row.default_value
    if is_mariadb:
        default = None if default == "NULL" else default
    elif default is not None and "DEFAULT_GENERATED" not in row.extra:
        default = default if _LITERAL.fullmatch(default) else _quoted(default)
    extra = " ".join(_OWN_EXTRA.sub("", row.extra).split())
    return SourceColumn(
        name=row.name,
        type=row.type,
        base=row.type,
        json=json_schema(column_type),
        nullable=bool(row.nullable),
        default=default,
        generated=row.generated or None,
        stored=re.search("STORED|PERSISTENT", row.extra, re.IGNORECASE) is not None,
        counter=Counter(next_value, "auto_increment") if counts else None,
        collation=row.collation,
        comment=row.comment or None,
        extra=extra or None,
    )


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("\\", "\\\\").replace("'", "''"))


def _constraints(
    inspector: sa.Inspector, table: str, key: tuple[str, ...]
) -> tuple[SourceConstraint, ...]:
    found = [SourceConstraint("key", None, key)] if key else []
    for index in inspector.get_indexes(table):
        kind = "unique index" if index["unique"] else "index"
        names = tuple(name for name in index["column_names"] if name is not None)
        found.append(SourceConstraint(kind, index["name"], names))
    found += [
        SourceConstraint("check", check["name"], (), check["sqltext"])
        for check in inspector.get_check_constraints(table)
    ]
    return tuple(sorted(found, key=lambda one: (one.kind, one.name or "")))


def _foreign_key(found: Any) -> ForeignKey:
    options = found.get("options") or {}
    return ForeignKey(
        found["name"],
        tuple(found["constrained_columns"]),
        found["referred_table"],
        tuple(found["referred_columns"]),
        options.get("onupdate", "NO ACTION"),
        options.get("ondelete", "NO ACTION"),
    )
