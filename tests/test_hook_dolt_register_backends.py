"""`dolt_register_backends`: a plugin brings a kind of database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from support import Place, record, schema, state
from support_values import ID, refused

from target_dolt import Backend, Database, Where, hookimpl
from target_dolt.errors import ConfigError
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins
from target_dolt.settings import where


class Vault:
    """Brings a backend that keeps its files in a folder: DoltLite's, under another scheme."""

    def __init__(self, folder: Path) -> None:
        """Choose the folder."""
        self.folder = folder
        self.opened: list[Where] = []

    @hookimpl
    def dolt_register_backends(self) -> Iterable[Backend]:
        """Bring it."""
        return [Backend("vault", ("vault",), self._claims, self._open)]

    @staticmethod
    def _claims(place: Where) -> bool:
        return place.path is not None and place.path.suffix == ".vault"

    def _open(self, place: Where) -> Database:
        self.opened.append(place)
        name = place.url.database if place.url is not None else place.path and place.path.name
        return open_database(Where(path=self.folder / f"{name}.db"), load_plugins())


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"sqlalchemy_url": "vault:///kept"}, id="by-its-scheme"),
        pytest.param({"path": "kept.vault"}, id="by-its-claim"),
    ],
)
def test_backend_of_a_plugin_takes_the_databases_that_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, str]
) -> None:
    """Loaded into and read back through it."""
    monkeypatch.chdir(tmp_path)
    vault = Vault(tmp_path)
    place = Place(config, tmp_path, load_plugins([vault]))
    assert place.load([schema("t", {"id": ID}), record("t", id=1), state({"n": 1})]) == [{"n": 1}]
    assert place.rows("t") == [{"id": 1}]
    assert place.log() == ["Load t: 1 added"]
    assert vault.opened
    assert all(place_opened == where(config) for place_opened in vault.opened)
    assert len(list(tmp_path.glob("kept*.db"))) == 1


def test_backend_of_a_plugin_leaves_other_databases_to_the_built_in_ones(tmp_path: Path) -> None:
    """A file without its suffix is DoltLite's."""
    vault = Vault(tmp_path)
    place = Place({"path": str(tmp_path / "plain.db")}, tmp_path, load_plugins([vault]))
    place.load([schema("t", {"id": ID}), record("t", id=1)])
    assert place.rows("t") == [{"id": 1}]
    assert vault.opened == []


def test_message_about_an_unknown_scheme_lists_the_plugin_s_too(tmp_path: Path) -> None:
    """So that a misspelt one is found."""
    place = Place({"sqlalchemy_url": "vaults:///kept"}, tmp_path, load_plugins([Vault(tmp_path)]))
    end = refused(place, [])
    assert isinstance(end.error, ConfigError)
    for part in ("vaults://", "doltlite", "vault"):
        assert part in end.message
