"""What a table had at the last commit, put back in SQL: whole rows, or some columns of them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from target_dolt.writer import Row


def restore_rows(
    connection: sa.Connection,
    table: sa.Table,
    committed: str,
    others: Sequence[str] = (),
    keys: Sequence[Row] | None = None,
) -> None:
    """Insert the rows of `committed`, a table of the last commit in SQL, that `table` lacks.

    Args:
        connection: A connection with a transaction begun.
        table: The table.
        committed: The table of the last commit.
        others: Columns that the table has beside those of `table`.
        keys: The keys of the rows that are meant; None for all.
    """
    preparer = connection.dialect.identifier_preparer
    name = preparer.format_table(table)
    there = connection.exec_driver_sql(f"SELECT * FROM {committed} AS past LIMIT 0").keys()  # noqa: S608
    columns = [preparer.quote(one) for one in [*table.columns.keys(), *others] if one in there]
    same = [f"present.{column} = past.{column}" for column in _key_columns(table, preparer)]
    missing = (
        f" WHERE NOT EXISTS (SELECT 1 FROM {name} AS present WHERE {' AND '.join(same)})"  # noqa: S608
        if same
        else ""
    )
    statement = (
        f"INSERT INTO {name} ({', '.join(columns)}) "  # noqa: S608 - of quoted names alone
        f"SELECT {', '.join(f'past.{column}' for column in columns)} "
        f"FROM {committed} AS past{missing}"
    )
    if keys is None:
        connection.exec_driver_sql(statement)
        return
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    for column in _key_columns(table, preparer):
        statement += f" AND past.{column} = {mark}"
    for key in keys:
        connection.exec_driver_sql(statement, key)


def keep_columns(
    connection: sa.Connection, table: sa.Table, committed: str, names: Sequence[str]
) -> None:
    """Take some columns' values from `committed`, a table of the last commit in SQL."""
    preparer = connection.dialect.identifier_preparer
    name = preparer.format_table(table)
    same = [f"past.{column} = {name}.{column}" for column in _key_columns(table, preparer)]
    past = f"FROM {committed} AS past WHERE {' AND '.join(same)}"
    # Dolt 2.3.1 updates no table whose WHERE asks it at another commit (docs/upstream.md).
    is_there = f"(SELECT 1 {past}) = 1"
    changes = [
        f"{column} = CASE WHEN {is_there} THEN (SELECT past.{column} {past}) ELSE {column} END"
        for column in map(preparer.quote, names)
    ]
    connection.exec_driver_sql(f"UPDATE {name} SET {', '.join(changes)}")  # noqa: S608


def _key_columns(table: sa.Table, preparer: sa.sql.compiler.IdentifierPreparer) -> list[str]:
    return [preparer.format_column(column) for column in table.primary_key.columns]
