"""Many records between two STATEs: bounded memory, and nothing to see before their commit."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest
from support import Place, schema, state

from target_dolt.commit_point import BUFFERED_BYTES

RECORDS = 400_000
MEGABYTES = 250
"""What a loader may need at its peak; all of the records as rows are more."""

EVENTS = schema("events", {"id": {"type": "integer"}, "note": {"type": "string"}})
NOTE = "n" * 100


def _peak_megabytes(pid: int) -> float:
    """Return a process's peak of memory: getrusage(2) would count that of its parent in."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="proc(5), where memory is read, is Linux's")
def test_a_large_window_needs_bounded_memory_and_is_seen_at_its_commit_alone(place: Place) -> None:
    """400,000 records and one STATE at their end, by the command in a process of its own."""
    assert RECORDS * len(NOTE) > BUFFERED_BYTES
    process = place.start()
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    told: list[str] = []
    reading = threading.Thread(target=lambda: told.extend(process.stderr or ()))
    reading.start()
    process.stdin.write(f"{json.dumps(EVENTS)}\n")
    for number in range(RECORDS):
        process.stdin.write(
            '{"type": "RECORD", "stream": "events", "record": '
            f'{{"id": {number}, "note": "{number} {NOTE}"}}}}\n'
        )
        if number == RECORDS - 1_000:
            assert place.tables() == []
            assert place.log() == []
    process.stdin.write(f"{json.dumps(state({'n': RECORDS}))}\n")
    process.stdin.flush()
    assert process.stdout.readline() == f'{{"n":{RECORDS}}}\n'
    peak = _peak_megabytes(process.pid)
    process.stdin.close()
    assert process.stdout.read() == ""
    process.wait()
    reading.join()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == 0, told[-1:]
    assert peak < MEGABYTES, peak
    found = place.query("SELECT COUNT(*), MIN(id), MAX(id), COUNT(DISTINCT note) FROM events")
    assert found == [(RECORDS, 0, RECORDS - 1, RECORDS)]
    assert place.log() == [f"Load events: {RECORDS} added"]
