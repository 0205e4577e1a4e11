"""The run branch and the commit point: the only place that knows Dolt's procedures.

All of a run's writing happens on a branch of its own. At a commit point that branch is
committed and the target branch is moved onto it, so that readers see whole commits only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from typing import TypeVar

import sqlalchemy as sa

from target_dolt import retry
from target_dolt.backend import Database
from target_dolt.errors import CommitConflictError
from target_dolt.loading import staged
from target_dolt.loading.pipeline_lock import pipeline_lock
from target_dolt.loading.staged import OWN_PREFIX
from target_dolt.loading.target_branch import target_branch
from target_dolt.messages import Commit, PendingCommit, TableChange
from target_dolt.queries import changed_tables, hash_of, in_parts
from target_dolt.runs import HELD_PREFIX, branches, remove_dead, run_branch

_MOVES = 100
"""How often a commit point tries again when others keep moving the target branch: of two loads
that commit every STATE, one may lose dozens of races in a row."""

_log = logging.getLogger("target-dolt")

T = TypeVar("T")


class RunBranch:
    """A run's own branch, from its making to its removal."""

    def __init__(self, database: Database, branch: str | None, pipeline: str, run: str) -> None:
        """Take the pipeline's lock and make the branch from the target's head.

        Args:
            database: The open database.
            branch: A template of the target branch; None for the default branch.
            pipeline: The pipeline's id.
            run: The run's id.

        Raises:
            LockedError: The same pipeline is at work on the same branch.
        """
        self.database = database
        self._held = False
        self._base = self._head = ""
        self._hashes: dict[str, str] = {}
        self._found: dict[str, str] = {}
        self._touched: set[str] = set()
        self.gone: set[str] = set()
        self._open = ExitStack()
        try:
            self.branch = self._open.enter_context(target_branch(database, branch, pipeline, run))
            self._lock = self._open.enter_context(pipeline_lock(database, pipeline, self.branch))
            self._target = self._connect(self.branch)
            remove_dead(database, self._target, self._lock.name)
            self.name = run_branch(self._lock.name, run)
            self._run = run
            with self._target.begin():
                database.call(self._target, "dolt_branch", self.name, self.branch)
            self._open.callback(self._remove)
            # Not the target's head: somebody may have moved it since.
            self._base = self._head = self._hash_of(self._target, self.name)
            self.connection = self._connect(self.name)
            self._lanes = [self.connection]
        except BaseException:
            self._open.close()
            raise

    @property
    def is_of_run(self) -> bool:
        """Whether the target branch has this run's id in its name: no other run fills it."""
        return self._run in self.branch

    @property
    def base(self) -> str:
        """The commit of the target branch that this run's work is on top of."""
        return self._base

    def _connect(self, branch: str) -> sa.Connection:
        return self._open.enter_context(self.database.connect(branch, write=True))

    def _remove(self) -> None:
        if self._held:
            return
        if self._head != self._base:  # the move may have stopped half way
            self.database.settle(self.name)
        with self.database.connect(self.branch, write=True) as connection, connection.begin():
            self.database.call(connection, "dolt_branch", "-D", self.name)

    def _hash_of(self, connection: sa.Connection, ref: str) -> str:
        with connection.begin():
            return hash_of(connection, ref)

    def commit(
        self,
        tables: Collection[str],
        beside: Collection[str],
        compose: Callable[[tuple[TableChange, ...]], tuple[PendingCommit, str]],
        author: str,
        judge: Callable[[Collection[TableChange]], None],
    ) -> Commit | None:
        """Commit what the run has written, and move the target branch onto it.

        Args:
            tables: The tables that this run writes.
            beside: Tables to commit with them, in which a difference alone makes no commit.
            compose: Makes the message from what differs.
            author: `Name <address>`.
            judge: Looks at the commit before the target branch moves; raises where it may not.

        Returns:
            The commit; None where `tables` do not differ.

        Raises:
            CommitConflictError: Somebody changed one of `tables` on the target branch. The
                run's branch is kept under another name.
            LockedError: The pipeline's lock was lost, and another run has it.
        """
        pending = self.again("the commit", lambda: self._stage(tables, beside, compose))
        if pending is None:
            return None
        message = pending[1]
        commit_hash = self.again("the commit", lambda: self._commit(message, author))
        judge(pending[0].changes)
        self.again("the pipeline's lock", self._lock.confirm)
        for _ in range(_MOVES):
            self._head = commit_hash
            head = self.again("the commit", lambda: self._hash_of(self._target, self.branch))
            if head not in {self._base, commit_hash}:
                commit_hash = self._take_in(head, tables, message, author)
            elif self.again("the move of the branch", self._advance):
                self._base = commit_hash
                self._hashes |= self._found
                self._touched.clear()
                return Commit(commit_hash, message, pending[0])
        reason = f"the branch '{self.branch}' kept moving"
        raise self._conflict(reason)

    def again(self, what: str, attempt: Callable[[], T]) -> T:
        """Do a step of this run, and do it again where the connection was lost in it."""
        return retry.again(what, attempt, self.database.is_transient, self._lock.confirm)

    def keep_lock(self) -> None:
        """Make sure of the pipeline's lock where nothing was heard of it for a minute."""
        with retry.told("the pipeline's lock"):
            self.again("the pipeline's lock", self._lock.keep)

    def lanes(self, count: int) -> list[sa.Connection]:
        """Return so many connections on the run branch, the run's own first."""
        while len(self._lanes) < count:
            with retry.told("another connection"):
                one = self.again("another connection", lambda: self._connect(self.name))
            self._lanes.append(one)
        return self._lanes[:count]

    def _stage(
        self,
        tables: Collection[str],
        beside: Collection[str],
        compose: Callable[[tuple[TableChange, ...]], tuple[PendingCommit, str]],
    ) -> tuple[PendingCommit, str] | None:
        changed = self._of_this_commit(tables)
        connection = self.connection
        with connection.begin():
            self._add([*changed, *beside])
            found = staged.read(connection)
            if found.tables.isdisjoint(tables):
                return None
            return compose(staged.changes(self.database, connection, found))

    def stage(self, tables: Collection[str]) -> tuple[TableChange, ...]:
        """Stage tables, to be thrown away with the branch; return what differs, in rows."""
        with self.connection.begin():
            self._add([*tables])
            found = staged.read(self.connection)
            return staged.changes(self.database, self.connection, found)

    def _add(self, tables: Sequence[str]) -> None:
        for some in in_parts(tables):
            # A pattern in dolt_ignore may not make rows vanish: hence the force.
            self.database.call(self.connection, "dolt_add", "-f", *some)

    def differs(self, tables: Collection[str]) -> bool:
        """Whether one of these tables holds something else than at the last commit."""
        self._found = self._table_hashes(self._of_this_commit(tables))
        return any(self._hashes.get(name) != found for name, found in self._found.items())

    def know(self, table: str) -> None:
        """Touch a table, and remember what it holds before this run writes to it."""
        self.touch(table)
        if table not in self._hashes:
            self._hashes |= self._table_hashes([table])

    def touch(self, table: str) -> None:
        """Note that a table is changed, for the next commit."""
        self._touched.add(table)

    def _of_this_commit(self, tables: Iterable[str]) -> list[str]:
        """Return the tables that may differ from the last commit: each that is asked for costs.

        DoltLite reads its whole list of tables to tell one's hash, 10 ms of a thousand (measured
        on 0.51.3). The status has what triggers and foreign keys change, but no ignored table.
        """
        changed = self._touched | self.database.uncommitted_tables(self.connection)
        return [one for one in tables if one in changed or one.startswith(OWN_PREFIX)]

    def _table_hashes(self, tables: Collection[str]) -> dict[str, str]:
        """Return a hash of each table's content: reading it writes nothing, `dolt_add` does."""
        found = dict.fromkeys(self.gone.intersection(tables), "")
        there = [name for name in tables if name not in self.gone]
        for some in in_parts(there):
            with self.connection.begin():
                query = sa.select(*map(sa.func.dolt_hashof_table, some))
                [hashes] = self.connection.execute(query)
                found |= dict(zip(some, map(str, hashes), strict=True))
        return found

    def hash_of_table(self, table: str) -> str:
        """Return a hash of what a table holds on the run branch now."""
        return self._table_hashes([table])[table]

    def _commit(self, message: str, author: str) -> str:
        with self.connection.begin():
            head = hash_of(self.connection, self.name)
            if head != self._head:
                return head  # it was made, and only the answer was lost
            arguments = ("-m", message, "--author", author)
            return str(self.database.call(self.connection, "dolt_commit", *arguments))

    def _advance(self) -> bool:
        if self._hash_of(self._target, self.branch) == self._head:
            self.database.finish_move(self._target, self.branch, self._head)
            return True  # it was moved, and only the answer was lost
        try:
            advance = self.database.advance
            return retry.once_clear(advance, self._target, self.name, self._base, self.connection)
        except CommitConflictError as error:
            raise self._conflict(str(error)) from error

    def _take_in(self, head: str, tables: Collection[str], message: str, author: str) -> str:
        """Take somebody's commit into the run branch, and commit ours again on top of it.

        Only where they changed no table of this run: Dolt merges cell by cell, and would make
        rows that no source ever had.
        """
        connection = self.connection
        with connection.begin():
            theirs = changed_tables(connection, self._base, head)
        both = {name for name in theirs & set(tables) if not name.startswith(OWN_PREFIX)}
        if both:
            names = ", ".join(sorted(both))
            reason = f"somebody else changed {names} on the branch '{self.branch}'"
            raise self._conflict(reason)
        with connection.begin():
            self.database.call(connection, "dolt_merge", head)
        with connection.begin():
            self.database.call(connection, "dolt_reset", "--soft", head)
        self._base = self._head = head
        return self.again("the commit", lambda: self._commit(message, author))

    def _conflict(self, reason: str) -> CommitConflictError:
        kept = self.hold()
        msg = (
            f"{reason}; nothing was changed there, this run's rows since its last commit are "
            f"kept on the branch '{kept}': look at it, merge or delete it, and run again from "
            "the last STATE"
        )
        return CommitConflictError(msg)

    def hold(self) -> str:
        """Keep the run's branch under a name that no run removes; return that name."""
        kept = HELD_PREFIX + self._run
        self._held = True
        for connection in self._lanes:
            connection.close()  # a server renames no branch that a session is on
        self.again("the run's branch", lambda: self._rename(kept))
        return kept

    def _rename(self, name: str) -> None:
        if name in branches(self._target):
            return  # it was renamed, and only the answer was lost
        with self._target.begin():
            self.database.call(self._target, "dolt_branch", "-m", "-f", self.name, name)

    def close(self) -> None:
        """Remove the branch and give the lock back."""
        try:
            self._open.close()
        except sa.exc.DBAPIError as error:
            # What was committed stands; a later run removes the branch.
            _log.warning("The run's branch '%s' could not be removed: %s", self.name, error.orig)
