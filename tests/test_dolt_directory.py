"""A local directory with a Dolt database: served for the run, and left as it was found."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pymysql
import pytest
from support import Place, record, state
from support_dolt import ONE_DOG, PASSWORD, DoltServer, free_port, needs_dolt
from support_state import (
    CATS,
    DOGS,
    PATIENCE_SECONDS,
    Watched,
    cat,
    command,
    dog,
    finish,
    ids,
    is_alive,
    next_line,
    send,
    wait_until,
)
from support_wire import FakeServer

from target_dolt.backend import Where
from target_dolt.errors import ConfigError, LockedError, RecordError, WriteError
from target_dolt_plugins import dolt_directory
from target_dolt_plugins import dolt_server as server_room
from target_dolt_plugins.dolt_directory import LOCAL_USER, ServerInfo
from target_dolt_plugins.dolt_remotes import clone

pytestmark = needs_dolt


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A directory that a run may make a Dolt database in; overrides the place of all backends."""
    return Place({"path": str(tmp_path / "db"), "create_database": True}, tmp_path)


@pytest.fixture
def made(place: Place) -> Place:
    """A Dolt database in a directory, empty, and no more leave to make one."""
    folder(place).mkdir()
    subprocess.run(["dolt", "init"], cwd=folder(place), check=True, capture_output=True)
    del place.config["create_database"]
    return place


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[ServerInfo]:
    """The servers that runs in this process have found or started."""
    seen: list[ServerInfo] = []
    look = dolt_directory.running_server

    def noting(directory: Path) -> ServerInfo | None:
        info = look(directory)
        if info is not None:
            seen.append(info)
        return info

    monkeypatch.setattr(dolt_directory, "running_server", noting)
    return seen


@pytest.fixture
def theirs(made: Place, tmp_path: Path) -> Iterator[DoltServer]:
    """A server that somebody has started on the directory, with LOAD DATA LOCAL not allowed."""
    own = tmp_path / "their server"
    own.mkdir()
    with DoltServer(own, data=folder(made), local_infile=False) as server:
        yield server


def folder(place: Place) -> Path:
    """Return the directory."""
    return Path(place.config["path"])


def info_of(place: Place) -> ServerInfo:
    """Return what the server that holds the directory has written into it."""
    text = (folder(place) / ".dolt" / "sql-server.info").read_text(encoding="utf-8")
    pid, port, secret = text.strip().split(":", 2)
    return ServerInfo(int(pid), int(port), secret)


def kinds(directory: Path) -> list[str]:
    """Return the names of what lies in a directory."""
    return sorted(path.name for path in directory.iterdir())


def assert_left_clean(place: Place, server: ServerInfo) -> None:
    """The run's server is gone, and only Dolt's own files are there."""
    wait_until(lambda: not is_alive(server.pid), "the server outlived the run")
    assert kinds(folder(place)) == [".dolt"]
    assert not (folder(place) / ".dolt" / "sql-server.info").exists()
    with pytest.raises(pymysql.err.OperationalError):
        pymysql.connect(host="127.0.0.1", port=server.port, user=LOCAL_USER, password=server.secret)


# A directory that holds, or will hold, a database


def test_create_database_makes_the_directory_and_later_runs_find_the_database(
    place: Place,
) -> None:
    """Parents included; with the setting left on, the second run loads into the same database."""
    place.config["path"] = str(place.directory / "not" / "yet" / "there")
    assert place.load(ONE_DOG) == [{"n": 1}]
    assert place.load([DOGS, dog(2), state({"n": 2})]) == [{"n": 2}]
    del place.config["create_database"]
    assert place.load([DOGS, dog(3), state({"n": 3})]) == [{"n": 3}]
    assert ids(place) == [1, 2, 3]
    assert place.log() == ["Load dogs: 1 added"] * 3


