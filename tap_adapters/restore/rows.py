"""A commit's rows on their way into a table of another database: as parameters, or as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from tap_adapters.history.kept import Kept
from tap_adapters.restore.destination import Destination, Row, Texts
from tap_adapters.restore.plan import TablePlan
from tap_adapters.sources.schema import SourceColumn
from tap_adapters.sources.snapshot import Progress, decoded, untold
from target_dolt.dialect import ColumnType, Converter, Dialect, Schema
from target_dolt.plans.json_schema import resolve
from target_dolt.plugins import Plugins
from target_dolt.types import Kind, first_of_kind
from target_dolt.values import parse_json
from target_dolt_plugins import native_rules


class PlanRows:
    """The rows of one table of a commit.

    Attributes:
        names: The columns there that take values.
    """

    def __init__(
        self,
        plan: TablePlan,
        wanted: Kept,
        to: Destination,
        plugins: Plugins,
        progress: Progress = untold,
    ) -> None:
        """Find out how each column's values are written there."""
        self._progress = progress
        self._plan = plan
        self._wanted = wanted
        self._to = to
        self._plugins = plugins
        self.names = [one.name for one in plan.columns]
        self.kept_names = [str(plan.kept.column_of(one)) for one in self.names]
        self.steps = [self._step(one) for one in plan.columns]

    def count(self) -> int:
        """Return how many there are."""
        return self._wanted.count(self._plan.kept)

    def rows(self) -> Iterator[Sequence[Row]]:
        """Yield them in chunks, as parameters of the destination's."""
        for rows in self._wanted.rows(self._plan.kept, self.kept_names):
            yield decoded(rows, self.steps)
            self._progress(self._plan.table.name, len(rows))

    def texts(self) -> Iterator[Texts]:
        """Yield them in chunks, as text that the destination reads as its columns' types.

        Whatever is such text in SQL already is never made a value of Python's.
        """
        selected: list[sa.ColumnElement[Any]] = []
        steps: list[Converter | None] = []
        for column, name, step in zip(self._plan.columns, self.kept_names, self.steps, strict=True):
            column_type = self._plan.kept.types[name]
            storage = self._wanted.storage(column_type)
            is_text = self._read(column)[0] in _AS_IT_IS
            spelled = first_of_kind(_SPELLED, storage.ddl) if is_text else None
            if spelled is not None:
                selected.append(spelled(sa.column(name)))
                steps.append(None)
            else:
                selected.append(sa.column(name))
                steps.append(after(self._wanted.decoder(column_type), step))
        for rows in self._wanted.stored(self._plan.kept, selected):
            yield [
                column if step is None else [None if one is None else step(one) for one in column]
                for column, step in zip(zip(*rows, strict=True), steps, strict=True)
            ]
            self._progress(self._plan.table.name, len(rows))

    def _read(self, column: SourceColumn) -> tuple[Any, Converter | None]:
        """Return how a value of the commit is read back, where its source was of this kind."""
        name = str(self._plan.kept.column_of(column.name))
        row = self._plan.kept.columns.get(name)
        is_own = row is not None and row.source_dialect == self._to.dialect
        if row is None or not is_own or column.name in self._plan.generic:
            return None, None
        dialect = self._plugins.dialects[row.source_dialect]
        schema = resolve(msgspec.json.decode(row.json_schema), {})
        column_type = self._plan.kept.types[name]
        factory, read = self._reader(dialect, schema, column_type)
        if read is None:
            return None, None
        return factory, after(parse_json, read) if isinstance(column_type, sa.JSON) else read

    def _reader(
        self, dialect: Dialect, schema: Schema, column_type: ColumnType
    ) -> tuple[Any, Converter | None]:
        """Return a plugin's converter, else the rule's; before it what has made it."""
        hook = self._plugins.hook.dolt_value_reader
        own: Converter | None = hook(dialect=dialect, schema=schema, sql_type=column_type)
        if own is not None:
            return hook, own
        rule = dialect.rule(schema)
        if rule is None or rule.read is None:
            return None, None
        return rule.read, rule.read(schema, column_type)

    def _step(self, column: SourceColumn) -> Converter | None:
        return after(self._read(column)[1], self._to.value(column))


def after(first: Converter | None, then: Converter | None) -> Converter | None:
    """Return one function for two, either of which may be missing."""
    if first is None or then is None:
        return first or then
    return lambda value: then(first(value))


_AS_IT_IS = (None, native_rules.literal, native_rules.json_literal)
"""What reads back a value as its text in SQL has it."""


_SPELLED: tuple[tuple[Kind, Callable[[Any], Any]], ...] = (
    ((sa.String, sa.JSON), lambda column: column),
    (
        (sa.Integer, sa.Boolean, sa.DECIMAL, sa.DATE, sa.DATETIME, sa.TIME, mysql.YEAR),
        lambda column: sa.cast(column, sa.Text()),
    ),
)
"""What SQL gives as text with all that it says; a double's digits are Python's to find, and bytes
are none."""
