"""The message reader: bytes to messages, bounded, with the line number of whatever goes wrong."""

from __future__ import annotations

import logging
import os
import select
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import IO, Any, NoReturn, Protocol

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerReader

from target_dolt.errors import InputError, MessageError, RecordError
from target_dolt.input.defects import defect

CHUNK_BYTES = 1 << 18

MANY_HEADS = 1_000
"""Beginnings of lines that are remembered; a tap that writes a time there has no two alike."""

LONG_HEAD = 1_000
"""Bytes of a beginning that is not worth remembering."""

_SHOWN = 32
"""Characters of an unknown type that a message shows."""

MANY_KINDS = 10
"""Unknown types that are told by name; where each is a value, a log has few of them."""

_OTHERS = "others"

_log = logging.getLogger("target-dolt")

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class TerminatedError(BaseException):
    """The process was told to stop; not an Exception, so that nothing swallows it."""

    def __init__(self, signum: int) -> None:
        """Keep the signal: the exit code tells it."""
        super().__init__(signum)
        self.signum = signum


Taker = Callable[[bytes], bool]
"""Takes a RECORD's line whole; False where the line must be decoded and go to its callback."""


class Listener(Protocol):
    """Whoever listens to the messages, beside the callbacks of their types."""

    def begin(self) -> None:
        """Open what is needed; called before the first line is read."""

    def taker(self, message: dict[str, Any]) -> Taker | None:
        """Return what takes lines of the stream of a RECORD; called after the RECORD's callback."""

    def between_chunks(self) -> float | None:
        """Work while no message is at hand.

        Returns the seconds until it wants to be called again, None where it waits for nothing.
        """

    def check_stop(self) -> None:
        """Raise where the run was told to stop; called before each wait for input."""

    def refuse(self, error: RecordError) -> None:
        """Pass over a RECORD whose line is no JSON, or raise its error."""

    def failed(self, error: BaseException) -> None:
        """End the run after an error; called before the error is raised on."""


