"""A bad network between the loader and a Dolt server: as if nothing had been, or an error in words.

`tests/dolt_server/test_lost_connections.py` cuts a connection at each request, in this process.
Here loads are processes of their own, with the pauses that users have, and the network ends them
at any byte. The whole is `make fuzz`; `make test` takes a sample of it.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pymysql
import pytest
from support import Place, record, schema, state
from support_crashes import CASES, LAST, Answer, Case, Crashes, Loads
from support_dolt import DoltServer, needs_dolt
from support_proxy import CUTS, Proxy, Toxic
from support_state import DOGS, Watched, dog, ids, kept, sessions_are_gone
from support_wire import Wire

from target_dolt import retry
from target_dolt.errors import WriteError
from target_dolt_plugins import dolt_server

pytestmark = needs_dolt


@pytest.fixture(scope="module")
def loads() -> Iterator[Loads]:
    """The process whose forks are the loads."""
    with Loads() as process:
        yield process


@pytest.fixture
def place(dolt_server: DoltServer, tmp_path: Path) -> Place:
    """A fresh database on the session's server: a file has no network."""
    return Place(dolt_server.new_database(), tmp_path)


class Network:
    """Loads of one database through a proxy, each compared with an undisturbed one."""

    def __init__(self, case: Case, place: Place, loads: Loads, proxy: Proxy) -> None:
        """Load once undisturbed through the proxy, which counts the bytes."""
        self._crashes = Crashes(case, place, loads)
        self._proxy = proxy
        proxy.arm(None)
        self._run()
        self.passed = dict(proxy.passed)

    def _run(self) -> Answer:
        branch = "crashed"
        done = self._crashes.run(branch, 0, version=2, through={"port": self._proxy.port})
        toxic = self._proxy.toxic
        if done.code == 0:
            # What came out, what is kept, the rows and the commits are those of any other run.
            assert done.told == LAST, (toxic, done)
            if "could not be removed" in done.err:  # the next run does it
                assert self._crashes.run(branch, LAST, version=2).code == 0
            self._crashes.compare(branch, done, exactly=True)
        else:
            assert done.err.splitlines()[-1].startswith("target_dolt.errors."), (toxic, done.err)
            sessions_are_gone(self._crashes.place)
            again = self._crashes.run(branch, done.told, version=3)
            assert again.code == 0, (toxic, done.err, again.err)
            assert again.told == LAST
            self._crashes.compare(branch, done, exactly=False)
        self._crashes.forget(branch)
        return done

    def disturbed(self, toxic: Toxic) -> Answer:
        """Let one thing happen to a load; return how it ended."""
        self._proxy.arm(toxic)
        done = self._run()
        self._proxy.arm(None)
        return done


@pytest.fixture
def proxy(dolt_server: DoltServer) -> Iterator[Proxy]:
    """The way to the session's server."""
    with Proxy(dolt_server.port) as opened:
        yield opened


def any_byte(network: Network, count: int, seed: int) -> Iterator[Toxic]:
    """Yield so many events of each kind, each way, at bytes chosen by chance."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    for kind, way, _ in itertools.product(CUTS, network.passed, range(count)):
        yield Toxic(kind, way, chosen.randrange(network.passed[way]))


def test_a_load_whose_connections_end_at_some_byte_is_as_if_nothing_had_been(
    place: Place, loads: Loads, proxy: Proxy
) -> None:
    """Or it ends with an error where it is not open yet, and is run again; each kind, each way."""
    network = Network(CASES[0], place, loads, proxy)
    for toxic in any_byte(network, 1, seed=4):
        network.disturbed(toxic)


def test_a_load_over_a_slow_and_narrow_network_is_the_same(
    place: Place, loads: Loads, dolt_server: DoltServer
) -> None:
    """Each answer comes in pieces, and late."""
    with Proxy(dolt_server.port, slice_bytes=150, latency=0.001) as proxy:
        assert Network(CASES[0], place, loads, proxy).passed["downstream"] > 10_000


def test_a_server_that_falls_silent_in_the_midst_is_left_after_the_time_of_a_statement(
    place: Place, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit was asked for and no answer comes: it is looked for, and there is one."""
    monkeypatch.setattr(dolt_server, "READ_SECONDS", 1)

    def silent() -> None:
        proxy.arm(Toxic("timeout", on=b"CALL dolt_commit", forever=True))
        threading.Timer(1.5, proxy.up).start()

    through = Place(proxy.through(place.config))
    states = Watched(through).load(DOGS, dog(1), silent, state({"n": 1}))
    assert states == ['{"n":1}']
    assert ids(place) == [1]
    assert place.log() == ["Load dogs: 1 added"]
    assert kept(place) == {"n": 1}
    assert place.branches() == ["main"]


