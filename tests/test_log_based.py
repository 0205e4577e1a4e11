"""LOG_BASED on real databases: the log of a Postgres and of a MariaDB, through real taps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import Place
from support_following import Following, parse
from support_pets import STEPS
from support_taps import LOG_TAPS, LogTap

RECORDED = Path(__file__).parent / "data" / "taps"
LIVE = [pytest.param(one, marks=one.needs, id=one.name) for one in LOG_TAPS.values()]
REPEATS = "pipelinewise-tap-postgres"


@pytest.mark.parametrize("tap", LIVE)
def test_a_log_is_followed_from_run_to_run(
    place: Place, tap: LogTap, request: pytest.FixtureRequest
) -> None:
    """Each run goes on from the STATE that the last one let out; the tables are the source's."""
    server = request.getfixturevalue(tap.server).with_new_database()
    following = Following(place, repeats=tap.name == REPEATS)
    reader = None
    for step in STEPS:
        server.run(tap.source.statements.get(step, ""))
        if reader is None:
            reader = tap.on(server, place.directory)
            reader.select("LOG_BASED")
        if step == "anew":
            reader.state = None
        reader.state = following.take(step, reader.run(), tap.source.content(server))


HEX_TAP = LOG_TAPS["pipelinewise-tap-mysql"]


@pytest.mark.parametrize("one", [pytest.param(HEX_TAP, marks=HEX_TAP.needs, id=HEX_TAP.name)])
def test_bytes_are_the_same_whether_a_log_or_a_full_table_brought_them(
    place: Place, one: LogTap, request: pytest.FixtureRequest
) -> None:
    """The tap writes their hexadecimal digits in small letters and in capitals."""
    server = request.getfixturevalue(one.server).with_new_database()
    server.run("CREATE TABLE chips (id INT PRIMARY KEY, raw VARBINARY(8), code BINARY(2) NOT NULL)")
    server.run("INSERT INTO chips VALUES (1, x'DEADBEEF', x'0AFF')")
    reader = one.on(server, place.directory)
    reader.select("LOG_BASED")
    reader.state = place.load(reader.run())[-1]
    server.run("INSERT INTO chips VALUES (2, x'CAFE', x'BB00'), (3, NULL, x'0000')")
    reader.state = place.load(reader.run())[-1]
    held = {1: ("deadbeef", "0aff"), 2: ("cafe", "bb00"), 3: (None, "0000")}
    assert {row["id"]: (row["raw"], row["code"]) for row in place.rows("chips")} == held
    before = place.commits()
    reader.select("FULL_TABLE")
    reader.state = None
    place.load(reader.run())
    assert {row["id"]: (row["raw"], row["code"]) for row in place.rows("chips")} == held
    assert place.commits() == before


@pytest.mark.parametrize("name", LOG_TAPS)
def test_what_a_tap_wrote_of_a_log_becomes_what_its_source_held(place: Place, name: str) -> None:
    """The same runs as they were recorded, with the source's content beside them."""
    following = Following(place, repeats=name == REPEATS)
    content = parse((RECORDED / name / "content.json").read_text())
    for number, step in enumerate(STEPS):
        lines = (RECORDED / name / f"{number}-{step}.singer").read_text().splitlines()
        assert json.loads(lines[0])
        following.take(step, lines, content[step])
