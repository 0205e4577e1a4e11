"""A branch deleted, where nothing is lost by that, or by choice."""

from __future__ import annotations

import sqlalchemy as sa

from tap_adapters.history.commits import QueryError, commit_of, query_errors
from tap_adapters.history.remotes import branches, default_branch, tags
from tap_adapters.history.standstill import kept_away, remove_branch
from target_dolt import Database
from target_dolt.errors import CommitConflictError, ConfigError
from target_dolt.runs import lock_of


def delete_branch(database: Database, name: str, *, force: bool = False) -> str:
    """Delete a branch; return the commit that it led to.

    Args:
        database: The open database.
        name: The branch.
        force: Whether it goes with commits that nothing else leads to, and with uncommitted
            changes.

    Raises:
        QueryError: There is no such branch.
        ConfigError: It is the default one, or has commits that nothing else leads to.
        CommitConflictError: It has uncommitted changes.
        LockedError: A run is at work on it.
    """
    if name not in {one.name for one in branches(database)}:
        msg = f"'{database.name}' has no branch '{name}'"
        raise QueryError(msg)
    if name == default_branch(database):
        msg = f"'{name}' is the default branch of '{database.name}', which stays"
        raise ConfigError(msg)
    with kept_away(database, [name]):
        commit = commit_of(database, name)
        # Of a dead run nothing is waited for: the next load removes its branch too.
        if not force and lock_of(name) is None:
            _check_kept(database, name, commit)
        remove_branch(database, name)
    return commit


def _check_kept(database: Database, name: str, commit: str) -> None:
    """See that nothing goes with a branch."""
    with query_errors(), database.connect(name) as connection:
        if uncommitted := database.uncommitted_tables(connection):
            msg = (
                f"branch '{name}': {database.uncommitted(uncommitted)}; it stays: --force deletes "
                "it with them"
            )
            raise CommitConflictError(msg)
    refs = [*branches(database, of_remotes=True), *tags(database)]
    others = {one.commit for one in refs if one.name != name and lock_of(one.name) is None}
    with query_errors(), database.connect() as connection:
        if not any(_leads_to(connection, other, commit) for other in others):
            msg = (
                f"'{name}' has commits that no other branch and no tag leads to; it stays: merge "
                f"them (`dolt-sync merge {database.argument} {name}`), or delete it with them by "
                "--force"
            )
            raise ConfigError(msg)


def _leads_to(connection: sa.Connection, other: str, commit: str) -> bool:
    with connection.begin():
        return bool(connection.execute(_BASE, {"one": other, "two": commit}).scalar() == commit)


_BASE = sa.text("SELECT dolt_merge_base(:one, :two)")
