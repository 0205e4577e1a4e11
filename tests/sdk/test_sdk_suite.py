"""singer-sdk's target test suite, and beside it what each of its files must leave behind.

Most of the SDK's tests assert only that nothing is raised; the second half of this module
compares the tables' content, the commits and the STATE lines.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import pytest
from sdk.expected_streams import LOADED, REFUSED, Left
from singer_sdk.testing import get_target_test_class, target_test_streams
from singer_sdk.testing.runners import TargetTestRunner
from singer_sdk.testing.suites import target_tests
from support import Place
from support_state import kept, run_branches

from target_dolt import errors
from target_dolt.target import TargetDolt

STREAMS = importlib.resources.files(target_test_streams)


class OneTargetAtATime(TargetTestRunner):
    """The SDK's runner, but for the target that it makes and never runs.

    Each test of the suite makes a target for its own use before the runner makes the one that
    loads. Ours holds its pipeline's lock from its making to its `close`, so that one is closed.
    """

    _made: TargetDolt | None = None

    def new_target(self) -> TargetDolt:
        """Return a new target, after closing the one before."""
        if self._made is not None:
            self._made.close()
        self._made = super().new_target()
        return self._made


class TestSDKSuite(get_target_test_class(TargetDolt)):  # type: ignore[misc]
    """The SDK's suite as it is, each test on a file of its own.

    What the SDK itself leaves out of it: `multiple_state_messages`, because it compares text
    with parsed objects, and expects three STATEs of five (ours come out all five: see LOADED);
    `record_missing_required_property`, whose class expects that a record against its own
    SCHEMA is loaded (see REFUSED).
    """

    @pytest.fixture
    def runner(self, tmp_path: Path) -> TargetTestRunner:
        """A runner on a fresh database."""
        return OneTargetAtATime(TargetDolt, {"path": str(tmp_path / "test.db")})


def test_the_suite_is_the_whole_of_the_sdks() -> None:
    """Each of the SDK's target tests is a test here; a new SDK's new ones will be too."""
    ours = {name for name in dir(TestSDKSuite) if name.startswith("test_target_")}
    assert ours == {f"test_target_{test.name}" for test in target_tests.tests}
    assert len(ours) == 16


def test_each_file_of_the_sdk_has_its_expectation() -> None:
    """A file that a new SDK brings fails here until somebody has read it."""
    files = {one.name.removesuffix(".singer") for one in STREAMS.iterdir()}
    assert {name for name in files if not name.startswith("__")} == LOADED.keys() | REFUSED.keys()
    assert not LOADED.keys() & REFUSED.keys()


def lines_of(name: str) -> list[str]:
    """Return the lines of one of the SDK's files."""
    return (STREAMS / f"{name}.singer").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("name", "left"), [pytest.param(*item, id=item[0]) for item in LOADED.items()]
)
def test_a_file_leaves_these_rows_commits_and_states(place: Place, name: str, left: Left) -> None:
    """The tables' whole content, the history's messages, what came out and what is kept."""
    for earlier in left.before:
        place.load(lines_of(earlier))
    assert place.load(lines_of(name)) == left.states
    assert place.tables() == sorted(left.tables)
    for table, rows in left.tables.items():
        assert in_order(place.rows(table)) == in_order(rows), table
    assert place.log() == left.log
    assert kept(place) == left.kept
    assert run_branches(place) == []
    found = {
        (table, column): spelled
        for table, column, spelled in place.query(
            "SELECT table_name, column_name, column_type FROM _target_dolt_columns"
        )
    }
    assert {place: found.get(place) for place in left.types} == left.types


KEYLESS = {"no_primary_keys", "no_primary_keys_append", "pk_updates", "schema_no_properties"}


@pytest.mark.parametrize("name", sorted(LOADED.keys() - KEYLESS))
def test_a_file_with_keys_loaded_again_makes_no_commit(place: Place, name: str) -> None:
    """The same rows by the same keys are no difference; the STATEs come out again."""
    left = LOADED[name]
    for one in (*left.before, name):
        place.load(lines_of(one))
    before = place.commits()
    assert place.load(lines_of(name)) == left.states
    assert place.commits() == before


@pytest.mark.parametrize("name", sorted(KEYLESS))
def test_a_file_without_keys_loaded_again_is_appended(place: Place, name: str) -> None:
    """Without a key nothing tells two rows apart: each comes twice."""
    for one in (name, name):
        place.load(lines_of(one))
    for table, rows in LOADED[name].tables.items():
        once = rows[3:] if name == "no_primary_keys_append" else rows
        assert in_order(place.rows(table)) == in_order(once + once)
    assert len(place.commits()) == 2


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [pytest.param(name, *rest, id=name) for name, rest in REFUSED.items()],
)
def test_a_file_that_is_refused_leaves_nothing_behind(
    place: Place, capsys: pytest.CaptureFixture[str], name: str, error: str, says: str
) -> None:
    """The class and the sentence of the error; no commit, no table, no state, no branch."""
    with pytest.raises(getattr(errors, error), match=says) as raised:
        place.load(lines_of(name))
    assert type(raised.value).__name__ == error
    assert capsys.readouterr().out == ""
    assert place.tables() == []
    assert place.log() == []
    assert kept(place) is None
    assert place.branches() == ["main"]


def test_a_record_against_its_schema_is_loaded_where_validation_is_off(place: Place) -> None:
    """`validate_records: false` takes what `required` would refuse; the column is NULL."""
    place.load(lines_of("record_missing_required_property"), validate_records=False)
    assert place.rows("test_record_missing_required_property") == [{"id": None, "metric": 3215}]
    assert place.log() == ["Load test_record_missing_required_property: 1 added"]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows in an order that does not depend on how they came."""
    return sorted(rows, key=lambda row: [str(row[name]) for name in sorted(row)])
