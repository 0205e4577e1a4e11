"""Fixtures: every behaviour test runs on each backend."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Place
from support_dolt import DoltServer

NO_DOLT = "no `dolt` on PATH: nothing that concerns a Dolt server was tested"

BACKENDS = [
    "doltlite",
    pytest.param("dolt", marks=pytest.mark.skipif(shutil.which("dolt") is None, reason=NO_DOLT)),
]


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HOME of the tests' own, where Dolt sends nothing home and asks for no updates."""
    home = tmp_path_factory.mktemp("home")
    (home / ".dolt").mkdir()
    (home / ".dolt" / "config_global.json").write_text(
        '{"user.name":"tester","user.email":"tester@localhost","metrics.disabled":"true",'
        '"versioncheck.disabled":"true"}'
    )
    os.environ["HOME"] = str(home)
    return home


@pytest.fixture(scope="session")
def dolt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoltServer]:
    """A Dolt server for the whole run, on a free loopback port, ended by its process id."""
    server = DoltServer(tmp_path_factory.mktemp("dolt"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A fresh database on each backend."""
    if request.param == "doltlite":
        return Place({"path": str(tmp_path / "test.db")}, tmp_path)
    server: DoltServer = request.getfixturevalue("dolt_server")
    return Place(server.new_database(), tmp_path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in words, as the run's last lines, what was not seen working."""
    if shutil.which("dolt") is None:
        terminalreporter.write_line(NO_DOLT)
