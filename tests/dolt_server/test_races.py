"""Runs that begin at once on a Dolt server: a DoltLite file lets one begin after the other."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from support import Place, state
from support_dolt import needs_dolt
from support_state import DOGS, dog, ids

from target_dolt.errors import WriteError
from target_dolt_plugins.dolt_database import DoltDatabase

pytestmark = needs_dolt


def test_a_new_branch_that_another_run_makes_first_is_filled_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made between this run's look and its own making; a name that is none is refused."""
    own_call = DoltDatabase.call

    def call(of: DoltDatabase, connection: sa.Connection, procedure: str, *arguments: str) -> Any:
        if (procedure, *arguments[:1]) == ("dolt_branch", "review"):
            with of.connect() as other, other.begin():
                own_call(of, other, procedure, *arguments)
        return own_call(of, connection, procedure, *arguments)

    monkeypatch.setattr(DoltDatabase, "call", call)
    place.load([DOGS, dog(1), state({"n": 1})], branch="review")
    assert (ids(place, at="review"), place.branches()) == ([1], ["main", "review"])
    with pytest.raises(WriteError, match="invalid branch name"):
        place.load([DOGS, dog(2), state({"n": 2})], branch="a..b")
    assert place.branches() == ["main", "review"]
