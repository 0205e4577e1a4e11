"""The wheel: what is in it, and nothing else."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built from this checkout by the build backend that pyproject.toml names."""
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    isolated = [] if not _has_backend() else ["--no-build-isolation"]
    done = subprocess.run(
        [*build, str(directory), *isolated, str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [path] = directory.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def _has_backend() -> bool:
    probe = [sys.executable, "-c", "import hatchling"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def test_wheel_has_three_top_level_names(wheel: zipfile.ZipFile) -> None:
    """No `plugins`, no `tests`: pip lets one distribution overwrite another's files."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    [info] = [name for name in tops if name.endswith(".dist-info")]
    assert tops - {info} == {"target_dolt", "tap_adapters", "target_dolt_plugins"}
    assert info.startswith("target_dolt-")


def test_wheel_has_every_module_of_the_checkout(wheel: zipfile.ZipFile) -> None:
    """And no other Python file."""
    folders = (ROOT / "target_dolt", ROOT / "tap_adapters", ROOT / "plugins/target_dolt_plugins")
    expected = {
        str(Path(folder.name) / path.relative_to(folder))
        for folder in folders
        for path in folder.rglob("*.py")
    }
    assert {name for name in wheel.namelist() if name.endswith(".py")} == expected


def test_wheel_says_that_it_is_typed(wheel: zipfile.ZipFile) -> None:
    """A type checker reads the types of the packages that have the mark."""
    assert "target_dolt/py.typed" in wheel.namelist()


def test_wheel_has_the_parts_of_reports_pages(wheel: zipfile.ZipFile) -> None:
    """The template, its style and its script, as they are in the checkout."""
    for name in ("report.html.j2", "report.css", "report.js"):
        inside = wheel.read(f"tap_adapters/report/{name}")
        assert inside == (ROOT / "tap_adapters/report" / name).read_bytes()


def test_wheel_has_the_licence(wheel: zipfile.ZipFile) -> None:
    """Whole, beside its name in the metadata."""
    [name] = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]
    assert "Apache License" in wheel.read(name).decode()
    assert "License-Expression: Apache-2.0" in metadata(wheel, "METADATA")


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    """Return a file of the wheel's metadata."""
    [path] = [one for one in wheel.namelist() if one.endswith(f".dist-info/{name}")]
    return wheel.read(path).decode()


def test_wheel_has_its_commands_and_sqlalchemy_dialects(wheel: zipfile.ZipFile) -> None:
    """Each entry point leads to something that is in the wheel."""
    entries = configparser.ConfigParser()
    entries.read_string(metadata(wheel, "entry_points.txt"))
    assert dict(entries["console_scripts"]) == {
        "target-dolt": "tap_adapters.start:target_dolt",
        "dolt-sync": "tap_adapters.start:dolt_sync",
        "tap-dolt": "tap_adapters.start:tap_dolt",
    }
    assert {"doltlite", "dolt"} >= set(entries["sqlalchemy.dialects"]) >= {"doltlite"}
    for section in entries.sections():
        for target in entries[section].values():
            module = target.partition(":")[0].replace(".", "/")
            assert f"{module}.py" in wheel.namelist()


def test_wheel_needs_what_the_code_imports_and_no_test_tools(wheel: zipfile.ZipFile) -> None:
    """What is for tests and linters stands under extras."""
    needed = {
        line.removeprefix("Requires-Dist: ").split(";")[0].rstrip("><=!~,.0123456789 ")
        for line in metadata(wheel, "METADATA").splitlines()
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    }
    assert {"click", "doltlite", "jsonschema-rs", "msgspec", "pluggy", "singer-sdk"} <= needed
    assert not needed & {"jinja2", "pytest", "hypothesis", "ruff", "mypy", "pgserver", "meltano"}


COMMANDS = {"command", "commit_point", "progress", "session", "signals", "target"}
"""Modules beside the loader's folders that are its upper end: nobody's to build upon."""


def imports(path: Path) -> set[str]:
    """Return the modules of ours that a file imports from, each with its package."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            below = (f"{node.module}.{one.name}" for one in node.names)
            found |= {node.module, *(one for one in below if is_module(one))}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
    return {one for one in found if one.startswith("target_dolt.")}


def is_module(name: str) -> bool:
    """Whether a dotted name is a module of the checkout or a folder of such."""
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_built_in_plugins_use_the_public_side_alone() -> None:
    """What stands beside the loader's folders: a third party sees the pattern."""
    files = list((ROOT / "plugins/target_dolt_plugins").glob("*.py"))
    used = {one for path in files for one in imports(path)}
    assert len(files) > 20
    assert "target_dolt.dialect" in used
    folders = {
        f"target_dolt.{one.name}" for one in (ROOT / "target_dolt").iterdir() if one.is_dir()
    }
    inside = {one for one in used if one.count(".") > 1 or one in folders}
    assert inside == set()
    assert used.isdisjoint(f"target_dolt.{one}" for one in COMMANDS)


def test_each_folder_of_the_loader_uses_those_below_it_alone() -> None:
    """In the order of CONTRIBUTING's table; beside them none of the loader's upper end."""
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = re.findall(r"^\| `target_dolt/(\w+)/` \|", table, re.MULTILINE)
    assert len(folders) == 6
    for place, folder in enumerate(folders):
        above = {*folders[:place], *COMMANDS}
        for path in (ROOT / "target_dolt" / folder).glob("*.py"):
            used = {one.split(".")[1] for one in imports(path)}
            assert used.isdisjoint(above), path


def test_each_module_has_less_than_300_lines() -> None:
    """And so one reason to change."""
    folders = (ROOT / "target_dolt", ROOT / "tap_adapters", ROOT / "plugins")
    files = [path for folder in folders for path in folder.rglob("*.py")]
    long = {path.name for path in files if len(path.read_text().splitlines()) >= 300}
    assert len(files) > 100
    assert long == set()


def test_the_package_is_run_by_its_file_too() -> None:
    """So DoltLite starts `python -m target_dolt` again, whose modules would stand for Python's."""
    file = ROOT / "target_dolt" / "__main__.py"
    done = subprocess.run(
        [sys.executable, str(file), "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout[:11]) == (0, "target-dolt"), done.stderr
