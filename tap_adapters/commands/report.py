"""`dolt-sync report`: a database's history as a page to look at."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import click

from tap_adapters.commands.shell import errors_in_words, opened
from tap_adapters.report import COMMITS, history_report
from tap_adapters.report.page import page
from target_dolt.errors import TargetDoltError
from target_dolt.settings import where_of


class ReportFileError(TargetDoltError):
    """A report could not be written where it was wanted."""


@click.command()
@click.argument("database")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file; one that is there is replaced.",
)
@click.option("--branch", "ref", metavar="B", default="HEAD", help="Whose history; a tag too.")
@click.option("--from", "old", metavar="A", help="Compare from this commit, branch, tag or time.")
@click.option("--to", "new", metavar="B", help="Compare to this one. Default: the branch's last.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=COMMITS,
    show_default=True,
    help="No more than so many commits, the newest.",
)
@click.option("--measure", is_flag=True, help="Measure the bytes of history, in a copy.")
@errors_in_words
def report(
    database: str,
    output: Path,
    ref: str,
    old: str | None,
    new: str | None,
    limit: int,
    *,
    measure: bool,
) -> None:
    """Write a page that shows the history: commits, growth, schema changes, differences.

    The page is one file of HTML, which needs no network and shows a sample of the rows that differ
    between two commits: the last one and the one before it, where none are named.

    \b
    Examples:
      dolt-sync report shop.db --output report.html
      dolt-sync report shop.db --output report.html --from v1 --to main --limit 3000
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        read = history_report(
            found,
            ref=ref,
            old=old,
            new=new,
            limit=limit,
            where=where_of(database),
            measure=measure,
        )
    text = page(read, dt.datetime.now(dt.timezone.utc))
    _write(output, text)
    click.echo(f"Wrote {output}: {len(read.commits)} of {read.commits_in_all} commits")


def _write(path: Path, text: str) -> None:
    """Write a file as a whole: who has the page open sees the old one or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            part.write_text(text, encoding="utf-8", errors="replace")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        msg = f"cannot write '{path}': {error.strerror}"
        raise ReportFileError(msg) from error
