"""Tables that a run replaces as a whole: by `overwrite`, or by a new version of a stream.

While one is open no STATE goes out and nothing is committed: the branch never shows a table
emptied or half filled. A tap that died looks like the end of input, so a replacement takes
effect only where a message ended it: ACTIVATE_VERSION after the rows, or a STATE after the last
of them.
"""

from __future__ import annotations

from target_dolt.errors import IncompleteReplaceError
from target_dolt.sink import DoltSink


class Replacements:
    """The open replacements of a run."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sinks: dict[str, DoltSink] = {}
        self._began: dict[str, int] = {}
        self._acknowledged: dict[str, int] = {}
        self._states = 0
        self.versions: dict[str, int | None] = {}
        """Versions that tables hold since the last commit; None for one that may lack rows."""

    def __bool__(self) -> bool:
        """Whether any table is being replaced."""
        return bool(self._sinks)

    def is_open(self, stream: str) -> bool:
        """Whether this stream's table is being replaced."""
        return stream in self._sinks

    def open(self, sink: DoltSink) -> None:
        """Begin to replace the table of a sink, from its next record on."""
        sink.clear()
        self._began[sink.stream_name] = sink.received
        self._acknowledged.pop(sink.stream_name, None)
        self.go_on(sink)

    def go_on(self, sink: DoltSink) -> None:
        """Go on with a new sink of the same stream, after a new SCHEMA."""
        self._sinks[sink.stream_name] = sink

    def activate(self, sink: DoltSink) -> None:
        """End the replacement of a stream whose version was activated after its rows."""
        stream = sink.stream_name
        if self.is_open(stream) and sink.received > self._began[stream]:
            self._end(stream)

    def _end(self, stream: str) -> None:
        sink = self._sinks.pop(stream)
        sink.flush()
        sink.replaces = False
        if sink.version is not None:
            self.versions[stream] = sink.version

    def acknowledge(self) -> None:
        """Note a STATE: all that came before it is whole."""
        self._states += 1
        self._acknowledged = {stream: sink.received for stream, sink in self._sinks.items()}

    def end_of_input(self) -> None:
        """End all that a STATE followed; undo what nothing has activated.

        Raises:
            IncompleteReplaceError: The input ended before a replacement did.
        """
        cut = [
            sink.plan.table.name
            for stream, sink in self._sinks.items()
            if self._acknowledged.get(stream) != sink.received
            and (self._states or sink.method == "overwrite")
        ]
        if cut:
            names = ", ".join(f"'{name}'" for name in sorted(cut))
            msg = (
                f"the input ended without a STATE after the last record for {names}, which this "
                "run replaces as a whole: the tap may have died, so the tables keep their rows; "
                "run it again (for a tap that sends no STATE use another `load_method`)"
            )
            raise IncompleteReplaceError(msg)
        for stream, sink in list(self._sinks.items()):
            if self._acknowledged.get(stream) != sink.received:
                # A tap that sends neither STATE nor ACTIVATE_VERSION has activated nothing.
                sink.version = None
                self.versions[stream] = None
                sink.restore()
            self._end(stream)
