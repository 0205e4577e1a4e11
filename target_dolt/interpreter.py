"""How Python itself runs in the process of a command that moves many rows."""

from __future__ import annotations

import gc
import sys


def for_many_rows() -> None:
    """Set Python's own pace; for a process that is ours alone."""
    # A buffer is thousands of new tuples without a cycle among them: looking for cycles at the
    # usual pace costs a tenth of a load, and half of a restore by history (measured on 200,000
    # records, and on 10,000 rows that differ).
    gc.set_threshold(100_000, 50, 50)
    # The thread that sends rows to a server needs Python for a moment between two packets: the
    # server would wait for it (measured: 0.68 to 0.75 of what raw LOAD DATA takes).
    sys.setswitchinterval(0.0005)
