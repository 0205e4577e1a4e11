"""Writes to the run branch: each exactly once, tables and parts of a table's rows side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from target_dolt.errors import WriteError
from target_dolt.loading import overlap
from target_dolt.loading.commits import RunBranch
from target_dolt.loading.overlap import Overlap
from target_dolt.retry import told
from target_dolt.table import Table
from target_dolt.writer import Write


@dataclass(frozen=True, slots=True)
class TableWrite:
    """What is to be written to one table.

    Attributes:
        what: The step, for messages.
        table: The table.
        parts: What writes it; several write no key in common.
    """

    what: str
    table: Table
    parts: Sequence[Write]


class Writes:
    """Writes beside the reading of input, in their order or together."""

    def __init__(self, branch: RunBranch, beside: Overlap) -> None:
        """Write to a run branch, in the thread that commits to it."""
        self._lanes = Lanes(branch)
        self._overlap = beside
        self._together: list[TableWrite] | None = None

    def write(self, one: TableWrite) -> None:
        """Begin a write, after the one before has ended; within `together` with the others."""
        if self._together is None:
            self._overlap.run(lambda: self._lanes.write([one]))
        else:
            self._together.append(one)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Begin all writes at its end that are asked for within it."""
        writes: list[TableWrite] = []
        self._together = writes
        try:
            with self._overlap.noted():
                yield
        finally:
            self._together = None
        if writes:
            self._overlap.run(lambda: self._lanes.write(writes))

    def close(self) -> None:
        """End the threads; none of them has work any more."""
        self._lanes.close()


class Lanes:
    """Connections that write to one run branch at the same time.

    A server merges what transactions on one branch wrote as each of them ends (Dolt 2.3.1: two
    with half of 10,000 rows each take two thirds of the time that one takes on two cores). They
    have no key in common, and the next write begins when all of them have ended: so rows take
    effect in their order, and a commit finds all that came before it.
    """

    def __init__(self, branch: RunBranch) -> None:
        """Begin with the run's own connection."""
        self._branch = branch
        self._executor = ThreadPoolExecutor(thread_name_prefix="target-dolt-lane")
        self._threads: set[threading.Thread] = set()

    def write(self, writes: Sequence[TableWrite]) -> None:
        """Do writes on the run branch, each exactly once, through lost connections.

        Small ones of several tables share a transaction: each has its price, a merge among them.

        Raises:
            WriteError: One of them failed; none is under way any more.
        """
        for some in _without_repetition(writes):
            for one in some:
                self._branch.touch(one.table.name)
                if not one.table.key:
                    self._append(one)
            keyed = [one for one in some if one.table.key]
            if keyed:
                self._side_by_side(_by_lane(keyed, self._branch.database.lanes))

    def _side_by_side(self, lanes: Sequence[Sequence[tuple[str, Write]]]) -> None:
        first, *others = self._branch.lanes(len(lanes))
        beside = [
            self._executor.submit(self._upsert_beside, connection, lane)
            for connection, lane in zip(others, lanes[1:], strict=True)
        ]
        try:
            self._upsert(first, lanes[0])
        finally:
            self._wait(beside)
        for one in beside:
            one.result()

    def _wait(self, beside: Sequence[Future[None]]) -> None:
        while wait(beside, overlap.LOOK_SECONDS).not_done:
            if not all(one.is_alive() for one in self._threads):
                raise WriteError(overlap.WRITER_DIED)

    def _upsert_beside(self, connection: sa.Connection, lane: Sequence[tuple[str, Write]]) -> None:
        self._threads.add(threading.current_thread())
        self._upsert(connection, lane)

    def _upsert(self, connection: sa.Connection, lane: Sequence[tuple[str, Write]]) -> None:
        """Write rows by key in one transaction; done twice it is as done once."""
        whole = at = "; ".join(what for what, _ in lane)

        def attempt() -> None:
            nonlocal at
            with connection.begin():
                for step, write in lane:
                    at = step
                    write(connection)
                at = whole

        try:
            self._branch.again(whole, attempt)
        except sa.exc.DBAPIError:
            with told(at):
                raise

    def _append(self, one: TableWrite) -> None:
        """Write rows without a key, which a second attempt would write twice."""
        with told(one.what):
            for write in one.parts:
                self._append_part(one, write)

    def _append_part(self, one: TableWrite, write: Write) -> None:
        branch = self._branch
        before = branch.again(one.what, lambda: branch.hash_of_table(one.table.name))

        def attempt() -> None:
            if branch.hash_of_table(one.table.name) == before:
                with branch.connection.begin():
                    write(branch.connection)

        branch.again(one.what, attempt)

    def close(self) -> None:
        """End the threads; none of them has work any more."""
        self._executor.shutdown()


def _without_repetition(writes: Iterable[TableWrite]) -> Iterator[list[TableWrite]]:
    """Yield writes in their order, so many at once that each has a table of its own."""
    some: dict[str, TableWrite] = {}
    for one in writes:
        if one.table.name in some:
            yield list(some.values())
            some = {}
        some[one.table.name] = one
    yield list(some.values())


def _by_lane(writes: Sequence[TableWrite], most: int) -> list[list[tuple[str, Write]]]:
    """Return what each lane does: a part of each table that has parts, else whole tables."""
    count = max(min(len(writes), most), *(len(one.parts) for one in writes))
    lanes: list[list[tuple[str, Write]]] = [[] for _ in range(count)]
    for one in writes:
        emptiest = sorted(lanes, key=len)
        for lane, part in zip(emptiest, one.parts, strict=False):
            lane.append((one.what, part))
    return lanes
