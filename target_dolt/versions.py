"""Versions of streams: what a RECORD's `version` and an ACTIVATE_VERSION do to a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from target_dolt.commit_point import CommitPoint
from target_dolt.errors import MessageError
from target_dolt.replace import Replacements
from target_dolt.settings import Settings
from target_dolt.sink import DoltSink


class Versions:
    """The versions that streams of a run come in."""

    def __init__(
        self, settings: Settings, point: Callable[[], CommitPoint], replacements: Replacements
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

    def activate(self, sink: DoltSink, version: int) -> None:
        """Begin a stream's new version, or end it where its rows have come."""
        if sink.version == version:
            self._replacements.activate(sink)
        else:
            self.begin(sink, version)

    def begin(self, sink: DoltSink, version: Any) -> None:
        """Replace a stream's table from here on, where its version is not the table's."""
        if not isinstance(version, int):
            if version is None:
                return
            msg = f"stream '{sink.stream_name}': a version is a whole number"
            raise MessageError(msg)
        sink.version = version
        if self._settings.load_method is not None and sink.method != "upsert":
            sink.ignored_versions += 1  # append-only keeps all, overwrite replaces in any case
            return
        if not sink.process_activate_version_messages:
            return
        sink.flush()
        point = self._point()
        if point.load.replaces(sink.stream_name, sink.plan.table.name, version):
            point.before_replacing()
            self._replacements.open(sink)
        else:
            self._replacements.versions[sink.stream_name] = version
