"""Lost connections: no row is lost or there twice, and each commit is made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from support import Place, state
from support_dolt import (
    BOTH,
    KEYS,
    LOST,
    ONE_DOG,
    DoltServer,
    few_retries,
    needs_dolt,
    numbered,
    numbered_stream,
    numbers_of,
    quick_retries,
)
from support_state import CATS, DOGS, Watched, cat, dog, ids, run_branches, wait_until
from support_wire import Wire

from target_dolt import retry
from target_dolt.errors import GuardError, TargetDoltError, WriteError
from target_dolt_plugins.dolt_database import DoltDatabase
from target_dolt_plugins.dolt_writer import LoadDataWriter

pytestmark = needs_dolt


@quick_retries
@KEYS
@BOTH
def test_connections_that_the_server_kills_between_two_buffers_cost_no_row(
    place: Place, dolt_server: DoltServer, keys: list[str], bulk_load: str
) -> None:
    """Every connection of the loader, between buffers, before a STATE and after one."""

    def kill() -> None:
        names = [place.config["database"]]
        names += [f"{names[0]}/{branch}" for branch in ("main", *run_branches(place))]
        # After the kill before, the loader may be about to connect again beside us.
        wait_until(
            lambda: sum(dolt_server.kill_connections(to=name) for name in names) >= 1,
            "the loader has no connection",
        )

    rows = [numbered(number) for number in range(12)]
    states = Watched(place).load(
        numbered_stream(keys), *rows[:3], kill, *rows[3:6], kill, state({"n": 1}), kill,
        *rows[6:9], state({"n": 2}), kill, *rows[9:], kill, state({"n": 3}),
        batch_size_rows=2, bulk_load=bulk_load, commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}', '{"n":3}']
    assert numbers_of(place) == list(range(12))
    assert place.log() == ["Load t: 6 added", "Load t: 3 added", "Load t: 3 added"]
    assert place.branches() == ["main"]


@quick_retries
@KEYS
def test_a_connection_that_the_server_kills_within_a_buffer_costs_no_row(
    place: Place, dolt_server: DoltServer, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a LOAD DATA: its rows are all there, once."""
    chunks = LoadDataWriter._chunks
    killed: list[int] = []

    def interrupted(self: Any, rows: Any) -> Iterator[bytes]:
        for number, chunk in enumerate(chunks(self, rows)):
            if number == 1 and not killed:
                (run,) = run_branches(place)
                killed.append(dolt_server.kill_connections(to=f"{place.config['database']}/{run}"))
            yield chunk

    monkeypatch.setattr("target_dolt_plugins.dolt_writer.CHUNK_ROWS", 10)
    monkeypatch.setattr(LoadDataWriter, "_chunks", interrupted)
    rows = map(numbered, range(100))
    place.load([numbered_stream(keys), *rows, state({"n": 1})], bulk_load="load_data")
    assert killed == [1]
    assert numbers_of(place) == list(range(100))
    assert place.log() == ["Load t: 100 added"]


@quick_retries
@KEYS
@pytest.mark.parametrize(
    "request_", [b"LOAD DATA", b"REPLACE INTO", b"COMMIT"], ids=["rows", "insert", "end"]
)
@LOST
def test_a_connection_lost_at_a_buffers_request_or_its_answer_costs_no_row(
    place: Place, dolt_server: DoltServer, keys: list[str], request_: bytes, lost: str
) -> None:  # fmt: skip
    """Also where the transaction was committed and only the word of it did not come."""
    way = "insert" if request_ == b"REPLACE INTO" else "load_data"
    with Wire(dolt_server.port) as wire:
        through = Place(place.config | {"port": wire.port})
        run = Watched(through)
        states = run.load(
            numbered_stream(keys), numbered(1),
            lambda: wire.cut(on=request_, answered=lost == "answer"),
            numbered(2), numbered(3), numbered(4), numbered(5), state({"n": 1}),
            batch_size_rows=4, bulk_load=way,
        )  # fmt: skip
        assert wire.was_cut
    assert states == ['{"n":1}']
    assert numbers_of(place) == [1, 2, 3, 4, 5]
    assert place.log() == ["Load t: 5 added"]
    assert place.branches() == ["main"]


