"""The `dolt-sync` command: databases with their history, from a shell.

A command's room is imported once it is used: help and completion take none of what loads need.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import click

from tap_adapters.start import signals_end

COMMANDS = (
    ("branches", "remotes.branches", "List branches, each with its last commit, or delete some."),
    ("clone", "remotes.clone", "Clone a remote, its whole history with it, into a new DATABASE."),
    (
        "diff",
        "history.diff",
        "Show what differs between two commits: tables, or the rows of one table.",
    ),
    (
        "erase",
        "erase.command",
        "Erase a row, or all rows with some values, from every commit of every branch and tag.",
    ),
    ("log", "history.log", "List commits, the newest first."),
    (
        "merge",
        "merge.merge",
        "Merge a branch, a tag or a remote's branch (origin/main) into a branch.",
    ),
    (
        "plugins",
        "history.plugins",
        "List the plugins that are installed: name, distribution, version and hooks.",
    ),
    (
        "prune",
        "prune.command",
        "Keep the last days' commits and the tagged ones, and squash the others.",
    ),
    (
        "pull",
        "remotes.pull",
        "Fetch a remote's branches and tags, and move a branch forward to its commit there.",
    ),
    (
        "push",
        "remotes.push",
        "Push a branch to a remote: `origin`, another one's name, or a URL, which becomes one.",
    ),
    (
        "rejects",
        "rejects.rejects",
        "List the bad records that loads have left out, as `on_bad_record` says.",
    ),
    (
        "report",
        "report.report",
        "Write a page that shows the history: commits, growth, schema changes, differences.",
    ),
    (
        "restore",
        "restore.restore",
        "Carry a commit back into Postgres, MySQL, MariaDB or SQLite.",
    ),
    (
        "snapshot",
        "snapshot.snapshot",
        "Put all tables of a database, as they are at one instant, into one commit.",
    ),
    ("sql", "sql.sql", "Run SQL on a database, or open a prompt where no QUERY is given."),
    (
        "state",
        "history.state",
        "Write a pipeline's state as it was committed, ready to hand to a tap.",
    ),
    ("tags", "remotes.tags", "List tags, each with its commit, and who made it."),
    (
        "verify",
        "verify.verify",
        "Compare a commit with a database as it is now: rows counted, and added up in any order.",
    ),
)
"""Each command: its name, where in this package it is, and the first sentence of its help."""


class Later(click.Command):
    """A command that is imported once it is used; until then it has its name and a sentence."""

    def __init__(self, name: str, place: str, sentence: str) -> None:
        """Note where it is."""
        super().__init__(name, short_help=sentence)
        self._place = place

    def loaded(self) -> click.Command:
        """Return the command itself."""
        room, _, name = self._place.partition(".")
        with signals_end():
            module = importlib.import_module(f"tap_adapters.commands.{room}")
        found: click.Command = getattr(module, name)
        return found

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the arguments as the command itself does, which runs from here on."""
        return self.loaded().make_context(*arguments, **options)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="target-dolt")
@click.option(
    "--ask-database-password", is_flag=True, help="Ask for the password of DATABASE's user."
)
@click.pass_context
def cli(context: click.Context, /, *, ask_database_password: bool) -> None:
    """Put databases into commits, and look into what target-dolt has kept.

    DATABASE is a path or a URL, as target-dolt takes it. Others can see a command's arguments, so
    leave passwords out of URLs: the one of dolt:// is taken from TARGET_DOLT_PASSWORD then, that of
    a SOURCE_URL or TARGET_URL from PGPASSWORD or MYSQL_PWD; each can be asked for.

    \b
    Example:
      dolt-sync --ask-database-password log dolt://me@db.example.com/shop
    """  # noqa: D301 - click reads \b as a control character
    if context.obj is not None:
        context.obj()
    if ask_database_password:
        from target_dolt.settings import PASSWORD  # noqa: PLC0415 - as late as commands

        os.environ[PASSWORD] = click.prompt("Password of DATABASE", hide_input=True, err=True)


for row in COMMANDS:
    cli.add_command(Later(*row))


def _begin() -> None:
    """Set up a process that is ours alone, once a command is to run."""
    with signals_end():
        from target_dolt import interpreter  # noqa: PLC0415 - as late as commands
        from target_dolt_plugins import doltlite_engine  # noqa: PLC0415

    interpreter.for_many_rows()
    doltlite_engine.allow_restart()


def main() -> None:
    """Run `dolt-sync`."""
    cli(obj=_begin)
