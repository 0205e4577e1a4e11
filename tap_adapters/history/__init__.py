"""A database's history: read, told apart, and made anew."""

from tap_adapters.history.commits import (
    LogEntry,
    QueryError,
    RowDiff,
    TableDiff,
    commit_of,
    diff,
    log,
    query_errors,
    row_diff,
    table_diffs,
)

__all__ = [
    "LogEntry",
    "QueryError",
    "RowDiff",
    "TableDiff",
    "commit_of",
    "diff",
    "log",
    "query_errors",
    "row_diff",
    "table_diffs",
]
