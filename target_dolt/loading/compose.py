"""What a commit says: the user's template, a plugin's message, or the rows by table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from target_dolt.messages import PendingCommit, TableChange
from target_dolt.plugins import Plugins
from target_dolt.settings import Settings

_NAMED_TABLES = 3
"""Tables that the first line names; `git log` and its like show some 70 characters."""


def compose_message(pending: PendingCommit, settings: Settings, plugins: Plugins) -> str:
    """Return the message of a commit: the setting first, then plugins, then the default."""
    if settings.commit_message is not None:
        return settings.commit_message.format_map(_fields(pending))
    message: str | None = plugins.hook.dolt_commit_message(commit=pending)
    return _default(pending) if message is None else message


def _fields(pending: PendingCommit) -> dict[str, str | int]:
    added, changed, deleted = _totals(pending.changes)
    return {
        "pipeline": pending.pipeline,
        "run": pending.run,
        "branch": pending.branch,
        "tables": ", ".join(one.table for one in pending.changes),
        "streams": ", ".join(pending.records),
        "records": sum(pending.records.values()),
        "added": added,
        "changed": changed,
        "deleted": deleted,
    }


def _totals(changes: Iterable[TableChange]) -> tuple[int, int, int]:
    counts = [(one.added, one.changed, one.deleted) for one in changes]
    return tuple(map(sum, zip(*counts, strict=True))) if counts else (0, 0, 0)  # type: ignore[return-value]


def _default(pending: PendingCommit) -> str:
    filled = [
        one for one in pending.changes if one.added or one.changed or one.deleted or one.rekeyed
    ]
    names = [one.table for one in filled or pending.changes]
    first = ", ".join(names[:_NAMED_TABLES])
    first = first or _without_rows(pending)
    if len(names) > _NAMED_TABLES:
        first += f" and {len(names) - _NAMED_TABLES} more"
    lines = [f"Load {first}: {_words(pending.changes)}", ""]
    if len(names) > 1:
        lines += [f"{one.table}: {_words([one])}" for one in pending.changes]
    lines += [f"widened {one}" for one in pending.widened]
    if pending.bad_records:
        lines.append(_left_out(pending))
    lines.append(f"pipeline {pending.pipeline}, run {pending.run}")
    return "\n".join(lines)


def _without_rows(pending: PendingCommit) -> str:
    if pending.bad_records:
        return "bad records"
    return ", ".join(pending.records) or "the loader's own tables"


def counts(pending: PendingCommit) -> str:
    """Return what a commit changes, in one line."""
    parts = [str(one) for one in pending.changes]
    return ", ".join([*parts, _left_out(pending)] if pending.bad_records else parts)


def _left_out(pending: PendingCommit) -> str:
    records = "record" if pending.bad_records == 1 else "records"
    return f"{pending.bad_records} bad {records} left out"


def _words(changes: Sequence[TableChange]) -> str:
    counts = zip(_totals(changes), ("added", "changed", "deleted"), strict=True)
    words = [f"{count} {word}" for count, word in counts if count]
    if any(one.rekeyed for one in changes):
        words.append("key changed, rows not compared")
    return ", ".join(words) or "no rows"
