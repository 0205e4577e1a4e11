"""Tables that a run replaces as a whole: by `overwrite`, or by a new version of a stream.

While one is open no STATE goes out and nothing is committed: the branch never shows a table
emptied or half filled. A tap that died looks like the end of input, so a replacement takes
effect only where a message ended it: ACTIVATE_VERSION after the rows, or a STATE after the last
of them.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import Any

from target_dolt.errors import IncompleteReplaceError
from target_dolt.streams.interim import mark_of, may_be_in_the_middle
from target_dolt.streams.sink import DoltSink

_log = logging.getLogger("target-dolt")


class Replacements:
    """The open replacements of a run."""

    def __init__(self, *, trusts_end: bool = False) -> None:
        """Begin with none.

        Args:
            trusts_end: Whether the end of the input is the end of every stream.
        """
        self._trusts_end = trusts_end
        self._sinks: dict[str, DoltSink] = {}
        self._began: dict[str, int] = {}
        self._acknowledged: dict[str, int] = {}
        self._at_last_state: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._expected: dict[str, DoltSink] = {}
        self._doubtful: set[str] = set()
        self._unfinished: set[str] = set()
        self._states = 0
        self._mark: str | None = None
        self.versions: dict[str, int | None] = {}
        """Versions that tables hold since the last commit; None for one that may lack rows."""

    def __bool__(self) -> bool:
        """Whether any table is being replaced, or will be once its rows are written."""
        return bool(self._sinks) or any(sink.received for sink in self._expected.values())

    def is_open(self, stream: str) -> bool:
        """Whether this stream's table is being replaced."""
        return stream in self._sinks

    def open(self, sink: DoltSink, *, needs_activation: bool = False) -> None:
        """Begin to replace the table of a sink, from its next record on.

        Args:
            sink: The sink.
            needs_activation: Whether only ACTIVATE_VERSION may take rows away: a STATE in the
                middle of a full-table run says no more than how far the tap has come.
        """
        self.forget(sink)
        sink.clear(again=self.is_open(sink.stream_name))
        self._began[sink.stream_name] = sink.received
        self._acknowledged.pop(sink.stream_name, None)
        if needs_activation and sink.has_cleared:
            self._unfinished.add(sink.stream_name)
        self.go_on(sink)

    def go_on(self, sink: DoltSink) -> None:
        """Go on with a new sink of the same stream, after a new SCHEMA."""
        older = self._sinks.get(sink.stream_name, sink)
        sink.before_changes = older.before_changes
        self._sinks[sink.stream_name] = sink

    def expect(self, sink: DoltSink) -> None:
        """Open a replacement with the first row of a stream, if no version comes before it.

        A tap may name the version of its rows after the last of them only.
        """

        def open_() -> None:
            changing = sink.before_changes
            self.open(sink)
            self._began[sink.stream_name] = 0
            self._doubtful.add(sink.stream_name)
            sink.before_changes = changing

        self._expected[sink.stream_name] = sink
        sink.before_rows = open_
        sink.before_changes = lambda: self._keep(sink.stream_name)

    def _keep(self, stream: str) -> None:
        """Take the rows of a stream without a version for parts of its table: so does a log."""
        if stream in self._doubtful:
            self._take_back_unversioned(stream)
        elif stream in self._expected:
            self.forget(self._expected[stream])
            self.versions[stream] = None

    def forget(self, sink: DoltSink) -> None:
        """Expect no replacement of a stream any more, and doubt none that is open."""
        self._expected.pop(sink.stream_name, None)
        self._doubtful.discard(sink.stream_name)
        self._unfinished.discard(sink.stream_name)
        sink.before_rows = sink.before_changes = None

    def is_doubtful(self, stream: str) -> bool:
        """Whether rows without a version are replacing this stream's table."""
        return stream in self._doubtful

    def activate(self, sink: DoltSink) -> None:
        """End the replacement of a stream whose version was activated after its rows."""
        stream = sink.stream_name
        if self.is_open(stream) and sink.received > self._began[stream]:
            self._end(stream)

    def take_back(self, sink: DoltSink) -> None:
        """End the replacement of a stream, with the rows back that it did not send."""
        sink.restore()
        self._end(sink.stream_name)

    def _end(self, stream: str) -> None:
        sink = self._sinks.pop(stream)
        sink.flush()
        sink.put_back()
        self.forget(sink)
        if sink.version is not None:
            self.versions[stream] = sink.version

    def acknowledge(self, state: Any, streams: Collection[str]) -> None:
        """Note a STATE: all that came before it is whole, unless it says otherwise.

        Args:
            state: Its value.
            streams: The streams of this run, as the tap calls them.
        """
        self._states += 1
        self._mark = mark_of(state, streams)
        if self._mark is None:
            for stream, sink in self._sinks.items():
                came = sink.received - self._began[stream]
                is_new = self._at_last_state.get(stream) != sink.received
                if is_new and may_be_in_the_middle(state, streams, came):
                    self._counted[stream] = sink.received
                else:
                    self._acknowledged[stream] = sink.received
        self._at_last_state = {stream: sink.received for stream, sink in self._sinks.items()}

    def end_of_input(self) -> None:
        """End all that a STATE followed; undo what nothing has activated.

        Raises:
            IncompleteReplaceError: The input ended before a replacement did.
        """
        for sink in list(self._expected.values()):
            sink.flush()
            self._expected.pop(sink.stream_name, None)
        for stream in self._doubtful & self._sinks.keys():
            _log.info("stream '%s' names no version any more: its table keeps all rows", stream)
            self._take_back_unversioned(stream)
        if self._states:
            self._refuse(
                self._unfinished,
                "the input ended without an ACTIVATE_VERSION after the records of a new version "
                "for {}: the tap may have died, so the tables keep their rows; run it again (for "
                "a tap that activates no version set `process_activate_version_messages` to false)",
            )
        short: dict[str, list[str]] = {}
        for stream, sink in self._sinks.items():
            if not self._is_whole(stream) and (self._states or sink.method == "overwrite"):
                short.setdefault(self._doubt(stream), []).append(stream)
        for doubt, streams in short.items():
            self._refuse(
                streams,
                f"{doubt} for {{}}, which this run replaces as a whole: the tap may have died, "
                "so the tables keep their rows; run it again (a tap that ends so each time needs "
                "an empty STATE after it once it has ended well, or `trust_end_of_input`, or "
                "another `load_method`: docs/loading.md)",
            )
        for stream in list(self._sinks):
            if self._is_whole(stream):
                self._end(stream)
            else:
                # A tap that sends neither STATE nor ACTIVATE_VERSION has activated nothing.
                self._take_back_unversioned(stream)

    def _is_whole(self, stream: str) -> bool:
        return self._trusts_end or self._acknowledged.get(stream) == self._sinks[stream].received

    def _doubt(self, stream: str) -> str:
        sink = self._sinks[stream]
        if self._counted.get(stream) == sink.received:
            count = sink.received - self._began[stream]
            return (
                f"the input ended right after {count} records and a STATE, where taps of the SDK "
                "write one in the middle of a stream too,"
            )
        if self._mark is None:
            return "the input ended without a STATE after the last record"
        return f"the input ended, and its last STATE says by `{self._mark}` that it was not done,"

    def _take_back_unversioned(self, stream: str) -> None:
        sink = self._sinks[stream]
        sink.version = None
        self.versions[stream] = None
        self.take_back(sink)

    def _refuse(self, streams: Iterable[str], reason: str) -> None:
        names = ", ".join(sorted(f"'{self._sinks[one].plan.table.name}'" for one in streams))
        if names:
            raise IncompleteReplaceError(reason.format(names))
