"""Fixtures of the tests of Dolt servers; what a load does on each backend alike is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Place
from support_dolt import DoltServer
from support_state import PATIENCE_SECONDS

from target_dolt import retry

FEW = (0.01, 0.02, 0.05, 0.1)


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
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = (*FEW, *[FEW[-1]] * int(PATIENCE_SECONDS / FEW[-1]))
    monkeypatch.setattr(retry, "PAUSES_SECONDS", pauses)


@pytest.fixture
def _few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES_SECONDS", FEW)
