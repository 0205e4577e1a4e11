"""What a Dolt table keeps beside its types."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.elements import quoted_name

from target_dolt.constraint import COLUMN, Constraint, Statements

_TRIGGERS = "SELECT 1 FROM dolt_schemas WHERE type = 'trigger' LIMIT 1"
"""SHOW TRIGGERS wants a right of its own."""

_PREFIX = 255
"""Characters of a long text that an index goes by; a unique one goes by the whole text."""


def statements(table: sa.Table, one: Constraint, dialect: sa.Dialect) -> Statements | None:
    """Return how a table gets and loses a constraint; None where Dolt has no place for it."""
    quote = dialect.identifier_preparer.quote
    alter = f"ALTER TABLE {dialect.identifier_preparer.format_table(table)}"
    name = quote(quoted_name(one.name, quote=True))
    columns = ", ".join(_indexed(table, column, dialect, one.kind) for column in one.columns)
    if one.kind == COLUMN:
        return _column(table.c[one.name], one, alter, dialect)
    if one.kind in {"unique", "index"}:
        unique = "UNIQUE " if one.kind == "unique" else ""
        put = f"{alter} ADD {unique}INDEX {name} ({columns})"
        return Statements((put,), (f"{alter} DROP INDEX {name}",))
    if one.kind == "check":
        put = f"{alter} ADD CONSTRAINT {name} CHECK ({_driver(one.sql)})"
        return Statements((put,), (f"{alter} DROP CHECK {name}",))
    if one.kind == "comment":
        return Statements((f"{alter} COMMENT {_text(one.comment)}",), (f"{alter} COMMENT ''",))
    to_columns = ", ".join(quote(column) for column in one.to_columns)
    put = (
        f"{alter} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {quote(one.table)} "
        f"({to_columns}) ON UPDATE {one.on_update} ON DELETE {one.on_delete}"
    )
    # The index that Dolt makes for it stays behind; where another one serves, there is none.
    return Statements((put,), (f"{alter} DROP FOREIGN KEY {name}", f"{alter} DROP INDEX {name}"))


def sees_values(connection: sa.Connection, inspector: sa.Inspector, table: str) -> bool:
    """Whether a table has a CHECK, or any table of the database a trigger."""
    return bool(
        inspector.get_check_constraints(table) or connection.exec_driver_sql(_TRIGGERS).first()
    )


def _column(
    column: sa.Column[object], one: Constraint, alter: str, dialect: sa.Dialect
) -> Statements:
    compiler = dialect.ddl_compiler(dialect, None)  # type: ignore[arg-type]
    plain = compiler.get_column_specification(column)
    words = [plain]
    if one.required and column.nullable:
        words.append("NOT NULL")
    if one.sql:
        words.append(f"DEFAULT ({_driver(one.sql)})")
    if one.comment:
        words.append(f"COMMENT {_text(one.comment)}")
    change = f"{alter} MODIFY COLUMN"
    return Statements((f"{change} {' '.join(words)}",), (f"{change} {plain}",))


def _indexed(table: sa.Table, name: str, dialect: sa.Dialect, kind: str) -> str:
    quoted = dialect.identifier_preparer.quote(name)
    is_long = isinstance(table.c[name].type, mysql.LONGTEXT | mysql.LONGBLOB)
    return f"{quoted}({_PREFIX})" if is_long and kind == "index" else quoted


def _text(text: str) -> str:
    return _driver("'{}'".format(text.replace("\\", "\\\\").replace("'", "''")))


def _driver(sql: str) -> str:
    """Double percent signs, which PyMySQL halves where there are no parameters."""
    return sql.replace("%", "%%")
