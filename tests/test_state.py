"""State and order: a STATE on stdout means that every record before it is in a commit."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from support import Place, database_of, singer
from support_state import (
    CATS,
    DOG,
    DOGS,
    Clock,
    Watched,
    cat,
    command,
    dog,
    finish,
    ids,
    kept,
    next_line,
    print_state,
    record,
    run_branches,
    schema,
    send,
    state,
)

from tap_adapters.commands.cli import cli
from target_dolt import hookimpl
from target_dolt.dialect import ColumnType, Converter
from target_dolt.errors import (
    CommitConflictError,
    ConfigError,
    IncompleteReplaceError,
    LockedError,
    RecordError,
    WriteError,
)
from target_dolt.loading.state import FREE_COMMITS, Pace
from target_dolt.plugins import load_plugins


@pytest.fixture
def watched(place: Place) -> Watched:
    """A run whose tap looks around between two messages."""
    return Watched(place)


# State


def test_a_state_comes_out_only_after_its_records_are_on_the_branch(watched: Watched) -> None:
    """At the moment that the line is there, a reader of the branch finds the rows and the state."""
    place, seen = watched.place, []

    def look() -> None:
        seen.append((list(watched.lines), place.tables() and ids(place), kept(place)))

    watched.load(DOGS, dog(1), look, state({"n": 1}), look, dog(2), look, state({"n": 2}), look)
    assert seen == [
        ([], [], None),
        (['{"n":1}'], [1], {"n": 1}),
        (['{"n":1}'], [1], {"n": 1}),
        (['{"n":1}', '{"n":2}'], [1, 2], {"n": 2}),
    ]


def test_readers_of_the_branch_see_nothing_before_the_commit(watched: Watched) -> None:
    """Full buffers go to the run branch only; on the target branch not even the table is there."""
    place, seen = watched.place, []

    def look() -> None:
        (run,) = run_branches(place)
        dirty = place.query("SELECT table_name FROM dolt_status")
        seen.append((place.tables(), place.log(), dirty, ids(place, at=run)))

    watched.load(DOGS, dog(1), dog(2), dog(3), dog(4), look, state({"n": 1}), batch_size_rows=2)
    assert seen == [([], [], [], [1, 2, 3, 4])]
    assert ids(place) == [1, 2, 3, 4]


def test_nothing_comes_out_when_the_commit_fails(watched: Watched) -> None:
    """Somebody changes the same table: the STATE of that commit point stays inside."""
    place = watched.place
    place.load([DOGS, dog(1), state({"n": 1})], pipeline_id="first")

    def interfere() -> None:
        place.execute("UPDATE dogs SET name = 'theirs' WHERE id = 1")
        place.call("dolt_commit", "-A", "-m", "by hand")

    with pytest.raises(CommitConflictError, match="somebody else changed dogs on the branch"):
        watched.load(DOGS, interfere, dog(1, "ours"), state({"n": 2}))
    assert watched.lines == []
    assert place.rows("dogs") == [{"id": 1, "name": "theirs"}]
    assert place.log() == ["Load dogs: 1 added", "by hand"]
    assert kept(place) is None
    assert run_branches(place) == []
    (held,) = [name for name in place.branches() if name.startswith("held/")]
    assert place.rows("dogs", at=held) == [{"id": 1, "name": "ours"}]


def test_rows_of_two_streams_before_one_state_are_in_one_commit(place: Place) -> None:
    """Two tables, one STATE, one commit that holds the state as well."""
    out = place.load([DOGS, CATS, dog(1), cat(7), dog(2), state({"n": 3})])
    assert out == [{"n": 3}]
    assert place.log() == ["Load cats, dogs: 3 added"]
    (commit,) = place.commits()
    assert ids(place, "dogs", at=commit) == [1, 2]
    assert ids(place, "cats", at=commit) == [7]
    assert kept(place, at=commit) == {"n": 3}


def test_each_commit_holds_the_rows_and_the_state_that_belong_together(place: Place) -> None:
    """Going back to any commit finds the state to go on from with it."""
    place.load([DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2}), dog(3), state({"n": 3})])
    found = [(ids(place, at=commit), kept(place, at=commit)) for commit in place.commits()]
    assert found == [([1], {"n": 1}), ([1, 2], {"n": 2}), ([1, 2, 3], {"n": 3})]


@pytest.mark.parametrize("empty", [{}, None])
def test_an_empty_state_never_overwrites_a_real_one(place: Place, empty: Any) -> None:
    """Neither on stdout nor in the database, in the same run and in a later one."""
    out = place.load([DOGS, dog(1), state({"n": 1}), dog(2), state(empty)])
    assert out == [{"n": 1}]
    assert ids(place) == [1, 2]
    assert kept(place) == {"n": 1}
    assert place.load([DOGS, dog(3), state(empty)]) == []
    assert ids(place) == [1, 2, 3]
    assert kept(place) == {"n": 1}


def test_an_empty_state_does_not_take_the_place_of_one_that_waits(watched: Watched) -> None:
    """A coalesced STATE followed by an empty one still comes out."""
    out = watched.load(
        DOGS,
        dog(1),
        state({"n": 1}),
        dog(2),
        state({"n": 2}),
        state({}),
        commit_interval_seconds=1,
    )
    assert out == ['{"n":1}', '{"n":2}']
    assert kept(watched.place) == {"n": 2}


def test_equal_states_are_neither_committed_nor_passed_on_twice(watched: Watched) -> None:
    """The same STATE again without new records makes no commit and no line."""
    out = watched.load(DOGS, dog(1), state({"n": 1}), state({"n": 1}), state({"n": 1}))
    assert out == ['{"n":1}']
    assert watched.place.log() == ["Load dogs: 1 added"]


def test_equal_states_around_records_that_change_nothing_make_one_commit(watched: Watched) -> None:
    """A tap that repeats its last row and STATE, as incremental taps do, adds no history."""
    again = [dog(1, "Rex"), state({"n": 1})]
    assert watched.load(DOGS, *again, *again, *again) == ['{"n":1}']
    assert watched.place.log() == ["Load dogs: 1 added"]


def test_rows_between_two_equal_states_are_committed_and_the_line_is_not_repeated(
    watched: Watched,
) -> None:
    """Equal states do not hold rows back."""
    out = watched.load(DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 1}))
    assert out == ['{"n":1}']
    assert watched.place.log() == ["Load dogs: 1 added", "Load dogs: 1 added"]
    assert ids(watched.place) == [1, 2]


def test_the_numbers_in_a_state_keep_their_digits(watched: Watched) -> None:
    """On stdout, in the database and from --print-state: the same text."""
    numbers = (
        *("1.50", "0.1", "1.0", "-0.0", "3.14159265358979323846"),
        *("12345678901234567890.123456789", str(10**40), str(2**64), str(-(2**63) - 1)),
    )
    line = f'{{"bookmark":{{"at":[{",".join(numbers)}]}}}}'
    message = f'{{"type": "STATE", "value": {line}}}'
    assert watched.load(DOGS, dog(1), message) == [line]
    assert watched.place.query("SELECT state FROM _target_dolt_state") == [(line,)]
    assert print_state(watched.place) == line + "\n"


def test_a_state_keeps_its_texts_and_the_order_of_its_keys(watched: Watched) -> None:
    """Blanks, quotes, control characters and other scripts come out as the same JSON."""
    value = {"z": "naïve 名前 \U0001f415", "a": 'quote " \\ \n \u0000 end', "m": [None, True, {}]}
    (line,) = watched.load(DOGS, dog(1), state(value))
    assert json.loads(line) == value
    assert list(json.loads(line)) == ["z", "a", "m"]
    assert kept(watched.place) == value


def test_a_run_without_a_difference_says_that_it_made_no_commit(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Silence could mean that nothing came."""
    word = "No commit: nothing differs from what the branch has"
    with caplog.at_level("INFO", "target-dolt"):
        place.load([DOGS, dog(1), state({"n": 1})])
        assert word not in caplog.messages
        place.load([DOGS, dog(1), state({"n": 1})])
    assert caplog.messages.count(word) == 1


