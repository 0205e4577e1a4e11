"""Databases that are read or restored into: who never speaks, or is gone, is not waited for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from support import Place, database_of
from support_snapshot import Source

from tap_adapters.restore import restore
from tap_adapters.sources import connecting
from tap_adapters.sources.connecting import SourceError
from tap_adapters.sources.inspected import Inspected
from tap_adapters.sources.snapshot import connected, source_url
from tap_adapters.sync import snapshot
from target_dolt.errors import ConfigError


@pytest.fixture
def mute() -> Iterator[int]:
    """A port of loopback that takes every connection and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_source_that_takes_the_connection_and_says_nothing_is_told_in_words(
    tmp_path: Path, mute: int, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a snapshot and a restore; nothing is changed."""
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 1)
    monkeypatch.setattr(connecting, "READ_SECONDS", 30)
    place = Place({"path": str(tmp_path / "test.db")}, tmp_path)
    place.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    place.call("dolt_commit", "-A", "-m", "t", "--author", "Ann <a@example.org>")
    url = f"{scheme}://me:hunter2@127.0.0.1:{mute}/shop"
    moves = (lambda: snapshot(url, database_of(place)), lambda: restore(database_of(place), url))
    for move in moves:
        with pytest.raises(SourceError, match=rf"127\.0\.0\.1:{mute}") as told:
            move()
        assert "hunter2" not in str(told.value)
    assert place.log() == ["t"]
    assert place.branches() == ["main"]


def test_a_source_url_that_says_nothing_is_told_in_words(
    mute: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is asked for its types alone."""
    monkeypatch.setattr(connecting, "CONNECT_SECONDS", 1)
    with pytest.raises(ConfigError, match="cannot be reached"):
        Inspected(f"mysql+pymysql://me:hunter2@127.0.0.1:{mute}/shop")


@pytest.mark.parametrize("new_source", ["postgres", "mysql"], indirect=True)
@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="Linux lets a program say it so")
def test_a_peer_that_is_gone_is_noticed_by_the_system(new_source: Callable[[], Source]) -> None:
    """It is asked whether it is there, while an answer is waited for."""
    _, url = source_url(new_source().url)
    with connected(url) as connection:
        driver = connection.connection.driver_connection
        number = driver.fileno() if hasattr(driver, "fileno") else driver._sock.fileno()
        with socket.fromfd(number, socket.AF_INET, socket.SOCK_STREAM) as same:
            keeps = same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle = same.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    assert (bool(keeps), idle) == (True, 60)


def test_a_url_may_say_its_own_bounds() -> None:
    """They are the driver's options, and stand."""
    url = sa.make_url("postgresql+psycopg2://h/d?connect_timeout=3&keepalives_idle=7")
    found = connecting.bounds(url)
    assert found["keepalives_interval"] == 10
    assert {"connect_timeout", "keepalives_idle"}.isdisjoint(found)
