"""`dolt-sync merge`: one branch into another, or a word about why not."""

from __future__ import annotations

import click
import sqlalchemy as sa

from tap_adapters.history import commit_of, query_errors
from tap_adapters.remotes import default_branch
from tap_adapters.shell import opened, told
from target_dolt import Database
from target_dolt.errors import CommitConflictError, driver_words
from target_dolt.settings_table import DEFAULT_AUTHOR


class MergeConflictError(CommitConflictError):
    """Both branches changed one thing in two ways."""

    exit_code = 3


@click.command()
@click.argument("database")
@click.argument("branch")
@click.option("--into", metavar="B", help="Default: the database's default branch.")
@click.option("-m", "--message", metavar="M", help="The message of a merge commit.")
@click.option("--author", metavar="A", default=DEFAULT_AUTHOR, help="Name <address>.")
@told
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
                f"'{branch}' and '{into}' both changed {error}, in two ways; '{into}' stays as it "
                f"was: look at both (`dolt-sync diff`), change one of them, and merge again"
            )
            raise MergeConflictError(msg) from None
    return old, commit_of(database, into)


class _ConflictsError(Exception):
    """The tables with conflicts, as words; it ends the transaction that made them."""


def _merge(database: Database, connection: sa.Connection, arguments: tuple[str, ...]) -> None:
    """Merge in the transaction that has begun, so that conflicts go with it."""
    failed: sa.exc.DBAPIError | None = None
    try:
        database.call(connection, "dolt_merge", *arguments)
    except sa.exc.DBAPIError as error:
        failed = error  # DoltLite's way to tell of conflicts; Dolt lets them stand
    found = {row[0] for query in _CONFLICTS for row in connection.exec_driver_sql(query)}
    if found:
        raise _ConflictsError(", ".join(f"'{table}'" for table in sorted(found)))
    if failed is not None:
        raise failed


_CONFLICTS = tuple(
    f"SELECT * FROM dolt_{what}"  # noqa: S608 - words of ours
    for what in ("conflicts", "schema_conflicts", "constraint_violations")
)
