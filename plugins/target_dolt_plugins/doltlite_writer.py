"""Rows into DoltLite, by executemany of statements that are compiled once a table."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from target_dolt import Row, Table, Writer
from target_dolt.ddl import sa_table
from target_dolt.past import keep_columns, restore_rows
from target_dolt_plugins import doltlite_rowids as numbers
from target_dolt_plugins.doltlite_rowids import rowid_name
from target_dolt_plugins.doltlite_types import storage


def describe(table: Table) -> sa.Table:
    """Return the table as SQLite has it: STRICT, and without a rowid where the key is not one."""
    described = sa_table(table, lambda one: storage(one).ddl, sqlite_strict=True)
    key_types = [described.c[name].type for name in table.key]
    is_rowid = len(key_types) == 1 and isinstance(key_types[0], sa.INTEGER)
    described.dialect_options["sqlite"]["with_rowid"] = not table.key or is_rowid
    return described


class DoltLiteWriter(Writer):
    """The statements of one table."""

    def __init__(self, table: sa.Table, dialect: sa.Dialect, others: Sequence[str] = ()) -> None:
        """Compile the statements for a table, which may have other columns beside."""
        self._table = table
        self._others = others
        values = insert(table)
        key = list(table.primary_key.columns)
        rest = {c.name: values.excluded[c.name] for c in table.columns if not c.primary_key}
        if not key:
            upsert = values
        elif rest:
            upsert = values.on_conflict_do_update(index_elements=key, set_=rest)
        else:
            upsert = values.on_conflict_do_nothing(index_elements=key)
        self._append = str(values.compile(dialect=dialect))
        self._upsert = str(upsert.compile(dialect=dialect))
        matches = [column == sa.bindparam(None, unique=True) for column in key]
        self._delete = str(table.delete().where(*matches).compile(dialect=dialect))
        self._rowid = rowid_name(table.columns.keys())
        self._clear = str(table.delete().compile(dialect=dialect))

    def upsert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Write rows by key; of two with one key the later wins."""
        connection.exec_driver_sql(self._upsert, list(rows))

    def append(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Add rows to a table without a key."""
        connection.exec_driver_sql(self._append, list(rows))

    def delete(self, connection: sa.Connection, keys: Sequence[Row]) -> None:
        """Remove rows by key."""
        connection.exec_driver_sql(self._delete, list(keys))

    def restore(self, connection: sa.Connection, keys: Sequence[Row] | None = None) -> None:
        """Put back the last commit's rows that are not there; without a key, all of them."""
        if not self._table.primary_key.columns and self._rowid is not None:
            numbers.restore_rows(connection, self._table, self._rowid, self._others)
            return
        restore_rows(connection, self._table, self._committed(connection), self._others, keys)

    def keep(self, connection: sa.Connection, columns: Sequence[str]) -> None:
        """Give some columns the last commit's values."""
        keep_columns(connection, self._table, self._committed(connection), columns)

    def identify(self, connection: sa.Connection) -> None:
        """Give rows without a key the numbers that equal rows have at the last commit."""
        if self._rowid is not None:
            numbers.keep_numbers(connection, self._table, self._rowid, self._others)

    def _committed(self, connection: sa.Connection) -> str:
        quote = connection.dialect.identifier_preparer.quote
        return f"{quote(f'dolt_at_{self._table.name}')}('HEAD')"

    def patch(self, connection: sa.Connection, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Write some columns of rows by key; the others stay."""
        values = insert(self._table).values({name: sa.bindparam(name) for name in columns})
        key = list(self._table.primary_key.columns)
        rest = {
            name: values.excluded[name] for name in columns if name not in self._table.primary_key
        }
        statement = (
            values.on_conflict_do_update(index_elements=key, set_=rest)
            if rest
            else values.on_conflict_do_nothing(index_elements=key)
        )
        connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows])

    def clear(self, connection: sa.Connection) -> None:
        """Remove all rows."""
        connection.exec_driver_sql(self._clear)
