"""A database's history: read, told apart, and made anew."""

from tap_adapters.history.commits import (
    LogEntry,
    QueryError,
    TableDiff,
    commit_of,
    diff,
    log,
    merge_base,
    query_errors,
    table_diffs,
)
from tap_adapters.history.row_diffs import RowDiff, RowDiffs, row_diff

__all__ = [
    "LogEntry",
    "QueryError",
    "RowDiff",
    "RowDiffs",
    "TableDiff",
    "commit_of",
    "diff",
    "log",
    "merge_base",
    "query_errors",
    "row_diff",
    "table_diffs",
]
