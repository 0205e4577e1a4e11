"""The live line of a person who watches a run, through a pseudo-terminal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import record, schema, singer, state
from support_values import ID

from target_dolt.progress import figures

LIVE = re.compile(r"waiting for records|\d/s, ")
LOGGED = re.compile(r" \| INFO ")


def watched(directory: Path, before: str, after: str) -> tuple[str, str]:
    """Run `target-dolt` with a terminal as its stderr; return its stdout and the terminal's.

    What is `after` goes in when the live line is there.
    """
    master, slave = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "target_dolt"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=slave,
        cwd=directory,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        text=True,
    )
    os.close(slave)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(before)
    process.stdin.flush()
    shown = b""
    while not LIVE.search(shown.decode(errors="replace")):
        shown += os.read(master, 1 << 16)
    process.stdin.write(after)
    process.stdin.close()
    with contextlib.suppress(OSError):  # Linux's word for a terminal that nobody has open
        while chunk := os.read(master, 1 << 16):
            shown += chunk
    os.close(master)
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    return out, shown.decode()


def test_no_log_line_shares_a_line_with_the_live_one(tmp_path: Path) -> None:
    """Log lines go above the live line, which is drawn anew below them."""
    before = [schema("dogs", {"id": ID}), record("dogs", id=1)]
    out, shown = watched(tmp_path, singer(before), singer([state({"n": 1})]))
    assert [json.loads(line) for line in out.splitlines()] == [{"n": 1}]
    # A line ends where the cursor goes to the next one, or where rich wipes it.
    lines = re.split(r"\n|\x1b\[2K", shown)
    assert any(LIVE.search(line) for line in lines)
    assert any(LOGGED.search(line) and "Committed" in line for line in lines)
    assert [line for line in lines if LIVE.search(line) and LOGGED.search(line)] == []


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((1, 1, 8.2, 1), "1 stream, 1 record, 8/s, 1 commit"),
        ((2, 1000, 2500.0, 0), "2 streams, 1,000 records, 2,500/s, 0 commits"),
    ],
)
def test_the_live_line_knows_one_from_many(counts: tuple[int, int, float, int], words: str) -> None:
    """In each of its figures."""
    assert figures(*counts) == words
