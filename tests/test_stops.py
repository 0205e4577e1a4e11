"""However a run stops: what a STATE has vouched for is on the branch, and the next run is well.

SIGTERM and SIGINT, an error, a closed stdout, a cut input, and SIGKILL at each step
of a commit point. Every run here is a process of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import Place, singer
from support_state import (
    CAT,
    CATS,
    DOGS,
    PATIENCE_SECONDS,
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
    until,
)

from target_dolt.input.reader import TerminatedError
from target_dolt.settings import Settings
from target_dolt_plugins.doltlite import BUSY_SECONDS


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A DoltLite file: the traps of stopped_at.py are set in DoltLite's own classes."""
    return Place({"path": str(tmp_path / "test.db")}, tmp_path)


SIGNALS = [
    pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
    pytest.param(signal.SIGINT, 130, id="SIGINT"),
]


def stop(process: subprocess.Popen[str], signum: signal.Signals) -> tuple[str, str]:
    """Send a signal and return what the process still wrote, its input left open."""
    process.send_signal(signum)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.stdout.read(), process.stderr.read()


def assert_clean(place: Place) -> None:
    """Nothing of a run is left but its commits: no branch, no change without a commit."""
    assert place.branches() == ["main"]
    assert place.query("SELECT * FROM dolt_status") == []


# Signals


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_a_signal_while_waiting_for_input_ends_the_run_at_the_last_state(
    place: Place, signum: signal.Signals, code: int
) -> None:
    """Rows that no STATE followed are left to the next run; the run branch is removed."""
    with place.start() as process:
        send(process, DOGS, dog(1), state({"n": 1}), dog(2))
        assert next_line(process) == '{"n":1}'
        out, err = stop(process, signum)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert f"signal {signum.value}" in err
    assert ids(place) == [1]
    assert kept(place) == {"n": 1}
    assert_clean(place)


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_a_signal_lets_the_state_out_that_waits_for_its_turn(
    place: Place, signum: signal.Signals, code: int
) -> None:
    """A coalesced STATE is the last complete one: committed and passed on before the end."""
    with place.start(commit_interval_seconds=3600) as process:
        send(process, DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2}))
        assert next_line(process) == '{"n":1}'
        out, err = stop(process, signum)
    assert (process.returncode, out) == (code, '{"n":2}\n')
    assert "Traceback" not in err
    assert ids(place) == [1, 2]
    assert kept(place) == {"n": 2}
    assert_clean(place)


def test_a_signal_before_any_input_leaves_nothing_behind(place: Place) -> None:
    """Not a commit, not a table, not a branch."""
    with place.start() as process:
        until(process, lambda: Path(place.config["path"]).exists() and run_branches(place))
        out, err = stop(process, signal.SIGTERM)
    assert (process.returncode, out) == (143, "")
    assert "Traceback" not in err
    assert (place.tables(), place.log()) == ([], [])
    assert_clean(place)


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_a_signal_in_midstream_keeps_every_record_before_the_last_state(
    place: Place, signum: signal.Signals, code: int
) -> None:
    """While a tap writes as fast as it can: what came out, what is kept and the rows agree."""
    with place.start(batch_size_rows=100) as process:
        tap = threading.Thread(target=_write_without_end, args=(process,))
        tap.start()
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signum)
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        rest = process.stdout.read()
        watchdog.cancel()
        process.wait(PATIENCE_SECONDS)
        assert process.stderr is not None
        err = process.stderr.read()
        process.stdout.close()
        tap.join(PATIENCE_SECONDS)
        assert not tap.is_alive()
        with suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.close()
    assert process.returncode == code
    assert "Traceback" not in err
    states = [json.loads(line)["n"] for line in (first + rest).splitlines()]
    assert states == sorted(set(states))
    assert kept(place) == {"n": states[-1]}
    found = ids(place)
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= states[-1]
    for commit in place.commits():
        at = kept(place, at=commit)["n"]
        assert ids(place, at=commit)[:at] == list(range(1, at + 1))
    assert_clean(place)


