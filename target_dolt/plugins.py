"""The plugin manager: built-ins first, then the entry points of the group `target_dolt`."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

import pluggy

from target_dolt import hookspecs
from target_dolt.backend import Backend
from target_dolt.dialect import Dialect
from target_dolt.errors import PluginError, TargetDoltError

DISABLE = "TARGET_DOLT_DISABLE_PLUGINS"
"""Environment variable: names of plugins to leave out, with commas between; `*` for all
that are not built in."""

BUILT_IN = (
    "json_schema",
    "postgres",
    "mysql",
    "sqlite",
    "mssql",
    "oracle",
    "doltlite",
    "dolt",
    "native_types",
)

_MODULES = {"native_types": "tap_adapters.native_types"}
"""Where a built-in plugin is that has no file of its name among the others."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One loaded plugin, as `--about` lists it."""

    name: str
    distribution: str
    version: str
    hooks: tuple[str, ...]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class Plugins:
    """All that plugins brought: typed calls to the hooks, dialects and backends by name."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        distributions: Mapping[str, metadata.Distribution] | None = None,
    ) -> None:
        """Ask the plugins for what they bring.

        Raises:
            PluginError: One of them fails in it, or brings what another one has.
        """
        self._manager = manager
        self._distributions = distributions or {}
        manager.add_hookcall_monitoring(lambda *_: None, self._blame)
        self.dialects: dict[str, Dialect] = self._collect("dolt_register_dialects", Dialect)
        self.backends: dict[str, Backend] = self._collect("dolt_register_backends", Backend)

    @property
    def hook(self) -> pluggy.HookRelay:
        """The hooks, to be called with keywords."""
        return self._manager.hook

    def _collect(self, hook: str, kind: type[_Named]) -> dict[str, Any]:
        found: dict[str, _Named] = {}
        brought_by: dict[str, str] = {}
        # As pluggy calls them: the last registered first, so that a third party's goes first.
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            name = implementation.plugin_name
            try:
                items = list(implementation.function())
                if any(not isinstance(item, kind) for item in items):
                    msg = f"it gives something else than a {kind.__name__}"
                    raise TypeError(msg)  # noqa: TRY301 - the plugin's, as those that it raises
            except Exception as error:
                raise self._failed(name, hook, error) from error
            for item in items:
                if item.name in found:
                    both = (brought_by[item.name], name)
                    raise PluginError(self._twice(item.name, hook, both))
                found[item.name] = item
                brought_by[item.name] = name
        return found

    def _twice(self, what: str, hook: str, names: Iterable[str]) -> str:
        others = [name for name in names if name not in BUILT_IN]
        return (
            f"{' and '.join(map(self._label, names))} both bring '{what}' ({hook}); leave one out "
            f"with {' or '.join(f'{DISABLE}={name}' for name in others)}"
        )

    def _label(self, name: str) -> str:
        return _label(name, self._distributions.get(name))

    def _failed(self, name: str, hook: str, error: Exception) -> PluginError:
        return PluginError(
            f"{self._label(name)}: {hook} failed ({type(error).__name__}: {error}); mend it, or "
            f"leave it out with {DISABLE}={name}"
        )

    def _blame(
        self,
        outcome: pluggy.Result[Any],
        hook: str,
        implementations: Sequence[pluggy.HookImpl],
        _arguments: Mapping[str, Any],
    ) -> None:
        """Let an error that comes from a plugin's own code name the plugin."""
        error = outcome.exception
        if not isinstance(error, Exception) or isinstance(error, TargetDoltError):
            return
        codes = {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}
        for one in implementations:
            own = getattr(one.function, "__code__", None)
            if own in codes and one.plugin_name not in BUILT_IN:
                failure = self._failed(one.plugin_name, hook, error)
                failure.__cause__ = error
                outcome.force_exception(failure)

    def list(self) -> list[PluginInfo]:
        """Return the loaded plugins by name."""
        infos = []
        for name, plugin in self._manager.list_name_plugin():
            hooks = tuple(one.name for one in self._manager.get_hookcallers(plugin) or ())
            distribution = self._distributions.get(name) or metadata.distribution("target-dolt")
            infos.append(PluginInfo(name, distribution.name, distribution.version, hooks))
        return infos


def load_plugins(extra: Iterable[object] = ()) -> Plugins:
    """Load every plugin that is installed and not left out.

    Args:
        extra: Plugins beside the installed ones, for tests and for use as a library.

    Raises:
        PluginError: A plugin cannot be loaded or has a hook that does not exist. The message
            names its distribution and the switch that leaves it out.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in BUILT_IN:
        module = _MODULES.get(name, f"target_dolt_plugins.{name}")
        manager.register(importlib.import_module(module), name)
    blocked = {name.strip() for name in os.environ.get(DISABLE, "").split(",") if name.strip()}
    entries = metadata.entry_points(group=hookspecs.PROJECT)
    distributions = {}
    for entry in sorted(entries, key=lambda one: one.name):
        if blocked & {entry.name, "*"}:
            continue
        if entry.dist is not None:
            distributions[entry.name] = entry.dist
        label = _label(entry.name, entry.dist)
        _register(manager, _loaded(entry, label), entry.name, label)
    for plugin in extra:
        if manager.is_registered(plugin):  # its entry point has brought it
            continue
        name = getattr(plugin, "__name__", type(plugin).__name__)
        _register(manager, plugin, name, _label(name, None))
    return Plugins(manager, distributions)


def _label(name: str, distribution: metadata.Distribution | None) -> str:
    of = f" of {distribution.name} {distribution.version}" if distribution is not None else ""
    return f"plugin '{name}'{of}"


def _loaded(entry: metadata.EntryPoint, label: str) -> object:
    try:
        return entry.load()
    except Exception as error:
        msg = (
            f"{label} cannot be loaded: {type(error).__name__}: {error}; mend or remove it, "
            f"or leave it out with {DISABLE}={entry.name}"
        )
        raise PluginError(msg) from error


def _register(manager: pluggy.PluginManager, plugin: object, name: str, label: str) -> None:
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        msg = f"{label}: {error}; mend it, or leave it out with {DISABLE}={name}"
        raise PluginError(msg) from error
