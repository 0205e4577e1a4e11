"""What a load must do, told a second time in the simplest way: tables in memory.

Runs are made of `Chunk`s. `Run.messages` says what a tap writes, and `Model` what has to be in the
database then: tables and history, notes, the STATEs that come out, the one that is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from support import Message, record, schema, state

GONE = "2026-01-01T00:00:00Z"
MARK = "_sdc_deleted_at"
MARK_KEPT = "2026-01-01 00:00:00.000000"

KEYS: Mapping[str, tuple[str, ...]] = {"pets": ("id",), "visits": ("id", "n"), "notes": ()}
"""The streams, each with its key."""

COLUMNS = {
    "id": {"type": "integer"},
    "n": {"type": "integer"},
    "v": {"type": ["null", "string"]},
    "w": {"type": ["null", "number"]},
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One RECORD: a row, a delete of its key, or (its `v` is no text) a bad one."""

    id: int
    n: int
    v: str | None
    w: float | None
    kind: str = "row"


@dataclass(frozen=True)
class Chunk:
    """What one stream sends before another may: `w` says whether its SCHEMA has that column."""

    stream: str
    items: tuple[Item, ...]
    w: bool = False
    state: bool = True


@dataclass(frozen=True)
class Run:
    """One run: its chunks, and the streams that it sends whole, each in one chunk.

    Attributes:
        version: What those streams' version is.
        before: Those whose ACTIVATE_VERSION comes before the records, as the SDK's.
        after: Those where it comes after them, as pipelinewise's.
    """

    chunks: tuple[Chunk, ...]
    version: int
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    def messages(self, first_state: int) -> Iterable[Message]:
        """Yield what the tap writes; its STATEs are counted."""
        number = first_state
        for chunk in self.chunks:
            names = {name: COLUMNS[name] for name in COLUMNS if name != "w" or chunk.w}
            keys = KEYS[chunk.stream]
            mark = {MARK: {"type": ["null", "string"], "format": "date-time"}} if keys else {}
            yield schema(chunk.stream, {**names, **mark}, keys)
            whole = chunk.stream in self.before | self.after
            activate = {
                "type": "ACTIVATE_VERSION",
                "stream": chunk.stream,
                "version": self.version,
            }
            if chunk.stream in self.before:
                yield activate
            for item in chunk.items:
                values = {name: getattr(item, name) for name in names}
                if item.kind == "delete":
                    values[MARK] = GONE
                elif item.kind == "bad":
                    values["v"] = 5
                version = {"version": self.version} if whole else {}
                yield {**record(chunk.stream, **values), **version}
            if chunk.stream in self.after:
                yield activate
            if chunk.state:
                number += 1
                yield state({"n": number})


@dataclass
class Kept:
    """One table: its columns, and its rows by key; a stream without a key has a list."""

    columns: set[str] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)


@dataclass
class Replaced:
    """What a table had that is being replaced, and the keys of records that were left out."""

    rows: list[Row]
    left_out: list[list[Any]] = field(default_factory=list)