def _write_without_end(process: subprocess.Popen[str]) -> None:
    """Write records with a STATE after every 500 until the pipe breaks."""
    with suppress(BrokenPipeError, ValueError):
        send(process, DOGS)
        for block in range(100_000):
            numbers = range(block * 500 + 1, block * 500 + 501)
            send(process, *(dog(n, "x" * 50) for n in numbers), state({"n": numbers[-1]}))


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
@pytest.mark.parametrize("point", ["committed-not-moved", "moved-not-told"])
def test_a_signal_in_the_midst_of_a_commit_point_lets_it_end(
    place: Place, signum: signal.Signals, code: int, point: str
) -> None:
    """What has begun is finished: commit, move and STATE; then the run ends."""
    with held(place, point) as process:
        process.send_signal(signum)
        release(process, place)
        out, err = finish(process)
    assert (process.returncode, out) == (code, '{"n":2}\n')
    assert "Traceback" not in err
    assert ids(place) == [1, 2]
    assert kept(place) == {"n": 2}
    assert_clean(place)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_process_at_once(place: Place, signum: signal.Signals) -> None:
    """Also in the midst of a commit point; the branch is whole and the next run goes on."""
    with held(place, "committed-not-moved") as process:
        process.send_signal(signal.SIGTERM)
        await_line(process, "signalled")
        out, err = stop(process, signum)
    assert (process.returncode, out) == (-signum, "")
    assert "Traceback" not in err
    assert ids(place) == [1]
    assert kept(place) == {"n": 1}
    assert len(run_branches(place)) == 1
    place.load([DOGS, dog(2), state({"n": 2})])
    assert ids(place) == [1, 2]
    assert_clean(place)


def test_a_second_signal_ends_a_process_that_the_database_keeps_waiting(place: Place) -> None:
    """Another process holds the write lock: two signals stop the run, not the end of its wait."""
    place.load([DOGS, dog(1), state({"n": 1})])
    with place.start() as process:
        send(process, DOGS, dog(2), state({"n": 2}))
        assert next_line(process) == '{"n":2}'
        with _write_lock(place):
            send(process, dog(3), state({"n": 3}))
            until(process, lambda: not _unread(process))
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(BUSY_SECONDS / 2)
            finally:
                process.kill()
    assert process.returncode in (-signal.SIGTERM, -signal.SIGINT, 143, 130)
    assert ids(place) == [1, 2]


def held(place: Place, point: str) -> subprocess.Popen[str]:
    """Start a run on a table with one row; return it where it is held in a commit point."""
    place.load([DOGS, dog(1), state({"n": 1})])
    pipe = place.directory / "hold"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        driver(place, "hold", point, 1),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOLD": str(pipe)},
    )
    send(process, DOGS, dog(2), state({"n": 2}))
    await_line(process, "held")
    return process


def await_line(process: subprocess.Popen[str], text: str) -> None:
    """Read a process's stderr up to a line."""
    assert process.stderr is not None
    assert any(line == f"{text}\n" for line in process.stderr), f"it never said '{text}'"


def release(process: subprocess.Popen[str], place: Place) -> None:
    """Let a process that is held go on."""
    assert process.poll() is None
    (place.directory / "hold").write_bytes(b"go on")


def driver(place: Place, action: str, point: str, number: int, **settings: Any) -> list[str]:
    """Return the command line of a run that is stopped at a point."""
    config = place.directory / "stopped.json"
    config.write_text(json.dumps({**place.config, **settings}))
    program = Path(__file__).parent / "stopped_at.py"
    return [sys.executable, str(program), action, point, str(number), "--config", str(config)]


def _unread(process: subprocess.Popen[str]) -> int:
    """How many bytes of a process's input it has not read yet."""
    assert process.stdin is not None
    size = bytearray(4)
    fcntl.ioctl(process.stdin.fileno(), termios.FIONREAD, size)
    return int.from_bytes(size, sys.byteorder)


