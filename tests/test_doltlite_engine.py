"""DoltLite's library under sqlite3, in this process and in those that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state

from target_dolt_plugins import doltlite
from target_dolt_plugins.doltlite import DoltLiteDatabase

CHILD = """
import doltlite, sqlite3
print(*sqlite3.connect(":memory:").execute("SELECT doltlite_engine()"))
"""

PARENT = f"""
import doltlite, sqlite3, subprocess, sys
from target_dolt_plugins import doltlite_engine
doltlite_engine.load()
sys.exit(subprocess.run([sys.executable, "-c", {CHILD!r}]).returncode)
"""


def test_a_child_of_a_process_that_had_loaded_the_library_itself_gets_it_too() -> None:
    """What `import doltlite` leaves in the environment would make the child do without it."""
    clean = {name: text for name, text in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run(
        [sys.executable, "-c", PARENT], capture_output=True, text=True, check=False, env=clean
    )
    assert (done.stdout, done.returncode) == ("('prolly',)\n", 0), done.stderr


class _Stop:
    def __conform__(self, protocol: object) -> None:
        raise KeyboardInterrupt


def test_a_statement_that_is_interrupted_keeps_no_lock(tmp_path: Path) -> None:
    """Ctrl-C while rows are written: what is done then, to clean up, does not wait for a minute."""
    database = DoltLiteDatabase(tmp_path / "dolt.db")
    with database.connect(write=True) as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    with (
        pytest.raises(KeyboardInterrupt) as stopped,
        database.connect(write=True) as connection,
        connection.begin(),
    ):
        connection.exec_driver_sql("INSERT INTO t VALUES (?)", [(1,), (_Stop(),)])
    with database.connect(write=True) as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA busy_timeout = 0")
        with connection.begin():
            assert connection.exec_driver_sql("SELECT * FROM t").all() == []
    assert stopped.traceback  # which keeps what was at work


@pytest.mark.parametrize(
    ("a_gb", "settings", "wanted"),
    [
        (10_000, {}, [10_000, 10_000, 5_000]),
        (10**10, {}, [25_000]),  # ten a byte, in a file of some kilobytes
        (10**10, {"batch_size_rows": 12_000}, [12_000, 12_000, 1_000]),
    ],
)
def test_a_transaction_has_the_more_rows_the_larger_the_file_is(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    a_gb: int,
    settings: dict[str, Any],
    wanted: list[int],
) -> None:
    """The end of each has a price by the file's size; a setting holds whatever that is."""
    monkeypatch.setattr(doltlite, "ROWS_A_GB", a_gb)
    place = Place({"path": str(tmp_path / "dolt.db")}, tmp_path)
    seen = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("INSERT INTO events"):
            seen.append(len(values))

    messages = [
        schema("events", {"id": {"type": "integer"}}),
        *(record("events", id=number) for number in range(25_000)),
        state(1),
    ]
    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    try:
        place.load(messages, **settings)
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)
    assert seen == wanted
    assert place.query("SELECT count(*), min(id), max(id) FROM events") == [(25_000, 0, 24_999)]
