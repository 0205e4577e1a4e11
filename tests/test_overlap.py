"""Work beside the reading of input: in order, and nothing after what has failed."""

from __future__ import annotations

import threading
from unittest.mock import MagicMock

import pytest
import sqlalchemy as sa
from support_state import wait_until

from target_dolt import Table
from target_dolt.errors import WriteError
from target_dolt.loading.lanes import Lanes, TableWrite
from target_dolt.loading.overlap import Overlap


class _BrokenError(Exception):
    """What a piece of work raises."""


def _fail() -> None:
    raise _BrokenError


@pytest.mark.parametrize("enabled", [True, False])
def test_pieces_of_work_are_done_in_their_order(enabled: bool) -> None:  # noqa: FBT001
    """Whether they wait for each other or queue up."""
    done: list[int] = []
    overlap = Overlap(enabled=enabled)
    overlap.run(lambda: done.append(1))
    overlap.follow(lambda: done.append(2))
    overlap.follow(lambda: done.append(3))
    overlap.run(lambda: done.append(4))
    overlap.close()
    assert done == [1, 2, 3, 4]


def test_what_follows_does_not_wait_for_what_runs() -> None:
    """A commit is queued behind rows that are still being written."""
    may_end = threading.Event()
    overlap = Overlap(enabled=True)
    overlap.run(lambda: may_end.wait(60) and None)
    overlap.follow(lambda: None)
    assert not overlap.ended()
    may_end.set()
    overlap.wait()
    assert overlap.ended()


def test_nothing_follows_what_has_failed() -> None:
    """Rows that were not written may not be committed; the error is the first one's."""
    done: list[int] = []
    overlap = Overlap(enabled=True)
    overlap.run(_fail)
    overlap.follow(lambda: done.append(1))
    overlap.follow(lambda: done.append(2))
    with pytest.raises(_BrokenError):
        overlap.wait()
    overlap.close()
    assert done == []


def test_whoever_asks_whether_work_has_ended_hears_of_its_error() -> None:
    """An idle input hears of it without another message."""
    overlap = Overlap(enabled=True)
    overlap.run(_fail)
    with pytest.raises(_BrokenError):
        _look_until_ended(overlap)
    overlap.close()


def _run(overlap: Overlap) -> None:
    overlap.run(_fail)
    overlap.wait()


def _look_until_ended(overlap: Overlap) -> None:
    while not overlap.ended():
        pass


def test_what_fails_behind_another_error_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    """It may name the branch that holds rows; of a strange error only the kind, never a value."""
    for error in (WriteError("kept on the branch 'held/1'"), ValueError("a row's value")):
        overlap = Overlap(enabled=True)

        def fail(error: Exception = error) -> None:
            raise error

        overlap.run(fail)
        overlap.close()
    assert [one.getMessage() for one in caplog.records] == [
        "Beside that, what was being written failed: kept on the branch 'held/1'",
        "Beside that, what was being written failed: ValueError",
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_what_has_failed_is_remembered(enabled: bool) -> None:  # noqa: FBT001
    """Also after its error was heard of: rows were lost."""
    overlap = Overlap(enabled=enabled)
    assert not overlap.failed
    with pytest.raises(_BrokenError):
        _run(overlap)
    overlap.close()
    assert overlap.failed


def test_a_writer_that_died_is_told_instead_of_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An executor's thread that ends by itself takes what was handed to it along."""
    monkeypatch.setattr("target_dolt.loading.overlap.LOOK_SECONDS", 0.01)
    overlap = Overlap(enabled=True)
    overlap.run(lambda: None)
    overlap.wait()
    assert overlap._executor is not None
    overlap._executor._work_queue.put("no work")  # type: ignore[arg-type]
    wait_until(lambda: not overlap._lives(), "the thread lives on")
    overlap.run(lambda: None)
    with pytest.raises(WriteError, match="has ended by itself"):
        overlap.wait()
    assert overlap.failed


def test_a_lane_that_died_is_told_instead_of_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the one that writes and commits."""
    monkeypatch.setattr("target_dolt.loading.overlap.LOOK_SECONDS", 0.01)
    branch = MagicMock(database=MagicMock(lanes=2))
    branch.lanes = lambda count: [MagicMock() for _ in range(count)]
    branch.again = lambda _, attempt: attempt()
    lanes = Lanes(branch)
    table = Table("t", {"id": sa.BigInteger()}, ("id",))
    lanes.write([TableWrite("t", table, [lambda _: None, lambda _: None])])
    lanes._executor._work_queue.put("no work")  # type: ignore[arg-type]
    wait_until(lambda: not any(one.is_alive() for one in lanes._threads), "the thread lives on")
    with pytest.raises(WriteError, match="has ended by itself"):
        lanes.write([TableWrite("t", table, [lambda _: None, lambda _: None])])