class MessageReader(GenericSingerReader[bytes]):
    """Reads Singer messages from a file descriptor or a text stream.

    The SDK's loop is final; a reader's `process_lines` is the seam it offers.

    Attributes:
        max_message_bytes: The longest line; a longer one is refused before it is read whole.
        waiting: True while input is awaited: a signal handler may raise then, and only then.
        line: The number of lines read.
        bytes: The number of bytes read.
    """

    default_input = sys.stdin  # type: ignore[assignment]

    def __init__(self, listener: Listener, max_message_bytes: int) -> None:
        """Set whom to tell, and the bound."""
        super().__init__()
        self._listener = listener
        self.max_message_bytes = max_message_bytes
        self.waiting = False
        self.line = 0
        self.bytes = 0
        self._keys: dict[str, Sequence[str]] = {}
        self._passes_unknown = False
        self._unknown: Counter[str] = Counter()

    def heed(self, max_message_bytes: int, on_unknown_message: str) -> None:
        """Take over what the settings say, before the first line."""
        self.max_message_bytes = max_message_bytes
        self._passes_unknown = on_unknown_message == "warn"

    def process_lines(
        self,
        file_input: IO[Any] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Hand each message to the callback of its type; blank lines are passed over."""
        counts: Counter[str] = Counter()
        takers: dict[bytes, Taker] = {}
        source = file_input or sys.stdin
        if source is None:  # Python's word for a descriptor that was closed at the start
            msg = "stdin is closed: pipe a tap's output into it, or name a file by --input"
            raise InputError(msg)
        try:
            self._listener.begin()
            for line in self._lines(source):
                self.line += 1
                # What comes before a record tells its stream: a tap writes it alike each time.
                head = line[: line.find(b'"record"')]
                taker = takers.get(head)
                if taker is not None and taker(line):
                    counts["RECORD"] += 1
                    continue
                if line.isspace() or not line:
                    continue
                kind, message = self._take(line, callbacks)
                counts[kind] += 1
                if kind == "SCHEMA":
                    takers.clear()  # it changes what a line means
                    self._keys[message["stream"]] = message.get("key_properties") or ()
                elif kind == "RECORD" and len(takers) < MANY_HEADS and len(head) < LONG_HEAD:
                    taker = self._listener.taker(message)
                    if taker is not None:
                        takers[head] = taker
        except BaseException as error:
            if isinstance(error, InputError) and error.line is None:
                error.line = self.line
            self._listener.failed(error)
            raise
        finally:
            self._tell_unknown()
        return counts

    def _take(
        self, line: bytes, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> tuple[str, dict[str, Any]]:
        """Hand a message to the callback of its type."""
        try:
            message = self.deserialize_json(line)
        except RecordError as error:
            self._listener.refuse(error)
            return "RECORD", {"stream": error.stream}
        kind = message["type"]
        callback = callbacks.get(kind)
        if callback is None:
            kind, callback = self._other_spelling(kind, callbacks)
        callback(message)
        return kind, message

    def deserialize_json(self, line: bytes) -> dict[str, Any]:
        """Decode one line; numbers with a fraction keep their digits as Decimal."""
        try:
            message = _decode(line)
        except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError) as error:
            raise self._malformed(line, error) from None
        if type(message) is not dict or type(message.get("type")) is not str:
            msg = "not a Singer message: a JSON object with a 'type' is needed"
            raise MessageError(msg)
        return message

    def _malformed(self, line: bytes, error: Exception) -> MessageError:
        found = defect(line, self._keys)
        if found is not None:
            return found
        if isinstance(error, UnicodeDecodeError):
            reason = f"invalid UTF-8 at byte {error.start}"
        elif isinstance(error, RecursionError):
            reason = "nested too deeply"
        elif isinstance(error, msgspec.DecodeError):
            reason = str(error)
        else:
            reason = "a number with too many digits"
        if line.startswith(b"\xef\xbb\xbf"):
            reason = "it begins with a byte order mark"
        return MessageError(f"not valid JSON: {reason} ({len(line)} bytes)")

    def _other_spelling(
        self, kind: str, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> tuple[str, Callable[[dict[str, Any]], None]]:
        """Singer's specification has the type in any letter case."""
        callback = callbacks.get(kind.upper())
        if callback is None:
            # A type is a word; anything else may be data that slipped into its place.
            shown = f"'{kind[:_SHOWN]}'" if kind.replace("_", "").isalpha() else "that is no word"
            if not self._passes_unknown:
                msg = (
                    f"unknown message type {shown}; where it may be passed over, set "
                    "`on_unknown_message` to warn"
                )
                raise MessageError(msg)
            if len(self._unknown) >= MANY_KINDS and shown not in self._unknown:
                shown = _OTHERS
            elif shown not in self._unknown:
                _log.warning("line %d: unknown message type %s: passed over", self.line, shown)
            self._unknown[shown] += 1
            return _OTHERS, _pass_over
        return kind.upper(), callback

    def _tell_unknown(self) -> None:
        """Log how many messages were passed over."""
        if self._unknown:
            most = self._unknown.most_common()
            kinds = ", ".join(f"{count} {kind}" for kind, count in most)
            total = self._unknown.total()
            _log.warning("Messages of unknown types passed over: %d (%s)", total, kinds)

    def _lines(self, source: IO[Any]) -> Iterator[bytes]:
        """Yield lines without their newline; the last may lack one."""
        rest: list[bytes] = []
        held = 0
        for chunk in self._chunks(source):
            *whole, last = chunk.split(b"\n")
            if whole:
                whole[0] = b"".join([*rest, whole[0]])
                rest, held = [], 0
                for line in whole:
                    if len(line) > self.max_message_bytes:
                        self._refuse_length()
                    yield line
            rest.append(last)
            held += len(last)
            if held > self.max_message_bytes:
                self._refuse_length()
        final = b"".join(rest)
        if final:
            yield final

    def _refuse_length(self) -> NoReturn:
        self.line += 1
        msg = (
            f"the line is longer than max_message_bytes ({self.max_message_bytes}); "
            "raise that setting if such a message is meant"
        )
        raise MessageError(msg)

    def _chunks(self, source: IO[Any]) -> Iterator[bytes]:
        try:
            descriptor = source.fileno()
        except (AttributeError, OSError):
            descriptor = -1
        while True:
            self._let_idle_work(descriptor)
            self.waiting = True
            try:
                self._listener.check_stop()
                if descriptor >= 0:
                    chunk = os.read(descriptor, CHUNK_BYTES)
                else:
                    text = source.read(CHUNK_BYTES)
                    chunk = text.encode() if isinstance(text, str) else text
            finally:
                self.waiting = False
            if not chunk:
                return
            self.bytes += len(chunk)
            yield chunk

    def _let_idle_work(self, descriptor: int) -> None:
        """Call `between_chunks` while no input waits and it has something to wait for."""
        seconds = self._listener.between_chunks()
        while seconds is not None and descriptor >= 0:
            self.waiting = True
            try:
                self._listener.check_stop()
                if select.select([descriptor], [], [], max(0.0, seconds))[0]:
                    return
            finally:
                self.waiting = False
            seconds = self._listener.between_chunks()


def _pass_over(message: dict[str, Any]) -> None:
    """Do nothing with a message."""
    del message
