"""What a person at a terminal sees of a snapshot while it runs, through a pseudo-terminal."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import Place, database_of
from support_snapshot import Source, new_sqlite

ROWS = 30_000


@pytest.fixture
def shop(tmp_path: Path) -> Source:
    """A source with one table of many rows, and a view."""
    source = new_sqlite(tmp_path)
    source.execute(
        "CREATE TABLE clicks (id integer NOT NULL PRIMARY KEY, page text)",
        "INSERT INTO clicks WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {ROWS}) SELECT i, 'page ' || i FROM n",
        "CREATE VIEW pages AS SELECT page FROM clicks",
    )
    return source


def start(place: Place, source: Source, stderr: int) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    code = "from tap_adapters.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "snapshot", source.url, database_of(place)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )


def test_a_terminal_shows_the_table_and_its_rows(place: Place, shop: Source) -> None:
    """The line names the table and counts its rows up to the last one, then goes away."""
    master, slave = os.openpty()
    process = start(place, shop, slave)
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # Linux's word for a terminal that nobody has open
        while chunk := os.read(master, 1 << 16):
            shown += chunk
    os.close(master)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    assert out.decode().splitlines()[-1].startswith("Committed ")
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    counts = [int(one.replace(",", "")) for one in re.findall(r"clicks ([\d,]+) rows", plain)]
    assert counts == sorted(counts)
    assert counts[-1] == ROWS
    # The line is wiped; what is said afterwards stands by itself.
    assert re.split(r"\x1b\[2K", shown.decode())[-1].split() == ["Left", "out:", "view", "pages"]


def test_no_terminal_is_shown_nothing(place: Place, shop: Source) -> None:
    """A log file holds the words that matter, and no line that was drawn over."""
    process = start(place, shop, subprocess.PIPE)
    out, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert told.decode().splitlines() == ["Left out: view pages"]
    assert b"\x1b" not in out
