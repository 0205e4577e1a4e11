"""Fixtures: every behaviour test runs on each backend."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support import Place
from support_browser import CHROMIUM, NO_CHROMIUM, Browser
from support_dolt import NO_DOLT, DoltServer, needs_dolt
from support_snapshot import KINDS, Source, new_mysql, new_postgres, new_sqlite
from support_sources import (
    MARIADB,
    NO_MARIADB,
    NO_POSTGRES,
    POSTGRES,
    MariaDB,
    Postgres,
    running_mariadb,
    running_postgres,
)

from demo.postgres import Postgres as PgServer
from demo.postgres import running_postgres as running_pgserver

settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")

KEPT_DATABASES = 20
"""Of those that a test of many examples makes: an example needs the newest few. Each database slows
all statements of its server down; with 120 of them they take four times as long."""

BACKENDS = ["doltlite", pytest.param("dolt", marks=needs_dolt)]


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
def one_dolt_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoltServer]:
    """A Dolt server for the whole run, on a free loopback port, ended by its process id."""
    with DoltServer(tmp_path_factory.mktemp("dolt")) as server:
        yield server


@pytest.fixture
def dolt_server(one_dolt_server: DoltServer) -> Iterator[DoltServer]:
    """The Dolt server, without the databases of other tests."""
    yield one_dolt_server
    one_dolt_server.drop_databases()
    one_dolt_server.freshen()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A Postgres to read from, whose log wal2json decodes."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB to read from, with a binlog of whole rows."""
    with running_mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def pgserver() -> Iterator[PgServer]:
    """A Postgres from PyPI, to read from and to write back to."""
    with tempfile.TemporaryDirectory() as name, running_pgserver(Path(name)) as server:
        yield server


def _maker(request: pytest.FixtureRequest, directory: Path) -> Callable[[], Source]:
    """Return what makes fresh databases of the kind that a fixture is asked for."""
    makers: dict[str, Callable[[], Callable[[], Source]]] = {
        "postgres": lambda: partial(new_postgres, request.getfixturevalue("pgserver")),
        "mysql": lambda: partial(new_mysql, request.getfixturevalue("mariadb")),
        "sqlite": lambda: partial(new_sqlite, directory),
    }
    return makers[request.param]()


@pytest.fixture(params=KINDS)
def new_source(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Source]:
    """Makes fresh databases of each kind that snapshots are taken of."""
    return _maker(request, tmp_path)


@pytest.fixture
def source(new_source: Callable[[], Source]) -> Source:
    """A fresh database of each kind."""
    return new_source()


@pytest.fixture
def other_source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """A fresh database of the kind that a test names, beside `source`."""
    return _maker(request, tmp_path)()


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A fresh database on each backend."""
    if request.param == "doltlite":
        return Place({"path": str(tmp_path / "test.db")}, tmp_path)
    server: DoltServer = request.getfixturevalue("dolt_server")
    return Place(server.new_database(), tmp_path)


@pytest.fixture(params=BACKENDS, scope="session")
def new_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Place]:
    """Makes fresh databases on each backend, for tests that need many."""
    server: DoltServer | None = (
        None if request.param == "doltlite" else request.getfixturevalue("one_dolt_server")
    )

    made: deque[str] = deque()

    def make() -> Place:
        folder = tmp_path_factory.mktemp("place")
        if server is None:
            return Place({"path": str(folder / "test.db")}, folder)
        server.freshen()
        config = server.new_database()
        made.append(config["database"])
        if len(made) > KEPT_DATABASES:
            server.drop_databases([made.popleft()])
        return Place(config, folder)

    return make


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """A browser with a profile of its own."""
    directory = tmp_path / "browser"
    directory.mkdir()
    return Browser(directory)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say in words, below all but the closing line, what was not seen working."""
    yield
    for found, missing in (
        (shutil.which("dolt"), NO_DOLT),
        (POSTGRES, NO_POSTGRES),
        (MARIADB, NO_MARIADB),
        (CHROMIUM, NO_CHROMIUM),
    ):
        if found is None:
            terminalreporter.write_line(missing)
