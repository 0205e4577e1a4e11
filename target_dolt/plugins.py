"""The plugin manager: built-ins first, then the entry points of the group `target_dolt`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

import pluggy

from target_dolt import hookspecs
from target_dolt.backend import Backend
from target_dolt.dialect import Dialect
from target_dolt.errors import PluginError

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
        """Ask the plugins for what they bring."""
        self._manager = manager
        self._distributions = distributions or {}
        self.dialects: dict[str, Dialect] = self._collect("dolt_register_dialects")
        self.backends: dict[str, Backend] = self._collect("dolt_register_backends")

    @property
    def hook(self) -> pluggy.HookRelay:
        """The hooks, to be called with keywords."""
        return self._manager.hook

    def _collect(self, hook: str) -> dict[str, Any]:
        found: dict[str, _Named] = {}
        brought_by: dict[str, str] = {}
        # As pluggy calls them: the last registered first, so that a third party's goes first.
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            for item in implementation.function():
                if item.name in found:
                    msg = (
                        f"the plugins '{brought_by[item.name]}' and "
                        f"'{implementation.plugin_name}' both bring '{item.name}' "
                        f"({hook}); leave one out with {DISABLE}"
                    )
                    raise PluginError(msg)
                found[item.name] = item
                brought_by[item.name] = implementation.plugin_name
        return found

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
        label = f"plugin '{entry.name}'"
        if entry.dist is not None:
            distributions[entry.name] = entry.dist
            label += f" of {entry.dist.name} {entry.dist.version}"
        _register(manager, _loaded(entry, label), entry.name, label)
    for plugin in extra:
        if manager.is_registered(plugin):  # its entry point has brought it
            continue
        name = getattr(plugin, "__name__", type(plugin).__name__)
        _register(manager, plugin, name, f"plugin '{name}'")
    return Plugins(manager, distributions)


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
