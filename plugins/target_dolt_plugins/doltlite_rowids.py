"""What DoltLite knows rows by that have no key: a running number.

By it equal rows that are loaded again would all be others (https://sqlite.org/rowidtable.html):
rows that have replaced a table take the numbers that equal ones have at the last commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from target_dolt_plugins.doltlite_past import PAST, attach_head

_NAMES = ("rowid", "_rowid_", "oid")
"""Names of the row's number, any of which a column may take away (sqlite.org/rowidtable.html)."""

_SENT = "temp._target_dolt_sent"
"""Rows on their way. SQLite keeps it in a file of its own, whatever it holds (measured: no memory,
and the database's own file does not grow)."""


def rowid_name(columns: Iterable[str]) -> str | None:
    """Return a name of the row's number that no column of a table has taken; None: all are."""
    taken = {name.lower() for name in columns}
    return next((one for one in _NAMES if one not in taken), None)


def restore_rows(
    connection: sa.Connection, table: sa.Table, rowid: str, others: Sequence[str]
) -> None:
    """Put the last commit's rows back under their numbers, before the rows that are there.

    Args:
        connection: A connection with a transaction begun.
        table: The table.
        rowid: What the row's number is called in it.
        others: Columns that the table has beside those of `table`.
    """
    name, columns, past, there = _tables(connection, table)
    if not there:
        return  # a table that this run has made
    beside = [(one, connection.dialect.identifier_preparer.quote(one)) for one in others]
    kept = ", ".join(quoted for one, quoted in [*columns, *beside] if one in there)
    sent = ", ".join(quoted for _, quoted in columns)
    for statement in (
        f"CREATE TABLE {_SENT} AS SELECT {sent} FROM {name}",  # noqa: S608 - of quoted names alone
        f"DELETE FROM {name}",  # noqa: S608
        f"INSERT INTO {name} ({rowid}, {kept}) SELECT {rowid}, {kept} FROM {past}",  # noqa: S608
        f"INSERT INTO {name} ({sent}) SELECT {sent} FROM {_SENT}",  # noqa: S608
        f"DROP TABLE {_SENT}",
    ):
        connection.exec_driver_sql(statement)


def keep_numbers(
    connection: sa.Connection, table: sa.Table, rowid: str, others: Sequence[str]
) -> None:
    """Give rows the numbers of equal rows of the last commit, and others numbers of no row there.

    Args:
        connection: A connection with a transaction begun.
        table: The table.
        rowid: What the row's number is called in it.
        others: Columns that the table has beside those of `table`, which rows keep.
    """
    name, columns, past, there = _tables(connection, table)
    if not there:
        return
    beside = [connection.dialect.identifier_preparer.quote(one) for one in others]
    names = ", ".join([*(quoted for _, quoted in columns), *beside])
    new = _counted(name, rowid, [quoted for _, quoted in columns], beside)
    # A column that the commit has not is NULL in its rows.
    old = _counted(past, rowid, [quoted if one in there else "NULL" for one, quoted in columns])
    places = [f"c{place}" for place in range(len(columns))]
    same = " AND ".join(f"old.{one} IS new.{one}" for one in [*places, "nth"])
    places += [f"o{place}" for place in range(len(beside))]
    pairs = (
        f"SELECT old.id, {', '.join(f'new.{one}' for one in places)} "  # noqa: S608
        f"FROM ({new}) AS new LEFT JOIN ({old}) AS old ON {same} ORDER BY new.id"
    )
    # Beyond the largest number that there can be SQLite finds one by itself.
    free = f"(SELECT max({rowid}) FROM {past}) + sent.rowid"  # noqa: S608
    free = f"iif(typeof({free}) = 'integer', {free}, NULL)"
    numbered = f"SELECT coalesce(id, {free}), {', '.join(places)} FROM {_SENT} AS sent ORDER BY 1"  # noqa: S608
    for statement in (
        f"CREATE TABLE {_SENT} AS {pairs}",
        f"DELETE FROM {name}",  # noqa: S608
        f"INSERT INTO {name} ({rowid}, {names}) {numbered}",
        f"DROP TABLE {_SENT}",
    ):
        connection.exec_driver_sql(statement)


def _counted(name: str, rowid: str, columns: Sequence[str], beside: Sequence[str] = ()) -> str:
    """Return a query of a table's rows, and of which of its equals each is."""
    named = ", ".join(
        f"{column} AS {letter}{place}"
        for letter, some in (("c", columns), ("o", beside))
        for place, column in enumerate(some)
    )
    return (
        f"SELECT {rowid} AS id, {named}, row_number() OVER "  # noqa: S608
        f"(PARTITION BY {', '.join(columns)} ORDER BY {rowid}) AS nth FROM {name}"
    )


def _tables(
    connection: sa.Connection, table: sa.Table
) -> tuple[str, list[tuple[str, str]], str, set[str]]:
    """Return a table, its columns, and the table and columns of the last commit, quoted.

    The commit's rows have the numbers there that they are known by.
    """
    preparer = connection.dialect.identifier_preparer
    name = preparer.format_table(table)
    attach_head(connection)
    info = connection.exec_driver_sql(f"PRAGMA {PAST}.table_info({name})")
    columns = [(one.name, preparer.format_column(one)) for one in table.columns]
    return f"main.{name}", columns, f"{PAST}.{name}", {row.name for row in info}
