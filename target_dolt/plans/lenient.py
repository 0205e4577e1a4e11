"""What `strict_types: false` does: a value that has no exact place is kept as text, and counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy.dialects import mysql

from target_dolt.dialect import Converter
from target_dolt.plans.json_schema import Validator
from target_dolt.plans.plan import Column, Plan
from target_dolt.types import LONGTEXT, mixes
from target_dolt.values import TooNarrowError
from target_dolt.writer import Row

_log = logging.getLogger("target-dolt")

_json_text = msgspec.json.Encoder(decimal_format="number").encode

Altered = Counter[tuple[str, str]]
"""By stream and property, how many values were kept as text."""


def as_text(value: Any) -> str:
    """Return a text as it is, any other JSON value as JSON."""
    return value if isinstance(value, str) else _json_text(value).decode()


class LenientPlan(Plan):
    """A plan that refuses no value: its column becomes text first, and the value is text then.

    Keys stay as strict as they are, and so do columns of bytes and bits, which no text fits.
    """

    def __init__(self, plan: Plan, validate: Validator | None, altered: Altered) -> None:
        """Wrap the converters of a plan.

        Args:
            plan: The strict plan.
            validate: Checks a whole record, or None.
            altered: Where values are counted.
        """
        self._kept: list[str] = []
        columns = [
            column
            if column.name in plan.table.key or not mixes(column.type, LONGTEXT)
            else replace(column, convert=_keeping(column, self._kept), factory=None)
            for column in plan.columns
        ]
        super().__init__(plan.stream, plan.table, columns, validate)
        self._altered = altered

    def row(self, record: Mapping[str, Any]) -> Row:
        """Return the record as a row, and count what was kept as text once it is one."""
        self._kept.clear()
        row = super().row(record)
        self._altered.update((self.stream, source) for source in self._kept)
        return row


def _keeping(column: Column, kept: list[str]) -> Converter:
    convert, is_text = column.convert, isinstance(column.type, mysql.LONGTEXT)

    def convert_or_keep(value: Any) -> Any:
        try:
            return convert(value)
        except TooNarrowError:
            raise
        except ValueError as refusal:
            if not is_text:
                raise TooNarrowError(str(refusal), LONGTEXT) from None
            kept.append(column.source)
            return as_text(value)

    return convert_or_keep


def tell_altered(altered: Altered) -> None:
    """Say at a run's end how many values were kept as text."""
    for (stream, name), count in sorted(altered.items()):
        _log.warning(
            "stream '%s', column '%s': %d values had no exact place in its type and were kept as "
            "text",
            stream,
            name,
            count,
        )


def tell_refused(stream: str, names: Iterable[str]) -> None:
    """Say which columns are text because their native type has no exact place."""
    for name in names:
        _log.warning(
            "stream '%s', column '%s': its native type has no exact place; kept as text",
            stream,
            name,
        )
