"""Which server a run loads into, and what is refused before anything is made there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import Place, state
from support_dolt import (
    ONE_DOG,
    PASSWORD,
    DoltServer,
    few_retries,
    free_port,
    needs_dolt,
    refusal,
    url_of,
)
from support_state import DOGS, Watched, dog, finish, ids
from support_wire import FakeServer, error_packet

from target_dolt.errors import (
    ConfigError,
    LockedError,
)
from target_dolt_plugins import dolt_server

pytestmark = needs_dolt


def test_a_url_and_separate_settings_open_the_same_database(place: Place) -> None:
    """A password with every character that a URL has a use for included."""
    place.load(ONE_DOG)
    by_url = Place({"sqlalchemy_url": url_of(place).render_as_string(hide_password=False)})
    assert by_url.load([DOGS, dog(2), state({"n": 2})]) == [{"n": 2}]
    assert ids(place) == [1, 2]


def test_create_database_makes_a_database_on_the_server(dolt_server: DoltServer) -> None:
    """One whose name needs quoting too; without the setting it is refused, and told of it."""
    name = f"made-{secrets.token_hex(4)} `x`"
    place = Place(dolt_server.config(name))
    text = refusal(place)
    assert name in text
    assert "`create_database`" in text
    assert place.load(ONE_DOG, create_database=True) == [{"n": 1}]
    assert place.load([DOGS, dog(2), state({"n": 2})], create_database=True) == [{"n": 2}]
    assert ids(place) == [1, 2]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"password": "wrong-s3cret"}, "refused the user or the password", id="pw"),
        pytest.param({"user": "nobody"}, "refused the user or the password", id="user"),
        pytest.param({"password": None}, "refused the user or the password", id="no-pw"),
        pytest.param({"database": "no_such"}, "no such database", id="database"),
        pytest.param({"database": "db/branch"}, "`branch`", id="branch"),
        pytest.param({"host": "no-such-host.invalid", "ssl_enable": False}, "host", id="host"),
        pytest.param({"ssl_ca": "/no/such/ca.pem"}, "ca.pem", id="ca"),
        pytest.param({"ssl_certificate": "/no/such/c.pem"}, "c.pem", id="certificate"),
        pytest.param({"ssl_key": "/no/such/key.pem"}, "ssl_", id="key-alone"),
    ],
)
def test_a_setting_that_the_server_refuses_is_one_clear_error_without_the_password(
    place: Place, change: dict[str, Any], words: str
) -> None:
    """It says which server, and what was refused."""
    config = {name: value for name, value in (place.config | change).items() if value is not None}
    text = refusal(Place(config))
    assert words in text
    assert str(change.get("password")) not in text


def test_a_user_without_rights_to_the_database_is_told_so(
    place: Place, dolt_server: DoltServer
) -> None:
    """It is there, and that user may not open it."""
    user = f"u{secrets.token_hex(4)}"
    dolt_server.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'pw-of-user'")
    text = refusal(Place(place.config | {"user": user, "password": "pw-of-user"}))
    assert place.config["database"] in text
    assert "pw-of-user" not in text


def test_nobody_at_the_port_is_one_clear_error(place: Place) -> None:
    """By the command too: exit code 1, no traceback, no password."""
    port = free_port()
    assert str(port) in refusal(place, port=port)
    with place.start(port=port) as process:
        out, err = finish(process)
    assert (process.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert PASSWORD not in err


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            lambda _: error_packet(1305, "FUNCTION dolt_version does not exist"), id="all"
        ),
        pytest.param(
            lambda query: (
                error_packet(1305, "FUNCTION db.dolt_version does not exist")
                if "dolt_version" in query
                else None
            ),
            id="function",
        ),
    ],
)
def test_a_mysql_server_that_is_not_dolt_is_one_clear_error(
    place: Place, answer: Callable[[str], bytes | None]
) -> None:
    """A MySQL or MariaDB knows no `dolt_version`."""
    with FakeServer(answer) as server:
        assert str(server.port) in refusal(place, port=server.port)


@few_retries
@pytest.mark.parametrize(
    "greeting",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00",
        b"+OK POP3 ready\r\n",
    ],
)
def test_a_port_that_speaks_another_language_is_one_clear_error(
    place: Place, greeting: bytes
) -> None:
    """Not a MySQL server at all: no traceback of a parser."""
    with FakeServer(greeting=greeting) as server:
        assert str(server.port) in refusal(place, port=server.port)


def test_a_server_that_is_too_old_is_refused_with_the_version_that_is_needed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, and nothing is made."""
    monkeypatch.setattr(dolt_server, "OLDEST_VERSION", (99, 1, 0))
    text = refusal(place)
    assert "99.1.0 or later" in text
    monkeypatch.undo()
    assert place.tables() == []
    assert place.branches() == ["main"]


@pytest.mark.parametrize(
    "settings",
    [
        {"path": "x.db", "sqlalchemy_url": "dolt://h/db"},
        {"path": "x.db", "database": "db"},
        {"path": "x.db", "host": "h", "database": "db"},
        {"sqlalchemy_url": "dolt://h/db", "host": "h", "database": "db"},
        {"sqlalchemy_url": "dolt://h/db", "database": "db"},
        {"sqlalchemy_url": "dolt://h:3306/db", "port": 3307},
        {"sqlalchemy_url": "dolt://root@h/db", "user": "other"},
        {"sqlalchemy_url": "dolt://root:a@h/db", "password": "b"},
        {"path": "x.db", "port": 3306},
        {"path": "x.db", "user": "root"},
        {"host": "h"},
        {"host": "h", "database": "db", "ssl_enable": False, "ssl_ca": "ca.pem"},
        {"host": "h", "database": "db", "ssl_enable": False, "ssl_verify": True},
    ],
    ids="-".join,
)
def test_contradicting_ways_of_saying_where_are_a_config_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    """One of them would be passed over without a word; nothing is opened."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as refused:
        Place(settings).load(ONE_DOG)
    named = [name for name in settings if f"`{name}`" in str(refused.value)]
    assert len(named) >= min(2, len(settings))
    assert [*tmp_path.iterdir()] == []


def test_the_same_pipeline_is_refused_also_where_the_database_is_spelt_in_capitals(
    place: Place,
) -> None:
    """Dolt takes both spellings for one database."""
    capitals = Place(place.config | {"database": place.config["database"].upper()})

    def again() -> None:
        with pytest.raises(LockedError):
            capitals.load([DOGS, dog(9), state({"n": 9})])

    assert Watched(place).load(DOGS, again, dog(1), state({"n": 1})) == ['{"n":1}']
    assert ids(place) == [1]


def test_a_database_with_a_name_of_64_characters_has_its_lock_too(
    dolt_server: DoltServer,
) -> None:
    """A server's lock may have a name of 64 characters at the most."""
    name = f"{'d' * 56}{secrets.token_hex(4)}"
    dolt_server.execute(f"CREATE DATABASE {name}")
    place = Place(dolt_server.config(name))

    def again() -> None:
        with pytest.raises(LockedError):
            place.load([DOGS, dog(9), state({"n": 9})])

    assert Watched(place).load(DOGS, again, dog(1), state({"n": 1})) == ['{"n":1}']
