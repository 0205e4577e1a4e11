"""target-dolt: any Singer tap's output as Dolt commits. The public names."""

from target_dolt.backend import Backend, Database, Where
from target_dolt.dialect import Dialect, TypeRule
from target_dolt.errors import TargetDoltError
from target_dolt.hookspecs import hookimpl
from target_dolt.messages import Commit, PendingCommit, TableChange
from target_dolt.queries import RowCounts
from target_dolt.table import Limits, Storage, Table
from target_dolt.writer import Row, Write, Writer

__all__ = [
    "Backend",
    "Commit",
    "Database",
    "Dialect",
    "Limits",
    "PendingCommit",
    "Row",
    "RowCounts",
    "Storage",
    "Table",
    "TableChange",
    "TargetDoltError",
    "TypeRule",
    "Where",
    "Write",
    "Writer",
    "hookimpl",
]
