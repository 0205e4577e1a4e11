"""The `dolt-sync` command: databases with their history, from a shell."""

from __future__ import annotations

import os

import click

from tap_adapters.commands.erase import command as erase
from tap_adapters.commands.history import diff, log, plugins, state
from tap_adapters.commands.merge import merge
from tap_adapters.commands.prune import command as prune
from tap_adapters.commands.rejects import rejects
from tap_adapters.commands.remotes import branches, clone, pull, push, tags
from tap_adapters.commands.report import report
from tap_adapters.commands.restore import restore
from tap_adapters.commands.snapshot import snapshot
from tap_adapters.commands.sql import sql
from tap_adapters.commands.verify import verify
from target_dolt import interpreter
from target_dolt.settings import PASSWORD
from target_dolt_plugins import doltlite_engine


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="target-dolt")
@click.option(
    "--ask-database-password", is_flag=True, help="Ask for the password of DATABASE's user."
)
def cli(*, ask_database_password: bool) -> None:
    """Put databases into commits, and look into what target-dolt has kept.

    DATABASE is a path or a URL, as target-dolt takes it. Others can see a command's arguments, so
    leave passwords out of URLs: the one of dolt:// is taken from TARGET_DOLT_PASSWORD then, that of
    a SOURCE_URL or TARGET_URL from PGPASSWORD or MYSQL_PWD; each can be asked for.

    \b
    Example:
      dolt-sync --ask-database-password log dolt://me@db.example.com/shop
    """  # noqa: D301 - click reads \b as a control character
    if ask_database_password:
        os.environ[PASSWORD] = click.prompt("Password of DATABASE", hide_input=True, err=True)


for command in (
    branches,
    clone,
    diff,
    erase,
    log,
    merge,
    plugins,
    prune,
    pull,
    push,
    report,
    rejects,
    restore,
    snapshot,
    sql,
    state,
    tags,
    verify,
):
    cli.add_command(command)


def main() -> None:
    """Run `dolt-sync`."""
    interpreter.for_many_rows()
    doltlite_engine.allow_restart()
    cli()
