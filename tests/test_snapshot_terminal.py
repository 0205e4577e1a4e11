"""What a person at a terminal sees of long work while it runs, through a pseudo-terminal."""

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

from tap_adapters import sync

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


def start(stderr: int, *arguments: str) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    code = "from tap_adapters.commands.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )


def at_a_terminal(*arguments: str) -> tuple[str, str]:
    """Run the command; return what it writes to stdout, and what a terminal is sent as stderr."""
    master, slave = os.openpty()
    process = start(slave, *arguments)
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # Linux's word for a terminal that nobody has open
        while chunk := os.read(master, 1 << 16):
            shown += chunk
    os.close(master)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    return out.decode(), shown.decode()


def counts(shown: str, label: str) -> list[int]:
    """Return the rows that a line of this label counted, in the order in which it was drawn."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    return [int(one.replace(",", "")) for one in re.findall(rf"{label} +([\d,]+) rows", plain)]


def last_words(shown: str) -> list[str]:
    """Return what stands by itself once the lines are wiped."""
    return re.split(r"\x1b\[2K", shown)[-1].split()


def test_a_terminal_shows_the_table_and_its_rows(place: Place, shop: Source) -> None:
    """The line names the table and counts its rows up to the last one, then goes away."""
    out, shown = at_a_terminal("snapshot", shop.url, database_of(place))
    assert out.splitlines()[-1].startswith("Committed ")
    found = counts(shown, "clicks")
    assert found == sorted(found)
    assert found[-1] == ROWS
    assert last_words(shown) == ["Left", "out:", "view", "pages"]


def test_a_terminal_shows_a_restore_and_its_comparison(
    place: Place, shop: Source, tmp_path: Path
) -> None:
    """Rows are counted as they are written or looked at, and both sides' as they are compared."""
    sync.snapshot(shop.url, database_of(place))
    copy = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    for written in (ROWS, 2 * ROWS):  # into an empty file, and by difference
        out, shown = at_a_terminal("restore", database_of(place), copy)
        assert out.splitlines()[-1].endswith(", and found it equal")
        assert counts(shown, "clicks")[-1] == written
        assert counts(shown, "clicks, compared")[-1] == 2 * ROWS
        assert last_words(shown) == []
    _, shown = at_a_terminal("verify", database_of(place), copy)
    assert counts(shown, "clicks")[-1] == 2 * ROWS
    assert last_words(shown) == []


def test_no_terminal_is_shown_nothing(place: Place, shop: Source) -> None:
    """A log file holds the words that matter, and no line that was drawn over."""
    process = start(subprocess.PIPE, "snapshot", shop.url, database_of(place))
    out, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert told.decode().splitlines() == ["Left out: view pages"]
    assert b"\x1b" not in out