class _write_lock:  # noqa: N801 - a context manager reads like a function
    """Hold the database's one write lock, as a big commit of another process would."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        self._database = self._place.open()
        self._connection = self._database.connect(write=True)
        self._transaction = self._connection.begin()

    def __exit__(self, *_: object) -> None:
        self._transaction.rollback()
        self._connection.close()
        self._database.close()


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_a_signal_in_the_midst_of_an_overwrite_leaves_the_table_as_it_was(
    place: Place, signum: signal.Signals, code: int
) -> None:
    """What has come is not the whole table, though a STATE came after some of it."""
    place.load([DOGS, dog(1), dog(2), CATS, cat(1), state({"n": 1})])
    with place.start(load_method="overwrite", batch_size_rows=1) as process:
        send(process, CATS, cat(11), DOGS, dog(11), state({"n": 2}), dog(12), cat(12))
        until(process, lambda: _written(place, 12))
        out, err = stop(process, signum)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert (ids(place, "dogs"), ids(place, "cats")) == ([1, 2], [1])
    assert kept(place) == {"n": 1}
    assert len(place.commits()) == 1
    assert_clean(place)


def _written(place: Place, number: int) -> bool:
    """Whether a cat of this number is on a run branch."""
    return any(
        number in ids(place, "cats", at=branch)
        for branch in run_branches(place)
        if "cats" in place.tables(at=branch)
    )


# Errors, stdout, stdin


def test_a_bad_record_keeps_all_up_to_the_last_state_and_ends_with_one_sentence(
    place: Place,
) -> None:
    """Line, stream and column are named, the record's content is not, exit code 1."""
    bad = record("dogs", id=3, name={"secret": "hunter2"})
    done = command(place, singer([DOGS, dog(1), state({"n": 1}), dog(2), bad, state({"n": 3})]))
    assert (done.returncode, done.stdout) == (1, '{"n":1}\n')
    assert "line 5: stream 'dogs', column 'name', key id=3" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr
    assert ids(place) == [1]
    assert kept(place) == {"n": 1}
    assert_clean(place)


def test_a_closed_stdout_ends_the_run_with_the_rows_committed(place: Place) -> None:
    """Nobody takes the STATE: exit code not 0, and where to get it is said."""
    process = place.start()
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    with process:
        _, err = process.communicate(singer([DOGS, dog(1), state({"n": 1})]), PATIENCE_SECONDS)
    _assert_not_delivered(place, process.returncode, err)


def test_a_full_disk_behind_stdout_ends_the_run_with_the_rows_committed(place: Place) -> None:
    """What cannot be written is no STATE that came out."""
    with Path("/dev/full").open("w") as full:
        done = _run(place, singer([DOGS, dog(1), state({"n": 1})]), stdout=full)
    _assert_not_delivered(place, done.returncode, done.stderr)


def test_a_stdout_that_was_never_open_ends_the_run_with_the_rows_committed(place: Place) -> None:
    """As under a supervisor that starts its children without a stdout (`>&-`)."""
    done = _run(
        place,
        singer([DOGS, dog(1), state({"n": 1})]),
        program=["sh", "-c", 'exec "$@" >&-', "sh"],
        stdout=subprocess.DEVNULL,
    )
    _assert_not_delivered(place, done.returncode, done.stderr)


