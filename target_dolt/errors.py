"""Every error that this package raises on purpose, one tree.

::

    TargetDoltError
    ├── ConfigError              a setting is wrong or contradicts another
    │   └── LockedError          another run of this pipeline is at work
    ├── PluginError              a plugin is broken, or two of them claim one thing
    ├── InputError               the input is wrong; the message begins with its line
    │   ├── SchemaError          a SCHEMA message cannot become a table
    │   │   ├── NameCollisionError       two names would fall together in the database
    │   │   ├── UnsupportedTypeError     a column's type has no place in the database
    │   │   │   └── RefusedTypeError     a native type of which no value can be kept exactly
    │   │   └── IncompatibleChangeError  a table cannot become what the SCHEMA asks
    │   └── MessageError         a line of input is not a Singer message
    │       ├── RecordError      a record's value cannot be stored as it came
    │       │   └── MissingKeyError      a record without its key
    │       ├── BatchError       a file of a BATCH is damaged, or not where it may lie
    │       └── RecordBeforeSchemaError
    ├── WriteError               the database refused, or went away
    │   └── CommitConflictError  somebody else changed a table of this run
    ├── RemoteError              a remote refused, or cannot be reached
    │   └── PushError            what was committed here stands, but is not at the remote
    ├── GuardError               a load is kept beside its branch: it hurt a guard
    ├── QuarantinedError         the run is done, but for records that `quarantine` left out
    ├── IncompleteReplaceError   the input ended before a table's replacement did
    └── StateDeliveryError       the commit stands, but stdout did not take the STATE

Where singer-sdk has a class for the same case, ours inherits from it as well.
A message never holds a row's values (but for numbers that are a key) or a password.
The exit codes are 1, 3 for a PushError, 4 for a GuardError and 5 for a QuarantinedError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk.exceptions import (
    ConfigurationError,
    DataError,
    FatalSyncError,
    InvalidJSONSchema,
    MissingKeyPropertiesError,
    RecordsWithoutSchemaException,
)
from singer_sdk.singerlib.exceptions import InvalidInputLine
from sqlalchemy.exc import DBAPIError


class TargetDoltError(Exception):
    """Base of all errors of target-dolt; `exit_code` is what the command ends with."""

    exit_code = 1


class ConfigError(TargetDoltError, ConfigurationError):
    """A setting is wrong, missing, or contradicts another one."""


class LockedError(ConfigError):
    """Another run of the same pipeline works on the same branch."""


class PluginError(TargetDoltError):
    """A plugin could not be loaded, is misspelt, or claims what another one has."""


class InputError(TargetDoltError):
    """Something is wrong with the input: a message, a SCHEMA or a value."""

    line: int | None = None
    """The input's line, counted from 1; set by the message reader."""

    within: str = ""
    """Where the line of a BATCH leads: the file of it and the row."""

    def __str__(self) -> str:
        """Return the message, with the line where it is known."""
        text = super().__str__()
        line = None if self.line is None else f"line {self.line}"
        where = ", ".join(one for one in (line, self.within) if one)
        return f"{where}: {text}" if where else text


class SchemaError(InputError, InvalidJSONSchema):
    """A SCHEMA message that cannot become a table."""


class NameCollisionError(SchemaError):
    """Two streams or two columns would have one name in the database."""


class UnsupportedTypeError(SchemaError):
    """A property's type has no place in the database."""


class RefusedTypeError(UnsupportedTypeError):
    """A native type of which no value can be kept exactly; text can be kept instead."""

    def __init__(self, native: str, dialect: str, reason: str) -> None:
        """Say which type of which dialect, why, and what to do."""
        super().__init__(
            f"the native type '{native}' of {dialect}: {reason}; leave the column out, or set "
            "`strict_types` to false to keep what the tap sends as text"
        )


class IncompatibleChangeError(SchemaError):
    """A table that exists cannot become what the SCHEMA asks for."""


class MessageError(InputError, InvalidInputLine):
    """A line of input that is not a Singer message. The line itself is never shown."""


class RecordError(MessageError, DataError):
    """A value that cannot be stored as it came.

    Attributes:
        stream: The stream's name.
        column: The property, or None where the record as a whole is meant.
        key: The record's key, property by property, as far as it came.
        reason: What is wrong, with the column.
    """

    def __init__(
        self, stream: str, column: str | None, reason: str, key: Mapping[str, Any] | None = None
    ) -> None:
        """Say which stream, column and key, and why."""
        self.stream = stream
        self.column = column
        self.key = key or {}
        self.reason = reason if column is None else f"column '{column}': {reason}"
        where = f"stream '{stream}'"
        if column is not None:
            where += f", column '{column}'"
        if key:
            where += ", key " + ", ".join(f"{name}={_harmless(key[name])}" for name in key)
        super().__init__(f"{where}: {reason}")


class MissingKeyError(RecordError, MissingKeyPropertiesError):
    """A record whose key is absent or null."""


class BatchError(MessageError):
    """A file of a BATCH message is damaged, missing, too large or outside of `batch_root`."""


class RecordBeforeSchemaError(MessageError, RecordsWithoutSchemaException):
    """A message for a stream that no SCHEMA has announced."""


class WriteError(TargetDoltError, FatalSyncError):
    """The database refused a statement, or went away."""


class CommitConflictError(WriteError):
    """Somebody else committed to a table that this run writes."""


class RemoteError(TargetDoltError):
    """A remote refused what was asked of it, or cannot be reached."""


class PushError(RemoteError):
    """What was committed stands, but is not tagged as asked, or not at the remote."""

    exit_code = 3


class GuardError(TargetDoltError):
    """A load hurt a guard: its branch stays as it was, and it is kept on another one."""

    exit_code = 4


class QuarantinedError(TargetDoltError):
    """A run that is done, and has left bad records out, as `on_bad_record` says."""

    exit_code = 5

    def __init__(self, counts: Mapping[str, int]) -> None:
        """Say how many there were.

        Args:
            counts: How many of each stream.
        """
        of = ", ".join(f"stream '{stream}' {count}" for stream, count in sorted(counts.items()))
        number = sum(counts.values())
        records = "record was" if number == 1 else "records were"
        super().__init__(
            f"{number} bad {records} left out ({of}), everything else is "
            "committed; `dolt-sync rejects` lists them"
        )


class IncompleteReplaceError(TargetDoltError):
    """The input ended before all rows of a table that is being replaced had come."""


class StateDeliveryError(TargetDoltError):
    """The commit stands, but the STATE could not be written to stdout."""


def driver_words(error: DBAPIError) -> str:
    """Return what a database has said, without the number that a driver may put before it."""
    arguments = getattr(error.orig, "args", ())
    return str(arguments[-1] if arguments else error.orig)


_SHOWN_DIGITS = 20
"""Digits of a key that a message shows: what a 64-bit integer has."""


def _harmless(value: Any) -> str:
    """Return a number of a usual length; of anything else only what it is."""
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    if isinstance(value, int) and abs(value) < 10**_SHOWN_DIGITS:
        return str(value)
    return f"<{type(value).__name__}>"
