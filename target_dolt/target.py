"""TargetDolt: message handlers, and the order of drain, commit and emit."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

import sqlalchemy as sa
from singer_sdk.target_base import Target

from target_dolt.about import CAPABILITIES
from target_dolt.commit_point import CommitPoint
from target_dolt.errors import (
    BatchError,
    InputError,
    MessageError,
    RecordError,
    SchemaError,
    TargetDoltError,
)
from target_dolt.input.batch import batch_records
from target_dolt.input.fields import field, schema_fields
from target_dolt.input.reader import MessageReader, Taker, TerminatedError
from target_dolt.input.stream_maps import apply, changes_nothing, is_known, maps_of, register
from target_dolt.loading.load import Load
from target_dolt.loading.state import Pace
from target_dolt.opening import open_database
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.settings import Settings
from target_dolt.settings.configuration import CheckedConfig
from target_dolt.settings.place import DEFAULT_PATH
from target_dolt.settings.table import MAX_MESSAGE_BYTES, SETTINGS
from target_dolt.streams.quarantine import Quarantine
from target_dolt.streams.replace import Replacements
from target_dolt.streams.sink import DoltSink
from target_dolt.streams.versions import Versions


class TargetDolt(CheckedConfig, Target):
    """Singer target that turns any tap's output into Dolt commits."""

    name = "target-dolt"
    package_name = "target-dolt"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    capabilities: ClassVar[list[Any]] = CAPABILITIES
    default_sink_class = DoltSink

    def __init__(self, *, plugins: Plugins | None = None, **options: Any) -> None:
        """Read the settings; nothing is opened before the first message.

        Args:
            plugins: The plugins to use; None loads what is installed.
            options: The SDK's own arguments, `config` among them.
        """
        reader = MessageReader(self, MAX_MESSAGE_BYTES)
        self._reader = reader  # a signal may come from here on
        self._signal: int | None = None
        super().__init__(message_reader=reader, **options)
        self.max_parallelism = 1
        self.settings = Settings.from_config(self.config)
        reader.heed(self.settings.max_message_bytes, self.settings.on_unknown_message)
        self._direct: dict[str, DoltSink] = {}
        self._replacements = Replacements(trusts_end=self.settings.trust_end_of_input)
        self._quarantine = Quarantine(self.settings, lambda: reader.line)
        self._versions = Versions(self.settings, lambda: self.point, self._replacements)
        self.plugins = plugins or load_plugins()
        self._point: CommitPoint | None = None

    def begin(self) -> None:
        """Open the database, take the pipeline's lock and make the run branch, once."""
        if self._point is not None:
            return
        if self.settings.where.path == Path(DEFAULT_PATH):
            self.logger.info("The database is %s in the current directory", DEFAULT_PATH)
        database = open_database(self.settings.where, self.plugins)
        pace = Pace(self.settings.commit_interval_seconds, self.settings.commit_min_rows)
        try:
            load = Load(self.settings, self.plugins, database)
        except BaseException:
            database.close()
            raise
        self._point = CommitPoint(load, pace, self._sinks(), self._replacements, self._quarantine)

    @property
    def point(self) -> CommitPoint:
        """The commit point of the run that has begun."""
        if self._point is None:
            self.begin()
        assert self._point is not None  # noqa: S101 - for the type checker: begin() made it
        return self._point

    @property
    def load(self) -> Load:
        """The load of the run that has begun."""
        return self.point.load

    # Messages

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Compile a stream's plan, where its SCHEMA is new; old rows are written before."""
        stream, schema, keys = schema_fields(message_dict)
        try:
            self._register(stream, schema, keys)
        except RecursionError:
            msg = f"stream '{stream}': its SCHEMA is nested too deeply"
            raise SchemaError(msg) from None

    def _register(self, stream: str, schema: dict[str, Any], keys: list[str]) -> None:
        if is_known(self.mapper.stream_maps.get(stream), schema, keys):
            return
        maps = register(self.mapper, stream, schema, keys)
        for stream_map in maps:
            if stream_map.transformed_key_properties is not None:
                self.get_sink(
                    stream_map.stream_alias,
                    schema=stream_map.transformed_schema,
                    key_properties=stream_map.transformed_key_properties,
                )
        self._direct.pop(stream, None)
        if changes_nothing(maps) and not self.settings.add_record_metadata:
            self._direct[stream] = self._sinks()[stream]

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
        if self.settings.load_method == "overwrite":
            self.point.before_replacing()
        sink: DoltSink = self.add_sink(stream_name, schema, key_properties)  # type: ignore[assignment]
        if older is not None:
            sink.follow(older)
        self.point.announce()
        if self._replacements.is_open(stream_name):
            self._replacements.go_on(sink)
        elif sink.method == "overwrite":
            self._replacements.open(sink)
        else:
            self._versions.expect(sink)
        return sink

    def _sinks(self) -> dict[str, DoltSink]:
        return self._sinks_active  # type: ignore[return-value]

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Hand a record to its sink; the SDK's slower way only for maps and metadata."""
        try:
            sink = self._direct.get(message_dict.get("stream"))  # type: ignore[arg-type]
        except TypeError:  # no text, and nothing that could be looked up
            sink = None
        if sink is not None:
            if message_dict.get("version", sink.version) != sink.version:
                self._versions.begin(sink, message_dict["version"])
            try:
                sink.take(message_dict.get("record"))
            except RecordError as error:
                self._quarantine.take(error, sink)
        else:
            self._process_mapped(message_dict)

    def taker(self, message: dict[str, Any]) -> Taker | None:
        """Return what takes lines of a RECORD's stream whole, where it has such."""
        sink = self._direct.get(message["stream"])
        return sink.take_line if sink is not None and sink.reads_lines else None

    def _process_mapped(self, message: dict[str, Any]) -> None:
        for stream_map in maps_of(self.mapper, message, "a RECORD"):
            sink = self._sinks().get(stream_map.stream_alias)
            if sink is None:
                continue  # a map that takes the stream away
            try:
                mapped = apply(stream_map, message.get("record"))
                if mapped is None:
                    continue
                if message.get("version", sink.version) != sink.version:
                    self._versions.begin(sink, message["version"])
                if sink.include_sdc_metadata_properties:
                    sink._add_sdc_metadata_to_record(mapped, message, {})  # noqa: SLF001
                sink.take(mapped)
            except RecordError as error:
                self._quarantine.take(error, sink)

    def refuse(self, error: RecordError) -> None:
        """Leave out a record whose line is no JSON, or raise its error."""
        maps = self.mapper.stream_maps.get(error.stream)
        if not maps:
            raise error
        for stream_map in maps:
            sink = self._sinks().get(stream_map.stream_alias)
            if sink is not None:  # else a map takes the stream away
                self._quarantine.take(error, sink)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Commit what came before a STATE, or keep the STATE until that is due."""
        if "value" not in message_dict:
            msg = "a STATE without a value"
            raise MessageError(msg)
        state = message_dict["value"]
        self._replacements.acknowledge(state, self.mapper.stream_maps)
        if state:  # an empty one overwrites no real one
            self.point.take(state)

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Begin or end a stream's version, once its SCHEMA has come."""
        version = field(message_dict, "version", int)
        for stream_map in maps_of(self.mapper, message_dict, "an ACTIVATE_VERSION"):
            sink = self._sinks().get(stream_map.stream_alias)
            if sink is not None:
                self._versions.activate(sink, version)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Take the records of a BATCH's files, each as if it had come by itself."""
        stream = field(message_dict, "stream", str)
        schema = maps_of(self.mapper, message_dict, "a BATCH")[0].raw_schema
        # What a STATE vouches for is out of the way of a file that may be damaged.
        self.point.keep_state()
        sink = self._direct.get(stream)
        ways = (sink.take_columns, sink.take_record) if sink else ()
        take = [partial(one, message_dict) for one in ways]
        try:
            for file, row, values in batch_records(message_dict, schema, self.settings, *take):
                self._quarantine.within = file, row
                self._process_record_message({**message_dict, "type": "RECORD", "record": values})
        except BatchError as error:
            msg = f"stream '{stream}': {error}; nothing of this BATCH was kept"
            raise BatchError(msg) from error
        except InputError as error:
            error.within = "file {}, row {}".format(*self._quarantine.within or (1, 1))
            raise
        finally:
            self._quarantine.within = None

    # Commit points

    def process_endofpipe(self) -> None:
        """Commit all that came; rows after the last STATE are committed without one."""
        try:
            self._replacements.end_of_input()
            self.point.finish()
        finally:
            self.close()
        self.check_stop()
        self._quarantine.tell()

    def between_chunks(self) -> float | None:
        """Write out what is large; commit a STATE whose time has come."""
        return self.point.between_chunks(self._reader.bytes)

    def failed(self, error: BaseException) -> None:
        """Keep what a STATE vouches for, before an error or a signal ends the run."""
        if self._point is None:
            return
        database_is_well = isinstance(error, InputError | TerminatedError) or not isinstance(
            error, TargetDoltError | sa.exc.SQLAlchemyError
        )
        try:
            if database_is_well:
                self.point.keep_state()
        except (TargetDoltError, sa.exc.SQLAlchemyError) as second:
            self.logger.error("The last STATE could not be kept: %s", second)  # noqa: TRY400
        finally:
            self.close()

    # Signals

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Stop at the next message boundary; a second signal stops at once."""
        del frame
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        self._signal = signum
        if self._reader.waiting:
            raise TerminatedError(signum)

    def check_stop(self) -> None:
        """Raise where a signal has told the run to stop."""
        if self._signal is not None:
            raise TerminatedError(self._signal)

    def close(self) -> None:
        """Take the live line away, remove the run branch and close the database."""
        point, self._point = self._point, None
        if point is not None:
            point.close()
            point.load.close()
