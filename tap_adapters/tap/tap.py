"""`tap-dolt`: a Singer tap that reads any table at a commit, or what changed between two."""

from __future__ import annotations

import io
import logging
import sys
import weakref
from collections.abc import Sequence
from typing import IO, Any, ClassVar

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.helpers._catalog import get_selected_schema
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message, RecordMessage

from tap_adapters.tap.reading import Reading
from tap_adapters.tap.streams import METHODS, TableStream
from target_dolt import interpreter
from target_dolt.errors import ConfigError, TargetDoltError
from target_dolt.settings import where
from target_dolt.settings.configuration import CheckedConfig, FromEnvironment
from target_dolt.settings.table import SETTINGS as LOADER
from target_dolt_plugins import doltlite_engine

_SHARED = (
    "sqlalchemy_url",
    "path",
    "host",
    "port",
    "user",
    "password",
    "database",
    "ssl_enable",
    "ssl_ca",
    "ssl_certificate",
    "ssl_key",
    "ssl_verify",
)
"""Settings that say the same here as they do to the loader."""

SETTINGS: dict[str, Any] = th.PropertiesList(
    th.Property(
        "ref",
        th.StringType,
        title="Ref",
        description="What to read: a branch, a tag, a commit, or a time in UTC for the last commit "
        "until then. Default: the head of the database's default branch.",
    ),
    th.Property(
        "replication_method",
        th.StringType,
        default=METHODS[0],
        title="Replication Method",
        description="For streams of which the catalog says nothing else: `FULL_TABLE` reads each "
        "table whole; `LOG_BASED` reads what changed since the commit of the bookmark.",
        allowed_values=list(METHODS),
    ),
    th.Property(
        "emit_activate_version_messages",
        th.BooleanType,
        default=True,
        title="Emit `ACTIVATE_VERSION` messages",
        description="Whether a table that was read whole ends in ACTIVATE_VERSION, by which a "
        "target that knows it removes the rows that are no more.",
    ),
).to_dict()
SETTINGS["properties"] = {name: LOADER["properties"][name] for name in _SHARED} | SETTINGS[
    "properties"
]

_encode = msgspec.json.Encoder(decimal_format="number").encode


class MessageWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages to stdout, numbers with all their digits."""

    def serialize_message(self, message: Message) -> bytes:
        """Return a message as a line."""
        return _encode(message.to_dict()) + b"\n"

    def write_message(self, message: Message) -> None:
        """Write a message; records wait for the next message that is none."""
        sys.stdout.buffer.write(self.serialize_message(message))
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()


class TapDolt(FromEnvironment, CheckedConfig, Tap):
    """Singer tap for Dolt and DoltLite: tables at a commit, and what changed between two."""

    name = "tap-dolt"
    package_name = "target-dolt"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    message_writer_class = MessageWriter
    dynamic_catalog = True
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.LOG_BASED,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    _reading: Reading | None = None

    @classmethod
    def invoke(cls, **options: Any) -> None:
        """Read the state and the catalog; one that is no JSON object ends the command.

        Raises:
            ConfigError: It is none.
        """
        for name in ("state", "catalog"):
            if options.get(name) is not None:
                options[name] = _json_object(name, options[name])
        super().invoke(**options)

    @property
    def reading(self) -> Reading:
        """The database at the run's commit, opened when it is first asked for."""
        if self._reading is None:
            self._reading = Reading(where(self.config), self.config.get("ref") or "HEAD")
            # The SDK has no last step of a run: what a command opened is closed as it ends.
            weakref.finalize(self, self._reading.close)
        return self._reading

    def close(self) -> None:
        """Close the database; the server of a Dolt directory ends. For programs that live on."""
        if self._reading is not None:
            self._reading.close()

    def discover_streams(self) -> Sequence[Stream]:
        """Return a stream for each table of the commit."""
        reading = self.reading
        return [TableStream(self, reading, table) for table in reading.kept.tables.values()]

    def setup_mapper(self) -> None:
        """Hand the tables' own schemas to stream maps: the SDK's catalog drops words of them."""
        super(Tap, self).setup_mapper()
        for stream in self.streams.values():
            schema = get_selected_schema(stream.name, stream.schema, stream.mask)
            self.mapper.register_raw_stream_schema(stream.name, schema, stream.primary_keys)
        for name in self.input_catalog or ():
            if name not in self.streams:
                self.logger.warning(
                    "The catalog's stream '%s' is no table of %s", name, self.reading.commit
                )


def _json_object(option: str, file: IO[str]) -> IO[str]:
    text = file.read()
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        msg = f"--{option}: '{file.name}' must hold one JSON object"
        raise ConfigError(msg) from None
    return io.StringIO(text)


def main() -> None:
    """Run `tap-dolt`."""
    interpreter.for_many_rows()
    doltlite_engine.allow_restart()
    try:
        TapDolt.cli()
    except TargetDoltError as error:
        logging.getLogger("tap-dolt").error(str(error))  # noqa: TRY400 - a message, no traceback
        sys.exit(error.exit_code)
