"""What a database is asked for when its history is made smaller: part of `Database`."""

from __future__ import annotations

import abc
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa


class Upkeep(abc.ABC):
    """The disk, and what keeps old commits on it."""

    @abc.abstractmethod
    def call(self, connection: sa.Connection, procedure: str, *arguments: str) -> Any:
        """Call one of Dolt's procedures and return the first value of its answer."""

    @abc.abstractmethod
    def collect(self) -> None:
        """Remove from the disk all commits that no branch, tag or remote's branch leads to."""

    def size(self) -> int | None:
        """Return how many bytes it takes on the disk; None where that cannot be seen."""
        return None

    def forget_remote_branches(self, connection: sa.Connection, names: Collection[str]) -> None:
        """Forget branches of remotes (`origin/main`) as they were last seen."""
        for name in names:
            with connection.begin():
                self.call(connection, "dolt_branch", "-d", "-r", name)