@quick_retries
@pytest.mark.parametrize("procedure", [b"dolt_add", b"dolt_commit", b"dolt_merge"])
@LOST
def test_a_connection_lost_at_a_step_of_the_commit_or_its_answer_makes_one_commit(
    place: Place, dolt_server: DoltServer, procedure: bytes, lost: str
) -> None:
    """The commit and the move of the branch are each done once, whatever word of them is lost."""
    with Wire(dolt_server.port) as wire:
        through = Place(place.config | {"port": wire.port})
        states = Watched(through).load(
            DOGS, dog(1), lambda: wire.cut(on=procedure, answered=lost == "answer"),
            state({"n": 1}), dog(2), state({"n": 2}), commit_interval_seconds=0,
        )  # fmt: skip
        assert wire.was_cut
    assert states == ['{"n":1}', '{"n":2}']
    assert ids(place) == [1, 2]
    assert place.log() == ["Load dogs: 1 added"] * 2
    assert place.kept_state() == {"n": 2}
    assert place.branches() == ["main"]


@quick_retries
@LOST
def test_a_connection_lost_where_another_is_made_for_a_lane_costs_no_row(
    place: Place, dolt_server: DoltServer, lost: str
) -> None:
    """It is made again: the first rows of two tables are written side by side all the same."""
    with Wire(dolt_server.port) as wire:
        through = Place(place.config | {"port": wire.port})
        states = Watched(through).load(
            DOGS, CATS, lambda: wire.cut(on=b"/target-dolt/", answered=lost == "answer"),
            dog(1), cat(1), state({"n": 1}), lanes=2,
        )  # fmt: skip
        assert wire.was_cut
    assert states == ['{"n":1}']
    assert (ids(place), ids(place, "cats")) == ([1], [1])
    assert place.log() == ["Load cats, dogs: 2 added"]
    assert place.branches() == ["main"]


@quick_retries
@LOST
def test_a_connection_lost_where_a_load_is_held_back_costs_no_row_of_it(
    place: Place, dolt_server: DoltServer, lost: str
) -> None:
    """Its branch has the name that the error tells, which no run removes."""
    with Wire(dolt_server.port) as wire:
        wire.cut(on=b"dolt_branch('-m'", answered=lost == "answer")
        through = Place(place.config | {"port": wire.port})
        with pytest.raises(GuardError) as told:
            through.load(ONE_DOG, min_rows=2)
        assert wire.was_cut
    [name] = [one for one in place.branches() if one != "main"]
    assert f"kept on the branch '{name}'" in str(told.value)
    assert place.load(ONE_DOG) == [{"n": 1}]
    assert place.branches() == [name, "main"]
    assert ids(place, at=name) == [1]


@quick_retries
@pytest.mark.parametrize("procedure", ["dolt_commit", "dolt_merge"])
def test_an_answer_lost_twice_in_a_row_still_makes_one_commit(
    place: Place, procedure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt's answer may be lost as well."""
    call = DoltDatabase.call
    lost: list[str] = []

    def forgetful(self: Any, connection: sa.Connection, name: str, *arguments: str) -> Any:
        answer = call(self, connection, name, *arguments)
        if name == procedure and len(lost) < 2:
            lost.append(name)
            connection.commit()
            connection.invalidate()
            raise driver_error(2013, "Lost connection", lost=True)
        return answer

    monkeypatch.setattr(DoltDatabase, "call", forgetful)
    states = place.load([DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2})],
                        commit_interval_seconds=0)  # fmt: skip
    assert states == [{"n": 1}, {"n": 2}]
    assert len(lost) == 2
    assert place.log() == ["Load dogs: 1 added"] * 2
    assert ids(place) == [1, 2]


