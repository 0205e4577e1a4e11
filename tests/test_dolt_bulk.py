"""LOAD DATA into Dolt: who may, and what it finds out by the column about its values."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, state
from support_dolt import DoltServer, needs_dolt

from target_dolt.errors import ConfigError
from target_dolt_plugins.dolt_writer import CHUNK_ROWS

pytestmark = needs_dolt

COLUMNS = {
    "id": {"type": "integer"},
    "text": {"type": ["string", "null"]},
    "short": {"type": ["string", "null"], "maxLength": 20},
    "flag": {"type": ["boolean", "null"]},
    "number": {"type": ["number", "null"]},
    "money": {"type": ["number", "null"], "multipleOf": 0.01},
    "day": {"type": ["string", "null"], "format": "date"},
}
COUNT = 2 * CHUNK_ROWS + 100
"""Rows of more than two packets: each packet is looked at by itself."""


def _row(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "text": f"text {number}",
        "short": f"{number}",
        "flag": number % 2 == 0,
        "number": number / 4,
        "money": number,
        "day": "2024-02-29",
    }


@pytest.fixture
def place(dolt_server: DoltServer, tmp_path: Path) -> Place:
    """A fresh database on the session's server; overrides the place of all backends."""
    return Place(dolt_server.new_database(), tmp_path)


@pytest.mark.parametrize("strange", ["\\", "\t", "\n", "\r", "\0", "a\nb\n", "", "\\N", "NULL"])
@pytest.mark.parametrize("column", ["text", "short"])
def test_one_strange_text_among_thousands_of_plain_ones_arrives_exactly(
    place: Place, strange: str, column: str
) -> None:
    """It, and all of its column in the packets before, beside and after it."""
    rows = [_row(number) for number in range(COUNT)]
    rows[CHUNK_ROWS + 7][column] = strange
    messages = [schema("t", COLUMNS), *(record("t", **row) for row in rows), state({"n": 1})]
    assert place.load(messages, bulk_load="load_data") == [{"n": 1}]
    assert sorted(place.rows("t"), key=lambda row: row["id"]) == rows


@pytest.mark.parametrize("missing", [1, COUNT - 1, COUNT], ids=["one", "all-but-one", "all"])
@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "id"])
def test_values_that_are_missing_leave_the_rest_of_their_column_as_it_is(
    place: Place, missing: int, column: str
) -> None:
    """In a column of any kind: one is missing, all but one are, all are."""
    rows = [_row(number) for number in range(COUNT)]
    for row in rows[:missing]:
        row[column] = None
    messages = [schema("t", COLUMNS), *(record("t", **row) for row in rows), state({"n": 1})]
    assert place.load(messages, bulk_load="load_data") == [{"n": 1}]
    assert sorted(place.rows("t"), key=lambda row: row["id"]) == rows


DOGS = [schema("dogs", {"id": {"type": "integer"}}), record("dogs", id=1), state({"n": 1})]


@pytest.fixture
def without_file(dolt_server: DoltServer, place: Place) -> Iterator[Place]:
    """The database for a user who has all rights on it, and none on anything else."""
    user = f"u{secrets.token_hex(4)}"
    dolt_server.execute(
        f"CREATE USER {user}@'%' IDENTIFIED BY 'pw'",
        f"GRANT ALL ON `{place.config['database']}`.* TO {user}@'%'",
    )
    yield Place({**place.config, "user": user, "password": "pw"}, place.directory)
    dolt_server.execute(f"DROP USER {user}@'%'")


def test_a_user_with_rights_on_the_database_alone_loads_by_insert_and_is_told_why(
    without_file: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Dolt wants FILE for LOAD DATA LOCAL too: one line says so."""
    caplog.set_level("INFO", logger="target-dolt")
    assert without_file.load(DOGS) == [{"n": 1}]
    assert without_file.rows("dogs") == [{"id": 1}]
    told = [one.getMessage() for one in caplog.records if "INSERT" in one.getMessage()]
    assert len(told) == 1
    assert "GRANT FILE" in told[0]


def test_a_user_who_may_not_load_data_and_asks_for_it_is_refused(without_file: Place) -> None:
    """With the words that an administrator needs; nothing is loaded."""
    with pytest.raises(ConfigError, match="GRANT FILE"):
        without_file.load(DOGS, bulk_load="load_data")
    assert without_file.tables() == []


def test_a_user_whom_file_is_granted_loads_by_load_data(
    dolt_server: DoltServer, without_file: Place
) -> None:
    """Asked for by name, so that nothing else would do."""
    dolt_server.execute(f"GRANT FILE ON *.* TO {without_file.config['user']}@'%'")
    assert without_file.load(DOGS, bulk_load="load_data") == [{"n": 1}]
    assert without_file.rows("dogs") == [{"id": 1}]
