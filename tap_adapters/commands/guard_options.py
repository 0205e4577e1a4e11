"""The guards of the target branch as options of a command."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from target_dolt.settings.guards import Guards


def _least_rows(value: str) -> tuple[str, int]:
    """Return the table, empty for all, and the number."""
    table, _, number = value.rpartition("=")
    if not number.isdecimal():
        msg = f"'{value}' has no whole number of rows"
        raise click.BadParameter(msg)
    return table, int(number)


_OPTIONS = (
    click.option(
        "--max-deleted-percent",
        type=click.FloatRange(0, 100),
        help="Guard: how much of a table's rows may be deleted.",
    ),
    click.option(
        "--min-rows",
        metavar="[TABLE=]N",
        type=_least_rows,
        multiple=True,
        help="Guard: how many rows each table, or this one, must have.",
    ),
    click.option(
        "--expect-table",
        metavar="TABLE",
        multiple=True,
        help="Guard: a table that must come.",
    ),
    click.option(
        "--verify-constraints",
        is_flag=True,
        help="Guard: all rows must satisfy foreign keys, unique indexes and checks.",
    ),
)


def guard_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options, and hand it what they say as `guards`."""

    @functools.wraps(command)
    def wrapped(
        max_deleted_percent: float | None,
        min_rows: Sequence[tuple[str, int]],
        expect_table: Sequence[str],
        verify_constraints: bool,  # noqa: FBT001 - click's
        **options: Any,
    ) -> None:
        least = dict(min_rows)
        of_all = least.pop("", None)
        if least and of_all is not None:
            msg = "--min-rows is given for all tables and for some: give one of them"
            raise click.UsageError(msg)
        guards = Guards(max_deleted_percent, least or of_all, expect_table, verify_constraints)
        command(guards=guards, **options)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped
