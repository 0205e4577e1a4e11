"""`dolt-sync rejects`: the bad records that loads have left out."""

from __future__ import annotations

import click

from tap_adapters import history
from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words, format_option, opened
from target_dolt.streams import quarantine
from target_dolt.tables.schema import Tables


@click.command()
@click.argument("database")
@click.option("--at", "ref", metavar="REF", default="HEAD", help="At a branch, tag or commit.")
@format_option("table", "csv", "json")
@errors_in_words
def rejects(database: str, ref: str, form: str) -> None:
    """List the bad records that loads have left out, as `on_bad_record` says.

    The position is a line of the input of the run that left the record out first; the log has
    the commit. What is mended may be removed from _target_dolt_rejects like any row.

    \b
    Examples:
      dolt-sync rejects dolt.db
      dolt-sync rejects dolt.db --at HEAD~1 --format csv
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        commit = history.commit_of(found, ref)
        with history.query_errors(), found.connect(commit) as connection:
            rows = quarantine.read(connection, Tables(found, connection))
    WRITERS[form](("pipeline", "stream", "key", "position", "reason"), rows)