def driver_error(code: int, text: str, *, lost: bool = False) -> sa.exc.DBAPIError:
    """Return an error of the driver as SQLAlchemy raises it."""
    error = pymysql.err.OperationalError(code, text)
    return sa.exc.OperationalError(text, (), error, connection_invalidated=lost)


@quick_retries
@LOST
def test_a_connection_lost_at_any_request_of_a_window_costs_no_row_and_makes_one_commit(
    dolt_server: DoltServer, lost: str
) -> None:
    """Every single request between a record and its STATE, one run for each; without a key."""
    keys: list[str] = []
    with Wire(dolt_server.port) as wire:

        def run(at: int) -> tuple[Any, ...]:
            dolt_server.drop_databases()
            place = Place(dolt_server.new_database())
            through = Place(place.config | {"port": wire.port})
            try:
                states = Watched(through).load(
                    numbered_stream(keys), numbered(0), state({"n": 0}),
                    lambda: wire.cut(at=at, answered=lost == "answer"),
                    numbered(1), numbered(2), numbered(3), state({"n": 1}),
                    wire.cut,
                    batch_size_rows=2, commit_interval_seconds=0,
                )  # fmt: skip
            except (TargetDoltError, sa.exc.DBAPIError) as error:
                return type(error).__name__, str(error)
            return states, numbers_of(place), place.log(), place.branches()

        good = ['{"n":0}', '{"n":1}'], [0, 1, 2, 3], ["Load t: 1 added", "Load t: 3 added"], [
            "main"
        ]  # fmt: skip
        counted: list[int] = []
        place = Place(dolt_server.new_database())
        Watched(Place(place.config | {"port": wire.port})).load(
            numbered_stream(keys), numbered(0), state({"n": 0}), wire.cut,
            numbered(1), numbered(2), numbered(3), state({"n": 1}),
            lambda: counted.append(wire.requests),
            batch_size_rows=2, commit_interval_seconds=0,
        )  # fmt: skip
        assert counted[0] > 10
        ends = {at: run(at) for at in range(1, counted[0] + 1)}
    assert {at: end for at, end in ends.items() if end != good} == {}


@quick_retries
def test_a_serialization_failure_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Error 1213 at a buffer and at the commit, each once."""
    met: list[str] = []
    send, call = LoadDataWriter._send, DoltDatabase.call

    def meeting(self: Any, connection: sa.Connection, chunks: Any, count: int) -> None:
        send(self, connection, chunks, count)
        if self._table.name == "dogs" and "rows" not in met:
            met.append("rows")
            raise driver_error(1213, "serialization failure")

    def meeting_too(self: Any, connection: sa.Connection, name: str, *arguments: str) -> Any:
        if name == "dolt_commit" and "commit" not in met:
            met.append("commit")
            raise driver_error(1213, "serialization failure")
        return call(self, connection, name, *arguments)

    monkeypatch.setattr(LoadDataWriter, "_send", meeting)
    monkeypatch.setattr(DoltDatabase, "call", meeting_too)
    assert place.load(ONE_DOG, bulk_load="load_data") == [{"n": 1}]
    assert met == ["rows", "commit"]
    assert ids(place) == [1]
    assert place.log() == ["Load dogs: 1 added"]


@few_retries
def test_attempts_are_bounded_where_the_error_never_goes_away(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with what the server said, and nothing of the window is on the branch."""
    attempts: list[int] = []

    def never(*_: Any) -> None:
        attempts.append(1)
        raise driver_error(1213, "serialization failure")

    monkeypatch.setattr(LoadDataWriter, "_send", _only_dogs(LoadDataWriter._send, never))
    with pytest.raises(WriteError, match="serialization failure"):
        place.load(ONE_DOG, bulk_load="load_data")
    assert len(attempts) == len(retry.PAUSES_SECONDS) + 1
    assert place.log() == []
    assert place.branches() == ["main"]


def _only_dogs(upsert: Callable[..., None], instead: Callable[..., None]) -> Callable[..., None]:
    def chosen(self: Any, *arguments: Any) -> None:
        (instead if self._table.name == "dogs" else upsert)(self, *arguments)

    return chosen
