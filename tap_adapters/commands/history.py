"""`dolt-sync log`, `diff`, `state` and `plugins`: what is in a database, and how it came there."""

from __future__ import annotations

from itertools import islice

import click

from tap_adapters import history
from tap_adapters.commands.output import WRITERS
from tap_adapters.commands.shell import errors_in_words, format_option, opened
from tap_adapters.report.escape import code
from tap_adapters.report.markdown import markdown
from tap_adapters.report.review import review
from target_dolt import Database
from target_dolt.loading import state as states
from target_dolt.plugins import load_plugins
from target_dolt.tables.schema import Tables

SHOWN_ROWS = 1_000
"""Rows of a diff that are drawn as a table where nobody says how many: it is held as a whole."""


@click.command()
@click.argument("database")
@click.option("--at", "ref", metavar="REF", default="HEAD", help="From a branch, tag or commit.")
@click.option("-n", "--limit", type=click.IntRange(min=1), help="No more than so many commits.")
@format_option("table", "csv", "json")
@errors_in_words
def log(database: str, ref: str, limit: int | None, form: str) -> None:
    """List commits, the newest first.

    \b
    Examples:
      dolt-sync log dolt.db
      dolt-sync log dolt.db --at v1 -n 10 --format json
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        rows = (
            (one.commit, one.date, one.author, one.message.strip())
            for one in history.log(found, ref, limit)
        )
        WRITERS[form](("commit", "date", "author", "message"), rows)


@click.command()
@click.argument("database")
@click.argument("old", metavar="[FROM]", default="HEAD~1")
@click.argument("new", metavar="[TO]", default="HEAD")
@click.option("--table", metavar="T", help="The rows of one table that differ.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    help=f"With --table, no more than so many rows. Default: {SHOWN_ROWS:,} as a table, else all.",
)
@click.option(
    "--sample",
    "rows",
    metavar="N",
    type=click.IntRange(min=0),
    help="With --format markdown: N rows of each table, cell by cell. Default: none.",
)
@click.option("--own", is_flag=True, help="Also the tables that target-dolt keeps for itself.")
@format_option("table", "csv", "json", "markdown")
@errors_in_words
def diff(
    database: str,
    old: str,
    new: str,
    table: str | None,
    limit: int | None,
    rows: int | None,
    form: str,
    *,
    own: bool,
) -> None:
    """Show what differs between two commits: tables, or the rows of one table.

    FROM is the commit before the last one, TO the last one, where they are not given. With FROM as
    A...B it is what B has changed since the two parted.

    \b
    Examples:
      dolt-sync diff dolt.db
      dolt-sync diff dolt.db v1 main --table dogs
      dolt-sync diff dolt.db v1 main --table dogs --format csv > all.csv
      dolt-sync diff dolt.db main...review --format markdown --sample 5 > diff.md
    """  # noqa: D301 - click reads \b as a control character
    reviewed = form == "markdown" and table is None
    if rows is not None and not reviewed:
        msg = "--sample goes with --format markdown, and without --table"
        raise click.UsageError(msg)
    old, dots, last = old.partition("...")
    new = last or new
    with opened(database) as found:
        if reviewed:
            what = review(found, old, new, since_parted=bool(dots), rows=rows or 0, own=own)
            click.echo(markdown(what), nl=False)
            return
        if dots:
            commits = history.commit_of(found, old), history.commit_of(found, new)
            old = history.merge_base(found, *commits)
        if table is not None:
            _rows_that_differ(found, table, old, new, form, limit)
            return
        lines = [_table_row(one) for one in history.diff(found, old, new, own=own)]
    WRITERS[form](("table", "change", "schema", "added", "changed", "deleted"), lines)


def _rows_that_differ(
    database: Database, table: str, old: str, new: str, form: str, limit: int | None
) -> None:
    """Write the rows of a table that differ, as they are read; a table is drawn as a whole."""
    most = SHOWN_ROWS if limit is None and form == "table" else limit
    with history.row_diff(database, table, old, new) as found:
        rows = (
            (side, *(values.get(name) for name in found.columns))
            for one in islice(found.rows, most)
            for side, values in _sides(one)
        )
        if form == "markdown":
            click.echo(f"## {code(table)}, from {code(old)} to {code(new)}\n")
        WRITERS[form](("change", *found.columns), rows)
        if limit is None and next(found.rows, None) is not None:
            click.echo(
                f"The first {most:,} rows; --limit shows more, --format csv or json all", err=True
            )


def _table_row(one: history.TableDiff) -> tuple[object, ...]:
    schema = "changed" if one.schema_changed else "same"
    return one.table, one.change, schema, one.added, one.changed, one.deleted


def _sides(one: history.RowDiff) -> list[tuple[str, dict[str, object]]]:
    """Return a row as it was and as it is; both where it was changed."""
    words = ("from", "to") if one.old is not None and one.new is not None else ("deleted", "added")
    return [
        (word, values)
        for word, values in zip(words, (one.old, one.new), strict=True)
        if values is not None
    ]


@click.command()
@click.argument("database")
@click.option("--at", "ref", metavar="REF", default="HEAD", help="At a branch, tag or commit.")
@click.option("--pipeline", metavar="ID", default="default", help="Whose state.", show_default=True)
@errors_in_words
def state(database: str, ref: str, pipeline: str) -> None:
    """Write a pipeline's state as it was committed, ready to hand to a tap.

    \b
    Example:
      dolt-sync state dolt.db > state.json && some-tap --state state.json | target-dolt
    """  # noqa: D301 - click reads \b as a control character
    with opened(database) as found:
        commit = history.commit_of(found, ref)
        with history.query_errors(), found.connect(commit) as connection:
            tables = Tables(found, connection)
            line = states.read(connection, tables, pipeline).line
            hint = states.without_state(connection, tables, pipeline)
    if hint is not None:
        click.echo(hint, err=True)
    click.echo(line or "{}")


@click.command()
@format_option("table", "csv", "json")
@errors_in_words
def plugins(form: str) -> None:
    """List the plugins that are installed: name, distribution, version and hooks.

    \b
    Example:
      dolt-sync plugins --format json
    """  # noqa: D301 - click reads \b as a control character
    rows = [
        (one.name, one.distribution, one.version, ", ".join(one.hooks))
        for one in load_plugins().list()
    ]
    WRITERS[form](("plugin", "distribution", "version", "hooks"), rows)