def test_a_run_logs_little_beside_its_commits(place: Place) -> None:
    """What began, each commit, and how much was read, however many rows there were."""
    rows = [dog(n) for n in range(50)]
    done = command(place, singer([DOGS, *rows, state({"n": 1})]), batch_size_rows=10)
    assert (done.returncode, done.stdout) == (0, '{"n":1}\n')
    logged = [line.split(" | ")[-1] for line in done.stderr.splitlines() if " | INFO " in line]
    assert sorted(re.sub(r"\S*\d\S*", "N", line) for line in logged) == [
        "Committed N dogs N N N in N s",
        READ,
        "target-dolt N Meltano SDK N",
    ]


READ = (
    "Reader 'target-dolt' completed processing N lines of input N schemas, N records, N batch "
    "manifests, N state messages, N activate version messages)."
)


def test_a_run_without_a_difference_makes_no_commit_and_passes_its_state_on(place: Place) -> None:
    """The state's own row is no difference: --print-state stays older, and right."""
    place.load([DOGS, dog(1, "Rex"), state({"run": 1})])
    before = place.commits()
    assert place.load([DOGS, dog(1, "Rex"), state({"run": 2})]) == [{"run": 2}]
    assert place.commits() == before
    assert kept(place) == {"run": 1}
    assert json.loads(print_state(place)) == {"run": 1}


def test_a_run_without_records_passes_its_state_on(place: Place) -> None:
    """SCHEMA and STATE alone, and a STATE alone, on a table that is there."""
    place.load([DOGS, dog(1), state({"run": 1})])
    before = place.commits()
    assert place.load([DOGS, state({"run": 2})]) == [{"run": 2}]
    assert place.load([state({"run": 3})]) == [{"run": 3}]
    assert place.commits() == before


def test_a_difference_after_one_that_was_none_takes_the_newest_state_along(place: Place) -> None:
    """A STATE that made no commit is not written by a later commit either."""
    place.load([DOGS, dog(1), state({"n": 1})])
    out = place.load([DOGS, dog(1), state({"n": 2}), dog(2), state({"n": 3})])
    assert out == [{"n": 2}, {"n": 3}]
    assert place.log() == ["Load dogs: 1 added", "Load dogs: 1 added"]
    assert kept(place) == {"n": 3}


def test_a_row_changed_back_within_one_commit_is_no_difference(place: Place) -> None:
    """What counts is the table at the commit point, not what was written on the way."""
    place.load([DOGS, dog(1, "a"), state({"n": 1})])
    out = place.load([DOGS, dog(1, "b"), dog(1, "a"), state({"n": 2})], batch_size_rows=1)
    assert out == [{"n": 2}]
    assert place.log() == ["Load dogs: 1 added"]


def test_rows_after_the_last_state_are_committed_without_a_state(place: Place) -> None:
    """At the end of input, in a commit of their own that leaves the kept state as it was."""
    out = place.load([DOGS, dog(1), state({"n": 1}), dog(2), dog(3)])
    assert out == [{"n": 1}]
    assert place.log() == ["Load dogs: 1 added", "Load dogs: 2 added"]
    assert ids(place) == [1, 2, 3]
    assert kept(place) == {"n": 1}


