"""`dolt-sync merge`: one branch into another, or a word about why not."""

from __future__ import annotations

from collections.abc import Collection

import click
import sqlalchemy as sa

from tap_adapters.commands.shell import errors_in_words, opened
from tap_adapters.history import commit_of, query_errors
from tap_adapters.history.remotes import default_branch
from target_dolt import Database
from target_dolt.errors import CommitConflictError, driver_words
from target_dolt.loading import state
from target_dolt.settings.table import DEFAULT_AUTHOR


class MergeConflictError(CommitConflictError):
    """Both branches changed one thing in two ways."""

    exit_code = 3


@click.command()
@click.argument("database")
@click.argument("branch")
@click.option("--into", metavar="B", help="Default: the database's default branch.")
@click.option("-m", "--message", metavar="M", help="The message of a merge commit.")
@click.option("--author", metavar="A", default=DEFAULT_AUTHOR, help="Name <address>.")
@errors_in_words
def merge(database: str, branch: str, into: str | None, message: str | None, author: str) -> None:
    """Merge a branch, a tag or a remote's branch (origin/main) into a branch.

    Rows are merged cell by cell. Where both sides changed one cell in two ways, nothing is merged,
    and the exit code is 3.

    \b
    Examples:
      dolt-sync merge shop.db review
      dolt-sync merge shop.db origin/main --into mine -m "Take the new snapshot in"
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        into = into or default_branch(found)
        old, new = merge_branch(found, branch, into, message, author)
    if old == new:
        click.echo(f"'{into}' has all of '{branch}' already")
    else:
        click.echo(f"Moved '{into}' from {old} to {new}")


def merge_branch(
    database: Database,
    branch: str,
    into: str,
    message: str | None = None,
    author: str = DEFAULT_AUTHOR,
) -> tuple[str, str]:
    """Merge a branch into another; return the latter's commits before and after.

    Args:
        database: The open database.
        branch: A branch, a tag or a remote's branch.
        into: The branch that takes it in; it stays as it was where that fails.
        message: The message of a merge commit.
        author: `Name <address>`.

    Raises:
        MergeConflictError: Both changed one thing in two ways.
        CommitConflictError: Uncommitted changes are in the way.
        QueryError: There is no such branch.
    """
    old = commit_of(database, into)
    words = message or f"Merge '{branch}' into '{into}'"
    with query_errors(), database.connect(into, write=True) as connection:
        try:
            with connection.begin():
                _merge(database, connection, (branch, "-m", words, "--author", author))
        except sa.exc.DBAPIError as error:
            if "stomped" not in driver_words(error):
                raise
            tables = database.uncommitted_tables(connection)
            msg = f"{database.uncommitted(tables)}, which the merge would overwrite"
            raise CommitConflictError(msg) from None
        except _ConflictsError as error:
            msg = (
                f"'{branch}' and '{into}' both {error}; '{into}' stays as it was: "
                f"{_LOADED_TWICE if error.pipelines else _CHANGED_TWICE}"
            )
            raise MergeConflictError(msg) from None
    return old, commit_of(database, into)


_CHANGED_TWICE = "look at both (`dolt-sync diff`), change one of them, and merge again"
_LOADED_TWICE = (
    "begin a new run from the state there (`dolt-sync state`), and delete the branch that it takes "
    "the place of"
)


class _ConflictsError(Exception):
    """What both sides did, as words; it ends the transaction that made them.

    Attributes:
        pipelines: The pipelines whose states conflict.
    """

    def __init__(self, tables: Collection[str], pipelines: Collection[str]) -> None:
        self.pipelines = pipelines
        words = f"changed {_names(tables)}, in two ways"
        if pipelines:
            words = f"have a load of the pipeline {_names(pipelines)} since they parted"
        super().__init__(words)


def _names(names: Collection[str]) -> str:
    return ", ".join(f"'{one}'" for one in sorted(names))


def _merge(database: Database, connection: sa.Connection, arguments: tuple[str, ...]) -> None:
    """Merge in the transaction that has begun, so that conflicts go with it."""
    failed: sa.exc.DBAPIError | None = None
    try:
        database.call(connection, "dolt_merge", *arguments)
    except sa.exc.DBAPIError as error:
        failed = error  # DoltLite's way to tell of conflicts; Dolt lets them stand
    found = {row[0] for query in _CONFLICTS for row in connection.exec_driver_sql(query)}
    if found:
        pipelines = connection.exec_driver_sql(_PIPELINES).scalars() if state.NAME in found else ()
        raise _ConflictsError(found, list(pipelines))
    if failed is not None:
        raise failed


_PIPELINES = f"SELECT our_pipeline_id FROM dolt_conflicts_{state.NAME}"  # noqa: S608 - ours
_CONFLICTS = tuple(
    f"SELECT * FROM dolt_{what}"  # noqa: S608 - words of ours
    for what in ("conflicts", "schema_conflicts", "constraint_violations")
)
