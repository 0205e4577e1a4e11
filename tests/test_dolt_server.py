"""Any Dolt server: the URL, the refusals, TLS, both ways of bulk loading, lost connections.

Issue 4, items 2, 4, 5, 6 and 7. What a load does on each backend alike is in the other files.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pymysql
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import Message, Place, record, schema, state
from support_dolt import (
    PASSWORD,
    DoltServer,
    FakeServer,
    Watched,
    Wire,
    asking_for,
    error_packet,
    free_port,
    make_certificates,
    needs_dolt,
)
from support_state import CATS, DOGS, cat, dog, finish, ids, run_branches

from target_dolt import retry
from target_dolt.errors import (
    ConfigError,
    LockedError,
    RecordError,
    TargetDoltError,
    UnsupportedTypeError,
    WriteError,
)
from target_dolt_plugins import dolt
from target_dolt_plugins.dolt_dialect import LOCAL_NAME
from target_dolt_plugins.dolt_writer import InsertWriter, LoadDataWriter

pytestmark = needs_dolt

ONE_DOG = [DOGS, dog(1), state({"n": 1})]
BOTH = pytest.mark.parametrize("bulk_load", ["load_data", "insert"])
LOST = pytest.mark.parametrize("lost", ["request", "answer"])
"""Of a request whose connection is lost: it itself, or the answer to what was done."""

KEYS = pytest.mark.parametrize("keys", [["id"], []], ids=["keyed", "keyless"])


COM_QUIT = b"\x01"
"""What a client says that goes away."""

_exact = msgspec.json.Encoder(decimal_format="number").encode


def plain(message: Message) -> str:
    """Return a message as a line of JSON, its Decimals as numbers."""
    return _exact(message).decode()


@pytest.fixture
def place(dolt_server: DoltServer, tmp_path: Path) -> Place:
    """A fresh database on the session's server; overrides the place of all backends."""
    return Place(dolt_server.new_database(), tmp_path)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[DoltServer]:
    """A server for one test, which may end it."""
    with DoltServer(tmp_path) as server:
        yield server


@pytest.fixture
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES_SECONDS", (0.01, 0.02, 0.05, 0.1))


short_pauses = pytest.mark.usefixtures("_short_pauses")


def url_of(place: Place, branch: str | None = None) -> sa.URL:
    """Return the database as a URL."""
    config = place.config
    database = config["database"] + (f"/{branch}" if branch else "")
    return sa.URL.create(
        "dolt", config["user"], config["password"], config["host"], config["port"], database
    )


@contextmanager
def engine_of(url: sa.URL | str, **options: Any) -> Iterator[sa.Engine]:
    """Open an engine as any SQLAlchemy user does, and close its pool at the end."""
    engine = sa.create_engine(url, **options)
    try:
        yield engine
    finally:
        engine.dispose()


def refusal(place: Place, messages: Sequence[Message | str] = ONE_DOG, **settings: Any) -> str:
    """Load, and return the words of the ConfigError; never with the password in them."""
    with pytest.raises(ConfigError) as refused:
        place.load(messages, **settings)
    text = str(refused.value)
    assert PASSWORD not in text
    assert text
    assert "\n" not in text
    return text


def sent_password(wire: Wire) -> bool:
    """Whether anything of a login has passed; a login names the user."""
    return b"root" in wire.sent


# dolt:// for any SQLAlchemy user


def test_a_rollback_on_a_dolt_url_undoes(place: Place) -> None:
    """Also at the end of a `begin` that failed, and for a connection from the pool."""
    with engine_of(url_of(place)) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT @@autocommit").scalar() == 0
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            connection.rollback()
            assert connection.exec_driver_sql("SELECT * FROM t").fetchall() == []
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        with pytest.raises(ZeroDivisionError), engine.begin() as connection:  # noqa: PT012
            connection.exec_driver_sql("INSERT INTO t VALUES (3)")
            raise ZeroDivisionError
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (4)")
    assert place.query("SELECT id FROM t") == [(4,)]


def test_pymysql_alone_does_not_undo_which_is_why_the_dialect_is_there(place: Place) -> None:
    """Where this fails, Dolt tells PyMySQL of autocommit, and the dialect's statement may go."""
    with engine_of(url_of(place).set(drivername="mysql+pymysql")) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        with engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            connection.rollback()
    assert place.query("SELECT id FROM t") == [(1,)]


def test_an_isolation_level_of_autocommit_is_still_to_be_had(place: Place) -> None:
    """Who asks for it by SQLAlchemy's own option gets it."""
    url = url_of(place)
    with engine_of(url, isolation_level="AUTOCOMMIT") as engine, engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    assert place.query("SELECT id FROM t") == [(1,)]


def test_a_branch_in_the_url_is_the_branch_that_is_read_written_and_reflected(
    place: Place,
) -> None:
    """`database/branch`, slashes in the branch's own name included."""
    place.load(ONE_DOG)
    place.call("dolt_branch", "feature/x-1")
    with engine_of(url_of(place, "feature/x-1")) as engine:
        with engine.begin() as connection:
            found = connection.exec_driver_sql("SELECT active_branch()").scalar()
            connection.exec_driver_sql("INSERT INTO dogs (id) VALUES (2)")
        columns = sa.inspect(engine).get_columns("dogs")
        names = sa.inspect(engine).get_table_names()
    assert found == "feature/x-1"
    assert [column["name"] for column in columns] == ["id", "name"]
    assert "dogs" in names
    assert ids(place) == [1]
    assert ids(place, at="feature/x-1") == [1, 2]


def test_identifiers_have_64_characters_and_one_of_65_is_refused(place: Place) -> None:
    """As a table and as a column, with nothing made."""
    for table, column in (("t" * 64, "c" * 64), ("t" * 65, "c"), ("t", "c" * 65)):
        described = sa.Table(table, sa.MetaData(), sa.Column(column, sa.INTEGER, primary_key=True))
        with engine_of(url_of(place)) as engine:
            if len(table) == len(column) == 64:
                described.create(engine)
            else:
                with pytest.raises((sa.exc.IdentifierError, sa.exc.DBAPIError)):
                    described.create(engine)
    assert place.tables() == ["t" * 64]


