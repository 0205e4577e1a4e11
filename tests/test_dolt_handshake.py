"""A port that takes connections and never speaks: waited for a while, then told in words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state
from support_dolt import DoltServer, needs_dolt
from support_state import ids

from target_dolt.errors import ConfigError
from target_dolt_plugins import dolt_directory
from target_dolt_plugins import dolt_server as server_room

pytestmark = needs_dolt

ID = {"id": {"type": "integer"}}
DOGS = schema("dogs", ID)


class Mute:
    """Takes every connection and says nothing, until it is closed."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._taken: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                self._taken.append(self._listener.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        """Hang up."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self._taken:
            one.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    """A port that takes every connection and says nothing."""
    one = Mute()
    yield one
    one.close()


@pytest.mark.parametrize("tls", [{"ssl_enable": False}, {"ssl_enable": True}])
def test_a_port_that_never_speaks_ends_the_run_in_words(
    mute: Mute, tls: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the host, the port and what to look at; long before a statement's time is over."""
    monkeypatch.setattr(server_room, "CONNECT_SECONDS", 0.2)
    place = Place({"host": "127.0.0.1", "port": mute.port, "user": "u", "database": "db"})
    with pytest.raises(ConfigError) as refused:
        place.load([DOGS], **tls)
    assert f"127.0.0.1:{mute.port} took the connection and said nothing" in str(refused.value)
    assert "is a Dolt server there" in str(refused.value)


def test_any_user_of_the_dialect_is_not_kept_waiting_either(mute: Mute) -> None:
    """By `connect_timeout`, which PyMySQL holds to until the connection is taken, no longer."""
    url = f"dolt://u@127.0.0.1:{mute.port}/db"
    engine = sa.create_engine(url, connect_args={"connect_timeout": 0.2, "read_timeout": 3600})
    with pytest.raises(sa.exc.OperationalError, match="said nothing"):
        engine.connect()
    engine.dispose()


def test_a_statement_may_take_longer_than_the_handshake(
    dolt_server: DoltServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is on the handshake alone."""
    monkeypatch.setattr(server_room, "CONNECT_SECONDS", 5)
    place = Place(dolt_server.new_database())
    database = place.open()
    with database.connect() as connection, connection.begin():
        assert connection.exec_driver_sql("SELECT SLEEP(5.5)").scalar() == 0
    database.close()


def test_a_stale_file_whose_port_never_speaks_counts_for_nothing(
    mute: Mute, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory gets a server of its own."""
    monkeypatch.setattr(dolt_directory, "ANSWER_SECONDS", 0.5)
    directory = tmp_path / "db"
    place = Place({"path": str(directory)})
    place.load([DOGS], create_database=True)
    (directory / ".dolt" / "sql-server.info").write_text(f"1:{mute.port}:secret", encoding="utf-8")
    assert place.load([DOGS, record("dogs", id=1), state({"n": 1})]) == [{"n": 1}]
    assert ids(place) == [1]
