"""What makes rows of records that are as their SCHEMA says, without seeing them as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from target_dolt.plans.by_columns import ByColumns, ColumnRows, compile_by_columns
from target_dolt.plans.plan import Plan
from target_dolt.plans.typed import compile_typed
from target_dolt.streams.changes import DELETED_AT
from target_dolt.writer import Row


class OneStep:
    """The one-step ways of one plan; what they refuse goes the general way.

    Attributes:
        lines: Makes rows of a RECORD's lines, None where none can be read so.
    """

    def __init__(
        self, plan: Plan, schema: Mapping[str, Any], *, validates: bool, whole: frozenset[str]
    ) -> None:
        """Compile the way of lines; that of files when their columns are known.

        Args:
            plan: The stream's plan.
            schema: The SCHEMA as the tap sent it.
            validates: Whether records are checked against it.
            whole: Properties without which a record is a part of its row.
        """
        self._plan = plan
        self._schema = schema
        self._options: dict[str, Any] = {
            "validates": validates,
            "null": DELETED_AT,
            "whole": whole,
        }
        self.lines = compile_typed(plan, schema, **self._options)
        self._by_columns: dict[tuple[str, ...], ByColumns | None] = {}

    def rows(self, given: ColumnRows) -> list[Row] | None:
        """Return the rows of a file's; None where they must go the general way."""
        names = tuple(given.names)
        if names not in self._by_columns:
            self._by_columns[names] = compile_by_columns(
                self._plan, self._schema, names, **self._options
            )
        by_columns = self._by_columns[names]
        return None if by_columns is None else by_columns.rows(given)