def _run(
    place: Place, text: str, *, stdout: Any, program: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    config = place.directory / "command.json"
    config.write_text(json.dumps(place.config))
    return subprocess.run(
        [*(program or []), sys.executable, "-m", "target_dolt", "--config", str(config)],
        input=text,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=config.parent,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def _assert_not_delivered(place: Place, code: int, err: str) -> None:
    assert code == 1
    assert "--print-state" in err
    assert "Traceback" not in err
    assert ids(place) == [1]
    assert kept(place) == {"n": 1}
    assert print_state(place) == '{"n":1}\n'
    assert_clean(place)


def test_a_state_in_any_script_comes_out_as_utf_8_under_any_locale(place: Place) -> None:
    """JSON between programs is UTF-8 (RFC 8259 8.1), whatever Python takes stdout for."""
    text = singer([DOGS, dog(1), state({"at": "名前 naïve"})])
    done = command(place, text, env={"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"at": "名前 naïve"}
    assert "Traceback" not in done.stderr


def test_an_input_cut_in_the_middle_of_a_line_keeps_all_up_to_the_last_state(
    place: Place,
) -> None:
    """A tap that died while writing: an error with the line's number, nothing of that line."""
    whole = singer([DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2}), dog(3)])
    done = command(place, whole[:-10])
    assert (done.returncode, done.stdout) == (1, '{"n":1}\n{"n":2}\n')
    assert "line 6: not valid JSON" in done.stderr
    assert "Traceback" not in done.stderr
    assert ids(place) == [1, 2]
    assert kept(place) == {"n": 2}
    assert_clean(place)


def test_an_input_cut_in_a_line_lets_the_state_out_that_waits(place: Place) -> None:
    """Also a STATE that was not due yet is committed before the error is told."""
    whole = singer([DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2}), dog(3)])
    done = command(place, whole[:-10], commit_interval_seconds=3600)
    assert (done.returncode, done.stdout) == (1, '{"n":1}\n{"n":2}\n')
    assert ids(place) == [1, 2]
    assert kept(place) == {"n": 2}


def test_an_input_that_ends_without_a_newline_is_whole(place: Place) -> None:
    """The last line is complete JSON: it counts."""
    done = command(place, singer([DOGS, dog(1), state({"n": 1})]).removesuffix("\n"))
    assert (done.returncode, done.stdout) == (0, '{"n":1}\n')
    assert ids(place) == [1]


def test_an_input_that_is_cut_in_an_overwrite_leaves_the_table_as_it_was(place: Place) -> None:
    """The tap died: the table keeps its rows, no commit, no STATE, and a sentence that says so."""
    place.load([DOGS, dog(1), state({"n": 1})])
    for cut in (0, 10):
        text = singer([DOGS, dog(11), state({"n": 2}), dog(12)])
        done = command(place, text[: len(text) - cut], load_method="overwrite")
        assert (done.returncode, done.stdout) == (1, "")
        assert "Traceback" not in done.stderr
    assert ids(place) == [1]
    assert len(place.commits()) == 1
    assert_clean(place)


# SIGKILL

TAG = schema("tags", {"of": {"type": "integer"}}, keys=())
LAST = 4


def tap(since: int, until: int = LAST, *, keyless: bool = False) -> Iterator[Any]:
    """A tap's output from a bookmark on: rounds of two rows of dogs, a changed one and cats."""
    yield from (DOGS, schema("cats", CAT))
    if keyless:
        yield TAG
    for n in range(since + 1, until + 1):
        yield from (dog(2 * n - 1, f"new in {n}"), dog(1, f"seen in {n}"))
        yield from (dog(2 * n, f"new in {n}"), cat(n))
        if keyless:
            yield record("tags", of=n)
        yield state({"round": n})


def contents(place: Place) -> dict[str, Any]:
    """All that a reader of the branch finds."""
    names = place.tables()
    found: dict[str, Any] = {name: place.rows(name) for name in names}
    found["state"] = kept(place)
    if names:
        found["columns"] = sorted(place.query("SELECT * FROM _target_dolt_columns"), key=repr)
    return found


