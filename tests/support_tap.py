"""tap-dolt run in this process, and its messages."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from support import Place

from tap_adapters.tap import TapDolt
from target_dolt.tables.catalogue import CatalogueRow
from target_dolt.tables.catalogue import read as read_catalogue
from target_dolt.tables.schema import Tables


def written(act: Callable[[], Any]) -> list[str]:
    """Return the lines that something writes to stdout."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        act()
    out.flush()
    text: str = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return text.split("\n")[:-1]  # a text may hold what str.splitlines() parts too


def read(
    place: Place, *, state: Any = None, catalog: Any = None, **settings: Any
) -> list[dict[str, Any]]:
    """Return the messages of a run, numbers with all their digits."""
    return [
        json.loads(line, parse_float=Decimal) for line in lines(place, state, catalog, settings)
    ]


def lines(place: Place, state: Any, catalog: Any, settings: dict[str, Any]) -> list[str]:
    """Return the lines of a run; the tap is closed."""
    tap = TapDolt(config={**place.config, **settings}, state=state, catalog=catalog)
    try:
        return written(tap.sync_all)
    finally:
        tap.close()


def discovered(place: Place, **settings: Any) -> dict[str, Any]:
    """Return the catalog."""
    tap = TapDolt(config={**place.config, **settings})
    try:
        return tap.catalog_dict
    finally:
        tap.close()


def records(messages: list[dict[str, Any]], stream: str) -> list[dict[str, Any]]:
    """Return the records of a stream."""
    return [
        one["record"] for one in messages if one["type"] == "RECORD" and one["stream"] == stream
    ]


def schemas(messages: list[dict[str, Any]], stream: str) -> list[dict[str, Any]]:
    """Return a stream's SCHEMAs."""
    return [
        one["schema"] for one in messages if one["type"] == "SCHEMA" and one["stream"] == stream
    ]


def kinds(messages: list[dict[str, Any]], stream: str) -> list[str]:
    """Return the kinds of messages of a stream, in order."""
    return [one["type"] for one in messages if one.get("stream") == stream]


@dataclass
class Pipe:
    """tap-dolt into target-dolt, with the state between runs."""

    source: Place
    target: Place
    state: Any = None

    def run(self, **settings: Any) -> list[dict[str, Any]]:
        """Run the pipe once; return what the tap wrote."""
        settings = {"replication_method": "LOG_BASED", **settings}
        wrote = lines(self.source, self.state, None, settings)
        states = self.target.load(wrote)
        self.state = states[-1] if states else self.state
        return [json.loads(line, parse_float=Decimal) for line in wrote]


def catalogue_of(place: Place, table: str) -> dict[str, CatalogueRow]:
    """Return what a database knows of a table's columns."""
    database = place.open()
    try:
        with database.connect() as connection:
            return read_catalogue(connection, Tables(database, connection)).get(table, {})
    finally:
        database.close()
