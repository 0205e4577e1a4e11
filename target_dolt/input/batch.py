"""BATCH messages: files of records, below one root, streamed and bounded.

A file's records take the way of every record: validated, converted, in order.
"""

from __future__ import annotations

import gzip
import io
import posixpath
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import msgspec

from target_dolt.errors import BatchError, ConfigError, MessageError, RecordError, TargetDoltError
from target_dolt.input.defects import defect
from target_dolt.input.parquet import TOO_LARGE, parquet_rows
from target_dolt.plans.by_columns import ColumnRows
from target_dolt.settings import Settings

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True)
class _Rules:
    """How a file is read.

    Attributes:
        schema: Its stream's.
        is_compressed: Whether it is gzipped.
        max_bytes: The most that it may hold, decompressed.
        max_line: The longest line of JSON.
        take: Takes rows that lie in columns; False where they must come as records.
        take_line: Takes a line that is a record; False where it must be decoded.
    """

    schema: Mapping[str, Any]
    is_compressed: bool
    max_bytes: int
    max_line: int
    take: Callable[[ColumnRows], bool]
    take_line: Callable[[bytes], bool]


class _Bounded(io.RawIOBase):
    """A stream that ends a run where more comes out of it than is allowed."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(min(len(buffer), 1 << 18))
        self._left -= len(data)
        if self._left < 0:
            raise BatchError(TOO_LARGE)
        buffer[: len(data)] = data
        return len(data)


def _takes_none(_given: Any) -> bool:
    return False


def batch_records(
    message: Mapping[str, Any],
    schema: Mapping[str, Any],
    settings: Settings,
    take: Callable[[ColumnRows], bool] = _takes_none,
    take_line: Callable[[bytes], bool] = _takes_none,
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the records of a BATCH message's files that were not taken: file, row and record.

    Args:
        message: The message, with `encoding` and `manifest`.
        schema: The stream's: a decimal of Parquet comes as its digits where it is text there.
        settings: Where files may lie, and how large they and their lines may be.
        take: Takes rows that lie in columns; False where they must come as records.
        take_line: Takes a line that is a record; False where it must be decoded.

    Raises:
        BatchError: A file lies outside of the root, is missing or damaged.
        ConfigError: No root is set, or what reads the format is not installed.
    """
    encoding = message.get("encoding")
    manifest = message.get("manifest")
    if not isinstance(encoding, dict) or not isinstance(manifest, list):
        msg = "a BATCH message needs 'encoding' and 'manifest'"
        raise BatchError(msg)
    root = settings.batch_root
    if root is None:
        msg = "a BATCH message came, and no `batch_root` says where its files may lie"
        raise ConfigError(msg)
    read = _FORMATS.get(str(encoding.get("format")))
    compression = str(encoding.get("compression") or "none")
    if read is None or compression not in {"none", "gzip"}:
        msg = (
            "BATCH files are jsonl (plain or gzip) or parquet; "
            f"this one is said to be {encoding.get('format')!s:.20} {compression:.20}"
        )
        raise BatchError(msg)
    limits = settings.max_batch_bytes, settings.max_message_bytes
    rules = _Rules(schema, compression == "gzip", *limits, take, take_line)
    for number, name in enumerate(manifest, 1):
        where = f"file {number} of {len(manifest)}"
        try:
            with _open(str(name), root) as stream:
                for row, record in read(stream, rules):
                    yield number, row, record
        except BatchError as error:
            msg = f"{where}: {error}"
            raise BatchError(msg) from None
        except FileNotFoundError:
            msg = f"{where} is not there"
            raise BatchError(msg) from None
        except TargetDoltError:
            raise
        except Exception as error:  # a storage's own: missing credentials, nobody at its address
            msg = f"{where} cannot be read: {type(error).__name__}"
            raise BatchError(msg) from error


def _open(name: str, root: str) -> AbstractContextManager[BinaryIO]:
    if "://" in root and not root.startswith("file://"):
        return _open_remote(name, root)
    if "\0" in name:
        raise FileNotFoundError
    base = Path(_local(root)).resolve()
    path = Path(_local(name)).resolve()
    if not path.is_relative_to(base):
        msg = "it lies outside of `batch_root`"
        raise BatchError(msg)
    if path.exists() and not path.is_file():
        msg = "it is no regular file"  # to open a pipe would wait for whoever writes to it
        raise BatchError(msg)
    return closing(path.open("rb"))


def _local(name: str) -> str:
    if "://" not in name:
        return name
    parts = urlsplit(name)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        msg = "it lies outside of `batch_root`"
        raise BatchError(msg)
    return unquote(parts.path)


def _open_remote(name: str, root: str) -> AbstractContextManager[BinaryIO]:
    prefix = root.rstrip("/") + "/"
    scheme, _, place = name.partition("://")
    if not f"{scheme}://{posixpath.normpath(place)}".startswith(prefix):
        msg = "it lies outside of `batch_root`"
        raise BatchError(msg)
    try:
        import fsspec  # noqa: PLC0415 - an extra

        return fsspec.open(name, "rb")  # type: ignore[no-any-return]
    except ImportError as error:
        msg = f"reading {scheme}:// needs more: install target-dolt with its extra `s3` or `gcs`"
        raise ConfigError(msg) from error
    except ValueError:
        msg = f"no storage is known whose URLs begin with {scheme}://"
        raise ConfigError(msg) from None


def _jsonl(stream: BinaryIO, rules: _Rules) -> Iterator[tuple[int, dict[str, Any]]]:
    plain = gzip.GzipFile(fileobj=stream) if rules.is_compressed else stream
    lines = io.BufferedReader(_Bounded(plain, rules.max_bytes))  # type: ignore[arg-type]
    number = 0
    while line := lines.readline(rules.max_line + 1):
        number += 1
        if line.isspace():
            continue
        if len(line) > rules.max_line:
            msg = f"line {number} is longer than `max_message_bytes`; raise it if that is meant"
            raise BatchError(msg)
        if rules.take_line(line):
            continue
        try:
            yield number, _decode(line)
        except (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError):
            raise _malformed(line, number) from None


def _malformed(line: bytes, number: int) -> MessageError:
    """Return the error of a line that is no JSON, with the property at fault where it is one."""
    found = defect(b'{"record":' + line + b',"stream":""}', {})
    if isinstance(found, RecordError):
        _, _, reason = str(found).partition(", ")
        return BatchError(f"line {number}, {reason}")
    return BatchError(f"line {number} is not valid JSON")


def _parquet(stream: BinaryIO, rules: _Rules) -> Iterator[tuple[int, dict[str, Any]]]:
    if rules.is_compressed:
        msg = "Parquet compresses by itself: a gzip around it is not taken"
        raise BatchError(msg)
    first = 1
    for rows in parquet_rows(stream, rules.schema, rules.max_bytes):
        if not rules.take(rows):
            yield from enumerate(rows.records(), first)
        first += len(rows)


_Reader = Callable[[BinaryIO, _Rules], Iterator[tuple[int, dict[str, Any]]]]
"""Yields the records of a file, each with its row, from 1; of JSON lines that is its line."""

_FORMATS: dict[str, _Reader] = {"jsonl": _jsonl, "parquet": _parquet}