def test_attempts_wait_longer_each_time_and_are_told(
    place: Place,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each in the log with what it waits for; then the run ends in words, its last STATE stands."""
    assert sorted(retry.PAUSES_SECONDS) == list(retry.PAUSES_SECONDS)
    pauses = [one / 20 for one in retry.PAUSES_SECONDS]
    monkeypatch.setattr(retry, "PAUSES_SECONDS", pauses)
    run = Watched(Place(proxy.through(place.config)))
    with pytest.raises(WriteError) as refused:
        run.load(
            DOGS, dog(1), state({"n": 1}),
            lambda: proxy.arm(Toxic("down", forever=True)),
            dog(2), state({"n": 2}), commit_interval_seconds=0,
        )  # fmt: skip
    told = [one.getMessage() for one in caplog.records if "trying again" in one.getMessage()]
    assert [one.rpartition(" in ")[2] for one in told] == [f"{one:.1f} s" for one in pauses]
    assert "127.0.0.1" in told[-1]
    assert "nothing since the last commit was kept" in str(refused.value)
    assert run.lines == ['{"n":1}']
    assert (ids(place), kept(place)) == ([1], {"n": 1})
    assert place.load([DOGS, dog(2), state({"n": 2})]) == [{"n": 2}]
    assert ids(place) == [1, 2]
    assert place.branches() == ["main"]


FIRST = schema("dogs", {"id": {"type": "integer"}, "good": {"type": "boolean"}})
LATER = schema(
    "dogs", {"id": {"type": "integer"}, "good": {"type": "string"}, "age": {"type": "integer"}}
)


@pytest.mark.parametrize(
    "step",
    [b"CREATE TABLE `dogs`", b"ALTER TABLE `dogs`", b"UPDATE `dogs`",
     b"INTO TABLE `_target_dolt_columns`", b"SHOW CREATE TABLE `dogs`", b"@@GLOBAL.local_infile",
     b"INTO TABLE _target_dolt_no_table"],
    ids=["make", "alter", "respell", "catalogue", "look", "way-of-loading", "right-to-load"],
)  # fmt: skip
@pytest.mark.parametrize("lost", ["request", "answer"])
def test_a_connection_lost_while_a_schema_becomes_a_table_changes_nothing(
    place: Place, dolt_server: DoltServer, step: bytes, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Table, catalogue and commits are those of a run that nothing disturbed."""
    monkeypatch.setattr(retry, "PAUSES_SECONDS", [0.01, 0.02, 0.05, 0.1, 0.2])
    first = [FIRST, record("dogs", id=1, good=True), state({"n": 1})]
    second = [LATER, record("dogs", id=2, good="very", age=3), state({"n": 2})]
    undisturbed = Place(dolt_server.new_database())
    for messages in (first, second):
        undisturbed.load(messages)
    with Wire(dolt_server.port) as wire:
        through = Place(place.config | {"port": wire.port})
        runs = [first, second] if step == b"CREATE TABLE `dogs`" else [second]
        if len(runs) == 1:
            through.load(first)
        wire.cut(on=step, answered=lost == "answer")
        states = [one for messages in runs for one in through.load(messages)]
        assert wire.was_cut
    assert states == [{"n": 1}, {"n": 2}][-len(runs) :]
    assert place.rows("dogs") == undisturbed.rows("dogs")
    columns = "SELECT * FROM _target_dolt_columns ORDER BY column_name"
    assert place.query(columns) == undisturbed.query(columns)
    assert place.log() == undisturbed.log()
    assert place.branches() == ["main"]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[DoltServer]:
    """A server for one test, which may end it."""
    with DoltServer(tmp_path) as server:
        yield server


def kill_all(server: DoltServer) -> None:
    """End every connection but this one by the server's own KILL."""
    for number, *_, statement in server.execute("SHOW PROCESSLIST"):
        if "PROCESSLIST" not in str(statement):
            with suppress(pymysql.err.MySQLError):  # gone meanwhile
                server.execute(f"KILL {number}")


ENDS: list[Callable[[DoltServer], None]] = [DoltServer.crash, kill_all]
BOTH_ENDS = pytest.mark.parametrize("end", ENDS, ids=["kill-9-and-started-again", "KILL"])


def survive(
    server: DoltServer, loads: Loads, place: Place, end: Callable[[DoltServer], None], count: int
) -> None:
    """Let a server end connections while a load is at work; what is there then is compared."""
    crashes = Crashes(CASES[0], place, loads)
    chosen = random.Random(6)  # noqa: S311 - no secret
    survived = 0
    for _ in range(count):
        happens = threading.Timer(0.2 + chosen.random() / 2, end, [server])
        happens.start()
        done = crashes.run("crashed", 0, version=2)
        happens.join()
        assert done.code == 0 or done.err.splitlines()[-1].startswith("target_dolt.errors.")
        sessions_are_gone(crashes.place)
        assert crashes.run("crashed", done.told, version=3).code == 0
        crashes.compare("crashed", done, exactly=done.code == 0)
        crashes.forget("crashed")
        survived += done.code == 0
    print(f"{survived} of {count} loads came through at once")  # noqa: T201 - the figure of a long run
    assert survived


@BOTH_ENDS
def test_a_server_that_ends_a_loads_connections_at_some_instant_costs_nothing(
    own_server: DoltServer, loads: Loads, tmp_path: Path, end: Callable[[DoltServer], None]
) -> None:
    """The load goes on by itself, but where it was not open yet."""
    survive(own_server, loads, Place(own_server.new_database(), tmp_path), end, 2)


@pytest.mark.fuzz
@BOTH_ENDS
def test_a_server_that_ends_a_loads_connections_at_any_instant_costs_nothing(
    own_server: DoltServer, loads: Loads, tmp_path: Path, end: Callable[[DoltServer], None]
) -> None:
    """Forty instants of each kind."""
    survive(own_server, loads, Place(own_server.new_database(), tmp_path), end, 40)


@pytest.mark.fuzz
@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_a_load_whose_connections_end_at_any_byte_is_as_if_nothing_had_been(
    place: Place, loads: Loads, proxy: Proxy, case: Case
) -> None:
    """Two hundred bytes for each load method."""
    network = Network(case, place, loads, proxy)
    ends = [network.disturbed(toxic) for toxic in any_byte(network, 25, seed=8)]
    survived = sum(one.code == 0 for one in ends)
    print(f"{survived} of {len(ends)} loads came through at once")  # noqa: T201
    assert survived > len(ends) / 2
