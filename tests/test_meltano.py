"""meltano.yml says what the loader takes, and a Meltano project loads with it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import Place, record, schema

CHECKOUT = Path(__file__).parents[1]
VARIABLE = "TARGET_DOLT_TEST_MELTANO"

KINDS = {
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "object": "object",
    "array": "array",
}
"""Meltano's kinds of settings by JSON Schema's types."""

TAP = """\
#!{python}
import json, pathlib, sys

given = {{}}
if "--state" in sys.argv:
    given = json.loads(pathlib.Path(sys.argv[sys.argv.index("--state") + 1]).read_text())
runs = given.get("runs", 0) + 1
properties = {{"id": {{"type": "integer"}}, "name": {{"type": "string"}}}}
for message in (
    {{"type": "SCHEMA", "stream": "public-dogs", "key_properties": ["id"],
      "schema": {{"type": "object", "properties": properties}}}},
    {{"type": "RECORD", "stream": "public-dogs", "record": {{"id": 1, "name": f"run {{runs}}"}}}},
    {{"type": "RECORD", "stream": "public-dogs", "record": {{"id": 2, "name": "Pancakes"}}}},
    {{"type": "STATE", "value": {{"runs": runs}}}},
):
    print(json.dumps(message))
"""


def declared(kind: str = "loaders") -> dict[str, Any]:
    """Return the loader, or the extractor, as meltano.yml declares it."""
    project = yaml.safe_load((CHECKOUT / "meltano.yml").read_text())
    [plugin] = project["plugins"][kind]
    return dict(plugin)


BOTH = pytest.mark.parametrize(
    ("kind", "room"),
    [("loaders", "target_dolt.command"), ("extractors", "tap_adapters.tap")],
    ids=["target-dolt", "tap-dolt"],
)


def about(room: str) -> dict[str, Any]:
    """Return what a command says of itself."""
    script = f"from {room} import main; main()"
    command = [sys.executable, "-c", script, "--about", "--format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def described(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a setting of `--about` as Meltano would declare it."""
    *_, kind = [one for one in schema["type"] if one != "null"]
    options = schema.get("enum")
    return {
        "name": name,
        "kind": "options" if options else KINDS[kind],
        "value": schema.get("default") or None,
        "sensitive": schema.get("secret", False),
        "options": options,
    }


@BOTH
def test_meltano_yml_declares_every_setting(kind: str, room: str) -> None:
    """The settings have the names, kinds, defaults, options and secrets of `--about`."""
    expected = [described(*one) for one in about(room)["settings"]["properties"].items()]
    found = [
        {
            "name": one["name"],
            "kind": one["kind"],
            "value": one.get("value") or None,
            "sensitive": one.get("sensitive", False),
            "options": [option["value"] for option in one.get("options", [])] or None,
        }
        for one in declared(kind)["settings"]
    ]
    assert found == expected


@BOTH
def test_meltano_yml_declares_every_capability(kind: str, room: str) -> None:
    """The capabilities are those of `--about`."""
    assert declared(kind)["capabilities"] == about(room)["capabilities"]


