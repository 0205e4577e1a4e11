"""Whose a table is: a snapshot replaces no rows of a tap, a person or another source unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Place, database_of
from support_snapshot import Source, new_sqlite
from support_state import DOGS, dog
from test_remotes import run

from tap_adapters.sync import snapshot
from target_dolt.errors import ConfigError


@pytest.fixture
def kennel(tmp_path: Path) -> Source:
    """A source whose table `dogs` has another key than the tap's."""
    source = new_sqlite(tmp_path)
    source.execute(
        "CREATE TABLE dogs (name varchar(20) PRIMARY KEY)", "INSERT INTO dogs VALUES ('Rex')"
    )
    return source


def test_a_table_that_a_tap_has_filled_is_replaced_by_choice_only(
    place: Place, kennel: Source
) -> None:
    """It is refused, dry run or not, and its message's two ways out work."""
    place.load([DOGS, dog(1)])
    before = place.commits()
    for more in ([], ["--dry-run"]):
        refused = run("snapshot", kennel.url, database_of(place), *more)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr == (
            "Error: the table 'dogs' is here already, and something else than a snapshot has "
            "filled it, so that its rows would go; nothing was changed. Give this one another name "
            "(--table dogs=NAME), or a file, a database or a --branch of its own; where it is to "
            "take that one's place, say so: --take-over\n"
        )
    assert (place.commits(), place.branches()) == (before, ["main"])
    beside = run("snapshot", kennel.url, database_of(place), "--table", "dogs=hounds")
    assert beside.exit_code == 0, beside.output
    assert ([row["id"] for row in place.rows("dogs")], place.rows("hounds")) == (
        [1],
        [{"name": "Rex"}],
    )
    assert run("snapshot", kennel.url, database_of(place), "--take-over").exit_code == 0
    assert place.rows("dogs") == [{"name": "Rex"}]
    kennel.execute("INSERT INTO dogs VALUES ('Max')")
    assert run("snapshot", kennel.url, database_of(place)).exit_code == 0
    assert place.rows("dogs") == [{"name": "Max"}, {"name": "Rex"}]


def test_a_table_that_a_person_has_made_is_asked_for_too(place: Place, kennel: Source) -> None:
    """Whatever the letter case of its name."""
    place.load([])
    with place.open().connect("main", write=True) as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE Dogs (id INT PRIMARY KEY)")
        place.open().call(connection, "dolt_commit", "-A", "-m", "Mine")
    with pytest.raises(ConfigError, match="the table 'dogs' is here already"):
        snapshot(kennel.url, database_of(place))


def test_two_sources_do_not_take_one_table_from_each_other(
    place: Place, kennel: Source, tmp_path: Path
) -> None:
    """The second one is refused; where it takes the table over, the first one is from then on."""
    other = new_sqlite(tmp_path)
    other.execute("CREATE TABLE dogs (id integer PRIMARY KEY)", "INSERT INTO dogs VALUES (7)")
    snapshot(kennel.url, database_of(place))
    with pytest.raises(ConfigError, match=r"snapshot of 'sqlite:shop_\d+\.sqlite' has filled it"):
        snapshot(other.url, database_of(place))
    snapshot(other.url, database_of(place), take_over=True)
    assert place.rows("dogs") == [{"id": 7}]
    with pytest.raises(ConfigError, match="--take-over"):
        snapshot(kennel.url, database_of(place))
    assert place.rows("dogs") == [{"id": 7}]


def test_what_a_table_keeps_is_known_after_it_was_taken_over(place: Place, tmp_path: Path) -> None:
    """So it is taken off for a tap's rows, as of any table that a snapshot has filled."""
    for _ in range(2):
        source = new_sqlite(tmp_path)
        source.execute("CREATE TABLE dogs (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'x')")
        source.execute("INSERT INTO dogs VALUES (1, 'Rex')")
        taken = snapshot(source.url, database_of(place), take_over=True)
    assert taken.commit is not None
    query = "SELECT name FROM _target_dolt_objects WHERE kind = 'constraints'"
    assert place.query(query) == [("dogs",)]
    assert snapshot(source.url, database_of(place)).commit is None


def test_a_table_that_a_tap_has_filled_from_the_same_source_is_its_own(
    place: Place, kennel: Source
) -> None:
    """With `source_url` the load says whose the table is: a snapshot goes on from it."""
    dogs = {"name": {"type": "string"}}
    place.load(
        [
            {"type": "SCHEMA", "stream": "dogs", "schema": {"properties": dogs},
             "key_properties": ["name"]},
            {"type": "RECORD", "stream": "dogs", "record": {"name": "Rex"}},
        ],
        source_url=kennel.url,
    )  # fmt: skip
    taken = snapshot(kennel.url, database_of(place))
    assert taken.changes == ()
    assert place.rows("dogs") == [{"name": "Rex"}]
