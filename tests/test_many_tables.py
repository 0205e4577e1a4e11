"""Runs that write many tables: what a commit point asks for, and no limit of the engine's."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state

from target_dolt.loading.commits import RunBranch
from target_dolt_plugins.doltlite import DoltLiteDatabase

STREAMS = [schema(name, {"id": {"type": "integer"}, "v": {}}) for name in "abc"]


@contextmanager
def _asked(*procedures: str) -> Iterator[list[tuple[str, set[str]]]]:
    """Note each call of procedures with its arguments, as statements go to the database."""
    calls: list[tuple[str, set[str]]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        for procedure in procedures:
            if f"{procedure}(" in statement:
                given = values.values() if isinstance(values, dict) else values
                calls.append((procedure, set(map(str, given))))

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    try:
        yield calls
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)


def test_a_commit_asks_only_for_tables_that_the_run_touched_since_the_last(place: Place) -> None:
    """Of hundreds of streams a window has rows of few, and each table asked for has its price."""
    rows = [record(name, id=1, v="one") for name in "abc"]
    messages = [
        *STREAMS, *rows, state(1),
        record("b", id=2, v="two"), state(2),
        schema("c", {"id": {"type": "integer"}, "v": {}, "w": {"type": "string"}}),
        record("c", id=2), state(3),
        record("a", id=1, v="one"), state(4),
    ]  # fmt: skip
    with _asked("dolt_hashof_table", "dolt_add", "dolt_commit") as calls:
        assert place.load(messages, commit_interval_seconds=0) == [1, 2, 3, 4]
    windows: list[dict[str, set[str]]] = [{}]
    for procedure, names in calls:
        if procedure == "dolt_commit":
            windows.append({})
        else:
            tables = {name for name in names if name in {"a", "b", "c"}}
            windows[-1].setdefault(procedure, set()).update(tables)
    every = {"a", "b", "c"}
    assert [one.get("dolt_add") for one in windows] == [every, {"b"}, {"c"}, None]
    assert [one.get("dolt_hashof_table") for one in windows[1:]] == [{"b"}, {"c"}, {"a"}]
    assert place.rows("b") == [{"id": 1, "v": "one"}, {"id": 2, "v": "two"}]
    assert place.rows("c") == [
        {"id": 1, "v": "one", "w": None},
        {"id": 2, "v": None, "w": None},
    ]
    assert len(place.commits()) == 3  # the last row was there
    assert place.query("SELECT table_name FROM dolt_status") == []


def test_what_the_engine_changes_by_itself_is_in_the_commit_too(place: Place) -> None:
    """A trigger or a foreign key of somebody's changes a table that has no rows in the window."""
    more: dict[str, Any] = {"v": {"type": ["string", "null"]}, "_sdc_deleted_at": {}}
    whole = {"type": "integer"}
    streams = [schema("a", {"id": whole, **more}), schema("b", {"id": whole, "a": whole})]
    rows = [record("a", id=1), record("a", id=2), record("b", id=1, a=1)]
    place.load([*streams, *rows, state(0)], hard_delete=True)
    place.execute(
        "CREATE TRIGGER gone AFTER DELETE ON a BEGIN DELETE FROM b WHERE a = old.id; END"
        if "path" in place.config
        else "ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE"
    )
    place.call("dolt_commit", "-A", "-m", "somebody's")
    gone = record("a", id=1, _sdc_deleted_at="2026-01-01T00:00:00Z")
    later = [*streams, record("b", id=2, a=1), state(1), gone, state(2)]
    assert place.load(later, hard_delete=True, commit_interval_seconds=0) == [1, 2]
    assert place.rows("b") == []
    assert place.log()[-2:] == ["Load b: 1 added", "Load a, b: 3 deleted"]
    assert place.query("SELECT * FROM dolt_status") == []


@pytest.mark.skipif(sys.version_info < (3, 11), reason="sqlite3 lowers no limit before Python 3.11")
def test_a_run_may_write_more_tables_than_a_row_has_columns(tmp_path: Path) -> None:
    """2,000 columns and 1,000 arguments are SQLite's limits; here 600, where 700 take seconds."""
    names = [f"t{number}" for number in range(700)]
    database = DoltLiteDatabase(tmp_path / "dolt.db")
    branch = RunBranch(database, None, "pipeline", "20260101000000-000000")
    try:
        driver: Any = branch.connection.connection.driver_connection
        for limit in (sqlite3.SQLITE_LIMIT_COLUMN, sqlite3.SQLITE_LIMIT_FUNCTION_ARG):
            driver.setlimit(limit, 600)
        with branch.connection.begin():
            for name in names:
                branch.touch(name)
                branch.connection.exec_driver_sql(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)")
                branch.connection.exec_driver_sql(f"INSERT INTO {name} VALUES (1), (2)")
        assert branch.differs(names)
        changes = branch.stage(names)
    finally:
        branch.close()
    assert sorted((one.table, one.added) for one in changes) == sorted((one, 2) for one in names)
