"""TargetDolt: message handlers, and the order of drain, commit and emit."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType
from typing import Any, ClassVar

import sqlalchemy as sa
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.target_base import Target

from target_dolt.errors import (
    MessageError,
    RecordBeforeSchemaError,
    SchemaError,
    TargetDoltError,
)
from target_dolt.load import Load, open_database
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.progress import Progress
from target_dolt.reader import MessageReader
from target_dolt.replace import Replacements
from target_dolt.settings import Settings
from target_dolt.settings_table import DEFAULT_PATH, SETTINGS
from target_dolt.sink import DoltSink
from target_dolt.state import Pace, emit, state_line

BUFFERED_BYTES = 16 * 1024 * 1024
"""Bytes of messages after which all buffers are written, however few their rows."""


class TerminatedError(BaseException):
    """The process was told to stop; not an Exception, so that nothing swallows it."""

    def __init__(self, signum: int) -> None:
        """Keep the signal: the exit code tells it."""
        super().__init__(signum)
        self.signum = signum


class TargetDolt(Target):
    """Singer target that turns any tap's output into Dolt commits."""

    name = "target-dolt"
    package_name = "target-dolt"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
        TargetCapabilities.TARGET_SCHEMA,
        TargetCapabilities.HARD_DELETE,
    ]
    default_sink_class = DoltSink

    def __init__(self, *, plugins: Plugins | None = None, **options: Any) -> None:
        """Read the settings, take the pipeline's lock and open the run branch.

        Args:
            plugins: The plugins to use; None loads what is installed.
            options: The SDK's own arguments, `config` among them.
        """
        reader = MessageReader(64 * 1024 * 1024, self._idle, self._failed, self._check_stop)
        super().__init__(message_reader=reader, **options)
        self.max_parallelism = 1
        self.settings = Settings.from_config(self.config)
        reader.max_message_bytes = self.settings.max_message_bytes
        self._reader = reader
        self._signal: int | None = None
        self._pending_state: str | None = None
        self._emitted_state: str | None = None
        self._flushed_bytes = 0
        self._direct: dict[str, DoltSink] = {}
        self._replacements = Replacements()
        self._pace = Pace(self.settings.commit_interval_seconds, self.settings.commit_min_rows)
        self.plugins = plugins or load_plugins()
        if not (self.config.get("path") or self.config.get("sqlalchemy_url")):
            self.logger.info("No `path` given: the database is %s here", DEFAULT_PATH)
        self.load = Load(
            self.settings, self.plugins, open_database(self.settings.where, self.plugins)
        )
        self._progress = Progress()

    # Messages

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Compile a stream's plan, where its SCHEMA is new; old rows are written before."""
        stream, schema = self._field(message_dict, "stream", str), message_dict.get("schema")
        if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
            msg = f"stream '{stream}': its SCHEMA has no properties"
            raise SchemaError(msg)
        keys = message_dict.get("key_properties") or []
        maps = self.mapper.stream_maps.get(stream)
        if maps and maps[0].raw_schema == schema and (maps[0].raw_key_properties or []) == keys:
            return
        self.mapper.register_raw_stream_schema(stream, schema, keys)
        for stream_map in self.mapper.stream_maps[stream]:
            if stream_map.transformed_key_properties is not None:
                self.get_sink(
                    stream_map.stream_alias,
                    schema=stream_map.transformed_schema,
                    key_properties=stream_map.transformed_key_properties,
                )
        self._direct.pop(stream, None)
        if self._maps_nothing(stream) and not self.settings.add_record_metadata:
            self._direct[stream] = self._sinks()[stream]

    def _maps_nothing(self, stream: str) -> bool:
        maps = self.mapper.stream_maps[stream]
        return (
            len(maps) == 1
            and isinstance(maps[0], SameRecordTransform)
            and not maps[0].flattening_enabled
        )

    def get_sink(
        self,
        stream_name: str,
        *,
        record: dict[str, Any] | None = None,
        schema: dict[str, Any] | None = None,
        key_properties: Sequence[str] | None = None,
    ) -> DoltSink:
        """Return a stream's sink; with a schema, a new one, after the old one's rows."""
        del record
        if schema is None:
            return self._sinks()[stream_name]
        older = self._sinks().get(stream_name)
        if older is not None:
            older.flush()
        if self.settings.load_method == "overwrite" and not self._replacements:
            # What came before belongs to a commit of its own: the replacement may never end.
            self._commit_point()
        sink: DoltSink = self.add_sink(stream_name, schema, key_properties)  # type: ignore[assignment]
        if older is not None:
            sink.follow(older)
        if sink.method == "overwrite":
            self._replacements.open(sink)
        return sink

    def _sinks(self) -> dict[str, DoltSink]:
        return self._sinks_active  # type: ignore[return-value]

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Hand a record to its sink; the SDK's slower way only for maps and metadata."""
        sink = self._direct.get(message_dict.get("stream"))  # type: ignore[arg-type]
        if sink is not None:
            sink.take(message_dict.get("record"))
        else:
            self._process_mapped(message_dict)

    def _process_mapped(self, message: dict[str, Any]) -> None:
        stream = self._field(message, "stream", str)
        record = self._field(message, "record", dict)
        if stream not in self.mapper.stream_maps:
            msg = f"a RECORD for the stream '{stream}' came before its SCHEMA"
            raise RecordBeforeSchemaError(msg)
        for stream_map in self.mapper.stream_maps[stream]:
            mapped = stream_map.transform(dict(record))
            if mapped is None:
                continue
            sink = self._sinks()[stream_map.stream_alias]
            if sink.include_sdc_metadata_properties:
                sink._add_sdc_metadata_to_record(mapped, message, {})  # noqa: SLF001
            sink.take(mapped)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Commit what came before a STATE, or keep the STATE until that is due."""
        if "value" not in message_dict:
            msg = "a STATE without a value"
            raise MessageError(msg)
        state = message_dict["value"]
        if not state:
            return  # an empty state may not overwrite a real one
        self._pending_state = state_line(state)
        self._replacements.acknowledge()
        if self._replacements:
            return
        records = self._new_records()
        if self._pace.due(records) or not (records or self.load.changed_schema):
            self._commit_point()

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Pass a version over: rows are told apart by their keys."""
        stream = self._field(message_dict, "stream", str)
        self.logger.info("stream '%s': ACTIVATE_VERSION is passed over", stream)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Refuse BATCH messages: the capability is not declared."""
        stream = self._field(message_dict, "stream", str)
        msg = f"stream '{stream}': BATCH messages are not taken; switch batches off in the tap"
        raise MessageError(msg)

    def _field(self, message: dict[str, Any], name: str, kind: type[Any]) -> Any:
        value = message.get(name)
        if not isinstance(value, kind):
            msg = f"a {message['type'].upper()} message needs '{name}'"
            raise MessageError(msg)
        return value

    # Commit points

    def _new_records(self) -> int:
        return sum(sink.received - sink.committed for sink in self._sinks().values())

    def _flush(self) -> None:
        for sink in self._sinks().values():
            sink.flush()
        self._flushed_bytes = self._reader.bytes
        self._show()

    def _show(self) -> None:
        records = sum(sink.received for sink in self._sinks().values())
        self._progress.show(len(self._sinks()), records, self.load.commits)

    def _commit_point(self) -> None:
        """Flush, commit, move the branch, then let the STATE out: in this order, always."""
        state = self._pending_state
        sinks = self._sinks().values()
        if self._new_records() or self.load.changed_schema:
            self._flush()
            records = {sink.stream_name: sink.received - sink.committed for sink in sinks}
            self.load.commit(state, records)
            for sink in sinks:
                sink.committed = sink.received
            self._pace.committed()
            self._show()
        self._pending_state = None
        if state is not None and state != self._emitted_state:
            emit(state)
            self._emitted_state = state

    def process_endofpipe(self) -> None:
        """Commit all that came; rows after the last STATE are committed without one."""
        try:
            self._replacements.check_complete()
            self._commit_point()
            self._tell_ignored()
        finally:
            self.close()

    def _idle(self) -> float | None:
        """Between two chunks of input: write out what is large, commit a STATE that waits."""
        if self._reader.bytes - self._flushed_bytes > BUFFERED_BYTES:
            self._flush()
        if self._pending_state is None or self._replacements:
            return None
        seconds = self._pace.wait()
        if seconds > 0:
            return seconds
        if self._pace.due(self._new_records()):
            self._commit_point()
        return None

    def _failed(self, error: BaseException) -> None:
        """Keep what a STATE vouches for, before an error or a signal ends the run."""
        try:
            database_is_well = not isinstance(error, sa.exc.SQLAlchemyError) and (
                isinstance(error, MessageError | SchemaError | TerminatedError)
                or not isinstance(error, TargetDoltError)
            )
            if database_is_well and self._pending_state is not None and not self._replacements:
                self._commit_point()
        except (TargetDoltError, sa.exc.SQLAlchemyError) as second:
            self.logger.error("The last STATE could not be kept: %s", second)  # noqa: TRY400
        finally:
            self.close()

    def _tell_ignored(self) -> None:
        for sink in self._sinks().values():
            if sink.ignored_deletes:
                self.logger.warning(
                    "stream '%s': %d deletes passed over, the table '%s' has no key",
                    sink.stream_name,
                    sink.ignored_deletes,
                    sink.plan.table.name,
                )

    # Signals

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Stop at the next message boundary; a second signal stops at once."""
        del frame
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        self._signal = signum
        if self._reader.waiting:
            raise TerminatedError(signum)

    def _check_stop(self) -> None:
        if self._signal is not None:
            raise TerminatedError(self._signal)

    def close(self) -> None:
        """Take the live line away, remove the run branch and close the database."""
        self._progress.stop()
        self.load.close()
