"""What stands before the target branch: a load that hurts a guard is kept beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import sqlalchemy as sa

from target_dolt.backend import Database
from target_dolt.errors import ConfigError, GuardError, driver_words
from target_dolt.messages import TableChange
from target_dolt.names import folded
from target_dolt.settings.guards import Guards

if TYPE_CHECKING:
    from target_dolt.loading.commits import RunBranch


def judge(
    guards: Guards,
    branch: RunBranch,
    written: Mapping[str, str],
    changes: Collection[TableChange] | None,
) -> None:
    """Look at a load before the target branch moves onto it.

    Args:
        guards: What it may not do.
        branch: The run's branch, on which the load is committed.
        written: The tables that the run writes, each with its stream, which is empty for one that
            it does not bring.
        changes: What the commit changes; None where the load made no commit.

    Raises:
        GuardError: It hurts a guard; it is kept under a name that no run removes.
    """
    hurt = hurt_by(guards, branch, written, changes or ())
    if not hurt:
        return
    words = f"the branch '{branch.branch}' stays as it was: {'; '.join(hurt)}. "
    if changes is None:
        words += "The run changes nothing there, so there is nothing to keep"
        raise GuardError(words)
    kept, name = branch.hold(), branch.database.argument
    old, into = ("HEAD", "") if branch.is_of_run else (branch.branch, f" --into {branch.branch}")
    words += (
        f"This run's rows are kept on the branch '{kept}': look at them (`dolt-sync diff {name} "
        f"{old}...{kept} --format markdown`); if they are right, merge them (`dolt-sync merge "
        f"{name} {kept}{into}`); if not, mend their source, and run again from the last STATE"
    )
    raise GuardError(words)


def hurt_by(
    guards: Guards,
    branch: RunBranch,
    written: Mapping[str, str],
    changes: Collection[TableChange],
) -> list[str]:
    """Return in words the guards that a load hurts, as `judge` is given it."""
    if not guards:
        return []
    brought = [table for table, stream in written.items() if stream]
    return branch.again("the guards", lambda: [*_hurt(guards, branch, brought, changes)])


def _hurt(
    guards: Guards, branch: RunBranch, brought: Collection[str], changes: Collection[TableChange]
) -> Iterator[str]:
    """Yield in words what is hurt, each guard after the other."""
    now = _Tables(branch.connection)
    if guards.max_deleted_percent is not None and changes:
        with branch.database.connect(branch.base) as connection:
            before = _Tables(connection)
            for one in changes:
                yield from _deleted(one, before, now, guards.max_deleted_percent)
    least = guards.min_rows
    if least is not None:
        named = least if isinstance(least, Mapping) else dict.fromkeys(sorted(brought), int(least))
        for table, number in named.items():
            rows = now.rows(table)
            if rows < number:
                yield f"'{table}' has {rows} rows, and `min_rows` is {number}"
    known = {folded(table) for table in brought}
    for table in guards.expected_tables:
        if folded(table) not in known:
            yield f"the run did not bring '{table}', which `expected_tables` names"
    if guards.verify_constraints:
        found = _violations(branch.database, branch.connection)
        if found:
            tables = ", ".join(f"'{table}' ({rows})" for table, rows in found.items())
            yield f"`verify_constraints` found rows that violate constraints in {tables}"


class _Tables:
    """The tables of one commit, by name as both engines tell names apart."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        with connection.begin():
            self._names = {folded(one): one for one in sa.inspect(connection).get_table_names()}

    def rows(self, table: str) -> int:
        """Return how many rows a table has; none where it is missing."""
        name = self._names.get(folded(table))
        if name is None:
            return 0
        query = sa.select(sa.func.count()).select_from(sa.table(name))
        with self._connection.begin():
            return int(self._connection.execute(query).scalar_one())

    def has_key(self, table: str) -> bool:
        """Whether a table that is there has a primary key."""
        with self._connection.begin():
            key = sa.inspect(self._connection).get_pk_constraint(self._names[folded(table)])
        return bool(key["constrained_columns"])


def _deleted(change: TableChange, before: _Tables, now: _Tables, most: float) -> Iterator[str]:
    """Yield what is hurt where a table loses too much.

    Rows without a key are not told apart, and a changed one may count as deleted: there it counts
    how many are left. So it does where the key itself was changed, which a diff cannot follow.
    """
    rows = before.rows(change.table)
    if rows:
        told = change.deleted if before.has_key(change.table) else 0
        deleted = max(told, rows - now.rows(change.table))
        percent = 100 * deleted / rows
        if percent > most:
            yield (
                f"'{change.table}' would lose {deleted} of {rows} rows ({percent:.4g}%), and "
                f"`max_deleted_percent` is {most:g}"
            )


def _violations(database: Database, connection: sa.Connection) -> dict[str, int]:
    """Return the tables with rows that violate a constraint, with how many; keep nothing."""
    try:
        with connection.begin() as transaction:
            database.call(connection, "dolt_verify_constraints", "--all")
            found = connection.exec_driver_sql("SELECT * FROM dolt_constraint_violations")
            rows = {str(table): int(count) for table, count in found}
            transaction.rollback()
    except sa.exc.DBAPIError as error:
        if database.is_transient(error):
            raise
        msg = (
            f"'{database.name}' cannot verify constraints ({driver_words(error)}): nothing was "
            "committed; leave `verify_constraints` out"
        )
        raise ConfigError(msg) from None
    return rows