@dataclass
class Model:
    """Tables in memory, loaded with the settings of a real load."""

    load_method: str | None = None
    hard_delete: bool = True
    tables: dict[str, Kept] = field(default_factory=dict)
    rejects: list[tuple[str, Row | None]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    kept_state: Any = None
    versions: dict[str, int | None] = field(default_factory=dict)
    _number: int = 0
    _new: dict[str, int | None] = field(default_factory=dict)

    def key(self, stream: str) -> Sequence[str]:
        """Return the key of a stream's table."""
        return () if self.load_method == "append-only" else KEYS[stream]

    def load(self, run: Run) -> int:  # noqa: C901, PLR0912 - what a run may do, in its order
        """Do one run; return how many of its records are bad."""
        self._new, bad = {}, 0
        whole = self.load_method == "overwrite"
        waiting, pending = None, False
        begun, unnamed, parts = whole, set[str](), set[str]()
        replaced: dict[str, Replaced] = {}
        for chunk in run.chunks:
            table = self._table(chunk)
            if whole and chunk.stream not in replaced:
                replaced[chunk.stream] = Replaced(table.rows)
                table.rows = []
            elif self._takes_versions and chunk.stream in run.before | run.after:
                known = chunk.stream in self.versions
                if (self.versions[chunk.stream] != run.version) if known else not table.rows:
                    if pending and not (begun or unnamed):
                        self._commit(waiting)
                        waiting, pending = None, False
                    begun = begun or chunk.stream in run.before
                    replaced[chunk.stream] = Replaced(table.rows)
                    table.rows = []
                self._new[chunk.stream] = run.version
            elif self._takes_versions and chunk.stream not in parts:
                if any(item.kind == "delete" for item in chunk.items):
                    # No stream that is sent whole has any.
                    if chunk.stream in unnamed or self.versions.get(chunk.stream) is not None:
                        self._new[chunk.stream] = None
                    unnamed.discard(chunk.stream)
                    parts.add(chunk.stream)
                elif self.versions.get(chunk.stream) is not None:
                    # Rows without a version, of a stream that had one: it may still come.
                    unnamed.add(chunk.stream)
            left_out = self._take(chunk, table)
            bad += len(left_out)
            if chunk.stream in replaced:
                replaced[chunk.stream].left_out += left_out
            if chunk.stream in run.after and not whole:
                self._put_back(chunk.stream, replaced.pop(chunk.stream, None))
            pending = True
            if chunk.state:
                self._number += 1
                waiting = {"n": self._number}
                if not (begun or unnamed):
                    self._commit(waiting)
                    waiting, pending = None, False
        for stream, one in replaced.items():
            self._put_back(stream, one)
        self._new.update(dict.fromkeys(unnamed))
        self._commit(waiting)
        return bad

    @property
    def _takes_versions(self) -> bool:
        return self.load_method in {None, "upsert"}

    def _put_back(self, stream: str, replaced: Replaced | None) -> None:
        """Put back the old rows of keys whose records were left out."""
        key, table = self.key(stream), self.tables[stream]
        if replaced is None or not key:
            return
        there = [[row[name] for name in key] for row in table.rows]
        for row in replaced.rows:
            at = [row[name] for name in key]
            if at in replaced.left_out and at not in there:
                table.rows.append(row)

    def _table(self, chunk: Chunk) -> Kept:
        table = self.tables.setdefault(chunk.stream, Kept())
        names = {name for name in COLUMNS if name != "w" or chunk.w}
        table.columns |= names
        if KEYS[chunk.stream] and not self.hard_delete:
            table.columns.add(MARK)
        return table

    def _take(self, chunk: Chunk, table: Kept) -> list[list[Any]]:
        """Take a chunk's records; return the keys of those that are bad."""
        key, left_out = self.key(chunk.stream), []
        for item in chunk.items:
            row = {name: getattr(item, name) for name in COLUMNS if name != "w" or chunk.w}
            at = [row[name] for name in key]
            if item.kind == "bad":
                left_out.append(at)
                noted = (chunk.stream, {name: row[name] for name in key} or None)
                if not key or noted not in self.rejects:
                    self.rejects.append(noted)
            elif item.kind == "delete" and not key and self.hard_delete:
                pass  # there is no row to be found
            else:
                same = [one for one in table.rows if key and [one[n] for n in key] == at]
                table.rows = [one for one in table.rows if not any(one is gone for gone in same)]
                if item.kind != "delete":
                    table.rows.append(row)
                elif not self.hard_delete:  # what a delete does not carry stays as it was
                    older = same[0] if same else {}
                    table.rows.append({**older, **row, MARK: MARK_KEPT})
        return left_out

    def _commit(self, state_value: Any) -> None:
        now = self.content()
        if not self.history or now != self.history[-1]:
            self.history.append(now)
            if state_value is not None:
                self.kept_state = state_value
            self.versions.update(self._new)
        if state_value is not None:
            self.states.append(state_value)

    def content(self) -> dict[str, Any]:
        """Return what is in the tables, in an order of its own."""
        found: dict[str, Any] = {}
        for stream, table in deepcopy(self.tables).items():
            rows = [{name: row.get(name) for name in sorted(table.columns)} for row in table.rows]
            found[stream] = (sorted(table.columns), sorted(rows, key=repr))
        found["rejects"] = sorted(self.rejects, key=repr)
        return found
