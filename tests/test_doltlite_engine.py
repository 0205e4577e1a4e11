"""DoltLite's library under sqlite3, in this process and in those that it starts."""

from __future__ import annotations

import os
import subprocess
import sys

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