def test_a_label_of_a_query_is_shortened_to_64_characters_by_sqlalchemy(place: Place) -> None:
    """The dialect says how long a name may be: a longer label would be refused by the server."""
    query = sa.select(sa.table("t" * 40, sa.column("c" * 40)))
    with engine_of(url_of(place)) as engine:
        text = str(query.set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL).compile(engine))
    label = text.split(" AS ")[1].split(maxsplit=1)[0].strip("`")
    assert len(label) <= 64


def test_a_stream_with_names_of_65_characters_loads_under_shortened_ones(place: Place) -> None:
    """Table and column, each with a hash of the whole name at its end."""
    table, column = "t" * 65, "c" * 65
    place.load([
        schema(table, {"id": {"type": "integer"}, column: {"type": "string"}}),
        record(table, **{"id": 1, column: "x"}),
        state({"n": 1}),
    ])  # fmt: skip
    (name,) = place.tables()
    assert len(name) == 64
    (row,) = place.rows(name)
    assert sorted(map(len, row)) == [2, 64]


# Which server, and what it refuses


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
    monkeypatch.setattr(dolt, "OLDEST_VERSION", (99, 1, 0))
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


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path, Path]]:
    """Two authorities, each with a server's certificate: for 127.0.0.1, and for another name."""
    home = tmp_path_factory.mktemp("certificates")
    return {
        "here": make_certificates(home / "here", "127.0.0.1"),
        "elsewhere": make_certificates(home / "elsewhere", "dolt.example.org"),
    }


@pytest.fixture(scope="module")
def tls_servers(
    tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, tuple[Path, Path, Path]]
) -> Iterator[dict[str, DoltServer]]:
    """A server with each certificate, which takes plain text as well."""
    servers = {}
    try:
        for name, (_, certificate, key) in certificates.items():
            server = servers[name] = DoltServer(
                tmp_path_factory.mktemp(f"tls-{name}"),
                listener={"tls_cert": str(certificate), "tls_key": str(key)},
            )
            server.start()
        yield servers
    finally:
        for server in servers.values():
            server.stop()


def _through(server: DoltServer, wire: Wire) -> Place:
    return Place(server.new_database() | {"port": wire.port})


def test_with_the_right_authority_the_whole_load_is_encrypted(
    tls_servers: dict[str, DoltServer], certificates: dict[str, tuple[Path, Path, Path]]
) -> None:
    """Not a word of it passes in plain text."""
    server = tls_servers["here"]
    with Wire(server.port) as wire:
        place = _through(server, wire)
        tls = {"ssl_ca": str(certificates["here"][0]), "ssl_verify": True}
        states = place.load([DOGS, dog(1, "c4nary"), state({"n": 1})], **tls)
    assert states == [{"n": 1}]
    for word in (b"c4nary", b"dogs", b"root", b"SELECT"):
        assert word not in wire.sent
    assert server.execute(f"USE {place.config['database']}", "SELECT name FROM dogs") == [
        ("c4nary",)
    ]


@pytest.mark.parametrize(
    ("server", "ca", "settings"),
    [
        pytest.param("here", "elsewhere", {"ssl_verify": True}, id="wrong-authority"),
        pytest.param("here", None, {"ssl_enable": True, "ssl_verify": True}, id="no-authority"),
        pytest.param("elsewhere", "elsewhere", {"ssl_verify": True}, id="another-host's"),
    ],
)
def test_a_certificate_that_does_not_verify_is_refused_before_the_password_is_sent(
    tls_servers: dict[str, DoltServer],
    certificates: dict[str, tuple[Path, Path, Path]],
    server: str,
    ca: str | None,
    settings: dict[str, Any],
) -> None:
    """In one sentence that speaks of the certificate."""
    authority = {"ssl_ca": str(certificates[ca][0])} if ca else {}
    with Wire(tls_servers[server].port) as wire:
        place = _through(tls_servers[server], wire)
        text = refusal(place, **settings, **authority)
    assert "certificate" in text.lower()
    assert wire.sent
    assert not sent_password(wire)


@pytest.mark.parametrize("more", [{}, {"ssl_verify": True}, {"ssl_verify": False}], ids=str)
def test_a_server_without_tls_is_refused_before_the_password_where_tls_is_asked_for(
    dolt_server: DoltServer, more: dict[str, Any]
) -> None:
    """It never falls back to plain text."""
    with Wire(dolt_server.port) as wire:
        text = refusal(_through(dolt_server, wire), ssl_enable=True, **more)
    assert "ssl" in text.lower() or "tls" in text.lower()
    assert not sent_password(wire)


def test_a_certificate_alone_switches_tls_on(dolt_server: DoltServer, tmp_path: Path) -> None:
    """Whoever gives an authority does not mean plain text, on this machine either."""
    authority = make_certificates(tmp_path / "own", "127.0.0.1")[0]
    with Wire(dolt_server.port) as wire:
        refusal(_through(dolt_server, wire), ssl_ca=str(authority))
    assert not sent_password(wire)


def test_tls_without_verification_is_to_be_had_on_this_machine(
    tls_servers: dict[str, DoltServer],
) -> None:
    """The default there: encrypted, whoever answers."""
    server = tls_servers["elsewhere"]
    with Wire(server.port) as wire:
        place = _through(server, wire)
        assert place.load(ONE_DOG, ssl_enable=True) == [{"n": 1}]
    assert not sent_password(wire)


