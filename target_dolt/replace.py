"""Tables that a run replaces as a whole, from the first message to the STATE that ends it.

While one is open no STATE goes out and nothing is committed: the branch never shows a table
emptied or half filled. A tap that died looks like the end of input, so a replacement takes
effect only where a STATE followed its last record.
"""

from __future__ import annotations

from target_dolt.errors import IncompleteReplaceError
from target_dolt.sink import DoltSink


class Replacements:
    """The open replacements of a run."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sinks: dict[str, DoltSink] = {}
        self._acknowledged: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether any table is being replaced."""
        return bool(self._sinks)

    def is_open(self, stream: str) -> bool:
        """Whether this stream's table is being replaced."""
        return stream in self._sinks

    def open(self, sink: DoltSink) -> None:
        """Begin to replace the table of a sink, or go on with a new sink after a new SCHEMA."""
        if not self.is_open(sink.stream_name):
            sink.clear()
        self._sinks[sink.stream_name] = sink

    def acknowledge(self) -> None:
        """Note a STATE: all that came before it is whole."""
        self._acknowledged = {stream: sink.received for stream, sink in self._sinks.items()}

    def check_complete(self) -> None:
        """Raise IncompleteReplaceError where the input ended before a replacement did."""
        cut = [
            sink.plan.table.name
            for stream, sink in self._sinks.items()
            if self._acknowledged.get(stream) != sink.received
        ]
        if cut:
            names = ", ".join(f"'{name}'" for name in sorted(cut))
            msg = (
                f"the input ended without a STATE after the last record for {names}, which "
                "`load_method: overwrite` replaces: the tap may have died, so the tables keep "
                "their rows; run it again (a tap that sends no STATE needs another load_method)"
            )
            raise IncompleteReplaceError(msg)
