"""Singer's state: kept in the database with the data it vouches for, and paced."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.errors import StateDeliveryError
from target_dolt.table import Table
from target_dolt.tables.schema import Tables
from target_dolt.types import LONGTEXT

NAME = "_target_dolt_state"

TABLE = Table(
    NAME,
    {"pipeline_id": sa.VARCHAR(255), "state": LONGTEXT, "versions": LONGTEXT},
    key=("pipeline_id",),
)

_NEEDED = ("pipeline_id", "state")
"""What is read; the rest may be missing where an older version wrote last."""

FREE_COMMITS = 50
"""STATEs with new records that a run commits one by one before it slows down."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def state_line(state: Any) -> str:
    """Return a state as one line of JSON, each number with the digits that came."""
    return _encode(state).decode()


def emit(line: str) -> None:
    """Write a STATE to stdout, and make sure that it is out.

    Raises:
        StateDeliveryError: stdout is closed or full.
    """
    try:
        raw = getattr(sys.stdout, "buffer", None)
        if raw is None:
            sys.stdout.write(line + "\n")
        else:
            raw.write(line.encode() + b"\n")  # UTF-8, whatever the terminal speaks
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError) as error:  # there may be no stdout at all
        # What Python would flush at exit has nowhere to go either.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        reason = getattr(error, "strerror", None) or "it is closed"
        msg = (
            f"stdout did not take the STATE ({reason}); its "
            "records are committed and it is kept in the database: get it with --print-state"
        )
        raise StateDeliveryError(msg) from error


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database keeps of a pipeline.

    Attributes:
        line: The last state that was committed with data, or None.
        versions: The version that each stream's table holds, for streams that have versions;
            None for one that may lack rows.
    """

    line: str | None = None
    versions: Mapping[str, int | None] = field(default_factory=dict)

    def then(self, line: str | None, versions: Mapping[str, int | None]) -> Kept:
        """Return what is to be kept once a state has come, None for none, and versions."""
        return Kept(line or self.line, {**self.versions, **versions})

    def has_versions_to_keep(self, older: Kept) -> bool:
        """Whether a later run would go wrong without these versions, equal as all rows are.

        It takes a version that is not known for a new one, whose rows replace all others: so one
        that the STATE holds, which taps name again with a part of the rows. Without the first of
        a stream, rows that the next one has not would stay.
        """
        new = {
            stream: version
            for stream, version in self.versions.items()
            if version is not None and version != older.versions.get(stream)
        }
        if not new:
            return False
        if not new.keys() <= older.versions.keys():
            return True
        held = _numbers(msgspec.json.decode(self.line or "null"))
        return not set(new.values()).isdisjoint(held)


def _numbers(value: Any) -> Iterator[int]:
    """Yield whole numbers of a STATE, but for those of full tables.

    Pipelinewise's taps keep a full table's version as well, and take another for the next one
    (pipelinewise-tap-postgres 2.1.0, sync_strategies/full_table.py).
    """
    if isinstance(value, int):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, dict) and value.get("last_replication_method") != "FULL_TABLE":
        for one in value.values():
            yield from _numbers(one)


def read(connection: sa.Connection, tables: Tables, pipeline: str) -> Kept:
    """Return what was committed last for a pipeline."""
    found = tables.own(TABLE, _NEEDED)
    if found is None:
        return Kept()
    kept = sa.table(NAME, *(sa.column(name) for name in found.types))
    with connection.begin():
        query = sa.select(kept).where(kept.c.pipeline_id == pipeline)
        row = connection.execute(query).mappings().first()
    if row is None:
        return Kept()
    versions = row.get("versions")
    return Kept(row["state"], msgspec.json.decode(versions) if versions else {})


def without_state(connection: sa.Connection, tables: Tables, pipeline: str) -> str | None:
    """Return what to say to whoever looks for a pipeline's state where others have theirs."""
    found = tables.own(TABLE, _NEEDED)
    if found is None:
        return None
    kept = sa.table(NAME, *(sa.column(name) for name in found.types))
    with connection.begin():
        query = sa.select(kept.c.pipeline_id).where(kept.c.state.is_not(None))
        names = sorted(connection.execute(query).scalars())
    if not names or pipeline in names:
        return None
    there = ", ".join(f"'{name}'" for name in names)
    return f"the pipeline '{pipeline}' has no state here; there are: {there}"


def write(
    database: Database, connection: sa.Connection, tables: Tables, pipeline: str, kept: Kept
) -> None:
    """Put a pipeline's state and versions into its row."""
    table = tables.fit(TABLE, TABLE.types)
    versions = _encode(dict(sorted(kept.versions.items()))).decode() if kept.versions else None
    values = {"pipeline_id": pipeline, "state": kept.line, "versions": versions}
    row = tuple(values.get(name) for name in table.types)
    with connection.begin():
        database.writer(table).upsert(connection, [row])


@dataclass
class Pace:
    """When a STATE is due to be committed.

    Attributes:
        interval_seconds: The least time between two commits; None for the default: the first
            `FREE_COMMITS` one by one, then one a second; 0 for each STATE.
        min_rows: The least number of new records in a commit.
        clock: Seconds that never run backwards.
    """

    interval_seconds: float | None = None
    min_rows: int = 0
    clock: Callable[[], float] = time.monotonic
    _commits: int = 0
    _last: float = field(default=float("-inf"))

    def due(self, new_records: int) -> bool:
        """Whether a commit of that many new records may be made now."""
        return new_records >= self.min_rows and self.wait() <= 0

    def wait(self) -> float:
        """Return the seconds until the next commit is due, 0 or less where it is."""
        if self.interval_seconds is None:
            interval = 0.0 if self._commits < FREE_COMMITS else 1.0
        else:
            interval = self.interval_seconds
        return self._last + interval - self.clock()

    def begun(self) -> None:
        """Note that a commit is being made."""
        self._commits += 1
        self._last = self.clock()

    def ended(self) -> None:
        """Note that it stands: the interval to the next one begins here."""
        self._last = self.clock()
