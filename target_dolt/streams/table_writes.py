"""How the rows of a buffer reach their table on the run branch."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from target_dolt.errors import RecordError
from target_dolt.loading.load import Load
from target_dolt.plans.plan import Plan
from target_dolt.streams.changes import collapse
from target_dolt.writer import Row, Write

_log = logging.getLogger("target-dolt")


class TableWrites:
    """Writes one stream's table."""

    def __init__(self, load: Load, plan: Plan) -> None:
        """Take the table as the plan has it."""
        self._load = load
        self._plan = plan
        self._writer = load.database.writer(plan.table)

    def rows(self, rows: list[Row]) -> None:
        """Write rows: by their key, or added to a table without one."""
        if self._plan.table.key:
            self._write(*self._writer.upserting(rows))
        else:
            self._write(lambda connection: self._writer.append(connection, rows))

    def changes(self, changes: list[Any]) -> None:
        """Write rows, deletes and parts so that the last that came for a key holds."""
        left = collapse(changes, self._plan.key_of)

        def write(connection: sa.Connection) -> None:
            if left.deletes:
                self._writer.delete(connection, left.deletes)
            if left.rows:
                self._writer.upsert(connection, left.rows)
            for places, some in left.parts.items():
                columns = [self._plan.columns[place].name for place in places]
                self._writer.patch(connection, columns, some)

        self._write(write)

    def clear(self) -> bool:
        """Remove the table's rows; return whether there were any."""
        has_rows = self._load.has_rows(self._plan.table.name)
        self._write(self._writer.clear)
        return has_rows

    def restore(self, keys: Sequence[Row] | None = None) -> None:
        """Put the rows back that the last commit has and this run has not sent.

        Args:
            keys: The keys of the rows; None for all rows.
        """
        self._write(lambda connection: self._writer.restore(connection, keys))

    def restore_rejected(self, rejected: Sequence[Mapping[str, Any]]) -> None:
        """Put back the rows of keys whose records were left out.

        Of a key that cannot be told, no row may be taken for gone.
        """
        if not (rejected and self._plan.table.key):
            return
        try:
            keys = [self._plan.key(one) for one in rejected]
        except RecordError:
            keys = None
            _log.warning(
                "stream '%s': a bad record has no key that can be told, so all rows stay that "
                "this run has not sent",
                self._plan.stream,
            )
        self.restore(keys)

    def keep_others(self) -> None:
        """Put back what columns of somebody else's had, in rows of a table that was replaced.

        Without a key it is what the rows are known by that is kept.
        """
        table = self._plan.table
        if not table.key:
            self._write(self._writer.identify)
        elif table.others:
            self._write(lambda connection: self._writer.keep(connection, table.others))

    def _write(self, *writes: Write) -> None:
        table = self._plan.table
        self._load.write(f"stream '{self._plan.stream}', table '{table.name}'", table, *writes)