def test_rows_of_a_tap_without_states_are_committed_at_the_end(place: Place) -> None:
    """No STATE came in: none goes out, and none is kept."""
    assert place.load([DOGS, dog(1), dog(2)]) == []
    assert place.log() == ["Load dogs: 2 added"]
    assert kept(place) is None
    assert print_state(place) == "{}\n"


def test_the_state_of_one_pipeline_leaves_the_others_alone(place: Place) -> None:
    """One row a pipeline, in one database."""
    place.load([DOGS, dog(1), state({"a": 1})], pipeline_id="a")
    place.load([CATS, cat(1), state({"b": 1})], pipeline_id="b")
    place.load([DOGS, dog(2), state({"a": 2})], pipeline_id="a")
    assert (kept(place, "a"), kept(place, "b"), kept(place)) == ({"a": 2}, {"b": 1}, None)
    assert print_state(place, pipeline_id="b") == '{"b":1}\n'


def test_a_pipeline_without_a_state_is_told_of_those_that_have_one(place: Place) -> None:
    """On stderr: what a script reads from stdout stays a state."""
    place.load([DOGS, dog(1)], pipeline_id="rows-alone")
    nobody = command(place, "", "--print-state")
    assert (nobody.returncode, nobody.stdout) == (0, "{}\n")
    assert "has no state here" not in nobody.stderr
    place.load([DOGS, dog(2), state({"b": 1})], pipeline_id="dev:b")
    place.load([DOGS, dog(3), state({"a": 1})], pipeline_id="dev:a")
    words = "the pipeline 'default' has no state here; there are: 'dev:a', 'dev:b'"
    done = command(place, "", "--print-state")
    assert (done.returncode, done.stdout) == (0, "{}\n")
    assert f"{words}\n" in done.stderr
    shown = CliRunner().invoke(cli, ["state", database_of(place)])
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "{}\n", f"{words}\n")
    own = CliRunner().invoke(cli, ["state", database_of(place), "--pipeline", "dev:a"])
    assert (own.exit_code, own.stdout, own.stderr) == (0, '{"a":1}\n', "")


def test_an_error_keeps_what_the_last_state_vouches_for(watched: Watched) -> None:
    """A STATE that waits for its turn is committed and passed on before the error is."""
    with pytest.raises(RecordError, match=r"line 6: stream 'dogs', column 'id'"):
        watched.load(
            DOGS,
            dog(1),
            state({"n": 1}),
            dog(2),
            state({"n": 2}),
            record("dogs", id="no number"),
            commit_interval_seconds=1,
        )
    assert watched.lines == ['{"n":1}', '{"n":2}']
    assert ids(watched.place) == [1, 2]
    assert kept(watched.place) == {"n": 2}
    assert run_branches(watched.place) == []


class Careless:
    """A plugin whose converter returns what no text is."""

    @hookimpl
    def dolt_value_converter(self, sql_type: ColumnType) -> Converter | None:
        """Answer for texts."""
        if not isinstance(sql_type, sa.String):
            return None
        return lambda value: {"no": "text"} if value == "bad" else value


def test_a_state_stays_in_behind_rows_that_could_not_be_written(watched: Watched) -> None:
    """Whatever the error was, and although it came before the STATE's turn: its rows are lost."""
    watched.place.plugins = load_plugins([Careless()])
    steps = [DOGS, dog(1, "a"), state({"n": 1}), dog(2, "b"), state({"n": 2}), dog(3, "bad")]
    with pytest.raises((TypeError, WriteError)):  # a server's rows are spelled by us
        watched.load(*steps, dog(4, "c"), commit_interval_seconds=3600, batch_size_rows=3)
    assert watched.lines == ['{"n":1}']
    assert ids(watched.place) == [1]
    assert kept(watched.place) == {"n": 1}
    assert run_branches(watched.place) == []


def test_an_error_without_a_state_before_it_commits_nothing(watched: Watched) -> None:
    """Rows that no STATE vouches for come again with the next run."""
    with pytest.raises(RecordError):
        watched.load(DOGS, dog(1), state({"n": 1}), dog(2), record("dogs", id="no number"))
    assert watched.lines == ['{"n":1}']
    assert ids(watched.place) == [1]


# --print-state


def test_print_state_writes_the_state_at_the_head_of_the_branch(place: Place) -> None:
    """The branch that is set, with nothing else on stdout."""
    place.load([DOGS, dog(1), state({"on": "main"})])
    place.load([DOGS, dog(2), state({"on": "side"})], branch="side")
    assert print_state(place) == '{"on":"main"}\n'
    assert print_state(place, branch="side") == '{"on":"side"}\n'


def test_print_state_of_an_empty_database_is_a_state_that_a_tap_takes(place: Place) -> None:
    """Before the first run: an empty object, so that a script needs no special case."""
    place.open().close()
    assert print_state(place) == "{}\n"


def test_print_state_makes_no_database(tmp_path: Path) -> None:
    """A path with a slip in it is told, or has no state; no file appears under that name."""
    place = Place({"path": str(tmp_path / "slip.db")}, tmp_path)
    done = command(place, "", "--print-state")
    assert done.stdout in ("", "{}\n")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "slip.db").exists()


# When: the pace


def test_the_first_states_are_due_one_by_one_and_then_one_a_second() -> None:
    """The default pace, without any time passing but what the test lets pass."""
    clock = Clock()
    pace = Pace(clock=clock)
    for _ in range(FREE_COMMITS):
        assert pace.due(1)
        pace.begun()
    assert FREE_COMMITS == 50
    assert not pace.due(1)
    clock.now += 0.75
    assert not pace.due(1_000_000)
    assert pace.wait() == 0.25
    clock.now += 0.25
    assert pace.due(1)
    pace.begun()
    assert not pace.due(1)


