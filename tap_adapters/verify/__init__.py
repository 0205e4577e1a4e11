"""A commit and a database, compared."""

from tap_adapters.verify.tables import (
    Checked,
    DifferentError,
    verify,
)

__all__ = [
    "Checked",
    "DifferentError",
    "verify",
]