def test_create_database_leaves_what_lies_in_the_directory(place: Place) -> None:
    """A directory with other files becomes a database, the files stay."""
    folder(place).mkdir()
    (folder(place) / "notes.txt").write_text("mine", encoding="utf-8")
    place.load(ONE_DOG)
    assert ids(place) == [1]
    assert (folder(place) / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_directory_without_a_database_is_refused_in_one_sentence(place: Place) -> None:
    """It names the directory and the setting, and nothing is made there."""
    folder(place).mkdir()
    del place.config["create_database"]
    with pytest.raises(ConfigError) as refusal:
        place.load(ONE_DOG)
    assert str(folder(place)) in str(refusal.value)
    assert "`create_database`" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert kinds(folder(place)) == []


def test_create_database_where_a_file_lies_is_refused_and_the_file_stays(place: Place) -> None:
    """A file is not made into a directory, nor is the error a traceback."""
    folder(place).write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"db' is a file .*leave `create_database` out"):
        place.load(ONE_DOG)
    assert folder(place).read_text(encoding="utf-8") == "mine"


def test_a_directory_whose_database_does_not_open_is_told_in_words_and_left_alone(
    made: Place,
) -> None:
    """A file of the database is damaged: an error with the directory's name, and no database."""
    manifest = folder(made) / ".dolt" / "noms" / "manifest"
    manifest.write_text("damaged", encoding="utf-8")
    for create in (False, True):
        with pytest.raises((WriteError, ConfigError)) as refusal:
            made.load(ONE_DOG, create_database=create)
        assert str(folder(made)) in str(refusal.value)
        assert not str(refusal.value).endswith(": ")
    assert manifest.read_text(encoding="utf-8") == "damaged"
    assert kinds(folder(made)) == [".dolt"]


def test_an_empty_dolt_folder_does_not_make_a_database_within_the_directory(place: Place) -> None:
    """What an interrupted `dolt init` leaves is refused, or becomes the database."""
    (folder(place) / ".dolt").mkdir(parents=True)
    with suppress(WriteError, ConfigError):
        place.load(ONE_DOG)
        assert ids(place) == [1]
    assert kinds(folder(place)) == [".dolt"]


@pytest.mark.parametrize(
    "name",
    [
        "two words",
        "with-dashes",
        "with.dots.db",
        ".hidden",
        "Grüße",
        "данные",
        "データ",
        "😀",
        "UPPER lower",
        "quo'te`s\"",
        "pl+us",
        "$HOME",
        "1",
        pytest.param("x" * 60, id="long"),
    ],
)
def test_a_directory_of_any_name_is_loaded_and_read(place: Place, name: str) -> None:
    """Its name is the database's name in SQL, whatever Dolt makes of it."""
    place.config["path"] = str(place.directory / name)
    assert place.load(ONE_DOG) == [{"n": 1}]
    assert place.load([DOGS, dog(2), state({"n": 2})]) == [{"n": 2}]
    assert ids(place) == [1, 2]
    assert kinds(folder(place)) == [".dolt"]
    del place.config["create_database"]
    assert ids(place) == [1, 2]


@pytest.mark.parametrize(
    "name", ["per%cent", "at@home", "back\\slash", "information_schema", "mysql"]
)
def test_a_directory_whose_name_dolt_does_not_take_is_refused_in_words(
    place: Place, name: str
) -> None:
    """Never a traceback, never a database elsewhere than in the directory itself."""
    place.config["path"] = str(place.directory / name)
    with pytest.raises((ConfigError, WriteError), match=re.escape(name)) as refusal:
        place.load(ONE_DOG)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["ha#sh", "ques?tion", " blanks around ", pytest.param("x" * 100, id="long")]
)
def test_a_directory_of_an_odd_name_is_loaded(place: Place, name: str) -> None:
    """The database lies in the directory, and nowhere else."""
    place.config["path"] = str(place.directory / name)
    place.load(ONE_DOG)
    assert ids(place) == [1]
    assert kinds(folder(place)) == [".dolt"]


