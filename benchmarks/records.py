"""Made-up input: one stream of eight columns, the same at every run."""

from __future__ import annotations

import json
from collections.abc import Iterator

STREAM = "events"
PROPERTIES = {
    "id": {"type": "integer"},
    "name": {"type": "string", "maxLength": 100},
    "email": {"type": ["string", "null"]},
    "city": {"type": ["string", "null"]},
    "amount": {"type": ["number", "null"]},
    "active": {"type": ["boolean", "null"]},
    "created_at": {"type": ["string", "null"], "format": "date-time"},
    "birthday": {"type": ["string", "null"], "format": "date"},
}
CITIES = ("Lagos", "Lima", "Łódź", "Osaka", "Oslo", "Perth", "Quito")

SCHEMA = json.dumps(
    {
        "type": "SCHEMA",
        "stream": STREAM,
        "schema": {"type": "object", "properties": PROPERTIES},
        "key_properties": ["id"],
    }
)


def record(number: int, change: int = 0) -> str:
    """Return one RECORD message; another `change` is the same row with another amount."""
    return (
        f'{{"type": "RECORD", "stream": "{STREAM}", "record": {{"id": {number}, '
        f'"name": "Person {number}", "email": "person{number}@example.org", '
        f'"city": "{CITIES[number % len(CITIES)]}", "amount": {(number + change) % 100000 / 100}, '
        f'"active": {"true" if number % 3 else "false"}, '
        f'"created_at": "2024-{number % 12 + 1:02}-{number % 28 + 1:02}T'
        f'{number % 24:02}:{number % 60:02}:{number % 59:02}.{number % 1000000:06}Z", '
        f'"birthday": "{1950 + number % 60}-{number % 12 + 1:02}-{number % 28 + 1:02}"}}}}'
    )


def state(number: int) -> str:
    """Return a STATE message."""
    return json.dumps({"type": "STATE", "value": {"bookmarks": {STREAM: {"id": number}}}})


def lines(count: int, every: int, change: int = 0) -> Iterator[str]:
    """Yield `count` records, with a STATE after each `every` of them and at the end."""
    yield SCHEMA
    for number in range(1, count + 1):
        yield record(number, change)
        if number % every == 0 or number == count:
            yield state(number)
