"""Lanes: a table's rows over several connections come out as they do over one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state
from support_dolt import (
    BOTH,
    DoltServer,
    needs_dolt,
    numbered,
    numbered_stream,
    numbers_of,
    quick_retries,
)
from support_state import Watched, run_branches

from target_dolt.errors import ConfigError, WriteError
from target_dolt_plugins import dolt_server as server_room
from target_dolt_plugins import dolt_writer

pytestmark = needs_dolt

LANES = pytest.mark.parametrize("lanes", [1, 2, 4])

KEYS: dict[str, Callable[[random.Random], tuple[Any, ...]]] = {
    "integer": lambda chance: (chance.randint(-(2**63), 2**63 - 1) >> chance.choice([0, 50]),),
    "text": lambda chance: (chance.choice(["a", "A", "ä", "a ", "é", ""]) * chance.randint(1, 9),),
    "two": lambda chance: (chance.choice(["x", "X", "\U0001f600"]), chance.randint(0, 900)),
}  # fmt: skip


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are parted however few they are."""
    monkeypatch.setattr(dolt_writer, "LANE_ROWS", 1)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The connections that have sent rows."""
    sessions: set[int] = set()
    send = dolt_writer.LoadDataWriter._send

    def watched(self: Any, connection: sa.Connection, chunks: Any, count: int) -> None:
        sessions.add(connection.connection.driver_connection.thread_id())  # type: ignore[union-attr]
        send(self, connection, chunks, count)

    monkeypatch.setattr(dolt_writer.LoadDataWriter, "_send", watched)
    return sessions


def _stream(kinds: tuple[Any, ...]) -> dict[str, Any]:
    types = {int: {"type": "integer"}, str: {"type": "string", "maxLength": 40}}
    keys = {f"k{place}": types[type(one)] for place, one in enumerate(kinds)}
    return schema("t", keys | {"n": {"type": "integer"}}, list(keys))


@pytest.mark.usefixtures("small_parts")
@BOTH
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("lanes", [2, 4])
def test_the_newest_row_of_a_key_wins_within_buffers_and_between_them(
    place: Place, bulk_load: str, kind: str, lanes: int
) -> None:
    """Keys come again and again; buffers hold some of them twice."""
    chance = random.Random(f"{kind} {lanes}")  # noqa: S311 - no secret
    keys = [KEYS[kind](chance) for _ in range(60)]
    expected: dict[tuple[Any, ...], int] = {}
    messages = [_stream(keys[0])]
    for number in range(700):
        key = chance.choice(keys)
        expected[key] = number
        names = {f"k{place}": one for place, one in enumerate(key)}
        messages.append(record("t", **names, n=number))
        if number % 97 == 0:
            messages.append(state({"n": number}))
    messages.append(state({"n": "end"}))
    states = place.load(messages, lanes=lanes, bulk_load=bulk_load, batch_size_rows=41)
    assert states[-1] == {"n": "end"}
    found = {tuple(row.values())[:-1]: row["n"] for row in place.rows("t")}
    assert found == expected


@pytest.mark.usefixtures("small_parts")
@LANES
def test_a_table_is_the_same_to_dolt_however_many_lanes_filled_it(place: Place, lanes: int) -> None:
    """Its hash says so, and a run with other lanes that sends the same again makes no commit."""
    rows = [numbered(number) for number in range(500)]
    messages = [numbered_stream(["id"]), *rows, state({"n": 1})]
    place.call("dolt_branch", "other")
    place.load(messages, lanes=1)
    place.load(messages, lanes=lanes, branch="other", batch_size_rows=77)
    hashes = [place.query("SELECT dolt_hashof_table('t')", at=one) for one in ("main", "other")]
    assert hashes[0] == hashes[1]
    commits = place.commits()
    place.load(messages, lanes=lanes)
    assert place.commits() == commits


@pytest.mark.usefixtures("small_parts")
@BOTH
def test_keys_that_a_table_of_somebody_elses_takes_for_one_stay_in_their_order(
    place: Place, bulk_load: str
) -> None:
    """`a` and `A` are one row there: in two lanes either might come last."""
    place.execute(
        "CREATE TABLE t (k0 varchar(40) COLLATE utf8mb4_0900_ai_ci PRIMARY KEY, n bigint)",
        "CALL dolt_commit('-Am', 'somebody')",
    )
    messages = [_stream(("a",))]
    for number in range(200):
        messages += [record("t", k0=f"{'aA'[number % 2]}{number // 2:03}", n=number)]
    place.load([*messages, state({"n": 1})], lanes=2, bulk_load=bulk_load, batch_size_rows=50)
    assert [row["n"] for row in place.rows("t")] == list(range(1, 200, 2))


@pytest.mark.usefixtures("small_parts")
@BOTH
def test_a_lane_that_fails_ends_the_run_and_no_state_goes_out(place: Place, bulk_load: str) -> None:
    """Its rows are refused by a rule of somebody else's; the other lanes' rows are not seen."""
    place.execute(
        "CREATE TABLE t (id bigint PRIMARY KEY, v longtext, CHECK (id <> 39))",
        "CALL dolt_commit('-Am', 'somebody')",
    )
    messages = [numbered_stream(["id"]), *map(numbered, range(40)), state({"n": 1})]
    with pytest.raises(WriteError, match="table 't'"):
        place.load(messages, lanes=4, bulk_load=bulk_load)
    assert numbers_of(place) == []
    assert place.branches() == ["main"]


@quick_retries
@pytest.mark.usefixtures("small_parts")
def test_lanes_that_the_server_kills_within_a_buffer_cost_no_row(
    place: Place, dolt_server: DoltServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, in the middle of LOAD DATA: each part is sent again."""
    send = dolt_writer.LoadDataWriter._send
    killed: list[int] = []

    def interrupted(self: Any, connection: sa.Connection, chunks: Any, count: int) -> None:
        def cut() -> Iterator[bytes]:
            for number, chunk in enumerate(chunks):
                if number == 1 and not killed:
                    (run,) = run_branches(place)
                    name = f"{place.config['database']}/{run}"
                    killed.append(dolt_server.kill_connections(to=name))
                yield chunk

        send(self, connection, cut(), count)

    monkeypatch.setattr(dolt_writer, "CHUNK_ROWS", 10)
    monkeypatch.setattr(dolt_writer.LoadDataWriter, "_send", interrupted)
    rows = [numbered(number) for number in range(400)]
    states = Watched(place).load(
        numbered_stream(["id"]), *rows[:200], state({"n": 1}), *rows[200:], state({"n": 2}),
        lanes=3, bulk_load="load_data", batch_size_rows=100, commit_interval_seconds=0,
    )  # fmt: skip
    assert killed
    assert states == ['{"n":1}', '{"n":2}']
    assert numbers_of(place) == list(range(400))
    assert place.log() == ["Load t: 200 added", "Load t: 200 added"]


