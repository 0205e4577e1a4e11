"""A connection lost before anything was read: the database is opened again."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Place, state
from support_dolt import LOST, DoltServer, needs_dolt, quick_retries
from support_proxy import Proxy, Toxic
from support_state import DOGS, dog, ids
from support_wire import Wire

pytestmark = needs_dolt

FIRST = [DOGS, dog(1), state({"n": 1})]
SECOND = [DOGS, dog(2), state({"n": 2})]


@quick_retries
@LOST
@pytest.mark.parametrize(
    ("step", "branch"),
    [(b"dolt_version", None), (b"active_branch", "of-{run}"), (b"GET_LOCK", None),
     (b"FROM dolt_branches", None), (b"CALL dolt_branch", "of-{run}"), (b"dolt_hashof", None),
     (b"dolt_hashof('target-dolt/", None), (b"_target_dolt_state", "of-{run}")],
)  # fmt: skip
def test_a_connection_lost_while_a_database_is_opened_is_made_again(
    place: Place, dolt_server: DoltServer, step: bytes, lost: str, branch: str | None
) -> None:
    """At each thing that is asked for; one load is there, and no branch is left over."""
    place.load(FIRST)
    with Wire(dolt_server.port) as wire:
        wire.cut(on=step, answered=lost == "answer")
        through = Place(place.config | {"port": wire.port})
        assert through.load(SECOND, branch=branch) == [{"n": 2}]
        assert wire.was_cut
    (filled, *more) = [name for name in place.branches() if branch is None or name != "main"]
    assert more == []
    assert ids(place, at=filled) == [1, 2]
    assert place.log(filled) == ["Load dogs: 1 added"] * 2


@quick_retries
@pytest.mark.parametrize("after", [0, 20])
def test_a_connection_lost_within_the_handshake_is_made_again(
    place: Place, dolt_server: DoltServer, after: int, tmp_path: Path
) -> None:
    """The server's greeting, or a part of it, never comes."""
    with Proxy(dolt_server.port) as proxy:
        proxy.arm(Toxic("limit_data", "downstream", after))
        through = Place(proxy.through(place.config), tmp_path)
        assert through.load(FIRST) == [{"n": 1}]
    assert ids(place) == [1]