class Project:
    """A Meltano project in a directory of its own, with a tap that is a script."""

    def __init__(self, directory: Path, meltano: str) -> None:
        """Write the project; the loader is declared as in the checkout's meltano.yml."""
        self.directory = directory
        self._meltano = meltano
        tap = directory / "tap-dogs"
        tap.write_text(TAP.format(python=sys.executable))
        tap.chmod(tap.stat().st_mode | stat.S_IXUSR)
        loader = declared() | {
            "pip_url": str(CHECKOUT),
            "python": sys.executable,
            "config": {"path": str(directory / "dogs.db")},
        }
        extractor = {
            "name": "tap-dogs",
            "namespace": "tap_dogs",
            "executable": str(tap),
            "capabilities": ["state"],
        }
        # Declared as in the checkout, run as it is installed for the tests.
        ours = declared("extractors") | {
            "pip_url": None,
            "executable": str(Path(sys.executable).with_name("tap-dolt")),
            "config": {"path": str(directory / "dogs.db"), "replication_method": "LOG_BASED"},
        }
        copies = {
            "name": "target-copy",
            "inherit_from": "target-dolt",
            "config": {"path": str(directory / "copy.db")},
        }
        project = {
            "default_environment": "dev",
            "project_id": "target-dolt-test",
            "environments": [{"name": "dev"}],
            "plugins": {"extractors": [extractor, ours], "loaders": [loader, copies]},
        }
        (directory / "meltano.yml").write_text(yaml.safe_dump(project))

    def run(self, *arguments: str) -> str:
        """Run a meltano command; return its stdout."""
        # Meltano's own database is SQLite's: DoltLite may not be passed on to it.
        ours = ("LD_PRELOAD", "_DOLTLITE", "TARGET_DOLT_", "MELTANO_", "VIRTUAL_ENV")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        environment |= {
            "HOME": str(self.directory),
            "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "MELTANO_VENV_BACKEND": "virtualenv",
        }
        done = subprocess.run(
            [self._meltano, *arguments],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A Meltano project with the loader installed from the checkout."""
    meltano = os.environ.get(VARIABLE)
    if not meltano:
        pytest.skip(f"{VARIABLE} does not name a meltano; `make test` sets one up")
    made = Project(tmp_path_factory.mktemp("meltano"), meltano)
    made.run("install", "loader", "target-dolt")
    return made


def test_a_meltano_project_loads_commits_and_resumes(project: Project) -> None:
    """Two runs give two commits with the tap's rows, and Meltano keeps the loader's STATE."""
    place = Place({"path": str(project.directory / "dogs.db")}, project.directory)
    for runs in (1, 2):
        project.run("run", "tap-dogs", "target-dolt")
        assert place.rows("dogs") == [
            {"id": 1, "name": f"run {runs}"},
            {"id": 2, "name": "Pancakes"},
        ]
        assert len(place.commits()) == runs
        kept = json.loads(project.run("state", "get", "dev:tap-dogs-to-target-dolt"))
        assert kept["singer_state"] == {"runs": runs}
        assert place.kept_state("dev:tap-dogs-to-target-dolt") == {"runs": runs}


def test_a_meltano_project_passes_the_history_on(project: Project) -> None:
    """tap-dolt, by its declaration: a whole table, then what changed since Meltano's own state."""
    source = Place({"path": str(project.directory / "dogs.db")}, project.directory)
    copy = Place({"path": str(project.directory / "copy.db")}, project.directory)
    dogs = schema("public-dogs", {"id": {"type": "integer"}, "name": {"type": "string"}, **GONE})
    bookmarks = []
    for changes in (
        [record("public-dogs", id=one, name="Rex") for one in (1, 2, 3)],
        [record("public-dogs", id=2, name="Max"), record("public-dogs", **DELETED)],
    ):
        source.load([dogs, *changes])
        project.run("run", "tap-dolt", "target-copy")
        assert copy.rows("dogs") == source.rows("dogs")
        bookmarks.append(copy.kept_state("dev:tap-dolt-to-target-copy")["bookmarks"]["dogs"])
        assert (bookmarks[-1]["commit"],) == source.query("SELECT dolt_hashof('main')")[0]
    assert copy.log() == ["Load dogs: 3 added", "Load dogs: 1 changed, 1 deleted"]
    # Another whole table would have another version.
    assert bookmarks[0]["version"] == bookmarks[1]["version"]


def test_the_readmes_way_adds_the_loader_with_all_of_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commands, but for the installing: they can be listed, and secrets go to .env."""
    meltano = os.environ.get(VARIABLE)
    if not meltano:
        pytest.skip(f"{VARIABLE} does not name a meltano; `make test` sets one up")
    project = {"project_id": "readme", "environments": [{"name": "dev"}]}
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump(project))
    section = (CHECKOUT / "README.md").read_text().partition("## With Meltano")[2]
    script = section.partition("```sh\n")[2].partition("```")[0]
    script = script.replace("/path/to/the/checkout", str(CHECKOUT))
    script = script.replace("meltano add ", "meltano add --no-install ")
    monkeypatch.setenv("PATH", f"{Path(meltano).parent}:{os.environ['PATH']}")
    for name in [one for one in os.environ if one.startswith(("LD_PRELOAD", "TARGET_DOLT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    script += "meltano config set target-dolt password s3cret\n"
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    made = yaml.safe_load((tmp_path / "meltano.yml").read_text())
    [loader] = made["plugins"]["loaders"]
    assert loader["settings"] == declared()["settings"]
    assert (loader["pip_url"], loader["config"]) == (
        str(CHECKOUT),
        {"path": "output/warehouse.db"},
    )
    assert [
        one["name"] for one in loader["settings"] if f"{one['name']} [env: " not in done.stdout
    ] == []
    assert (tmp_path / ".env").read_text() == "TARGET_DOLT_PASSWORD='s3cret'\n"


GONE = {"_sdc_deleted_at": {"type": ["null", "string"]}}
DELETED = {"id": 3, "_sdc_deleted_at": "2026-01-01T00:00:00Z"}
