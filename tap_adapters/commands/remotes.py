"""`dolt-sync branches`, `tags`, `clone`, `push` and `pull`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec

import click

from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words, format_option, opened
from tap_adapters.history import remotes
from tap_adapters.history.branches import delete_branch
from target_dolt.remotes import ORIGIN, without_userinfo
from target_dolt.remotes import push as push_refs

P = ParamSpec("P")


def _user_option(command: Callable[P, None]) -> Callable[P, None]:
    return click.option(
        "--user",
        metavar="NAME",
        help="The remote's user; default: DOLT_REMOTE_USER. Its password is DOLT_REMOTE_PASSWORD.",
    )(command)


def _write(rows: Sequence[remotes.Ref], what: str, form: str) -> None:
    columns = (what, "commit", "date", "author", "message")
    WRITERS[form](
        columns, [(one.name, one.commit, one.date, one.author, one.message) for one in rows]
    )


@click.command()
@click.argument("database")
@click.option("-a", "--all", "of_remotes", is_flag=True, help="Those of remotes too, as last seen.")
@click.option("--delete", "names", metavar="B", multiple=True, help="Delete this one, list none.")
@click.option("--force", is_flag=True, help="Delete it with commits that it alone leads to.")
@format_option("table", "csv", "json")
@errors_in_words
def branches(
    database: str, names: Sequence[str], form: str, *, of_remotes: bool, force: bool
) -> None:
    """List branches, each with its last commit, or delete some.

    The default branch is not deleted, nor one that a run is at work on, nor without --force one
    with commits that no other branch, here or at a remote, and no tag leads to.

    \b
    Examples:
      dolt-sync branches dolt.db --all
      dolt-sync branches dolt.db --delete review/20261129T204234-9a2b80
    """  # noqa: D301 - click reads \b as a control character
    if force and not names:
        msg = "--force goes with --delete"
        raise click.UsageError(msg)
    with opened(database) as found:
        for name in names:
            commit = delete_branch(found, name, force=force)
            click.echo(f"Deleted '{name}', which led to {commit}")
        if names:
            return
        _write(remotes.branches(found, of_remotes=of_remotes), "branch", form)


@click.command()
@click.argument("database")
@format_option("table", "csv", "json")
@errors_in_words
def tags(database: str, form: str) -> None:
    """List tags, each with its commit, and who made it.

    \b
    Example:
      dolt-sync tags dolt.db --format csv
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        _write(remotes.tags(found), "tag", form)


@click.command()
@click.argument("remote")
@click.argument("database")
@_user_option
@errors_in_words
def clone(remote: str, database: str, user: str | None) -> None:
    """Clone a remote, its whole history with it, into a new DATABASE.

    REMOTE is a URL or a path. DATABASE becomes a file where REMOTE is one (DoltLite's), else a
    directory; dolt://user:password@host/name makes a database on a server, which needs
    administrator rights there.

    \b
    Examples:
      dolt-sync clone /mnt/share/shop.remote shop.db
      dolt-sync clone http://db.example.com:8000/shop shop --user reader
    """  # noqa: D301 - click reads \b as a control character
    remotes.clone(remote, database, user=user)
    click.echo(f"Cloned {without_userinfo(remote)}")


@click.command()
@click.argument("database")
@click.argument("remote", default=ORIGIN)
@click.option("--branch", metavar="B", help="Default: the database's default branch.")
@click.option("--tag", "names", metavar="T", multiple=True, help="Push this tag too.")
@click.option("--force", is_flag=True, help="Give up commits that only the remote has.")
@_user_option
@errors_in_words
def push(
    database: str,
    remote: str,
    branch: str | None,
    names: Sequence[str],
    user: str | None,
    *,
    force: bool,
) -> None:
    """Push a branch to a remote: `origin`, another one's name, or a URL, which becomes one.

    A remote whose branch has commits that are not here refuses; the exit code is 3 then. After a
    history was rewritten (`prune`, `erase`), --force replaces the remote's.

    \b
    Examples:
      dolt-sync push shop.db /mnt/share/shop.remote
      dolt-sync push shop.db --branch review --tag v1
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        branch = branch or remotes.default_branch(found)
        name = push_refs(found, remote, (branch, *names), user=user, force=force)
    for one in (branch, *names):
        click.echo(f"'{name}' has '{one}' as it is here")


@click.command()
@click.argument("database")
@click.argument("remote", default=ORIGIN)
@click.option("--branch", metavar="B", help="Default: the database's default branch.")
@_user_option
@errors_in_words
def pull(database: str, remote: str, branch: str | None, user: str | None) -> None:
    """Fetch a remote's branches and tags, and move a branch forward to its commit there.

    Nothing is merged: where both have commits of their own, the branch stays, and the exit code
    is 3. `dolt-sync merge` merges.

    \b
    Examples:
      dolt-sync pull shop.db
      dolt-sync pull shop.db origin --branch review
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        pulled = remotes.pull(found, remote, branch, user=user)
    if pulled.old == pulled.new:
        click.echo(f"'{pulled.branch}' is up to date")
    elif pulled.old is None:
        click.echo(f"Made '{pulled.branch}' at {pulled.new}")
    else:
        click.echo(f"Moved '{pulled.branch}' from {pulled.old} to {pulled.new}")
