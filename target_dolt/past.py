"""What a table had at the last commit, put back in SQL: whole rows, or some columns of them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa


def restore_rows(connection: sa.Connection, table: sa.Table, committed: str) -> None:
    """Insert the rows of `committed`, a table of the last commit in SQL, that `table` lacks."""
    preparer = connection.dialect.identifier_preparer
    name = preparer.format_table(table)
    there = connection.exec_driver_sql(f"SELECT * FROM {committed} AS past LIMIT 0").keys()  # noqa: S608
    columns = [preparer.format_column(one) for one in table.columns if one.name in there]
    same = [f"present.{column} = past.{column}" for column in _key_columns(table, preparer)]
    missing = (
        f" WHERE NOT EXISTS (SELECT 1 FROM {name} AS present WHERE {' AND '.join(same)})"  # noqa: S608
        if same
        else ""
    )
    connection.exec_driver_sql(
        f"INSERT INTO {name} ({', '.join(columns)}) "  # noqa: S608 - of quoted names alone
        f"SELECT {', '.join(f'past.{column}' for column in columns)} "
        f"FROM {committed} AS past{missing}"
    )


def keep_columns(
    connection: sa.Connection, table: sa.Table, committed: str, names: Sequence[str]
) -> None:
    """Take some columns' values from `committed`, a table of the last commit in SQL."""
    preparer = connection.dialect.identifier_preparer
    name = preparer.format_table(table)
    same = [f"past.{column} = {name}.{column}" for column in _key_columns(table, preparer)]
    kept = [preparer.format_column(table.columns[one]) for one in names]
    past = f"FROM {committed} AS past WHERE {' AND '.join(same)}"
    changes = [f"{column} = (SELECT past.{column} {past})" for column in kept]
    connection.exec_driver_sql(f"UPDATE {name} SET {', '.join(changes)}")  # noqa: S608


def _key_columns(table: sa.Table, preparer: sa.sql.compiler.IdentifierPreparer) -> list[str]:
    return [preparer.format_column(column) for column in table.primary_key.columns]
