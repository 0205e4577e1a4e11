"""The plugin manager: what is loaded, blocked, listed, and how a broken plugin is told."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pluggy
import pytest
from support import record, schema, singer, state
from support_values import ID, Ended, lite

from target_dolt import Backend, Dialect, TypeRule, hookimpl, hookspecs, types
from target_dolt.dialect import ColumnType
from target_dolt.errors import PluginError
from target_dolt.plugins import BUILT_IN, DISABLE, load_plugins

HOOKS = sorted(
    name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")
)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test_of_its_own(hook: str) -> None:
    """A file of its name with a test in it that implements the hook."""
    tree = ast.parse((Path(__file__).parent / f"test_hook_{hook}.py").read_text(encoding="utf-8"))
    functions = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)]
    assert [one for one in functions if one.name.startswith("test_")]
    assert [one for one in functions if one.name == hook and one.decorator_list]


def test_all_hooks_are_known_to_these_tests() -> None:
    """Nine hooks: a new one belongs in this list, in the docs and in a test."""
    assert HOOKS == [
        "dolt_after_commit",
        "dolt_commit_message",
        "dolt_native_types",
        "dolt_open_source",
        "dolt_register_backends",
        "dolt_register_dialects",
        "dolt_sql_type",
        "dolt_value_converter",
        "dolt_value_reader",
    ]


def test_built_in_plugins_are_loaded_and_listed_with_their_hooks() -> None:
    """By the names that messages use, with target-dolt as their distribution."""
    infos = {info.name: info for info in load_plugins().list()}
    assert set(infos) == set(BUILT_IN)
    assert {info.distribution for info in infos.values()} == {"target-dolt"}
    assert set(infos["json_schema"].hooks) == {
        "dolt_register_dialects",
        "dolt_sql_type",
        "dolt_value_converter",
    }
    assert infos["doltlite"].hooks == ("dolt_register_backends",)


class Registered:
    """Brings a dialect under a name that another one may have."""

    def __init__(self, name: str) -> None:
        """Choose the name."""
        self.name = name

    @hookimpl
    def dolt_register_dialects(self) -> Iterable[Dialect]:
        """Bring it."""
        return [Dialect(self.name, (TypeRule("", types.JSON),))]


class AlsoRegistered(Registered):
    """The same under another plugin's name."""


@pytest.mark.parametrize(
    ("plugins", "names"),
    [
        pytest.param([Registered("mine"), AlsoRegistered("mine")], "mine", id="two-plugins"),
        pytest.param([Registered("json-schema")], "json-schema", id="with-the-built-in"),
    ],
)
def test_two_dialects_of_one_name_are_an_error_that_names_both_plugins(
    plugins: list[object], names: str
) -> None:
    """And the switch that leaves one out."""
    with pytest.raises(PluginError) as raised:
        load_plugins(plugins)
    assert f"'{names}'" in str(raised.value)
    assert "'Registered'" in str(raised.value)
    assert "AlsoRegistered" in str(raised.value) or "'json_schema'" in str(raised.value)
    assert DISABLE in str(raised.value)


def test_two_backends_of_one_name_are_an_error_that_names_both_plugins() -> None:
    """A second doltlite would take the first one's databases."""

    class Second:
        @hookimpl
        def dolt_register_backends(self) -> Iterable[Backend]:
            return [Backend("doltlite", ("doltlite",), lambda _: True, lambda _: None)]  # type: ignore[arg-type, return-value]

    with pytest.raises(PluginError, match=r"'Second'.*'doltlite'|'doltlite'.*'Second'"):
        load_plugins([Second()])


def test_one_plugin_registered_twice_is_an_error() -> None:
    """Its name is taken."""
    with pytest.raises(PluginError, match="plugin 'Registered'"):
        load_plugins([Registered("one"), Registered("two")])


def test_misspelt_hook_is_an_error_that_names_plugin_hook_and_switch() -> None:
    """Not a hook that is never called."""

    class Misspelt:
        @hookimpl
        def dolt_sql_typ(self) -> None:
            """Never called."""

    with pytest.raises(PluginError) as raised:
        load_plugins([Misspelt()])
    for part in ("plugin 'Misspelt'", "dolt_sql_typ", f"{DISABLE}=Misspelt"):
        assert part in str(raised.value)


def test_argument_that_a_hook_does_not_have_is_an_error() -> None:
    """At start, before any row."""

    class TooMany:
        @hookimpl
        def dolt_sql_type(self, dialect: Dialect, column: str) -> None:
            """Ask for what there is not."""

    with pytest.raises(PluginError, match=r"plugin 'TooMany'(.|\n)*column"):
        load_plugins([TooMany()])


def test_hook_may_take_fewer_arguments_than_its_specification() -> None:
    """So that specifications can grow."""

    class Few:
        @hookimpl
        def dolt_sql_type(self, schema: dict[str, object]) -> ColumnType | None:
            return types.LONGTEXT if schema.get("x-mine") else None

    plugins = load_plugins([Few()])
    dialect = plugins.dialects["json-schema"]
    ask = plugins.hook.dolt_sql_type
    assert ask(dialect=dialect, schema={"type": "integer", "x-mine": 1}) is types.LONGTEXT
    assert ask(dialect=dialect, schema={"type": "integer"}) is types.BIGINT


def test_specifications_are_pluggy_s_own() -> None:
    """Collecting hooks collect, choosing hooks stop at the first answer."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    first = {}
    for name in HOOKS:
        spec = getattr(manager.hook, name).spec
        assert spec is not None
        first[name] = bool(spec.opts["firstresult"])
    assert [name for name, stops in first.items() if stops] == [
        "dolt_commit_message",
        "dolt_open_source",
        "dolt_sql_type",
        "dolt_value_converter",
        "dolt_value_reader",
    ]


# Installed plugins, in a process of their own

PLUGIN = """
import sqlalchemy as sa
from target_dolt import hookimpl