def test_an_interval_of_zero_makes_every_state_due() -> None:
    """However many have been committed, and without time passing."""
    pace = Pace(0, clock=Clock())
    for _ in range(FREE_COMMITS * 3):
        assert pace.due(1)
        pace.begun()


def test_an_interval_holds_from_the_first_commit_on() -> None:
    """A number of seconds that is set has no free commits; the first is due at once."""
    clock = Clock()
    pace = Pace(30, clock=clock)
    assert pace.due(1)
    pace.begun()
    clock.now += 29
    assert not pace.due(1)
    clock.now += 1
    assert pace.due(1)


def test_minimum_rows_and_interval_must_both_be_reached() -> None:
    """Neither time alone nor rows alone make a STATE due."""
    clock = Clock()
    pace = Pace(30, 100, clock)
    assert not pace.due(99)
    assert pace.due(100)
    pace.begun()
    assert not pace.due(100)
    clock.now += 30
    assert not pace.due(99)
    assert pace.due(100)


def test_a_chatty_run_commits_fifty_states_and_then_one_a_second(watched: Watched) -> None:
    """60 STATEs in one moment, two seconds, five more: 50 + 1 + 1 commits."""
    first = [step for n in range(1, 61) for step in (dog(n), state({"n": n}))]
    late = [step for n in range(61, 66) for step in (dog(n), state({"n": n}))]
    out = watched.load([DOGS, *first], watched.clock.passes(2), late)
    assert [json.loads(line)["n"] for line in out] == [*range(1, 51), 61, 65]
    assert len(watched.place.commits()) == 52
    assert ids(watched.place) == list(range(1, 66))
    assert kept(watched.place) == {"n": 65}


def test_states_without_new_records_do_not_use_up_the_free_commits(watched: Watched) -> None:
    """Sixty STATEs after nothing new, then fifty after a record each: all fifty are committed."""
    empty = [state({"empty": n}) for n in range(60)]
    full = [step for n in range(1, 51) for step in (dog(n), state({"n": n}))]
    out = watched.load(DOGS, *empty, *full)
    assert len(out) == 59 + 50  # the first comes between the SCHEMA and its records: it waits
    assert [log for log in watched.place.log() if log == "Load dogs: 1 added"] == [
        "Load dogs: 1 added"
    ] * 50


def test_interval_zero_commits_every_state(watched: Watched) -> None:
    """One commit and one line each, beyond the free ones."""
    steps = [step for n in range(1, 56) for step in (dog(n), state({"n": n}))]
    out = watched.load(DOGS, *steps, commit_interval_seconds=0)
    assert [json.loads(line)["n"] for line in out] == list(range(1, 56))
    assert len(watched.place.commits()) == 55


def test_an_interval_coalesces_states_into_the_newest(watched: Watched) -> None:
    """What waits is left out for a newer STATE that is due, and committed with it."""
    place = watched.place
    out = watched.load(
        [DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2}), dog(3), state({"n": 3})],
        watched.clock.passes(10),
        [dog(4), state({"n": 4}), dog(5), state({"n": 5})],
        commit_interval_seconds=10,
    )
    assert out == ['{"n":1}', '{"n":4}', '{"n":5}']
    assert [(ids(place, at=one), kept(place, at=one)) for one in place.commits()] == [
        ([1], {"n": 1}),
        ([1, 2, 3, 4], {"n": 4}),
        ([1, 2, 3, 4, 5], {"n": 5}),
    ]


def test_minimum_rows_coalesce_states_and_the_last_commit_takes_the_rest(watched: Watched) -> None:
    """Commits of three rows or more, but for the one at the end of input."""
    steps = [step for n in range(1, 8) for step in (dog(n), state({"n": n}))]
    out = watched.load([DOGS, *steps], commit_min_rows=3, commit_interval_seconds=0)
    assert out == ['{"n":3}', '{"n":6}', '{"n":7}']
    assert watched.place.log() == [
        "Load dogs: 3 added",
        "Load dogs: 3 added",
        "Load dogs: 1 added",
    ]


def test_a_coalesced_state_is_let_out_when_its_time_comes_while_input_goes_on(
    watched: Watched,
) -> None:
    """Between two chunks of input, without another STATE."""
    seen = []
    watched.load(
        *(DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2})),
        lambda: seen.append(list(watched.lines)),
        watched.clock.passes(10),
        *(dog(3), dog(4)),
        lambda: seen.append(list(watched.lines)),
        commit_interval_seconds=10,
    )
    assert seen == [['{"n":1}'], ['{"n":1}', '{"n":2}']]


def test_a_state_whose_time_has_come_is_let_out_also_when_a_commit_ends_just_then(
    watched: Watched,
) -> None:
    """A server's commits end in another thread, and the tap may be silent from then on."""
    seen: list[list[str]] = []

    class Ending(Clock):
        """A clock that somebody looks at, and meanwhile a commit ends."""

        pace: Pace | None = None

        def __call__(self) -> float:
            if self.pace is not None:
                pace, self.pace = self.pace, None
                pace.ended()
            return self.now

    watched.clock = clock = Ending()

    def ask() -> None:
        assert watched.target is not None
        clock.pace = watched.target.point._pace
        watched.target.between_chunks()

    watched.load(
        *(DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2})),
        clock.passes(10),
        ask,
        lambda: seen.append(list(watched.lines)),
        commit_interval_seconds=10,
    )
    assert seen == [['{"n":1}', '{"n":2}']]


