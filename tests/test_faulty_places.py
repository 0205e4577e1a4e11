"""Places that cannot be loaded into: each is told in words, and once it is well all goes on."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import Place, record, schema, singer, state
from support_dolt import needs_dolt
from support_state import DOGS, command, dog, ids, kept, print_state, run_branches

from target_dolt.errors import ConfigError, WriteError
from target_dolt_plugins import doltlite

FIRST = [DOGS, dog(1, "Rex"), state({"n": 1})]
SECOND = [DOGS, dog(2, "Fido"), state({"n": 2})]


@pytest.fixture
def file_place(tmp_path: Path) -> Place:
    """A DoltLite file with a table, a row and a state."""
    place = Place({"path": str(tmp_path / "test.db")}, tmp_path)
    place.load(FIRST)
    return place


def refused(place: Place, *options: str) -> str:
    """Run the command; return the one message that it ends with."""
    done = command(place, singer(SECOND), *options)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def goes_on(place: Place) -> None:
    """Load again, now that the place is well: nothing is missing, and nothing is left over."""
    done = command(place, singer(SECOND))
    assert (done.returncode, done.stdout) == (0, '{"n":2}\n'), done.stderr
    assert (ids(place), kept(place)) == ([1, 2], {"n": 2})
    assert place.log() == ["Load dogs: 1 added"] * 2
    assert run_branches(place) == []


def _other_bytes(data: bytes) -> bytes:
    middle = len(data) // 2
    other = random.Random(1).randbytes(500)  # noqa: S311 - no secret
    return data[:middle] + other + data[middle + len(other) :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "text": lambda _: b"this is no database\n" * 100,
    "first-bytes-alone": lambda data: data[:100],
    "no-head": lambda data: bytes(100) + data[100:],
    "other-bytes-in-the-middle": _other_bytes,
    "other-bytes-near-the-start": lambda data: data[:500] + bytes(range(64)) + data[564:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_told_and_left_alone(
    file_place: Place, damage: Callable[[bytes], bytes]
) -> None:
    """Neither a load nor --print-state takes it for an empty one."""
    path = Path(file_place.config["path"])
    whole = path.read_bytes()
    damaged = damage(whole)
    path.write_bytes(damaged)
    for options in ((), ("--print-state",)):
        assert f"'{path}' is no DoltLite file, or is damaged" in refused(file_place, *options)
    assert path.read_bytes() == damaged
    path.write_bytes(whole)
    goes_on(file_place)


def test_a_file_that_another_process_is_making_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a moment it has bytes and no commit, as a damaged one has."""
    place = Place({"path": str(tmp_path / "test.db")}, tmp_path)
    place.load(FIRST)
    path = Path(place.config["path"])
    whole = path.read_bytes()
    path.write_bytes(DAMAGES["other-bytes-near-the-start"](whole))
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 2:
            path.write_bytes(whole)

    monkeypatch.setattr(doltlite.time, "sleep", pause)
    assert place.load(SECOND) == [{"n": 2}]
    assert len(paused) == 2
    assert ids(place) == [1, 2]


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Callable[[str], None]]:
    """Mount a disk in memory; give a function that changes its options."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")

    def mount(*options: str) -> bool:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(directory)],
            capture_output=True,
            check=False,
        )
        return made.returncode == 0

    directory.mkdir(exist_ok=True)
    if not mount(f"size={size}"):
        pytest.skip("mounting is not allowed here")
    try:
        yield lambda option: None if mount("remount", option) else pytest.fail(option)
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Let nobody write to a directory; root is stopped by a mount alone."""
    if os.geteuid() != 0:
        directory.chmod(0o555)
        yield
        directory.chmod(0o755)
        return
    bind = ["mount", "--bind", str(directory), str(directory)]
    if subprocess.run(bind, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        again = ["mount", "-o", "remount,bind,ro", str(directory)]
        subprocess.run(again, capture_output=True, check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def test_a_directory_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    """A file that is there is read for --print-state; nothing is loaded, nothing is made."""
    folder = tmp_path / "folder"
    folder.mkdir()
    place = Place({"path": str(folder / "test.db")}, tmp_path)
    place.load(FIRST)
    new = Place({"path": str(folder / "new.db")}, tmp_path)
    before = sorted(folder.iterdir())
    with read_only(folder):
        assert "test.db" in (said := refused(place))
        assert said.endswith("nothing was changed")
        assert "new.db" in (said := refused(new))
        assert "damaged" not in said
        assert print_state(place) == '{"n":1}\n'
    assert sorted(folder.iterdir()) == before
    goes_on(place)


def test_a_file_that_another_process_keeps_busy_ends_the_run_in_words(
    file_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for its turn, but not for ever."""
    monkeypatch.setattr(doltlite, "BUSY_SECONDS", 0.3)
    database = file_place.open()
    with database.connect(write=True) as connection, connection.begin():
        with pytest.raises(WriteError, match="database is locked") as told:
            file_place.load(SECOND)
        assert "nothing was changed" in str(told.value)
    database.close()
    goes_on(file_place)


LONG = schema("dogs", {"id": {"type": "integer"}, "name": {"type": "string"}})


def long_dogs(first: int, last: int) -> list[object]:
    """Return RECORDs that no engine makes small."""
    chosen = random.Random(first)  # noqa: S311 - no secret
    return [record("dogs", id=n, name=chosen.randbytes(20_000).hex()) for n in range(first, last)]


@pytest.mark.parametrize("kind", ["file", pytest.param("directory", marks=needs_dolt)])
def test_a_disk_that_is_full_ends_the_run_and_with_room_the_next_one_goes_on(
    tmp_path: Path, kind: str
) -> None:
    """What a STATE vouched for is there; the error is one sentence."""
    disk = tmp_path / "disk"
    messages = [LONG, *long_dogs(1, 5), state({"n": 1})]
    for number in range(2, 12):
        messages += [*long_dogs(20 * number, 20 * number + 20), state({"n": number})]
    with small_disk(disk, "3m" if kind == "file" else "4m") as change:
        config = {"path": str(disk / "test"), "create_database": kind == "directory"}
        place = Place({**config, "commit_interval_seconds": 0}, tmp_path)
        done = command(place, singer(messages))
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        told = done.stdout.splitlines()
        assert told
        change("size=60m")
        assert kept(place) == json.loads(print_state(place)) == {"n": len(told)}
        again = command(place, singer(messages))
        assert again.returncode == 0, again.stderr
        wanted = [one["record"] for one in messages if one["type"] == "RECORD"]
        assert place.rows("dogs") == sorted(wanted, key=lambda one: repr(one["id"]))
        assert kept(place) == {"n": 11}
        assert place.branches() == ["main"]


NEWER = {
    "type": ("UPDATE _target_dolt_columns SET column_type = '{}' WHERE column_name = 'name'",
             "LONGTEXT", "HOLOGRAM(3)"),
    "column": ("ALTER TABLE _target_dolt_state RENAME COLUMN {}", "states TO state",
               "state TO states"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "ours", "theirs"), NEWER.values(), ids=NEWER)
def test_a_database_that_another_version_has_written_is_left_alone(
    place: Place, statement: str, ours: str, theirs: str
) -> None:
    """What this version does not know is told, with what to do; nothing is changed."""

    def become(text: str) -> None:
        place.execute(statement.format(text))
        place.call("dolt_commit", "-A", "-m", "another version", "--author", "Ann <a@example.org>")

    place.load(FIRST)
    become(theirs)
    commits = place.commits()
    with pytest.raises(ConfigError, match="target-dolt") as told:
        place.load(SECOND)
    assert "a later one" in str(told.value)
    assert "_target_dolt_state" in str(told.value) or "HOLOGRAM" in str(told.value)
    assert place.commits() == commits
    assert run_branches(place) == []
    become(ours)
    place.load(SECOND)
    assert (ids(place), kept(place)) == ([1, 2], {"n": 2})


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@pytest.mark.skipif(
    FAKETIME is None, reason="no libfaketime; on Debian: apt-get install libfaketime"
)
def test_a_clock_that_goes_back_changes_nothing(place: Place) -> None:
    """A run that believes to be three days before the last one is committed after it."""
    place.load(FIRST)
    for number, offset in ((2, "-3d"), (3, "+3d"), (4, "-30d")):
        messages = [DOGS, dog(number), state({"n": number})]
        fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "DONT_FAKE_MONOTONIC": "1"}
        done = command(place, singer(messages), env=fake)
        assert (done.returncode, done.stdout) == (0, f'{{"n":{number}}}\n'), done.stderr
        assert print_state(place) == done.stdout
    assert ids(place) == [1, 2, 3, 4]
    found = [kept(place, at=commit) for commit in place.commits()]
    assert found == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    assert run_branches(place) == []
