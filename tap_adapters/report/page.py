"""A report as one page of HTML that needs nothing else: no network, no script.

Names and values are other people's: Jinja2 escapes each of them, and the page's
Content-Security-Policy lets no script and no style run but the two whose hashes it names.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from tap_adapters.report import charts
from tap_adapters.report.cells import cell, pieces
from tap_adapters.report.facts import Report, ReportCommit
from tap_adapters.report.growth import TableGrowth
from target_dolt.errors import ConfigError

if TYPE_CHECKING:
    import jinja2

COMMIT_TABLES = 30
"""Tables that a commit lists."""

GROWTH_TABLES = 50
"""Tables whose growth is drawn."""

SCHEMA_CHANGES = 200
"""Changes of tables' definitions that are listed."""

MESSAGE_CHARACTERS = 2000
"""Characters of a commit's message that are shown."""

SPARK = (120, 28)
"""A small chart's width and height."""


@dataclass(frozen=True, slots=True)
class _Charts:
    """The shapes of a page's charts."""

    bars: tuple[charts.Bar, ...]
    rows: str
    rows_most: int
    versions: str
    versions_most: int
    storage: str
    sparks: tuple[tuple[TableGrowth, str], ...]


def page(report: Report, made: dt.datetime) -> str:
    """Return a report as HTML.

    Args:
        report: What is shown.
        made: When the report was made, in UTC.

    Raises:
        ConfigError: Jinja2 is not installed.
    """
    style, script = _part("report.css"), _part("report.js")
    # Oldest first, as charts are read.
    line = [one for one in reversed(report.commits) if one.mainline]
    tables = sorted(
        {table.table for one in report.commits for table in one.tables}
        | {one.table for one in report.tables}
    )
    return (
        _environment()
        .from_string(_part("report.html.j2"))
        .render(
            report=report,
            made=f"{made:%Y-%m-%d %H:%M}",
            style=style,
            script=script,
            policy=(
                f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
                "base-uri 'none'; form-action 'none'"
            ),
            line=line,
            charts=_charts(report, line),
            numbers={table: number for number, table in enumerate(tables)},
            schema=[(one, change) for one in report.commits for change in one.schema],
            commit_tables=COMMIT_TABLES,
            growth_tables=GROWTH_TABLES,
            schema_changes=SCHEMA_CHANGES,
            chart=(charts.WIDTH, charts.HEIGHT),
            spark=SPARK,
        )
    )


def _charts(report: Report, line: list[ReportCommit]) -> _Charts:
    counts = [
        (
            sum(table.added for table in one.tables),
            sum(table.changed for table in one.tables),
            sum(table.deleted for table in one.tables),
        )
        for one in line
    ]
    rows = [one.rows or 0 for one in line]
    # What history holds: each row once for each time that it was added or changed.
    versions = []
    total = rows[0] if rows else 0
    for place, (added, changed, _) in enumerate(counts):
        total += (added + changed) if place else 0
        versions.append(total)
    most = max([*rows, *versions], default=0)
    width, height = SPARK
    return _Charts(
        charts.bars(counts),
        charts.line(rows, most),
        max(rows, default=0),
        charts.line(versions, most),
        max(versions, default=0),
        charts.line(report.storage, max(report.storage, default=0)),
        tuple(
            (
                one,
                charts.line(
                    one.rows, max((rows or 0 for rows in one.rows), default=0), width, height
                ),
            )
            for one in report.tables[:GROWTH_TABLES]
        ),
    )


def _environment() -> jinja2.Environment:
    """Return what renders the template: all is escaped, and a name that is missing is an error."""
    try:
        import jinja2  # noqa: PLC0415 - an extra: only who makes reports has it
    except ImportError as error:
        msg = "reports need Jinja2, which is not installed: pip install 'target-dolt[report]'"
        raise ConfigError(msg) from error
    found = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters.update(
        {
            "pieces": pieces,
            "cut": lambda text: cell(text, shown=MESSAGE_CHARACTERS),
            "name": lambda text: cell(text, shown=100),
            "first_line": lambda text: cell((text.strip().splitlines() or [""])[0]),
            "count": lambda number: f"{number:,}",
            "bytes": size_in_words,
        }
    )
    return found


def size_in_words(size: int) -> str:
    """Return a size as people read it, in units of a thousand."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    step = 1000
    number = float(size)
    for unit in units[:-1]:
        if number < step:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= step
    return f"{number:.1f} {units[-1]}"


def _part(name: str) -> str:
    return files("tap_adapters.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return what a Content-Security-Policy calls an inline script or style by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
