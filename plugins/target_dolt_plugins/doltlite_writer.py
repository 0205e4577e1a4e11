"""Rows into DoltLite, by executemany of statements that are compiled once a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from target_dolt import Row, Table, Writer
from target_dolt.tables.ddl import sa_table
from target_dolt.tables.past import keep_columns, restore_rows
from target_dolt_plugins.doltlite_types import storage

_ROWIDS = ("rowid", "_rowid_", "oid")
"""Names of the row's number, any of which a column may take away (sqlite.org/rowidtable.html)."""

_SENT = "_target_dolt_sent"

_pack = msgspec.msgpack.Encoder().encode


def rowid_name(table: sa.Table) -> str | None:
    """Return a name of the row's number that no column of the table has taken; None: all are."""
    taken = {column.name.lower() for column in table.columns}
    return next((one for one in _ROWIDS if one not in taken), None)


def _identity(row: Row, occurrence: int) -> int:
    """Return a rowid that says what a row holds, and which of its equals it is."""
    digest = hashlib.blake2b(_pack((row, occurrence)), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def describe(table: Table) -> sa.Table:
    """Return the table as SQLite has it: STRICT, and without a rowid where the key is not one."""
    described = sa_table(table, lambda one: storage(one).ddl, sqlite_strict=True)
    key_types = [described.c[name].type for name in table.key]
    is_rowid = len(key_types) == 1 and isinstance(key_types[0], sa.INTEGER)
    described.dialect_options["sqlite"]["with_rowid"] = not table.key or is_rowid
    return described


def _attach_head(connection: sa.Connection) -> str:
    """Attach the branch's last commit as a database; it is detached with the connection."""
    head = connection.exec_driver_sql("SELECT dolt_hashof('HEAD')").scalar()
    name = f"past_{head}"
    if all(row.name != name for row in connection.exec_driver_sql("PRAGMA database_list")):
        file = str(connection.engine.url.database).rpartition("@")[0]
        connection.exec_driver_sql(f"ATTACH ? AS {name}", (f"{file}@{head}",))
    return name


class DoltLiteWriter(Writer):
    """The statements of one table.

    SQLite has no key for a table without one but a running number, by which the same rows
    loaded again would all be others.
    """

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
        name = dialect.identifier_preparer.format_table(table)
        self._rowid = rowid = rowid_name(table)
        columns = ", ".join(map(dialect.identifier_preparer.format_column, table.columns))
        marks = ", ".join("?" for _ in range(len(table.columns) + 1))
        self._find = f"SELECT {rowid} FROM {name} WHERE {rowid} IN (SELECT value FROM json_each(?))"  # noqa: S608
        self._append_again = f"INSERT INTO {name} ({rowid}, {columns}) VALUES ({marks})"  # noqa: S608
        self._counts: dict[int, int] = {}
        self._clear = str(table.delete().compile(dialect=dialect))

    def upsert(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Write rows by key; of two with one key the later wins."""
        connection.exec_driver_sql(self._upsert, list(rows))

    def append(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Add rows to a table without a key."""
        connection.exec_driver_sql(self._append, list(rows))

    def append_again(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Add rows that are known by what they hold: equal rows get the same rowids again."""
        if self._rowid is None:
            # Columns have taken all of its names: these rows are new ones at every run.
            self.append(connection, rows)
            return
        existing = self._existing(connection, [_identity(row, 0) for row in rows])
        identified = []
        for row in rows:
            first = _identity(row, 0)
            count = self._counts.get(first)
            if count is None:
                count = self._count(connection, row) if first in existing else 0
            self._counts[first] = count + 1
            identified.append((_identity(row, count), *row))
        connection.exec_driver_sql(self._append_again, identified)
        # Only what came more than once, or in this buffer, is worth remembering.
        self._counts = {first: count for first, count in self._counts.items() if count > 1}

    def _existing(self, connection: sa.Connection, rowids: Sequence[int]) -> set[int]:
        rows = connection.exec_driver_sql(self._find, (json.dumps(rowids),))
        return {rowid for (rowid,) in rows}

    def _count(self, connection: sa.Connection, row: Row) -> int:
        count = 1
        while self._existing(connection, [_identity(row, count)]):
            count += 1
        return count

    def delete(self, connection: sa.Connection, keys: Sequence[Row]) -> None:
        """Remove rows by key."""
        connection.exec_driver_sql(self._delete, list(keys))

    def restore(self, connection: sa.Connection, keys: Sequence[Row] | None = None) -> None:
        """Put back the last commit's rows that are not there; without a key, all of them."""
        if not self._table.primary_key.columns and self._rowid is not None:
            self._restore_numbered(connection)
            return
        restore_rows(connection, self._table, self._committed(connection), self._others, keys)

    def keep(self, connection: sa.Connection, columns: Sequence[str]) -> None:
        """Give some columns the last commit's values."""
        keep_columns(connection, self._table, self._committed(connection), columns)

    def _committed(self, connection: sa.Connection) -> str:
        quote = connection.dialect.identifier_preparer.quote
        return f"{quote(f'dolt_at_{self._table.name}')}('HEAD')"

    def _restore_numbered(self, connection: sa.Connection) -> None:
        """Put rows back under their numbers, before the rows that are there.

        A commit's own `dolt_at_` function numbers its rows anew: all would be others. The commit,
        attached as a database, has their numbers.
        """
        preparer, rowid = connection.dialect.identifier_preparer, self._rowid
        name = preparer.format_table(self._table)
        past = _attach_head(connection)
        there = {
            row.name for row in connection.exec_driver_sql(f"PRAGMA {past}.table_info({name})")
        }
        all_columns = [(one.name, preparer.format_column(one)) for one in self._table.columns]
        columns = ", ".join(quoted for _, quoted in all_columns)
        beside = [(one, preparer.quote(one)) for one in self._others]
        kept = ", ".join(quoted for one, quoted in [*all_columns, *beside] if one in there)
        for statement in (
            f"CREATE TEMP TABLE {_SENT} AS SELECT {columns} FROM {name}",  # noqa: S608
            f"DELETE FROM {name}",  # noqa: S608
            f"INSERT INTO {name} ({rowid}, {kept}) SELECT {rowid}, {kept} FROM {past}.{name}",  # noqa: S608
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM temp.{_SENT}",  # noqa: S608
            f"DROP TABLE temp.{_SENT}",
        ):
            connection.exec_driver_sql(statement)

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
