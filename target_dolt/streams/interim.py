"""STATEs that say a stream is not done, or do not say that it is: by what, and where it is from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """A name in a stream's bookmark that is there as long as the tap reads the stream.

    Attributes:
        name: The name.
        even_null: Whether it says so with null too.
    """

    name: str
    even_null: bool = False


OF_RUNS = ("currently_syncing",)
"""Names beside the bookmarks that say which stream is being read: singer-python's bookmarks.py,
which most taps of Stitch and pipelinewise use; null, or absent, at the end."""

OF_STREAMS = (
    # singer-sdk 0.54.9, helpers/_state.py: taken away by finalize_state_progress_markers. Only
    # INCREMENTAL has them: a FULL_TABLE stream's bookmark is empty in the middle and at the end.
    Mark("progress_markers", even_null=True),
    Mark("starting_replication_value", even_null=True),
    Mark("replication_key_signpost", even_null=True),
    # pipelinewise-tap-postgres 2.1.0, sync_strategies/full_table.py: null at the end.
    Mark("xmin"),
    # tap-mysql 1.17.7 and pipelinewise-tap-mysql 1.6.0, sync_strategies/full_table.py: both are
    # cleared at the end.
    Mark("max_pk_values"),
    Mark("last_pk_fetched"),
)


SDK_STATE_RECORDS = 10_000
"""Records of a stream between two STATEs of the SDK's: singer-sdk 0.54.9, streams/core.py,
STATE_MSG_FREQUENCY."""


def may_be_in_the_middle(state: Any, streams: Collection[str], records: int) -> bool:
    """Whether a STATE right after so many records of a stream is one that the SDK writes by count.

    The bookmark of its FULL_TABLE streams is the same at their end, and it writes no STATE twice:
    after a stream of exactly so many records comes nothing else.

    Args:
        state: The STATE's value.
        streams: The streams of this run.
        records: How many of the stream have come.
    """
    if not records or records % SDK_STATE_RECORDS or not isinstance(state, Mapping):
        return False
    bookmarks = state.get("bookmarks")
    return isinstance(bookmarks, Mapping) and any(
        _says_nothing(bookmarks[stream]) for stream in streams if stream in bookmarks
    )


def _says_nothing(bookmark: Any) -> bool:
    """Whether a bookmark is one of the SDK's FULL_TABLE streams: empty, also for each partition."""
    return isinstance(bookmark, Mapping) and (
        not bookmark
        or (
            bookmark.keys() == {"partitions"}
            and all(one.keys() == {"context"} for one in bookmark["partitions"])
        )
    )


def mark_of(state: Any, streams: Collection[str]) -> str | None:
    """Return the mark by which a STATE says that the tap is in the middle of a stream, or None.

    Args:
        state: The STATE's value.
        streams: The streams of this run; an older run may have left marks of others.
    """
    if not isinstance(state, Mapping):
        return None
    for name in OF_RUNS:
        if state.get(name) is not None:
            return name
    bookmarks = state.get("bookmarks")
    if isinstance(bookmarks, Mapping):
        for stream, bookmark in bookmarks.items():
            if any(_belongs(stream, one) for one in streams):
                mark = _of_bookmark(bookmark)
                if mark is not None:
                    return mark
    return None


def _belongs(bookmark: str, stream: str) -> bool:
    """Whether a bookmark is a stream's: pipelinewise and Stitch put a database or schema before."""
    return bookmark == stream or bookmark.endswith(f"-{stream}")


def _of_bookmark(bookmark: Any) -> str | None:
    """Look into a bookmark; the SDK has one for each partition of a stream."""
    if not isinstance(bookmark, Mapping):
        return None
    for mark in OF_STREAMS:
        if mark.name in bookmark and (mark.even_null or bookmark[mark.name] is not None):
            return mark.name
    partitions = bookmark.get("partitions")
    if isinstance(partitions, list):
        found = (_of_bookmark(one) for one in partitions)
        return next((mark for mark in found if mark is not None), None)
    return None
