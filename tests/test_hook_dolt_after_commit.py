"""`dolt_after_commit`: a plugin observes a commit that is on the branch."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from support import Message, Place, record, schema, singer, state
from support_values import ID, lite

from target_dolt import Commit, TableChange, hookimpl
from target_dolt.plugins import load_plugins
from target_dolt.target import TargetDolt

LINES: list[Message | str] = [
    schema("dogs", {"id": ID}),
    record("dogs", id=1),
    state({"n": 1}),
    record("dogs", id=2),
    record("dogs", id=3),
    state({"n": 2}),
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh DoltLite file."""
    return lite(tmp_path)


class Observer:
    """Notes each commit and what is on the branch and on stdout by then."""

    def __init__(self, place: Place, output: io.StringIO) -> None:
        """Look at a place."""
        self.place = place
        self.output = output
        self.seen: list[tuple[Commit, list[str], int, str]] = []

    @hookimpl
    def dolt_after_commit(self, commit: Commit) -> None:
        """Look."""
        rows = len(self.place.rows("dogs"))
        self.seen.append((commit, self.place.commits(), rows, self.output.getvalue()))


def test_observer_sees_each_commit_on_the_branch_and_before_its_state(place: Place) -> None:
    """With its hash, its message and what it changed."""
    output = io.StringIO()
    observer = Observer(place, output)
    with redirect_stdout(output):
        target = TargetDolt(config=place.config, plugins=load_plugins([observer]))
        target.listen(io.StringIO(singer(LINES)))
    (one, first_log, first_rows, first_output), (two, second_log, second_rows, second_output) = (
        observer.seen
    )
    assert [one.hash, two.hash] == place.commits()
    assert (first_log, second_log) == ([one.hash], [one.hash, two.hash])
    assert (first_rows, second_rows) == (1, 3)
    assert (first_output, second_output) == ("", '{"n":1}\n')
    assert output.getvalue() == '{"n":1}\n{"n":2}\n'
    assert one.message.startswith("Load dogs: 1 added")
    assert two.pending.changes == (TableChange("dogs", added=2, changed=0, deleted=0),)


class Broken:
    """Fails at its second commit."""

    def __init__(self) -> None:
        """Begin with none."""
        self.commits = 0

    @hookimpl
    def dolt_after_commit(self) -> None:
        """Fail."""
        self.commits += 1
        if self.commits == 2:
            msg = "the observer is broken"
            raise RuntimeError(msg)


def test_error_of_an_observer_stops_the_run_before_the_state_goes_out(place: Place) -> None:
    """The commit stands; a run after it goes on from the STATE before."""
    output = io.StringIO()
    broken = Broken()
    with redirect_stdout(output):
        target = TargetDolt(config=place.config, plugins=load_plugins([broken]))
        with pytest.raises(Exception, match="the observer is broken"):
            target.listen(io.StringIO(singer([*LINES, record("dogs", id=4), state({"n": 3})])))
    assert output.getvalue() == '{"n":1}\n'
    assert broken.commits == 2
    assert [row["id"] for row in place.rows("dogs")] == [1, 2, 3]
    assert place.branches() == ["main"]


def test_observer_is_not_called_where_nothing_was_committed(place: Place) -> None:
    """A run without a difference passes its STATE on and makes no commit."""
    place.load(LINES)
    observer = Observer(place, io.StringIO())
    assert place.load(LINES, plugins=load_plugins([observer]))[-1] == {"n": 2}
    assert observer.seen == []
