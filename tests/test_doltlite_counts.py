"""A commit's counts of rows on DoltLite, where those after a table's last key are counted apart."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from target_dolt.loading import staged
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
@given(
    before=st.sets(st.integers(0, 20), max_size=20),
    after=changes,
    large=st.integers(0, 3),
    share=st.integers(1, 3),
)
def test_counts_are_those_of_the_engine(
    database: DoltLiteDatabase,
    kind: str,
    before: set[int],
    after: list[tuple[str, int]],
    large: int,
    share: int,
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
                patch.setattr(doltlite_counts, "SHARE", share)
                found = database.row_counts(connection, [name])
            assert _numbers_of(found) == _numbers_of(wanted)
            assert connection.exec_driver_sql(f"SELECT * FROM {quoted}").all() == rows
        with connection.begin():
            status = connection.exec_driver_sql("SELECT table_name, staged FROM dolt_status")
            assert status.all() == ([(name, 1)] if wanted else [])
            database.call(connection, "dolt_commit", "--allow-empty", "-m", "after")
            assert connection.exec_driver_sql("SELECT * FROM dolt_status").all() == []
            connection.exec_driver_sql(f"DROP TABLE {quoted}")
            database.call(connection, "dolt_commit", "-A", "-m", "gone")


ODD = {
    "a trigger whose table is spelled otherwise": (
        (
            "CREATE TABLE T (id INTEGER PRIMARY KEY);"
            "CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'never'); END"
        ),
        "INSERT INTO t VALUES (9)",
    ),
    "a trigger that writes": (
        (
            "CREATE TABLE log (id INTEGER PRIMARY KEY, v); INSERT INTO log VALUES (1, 0);"
            "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TRIGGER no AFTER DELETE ON T "
            "BEGIN UPDATE log SET v = v + 1; END"
        ),
        "INSERT INTO t VALUES (9)",
    ),
    "another's foreign key": (
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY);"
            "CREATE TABLE u (id INTEGER PRIMARY KEY, t REFERENCES t ON DELETE CASCADE)"
        ),
        "INSERT INTO t VALUES (9); INSERT INTO u VALUES (1, 9)",
    ),
    "a unique constraint": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v UNIQUE)",
        "INSERT INTO t VALUES (9, 9)",
    ),
    "a last key that is no text": (
        "CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES (CAST(x'ff' AS TEXT))",
        "INSERT INTO t VALUES ('b'), (CAST(x'ffff' AS TEXT))",
    ),
    "a computed column named rowid": (
        (
            "CREATE TABLE t (id INT, rowid INT GENERATED ALWAYS AS (id % 3)); "
            "INSERT INTO t VALUES (4), (5), (6)"
        ),
        "UPDATE t SET id = 10 WHERE id = 6",
    ),
    "a key that runs backwards": (
        "CREATE TABLE t (id INT, PRIMARY KEY (id DESC)) WITHOUT ROWID; INSERT INTO t VALUES (5)",
        "INSERT INTO t VALUES (4), (9)",
    ),
    "a key of another type": (
        "CREATE TABLE t (id INT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES (1, 1)",
        (
            "DROP TABLE t; CREATE TABLE t (id TEXT PRIMARY KEY, v) WITHOUT ROWID;"
            "INSERT INTO t VALUES ('1', 1), ('9', 9)"
        ),
    ),
    "a key of another order": (
        "CREATE TABLE t (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO t VALUES (1, 2)",
        (
            "DROP TABLE t; CREATE TABLE t (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID;"
            "INSERT INTO t VALUES (1, 2), (2, 1)"
        ),
    ),
    "another column": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
        (
            "ALTER TABLE t ADD COLUMN v DEFAULT 5; INSERT INTO t VALUES (3, 3);"
            "UPDATE t SET v = 6 WHERE id = 1"
        ),
    ),
    "a table in place of another": (
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
            "CREATE TABLE u (id INTEGER PRIMARY KEY); INSERT INTO u VALUES (1)"
        ),
        (
            "DROP TABLE t; CREATE TABLE w (id INTEGER PRIMARY KEY); INSERT INTO w VALUES (1), (2);"
            "INSERT INTO u VALUES (2)"
        ),
    ),
    "the largest number of a row": (
        "CREATE TABLE t (v); INSERT INTO t (rowid, v) VALUES (9223372036854775806, 1)",
        "INSERT INTO t (rowid, v) VALUES (9223372036854775807, 1), (5, 5)",
    ),
    "numbers given by the table": (
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v); INSERT INTO t (v) VALUES (1)",
        "INSERT INTO t (v) VALUES (2); INSERT INTO t VALUES (-5, 3)",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_tables_that_somebody_else_made_are_counted_and_left_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whatever hangs on them, and whatever the last key is."""
    monkeypatch.setattr(doltlite_counts, "LARGE", 0)
    monkeypatch.setattr(doltlite_counts, "SHARE", 1)
    database = DoltLiteDatabase(tmp_path / "d@lt.db")
    with database.connect(write=True) as connection:
        driver: Any = connection.connection.driver_connection
        driver.text_factory = lambda text: text.decode(errors="surrogateescape")
        for statements in ODD[what]:
            if connection.in_transaction():
                connection.commit()
            driver.executescript(f"BEGIN; {statements}; COMMIT")
            with connection.begin():
                done = ["dolt_commit", "-A", "-m", "before"], ["dolt_add", "-A"]
                database.call(connection, *done[statements == ODD[what][1]])
        with connection.begin():
            status = staged.read(connection)
            wanted, before = row_counts(connection), _content(driver)
            found = database.row_counts(connection, status.modified)
            assert sorted(_numbers_of(found)) == sorted(_numbers_of(wanted))
            assert _content(driver) == before
            assert staged.read(connection) == status
            assert driver.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _content(driver: Any) -> dict[str, list[Any]]:
    names = driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {name: driver.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}


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
