"""A commit carried back into a database."""

from tap_adapters.restore.carry import (
    Restored,
    restore,
)

__all__ = [
    "Restored",
    "restore",
]
