"""Fixtures: every behaviour test runs on each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Place

BACKENDS = ["doltlite"]


@pytest.fixture(params=BACKENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A fresh database on each backend."""
    assert request.param in BACKENDS
    yield Place({"path": str(tmp_path / "test.db")})