def killed(place: Place, point: str, number: int, messages: Iterable[Any]) -> str:
    """Run until the process is killed at a point; return what came out on stdout."""
    done = subprocess.run(
        driver(place, "kill", point, number, batch_size_rows=2),
        input=singer(messages),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout


def undisturbed(tmp_path: Path, **options: Any) -> Place:
    """Return a place where the whole tap was loaded by one run that nothing stopped."""
    place = Place({"path": str(tmp_path / "undisturbed.db")}, tmp_path)
    place.load(tap(0, **options))
    return place


def rounds_of(place: Place) -> int:
    """How many rounds a reader of the branch sees; each is there whole or not at all."""
    if not place.tables():
        return 0
    rounds = len(ids(place, "cats"))
    assert ids(place, "cats") == list(range(1, rounds + 1))
    assert ids(place, "dogs") == list(range(1, 2 * rounds + 1))
    return rounds


# What the branch shows after the kill, in rounds, and how many STATEs had come out.
POINTS = [
    # Three writes of dogs and cats a round: 5 is in the midst of the second round.
    pytest.param("rows-in-transaction", 1, 0, 0, id="first-rows-in-their-transaction"),
    pytest.param("rows-in-transaction", 5, 1, 1, id="rows-in-their-transaction"),
    pytest.param("commit-in-transaction", 1, 0, 0, id="first-commit-in-its-transaction"),
    pytest.param("commit-in-transaction", 3, 2, 2, id="commit-in-its-transaction"),
    pytest.param("committed-not-moved", 1, 0, 0, id="first-commit-before-the-move"),
    pytest.param("committed-not-moved", 3, 2, 2, id="commit-before-the-move"),
    # DoltLite moves a branch at once; the SQL transaction around it only keeps others off.
    pytest.param("move-in-transaction", 2, 2, 1, id="move-in-its-transaction"),
    pytest.param("moved-not-told", 1, 1, 0, id="first-move-before-the-state"),
    pytest.param("moved-not-told", 3, 3, 2, id="move-before-the-state"),
    pytest.param("told", 2, 2, 2, id="after-the-state"),
]


@pytest.mark.parametrize(("point", "number", "shown", "told"), POINTS)
def test_a_killed_run_is_made_good_from_the_last_state_that_came_out(
    place: Place, tmp_path: Path, point: str, number: int, shown: int, told: int
) -> None:
    """Whole rounds only on the branch, never less than told; run again, nothing differs."""
    out = killed(place, point, number, tap(0))
    assert out == "".join(f'{{"round":{n}}}\n' for n in range(1, told + 1))
    assert rounds_of(place) == shown
    assert kept(place) == ({"round": shown} if shown else None)
    assert place.query("SELECT * FROM dolt_status") == []
    left = run_branches(place)
    assert len(left) == 1

    again = place.load(tap(told))
    assert again == [{"round": n} for n in range(told + 1, LAST + 1)]
    assert contents(place) == contents(undisturbed(tmp_path))
    assert_clean(place)


@pytest.mark.parametrize(("point", "number", "shown", "told"), POINTS)
def test_a_killed_run_goes_on_from_the_kept_state_without_a_row_twice(
    place: Place, tmp_path: Path, point: str, number: int, shown: int, told: int
) -> None:
    """Rows and state are one commit: with --print-state even a table without a key is exact."""
    killed(place, point, number, tap(0, keyless=True))
    assert rounds_of(place) == shown >= told
    state_line = json.loads(print_state(place))
    assert state_line == ({"round": shown} if shown else {})
    place.load(tap(state_line.get("round", 0), keyless=True))
    assert contents(place) == contents(undisturbed(tmp_path, keyless=True))
    assert place.rows("tags") == [{"of": n} for n in range(1, LAST + 1)]
    assert_clean(place)


def test_the_leavings_of_a_killed_run_are_removed_by_the_next_run_of_any_pipeline(
    place: Place,
) -> None:
    """Its lock is free: whoever comes next cleans up, and says so."""
    killed(place, "committed-not-moved", 2, tap(0))
    (left,) = run_branches(place)
    done = command(place, singer([CATS, cat(9), state({"m": 1})]), pipeline_id="another")
    assert done.returncode == 0
    assert f"Removed '{left}'" in done.stderr
    assert_clean(place)
    assert ids(place, "dogs") == [1, 2]


def test_several_killed_runs_are_cleaned_up_at_once(place: Place) -> None:
    """One branch a killed run; a run of the same pipeline removes its predecessor's."""
    for number in (1, 2):
        killed(place, "committed-not-moved", number, tap(0))
        assert len(run_branches(place)) == 1
    config = dict(place.config)
    place.config["pipeline_id"] = "another"
    with place.start() as process:  # holds a live branch, which the kill beside it must not end
        send(process, CATS, cat(9), state({"m": 1}))
        assert next_line(process) == '{"m":1}'
        place.config = config
        live = run_branches(place)
        killed(place, "committed-not-moved", 1, [DOGS, dog(9), state({"round": 9})])
        assert len(run_branches(place)) == 2
        assert set(live) < set(run_branches(place))
        assert finish(process)[0] == ""
    place.load([DOGS, dog(10), state({"round": 10})])
    assert_clean(place)
    assert 9 in ids(place, "cats")


def test_a_live_runs_branch_is_not_removed_by_another_pipelines_run(place: Place) -> None:
    """A dead one beside it is; the live run then commits as if nothing had been."""
    killed(place, "committed-not-moved", 1, tap(0))
    (dead,) = run_branches(place)
    with place.start(pipeline_id="live", batch_size_rows=1) as process:
        send(process, CATS, cat(1), state({"m": 1}), cat(2))
        assert next_line(process) == '{"m":1}'
        (live,) = run_branches(place)
        assert live != dead
        place.load([DOGS, dog(1), state({"n": 1})])
        assert run_branches(place) == [live]
        send(process, cat(3), state({"m": 3}))
        out, _ = finish(process)
    assert (process.returncode, out) == (0, '{"m":3}\n')
    assert (ids(place, "cats"), ids(place, "dogs")) == ([1, 2, 3], [1])
    assert_clean(place)


def test_a_run_killed_while_it_waits_for_input_leaves_the_last_state_and_no_lock(
    place: Place,
) -> None:
    """SIGKILL from outside: the system frees the lock, the next run goes on at once."""
    with place.start() as process:
        send(process, DOGS, dog(1), state({"n": 1}), dog(2))
        assert next_line(process) == '{"n":1}'
        out, _ = stop(process, signal.SIGKILL)
    assert (process.returncode, out) == (-signal.SIGKILL, "")
    assert ids(place) == [1]
    assert kept(place) == {"n": 1}
    assert len(run_branches(place)) == 1
    assert place.load([DOGS, dog(2), state({"n": 2})]) == [{"n": 2}]
    assert ids(place) == [1, 2]
    assert_clean(place)


def test_an_overwrite_that_was_killed_leaves_the_table_as_it_was(place: Place) -> None:
    """Emptied and half filled on the run branch only; run again it is whole."""
    place.load([DOGS, dog(1), dog(2), state({"n": 1})])
    place.config["load_method"] = "overwrite"
    again = [DOGS, *(dog(n) for n in range(11, 17)), state({"n": 2})]
    assert killed(place, "rows-in-transaction", 2, again) == ""
    assert ids(place) == [1, 2]
    assert kept(place) == {"n": 1}
    assert place.load(again) == [{"n": 2}]
    assert ids(place) == list(range(11, 17))
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 6 added, 2 deleted"]
    assert_clean(place)


# Signals while Python imports

_AT_AN_IMPORT = """
import os, sys, tap_adapters.start as start

class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == "sqlalchemy":
            os.kill(os.getpid(), {signum})

sys.meta_path.insert(0, Stop())
sys.argv = {arguments}
start.{command}()
"""


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("target_dolt", ["target-dolt"]),
        ("dolt_sync", ["dolt-sync", "log", "dolt.db"]),
        ("tap_dolt", ["tap-dolt"]),
    ],
)
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_python_imports_ends_a_command_without_a_traceback(
    command: str, arguments: list[str], signum: signal.Signals, code: int, tmp_path: Path
) -> None:
    """The first half of a second is spent on imports."""
    script = _AT_AN_IMPORT.format(signum=int(signum), command=command, arguments=arguments)
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=singer([DOGS, dog(1), state({"n": 1})]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    told = f"Stopped by signal {int(signum)}; nothing was read yet\n"
    assert (done.returncode, done.stdout, done.stderr) == (code, "", told)
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_the_settings_are_read_ends_the_run_before_it_has_begun(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler is there before all else is."""
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    from_config = Settings.from_config

    def late(config: Any) -> Settings:
        os.kill(os.getpid(), signal.SIGTERM)
        return from_config(config)

    monkeypatch.setattr(Settings, "from_config", late)
    try:
        with pytest.raises(TerminatedError):
            place.load([DOGS, dog(1), state({"n": 1})])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert run_branches(place) == []
    assert "dogs" not in place.tables()