def test_a_coalesced_state_is_let_out_while_the_tap_is_silent(place: Place) -> None:
    """The pipe stays open and nothing more comes: the STATE that waits comes out all the same."""
    process = place.start(commit_interval_seconds=5)
    with process:
        steps = [step for n in (1, 2, 3) for step in (dog(n), state({"n": n}))]
        send(process, DOGS, *steps)
        assert next_line(process) == '{"n":1}'
        assert next_line(process) == '{"n":3}'
        assert ids(place) == [1, 2, 3]
        assert kept(place) == {"n": 3}
        out, _ = finish(process)
    assert (out, process.returncode) == ("", 0)


# Order


def test_the_newest_version_of_a_key_wins_within_a_buffer(place: Place) -> None:
    """Three versions of one row before one write."""
    place.load([DOGS, dog(1, "a"), dog(1, "b"), dog(2, "x"), dog(1, "c"), state({"n": 1})])
    assert place.rows("dogs") == [{"id": 1, "name": "c"}, {"id": 2, "name": "x"}]


@pytest.mark.parametrize("batch_size_rows", [1, 2, 3, 4, 5])
def test_the_newest_version_of_a_key_wins_wherever_buffers_end(
    place: Place, batch_size_rows: int
) -> None:
    """Also back to an older content, and to NULL by a property left out."""
    place.load(
        [
            *(DOGS, dog(1, "a"), dog(2, "a"), dog(1, "b"), dog(2, "b")),
            *(dog(1, "a"), dog(2), dog(3, "c"), state({"n": 1})),
        ],
        batch_size_rows=batch_size_rows,
    )
    assert place.rows("dogs") == [
        {"id": 1, "name": "a"},
        {"id": 2, "name": None},
        {"id": 3, "name": "c"},
    ]


@pytest.mark.parametrize("batch_size_rows", [1, 2, 10_000])
def test_the_newest_version_wins_across_a_new_schema_in_midstream(
    place: Place, batch_size_rows: int
) -> None:
    """Rows of the older SCHEMA are written before rows of the newer one, and before its DDL."""
    wider = schema("dogs", {**DOG, "age": {"type": "integer"}})
    place.load(
        [
            *(DOGS, dog(1, "old"), dog(2, "old"), dog(3, "old")),
            *(wider, record("dogs", id=1, name="new", age=4), record("dogs", id=2, name="new")),
            *(DOGS, dog(1, "newest"), state({"n": 1})),
        ],
        batch_size_rows=batch_size_rows,
    )
    # A property that a record leaves out is NULL, and so is a column that its SCHEMA lacks.
    assert place.rows("dogs") == [
        {"id": 1, "name": "newest", "age": None},
        {"id": 2, "name": "new", "age": None},
        {"id": 3, "name": "old", "age": None},
    ]


def test_interleaved_streams_keep_each_their_own_order(place: Place) -> None:
    """Full buffers of one stream do not overtake the other's."""
    messages = [DOGS, CATS]
    for n in range(1, 6):
        messages += [dog(1, f"v{n}"), cat(n), dog(2, f"v{n}")]
    place.load([*messages, state({"n": 1})], batch_size_rows=2)
    assert place.rows("dogs") == [{"id": 1, "name": "v5"}, {"id": 2, "name": "v5"}]
    assert ids(place, "cats") == [1, 2, 3, 4, 5]


DELETABLE = schema("dogs", {**DOG, "_sdc_deleted_at": {"type": ["null", "string"]}})
AT = "2026-01-31T00:00:00Z"


def gone(number: int) -> dict[str, Any]:
    """Return a RECORD that deletes a dog."""
    return record("dogs", id=number, _sdc_deleted_at=AT)


@pytest.mark.parametrize("batch_size_rows", [1, 2, 3, 10_000])
def test_deletes_and_inserts_of_one_key_take_effect_in_their_order(
    place: Place, batch_size_rows: int
) -> None:
    """Insert, delete, insert; insert, delete; delete of nothing, insert; delete twice."""
    place.load([DOGS, dog(5, "before"), dog(6, "before"), state({"n": 0})])
    place.load(
        [
            *(DELETABLE, dog(1, "a"), gone(1), dog(1, "b")),
            *(dog(2, "a"), gone(2), gone(3), dog(3, "c")),
            *(gone(5), gone(5), gone(6), dog(6, "after"), gone(7), state({"n": 1})),
        ],
        batch_size_rows=batch_size_rows,
    )
    assert place.rows("dogs") == [
        {"id": 1, "name": "b"},
        {"id": 3, "name": "c"},
        {"id": 6, "name": "after"},
    ]


def test_a_deleted_row_stays_in_history_and_the_commit_counts_it(place: Place) -> None:
    """hard_delete by default: gone at the head, there one commit before."""
    place.load([DELETABLE, dog(1, "a"), dog(2, "b"), state({"n": 1}), gone(1), state({"n": 2})])
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 1 deleted"]
    assert [ids(place, at=commit) for commit in place.commits()] == [[1, 2], [2]]


def test_hard_delete_off_keeps_the_row_and_its_mark(place: Place) -> None:
    """And a later version without the mark takes it away again."""
    load = [DELETABLE, record("dogs", id=1, name="a", _sdc_deleted_at=AT), gone(2), dog(2, "back")]
    place.load([*load, state({"n": 1})], hard_delete=False)
    assert place.rows("dogs") == [
        {"id": 1, "name": "a", "_sdc_deleted_at": AT},
        {"id": 2, "name": "back", "_sdc_deleted_at": None},
    ]


# Load methods


