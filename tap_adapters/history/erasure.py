"""Rows through all of a history: which commits hold them, and how each of these loses them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from tap_adapters.history.commit_graph import Graph, GraphCommit
from tap_adapters.history.commits import QueryError, query_errors
from tap_adapters.history.rewrite import Step
from target_dolt import Database, Table, values
from target_dolt.dialect import ColumnType
from target_dolt.names import folded
from target_dolt.tables import catalogue
from target_dolt.tables.schema import Tables
from target_dolt.types import type_text


class Rows:
    """Rows of a table by their key or by other values, wherever in a history they are.

    Attributes:
        most: How many of them one commit holds at the most, as far as commits were looked at.
    """

    def __init__(
        self, database: Database, table: str, given: Sequence[str], *, by_key: bool = True
    ) -> None:
        """Take what tells the rows apart, as a person gives it.

        Args:
            database: The open database.
            table: The table's name.
            given: `COLUMN=VALUE` for each column; of a key of one column the value alone will do.
            by_key: Whether it is the key; else each row goes that has these values at a commit.
        """
        self._database = database
        self._table = table
        self._given = tuple(given)
        self._by_key = by_key
        self._texts: Mapping[str, str] = {}
        self._known: dict[tuple[str, str], sa.Delete | None] = {}
        self._deletes: dict[str, sa.Delete] = {}
        self.most = 0

    def holders(self, graph: Graph) -> set[str]:
        """Return the commits that hold such a row.

        Raises:
            QueryError: No commit has such a table, or its rows cannot be found by what was given.
        """
        seen = False
        for one in reversed(list(graph.commits.values())):
            with query_errors(), self._database.connect(one.hash) as connection:
                tables = Tables(self._database, connection)
                with connection.begin():
                    names = sa.inspect(connection).get_table_names()
                name = next(
                    (known for known in names if folded(known) == folded(self._table)), None
                )
                if name is None:
                    continue
                seen = True
                known = (
                    self._hash(connection, name),
                    self._hash(connection, catalogue.NAME if catalogue.NAME in names else name),
                )
                if known not in self._known:
                    self._known[known] = self._delete(connection, tables, name, one)
                delete = self._known[known]
                if delete is not None:
                    self._deletes[one.hash] = delete
        if not seen:
            msg = f"no commit of '{self._database.name}' has a table '{self._table}'"
            raise QueryError(msg)
        return set(self._deletes)

    @staticmethod
    def _hash(connection: sa.Connection, table: str) -> str:
        with connection.begin():
            return str(connection.execute(_HASH, {"name": table}).scalar())

    def _delete(
        self, connection: sa.Connection, tables: Tables, name: str, commit: GraphCommit
    ) -> sa.Delete | None:
        """Return what deletes the rows from this table; None where there is none."""
        known = catalogue.read(connection, tables).get(name, {})
        table = tables.find(name, {column: row.type for column, row in known.items()})
        assert table is not None  # noqa: S101 - its name was just read
        wanted = self._values(table, commit)
        if wanted is None:
            return None
        condition = sa.and_(*(sa.column(column) == value for column, value in wanted.items()))
        place = sa.table(name)
        with connection.begin():
            query = sa.select(sa.func.count()).select_from(place).where(condition)
            count = int(connection.execute(query).scalar_one())
        self.most = max(self.most, count)
        return sa.delete(place).where(condition) if count else None

    def _values(self, table: Table, commit: GraphCommit) -> dict[str, Any] | None:
        """Return what was given as this table stores it; None where it can have no such value."""
        newest = not self._texts
        if newest:  # the newest table that there is says what its columns are
            self._texts = (_key if self._by_key else _columns)(table, self._given)
        missing = [one for one in self._texts if one not in table.types]
        if missing:
            msg = (
                f"commit {commit.hash}: table '{table.name}' has no column '{missing[0]}', so that "
                "its rows cannot be found by it; nothing was changed"
            )
            raise QueryError(msg)
        try:
            return {
                name: _stored(self._database, table.types[name], f"'{table.name}.{name}'", text)
                for name, text in self._texts.items()
            }
        except QueryError:
            if newest:
                raise
            return None

    def erase(self, connection: sa.Connection, commit: GraphCommit) -> None:
        """Delete the rows from a commit's tables, and stage that.

        Raises:
            QueryError: Rows of other tables hang on it.
        """
        delete = self._deletes.get(commit.hash)
        if delete is None:
            return
        name = str(delete.table)
        try:
            connection.execute(delete)
            touched = {
                table
                for table, staged, _ in connection.exec_driver_sql(_STATUS)
                if not staged and table != name
            }
        except sa.exc.DBAPIError:  # its words hold the key
            touched = _referring(connection, name)
        if touched:
            quoted = ", ".join(f"'{one}'" for one in sorted(touched))
            msg = (
                f"commit {commit.hash}: rows of {quoted} hang on a row of '{name}' that is to go: "
                "erase those first; nothing was changed"
            )
            raise QueryError(msg)
        self._database.call(connection, "dolt_add", "-f", name)


def steps(graph: Graph, holders: Collection[str]) -> tuple[Step, ...]:
    """Return the commits to be made anew: those that hold a row, and all that follow them."""
    heads = [*graph.branches.values(), *(tag.commit for tag in graph.tags.values())]
    return tuple(_following(graph.in_order(graph.reached(heads)), holders))


def _following(commits: Iterator[GraphCommit], holders: Collection[str]) -> Iterator[Step]:
    anew: set[str] = set()
    for one in commits:
        if one.hash in holders or anew.intersection(one.parents):
            anew.add(one.hash)
            yield Step(one, one.parents, one.message)


def _key(table: Table, given: Sequence[str]) -> Mapping[str, str]:
    """Return the key's columns and what was given for them.

    Raises:
        QueryError: It is not the table's key.
    """
    if not table.key:
        msg = (
            f"table '{table.name}' has no key: give --where COLUMN=VALUE, which erases all rows "
            "with this value"
        )
        raise QueryError(msg)
    texts = _parted(given)
    if len(given) == len(table.key) == 1 and not (
        set(texts) <= set(table.types) and "=" in given[0]
    ):
        return {table.key[0]: given[0]}
    if set(texts) != set(table.key) or len(given) != len(texts):
        options = " ".join(f"--key {name}=..." for name in table.key)
        msg = f"the key of '{table.name}' is {', '.join(table.key)}: give {options}"
        raise QueryError(msg)
    return texts


def _columns(table: Table, given: Sequence[str]) -> Mapping[str, str]:
    """Return the columns and what was given for them.

    Raises:
        QueryError: The table has no such column, or does not compare its values exactly.
    """
    texts = _parted(given)
    for name in texts:
        if name not in table.types:
            msg = f"table '{table.name}' has no column '{name}': give --where COLUMN=VALUE"
            raise QueryError(msg)
        if isinstance(table.types[name], sa.JSON) or not table.exact:
            msg = f"'{table.name}.{name}' is not compared exactly: give other columns, or a key"
            raise QueryError(msg)
    if len(texts) != len(given):
        msg = "a column is given twice: each row has one value in it"
        raise QueryError(msg)
    return texts


def _parted(given: Sequence[str]) -> Mapping[str, str]:
    return {name: text for name, _, text in (one.partition("=") for one in given)}


def _stored(database: Database, column_type: ColumnType, column: str, text: str) -> Any:
    """Return a value as its column stores it, from the text that `dolt-sync sql` shows.

    Raises:
        QueryError: The column takes no such value.
    """
    convert = values.writer({"type": "string"} if _is_text(column_type) else {}, column_type)
    encode = database.storage(column_type).encode
    for value in _readings(text):
        try:
            converted = convert(value)
            return encode(converted) if encode else converted
        except ValueError as error:
            reason = str(error)
    msg = f"{column} is {type_text(column_type)}, and what was given is none: {reason}"
    raise QueryError(msg)


def _is_text(column_type: ColumnType) -> bool:
    return isinstance(column_type, sa.String) and not isinstance(column_type, sa.Enum)


def _readings(text: str) -> Iterator[Any]:
    """Yield what a text may stand for: itself, a number, a truth value."""
    yield text
    with suppress(InvalidOperation):
        yield Decimal(text)
    if text in _TRUTHS:
        yield _TRUTHS[text]


def _referring(connection: sa.Connection, name: str) -> set[str]:
    """Return the tables whose foreign keys lead to this one."""
    inspector = sa.inspect(connection)
    found = {
        table
        for table in inspector.get_table_names()
        for one in inspector.get_foreign_keys(table)
        if one["referred_table"] == name
    }
    return found or {"a table that refers to it"}


_TRUTHS = {"true": True, "false": False, "1": True, "0": False}
_HASH = sa.text("SELECT dolt_hashof_table(:name)")
_STATUS = "SELECT table_name, staged, status FROM dolt_status"
