"""Random values of SQLite, SQL Server and Oracle: what a tap sends is what comes back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from support import Place, state
from support_random import FEW, MANY, Strategy, drawn
from support_random_types import MSSQL, ORACLE, SQLITE
from support_types import message_lines, written_back
from test_other_types import carried

many = pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.fuzz)])


def plain(value: Any, sent: Any) -> Any:
    """Return what came back as the kind of value that was sent."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(sent, bool):
        return bool(value)
    if isinstance(sent, Decimal | int):
        return Decimal(repr(value) if isinstance(value, float) else value)
    if isinstance(sent, dict):
        return json.loads(value, parse_float=Decimal) if isinstance(value, str) else value
    if isinstance(sent, str) and sent[4:5] == sent[7:8] == "-" and isinstance(value, str):
        return _whole_second(value)
    return value


def _whole_second(text: str) -> str:
    return text.removesuffix("+00:00").removesuffix(".000000")


def different(
    place: Place, dialect: str, values: dict[str, list[Any]]
) -> list[tuple[str, Any, Any]]:
    """Carry what a tap sends to a backend and back; return what is no longer the same."""
    wanted = [(f"c{n}", native, some) for n, (native, some) in enumerate(values.items())]
    names = [name for name, _, _ in wanted]
    rows: list[dict[str, Any]] = [
        {"id": number}
        | {name: some[number] if number < len(some) else None for name, _, some in wanted}
        for number in range(max(map(len, values.values())))
    ]
    lines = message_lines(wanted, rows)
    place.load([*lines, state({"n": 1})], source_dialect=dialect)
    properties = json.loads(lines[0])["schema"]["properties"]
    back = written_back(place, place.plugins.dialects[dialect], names, properties)
    return [
        (native, row[name], found[name])
        for row, found in zip(rows, back, strict=True)
        for name, native, _ in wanted
        if row[name] is not None or found[name] is not None
        if found[name] is None or plain(found[name], row[name]) != row[name]
    ]


@many
@pytest.mark.parametrize(
    ("dialect", "types"), [("mssql", MSSQL), ("oracle", ORACLE)], ids=["mssql", "oracle"]
)
def test_any_value_comes_back_as_it_was_sent(
    place: Place, dialect: str, types: dict[str, Strategy], count: int
) -> None:
    """From the tap's message through the converter to each backend, and out of it."""
    assert different(place, dialect, drawn(types, count)) == []


@many
def test_any_value_of_sqlite_comes_back_as_itself(place: Place, count: int) -> None:
    """SQLite gives equal values, of the same storage class, from what was filled again."""
    came, went, source = carried(place, drawn(SQLITE, count))
    source.close()
    assert [[(type(one), one) for one in row] for row in went] == [
        [(type(one), one) for one in row] for row in came
    ]
