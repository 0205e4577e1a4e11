"""Writes to the run branch: each exactly once, and parts of a table's rows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import sqlalchemy as sa

from target_dolt.backend import Table
from target_dolt.loading.commits import RunBranch
from target_dolt.loading.retry import told
from target_dolt.writer import Write


class Lanes:
    """Connections that write to one run branch at the same time.

    A server merges what transactions on one branch wrote as each of them ends (Dolt 2.3.1: two
    with half of 10,000 rows each take two thirds of the time that one takes on two cores). The
    parts have no key in common, and the next write begins when all of them have ended: so rows
    take effect in their order, and a commit finds all that came before it.
    """

    def __init__(self, branch: RunBranch) -> None:
        """Begin with the run's own connection."""
        self._branch = branch
        self._executor = ThreadPoolExecutor(thread_name_prefix="target-dolt-lane")

    def write(self, what: str, table: Table, writes: Sequence[Write]) -> None:
        """Do transactions on the run branch, each exactly once, through lost connections.

        Args:
            what: The step, for messages.
            table: The table that they write.
            writes: What they write; several write no key in common.

        Raises:
            WriteError: One of them failed; none is under way any more.
        """
        with told(what):
            if not table.key:
                for write in writes:
                    self._append(what, table, write)
                return
            first, *others = self._branch.lanes(len(writes))
            beside = [
                self._executor.submit(self._upsert, what, connection, write)
                for connection, write in zip(others, writes[1:], strict=True)
            ]
            try:
                self._upsert(what, first, writes[0])
            finally:
                wait(beside)
            for one in beside:
                one.result()

    def _upsert(self, what: str, connection: sa.Connection, write: Write) -> None:
        def attempt() -> None:
            with connection.begin():
                write(connection)

        self._branch.again(what, attempt)

    def _append(self, what: str, table: Table, write: Write) -> None:
        """Write rows without a key, which a second attempt would write twice."""
        branch = self._branch
        before = branch.again(what, lambda: branch.hash_of_table(table.name))

        def attempt() -> None:
            if branch.hash_of_table(table.name) == before:
                with branch.connection.begin():
                    write(branch.connection)

        branch.again(what, attempt)

    def close(self) -> None:
        """End the threads; none of them has work any more."""
        self._executor.shutdown()