def test_append_only_keeps_every_version_and_has_no_key(place: Place) -> None:
    """Also where the stream has keys, across buffers, and with equal rows in one of them."""
    place.load(
        [DOGS, dog(1, "a"), dog(1, "b"), dog(1, "a"), state({"n": 1})],
        load_method="append-only",
        batch_size_rows=2,
    )
    assert [row["name"] for row in place.rows("dogs")] == ["a", "a", "b"]
    place.load([DOGS, dog(1, "a"), state({"n": 2})], load_method="append-only")
    assert [row["name"] for row in place.rows("dogs")] == ["a", "a", "a", "b"]
    assert place.log() == ["Load dogs: 3 added", "Load dogs: 1 added"]


def test_a_stream_without_keys_is_appended_by_default(place: Place) -> None:
    """Beside a stream with keys, which is upserted in the same run."""
    keyless = schema("walks", {"dog": {"type": "integer"}}, keys=())
    walk = record("walks", dog=1)
    place.load([DOGS, keyless, dog(1, "a"), walk, dog(1, "b"), walk, state({"n": 1})])
    assert place.rows("walks") == [{"dog": 1}, {"dog": 1}]
    assert place.rows("dogs") == [{"id": 1, "name": "b"}]


def test_append_only_counts_the_deletes_that_it_ignores_in_the_log(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """The rows stay, a delete adds none, and one line counts them, across a new SCHEMA too."""
    wider = schema("dogs", {**DELETABLE["schema"]["properties"], "age": {"type": "integer"}})
    with caplog.at_level(logging.WARNING, logger="target-dolt"):
        place.load(
            [DELETABLE, dog(1), gone(1), dog(2), wider, gone(2), gone(3), state({"n": 1})],
            load_method="append-only",
        )
    assert ids(place) == [1, 2]
    told = [one.getMessage() for one in caplog.records if "passed over" in one.getMessage()]
    assert told == ["stream 'dogs': 3 deletes passed over, the table 'dogs' has no key"]


def test_upsert_without_keys_is_a_config_error_that_names_the_stream(place: Place) -> None:
    """Before anything is made in the database."""
    keyless = schema("walks", {"dog": {"type": "integer"}}, keys=())
    with pytest.raises(ConfigError, match=r"stream 'walks' has no key.*`load_method` is upsert"):
        place.load([keyless, record("walks", dog=1), state({"n": 1})], load_method="upsert")
    assert place.tables() == []
    assert place.log() == []
    assert run_branches(place) == []


def test_overwrite_leaves_exactly_what_the_run_sent_and_a_diff_of_what_differs(
    place: Place,
) -> None:
    """One row less, one more, one changed and one as it was: one commit that says so."""
    place.load([DOGS, dog(1, "same"), dog(2, "old"), dog(3, "gone"), state({"n": 1})])
    out = place.load(
        [DOGS, dog(1, "same"), dog(2, "new"), dog(4, "born"), state({"n": 2})],
        load_method="overwrite",
        batch_size_rows=2,
    )
    assert out == [{"n": 2}]
    assert place.rows("dogs") == [
        {"id": 1, "name": "same"},
        {"id": 2, "name": "new"},
        {"id": 4, "name": "born"},
    ]
    assert place.log() == ["Load dogs: 3 added", "Load dogs: 1 added, 1 changed, 1 deleted"]
    assert kept(place) == {"n": 2}


def test_overwrite_by_equal_rows_makes_no_commit(place: Place) -> None:
    """With a key and without one: loading everything again costs time, not history."""
    keyless = schema("walks", {"dog": {"type": "integer"}}, keys=())
    rows = [record("walks", dog=n) for n in (3, 1, 2)]
    messages = [DOGS, dog(1, "a"), dog(2, "b"), keyless, *rows]
    place.load([*messages, state({"n": 1})], load_method="overwrite")
    before = place.commits()
    out = place.load([*messages, state({"n": 2})], load_method="overwrite", batch_size_rows=2)
    assert out == [{"n": 2}]
    assert place.commits() == before
    assert place.rows("walks") == [{"dog": 1}, {"dog": 2}, {"dog": 3}]


def test_overwrite_with_no_records_empties_the_table(place: Place) -> None:
    """A source that has become empty: SCHEMA and STATE say so, and the tap did not die."""
    place.load([DOGS, dog(1), dog(2), state({"n": 1})])
    assert place.load([DOGS, state({"n": 2})], load_method="overwrite") == [{"n": 2}]
    assert place.rows("dogs") == []
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 2 deleted"]


def test_overwrite_lets_no_state_out_and_commits_nothing_before_the_end(watched: Watched) -> None:
    """No commit ever shows the table half filled; the rows are there all at once."""
    place, seen = watched.place, []
    place.load([DOGS, dog(1, "old"), dog(9, "old"), state({"n": 0})])

    def look() -> None:
        seen.append((list(watched.lines), ids(place), len(place.commits())))

    out = watched.load(
        *(DOGS, look, dog(1), state({"n": 1}), look, dog(2), state({"n": 2}), look, dog(3), look),
        state({"n": 3}),
        load_method="overwrite",
        batch_size_rows=1,
    )
    assert seen == [([], [1, 9], 1)] * 4
    assert out == ['{"n":3}']
    assert ids(place) == [1, 2, 3]


def test_overwrite_of_several_streams_shows_none_of_them_half_filled(watched: Watched) -> None:
    """The next stream's SCHEMA comes in the midst of the first one's rows, as taps may send it."""
    place, seen = watched.place, []
    old = [DOGS, dog(1), dog(2), dog(3), CATS, cat(1), cat(2), state({"run": 1})]
    place.load(old)

    def look() -> None:
        seen.append((list(watched.lines), ids(place, "dogs"), ids(place, "cats")))

    watched.load(
        *(DOGS, dog(11), CATS, look, cat(11), dog(12), look, state({"run": 2})),
        load_method="overwrite",
    )
    assert seen == [([], [1, 2, 3], [1, 2])] * 2
    shown = [(ids(place, "dogs", at=one), ids(place, "cats", at=one)) for one in place.commits()]
    assert shown == [([1, 2, 3], [1, 2]), ([11, 12], [11])]


def test_overwrite_of_two_streams_whose_tap_died_changes_neither(place: Place) -> None:
    """The first stream had begun when the second one's SCHEMA came; no STATE ended either."""
    place.load([DOGS, dog(1), dog(2), CATS, cat(1), state({"run": 1})])
    with pytest.raises(IncompleteReplaceError, match="'cats', 'dogs'"):
        place.load([DOGS, dog(11), CATS, cat(11), dog(12)], load_method="overwrite")
    assert ids(place, "dogs") == [1, 2]
    assert ids(place, "cats") == [1]
    assert len(place.commits()) == 1


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param([dog(11)], id="no-state-at-all"),
        pytest.param([dog(11), state({"n": 2}), dog(12)], id="rows-after-the-last-state"),
        pytest.param([], id="nothing-after-the-schema"),
    ],
)
def test_overwrite_by_a_tap_that_died_leaves_the_table_as_it_was(
    watched: Watched, rest: list[Any]
) -> None:
    """The end of input alone is no end of a replacement: an error, no commit, no STATE."""
    place = watched.place
    place.load([DOGS, dog(1, "kept"), dog(2, "kept"), state({"n": 1})])
    with pytest.raises(IncompleteReplaceError, match=r"for 'dogs', .*the tap may have died"):
        watched.load(DOGS, *rest, load_method="overwrite", batch_size_rows=1)
    assert watched.lines == []
    assert place.rows("dogs") == [{"id": 1, "name": "kept"}, {"id": 2, "name": "kept"}]
    assert place.log() == ["Load dogs: 2 added"]
    assert kept(place) == {"n": 1}
    assert run_branches(place) == []