@hookimpl
def dolt_sql_type(schema):
    if schema.get("x-mine"):
        return sa.VARCHAR(77)
"""

MESSAGES = [
    schema("t", {"id": ID, "v": {"type": "string", "x-mine": True}}),
    record("t", id=1, v="a"),
    state({"n": 1}),
]


def install(site: Path, name: str, code: str) -> None:
    """Install a distribution with one module and one entry point into a folder."""
    (site / f"{name}_module.py").write_text(code, encoding="utf-8")
    info = site / f"a_{name}-1.2.3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: a-{name}\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text(f"[target_dolt]\n{name} = {name}_module\n")


def load(directory: Path, site: Path, disabled: str = "") -> Ended:
    """Load in a process that finds the plugins of a folder."""
    config = directory / "config.json"
    config.write_text(json.dumps({"path": "test.db"}))
    done = subprocess.run(
        [sys.executable, "-m", "target_dolt", "--config", str(config)],
        input=singer(MESSAGES),
        capture_output=True,
        text=True,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(site), DISABLE: disabled},
        check=False,
        timeout=60,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def type_of_v(directory: Path) -> str:
    """Return the type that the column `v` got."""
    rows = lite(directory).query(
        "SELECT column_type FROM _target_dolt_columns WHERE column_name = 'v'"
    )
    return str(rows[0][0])


def test_installed_plugin_chooses_before_the_built_in_one(tmp_path: Path) -> None:
    """By its entry point alone."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "mine", PLUGIN)
    end = load(tmp_path, site)
    assert (end.code, end.out) == (0, '{"n":1}\n'), end.err
    assert type_of_v(tmp_path) == "VARCHAR(77)"


BROKEN = [
    pytest.param("import no_such_module_anywhere\n", "ModuleNotFoundError", id="import-error"),
    pytest.param("1 / 0\n", "ZeroDivisionError", id="any-error"),
    pytest.param("def broken(:\n", "SyntaxError", id="syntax-error"),
    pytest.param(
        "from target_dolt import hookimpl\n@hookimpl\ndef dolt_sql_typ(): ...\n",
        "dolt_sql_typ",
        id="misspelt-hook",
    ),
    pytest.param(
        "from target_dolt import hookimpl\n@hookimpl\ndef dolt_register_dialects():\n    1 / 0\n",
        "ZeroDivisionError",
        id="hook-fails",
    ),
    pytest.param(
        "from target_dolt import hookimpl\n@hookimpl\ndef dolt_register_dialects(): return 7\n",
        "dolt_register_dialects",
        id="no-dialects",
    ),
    pytest.param(
        "from target_dolt import hookimpl\n@hookimpl\ndef dolt_register_backends():\n"
        "    return ['x']\n",
        "dolt_register_backends",
        id="no-backend",
    ),
]


@pytest.mark.parametrize("hook", ["dolt_sql_type", "dolt_value_converter"])
def test_plugin_that_fails_at_a_schema_ends_the_run_before_its_rows(
    tmp_path: Path, hook: str
) -> None:
    """With its distribution and the switch, though the error is one that a SCHEMA may cause."""
    site = tmp_path / "site"
    site.mkdir()
    code = f"from target_dolt import hookimpl\n@hookimpl\ndef {hook}(schema): return schema['no']\n"
    install(site, "broken", code)
    end = load(tmp_path, site)
    assert (end.code, end.out) == (1, "")
    for part in ("plugin 'broken' of a-broken 1.2.3", hook, "KeyError", f"{DISABLE}=broken"):
        assert part in end.err
    assert "Traceback" not in end.err
    assert lite(tmp_path).tables() == []


def test_two_installed_plugins_of_one_dialect_are_told_by_their_distributions(
    tmp_path: Path,
) -> None:
    """And how each of them is left out."""
    site = tmp_path / "site"
    site.mkdir()
    code = (
        "from target_dolt import Dialect, hookimpl\n@hookimpl\ndef dolt_register_dialects():\n"
        "    return [Dialect('cobol', ())]\n"
    )
    for name in ("one", "two"):
        install(site, name, code)
    end = load(tmp_path, site)
    assert (end.code, end.out) == (1, "")
    for name in ("one", "two"):
        assert f"plugin '{name}' of a-{name} 1.2.3" in end.err
        assert f"{DISABLE}={name}" in end.err
    assert "'cobol'" in end.err
    assert load(tmp_path, site, "one").code == 0


@pytest.mark.parametrize(("code", "reason"), BROKEN)
def test_broken_plugin_ends_the_run_before_a_row_with_its_distribution_and_the_switch(
    tmp_path: Path, code: str, reason: str
) -> None:
    """A type plugin that is silently missing would change data."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "broken", code)
    end = load(tmp_path, site)
    assert end.code == 1
    assert end.out == ""
    for part in ("plugin 'broken' of a-broken 1.2.3", reason, f"{DISABLE}=broken"):
        assert part in end.err
    assert "Traceback" not in end.err
    assert not (tmp_path / "test.db").exists()


@pytest.mark.parametrize("disabled", ["broken", " other , broken ", "*"])
def test_plugin_that_is_switched_off_is_not_even_imported(tmp_path: Path, disabled: str) -> None:
    """By its name, among others, or by `*`; built-in plugins stay."""
    site = tmp_path / "site"
    site.mkdir()
    install(site, "broken", "1 / 0\n")
    end = load(tmp_path, site, disabled)
    assert (end.code, end.out) == (0, '{"n":1}\n'), end.err
    assert type_of_v(tmp_path) == "LONGTEXT"
