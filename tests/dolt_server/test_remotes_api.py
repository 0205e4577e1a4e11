"""Dolt's remotes API between two servers: clone, push and pull, and who may."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import Place, database_of
from support_dolt import DoltServer, free_port
from test_remotes import dogs, load, out, run

REMOTE_PASSWORD = "r3mote/@%"  # noqa: S105 - of a server that lives as long as one test


@dataclass
class Pair:
    """Two servers.

    Attributes:
        url: The database `shop` of the first one as a remote, for the second one.
        shop: That database.
        here: The second server.
        directory: A place for files.
    """

    url: str
    shop: Place
    here: DoltServer
    directory: Path

    def place(self, name: str) -> Place:
        """Return a database of the second server."""
        return Place(self.here.config(name), self.directory)


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """A server whose database `shop` others may clone, and one that knows its password."""
    monkeypatch.setenv("DOLT_REMOTE_PASSWORD", REMOTE_PASSWORD)
    port = free_port()
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    with DoltServer(there, remotes_port=port) as first, DoltServer(here) as second:
        first.execute(
            "CREATE DATABASE shop",
            f"CREATE USER pusher IDENTIFIED BY '{REMOTE_PASSWORD}'",
            "GRANT ALL ON *.* TO pusher WITH GRANT OPTION",
            f"CREATE USER reader IDENTIFIED BY '{REMOTE_PASSWORD}'",
            "GRANT CLONE_ADMIN ON *.* TO reader",
            f"CREATE USER nobody IDENTIFIED BY '{REMOTE_PASSWORD}'",
        )
        shop = Place(first.config("shop"), tmp_path)
        load(shop, 1)
        yield Pair(f"http://127.0.0.1:{port}/shop", shop, second, tmp_path)


def test_commits_go_from_server_to_server_and_back(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user comes from an option or the environment, the password from the environment."""
    copy = pair.place("copy")
    out(run("clone", pair.url, database_of(copy), "--user", "pusher"))
    assert (copy.commits(), dogs(copy)) == (pair.shop.commits(), [1])
    load(pair.shop, 2)
    monkeypatch.setenv("DOLT_REMOTE_USER", "pusher")
    out(run("pull", database_of(copy)))
    assert dogs(copy) == [1, 2]
    load(copy, 3)
    pushed = run("push", database_of(copy))
    assert out(pushed) == "'origin' has 'main' as it is here\n"
    assert (pair.shop.commits(), dogs(pair.shop)) == (copy.commits(), [1, 2, 3])
    load(pair.shop, 4)
    load(copy, 5)
    refused = run("push", database_of(copy))
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "the remote's branch has commits that are not here" in refused.stderr
    assert (dogs(pair.shop), dogs(copy)) == ([1, 2, 3, 4], [1, 2, 3, 5])


def test_a_directory_is_cloned_from_a_server(pair: Pair) -> None:
    """By the `dolt` program, with the same names in the environment."""
    mine = Place({"path": str(pair.directory / "mine")}, pair.directory)
    out(run("clone", pair.url, database_of(mine), "--user", "reader"))
    assert dogs(mine) == [1]
    load(pair.shop, 2)
    out(run("pull", database_of(mine), "--user", "reader"))
    assert dogs(mine) == [1, 2]
    load(mine, 3)
    refused = run("push", database_of(mine), "--user", "reader")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "the remote's user has no right to it" in refused.stderr
    assert (dogs(pair.shop), dogs(mine)) == ([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("nobody", "the remote's user has no right to it"),
        ("stranger", "the remote refused the user or the password"),
    ],
)
def test_who_may_not_clone_is_told_what_to_do(pair: Pair, user: str, words: str) -> None:
    """Without the password, and without half a database."""
    refused = run("clone", pair.url, database_of(pair.place("copy")), "--user", user)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert words in refused.stderr
    assert REMOTE_PASSWORD not in refused.stderr
    assert ("copy",) not in pair.here.execute("SHOW DATABASES")


def test_a_remote_that_does_not_answer_is_told(pair: Pair) -> None:
    """And the commits stay."""
    load(copy := pair.place("own"), 1, create_database=True)
    refused = run("push", database_of(copy), "http://127.0.0.1:1/shop", "--user", "pusher")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "the remote does not answer" in refused.stderr
    assert dogs(copy) == [1]


def test_a_user_without_administrator_rights_is_told_so(pair: Pair, tmp_path: Path) -> None:
    """And what an administrator can grant; with that it works."""
    load(own := pair.place("own"), 1, create_database=True)
    own.call("dolt_remote", "add", "backup", (tmp_path / "backup").as_uri())
    pair.here.execute("CREATE USER loader IDENTIFIED BY 'pw'", "GRANT ALL ON own.* TO loader")
    loader = Place({**own.config, "user": "loader", "password": "pw"}, tmp_path)
    for command, procedure in (("push", "dolt_push"), ("pull", "dolt_fetch")):
        refused = run(command, database_of(loader), "backup")
        assert (refused.exit_code, refused.stdout) == (3 if command == "push" else 1, "")
        assert "this needs administrator rights on the server" in refused.stderr
        assert f"EXECUTE ON PROCEDURE {procedure} of the database" in refused.stderr
        pair.here.execute(f"GRANT EXECUTE ON PROCEDURE own.{procedure} TO loader")
        out(run(command, database_of(loader), "backup"))
    refused = run("clone", str(tmp_path / "backup"), database_of(loader).replace("own", "copy"))
    assert "lacks the administrator rights that dolt_clone needs there" in refused.stderr
