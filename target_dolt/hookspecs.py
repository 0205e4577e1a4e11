"""The hooks. Each is called at a SCHEMA or at a commit, never for a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from target_dolt.backend import Backend
    from target_dolt.dialect import ColumnType, Converter, Dialect, Schema
    from target_dolt.messages import Commit, PendingCommit
    from target_dolt.tables.objects import AskedSource

PROJECT = "target_dolt"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def dolt_register_dialects() -> Iterable[Dialect]:  # type: ignore[empty-body]
    """Bring dialects. Two of one name are an error that names both plugins."""


@hookspec
def dolt_register_backends() -> Iterable[Backend]:  # type: ignore[empty-body]
    """Bring backends. Two of one name are an error that names both plugins."""


@hookspec
def dolt_native_types(entry: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]] | None:
    """Read native types from one stream's entry of a tap's catalog file, once a run.

    Gives, by property, the words that belong into its schema: `x-sql-datatype` and, where
    there are parameters, `x-sql-datatype-properties`. None means "not mine".
    """


@hookspec(firstresult=True)
def dolt_open_source(url: str) -> AskedSource | None:
    """Open the source that `source_url` names, to ask it what its tables are; None: "not mine".

    A ConfigError says why a source that is one's own cannot be asked.
    """


@hookspec(firstresult=True)
def dolt_sql_type(dialect: Dialect, schema: Schema) -> ColumnType | None:
    """Choose the column type for a property, once for each SCHEMA; None means "not mine"."""


@hookspec(firstresult=True)
def dolt_value_converter(
    dialect: Dialect, schema: Schema, sql_type: ColumnType
) -> Converter | None:
    """Make the converter of a column, once for each SCHEMA.

    `sql_type` is the column's type in the table, which may be wider than the one that
    `dolt_sql_type` chose. None means "not mine": the column type's own converter is taken.
    """


@hookspec(firstresult=True)
def dolt_value_reader(dialect: Dialect, schema: Schema, sql_type: ColumnType) -> Converter | None:
    """Make what turns a column's values into what its source takes for the native type, once for
    each column that `dolt-sync restore` carries back.

    It gets int, Decimal, float, str, bytes or parsed JSON. None means "not mine": the rule that
    chose the column's type says it.
    """


@hookspec(firstresult=True)
def dolt_commit_message(commit: PendingCommit) -> str | None:
    """Write the message of a commit that is about to be made; None means "not mine".

    On a server it is called in the thread that commits, while the main one reads on.
    """


@hookspec
def dolt_after_commit(commit: Commit) -> None:
    """Observe a commit that is on the branch. An error here stops the run before its STATE.

    On a server it is called in the thread that commits, while the main one reads on.
    """
