"""Servers that die, come back or stay away while a run loads into them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, state
from support_dolt import (
    ONE_DOG,
    PASSWORD,
    DoltServer,
    few_retries,
    needs_dolt,
    numbered,
    numbered_stream,
    numbers_of,
    quick_retries,
)
from support_state import CATS, DOGS, Watched, cat, dog, ids, run_branches

from target_dolt.errors import (
    LockedError,
    TargetDoltError,
    WriteError,
)
from target_dolt.loading import pipeline_lock

pytestmark = needs_dolt


@quick_retries
def test_a_run_whose_server_dies_and_comes_back_on_its_port_goes_on(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """Killed between buffers, before a STATE and after one; keyed and keyless streams."""
    place = Place(own_server.new_database(), tmp_path)

    keyless = schema("u", {"id": {"type": "integer"}}, [])
    states = Watched(place).load(
        numbered_stream(["id"]), keyless,
        numbered(1), record("u", id=1), numbered(2), record("u", id=2),
        own_server.crash, numbered(3), record("u", id=3), own_server.crash, state({"n": 1}),
        own_server.crash,
        numbered(4), record("u", id=4), state({"n": 2}),
        batch_size_rows=2, commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}']
    assert numbers_of(place) == [1, 2, 3, 4]
    assert numbers_of(place, "u") == [1, 2, 3, 4]
    assert place.log() == ["Load t, u: 6 added", "Load t, u: 2 added"]
    assert place.branches() == ["main"]


@quick_retries
def test_after_its_server_came_back_a_run_still_holds_its_lock(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """A second run of the pipeline is refused then too, and does not remove the first's branch."""
    place = Place(own_server.new_database(), tmp_path)

    def again() -> None:
        with pytest.raises(LockedError):
            place.load([DOGS, dog(9), state({"n": 9})])
        place.load([CATS, cat(1), state({"c": 1})], pipeline_id="cats")
        assert len(run_branches(place)) == 1

    states = Watched(place).load(
        DOGS, dog(1), own_server.crash, dog(2), state({"n": 1}), again, dog(3), state({"n": 2}),
        batch_size_rows=1, commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}']
    assert ids(place) == [1, 2, 3]
    assert place.branches() == ["main"]


@quick_retries
def test_a_run_whose_lock_another_run_took_while_the_server_was_away_stops(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """Two runs of one pipeline at once would write each other's rows."""
    place = Place(own_server.new_database(), tmp_path)
    lock = place.open()
    held: list[Any] = []  # what nobody refers to would be given back

    def usurped() -> None:
        name = run_branches(place)[0].split("/")[1]
        own_server.crash()
        held.append(lock.lock(name))
        held[0].__enter__()

    run = Watched(place)
    with pytest.raises(TargetDoltError):
        run.load(DOGS, dog(1), state({"n": 1}), usurped, dog(2), state({"n": 2}))
    assert run.lines == ['{"n":1}']
    assert ids(place) == [1]


@quick_retries
def test_a_lock_that_the_server_ended_in_silence_is_taken_again_or_ends_the_run(
    own_server: DoltServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection alone is gone: a look between two messages, or the commit point, tells."""
    monkeypatch.setattr(pipeline_lock, "KEEP_SECONDS", 0.0)
    place = Place(own_server.new_database(), tmp_path)
    lock, held = place.open(), []  # what nobody refers to would be given back

    def name() -> str:
        return run_branches(place)[0].split("/")[1]

    def ended() -> None:
        ((owner,),) = own_server.execute(
            f"SELECT IS_USED_LOCK('{place.config['database']}/{name()}')"
        )
        own_server.execute(f"KILL {owner}")

    def looked() -> None:
        assert run.target is not None
        run.target.between_chunks()

    def again() -> None:
        with pytest.raises(LockedError):
            place.load([DOGS, dog(9), state({"n": 9})])

    run = Watched(place)
    run.load(DOGS, dog(1), ended, looked, again, state({"n": 1}), commit_interval_seconds=0)
    monkeypatch.setattr(pipeline_lock, "KEEP_SECONDS", 60.0)

    def usurped() -> None:
        ended()
        held.append(lock.lock(name()))
        held[0].__enter__()

    run = Watched(place)
    with pytest.raises(LockedError, match="lost with its connection, and another run of"):
        run.load(DOGS, dog(2), usurped, state({"n": 2}), commit_interval_seconds=0)
    assert (run.lines, ids(place)) == ([], [1])


@few_retries
def test_a_server_that_is_gone_for_good_ends_the_run_in_words_and_the_last_state_stands(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """Attempts are bounded; what the STATE vouched for is there when the server is back."""
    place = Place(own_server.new_database(), tmp_path)
    run = Watched(place)
    with pytest.raises(WriteError) as refused:
        run.load(
            DOGS, dog(1), state({"n": 1}), own_server.kill, dog(2), state({"n": 2}),
            commit_interval_seconds=0,
        )  # fmt: skip
    text = str(refused.value)
    assert text
    assert PASSWORD not in text
    assert run.lines == ['{"n":1}']
    own_server.start()
    assert ids(place) == [1]
    assert place.kept_state() == {"n": 1}
    assert place.load([DOGS, dog(2), state({"n": 2})]) == [{"n": 2}]
    assert ids(place) == [1, 2]
    assert place.branches() == ["main"]


def test_the_command_ends_with_exit_code_1_where_its_server_is_gone_for_good(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """One message, no traceback; the STATE that came out stands."""
    place = Place(own_server.new_database(), tmp_path)
    source = tmp_path / "short_pauses.py"
    source.write_text(
        "from target_dolt_plugins import doltlite_engine\n"
        "doltlite_engine.load()\n"
        "from target_dolt import retry\n"
        "retry.PAUSES_SECONDS = (0.01, 0.02)\n"
        "from target_dolt.command import main\n"
        "main()\n",
        encoding="utf-8",
    )
    (tmp_path / "config.json").write_text(json.dumps(place.config), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(source), "--config", str(tmp_path / "config.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{json.dumps(one)}\n" for one in ONE_DOG))
        process.stdin.flush()
        assert process.stdout.readline() == '{"n":1}\n'
        own_server.kill()
        more = [dog(2), state({"n": 2})]
        out, err = process.communicate("".join(f"{json.dumps(one)}\n" for one in more), 60)
    assert process.returncode == 1
    assert out == ""
    assert "Traceback" not in err
    assert PASSWORD not in err
    own_server.start()
    assert ids(place) == [1]
    assert place.kept_state() == {"n": 1}
