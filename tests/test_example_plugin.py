"""plugins/target-dolt-pgvector: installed for real, loaded by its entry point, told of."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, singer, state
from support_values import lite

from target_dolt.plugins import DISABLE
from target_dolt.testing import Case, Trial, TypeSuite

PLUGIN = Path(__file__).parents[1] / "plugins" / "target-dolt-pgvector"
LINES = 30
"""How long a plugin's module may be, blank lines and all."""


def _module() -> Any:
    spec = importlib.util.spec_from_file_location(
        "target_dolt_pgvector", PLUGIN / "target_dolt_pgvector.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestVectors(TypeSuite):
    """The tutorial's own tests."""

    plugins = (_module(),)
    cases = (
        Case("postgres", {"type": "array", "x-sql-datatype": "vector(3)"}, [[1, 2, 3], []]),
        Case("postgres", {"type": "string", "x-sql-datatype": "halfvec"}, ["[1,2]"], [[1, 2]]),
    )


MESSAGES = [
    schema("t", {"id": {"type": "integer"}, "v": {"type": "string", "x-sql-datatype": "vector"}}),
    record("t", id=1, v="[1,2]"),
    state({"n": 1}),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip has installed the plugin into."""
    folder = tmp_path_factory.mktemp("site")
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "target_dolt_pgvector.py"):
        (copy / name).write_text((PLUGIN / name).read_text(encoding="utf-8"), encoding="utf-8")
    (copy / "test_vectors.py").touch()  # where an author puts the tutorial's tests
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def run(place: Place, site: Path, *arguments: str, disabled: str = "") -> Any:
    """Run `target-dolt` where the folder's plugins are found."""
    config = place.directory / "config.json"
    config.write_text(json.dumps({**place.config, "source_dialect": "postgres"}))
    return subprocess.run(
        [sys.executable, "-m", "target_dolt", "--config", str(config), *arguments],
        input=singer(MESSAGES),
        capture_output=True,
        text=True,
        cwd=place.directory,
        env={**os.environ, "PYTHONPATH": str(site), DISABLE: disabled},
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(("disabled", "kept"), [("", [1, 2]), ("pgvector", "[1,2]")])
def test_installed_plugin_is_loaded_by_its_entry_point(
    place: Place, site: Path, disabled: str, kept: Any
) -> None:
    """And left out by the switch."""
    done = run(place, site, disabled=disabled)
    assert (done.returncode, done.stdout) == (0, '{"n":1}\n'), done.stderr
    assert place.rows("t") == [{"id": 1, "v": kept}]


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_about_lists_plugins_with_distribution_version_and_hooks(
    tmp_path: Path, site: Path, form: str
) -> None:
    """In each of the SDK's formats."""
    more = [] if form == "text" else [f"--format={form}"]
    page = run(lite(tmp_path), site, "--about", *more).stdout
    if form == "json":
        assert json.loads(page)["settings"]
        assert {
            "name": "pgvector",
            "distribution": "target-dolt-pgvector",
            "version": "0.1",
            "hooks": ["dolt_sql_type", "dolt_value_converter"],
        } in json.loads(page)["plugins"]
    else:
        [line] = [one for one in page.splitlines() if "pgvector" in one]
        for part in ("target-dolt-pgvector", "0.1", "dolt_sql_type, dolt_value_converter"):
            assert part in line
        assert "postgres" in page


def test_plugin_that_is_broken_ends_about_too(tmp_path: Path, site: Path) -> None:
    """With its distribution's name and the switch; no row is read."""
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in site.glob("*.dist-info"):
        target = broken / path.name
        target.mkdir()
        for one in path.iterdir():
            if one.is_file():
                (target / one.name).write_bytes(one.read_bytes())
    (broken / "target_dolt_pgvector.py").write_text("import no_such_module\n")
    for arguments in (["--about"], []):
        done = run(lite(tmp_path), broken, *arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        for part in ("'pgvector' of target-dolt-pgvector 0.1", f"{DISABLE}=pgvector"):
            assert part in done.stderr


def test_the_module_is_short() -> None:
    """So short that it is worth writing."""
    text = (PLUGIN / "target_dolt_pgvector.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < LINES


def test_the_readme_s_code_is_the_module_s() -> None:
    """Each function that the tutorial shows stands in the module as it shows it."""
    readme = (PLUGIN / "README.md").read_text(encoding="utf-8")
    module = (PLUGIN / "target_dolt_pgvector.py").read_text(encoding="utf-8")
    project = (PLUGIN / "pyproject.toml").read_text(encoding="utf-8")
    blocks = {kind: list(readme.split(f"```{kind}\n")[1:]) for kind in ("python", "toml")}
    assert blocks["python"][0].split("```")[0] in module
    assert blocks["toml"][0].split("```")[0] in project


def test_the_readme_s_test_passes_with_the_plugin_installed(tmp_path: Path, site: Path) -> None:
    """As the tutorial has it: installed first, then tested."""
    readme = (PLUGIN / "README.md").read_text(encoding="utf-8")
    [block] = [one for one in readme.split("```python\n") if "TypeSuite" in one]
    (tmp_path / "test_vectors.py").write_text(block.split("```")[0], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_vectors.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site), DISABLE: ""},
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout


def test_suite_finds_a_plugin_that_bends_values(tmp_path: Path) -> None:
    """What is not read back as it came fails."""

    class Wrong(TypeSuite):
        cases = (Case(None, {"type": "string"}, ["a"], ["b"]),)

    with pytest.raises(AssertionError):
        Wrong().test_values_are_read_back(tmp_path)


def test_trial_reads_what_it_has_loaded(tmp_path: Path) -> None:
    """Bytes as bytes."""
    case = Case("postgres", {"type": "string", "x-sql-datatype": "bytea"}, ["00ff"], [b"\0\xff"])
    trial = Trial(case, "doltlite", tmp_path)
    trial.load()
    assert trial.values() == [b"\x00\xff", None]
    assert trial.column_type() == "LONGBLOB"