def test_overwrite_with_a_bad_record_leaves_the_table_as_it_was(watched: Watched) -> None:
    """An error in the midst of a replacement commits nothing, though a STATE came before it."""
    place = watched.place
    place.load([DOGS, dog(1), state({"n": 1})])
    with pytest.raises(RecordError):
        watched.load(
            *(DOGS, dog(11), state({"n": 2}), record("dogs", id="no number")),
            load_method="overwrite",
        )
    assert (watched.lines, ids(place), kept(place)) == ([], [1], {"n": 1})
    assert len(place.commits()) == 1


def test_overwrite_goes_on_across_a_new_schema_of_the_stream(place: Place) -> None:
    """The second SCHEMA of a run does not empty the table again."""
    place.load([DOGS, dog(9), state({"n": 1})])
    wider = schema("dogs", {**DOG, "age": {"type": "integer"}})
    place.load(
        [DOGS, dog(1), state({"n": 2}), wider, record("dogs", id=2, age=3), state({"n": 3})],
        load_method="overwrite",
    )
    assert place.rows("dogs") == [
        {"id": 1, "name": None, "age": None},
        {"id": 2, "name": None, "age": 3},
    ]
    assert len(place.commits()) == 2


# Branches and locks


def test_a_missing_branch_is_made_from_the_default_branch(place: Place) -> None:
    """The load lands there, with the default branch's history below it, and only there."""
    place.load([DOGS, dog(1), state({"n": 1})])
    place.load([DOGS, dog(2), state({"n": 2})], branch="feature/side")
    assert place.branches() == ["feature/side", "main"]
    assert (ids(place), ids(place, at="feature/side")) == ([1], [1, 2])
    assert place.log("feature/side") == ["Load dogs: 1 added", "Load dogs: 1 added"]
    assert place.log() == ["Load dogs: 1 added"]
    assert (kept(place), kept(place, at="feature/side")) == ({"n": 1}, {"n": 2})


def test_a_branch_can_be_the_first_thing_in_a_database(place: Place) -> None:
    """Nothing lands on the default branch."""
    place.load([DOGS, dog(1), state({"n": 1})], branch="side")
    assert place.branches() == ["main", "side"]
    assert (place.tables(), place.tables(at="side")) == ([], ["dogs"])
    assert place.log() == []


def test_the_run_branch_is_there_during_a_run_and_gone_after_it(watched: Watched) -> None:
    """One branch of its own, made from the target's head; no trace of it in the end."""
    place, seen = watched.place, []
    watched.load(
        *(DOGS, lambda: seen.append(len(run_branches(place))), dog(1), state({"n": 1})),
        lambda: seen.append(len(run_branches(place))),
    )
    assert seen == [1, 1]
    assert place.branches() == ["main"]


def test_a_run_branch_is_gone_after_a_run_that_failed(place: Place) -> None:
    """An error removes it as the end of input does."""
    with pytest.raises(RecordError):
        place.load([DOGS, record("dogs", id="no number")])
    assert place.branches() == ["main"]


def test_the_same_pipeline_twice_at_once_is_refused_by_name_of_the_setting(place: Place) -> None:
    """The second process ends with one sentence; the first goes on and its rows land."""
    with place.start(pipeline_id="nightly") as first:
        send(first, DOGS, dog(1), state({"n": 1}))
        assert next_line(first) == '{"n":1}'
        second = command(place, singer([DOGS, dog(2), state({"n": 2})]), pipeline_id="nightly")
        assert (second.returncode, second.stdout) == (1, "")
        assert "another run of the pipeline 'nightly' is loading into the branch 'main'" in (
            second.stderr
        )
        assert "`pipeline_id`" in second.stderr
        assert "Traceback" not in second.stderr
        assert len(run_branches(place)) == 1
        send(first, dog(3), state({"n": 3}))
        assert finish(first)[0] == '{"n":3}\n'
    assert first.returncode == 0
    assert ids(place) == [1, 3]
    assert place.branches() == ["main"]


