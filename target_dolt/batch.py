"""BATCH messages: files of records, below one root, streamed and bounded.

A file's records take the way of every record: validated, converted, in order.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import posixpath
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import msgspec

from target_dolt.errors import BatchError, ConfigError

PARQUET_ROWS = 10_000
"""Rows of a Parquet file that are in memory at once."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


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
            msg = "the file holds more than `max_batch_bytes`; raise it if that is meant"
            raise BatchError(msg)
        buffer[: len(data)] = data
        return len(data)


def batch_records(
    message: Mapping[str, Any], root: str | None, max_bytes: int, texts: Collection[str] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the records of all files of a BATCH message.

    Args:
        message: The message, with `encoding` and `manifest`.
        root: `batch_root`: a directory, or a URL whose scheme fsspec knows.
        max_bytes: The most that one file may hold, decompressed.
        texts: Properties that are text in the SCHEMA: a decimal of Parquet comes as its digits.

    Raises:
        BatchError: A file lies outside of the root, is missing or damaged.
        ConfigError: No root is set, or what reads the format is not installed.
    """
    encoding = message.get("encoding")
    manifest = message.get("manifest")
    if not isinstance(encoding, dict) or not isinstance(manifest, list):
        msg = "a BATCH message needs 'encoding' and 'manifest'"
        raise BatchError(msg)
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
    for number, name in enumerate(manifest, 1):
        where = f"file {number} of {len(manifest)}"
        try:
            with _open(str(name), root) as stream:
                yield from read(stream, compression == "gzip", max_bytes, texts)
        except BatchError as error:
            msg = f"{where}: {error}"
            raise BatchError(msg) from None
        except FileNotFoundError:
            msg = f"{where} is not there"
            raise BatchError(msg) from None
        except (OSError, EOFError, zlib.error) as error:
            msg = f"{where} cannot be read: {type(error).__name__}"
            raise BatchError(msg) from error


def _open(name: str, root: str) -> AbstractContextManager[BinaryIO]:
    if "://" in root and not root.startswith("file://"):
        return _open_remote(name, root)
    base = Path(_local(root)).resolve()
    path = Path(_local(name)).resolve()
    if not path.is_relative_to(base):
        msg = "it lies outside of `batch_root`"
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


def _jsonl(
    stream: BinaryIO,
    compressed: bool,  # noqa: FBT001 - one of a table's functions
    max_bytes: int,
    texts: Collection[str],
) -> Iterator[dict[str, Any]]:
    del texts  # JSON has its own word for text
    plain = gzip.GzipFile(fileobj=stream) if compressed else stream
    lines = io.BufferedReader(_Bounded(plain, max_bytes))  # type: ignore[arg-type]
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            yield _decode(line)
        except (msgspec.DecodeError, ValueError, RecursionError):
            msg = f"line {number} is not valid JSON"
            raise BatchError(msg) from None


def _parquet(
    stream: BinaryIO,
    compressed: bool,  # noqa: FBT001
    max_bytes: int,
    texts: Collection[str],
) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        msg = "reading Parquet needs more: install target-dolt with its extra `parquet`"
        raise ConfigError(msg) from error
    if compressed:
        msg = "Parquet compresses by itself: a gzip around it is not taken"
        raise BatchError(msg)
    try:
        file = parquet.ParquetFile(stream)
        size = sum(
            file.metadata.row_group(group).total_byte_size
            for group in range(file.metadata.num_row_groups)
        )
        if size > max_bytes:
            msg = "the file holds more than `max_batch_bytes`; raise it if that is meant"
            raise BatchError(msg)
        for batch in file.iter_batches(PARQUET_ROWS):
            for row in _rows(batch):
                for name in texts:
                    if type(row.get(name)) is Decimal:
                        row[name] = f"{row[name]:f}"  # with the digits that its column has
                yield {name: as_json(value) for name, value in row.items()}
    except pa.ArrowException as error:
        msg = "the file is no whole Parquet file"
        raise BatchError(msg) from error


def _rows(batch: Any) -> list[dict[str, Any]]:
    """Return the rows of a batch, none of whose moments has more than microseconds."""
    try:
        return batch.to_pylist()  # type: ignore[no-any-return]
    except ValueError:
        msg = "a moment or time has nanoseconds, a column has microseconds: round them in the tap"
        raise BatchError(msg) from None


def as_json(value: Any) -> Any:
    """Return a value of Arrow as JSON would have brought it.

    A double comes as its shortest decimal; a NaN has no place in JSON and stays one, to be
    refused by its column.
    """
    if type(value) in _AS_IN_JSON:
        return value
    make = _FROM_ARROW.get(type(value))
    if make is None:
        msg = f"a column holds a {type(value).__name__}, which JSON has not: give it as text"
        raise BatchError(msg)
    return make(value)


def _refuse_bytes(value: bytes) -> str:
    del value
    msg = "a binary column: give it as text"
    raise BatchError(msg)


_AS_IN_JSON = frozenset({str, int, bool, type(None), Decimal})

_FROM_ARROW: dict[type[Any], Callable[[Any], Any]] = {
    float: lambda value: Decimal(repr(value)),
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    bytes: _refuse_bytes,
    list: lambda value: [as_json(one) for one in value],
    dict: lambda value: {name: as_json(one) for name, one in value.items()},
}

_FORMATS: dict[str, Callable[[BinaryIO, bool, int, Collection[str]], Iterator[dict[str, Any]]]] = {
    "jsonl": _jsonl,
    "parquet": _parquet,
}
