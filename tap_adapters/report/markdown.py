"""A review as Markdown: for a pull request, a job's summary or a message."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from tap_adapters.history import LogEntry, TableDiff
from tap_adapters.report.cells import Cell, cell
from tap_adapters.report.escape import code, fence, plain_or_code
from tap_adapters.report.review import Review
from tap_adapters.report.sample import SampleCell, SampleRow, TableSample
from tap_adapters.report.schema import SchemaChange

CHARACTERS = 60_000
"""The length of a text at the most: GitHub takes comments of 65,536 characters."""

_SUMMARY = CHARACTERS // 3
_SCHEMA = CHARACTERS // 6


def markdown(review: Review) -> str:
    """Return a review as Markdown, of `CHARACTERS` at the most; what is left out is counted."""
    first = _heading(review)
    last = _commands(review)
    text = first
    if review.diffs:
        text += _SUMMARY_HEAD + _lines([_summary_row(one) for one in review.diffs], _SUMMARY)
    if review.schema:
        text += "\n### Schema changes\n\n"
        text += _lines([f"- {_schema_change(one)}\n" for one in review.schema], _SCHEMA)
    return text + _rows(review.samples, CHARACTERS - len(text) - len(last)) + last


def _heading(review: Review) -> str:
    old, new = (_name(one) for one in review.refs)
    was = "was" if review.since_parted and review.behind else "is"
    lines = [
        f"## {new} compared with {old}\n\n{_counted(review.diffs)}\n\n",
        f"- {new} is {_commit(review.new)}\n- {old} {was} {_commit(review.base)}\n\n",
    ]
    if review.behind and review.since_parted:
        lines.append(f"{old} has got commits since the two parted: they are not in this.\n\n")
    elif review.behind:
        lines.append(
            f"{old} has commits that {new} lacks: what they did is shown as undone. With three "
            "dots between the two (`A...B`) it is left out.\n\n"
        )
    return "".join(lines)


def _counted(diffs: Sequence[TableDiff]) -> str:
    if not diffs:
        return "Nothing differs."
    tables = "1 table differs" if len(diffs) == 1 else f"{len(diffs):,} tables differ"
    added, changed, deleted = (
        sum(getattr(one, kind) for one in diffs) for kind in ("added", "changed", "deleted")
    )
    return f"{tables}. Rows: {added:,} added, {changed:,} changed, {deleted:,} deleted."


def _commit(entry: LogEntry) -> str:
    subject = next(iter(entry.message.strip().splitlines()), "")
    return f"`{entry.commit[:12]}` of {entry.date[:19]} UTC: {_shown(cell(subject))}"


_SUMMARY_HEAD = (
    "| table | change | rows added | changed | deleted |\n| --- | --- | --: | --: | --: |\n"
)


def _summary_row(one: TableDiff) -> str:
    change = f"renamed, was {_name(one.former)}" if one.former else one.change
    if one.schema_changed and one.change == "changed":
        change = "definition, rows" if one.added + one.changed + one.deleted else "definition"
    return (
        f"| {_name(one.table)} | {change} | {one.added:,} | {one.changed:,} | {one.deleted:,} |\n"
    )


def _schema_change(one: SchemaChange) -> str:
    words = f"{_name(one.table)}: {one.words}"
    if one.column is not None:
        words += f" {_name(one.column)}"
    sides = [_name(each) for each in (one.before, one.after) if each]
    return words + (f": {' → '.join(sides)}" if sides else "")


def _rows(samples: Sequence[TableSample], room: int) -> str:
    """Return the samples of rows, as far as there is room."""
    if not samples:
        return ""
    text = "\n### Rows that differ\n"
    for place, one in enumerate(samples):
        left = room - len(text)
        if left < _LEAST:
            return f"{text}\nThe rows of {len(samples) - place:,} more tables are left out.\n"
        text += f"\n#### {_name(one.diff.table)}\n\n{_sample(one, left - _LEAST // 2)}"
    return text


def _sample(one: TableSample, room: int) -> str:
    if one.why_none:
        return f"{one.why_none}\n"
    all_ = one.diff.added + one.diff.changed + one.diff.deleted
    some = f"{len(one.rows)} of {all_:,} rows" if len(one.rows) < all_ else "All rows"
    if len(one.columns) < one.columns_in_all:
        some += f", {len(one.columns)} of {one.columns_in_all:,} columns"
    head = f"{some}:\n\n| | {' | '.join(_name(name) for name in one.columns)} |\n"
    head += f"| --- |{' --- |' * len(one.columns)}\n"
    if len(head) > room:
        return "No row of it has room here.\n"
    return head + _lines([_row(row) for row in one.rows], room - len(head))


def _row(row: SampleRow) -> str:
    return f"| {row.change} | {' | '.join(_cell(row.change, one) for one in row.cells)} |\n"


def _cell(change: str, one: SampleCell) -> str:
    if change == "changed" and one.old is not None and one.new is not None:
        return f"{_shown(one.old)} → {_shown(one.new)}"
    return _shown(one.new or one.old or cell(None))


def _name(text: str) -> str:
    return _shown(cell(text))


def _shown(one: Cell) -> str:
    """Return a value; NULL and an empty text are told from texts by their letters."""
    if one.kind == "null":
        return "*NULL*"
    text = "".join(piece.text for piece in one.pieces)
    if not text:
        return "*empty*"
    shown = plain_or_code(text) if one.kind == "number" else code(text)
    return f"{'… ' if one.before else ''}{shown}{f' … ({one.more})' if one.more else ''}"


def _lines(lines: Sequence[str], room: int) -> str:
    """Return lines as far as there is room, and a word about how many are left out."""
    kept = list(_fitting(lines, room - _WORD))
    left = len(lines) - len(kept)
    return "".join(kept) + (f"\nand {left:,} more\n" if left else "")


def _fitting(lines: Sequence[str], room: int) -> Iterator[str]:
    for one in lines:
        room -= len(one)
        if room < 0:
            return
        yield one


_WORD = 100
"""Characters that a word about what is left out takes, at the most."""

_LEAST = 2000
"""Characters below which no table's rows are begun."""


def _commands(review: Review) -> str:
    """Return how to look at it, and how to take it over."""
    if not review.diffs:
        return ""
    old, new = review.refs
    pair = [f"{old}...{new}"] if review.since_parted else [old, new]
    lines: list[tuple[str, ...]] = [
        ("diff", review.database, *pair, "--table", review.diffs[0].table),
        ("sql", review.database, "--at", new),
    ]
    if review.into is not None:
        into = () if review.default else ("--into", review.into)
        lines.append(("merge", review.database, new, *into))
    # A name that turns or hides what stands beside it makes no command to copy.
    seen = (one for one in lines if all(part.isprintable() for part in one))
    text = "\n".join(shlex.join(("dolt-sync", *one)) for one in seen)
    title = "Look at it" if review.into is None else "Look at it, and take it over"
    return f"\n### {title}\n\n{fence(text, 'sh')}\n"
