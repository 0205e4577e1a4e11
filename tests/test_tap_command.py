"""The `tap-dolt` command: its options, the places that it reads, and how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema
from support_dolt import needs_dolt

from tap_adapters.tap import TapDolt

DOGS = schema("public-dogs", {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}})
TAP = [sys.executable, "-c", "from tap_adapters.tap import main; main()"]


def dog(number: int, name: str) -> dict[str, object]:
    """Return a record."""
    return record("public-dogs", id=number, name=name)


def run(
    config: dict[str, Any], directory: Path, *options: str, code: int = 0
) -> tuple[list[dict[str, Any]], str]:
    """Run the command; return its messages, and what it logged."""
    file = directory / "tap.json"
    file.write_text(json.dumps(config))
    done = subprocess.run(
        [*TAP, "--config", str(file), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
    )
    assert done.returncode == code, done.stderr[-4000:]
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def names(messages: list[dict[str, Any]]) -> list[str]:
    """Return the dogs' names."""
    return [one["record"]["name"] for one in messages if one["type"] == "RECORD"]


def test_a_state_and_a_catalog_come_from_files(place: Place, tmp_path: Path) -> None:
    """What --discover wrote, with LOG_BASED in it, and the last STATE lead the next run."""
    place.load([DOGS, dog(1, "Cleo")])
    file = tmp_path / "tap.json"
    file.write_text(json.dumps(place.config))
    command = [*TAP, "--config", str(file)]
    found = subprocess.run([*command, "--discover"], capture_output=True, text=True, check=True)
    catalog = json.loads(found.stdout)
    for stream in catalog["streams"]:
        stream["replication_method"] = "LOG_BASED"
        [whole] = [one for one in stream["metadata"] if not one["breadcrumb"]]
        whole["metadata"]["selected"] = True
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    first, _ = run(place.config, tmp_path, "--catalog", str(tmp_path / "catalog.json"))
    assert names(first) == ["Cleo"]
    (tmp_path / "state.json").write_text(json.dumps(first[-1]["value"]))
    place.load([DOGS, dog(2, "Rex")])
    options = ["--catalog", str(tmp_path / "catalog.json"), "--state", str(tmp_path / "state.json")]
    second, _ = run(place.config, tmp_path, *options)
    assert names(second) == ["Rex"]


@pytest.mark.parametrize(
    ("option", "expected"),
    [("--test", ["SCHEMA", "RECORD", "STATE"]), ("--test=schema", ["SCHEMA"])],
)
def test_a_test_reads_one_row_or_none(
    place: Place, tmp_path: Path, option: str, expected: list[str]
) -> None:
    """The SDK's --test, which lets no bookmark advance."""
    place.load([DOGS, dog(1, "Cleo"), dog(2, "Rex")])
    messages, _ = run({**place.config, "replication_method": "LOG_BASED"}, tmp_path, option)
    assert [one["type"] for one in messages] == expected
    states = [one["value"]["bookmarks"]["dogs"] for one in messages if one["type"] == "STATE"]
    assert not [one for one in states if "commit" in one]


@needs_dolt
@pytest.mark.parametrize("served", [False, True], ids=["alone", "served"])
def test_a_dolt_directory_is_read_served_or_not(tmp_path: Path, *, served: bool) -> None:
    """The tap's own server ends with it; one that runs already is used and left running."""
    directory = tmp_path / "warehouse"
    place = Place({"path": str(directory), "create_database": True}, tmp_path)
    place.load([DOGS, dog(1, "Cleo")])
    mine = {"path": str(directory)}
    if not served:
        messages, _ = run(mine, tmp_path)
        assert names(messages) == ["Cleo"]
    else:
        database = place.open()
        try:
            messages, log = run(mine, tmp_path)
            assert names(messages) == ["Cleo"]
            assert "using it" in log
            with database.connect() as connection, connection.begin():
                assert connection.exec_driver_sql("SELECT count(*) FROM dogs").scalar() == 1
        finally:
            database.close()
    assert not (directory / ".dolt" / "sql-server.info").exists()


@needs_dolt
def test_a_tap_that_a_program_closes_ends_its_server(tmp_path: Path) -> None:
    """The SDK has no last step of a run; a program may outlive its taps by days."""
    directory = tmp_path / "warehouse"
    Place({"path": str(directory), "create_database": True}, tmp_path).load([DOGS, dog(1, "Cleo")])
    tap = TapDolt(config={"path": str(directory)})
    assert list(tap.streams) == ["dogs"]
    assert (directory / ".dolt" / "sql-server.info").exists()
    tap.close()
    assert not (directory / ".dolt" / "sql-server.info").exists()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"path": "missing.db"}, "there is no 'missing.db'"),
        ({"path": "missing.db", "host": "localhost"}, "say where twice"),
        ({"path": 5}, "`path` must be of the type"),
        ({"path": "dogs.db", "ref": "nothing"}, "there is no branch, tag or commit 'nothing'"),
    ],
)
def test_an_error_is_one_line(tmp_path: Path, config: dict[str, Any], says: str) -> None:
    """No traceback; and no database is made by looking for it."""
    Place({"path": str(tmp_path / "dogs.db")}, tmp_path).load([DOGS, dog(1, "Cleo")])
    messages, log = run(config, tmp_path, code=1)
    assert messages == []
    assert says in log
    assert "Traceback" not in log
    assert not (tmp_path / "missing.db").exists()


@pytest.mark.parametrize("option", ["--state", "--catalog", "--config"])
@pytest.mark.parametrize("text", ["", '{"bookmarks"', "[1]"])
def test_a_file_that_is_no_json_object_is_told_in_one_line(
    tmp_path: Path, option: str, text: str
) -> None:
    """The last line of an output that has none is an empty file."""
    file = tmp_path / "empty.json"
    file.write_text(text)
    messages, log = run({"path": "dogs.db"}, tmp_path, option, str(file), code=1)
    assert messages == []
    assert option in log
    assert f"'{file}' must hold one JSON object" in log.replace(f"'{tmp_path / 'tap.json'}', ", "")
    assert "Traceback" not in log


def test_nothing_but_a_path_is_needed(tmp_path: Path) -> None:
    """Not even that, where the database has the loader's own name."""
    Place({"path": str(tmp_path / "dolt.db")}, tmp_path).load([DOGS, dog(1, "Cleo")])
    for config in ({"path": "dolt.db"}, {}):
        messages, _ = run(config, tmp_path)
        assert names(messages) == ["Cleo"]


def test_the_command_is_on_path_after_an_install() -> None:
    """An entry point of the wheel."""
    assert shutil.which("tap-dolt", path=str(Path(sys.executable).parent)) is not None