@pytest.mark.parametrize("name", ["mysql", "Information_Schema"])
def test_nothing_is_cloned_to_where_a_server_has_its_own_database(
    tmp_path: Path, name: str
) -> None:
    """It could not be read there."""
    with pytest.raises(ConfigError, match=f"'{name}' is a database of every Dolt server's own"):
        clone("file:///nowhere", Where(path=tmp_path / name), None)
    assert not list(tmp_path.iterdir())


def test_a_directory_may_be_named_in_any_way(made: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relatively, as `.`, by a way that goes up, and by a symbolic link."""
    home = folder(made)
    link = made.directory / "link"
    link.symlink_to(home, target_is_directory=True)
    (home.parent / "sub").mkdir()
    monkeypatch.chdir(home)
    for number, path in enumerate((".", "../db", f"{home}/", f"{home}/../sub/../db", str(link))):
        place = Place({"path": path}, made.directory)
        assert place.load([DOGS, dog(number), state({"n": number + 1})]) == [{"n": number + 1}]
    assert ids(made) == [0, 1, 2, 3, 4]


def test_a_directory_that_dolt_clone_or_dolt_init_made_on_another_branch_is_loaded(
    place: Place,
) -> None:
    """Its default branch is the one that the commits go to."""
    folder(place).mkdir()
    subprocess.run(
        ["dolt", "init", "--initial-branch", "trunk"],
        cwd=folder(place),
        check=True,
        capture_output=True,
    )
    place.load(ONE_DOG)
    assert place.branches() == ["trunk"]
    assert ids(place) == [1]


# The server of a run


def test_the_runs_server_listens_on_loopback_alone(made: Place) -> None:
    """Nobody outside of this machine reaches it."""
    if not Path("/proc/net/tcp").exists():
        pytest.skip("only Linux tells who listens where in a file")
    found: list[str] = []

    def look() -> None:
        port = f"{info_of(made).port:04X}"
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            for line in Path(table).read_text(encoding="utf-8").splitlines()[1:]:
                address, _, local_port = line.split()[1].partition(":")
                if local_port == port and line.split()[3] == "0A":
                    found.append(address)

    Watched(made).load(DOGS, look, dog(1), state({"n": 1}))
    assert found == ["0100007F"]


def test_only_the_account_of_this_run_opens_the_runs_server(made: Place) -> None:
    """No passwordless root on a port, and an account whose secret is new at each run."""
    refused: list[int] = []
    secrets: list[str] = []

    def look() -> None:
        info = info_of(made)
        secrets.append(info.secret)
        for user, password in (
            ("root", ""),
            ("root", "root"),
            ("root", info.secret),
            (LOCAL_USER, ""),
            (LOCAL_USER, "wrong"),
            ("dolt", ""),
            ("", ""),
        ):
            with pytest.raises(pymysql.err.MySQLError) as refusal:
                pymysql.connect(host="127.0.0.1", port=info.port, user=user, password=password)
            refused.append(refusal.value.args[0])

    for number in (1, 2):
        Watched(made).load(DOGS, look, dog(number), state({"n": number}))
    assert refused == [1045] * 14
    assert len(set(secrets)) == 2
    assert all(len(secret) >= 16 for secret in secrets)


def test_the_secret_is_not_on_any_command_line(made: Place) -> None:
    """Every user of a machine may read those."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("only Linux shows command lines as files")
    lines: list[bytes] = []
    secrets: list[str] = []

    def look() -> None:
        secrets.append(info_of(made).secret)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                lines.append(path.read_bytes())

    Watched(made).load(DOGS, look, dog(1), state({"n": 1}))
    assert any(b"sql-server" in line for line in lines)
    assert not any(secrets[0].encode() in line for line in lines)


def test_the_server_is_stopped_at_the_end_of_a_run(place: Place, started: list[ServerInfo]) -> None:
    """And of a run without a record, and of each look into the database."""
    place.load(ONE_DOG)
    place.load([])
    place.query("SELECT 1")
    assert len({info.pid for info in started}) == 3
    for info in started:
        assert_left_clean(place, info)


def test_the_server_is_stopped_where_the_run_ends_in_an_error(
    made: Place, started: list[ServerInfo]
) -> None:
    """A bad record, and a bug that nobody has foreseen."""

    def bug() -> None:
        raise ZeroDivisionError

    with pytest.raises(RecordError):
        made.load([DOGS, record("dogs", id="x")])
    with pytest.raises(ZeroDivisionError):
        Watched(made).load(DOGS, dog(1), bug)
    assert len({info.pid for info in started}) == 2
    for info in started:
        assert_left_clean(made, info)
    made.load(ONE_DOG)
    assert ids(made) == [1]
    assert made.branches() == ["main"]


def test_the_server_is_stopped_where_the_database_is_refused_after_its_start(
    made: Place, started: list[ServerInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example a Dolt that is too old."""
    monkeypatch.setattr(server_room, "OLDEST_VERSION", (99, 0, 0))
    with pytest.raises(ConfigError, match=r"99\.0\.0 or later"):
        made.load(ONE_DOG)
    (info,) = set(started)
    assert_left_clean(made, info)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_the_server_is_stopped_where_the_loader_is_told_to_stop(
    made: Place, signum: signal.Signals
) -> None:
    """The last STATE stands."""
    with made.start() as process:
        send(process, *ONE_DOG)
        assert next_line(process) == '{"n":1}'
        info = info_of(made)
        process.send_signal(signum)
        finish(process)
    assert process.returncode == 128 + signum
    assert_left_clean(made, info)
    assert ids(made) == [1]


def test_a_ctrl_c_to_the_whole_terminal_ends_the_loader_first_and_the_server_after_it(
    made: Place,
) -> None:
    """A terminal sends SIGINT to the process group: the server may not go before its loader."""
    process = _start_in_own_group(made)
    with process:
        send(process, DOGS, dog(1), state({"n": 1}))
        assert next_line(process) == '{"n":1}'
        info = info_of(made)
        send(process, dog(2), state({"n": 2}))
        assert next_line(process) == '{"n":2}'
        os.killpg(process.pid, signal.SIGINT)
        _, err = finish(process)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert_left_clean(made, info)
    assert ids(made) == [1, 2]
    assert made.branches() == ["main"]


def _start_in_own_group(place: Place) -> subprocess.Popen[str]:
    made: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def in_own_group(*arguments: object, **options: object) -> subprocess.Popen[str]:
        made.append(popen(*arguments, **{**options, "start_new_session": True}))  # type: ignore[call-overload]
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", in_own_group)
        return place.start()


def test_the_server_is_stopped_where_the_loader_is_killed_and_the_next_run_is_well(
    made: Place,
) -> None:
    """SIGKILL runs no code of the loader; its branch goes with the next run."""
    with made.start(batch_size_rows=1) as process:
        send(process, *ONE_DOG)
        assert next_line(process) == '{"n":1}'
        info = info_of(made)
        send(process, dog(2), dog(3))
        process.send_signal(signal.SIGKILL)
        finish(process)
    wait_until(lambda: not is_alive(info.pid), "the server outlived its loader")
    assert kinds(folder(made)) == [".dolt"]
    made.load([DOGS, dog(2), state({"n": 2})])
    assert ids(made) == [1, 2]
    assert made.branches() == ["main"]
    assert made.log() == ["Load dogs: 1 added"] * 2


def test_a_loader_that_is_killed_while_its_server_starts_leaves_no_server(made: Place) -> None:
    """As soon as there is a server at all."""
    with made.start() as process:
        wait_until((folder(made) / ".dolt" / "sql-server.info").exists, "no server was started")
        process.send_signal(signal.SIGKILL)
        finish(process)
    with suppress(FileNotFoundError):
        pid = info_of(made).pid
        wait_until(lambda: not is_alive(pid), "the server outlived its loader")
    made.load(ONE_DOG)
    assert ids(made) == [1]


# A directory that is served already


def test_a_server_that_holds_the_directory_is_used_and_left_running(
    made: Place, theirs: DoltServer, started: list[ServerInfo]
) -> None:
    """By the local account that its file names; none of its settings is changed."""
    assert made.load(ONE_DOG) == [{"n": 1}]
    assert {info.pid for info in started} == {theirs.pid}
    assert theirs.runs
    assert theirs.execute("USE db", "SELECT id FROM dogs") == [(1,)]
    assert theirs.execute("SELECT @@GLOBAL.local_infile") == [(0,)]
    with pytest.raises(RecordError):
        made.load([DOGS, record("dogs", id="x")])
    assert theirs.runs
    assert theirs.execute("USE db", "SELECT name FROM dolt_branches") == [("main",)]


def test_a_server_that_holds_the_directory_needs_no_dolt_on_path(
    made: Place, theirs: DoltServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is started then."""
    monkeypatch.setenv("PATH", str(made.directory / "empty"))
    assert made.load(ONE_DOG) == [{"n": 1}]
    assert theirs.execute("USE db", "SELECT id FROM dogs") == [(1,)]


def test_a_server_that_was_started_with_no_more_than_its_name_is_used(made: Place) -> None:
    """`dolt sql-server` in the directory, as a person starts it."""
    port = free_port()
    process = subprocess.Popen(
        ["dolt", "sql-server", "--host", "127.0.0.1", "--port", str(port)],
        cwd=folder(made),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DOLT_ROOT_PASSWORD": PASSWORD},
    )
    try:
        wait_until(lambda: _connects(port), "the person's server does not answer")
        assert made.load(ONE_DOG) == [{"n": 1}]
        assert info_of(made).pid == process.pid
        assert process.poll() is None
        assert ids(made) == [1]
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _connects(port: int) -> bool:
    try:
        pymysql.connect(host="127.0.0.1", port=port, user="root", password=PASSWORD).close()
    except pymysql.err.MySQLError:
        return False
    return True


def test_a_directory_within_one_that_is_served_is_recognised_too(tmp_path: Path) -> None:
    """A server on a directory of databases holds each of them."""
    with DoltServer(tmp_path) as server:
        database = server.new_database()["database"]
        place = Place({"path": str(tmp_path / "data" / database)}, tmp_path)
        assert place.load(ONE_DOG) == [{"n": 1}]
        assert server.runs
        assert server.execute(f"USE {database}", "SELECT id FROM dogs") == [(1,)]
        server.execute(f"USE {database}", "INSERT INTO dogs (id) VALUES (2)")
        assert server.execute(f"USE {database}", "SELECT id FROM dogs") == [(1,), (2,)]


def _killed_server(place: Place) -> None:
    server = DoltServer(place.directory, data=folder(place))
    server.start()
    server.kill()
    assert info_of(place).pid == server.pid


def _no_server(place: Place) -> None:
    (folder(place) / ".dolt" / "sql-server.info").write_text("1:1:secret", encoding="utf-8")


def _no_sense(place: Place) -> None:
    (folder(place) / ".dolt" / "sql-server.info").write_bytes(b"\xff\x00::x")


@pytest.mark.parametrize("leave", [_killed_server, _no_server, _no_sense])
def test_a_stale_file_of_a_server_that_is_gone_counts_for_nothing(
    made: Place, leave: Callable[[Place], None]
) -> None:
    """Left by a server that was killed, or with nonsense in it: a server is started."""
    leave(made)
    assert made.load(ONE_DOG) == [{"n": 1}]
    assert ids(made) == [1]


def test_a_stale_file_whose_port_another_database_has_now_counts_for_nothing(
    made: Place, tmp_path: Path
) -> None:
    """The other server does not know the secret, and keeps its own data."""
    other = tmp_path / "other"
    other.mkdir()
    with DoltServer(other) as server:
        server.execute("CREATE DATABASE db")
        (folder(made) / ".dolt" / "sql-server.info").write_text(
            f"{server.pid}:{server.port}:00000000-0000-0000-0000-000000000000", encoding="utf-8"
        )
        assert made.load(ONE_DOG) == [{"n": 1}]
        assert server.execute("USE db", "SHOW TABLES") == []
    assert ids(made) == [1]


def test_a_stale_file_whose_port_is_no_database_now_counts_for_nothing(made: Place) -> None:
    """Whatever listens there answers in its own language."""
    with FakeServer(greeting=b"SSH-2.0-OpenSSH_9.6\r\n") as other:
        (folder(made) / ".dolt" / "sql-server.info").write_text(
            f"1:{other.port}:secret", encoding="utf-8"
        )
        assert made.load(ONE_DOG) == [{"n": 1}]
    assert ids(made) == [1]


# Two loaders in one directory


def test_a_second_loader_uses_the_server_of_the_first_and_both_land(made: Place) -> None:
    """In one line of history; the server is stopped by the one that started it."""
    with made.start() as process:
        send(process, *ONE_DOG)
        assert next_line(process) == '{"n":1}'
        info = info_of(made)
        assert made.load([CATS, cat(1), state({"c": 1})], pipeline_id="cats") == [{"c": 1}]
        assert is_alive(info.pid)
        assert info_of(made) == info
        send(process, dog(2), state({"n": 2}))
        finish(process)
    assert process.returncode == 0
    assert_left_clean(made, info)
    assert (ids(made), ids(made, "cats")) == ([1, 2], [1])
    assert made.log() == ["Load dogs: 1 added", "Load cats: 1 added", "Load dogs: 1 added"]


def test_the_first_loader_waits_with_its_server_for_the_second(made: Place) -> None:
    """Its input has ended, its commits are made: the second goes on to its own end."""
    with made.start(pipeline_id="first") as first:
        send(first, *ONE_DOG)
        assert next_line(first) == '{"n":1}'
        info = info_of(made)
        with Place({**made.config}, _own(made)).start(pipeline_id="second") as second:
            send(second, CATS, cat(1), state({"c": 1}))
            assert next_line(second) == '{"c":1}'
            assert first.stdin is not None
            first.stdin.close()
            assert first.stderr is not None
            for line in first.stderr:
                if "waiting for them" in line:
                    break
            send(second, cat(2), state({"c": 2}))
            assert next_line(second) == '{"c":2}'
            assert first.poll() is None
            finish(second)
        assert second.returncode == 0
        assert first.wait(PATIENCE_SECONDS) == 0
    assert_left_clean(made, info)
    assert (ids(made), ids(made, "cats")) == ([1], [1, 2])


def _own(place: Place) -> Path:
    path = place.directory / "second"
    path.mkdir()
    return path


def test_a_second_run_of_the_pipeline_is_refused_and_leaves_the_firsts_server(
    made: Place,
) -> None:
    """The lock holds across loaders that share a server."""

    def again() -> None:
        with pytest.raises(LockedError):
            made.load([DOGS, dog(9), state({"n": 9})])
        assert is_alive(info_of(made).pid)

    assert Watched(made).load(DOGS, again, dog(1), state({"n": 1})) == ['{"n":1}']
    assert ids(made) == [1]


def test_two_loaders_that_begin_at_the_same_moment_both_land(made: Place) -> None:
    """Each looks for a server before either has started one."""
    one = made.start(pipeline_id="first")
    two = Place({**made.config}, _own(made)).start(pipeline_id="second")
    with one, two:
        send(one, *ONE_DOG)
        send(two, CATS, cat(1), state({"c": 1}))
        assert next_line(one) == '{"n":1}'
        assert next_line(two) == '{"c":1}'
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.close()
            process.stdin = None
        errors = [finish(process)[1] for process in (one, two)]
    assert [one.returncode, two.returncode] == [0, 0], errors
    assert (ids(made), ids(made, "cats")) == ([1], [1])
    assert made.branches() == ["main"]


def test_a_loader_whom_another_server_forestalls_uses_that_one(
    made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes the directory between the look for a server and the start of our own."""
    own = tmp_path / "their server"
    own.mkdir()
    theirs = DoltServer(own, data=folder(made))
    find = dolt_directory.find_program

    def forestalled() -> str:
        if not theirs.runs:
            theirs.start()
        return find()

    monkeypatch.setattr(dolt_directory, "find_program", forestalled)
    try:
        assert made.load(ONE_DOG) == [{"n": 1}]
        assert theirs.runs
        assert theirs.execute("USE db", "SELECT id FROM dogs") == [(1,)]
    finally:
        theirs.stop()


# No dolt, and nothing left behind


@pytest.mark.parametrize("has", ["database", "nothing"])
def test_without_dolt_on_path_one_sentence_says_where_to_get_it(
    place: Place, has: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made and nothing else is said."""
    if has == "database":
        place.load(ONE_DOG)
    monkeypatch.setenv("PATH", str(place.directory / "empty"))
    with pytest.raises(ConfigError) as refusal:
        place.load([DOGS, dog(2), state({"n": 2})])
    text = str(refusal.value)
    assert "`dolt`" in text
    assert "github.com/dolthub/dolt" in text
    assert "\n" not in text
    monkeypatch.undo()
    if has == "database":
        assert ids(place) == [1]
    else:
        assert not folder(place).exists()


def test_the_command_without_dolt_on_path_says_it_in_one_line_without_a_traceback(
    made: Place,
) -> None:
    """Exit code 1."""
    done = command(made, "", env={"PATH": str(made.directory / "empty")})
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert sum("github.com/dolthub/dolt" in line for line in done.stderr.splitlines()) == 1


def test_a_run_leaves_no_temporary_files_and_nothing_in_the_working_directory(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after a good run, not after one that failed."""
    for name in ("temporary", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "work")
    place.load(ONE_DOG)
    with pytest.raises(RecordError):
        place.load([DOGS, record("dogs", id="x")])
    assert kinds(tmp_path / "temporary") == []
    assert kinds(tmp_path / "work") == []
    assert kinds(tmp_path) == ["db", "temporary", "work"]
    assert kinds(folder(place)) == [".dolt"]


def test_a_run_leaves_home_with_dolts_own_directory_alone_and_its_configuration_as_it_was(
    place: Place, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shell history, no second configuration, no account."""
    other = tmp_path / "home"
    shutil.copytree(home, other)
    before = (other / ".dolt" / "config_global.json").read_text(encoding="utf-8")
    monkeypatch.setenv("HOME", str(other))
    place.load(ONE_DOG)
    assert kinds(other) == [".dolt"]
    assert (other / ".dolt" / "config_global.json").read_text(encoding="utf-8") == before


def test_a_user_without_a_dolt_configuration_can_load(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name and no address are set up on a fresh machine."""
    (tmp_path / "fresh").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "fresh"))
    assert place.load(ONE_DOG) == [{"n": 1}]
    assert ids(place) == [1]
    authors = place.query("SELECT committer FROM dolt_log")
    assert authors[0] == ("target-dolt",)


def test_rows_go_by_load_data_to_a_server_of_our_own(
    made: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """No administrator has to allow what this run itself has started."""
    caplog.set_level("INFO", logger="target-dolt")
    assert made.load(ONE_DOG, bulk_load="load_data") == [{"n": 1}]
    assert "LOAD DATA LOCAL" not in caplog.text
