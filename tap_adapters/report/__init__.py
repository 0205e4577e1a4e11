"""A database's history for people to look at."""

from tap_adapters.report.facts import (
    COMMITS,
    Report,
    history_report,
)

__all__ = [
    "COMMITS",
    "Report",
    "history_report",
]
