"""Versions of streams: what a RECORD's `version` and an ACTIVATE_VERSION do to a table."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from target_dolt.errors import MessageError
from target_dolt.loading.load import Load
from target_dolt.settings import Settings
from target_dolt.streams.replace import Replacements
from target_dolt.streams.sink import DoltSink

_log = logging.getLogger("target-dolt")


class Point(Protocol):
    """What versions need of the commit point."""

    load: Load

    def before_replacing(self) -> None:
        """Give what came before a commit of its own."""


class Versions:
    """The versions that streams of a run come in."""

    def __init__(
        self, settings: Settings, point: Callable[[], Point], replacements: Replacements
    ) -> None:
        """Begin with none.

        Args:
            settings: Whether a load method was chosen.
            point: Gives the commit point of the run.
            replacements: What a change of version opens.
        """
        self._settings = settings
        self._point = point
        self._replacements = replacements

    def expect(self, sink: DoltSink) -> None:
        """Be ready for rows without a version, of a stream that has had versions."""
        stream = sink.stream_name
        if (
            not sink.received
            and sink.version is None
            and self._takes(sink)
            and self._point().load.versions.get(stream) is not None
        ):
            self._replacements.expect(sink)

    def activate(self, sink: DoltSink, version: int) -> None:
        """Begin a stream's new version, or end it where its rows have come."""
        if not sink.process_activate_version_messages:
            return
        stream = sink.stream_name
        sink.flush()  # rows without a version open the replacement that they were waited for with
        if self._replacements.is_doubtful(stream):
            sink.version = version
            if self._point().load.versions.get(stream) == version:
                self._replacements.take_back(sink)  # only a change of version replaces
            else:
                self._replacements.activate(sink)
        elif sink.version == version or (sink.method == "overwrite" and sink.version is None):
            sink.version = version
            self._replacements.activate(sink)
        elif sink.version is None and sink.received and self._takes(sink):
            _log.warning(
                "stream '%s': the version came after its rows, and none was known before: rows "
                "of older versions may be left until the next one",
                stream,
            )
            sink.version = version
            self._replacements.versions[stream] = version
        else:
            self._begin(sink, version, activated=True)

    def begin(self, sink: DoltSink, version: Any) -> None:
        """Begin the version that a RECORD carries."""
        if isinstance(version, int) and not isinstance(version, bool):
            self._begin(sink, version, activated=False)
        elif version is not None:
            msg = f"stream '{sink.stream_name}': a version is a whole number"
            raise MessageError(msg)

    def _takes(self, sink: DoltSink) -> bool:
        """Whether the settings let versions of a stream replace its table."""
        chosen = self._settings.load_method is not None and sink.method != "upsert"
        return not chosen and sink.process_activate_version_messages

    def _begin(self, sink: DoltSink, version: int, *, activated: bool) -> None:
        """Replace a stream's table from here on, where its version is not the table's."""
        sink.version = version
        if sink.method == "overwrite":
            return  # replaces in any case
        if self._settings.load_method == "append-only":
            sink.passed_over.versions += 1
            return
        if not sink.process_activate_version_messages:
            return
        sink.flush()
        point = self._point()
        self._replacements.forget(sink)
        if self._replaces(sink, version):
            point.before_replacing()
            self._replacements.open(sink, needs_activation=not activated)
        else:
            self._replacements.versions[sink.stream_name] = version

    def _replaces(self, sink: DoltSink, version: int) -> bool:
        """Whether rows of this version take the place of all that a stream's table holds.

        Only a change of version replaces. A table with rows and no known version may have been
        filled by a tap that sends parts: it takes the version, and keeps its rows.
        """
        load = self._point().load
        if sink.stream_name in load.versions:
            return load.versions[sink.stream_name] != version
        return not load.has_rows(sink.plan.table.name)
