"""A snapshot of an SQLite file: one read transaction, on a connection that cannot write."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tap_adapters.sources.connecting import SourceError, source_errors
from tap_adapters.sources.schema import (
    Counter,
    ForeignKey,
    LeftOut,
    SourceColumn,
    SourceConstraint,
    SourceSchema,
    SourceTable,
)
from tap_adapters.sources.snapshot import (
    Condition,
    Selection,
    Snapshot,
    chunks,
    json_schema,
    selected,
    shown,
)
from target_dolt_plugins import doltlite_engine

_NO_WORDS = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\]""", re.DOTALL
)
"""Comments, texts and quoted names."""

_COUNTS = re.compile(
    r"\bprimary\s+key\s*"
    r"(?:\(\s*[^\s,()]*\s*(?:asc\s+)?|(?:asc\s+)?(?:on\s+conflict\s+\w+\s+)?)autoincrement\b",
    re.IGNORECASE,
)
"""https://www.sqlite.org/syntax/column-constraint.html; `PRIMARY KEY (id AUTOINCREMENT)` is taken
too."""

_TABLES = """
SELECT name, sql FROM sqlite_master
WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"""

_LEFT_OUT = "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY 1, 2"
_COLUMNS = "SELECT * FROM pragma_table_xinfo(?) ORDER BY cid"
_INDEXES = """
SELECT l.name, l."unique" AS is_unique, l.origin, m.sql,
    (SELECT json_group_array(i.name) FROM pragma_index_info(l.name) i) AS columns
FROM pragma_index_list(?) l LEFT JOIN sqlite_master m ON m.name = l.name AND m.type = 'index'
ORDER BY l.name"""
_FOREIGN = "SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq"

_HIDDEN, _VIRTUAL, _STORED = 1, 2, 3
"""Values of `hidden`: https://sqlite.org/pragma.html#pragma_table_xinfo"""


@contextmanager
def snapshot(url: sa.URL, selection: Selection, *, rows: bool = True) -> Iterator[Snapshot]:
    """Hold one transaction open that sees the file as it is now."""
    del rows  # it takes no right more
    path = Path(url.database or "")
    if not path.is_file():
        msg = f"there is no SQLite file '{path}'"
        raise SourceError(msg)
    doltlite_engine.load()  # the first to open a file decides which library this process has
    read_only = url.set(database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(read_only, poolclass=sa.NullPool)
    with source_errors(shown(url)), engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.isolation_level = None
        connection.exec_driver_sql("BEGIN")
        yield SQLiteSnapshot(connection, url, selection)


class SQLiteSnapshot(Snapshot):
    """One instant of an SQLite file."""

    position = ""

    def __init__(self, connection: sa.Connection, url: sa.URL, selection: Selection) -> None:
        """Read what the file holds: the transaction begins with that."""
        self._connection = connection
        self.name = shown(url)
        self.source = f"sqlite:{Path(url.database or '').name}"
        found = connection.exec_driver_sql(_TABLES).all()
        self._types = _types(connection)
        self.time = f"{dt.datetime.now(dt.timezone.utc):%Y-%m-%d %H:%M:%S.%f} UTC"
        tables, others = selection.part(found, lambda one: [one[0]])
        self.schema = SourceSchema(
            "sqlite",
            {name: self._table(name, statement) for name, statement in tables},
            left_out=tuple(LeftOut(*row) for row in connection.exec_driver_sql(_LEFT_OUT)),
            others=tuple(name for name, _ in others),
        )

    def _table(self, name: str, statement: str) -> SourceTable:
        execute = self._connection.exec_driver_sql
        columns = execute(_COLUMNS, (name,)).all()
        types = self._types[name]
        key = tuple(
            column[1] for column in sorted(columns, key=lambda one: one[5]) if column[5] > 0
        )
        words = _NO_WORDS.sub(" ", statement)
        counters = self._counters(name) if _COUNTS.search(words) else None
        return SourceTable(
            name=name,
            schema=None,
            own_name=name,
            columns=tuple(
                _column(one, types.get(one[1]), counters if key == (one[1],) else None)
                for one in columns
                if one[6] != _HIDDEN
            ),
            key=key,
            constraints=tuple(_constraint(row) for row in execute(_INDEXES, (name,))),
            foreign_keys=_foreign_keys(execute(_FOREIGN, (name,)).all()),
            definition=statement,
        )

    def _counters(self, table: str) -> Counter:
        query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        row = self._connection.exec_driver_sql(query, (table,)).first()
        return Counter((row[0] if row else 0) + 1, "auto_increment")

    def rows(
        self, table: SourceTable, where: Condition | None = None
    ) -> Iterator[Sequence[Sequence[Any]]]:
        """Yield a table's rows, each value by the class that SQLite has it in."""
        quote = self._connection.dialect.identifier_preparer.quote_identifier
        columns = ", ".join(quote(column.name) for column in table.columns)
        query = f"SELECT {columns} FROM {quote(table.own_name)}"  # noqa: S608 - quoted
        flags = [column.json.get("type") == "boolean" for column in table.columns]
        driver: Any = self._connection.connection.driver_connection
        cursor = driver.execute(*selected(query, where, marks=False))
        for rows in chunks(cursor.fetchmany):
            yield [
                tuple([_plain(one, flag) for one, flag in zip(row, flags, strict=True)])
                for row in rows
            ]


def _plain(value: Any, flag: bool) -> Any:  # noqa: FBT001 - for each value, by its place
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, bytes):
        return value.hex()
    return bool(value) if flag and value in {0, 1} else value


def _column(
    row: Sequence[Any], column_type: sa.types.TypeEngine[Any] | None, counter: Counter | None
) -> SourceColumn:
    _, name, declared, is_not_null, default, _, hidden = row
    return SourceColumn(
        name=name,
        type=declared,
        base=declared or "blob",
        json=_as_spelled(json_schema(sa.Text() if column_type is None else column_type)),
        nullable=not is_not_null,
        default=default,
        generated="" if hidden in {_VIRTUAL, _STORED} else None,
        stored=hidden != _VIRTUAL,
        counter=counter,
    )


def _types(connection: sa.Connection) -> dict[str, dict[str, sa.types.TypeEngine[Any]]]:
    """Return SQLAlchemy's reading of each column's declared type, by table."""
    tables = sa.inspect(connection).get_multi_columns()
    return {
        table: {column["name"]: column["type"] for column in columns}
        for (_, table), columns in tables.items()
    }


def _as_spelled(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave a text the text that it is: SQLite has no dates, and each program spells its own."""
    dates = {"date", "date-time", "time"}
    return {"type": schema["type"]} if schema.get("format") in dates else schema


def _constraint(row: Sequence[Any]) -> SourceConstraint:
    name, is_unique, origin, statement, columns = row
    kinds = {"pk": "key", "u": "unique"}
    kind = kinds.get(origin, "unique index" if is_unique else "index")
    names = tuple(one for one in json.loads(columns) if one is not None)
    return SourceConstraint(kind, None if origin in kinds else name, names, statement)


def _foreign_keys(rows: Sequence[Sequence[Any]]) -> tuple[ForeignKey, ...]:
    by_id: dict[int, list[Sequence[Any]]] = {}
    for row in rows:
        by_id.setdefault(row[0], []).append(row)
    return tuple(
        ForeignKey(
            None,
            tuple(row[3] for row in some),
            some[0][2],
            tuple(row[4] for row in some if row[4] is not None),
            some[0][5],
            some[0][6],
        )
        for some in by_id.values()
    )
