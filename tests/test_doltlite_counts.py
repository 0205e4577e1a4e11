"""A commit's counts of rows on DoltLite, where those after a table's last key are counted apart."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from target_dolt.queries import RowCounts, row_counts
from target_dolt_plugins import doltlite_counts
from target_dolt_plugins.doltlite import DoltLiteDatabase

TABLES = {
    "number": "CREATE TABLE {} (id INTEGER PRIMARY KEY, v TEXT) STRICT",
    "text": "CREATE TABLE {} (id TEXT PRIMARY KEY, v TEXT) STRICT, WITHOUT ROWID",
    "bytes": "CREATE TABLE {} (v TEXT, id BLOB NOT NULL, PRIMARY KEY (id)) STRICT, WITHOUT ROWID",
    "real": "CREATE TABLE {} (id REAL NOT NULL, v TEXT, PRIMARY KEY (id)) STRICT, WITHOUT ROWID",
    "nocase": "CREATE TABLE {} (id TEXT COLLATE NOCASE, v TEXT, PRIMARY KEY (id)) WITHOUT ROWID",
    "loose": "CREATE TABLE {} (id PRIMARY KEY, v TEXT)",  # by number, beside an index
    "none": "CREATE TABLE {} (rowid TEXT, id INTEGER, v TEXT) STRICT",
    "two": "CREATE TABLE {} (v TEXT, b TEXT, id INT, PRIMARY KEY (b, id)) STRICT, WITHOUT ROWID",
    "indexed": "CREATE TABLE {0} (id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX i ON {0} (v)",
    "order": "CREATE TABLE {} (id INTEGER PRIMARY KEY, v TEXT) STRICT",  # a name to be quoted
}
KEYS = {"text": "k{:02}", "bytes": "k{:02}", "nocase": "K{:02}"}

changes = st.lists(
    st.tuples(st.sampled_from(["add", "change", "delete"]), st.integers(-2, 25)), max_size=12
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> DoltLiteDatabase:
    """A file for all examples: each makes a table of its own."""
    return DoltLiteDatabase(tmp_path_factory.mktemp("counts") / "dolt.db")


_numbers = itertools.count()


@pytest.mark.parametrize("kind", TABLES)
@given(before=st.sets(st.integers(0, 20), max_size=20), after=changes, large=st.integers(0, 3))
def test_counts_are_those_of_the_engine(
    database: DoltLiteDatabase,
    kind: str,
    before: set[int],
    after: list[tuple[str, int]],
    large: int,
) -> None:
    """Whatever is added, changed and deleted; and the rows are there as before, staged too."""
    name = f"order by {kind} {next(_numbers)}" if kind == "order" else f"{kind}{next(_numbers)}"
    with database.connect(write=True) as connection:
        quoted = connection.dialect.identifier_preparer.quote(name)
        with connection.begin():
            for statement in TABLES[kind].format(quoted).split(";"):
                connection.exec_driver_sql(statement.replace("INDEX i", f'INDEX "i {name}"'))
            for number in sorted(before):
                _change(connection, quoted, kind, ("add", number))
            database.call(connection, "dolt_commit", "-A", "-m", "before")
        with connection.begin():
            for one in after:
                _change(connection, quoted, kind, one)
            database.call(connection, "dolt_add", "-f", name)
        with connection.begin():
            wanted = row_counts(connection)
            rows = connection.exec_driver_sql(f"SELECT * FROM {quoted}").all()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(doltlite_counts, "LARGE", large)
                found = database.row_counts(connection, [name, "not there"])
            assert _numbers_of(found) == _numbers_of(wanted)
            assert connection.exec_driver_sql(f"SELECT * FROM {quoted}").all() == rows
        with connection.begin():
            status = connection.exec_driver_sql("SELECT table_name, staged FROM dolt_status")
            assert status.all() == ([(name, 1)] if wanted else [])
            database.call(connection, "dolt_commit", "--allow-empty", "-m", "after")
            assert connection.exec_driver_sql("SELECT * FROM dolt_status").all() == []
            connection.exec_driver_sql(f"DROP TABLE {quoted}")
            database.call(connection, "dolt_commit", "-A", "-m", "gone")


def _numbers_of(counts: list[RowCounts]) -> list[tuple[str, int, int, int]]:
    return [(one.table, one.added, one.changed, one.deleted) for one in counts]


def _change(connection: sa.Connection, table: str, kind: str, change: tuple[str, int]) -> None:
    how, number = change
    key = KEYS.get(kind, "{}").format(number)
    value: object = key.encode() if kind == "bytes" else key if kind in KEYS else number
    if how == "add" and kind == "two":
        insert = f"INSERT OR IGNORE INTO {table} (b, id, v) VALUES (?, ?, 'new')"
        connection.exec_driver_sql(insert, ("a" if number % 2 else "b", value))
    elif how == "add":
        insert = f"INSERT OR IGNORE INTO {table} (id, v) VALUES (?, 'new')"
        connection.exec_driver_sql(insert, (value,))
    elif how == "change":
        connection.exec_driver_sql(f"UPDATE {table} SET v = v || '!' WHERE id = ?", (value,))
    else:
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE id = ?", (value,))
