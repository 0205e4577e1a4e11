"""TLS: what is encrypted, what is verified, and what is refused before a password is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from support import Place, state
from support_dolt import (
    ONE_DOG,
    DoltServer,
    needs_dolt,
    refusal,
)
from support_state import DOGS, dog
from support_tap import read, records
from support_wire import Wire

from target_dolt.errors import ConfigError

pytestmark = needs_dolt


def make_certificates(directory: Path, name: str) -> tuple[Path, Path, Path]:
    """Make an authority and a server's certificate for a name or address.

    Returns:
        The authority's certificate, the server's certificate, the server's key.
    """
    directory.mkdir()
    authority = trustme.CA()
    server = authority.issue_cert(name)
    paths = directory / "ca.pem", directory / "server.pem", directory / "server.key"
    pems = authority.cert_pem, server.cert_chain_pems[0], server.private_key_pem
    for pem, path in zip(pems, paths, strict=True):
        pem.write_to_path(path)
    return paths


def sent_password(wire: Wire) -> bool:
    """Whether anything of a login has passed; a login names the user."""
    return b"root" in wire.sent


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


def test_tap_dolt_reads_by_tls_and_refuses_a_wrong_certificate_before_the_password(
    tls_servers: dict[str, DoltServer], certificates: dict[str, tuple[Path, Path, Path]]
) -> None:
    """By the same settings as the loader's; not a word of a row passes in plain text."""
    server = tls_servers["here"]
    place = Place(server.new_database())
    place.load([DOGS, dog(1, "c4nary"), state({"n": 1})])
    for authority in ("here", "elsewhere"):
        tls = {"ssl_ca": str(certificates[authority][0]), "ssl_verify": True}
        with Wire(server.port) as wire:
            through = Place(place.config | {"port": wire.port})
            if authority == "here":
                (found,) = records(read(through, **tls), "dogs")
                assert found["name"] == "c4nary"
            else:
                with pytest.raises(ConfigError, match="certificate"):
                    read(through, **tls)
            assert (b"mysql_native_password" in wire.answered, wire.sent != b"") == (True, True)
            for word in (b"c4nary", b"dogs", b"root", b"SELECT"):
                assert word not in wire.sent + wire.answered