FIVE = [f"t{place}" for place in range(5)]
HASHES = f"SELECT {', '.join(f'dolt_hashof_table({one!r})' for one in FIVE)}"


def _five_streams() -> list[dict[str, Any]]:
    """Return the SCHEMAs of five streams, one of them without a key."""
    return [numbered_stream([] if name == "t3" else ["id"], name) for name in FIVE]


def _by_turns(numbers: range) -> list[dict[str, Any]]:
    """Return records of the five streams, and a STATE."""
    return [*(numbered(one, FIVE[one % 5]) for one in numbers), state({"n": numbers[-1]})]


@BOTH
def test_small_buffers_of_several_tables_are_written_side_by_side(
    place: Place, bulk_load: str, sessions: set[int]
) -> None:
    """Tables go to lanes where their parts would be too small; all are in one commit."""
    messages = [*_five_streams(), *_by_turns(range(400))]
    place.call("dolt_branch", "other")
    place.load(messages, lanes=2, bulk_load=bulk_load)
    assert [numbers_of(place, name) for name in FIVE] == [
        list(range(one, 400, 5)) for one in range(5)
    ]
    assert len(place.log()) == 1
    assert len(sessions) == (2 if bulk_load == "load_data" else 0)
    place.load(messages, lanes=1, branch="other")
    assert place.query(HASHES) == place.query(HASHES, at="other")


