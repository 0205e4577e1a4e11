"""The settings that guard the target branch; rows of `target_dolt.settings.table`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from singer_sdk import typing as th

from target_dolt.errors import ConfigError

_ALL = 100

GUARD_SETTINGS: tuple[th.Property[Any], ...] = (
    th.Property(
        "max_deleted_percent",
        th.NumberType,
        title="Maximum Deleted Percent",
        description="Guard: how much of the rows that a table has at the branch's head a run may "
        "delete. Where a run hurts a guard, the branch stays as it was, the load is kept on a "
        "branch that the error names, no STATE goes out, and the exit code is 4. A run with "
        "guards is one commit, at its end.",
    ),
    th.Property(
        "min_rows",
        th.CustomType(
            # As a number: the SDK would read no object from the environment beside an integer.
            {"type": ["number", "object"], "additionalProperties": {"type": "integer"}}
        ),
        title="Minimum Rows",
        description="Guard: the least number of rows that a table may have after a run: one number "
        "for all tables of the run, or by table, as in {'orders': 1000}.",
    ),
    th.Property(
        "expected_tables",
        th.ArrayType(th.StringType),
        title="Expected Tables",
        description="Guard: tables that each run must bring: a SCHEMA of their stream must come, "
        "and a snapshot's source must have them.",
    ),
    th.Property(
        "verify_constraints",
        th.BooleanType,
        default=False,
        title="Verify Constraints",
        description="Guard: whether every row of the database must satisfy its foreign keys, "
        "unique indexes and checks, by `dolt_verify_constraints`.",
    ),
)


@dataclass(frozen=True, slots=True)
class Guards:
    """What a load may not do to the branch that it is for. Each field is the setting of its name.

    Attributes:
        max_deleted_percent: The most that may be deleted of a table's rows at the branch's head.
        min_rows: The least that a table may hold after the load: of all that it brings, or by name.
        expected_tables: Tables that the load must bring.
        verify_constraints: Whether every row must satisfy the constraints.
    """

    max_deleted_percent: float | None = None
    min_rows: int | Mapping[str, int] | None = None
    expected_tables: Sequence[str] = ()
    verify_constraints: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Guards:
        """Read a configuration that has passed its JSON Schema."""
        given = {field.name: config.get(field.name) for field in fields(cls)}
        return cls(**{name: value for name, value in given.items() if value is not None})

    def __bool__(self) -> bool:
        """Whether there is any; empty ones, as a template of settings may leave, ask nothing."""
        has_percent = self.max_deleted_percent is not None
        return has_percent or bool(self.min_rows or self.expected_tables or self.verify_constraints)

    def check(self) -> None:
        """Raise ConfigError for one that makes no sense."""
        percent = self.max_deleted_percent
        if percent is not None and not 0 <= percent <= _ALL:
            msg = f"`max_deleted_percent` must be from 0 to {_ALL}"
            raise ConfigError(msg)
        numbers = self.min_rows.values() if isinstance(self.min_rows, Mapping) else [self.min_rows]
        if any(one is not None and (one < 0 or one % 1) for one in numbers):
            msg = "`min_rows` must be a whole number of 0 or more, or one for each table"
            raise ConfigError(msg)