def test_the_lock_is_free_after_the_run(place: Place) -> None:
    """After a good run and after a failed one, in the same process."""
    place.load([DOGS, dog(1), state({"n": 1})])
    with pytest.raises(RecordError):
        place.load([DOGS, record("dogs", id="no number")])
    place.load([DOGS, dog(2), state({"n": 2})])
    assert ids(place) == [1, 2]


def test_one_pipeline_may_load_into_two_branches_at_once(watched: Watched) -> None:
    """The lock is a pipeline's on one branch."""
    place = watched.place
    watched.load(
        *(DOGS, dog(1)),
        lambda: place.load([DOGS, dog(2), state({"n": 2})], branch="side") and None,
        state({"n": 1}),
    )
    assert (ids(place), ids(place, at="side")) == ([1], [2])


def test_a_second_run_of_a_pipeline_in_the_same_process_is_refused(watched: Watched) -> None:
    """The lock does not depend on who holds it being another process."""
    place = watched.place

    def again() -> None:
        with pytest.raises(LockedError, match="`pipeline_id`"):
            place.load([CATS, cat(1), state({"n": 2})])

    assert watched.load(DOGS, dog(1), again, state({"n": 1})) == ['{"n":1}']
    assert place.tables() == ["dogs"]


def test_two_pipelines_load_at_once_and_both_land(place: Place) -> None:
    """Different tables, one branch, two processes: a history in a line with both states."""
    with place.start(pipeline_id="first") as first:
        send(first, DOGS, dog(1), state({"n": 1}))
        assert next_line(first) == '{"n":1}'
        second = command(place, singer([CATS, cat(1), state({"m": 1})]), pipeline_id="second")
        assert (second.returncode, second.stdout) == (0, '{"m":1}\n')
        send(first, dog(2), state({"n": 2}))
        assert next_line(first) == '{"n":2}'
        third = command(place, singer([CATS, cat(2), state({"m": 2})]), pipeline_id="second")
        assert (third.returncode, third.stdout) == (0, '{"m":2}\n')
        send(first, dog(3), state({"n": 3}))
        out, _ = finish(first)
    assert (out, first.returncode) == ('{"n":3}\n', 0)
    assert (ids(place, "dogs"), ids(place, "cats")) == ([1, 2, 3], [1, 2])
    assert (kept(place, "first"), kept(place, "second")) == ({"n": 3}, {"m": 2})
    assert place.log() == [
        "Load dogs: 1 added",
        "Load cats: 1 added",
        "Load dogs: 1 added",
        "Load cats: 1 added",
        "Load dogs: 1 added",
    ]
    assert place.branches() == ["main"]


def test_two_first_runs_of_two_pipelines_at_once_make_the_tables_of_both(
    watched: Watched,
) -> None:
    """Both runs make the tool's own tables, each on its branch."""
    place = watched.place
    watched.load(
        *(DOGS, dog(1)),
        lambda: place.load([CATS, cat(1), state({"m": 1})], pipeline_id="other") and None,
        state({"n": 1}),
    )
    assert (ids(place, "dogs"), ids(place, "cats")) == ([1], [1])
    assert (kept(place), kept(place, "other")) == ({"n": 1}, {"m": 1})
    catalogued = place.query("SELECT DISTINCT table_name FROM _target_dolt_columns ORDER BY 1")
    assert catalogued == [("cats",), ("dogs",)]
    assert place.log() == ["Load cats: 1 added", "Load dogs: 1 added"]


def test_the_default_database_is_said_once_and_used(tmp_path: Path) -> None:
    """Without any setting: dolt.db in the current directory, and the rows are in it."""
    text = singer([DOGS, dog(1), state({"n": 1})])
    done = command(Place({}, tmp_path), text)
    assert (done.returncode, done.stdout) == (0, '{"n":1}\n')
    assert done.stderr.count("dolt.db") == 1
    assert ids(Place({"path": str(tmp_path / "dolt.db")}, tmp_path)) == [1]


def test_a_commit_interval_of_half_a_second_is_taken_from_a_file(place: Place) -> None:
    """Numbers of a configuration file may come as Decimals."""
    process = place.start(commit_interval_seconds=0.5)
    messages = [schema("t", {"id": {"type": "integer"}})]
    for number in (1, 2):
        messages += [record("t", id=number), state({"n": number})]
    out, log = process.communicate(singer(messages), timeout=60)
    assert "Traceback" not in log
    assert (process.returncode, out) == (0, '{"n":1}\n{"n":2}\n')


def test_a_commit_interval_is_taken_from_the_environment(place: Place) -> None:
    """With `--config ENV`, as the other settings are."""
    environment = {
        f"TARGET_DOLT_{name.upper()}": str(value) for name, value in place.config.items()
    }
    process = subprocess.run(
        [sys.executable, "-m", "target_dolt", "--config", "ENV"],
        input=singer(
            [schema("t", {"id": {"type": "integer"}}), record("t", id=1), state({"n": 1})]
        ),
        capture_output=True,
        check=False,
        text=True,
        cwd=place.directory,
        env={**os.environ, **environment, "TARGET_DOLT_COMMIT_INTERVAL_SECONDS": "1"},
    )
    assert (process.returncode, process.stdout) == (0, '{"n":1}\n'), process.stderr[-300:]