def test_one_table_that_refuses_its_rows_is_named_and_takes_the_others_along(place: Place) -> None:
    """No STATE goes out, and the branch shows nothing of any of them."""
    place.execute(
        "CREATE TABLE t4 (id bigint PRIMARY KEY, v longtext, CHECK (id <> 39))",
        "CALL dolt_commit('-Am', 'somebody')",
    )
    with pytest.raises(WriteError, match="table 't4'"):
        place.load([*_five_streams(), *_by_turns(range(40))], lanes=2)
    assert place.tables() == ["t4"]
    assert place.branches() == ["main"]


@quick_retries
def test_connections_killed_while_several_tables_are_written_cost_no_row(
    place: Place, dolt_server: DoltServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the transactions had ended: none is lost, and none counts twice."""
    send = dolt_writer.LoadDataWriter._send
    sent: list[str] = []

    def interrupted(self: Any, connection: sa.Connection, chunks: Any, count: int) -> None:
        send(self, connection, chunks, count)
        sent.append(self._table.name)
        if len(sent) in {2, 9}:
            (run,) = run_branches(place)
            dolt_server.kill_connections(to=f"{place.config['database']}/{run}")

    monkeypatch.setattr(dolt_writer.LoadDataWriter, "_send", interrupted)
    messages = [*_five_streams(), *_by_turns(range(100)), *_by_turns(range(100, 200))]
    place.load(messages, lanes=2, bulk_load="load_data", commit_interval_seconds=0)
    assert len(sent) > 10
    assert [numbers_of(place, name) for name in FIVE] == [
        list(range(one, 200, 5)) for one in range(5)
    ]
    assert len(place.log()) == 2


@pytest.mark.parametrize(
    ("rows", "keys", "connections"),
    [(1_999, ["id"], 1), (2_000, ["id"], 2), (9_000, ["id"], 3), (9_000, [], 1)],
)
def test_few_rows_and_rows_without_a_key_take_one_lane(
    place: Place,
    rows: int,
    keys: list[str],
    connections: int,
    sessions: set[int],
) -> None:
    """A transaction more is not worth its while; equal rows would not be told apart."""
    place.load([numbered_stream(keys), *map(numbered, range(rows)), state({"n": 1})], lanes=3)
    assert numbers_of(place) == list(range(rows))
    assert len(sessions) == connections


def test_keys_that_a_server_may_round_take_one_lane(place: Place, sessions: set[int]) -> None:
    """Two numbers may be one row there."""
    rows = [record("t", id=number / 4) for number in range(3_000)]
    place.load([schema("t", {"id": {"type": "number"}}), *rows, state({"n": 1})], lanes=3)
    assert len(numbers_of(place)) == 3_000
    assert len(sessions) == 1


@pytest.mark.parametrize(
    ("host", "cores", "lanes"),
    [("localhost", 1, 1), ("127.0.0.1", 2, 2), ("::1", 16, 4), ("db.example", 16, 2)],
)
def test_lanes_are_as_many_as_the_cores_of_this_machine_and_two_elsewhere(
    monkeypatch: pytest.MonkeyPatch, host: str, cores: int, lanes: int
) -> None:
    """A server does not say how many cores it has."""
    monkeypatch.setattr(server_room.os, "cpu_count", lambda: cores)
    assert server_room.good_lanes(host) == lanes


def test_no_lanes_at_all_is_a_config_error(place: Place) -> None:
    """It is said before anything is opened."""
    with pytest.raises(ConfigError, match="`lanes` must be 1 or more"):
        place.load([numbered_stream(["id"])], lanes=0)
