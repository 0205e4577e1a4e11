"""tap-dolt into other people's targets: after each of ten commits what is there is what is here."""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema
from support_snapshot import NEEDS, Source, new_postgres
from support_tap import lines
from support_taps import ENVIRONMENTS

from demo.postgres import Postgres

PROPERTIES = {
    "id": {"type": "integer"},
    "name": {"type": ["string", "null"], "maxLength": 40},
    "price": {"type": ["number", "null"], "multipleOf": 0.01},
    "good": {"type": ["boolean", "null"]},
    "seen": {"type": ["string", "null"], "format": "date-time"},
}


@dataclass(frozen=True)
class Target:
    """A target, in an environment of its own.

    Attributes:
        name: The name of its package, and of its environment.
        config: Its settings beside where its database is.
        there: Which rows of its table are not deleted, as SQL.
    """

    name: str
    config: dict[str, Any]
    there: str

    def load(self, database: Source, wrote: list[str], directory: Path) -> None:
        """Run it on a tap's lines."""
        url = sa.make_url(database.url)
        where = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "password": url.password,
            "database": url.database,
            "dbname": url.database,
        }
        file = directory / "target.json"
        file.write_text(json.dumps({**where, **self.config}))
        done = subprocess.run(
            [ENVIRONMENTS / self.name / "bin" / "target-postgres", "--config", file],
            input="".join(f"{line}\n" for line in wrote),
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
        )
        assert done.returncode == 0, done.stderr[-4000:]


def needs_target(name: str) -> pytest.MarkDecorator:
    """Skip where a target's environment was not made."""
    return pytest.mark.skipif(
        not list((ENVIRONMENTS / name).glob(".made-*")),
        reason=f"{name} was not run: `make targets` installs and runs it",
    )


TARGETS = [
    # It keeps a deleted row, and marks it.
    Target(
        "meltanolabs-target-postgres",
        {"default_target_schema": "public", "add_record_metadata": True},
        "_sdc_deleted_at IS NULL",
    ),
    # It removes it.
    Target(
        "pipelinewise-target-postgres",
        {"default_target_schema": "public", "hard_delete": True},
        "true",
    ),
]


def made(number: int, turn: int) -> dict[str, Any]:
    """Return a record of some turn."""
    return record(
        "public-dogs",
        id=number,
        # No line's end: pipelinewise-target-postgres writes one as a backslash and n.
        name=f"it's \\ {turn} 😀",
        price=number * turn / 4,
        good=turn % 2 == 0,
        seen=f"2026-01-{turn + 1:02}T01:02:03.000{number:03}+00:00",
    )


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(one, id=one.name, marks=[needs_target(one.name), *NEEDS["postgres"]])
        for one in TARGETS
    ],
)
def test_ten_commits_arrive_in_another_target(
    place: Place, pgserver: Postgres, tmp_path: Path, target: Target
) -> None:
    """Rows added, changed, deleted and made again, each commit followed by an incremental run."""
    database = new_postgres(pgserver)
    dice = random.Random(8)  # noqa: S311 - the same at every run
    state: Any = None
    there: set[int] = set()
    for turn in range(10):
        changes: dict[int, Any] = {}
        for number in dice.sample(range(1, 20), 6):
            if number in there and dice.random() < 0.5:
                there.remove(number)
                changes[number] = record(
                    "public-dogs", id=number, _sdc_deleted_at="2026-01-01T00:00:00Z"
                )
            else:
                there.add(number)
                changes[number] = made(number, turn)
        place.load([schema("public-dogs", PROPERTIES), *changes.values()])
        wrote = lines(place, state, None, {"replication_method": "LOG_BASED"})
        state = json.loads(wrote[-1])["value"]
        target.load(database, wrote, tmp_path)
        assert found(database, target) == wanted(place)
        assert {row[0] for row in wanted(place)} == there


def wanted(place: Place) -> list[tuple[Any, ...]]:
    """Return the source's rows."""
    return sorted(
        (
            row["id"],
            row["name"],
            Decimal(row["price"]),
            bool(row["good"]),
            dt.datetime.fromisoformat(str(row["seen"])),
        )
        for row in place.rows("dogs")
    )


def found(database: Source, target: Target) -> list[tuple[Any, ...]]:
    """Return the target's rows."""
    rows = database.query(f"SELECT id, name, price, good, seen FROM dogs WHERE {target.there}")
    return sorted(
        (
            number,
            name,
            Decimal(str(price)),
            good,
            seen if seen.tzinfo is None else seen.astimezone(dt.timezone.utc).replace(tzinfo=None),
        )
        for number, name, price, good, seen in rows
    )