def test_another_machine_gets_tls_and_verification_by_default(
    tls_servers: dict[str, DoltServer],
    certificates: dict[str, tuple[Path, Path, Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """This machine under a name that is not loopback's stands for one."""
    monkeypatch.setattr("target_dolt_plugins.dolt_tls.is_loopback", lambda _: False)
    with Wire(tls_servers["here"].port) as wire:
        place = _through(tls_servers["here"], wire)
        assert "certificate" in refusal(place).lower()
        assert not sent_password(wire)
        ours = {"ssl_ca": str(certificates["here"][0])}
        assert place.load(ONE_DOG, **ours) == [{"n": 1}]
        assert not sent_password(wire)


def test_a_server_that_requires_tls_takes_a_load_with_it_and_refuses_one_without(
    tmp_path: Path, certificates: dict[str, tuple[Path, Path, Path]]
) -> None:
    """The refusal is a sentence."""
    ca, certificate, key = certificates["here"]
    options = {
        "tls_cert": str(certificate),
        "tls_key": str(key),
        "require_secure_transport": True,
    }
    server = _TlsOnlyServer(tmp_path, listener=options)
    with server:
        place = Place(server.config("db"))
        tls = {"ssl_ca": str(ca), "ssl_verify": True}
        assert place.load(ONE_DOG, create_database=True, **tls) == [{"n": 1}]
        refusal(place)


class _TlsOnlyServer(DoltServer):
    def connect(self, database: str | None = None, **options: Any) -> Any:
        return super().connect(database, **{"ssl": {"check_hostname": False}, **options})


# LOAD DATA and INSERT

EVERY_TYPE: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "small": {"type": "integer", "minimum": -32768, "maximum": 32767},
    "int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "big": {"type": "integer"},
    "unsigned": {"type": "integer", "minimum": 0, "maximum": 2**64 - 1},
    "decimal": {"type": "number", "precision": 65, "scale": 30},
    "money": {"type": "number", "multipleOf": 0.01},
    "double": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "short": {"type": "string", "maxLength": 40},
    "long": {"type": "string"},
    "json": {"type": ["object", "array", "string", "number", "boolean", "null"]},
    "object": {"type": "object"},
    "list": {"type": "array"},
    "100% 'name' \"x\"": {"type": "string"},
    "back`tick": {"type": "string"},
    "%s": {"type": "string"},
    "tab\tin name": {"type": "integer"},
}

TEXTS = [
    "",
    " ",
    "  both ends  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\\",
    "\\\\",
    "\\N",
    "\\n",
    "N",
    "NULL",
    "null",
    "'",
    '"',
    "`",
    "\0",
    "a\0b",
    "%",
    "%s %(x)s %%",
    ":name",
    "?",
    "\x1a",
    "\x08",
    "\x7f",
    "\u2028",
    "\ufeff",
    "e\u0301",
    "é",
    "😀",
    "\U0001d54a",
    ";--",
    "/* x */",
    "a,b",
    "\\\t\n\r\0\\N",
    "x" * 40,
    "😀" * 40,
]
NUMBERS: dict[str, list[Any]] = {
    "boolean": [True, False],
    "small": [-32768, 32767, 0],
    "int": [-(2**31), 2**31 - 1],
    "big": [-(2**63), 2**63 - 1, 0, -1],
    "unsigned": [0, 2**64 - 1, 2**63],
    "decimal": [
        Decimal("9" * 35 + "." + "9" * 30),
        Decimal("-" + "9" * 35 + "." + "9" * 30),
        Decimal("0." + "0" * 29 + "1"),
        Decimal("1E+34"),
        Decimal("-0.0"),
    ],
    "money": [Decimal("0.01"), Decimal("-12345678901234567890.99"), 7],
    "double": [
        Decimal("1.7976931348623157e308"),
        Decimal("-1.7976931348623157e308"),
        Decimal("5e-324"),
        Decimal("2.2250738585072014e-308"),
        Decimal("0.1"),
        Decimal("-0.0"),
        Decimal("1e22"),
        Decimal("1e-7"),
        123456789012345680,
    ],
    "date": ["0001-01-01", "9999-12-31", "2024-02-29"],
    "datetime": [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2024-02-29T12:00:00.000001+02:00",
        "1969-12-31T23:59:59",
    ],
    "time": ["00:00:00", "23:59:59.999999", "12:34:56.000001"],
}
JSONS: list[Any] = [
    {},
    [],
    "",
    "text",
    "\\N",
    "\t\n\r\\\0'\"%😀",
    0,
    -1,
    2**53,
    Decimal("0.1"),
    True,
    False,
    {"a": None, "b": [1, {"c": "\\\t"}], "%s": "%"},
    [None],
    {"": ""},
    {"z": 1, "a": 2, "A": 3},
    ["\u0000", "\x1f", "\u2028"],
]


def _strange_records() -> Iterator[dict[str, Any]]:
    """Yield records that have every strange value somewhere, and one with nothing at all."""
    columns: dict[str, Sequence[Any]] = {
        **NUMBERS,
        **{name: TEXTS for name in EVERY_TYPE if EVERY_TYPE[name].get("type") == "string"},
        "json": JSONS,
        "object": [one for one in JSONS if isinstance(one, dict)],
        "list": [one for one in JSONS if isinstance(one, list)],
        "tab\tin name": [1],
    }
    columns.update({name: NUMBERS[name] for name in ("date", "datetime", "time")})
    yield {}
    yield dict.fromkeys(EVERY_TYPE)
    for index in range(len(TEXTS)):
        yield {name: values[index % len(values)] for name, values in columns.items()}


def _nullable(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        name: one if isinstance(one["type"], list) else {**one, "type": ["null", one["type"]]}
        for name, one in properties.items()
    }


def _messages(records: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[str]:
    properties = {"id": {"type": "integer"}, **_nullable(EVERY_TYPE)}
    return [
        plain(one)
        for one in (
            schema("t", properties, keys),
            *(record("t", **{"id": number, **row}) for number, row in enumerate(records)),
            state({"n": len(records)}),
        )
    ]


def _expected(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a record as it must be read back, computed without the loader."""
    found: dict[str, Any] = {"id": number, **dict.fromkeys(EVERY_TYPE), **row}
    for name, value in found.items():
        if value is None:
            continue
        if name == "boolean":
            found[name] = int(value)
        elif name == "datetime":
            moment = dt.datetime.fromisoformat(value.replace("Z", "+00:00"))
            if moment.tzinfo is not None:
                moment = (moment - (moment.utcoffset() or dt.timedelta())).replace(tzinfo=None)
            found[name] = moment.isoformat(" ", "microseconds")
        elif name == "time":
            found[name] = dt.time.fromisoformat(value).isoformat("microseconds")
        elif name in {"decimal", "money", "double"}:
            found[name] = float(value) if name == "double" else Decimal(value)
    return found


def _rows(place: Place) -> list[dict[str, Any]]:
    return sorted(place.rows("t"), key=lambda row: int(row["id"]))


@BOTH
@KEYS
def test_every_type_and_strange_value_arrives_exactly_by_either_way(
    place: Place, bulk_load: str, keys: list[str]
) -> None:
    """Nothing is bent, cut, trimmed, rounded or taken for NULL."""
    records = list(_strange_records())
    place.load(_messages(records, keys), bulk_load=bulk_load)
    found = _rows(place)
    for number, row in enumerate(records):
        expected = _expected(row, number)
        for name, value in expected.items():
            assert (name, found[number][name]) == (name, value)
            assert type(found[number][name]) is type(value) or isinstance(value, Decimal | int)
    assert len(found) == len(records)


@KEYS
def test_load_data_and_insert_give_the_same_tables(
    dolt_server: DoltServer, keys: list[str]
) -> None:
    """To the hash: equal schema and equal rows, loaded first and upserted over."""
    records = list(_strange_records())
    hashes = set()
    for bulk_load in ("load_data", "insert"):
        place = Place(dolt_server.new_database())
        place.load(_messages(records, keys), bulk_load=bulk_load)
        place.load(_messages([*records[::-1]], keys), bulk_load=bulk_load)
        hashes.add(place.query("SELECT dolt_hashof_table('t')")[0][0])
    assert len(hashes) == 1


_numbers = st.integers(-(2**63), 2**63 - 1)
_doubles = st.floats(allow_nan=False, allow_infinity=False).map(lambda one: Decimal(repr(one)))
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_records = st.fixed_dictionaries(
    {},
    optional={
        "big": _numbers,
        "unsigned": st.integers(0, 2**64 - 1),
        "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=30).filter(
            lambda one: abs(one) < Decimal(10) ** 35
        ),
        "double": _doubles,
        "date": st.dates().map(dt.date.isoformat),
        "datetime": st.datetimes().map(lambda one: one.isoformat()),
        "time": st.times().map(lambda one: one.isoformat()),
        "short": _texts,
        "long": _texts,
        "json": _json.filter(lambda one: one is not None),
        "%s": _texts,
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(_records, min_size=1, max_size=20))
def test_whatever_is_loaded_is_read_back_exactly_by_either_way(
    dolt_server: DoltServer, records: list[dict[str, Any]]
) -> None:
    """Values of hypothesis's choice, by LOAD DATA and by INSERT."""
    for bulk_load in ("load_data", "insert"):
        place = Place(dolt_server.new_database())
        place.load(_messages(records, ["id"]), bulk_load=bulk_load)
        found = _rows(place)
        assert len(found) == len(records)
        for number, row in enumerate(records):
            expected = _expected(row, number)
            bent = {name: (expected[name], found[number][name]) for name in expected}
            assert {name: both for name, both in bent.items() if both[0] != both[1]} == {}


@BOTH
def test_one_text_of_many_megabytes_arrives_whole(place: Place, bulk_load: str) -> None:
    """Longer than a packet of MySQL's protocol (16,777,215 bytes) may be."""
    text = "0123456789abcdef" * (20 * 1024 * 1024 // 16)
    place.load(
        [DOGS, dog(1, "before"), dog(2, text), dog(3, "after"), state({"n": 3})],
        bulk_load=bulk_load,
    )
    found = place.query("SELECT id, LENGTH(name), MD5(name) = MD5(REPEAT("
                        "'0123456789abcdef', 1310720)) FROM dogs ORDER BY id")  # fmt: skip
    assert found == [(1, 6, 0), (2, len(text), 1), (3, 5, 0)]


@BOTH
def test_many_rows_that_make_a_big_buffer_arrive_whole(place: Place, bulk_load: str) -> None:
    """A buffer of rows with 9,000 characters each: more than one packet holds."""
    rows = [dog(number, f"{number}:" + "y" * 9_000) for number in range(2_500)]
    place.load([DOGS, *rows, state({"n": 1})], bulk_load=bulk_load)
    found = place.query("SELECT COUNT(*), SUM(LENGTH(name)), COUNT(DISTINCT MD5(name)) FROM dogs")
    assert [tuple(map(int, row)) for row in found] == [
        (2_500, sum(len(row["record"]["name"]) for row in rows), 2_500)
    ]


@BOTH
def test_of_two_rows_with_one_key_in_a_buffer_the_later_wins(place: Place, bulk_load: str) -> None:
    """By either way, and a row of the table before gives way to the new one whole."""
    place.load([DOGS, dog(1, "old"), state({"n": 1})], bulk_load=bulk_load)
    place.load([DOGS, dog(1, "a"), dog(2, "b"), dog(1, "c"), dog(2), state({"n": 2})],
               bulk_load=bulk_load)  # fmt: skip
    rows = place.query("SELECT id, name FROM dogs ORDER BY id")
    assert rows == [(1, "c"), (2, None)]


@pytest.mark.parametrize("wanted", ["auto", "insert"])
def test_without_local_infile_rows_go_by_insert_and_one_line_says_what_it_would_bring(
    tmp_path: Path, wanted: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No line where INSERT was asked for; the server's setting stays as it was."""
    caplog.set_level("INFO", logger="target-dolt")
    with DoltServer(tmp_path, local_infile=False) as server:
        place = Place(server.new_database())
        place.load(_messages(list(_strange_records()), ["id"]), bulk_load=wanted)
        assert len(_rows(place)) == len(TEXTS) + 2
        assert server.execute("SELECT @@GLOBAL.local_infile") == [(0,)]
    lines = [one.getMessage() for one in caplog.records if "local_infile" in one.getMessage()]
    told = {line for line in lines if "INSERT" in line}
    assert len(told) == (1 if wanted == "auto" else 0)


def test_without_local_infile_load_data_is_refused(tmp_path: Path) -> None:
    """With the words that an administrator needs."""
    with DoltServer(tmp_path, local_infile=False) as server:
        place = Place(server.new_database())
        text = refusal(place, bulk_load="load_data")
        assert "local_infile" in text
        assert place.load(ONE_DOG) == [{"n": 1}]


@pytest.mark.parametrize(
    ("bulk_load", "writer"),
    [("auto", LoadDataWriter), ("load_data", LoadDataWriter), ("insert", InsertWriter)],
)
def test_the_way_of_loading_is_the_one_that_was_asked_for(
    place: Place, bulk_load: str, writer: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server allows LOAD DATA, `auto` means that."""
    used: list[type] = []
    for kind in (LoadDataWriter, InsertWriter):
        upsert = kind.upsert

        def noting(self: Any, *arguments: Any, upsert: Any = upsert) -> None:
            used.append(type(self))
            upsert(self, *arguments)

        monkeypatch.setattr(kind, "upsert", noting)
    place.load(ONE_DOG, bulk_load=bulk_load)
    assert set(used) == {writer}


@pytest.mark.parametrize("lost", [1, -1], ids=["fewer", "more"])
def test_rows_that_the_server_counts_otherwise_than_they_were_sent_end_the_run(
    place: Place, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that gets lost on the way is not committed behind a STATE."""
    chunks = LoadDataWriter._chunks

    def lossy(self: Any, rows: Any) -> Iterator[bytes]:
        mine = self._table.name == "dogs"
        changed = rows if not mine else (rows[lost:] if lost > 0 else [*rows, *rows, *rows])
        return chunks(self, changed)

    monkeypatch.setattr(LoadDataWriter, "_chunks", lossy)
    with pytest.raises(WriteError, match="dogs"):
        place.load([DOGS, dog(1), dog(2), dog(3), state({"n": 3})], bulk_load="load_data")
    monkeypatch.undo()
    assert place.tables() == []
    assert place.branches() == ["main"]


def test_an_error_while_rows_are_made_leaves_none_of_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a buffer may not become a success, nor may the connection be used again."""
    chunks = LoadDataWriter._chunks

    def broken(self: Any, rows: Any) -> Iterator[bytes]:
        yield next(chunks(self, rows))
        if self._table.name == "dogs":
            raise ZeroDivisionError

    monkeypatch.setattr(LoadDataWriter, "_chunks", broken)
    with pytest.raises(ZeroDivisionError):
        place.load([DOGS, *map(dog, range(5)), state({"n": 5})], bulk_load="load_data")
    monkeypatch.undo()
    assert place.tables() == []
    assert place.branches() == ["main"]


# A server that asks for files


@pytest.mark.parametrize("query", ["SET AUTOCOMMIT", "SET autocommit", "SELECT", "ROLLBACK"])
@pytest.mark.parametrize("asked", ["/etc/passwd", LOCAL_NAME, "", "C:\\secrets.txt"])
def test_a_server_that_asks_for_a_file_in_answer_to_any_query_gets_nothing(
    place: Place, query: str, asked: str
) -> None:
    """Neither a file of this machine nor rows that nobody wanted to send."""

    def answer(statement: str) -> bytes | None:
        return asking_for(asked) if statement.startswith(query) else None

    with FakeServer(answer) as server:
        refusal(place, port=server.port)
    assert server.queries
    assert server.files in ([], [COM_QUIT])


@pytest.mark.parametrize("asked", ["/etc/passwd", "target-dolt-rows/../x", "TARGET-DOLT-ROWS"])
def test_a_server_that_answers_our_load_data_by_asking_for_another_file_gets_nothing(
    place: Place, asked: str
) -> None:
    """By any user of the dialect: LOAD DATA LOCAL is asked for, and answered with a trap."""

    def answer(query: str) -> bytes | None:
        if query.startswith("LOAD DATA"):
            return asking_for(asked)
        return None

    with FakeServer(answer) as server:
        raw = sa.create_engine(url_of(place).set(port=server.port)).dialect
        connection = raw.connect(host="127.0.0.1", port=server.port, user="root")
        connection.rows_to_send = iter([b"1\tsecret row\n"])
        with pytest.raises(pymysql.err.OperationalError):
            connection.query(f"LOAD DATA LOCAL INFILE '{LOCAL_NAME}' INTO TABLE t")
        assert connection.rows_to_send is None
        assert not connection.open
    assert server.files == []


def test_a_dolt_url_of_any_sqlalchemy_user_gives_no_file_away(place: Place, tmp_path: Path) -> None:
    """Not even to a LOAD DATA LOCAL that the user has written."""
    secret = tmp_path / "secret.txt"
    secret.write_text("1\n", encoding="utf-8")
    with engine_of(url_of(place)) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        with pytest.raises(sa.exc.OperationalError, match="file"), engine.begin() as connection:
            connection.exec_driver_sql(f"LOAD DATA LOCAL INFILE '{secret}' INTO TABLE t")
    assert place.query("SELECT * FROM t") == []


# Values that Dolt's own rules would bend

BENT = [
    "9007199254740993",
    "3.14159265358979323846",
    "123456789012345678901234567890",
    "1e400",
    '{"a": [1, {"b": 18446744073709551615.5}]}',
    "[0.1, 0.30000000000000000001]",
]


@BOTH
@pytest.mark.parametrize("value", BENT)
def test_json_with_a_number_that_dolts_json_would_bend_widens_the_column_to_text(
    place: Place, value: str, bulk_load: str
) -> None:
    """Rows before and after it keep their values, and the commit says that it was widened."""
    lines = [
        plain(schema("t", {"id": {"type": "integer"}, "v": {}})),
        '{"type":"RECORD","stream":"t","record":{"id":1,"v":{"k":[1,2.5,"x",null,true]}}}',
        '{"type":"RECORD","stream":"t","record":{"id":2,"v":"text"}}',
        '{"type":"RECORD","stream":"t","record":{"id":3}}',
        '{"type":"STATE","value":{"n":3}}',
        f'{{"type":"RECORD","stream":"t","record":{{"id":4,"v":{value}}}}}',
        '{"type":"RECORD","stream":"t","record":{"id":5,"v":{"a":1}}}',
        '{"type":"STATE","value":{"n":5}}',
    ]
    place.load(lines, bulk_load=bulk_load, commit_interval_seconds=0)
    texts = dict(place.query("SELECT id, v FROM t"))
    exact = {key: None if text is None else _parsed(text) for key, text in texts.items()}
    assert exact == {
        1: {"k": [Decimal(1), Decimal("2.5"), "x", None, True]},
        2: "text",
        3: None,
        4: _parsed(value),
        5: {"a": Decimal(1)},
    }
    message = place.query("SELECT message FROM dolt_log LIMIT 1")[0][0]
    assert "widened t.v: JSON -> LONGTEXT" in message
    assert place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'v'") == [
        ("LONGTEXT",)
    ]


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def test_a_column_that_was_widened_in_one_run_stays_so_in_the_next(place: Place) -> None:
    """The next run has the same SCHEMA and does not narrow it back."""
    head = plain(schema("t", {"id": {"type": "integer"}, "v": {}}))
    line = '{{"type":"RECORD","stream":"t","record":{{"id":{},"v":{}}}}}'
    place.load([head, line.format(1, BENT[0]), state({"n": 1})])
    place.load([head, line.format(2, BENT[1]), line.format(3, "{}"), state({"n": 2})])
    found = {number: _parsed(text) for number, text in place.query("SELECT id, v FROM t")}
    assert found == {1: Decimal(BENT[0]), 2: Decimal(BENT[1]), 3: {}}


def test_a_json_number_with_many_digits_that_a_double_keeps_stays_json(place: Place) -> None:
    """Widening is for values that need it."""
    value = '{"a":1234567890123456,"b":0.1,"c":-1.5e300,"d":45035996273.5}'
    place.load([
        plain(schema("t", {"id": {"type": "integer"}, "v": {}})),
        f'{{"type":"RECORD","stream":"t","record":{{"id":1,"v":{value}}}}}',
        state({"n": 1}),
    ])  # fmt: skip
    kind = place.query("SELECT column_type FROM _target_dolt_columns WHERE column_name = 'v'")
    assert kind == [("JSON",)]
    (text,) = (text for (text,) in place.query("SELECT v FROM t"))
    assert _parsed(text) == _parsed(value)


# Wide tables and long keys


@BOTH
@pytest.mark.parametrize(
    ("columns", "column"),
    [
        (40, {"type": ["null", "string"], "maxLength": 1000}),
        (4, {"type": ["null", "string"], "maxLength": 16_383}),
        (1_000, {"type": ["null", "string"]}),
        (1_000, {"type": ["null", "string"], "maxLength": 255}),
        (1_500, {"type": ["null", "integer"]}),
        (5_000, {"type": ["null", "string"], "maxLength": 255}),
        (5_000, {"type": ["null", "integer"]}),
        (4_097, {"type": ["null", "boolean"]}),
    ],
    ids=lambda value: str(value if isinstance(value, int) else value.get("maxLength")),
)
def test_a_wide_table_is_loaded_exactly_or_refused_in_words(
    place: Place, columns: int, column: dict[str, Any], bulk_load: str
) -> None:
    """Dolt's row has 65,504 bytes: long texts are kept outside of it, the rest has to fit."""
    names = [f"c{number}" for number in range(columns)]
    value: Any = {"string": "x" * min(column.get("maxLength", 100), 255)}.get(column["type"][1], 1)
    messages = [
        schema("t", {"id": {"type": "integer"}, **dict.fromkeys(names, column)}),
        record("t", id=1, **dict.fromkeys(names, value)),
        state({"n": 1}),
    ]
    try:
        place.load(messages, bulk_load=bulk_load)
    except UnsupportedTypeError as error:
        text = str(error)
    else:
        text = ""
    if columns <= 1_500:
        assert text == ""
        assert place.rows("t") == [{"id": 1, **dict.fromkeys(names, value)}]
    else:
        assert "stream 't'" in text
        assert str(columns + 1) in text
        assert place.tables() == []


def test_a_table_that_later_schemas_widen_past_a_row_is_loaded_or_refused_in_words(
    place: Place,
) -> None:
    """Each SCHEMA fits a row, both together do not: columns that are gone stay in the table."""
    column = {"type": ["null", "string"], "maxLength": 1000}
    first = {f"a{number}": column for number in range(12)}
    second = {f"b{number}": column for number in range(12)}
    key = {"id": {"type": "integer"}}
    place.load([schema("t", key | first), record("t", id=1, a0="x" * 1000), state({"n": 1})])
    place.load([schema("t", key | second), record("t", id=2, b0="y" * 1000), state({"n": 2})])
    rows = place.query("SELECT id, a0, b0 FROM t ORDER BY id")
    assert rows == [(1, "x" * 1000, None), (2, None, "y" * 1000)]


@BOTH
def test_a_key_of_768_characters_fits_and_a_longer_one_ends_the_run(
    place: Place, bulk_load: str
) -> None:
    """It is not cut: two keys that differ at their ends would be one."""
    stream = schema("t", {"k": {"type": "string"}, "v": {"type": "integer"}}, ["k"])
    keys = ["k" * 767 + "a", "k" * 767 + "b", "😀" * 768]
    rows = [record("t", k=key, v=number) for number, key in enumerate(keys)]
    place.load([stream, *rows, state({"n": 1})], bulk_load=bulk_load)
    with pytest.raises(RecordError, match="768 characters") as refused:
        place.load([stream, record("t", k="k" * 769, v=9), state({"n": 2})], bulk_load=bulk_load)
    assert "column 'k'" in str(refused.value)
    assert sorted((row["k"], row["v"]) for row in place.rows("t")) == sorted(
        zip(keys, range(3), strict=True)
    )


def test_a_key_whose_texts_are_longer_together_is_refused_at_its_schema(place: Place) -> None:
    """With the number of characters that there is room for."""
    text = {"type": "string", "maxLength": 400}
    with pytest.raises(UnsupportedTypeError, match="768"):
        place.load([schema("t", {"a": text, "b": text}, ["a", "b"])])
    half = {"type": "string", "maxLength": 384}
    place.load([
        schema("t", {"a": half, "b": half}, ["a", "b"]),
        record("t", a="a" * 384, b="b" * 384),
        state({"n": 1}),
    ])  # fmt: skip
    assert place.rows("t") == [{"a": "a" * 384, "b": "b" * 384}]


# Lost connections


def _numbers_of(place: Place, table: str = "t") -> list[int]:
    """Return all ids in order: a row that is there twice shows twice."""
    return [number for (number,) in place.query(f"SELECT id FROM {table} ORDER BY id")]


def _stream(keys: list[str]) -> dict[str, Any]:
    return schema("t", {"id": {"type": "integer"}, "v": {"type": "string"}}, keys)


def _record(number: int) -> dict[str, Any]:
    return record("t", id=number, v=f"row {number}")


@short_pauses
@KEYS
@BOTH
def test_connections_that_the_server_kills_between_two_buffers_cost_no_row(
    place: Place, dolt_server: DoltServer, keys: list[str], bulk_load: str
) -> None:
    """Every connection of the loader, between buffers, before a STATE and after one."""

    def kill() -> None:
        names = [place.config["database"]]
        names += [f"{names[0]}/{branch}" for branch in ("main", *run_branches(place))]
        assert sum(dolt_server.kill_connections(to=name) for name in names) >= 1

    rows = [_record(number) for number in range(12)]
    states = Watched(place).load(
        _stream(keys), *rows[:3], kill, *rows[3:6], kill, state({"n": 1}), kill,
        *rows[6:9], state({"n": 2}), kill, *rows[9:], kill, state({"n": 3}),
        batch_size_rows=2, bulk_load=bulk_load, commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}', '{"n":3}']
    assert _numbers_of(place) == list(range(12))
    assert place.log() == ["Load t: 6 added", "Load t: 3 added", "Load t: 3 added"]
    assert place.branches() == ["main"]


@short_pauses
@KEYS
def test_a_connection_that_the_server_kills_within_a_buffer_costs_no_row(
    place: Place, dolt_server: DoltServer, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a LOAD DATA: its rows are all there, once."""
    chunks = LoadDataWriter._chunks
    killed: list[int] = []

    def interrupted(self: Any, rows: Any) -> Iterator[bytes]:
        for number, chunk in enumerate(chunks(self, rows)):
            if number == 1 and not killed:
                (run,) = run_branches(place)
                killed.append(dolt_server.kill_connections(to=f"{place.config['database']}/{run}"))
            yield chunk

    monkeypatch.setattr("target_dolt_plugins.dolt_writer.CHUNK_ROWS", 10)
    monkeypatch.setattr(LoadDataWriter, "_chunks", interrupted)
    place.load([_stream(keys), *map(_record, range(100)), state({"n": 1})], bulk_load="load_data")
    assert killed == [1]
    assert _numbers_of(place) == list(range(100))
    assert place.log() == ["Load t: 100 added"]


@short_pauses
@KEYS
@pytest.mark.parametrize(
    "request_", [b"LOAD DATA", b"INSERT INTO", b"COMMIT"], ids=["rows", "insert", "end"]
)
@LOST
def test_a_connection_lost_at_a_buffers_request_or_its_answer_costs_no_row(
    place: Place, dolt_server: DoltServer, keys: list[str], request_: bytes, lost: str
) -> None:  # fmt: skip
    """Also where the transaction was committed and only the word of it did not come."""
    way = "insert" if request_ == b"INSERT INTO" else "load_data"
    with Wire(dolt_server.port) as wire:
        through = Place(place.config | {"port": wire.port})
        run = Watched(through)
        states = run.load(
            _stream(keys), _record(1), lambda: wire.cut(on=request_, answered=lost == "answer"),
            _record(2), _record(3), _record(4), _record(5), state({"n": 1}),
            batch_size_rows=4, bulk_load=way,
        )  # fmt: skip
        assert wire.was_cut
    assert states == ['{"n":1}']
    assert _numbers_of(place) == [1, 2, 3, 4, 5]
    assert place.log() == ["Load t: 5 added"]
    assert place.branches() == ["main"]


@short_pauses
@pytest.mark.parametrize("procedure", [b"dolt_add", b"dolt_commit", b"dolt_merge"])
@LOST
def test_a_connection_lost_at_a_step_of_the_commit_or_its_answer_makes_one_commit(
    place: Place, dolt_server: DoltServer, procedure: bytes, lost: str
) -> None:
    """The commit and the move of the branch are each done once, whatever word of them is lost."""
    with Wire(dolt_server.port) as wire:
        through = Place(place.config | {"port": wire.port})
        states = Watched(through).load(
            DOGS, dog(1), lambda: wire.cut(on=procedure, answered=lost == "answer"),
            state({"n": 1}), dog(2), state({"n": 2}), commit_interval_seconds=0,
        )  # fmt: skip
        assert wire.was_cut
    assert states == ['{"n":1}', '{"n":2}']
    assert ids(place) == [1, 2]
    assert place.log() == ["Load dogs: 1 added"] * 2
    assert place.kept_state() == {"n": 2}
    assert place.branches() == ["main"]


@short_pauses
@pytest.mark.parametrize("procedure", ["dolt_commit", "dolt_merge"])
def test_an_answer_lost_twice_in_a_row_still_makes_one_commit(
    place: Place, procedure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt's answer may be lost as well."""
    call = dolt.DoltDatabase.call
    lost: list[str] = []

    def forgetful(self: Any, connection: sa.Connection, name: str, *arguments: str) -> Any:
        answer = call(self, connection, name, *arguments)
        if name == procedure and len(lost) < 2:
            lost.append(name)
            connection.commit()
            connection.invalidate()
            raise driver_error(2013, "Lost connection", lost=True)
        return answer

    monkeypatch.setattr(dolt.DoltDatabase, "call", forgetful)
    states = place.load([DOGS, dog(1), state({"n": 1}), dog(2), state({"n": 2})],
                        commit_interval_seconds=0)  # fmt: skip
    assert states == [{"n": 1}, {"n": 2}]
    assert len(lost) == 2
    assert place.log() == ["Load dogs: 1 added"] * 2
    assert ids(place) == [1, 2]


def driver_error(code: int, text: str, *, lost: bool = False) -> sa.exc.DBAPIError:
    """Return an error of the driver as SQLAlchemy raises it."""
    error = pymysql.err.OperationalError(code, text)
    return sa.exc.OperationalError(text, (), error, connection_invalidated=lost)


@short_pauses
@LOST
def test_a_connection_lost_at_any_request_of_a_window_costs_no_row_and_makes_one_commit(
    dolt_server: DoltServer, lost: str
) -> None:
    """Every single request between a record and its STATE, one run for each; without a key."""
    keys: list[str] = []
    with Wire(dolt_server.port) as wire:

        def run(at: int) -> tuple[Any, ...]:
            place = Place(dolt_server.new_database())
            through = Place(place.config | {"port": wire.port})
            try:
                states = Watched(through).load(
                    _stream(keys), _record(0), state({"n": 0}),
                    lambda: wire.cut(at=at, answered=lost == "answer"),
                    _record(1), _record(2), _record(3), state({"n": 1}),
                    wire.cut,
                    batch_size_rows=2, commit_interval_seconds=0,
                )  # fmt: skip
            except (TargetDoltError, sa.exc.DBAPIError) as error:
                return type(error).__name__, str(error)
            return states, _numbers_of(place), place.log(), place.branches()

        good = ['{"n":0}', '{"n":1}'], [0, 1, 2, 3], ["Load t: 1 added", "Load t: 3 added"], [
            "main"
        ]  # fmt: skip
        counted: list[int] = []
        place = Place(dolt_server.new_database())
        Watched(Place(place.config | {"port": wire.port})).load(
            _stream(keys), _record(0), state({"n": 0}), wire.cut,
            _record(1), _record(2), _record(3), state({"n": 1}),
            lambda: counted.append(wire.requests),
            batch_size_rows=2, commit_interval_seconds=0,
        )  # fmt: skip
        assert counted[0] > 10
        ends = {at: run(at) for at in range(1, counted[0] + 1)}
    assert {at: end for at, end in ends.items() if end != good} == {}


@short_pauses
def test_a_run_whose_server_dies_and_comes_back_on_its_port_goes_on(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """Killed between buffers, before a STATE and after one; keyed and keyless streams."""
    place = Place(own_server.new_database(), tmp_path)

    def crash() -> None:
        own_server.kill()
        own_server.start()

    keyless = schema("u", {"id": {"type": "integer"}}, [])
    states = Watched(place).load(
        _stream(["id"]), keyless, _record(1), record("u", id=1), _record(2), record("u", id=2),
        crash, _record(3), record("u", id=3), crash, state({"n": 1}), crash,
        _record(4), record("u", id=4), state({"n": 2}),
        batch_size_rows=2, commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}']
    assert _numbers_of(place) == [1, 2, 3, 4]
    assert _numbers_of(place, "u") == [1, 2, 3, 4]
    assert place.log() == ["Load t, u: 6 added", "Load t, u: 2 added"]
    assert place.branches() == ["main"]


@short_pauses
def test_after_its_server_came_back_a_run_still_holds_its_lock(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """A second run of the pipeline is refused then too, and does not remove the first's branch."""
    place = Place(own_server.new_database(), tmp_path)

    def crash() -> None:
        own_server.kill()
        own_server.start()

    def again() -> None:
        with pytest.raises(LockedError):
            place.load([DOGS, dog(9), state({"n": 9})])
        place.load([CATS, cat(1), state({"c": 1})], pipeline_id="cats")
        assert len(run_branches(place)) == 1

    states = Watched(place).load(
        DOGS, dog(1), crash, dog(2), state({"n": 1}), again, dog(3), state({"n": 2}),
        batch_size_rows=1, commit_interval_seconds=0,
    )  # fmt: skip
    assert states == ['{"n":1}', '{"n":2}']
    assert ids(place) == [1, 2, 3]
    assert place.branches() == ["main"]


@short_pauses
def test_a_run_whose_lock_another_run_took_while_the_server_was_away_stops(
    own_server: DoltServer, tmp_path: Path
) -> None:
    """Two runs of one pipeline at once would write each other's rows."""
    place = Place(own_server.new_database(), tmp_path)
    lock = place.open()
    held: list[Any] = []  # what nobody refers to would be given back

    def usurped() -> None:
        name = run_branches(place)[0].split("/")[1]
        own_server.kill()
        own_server.start()
        held.append(lock.lock(name))
        held[0].__enter__()

    run = Watched(place)
    with pytest.raises(TargetDoltError):
        run.load(DOGS, dog(1), state({"n": 1}), usurped, dog(2), state({"n": 2}))
    assert run.lines == ['{"n":1}']
    assert ids(place) == [1]


@short_pauses
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


@short_pauses
def test_a_serialization_failure_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Error 1213 at a buffer and at the commit, each once."""
    met: list[str] = []
    upsert, call = LoadDataWriter.upsert, dolt.DoltDatabase.call

    def meeting(self: Any, connection: sa.Connection, rows: Any) -> None:
        upsert(self, connection, rows)
        if self._table.name == "dogs" and "rows" not in met:
            met.append("rows")
            raise driver_error(1213, "serialization failure")

    def meeting_too(self: Any, connection: sa.Connection, name: str, *arguments: str) -> Any:
        if name == "dolt_commit" and "commit" not in met:
            met.append("commit")
            raise driver_error(1213, "serialization failure")
        return call(self, connection, name, *arguments)

    monkeypatch.setattr(LoadDataWriter, "upsert", meeting)
    monkeypatch.setattr(dolt.DoltDatabase, "call", meeting_too)
    assert place.load(ONE_DOG, bulk_load="load_data") == [{"n": 1}]
    assert met == ["rows", "commit"]
    assert ids(place) == [1]
    assert place.log() == ["Load dogs: 1 added"]


@short_pauses
def test_attempts_are_bounded_where_the_error_never_goes_away(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with what the server said, and nothing of the window is on the branch."""
    attempts: list[int] = []

    def never(*_: Any) -> None:
        attempts.append(1)
        raise driver_error(1213, "serialization failure")

    monkeypatch.setattr(LoadDataWriter, "upsert", _only_dogs(LoadDataWriter.upsert, never))
    with pytest.raises(WriteError, match="serialization failure"):
        place.load(ONE_DOG, bulk_load="load_data")
    assert len(attempts) == len(retry.PAUSES_SECONDS) + 1
    assert place.log() == []
    assert place.branches() == ["main"]


def _only_dogs(upsert: Callable[..., None], instead: Callable[..., None]) -> Callable[..., None]:
    def chosen(self: Any, *arguments: Any) -> None:
        (instead if self._table.name == "dogs" else upsert)(self, *arguments)

    return chosen


# Large windows


def test_readers_of_the_target_see_nothing_of_a_large_window_before_its_commit(
    place: Place,
) -> None:
    """300,000 records without a STATE: on the run branch their transactions have ended."""
    seen: list[tuple[int, list[str], int]] = []

    def look() -> None:
        (run,) = run_branches(place)
        on_run = place.query("SELECT COUNT(*) FROM t", at=run)[0][0] if _has(place, run) else 0
        seen.append((on_run, place.tables(), len(place.commits())))

    def steps() -> Iterator[Any]:
        yield _stream(["id"])
        numbers = iter(range(300_000))
        while block := [*itertools.islice(numbers, 50_000)]:
            yield [_record(number) for number in block]
            yield look

    states = Watched(place).load(*steps(), state({"n": 300_000}))
    assert states == ['{"n":300000}']
    counts = [on_run for on_run, _, _ in seen]
    assert counts == sorted(counts)
    assert counts[2] > 50_000
    assert all((tables, commits) == ([], 0) for _, tables, commits in seen)
    found = place.query("SELECT COUNT(*), MIN(id), MAX(id), COUNT(DISTINCT v) FROM t")
    assert found == [(300_000, 0, 299_999, 300_000)]
    assert place.log() == ["Load t: 300000 added"]


def _has(place: Place, branch: str) -> bool:
    return "t" in place.tables(at=branch)
