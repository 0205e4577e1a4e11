"""Bad records by choice: left out, and noted in `_target_dolt_rejects` with the good ones' commit.

A note has the record's key, where it came and what is wrong, and no other value of it.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt.errors import QuarantinedError, RecordError
from target_dolt.loading.load import Load
from target_dolt.retry import told
from target_dolt.settings import Settings
from target_dolt.streams.sink import DoltSink
from target_dolt.table import Table
from target_dolt.tables.schema import Tables
from target_dolt.types import LONGTEXT

NAME = "_target_dolt_rejects"

TABLE = Table(
    NAME,
    {
        "reject_id": sa.VARCHAR(64),
        "pipeline_id": sa.VARCHAR(255),
        "stream": LONGTEXT,
        "record_key": LONGTEXT,
        "position": LONGTEXT,
        "reason": LONGTEXT,
    },
    key=("reject_id",),
)

TOLD = 10
"""Bad records of a run that the log names one by one."""

_MOST_KEY_CHARACTERS = 1_000
"""Of a key in a note; what is longer is no key that a table could have."""

_IDS = 500
"""Ids in one query: SQLite takes 999 parameters in its older builds."""

_log = logging.getLogger("target-dolt")

_encode = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


@dataclass(frozen=True, slots=True)
class Reject:
    """One bad record.

    Attributes:
        stream: Its stream.
        key: Its key as JSON, or None where it has none that can be told.
        position: The line of the input, and for a BATCH the file and the row in it.
        reason: What is wrong, with the column.
    """

    stream: str
    key: str | None
    position: str
    reason: str

    def id(self, pipeline: str, run: str) -> str:
        """Return what tells it from others: the same again where a run is repeated.

        A record with a key is the same one at whatever line it comes. One without is known by its
        place in one run's input alone: noted at least once, as rows without a key are.
        """
        same = (self.key,) if self.key is not None else (run, self.position)
        parts = (pipeline, self.stream, self.reason, *same)
        return hashlib.sha256(_encode(parts)).hexdigest()


class Quarantine:
    """The bad records of one run.

    Attributes:
        within: The file and the row of a BATCH that are being read, each from 1, else None.
    """

    def __init__(self, settings: Settings, line: Callable[[], int]) -> None:
        """Begin with none.

        Args:
            settings: Whether bad records are taken, and how many.
            line: Gives the line of the input that is being read.
        """
        self._most = settings.max_bad_records
        self._takes = settings.on_bad_record == "quarantine"
        self._pipeline = settings.pipeline_id
        self._line = line
        self._counts: Counter[str] = Counter()
        self._pending: list[Reject] = []
        self.within: tuple[int, int] | None = None

    def take(self, error: RecordError, sink: DoltSink) -> None:
        """Note a bad record of a sink; raise its error where it ends the run."""
        if not self._takes:
            raise error
        count = sum(self._counts.values())
        if count >= self._most:
            _log.error("`max_bad_records` is %d, and one more has come", self._most)
            raise error
        position = self._position()
        is_whole = len(error.key) == len(sink.plan.table.key)
        key = key_text(error.key) if is_whole else None
        # A name may hold what no text in a database does.
        reason = error.reason.encode("utf-8", "replace").decode()
        self._counts[sink.stream_name] += 1
        self._pending.append(Reject(sink.stream_name, key, position, reason))
        if count < TOLD:
            _log.warning("Quarantined: %s: %s", position, error)
        elif count == TOLD:
            _log.warning("Quarantined: more records, which `dolt-sync rejects` lists")
        sink.reject(error.key)

    def _position(self) -> str:
        line = f"line {self._line()}"
        return line if self.within is None else "{}, file {}, row {}".format(line, *self.within)

    def write(self, load: Load) -> None:
        """Note on the run branch what has come since the last call."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        total = sum(self._counts.values())
        with load.overlap.noted():
            load.overlap.wait()  # the connection is the writer's until then
            with told(NAME):
                table = load.branch.again(NAME, lambda: load.tables.fit(TABLE, TABLE.types))
            rows: dict[str, tuple[str | None, ...]] = {}
            for one in pending:
                id_ = one.id(self._pipeline, load.run)
                values = {
                    "reject_id": id_,
                    "pipeline_id": self._pipeline,
                    "stream": one.stream,
                    "record_key": one.key,
                    "position": one.position,
                    "reason": one.reason,
                }
                rows.setdefault(id_, tuple(values.get(name) for name in table.types))

            def write(connection: sa.Connection) -> None:
                there = _known(connection, list(rows))
                new = [row for id_, row in rows.items() if id_ not in there]
                if new:
                    load.database.writer(table).upsert(connection, new)
                load.bad_records = total

            load.write(NAME, table, write)

    def tell(self) -> None:
        """Raise where a run that is otherwise done has left records out."""
        if self._counts:
            raise QuarantinedError(self._counts)


def key_text(key: Mapping[str, Any]) -> str | None:
    """Return a record's key as JSON; None where a part is missing, or of no kind that keys are."""
    if not key or not all(type(one) in _KINDS for one in key.values()):
        return None
    try:
        text = _encode(key).decode()
    except UnicodeEncodeError:
        return None
    return text if len(text) <= _MOST_KEY_CHARACTERS else None


_KINDS = frozenset({str, int, bool, Decimal})


def _known(connection: sa.Connection, ids: list[str]) -> set[str]:
    """Return those of the ids that are noted: what is noted stays as it is."""
    rejects = sa.table(NAME, sa.column("reject_id"))
    found: set[str] = set()
    for start in range(0, len(ids), _IDS):
        some = rejects.c.reject_id.in_(ids[start : start + _IDS])
        found.update(connection.execute(sa.select(rejects.c.reject_id).where(some)).scalars())
    return found


def read(connection: sa.Connection, tables: Tables) -> list[tuple[str, ...]]:
    """Return pipeline, stream, key, position and reason of all that are noted, in a fixed order."""
    if tables.find(NAME, TABLE.types) is None:
        return []
    names = [name for name in TABLE.types if name != "reject_id"]
    rejects = sa.table(NAME, *(sa.column(name) for name in TABLE.types))
    query = sa.select(*(rejects.c[name] for name in names))
    with connection.begin():
        rows = [tuple(row) for row in connection.execute(query)]
    return sorted(rows, key=lambda row: [value or "" for value in row])
