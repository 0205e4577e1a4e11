"""Loading DoltLite's library under Python's sqlite3, in the right order or not at all.

`import doltlite` must come before the first `import sqlite3` of a process. Where it comes too
late it replaces the process, which an embedding program would not forgive; where an ancestor
process had loaded it, it does nothing, and stock SQLite answers (both measured on 0.51.3).
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

from target_dolt.errors import ConfigError

_MARK = "_DOLTLITE_BOOTSTRAPPED"
_restart_allowed = False


def allow_restart() -> None:
    """Let `load` start this process again with the library preloaded, where nothing else
    helps: for the entry points of commands, whose process is their own."""
    global _restart_allowed  # noqa: PLW0603 - one process, one way to start it
    _restart_allowed = True


def load() -> ModuleType:
    """Return `sqlite3` on DoltLite's library.

    Raises:
        ConfigError: DoltLite is not installed, this Python cannot work with it, or sqlite3 was
            loaded before and the process is not ours to start again.
    """
    if "sqlite3" in sys.modules or "_sqlite3" in sys.modules:
        if _answers():
            os.environ.pop(_MARK, None)  # as below
            return sys.modules["sqlite3"]
        if not _restart_allowed or os.environ.get("TARGET_DOLT_RESTARTED"):
            msg = (
                "sqlite3 was loaded before DoltLite's library in this process; import "
                "target_dolt_plugins.doltlite_engine and call load() first, or start Python "
                "with LD_PRELOAD set to doltlite.libdoltlite_path()"
                if not _restart_allowed
                else _CANNOT
            )
            raise ConfigError(msg)
        os.environ["TARGET_DOLT_RESTARTED"] = "1"
    os.environ.pop(_MARK, None)
    try:
        import doltlite  # noqa: F401, PLC0415 - its import is what loads the library
    except ImportError as error:
        msg = (
            "DoltLite is not installed, and PyPI has no wheel of it for this system (Linux with "
            "glibc on x86_64 or aarch64, macOS on arm64); keep the commits in a Dolt database"
        )
        raise ConfigError(msg) from error
    except RuntimeError as error:
        raise ConfigError(_CANNOT) from error
    # A child must not believe that it has the library because we have.
    os.environ.pop(_MARK, None)
    import sqlite3  # noqa: PLC0415 - after the library, not before

    if not _answers():
        raise ConfigError(_CANNOT)
    return sqlite3


_CANNOT = (
    "this Python's sqlite3 has SQLite built in, so DoltLite cannot work with it (Pythons that "
    "uv or python-build-standalone bring are such); use your system's Python, python.org's on "
    "Linux, pyenv's or conda's, or keep the commits in a Dolt database"
)


def _answers() -> bool:
    """Whether sqlite3 in this process is DoltLite."""
    import sqlite3  # noqa: PLC0415 - see load()

    connection = sqlite3.connect(":memory:")
    try:
        return bool(connection.execute("SELECT doltlite_engine()").fetchone()[0] == "prolly")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
