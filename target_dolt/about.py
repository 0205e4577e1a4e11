"""What the `--about` page says: what the loader can do, and which plugins there are."""

from __future__ import annotations

import json
from typing import Any

from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities

from target_dolt.plugins import PluginInfo

_HEAD = ("Plugin", "Distribution", "Version", "Hooks")

CAPABILITIES: list[Any] = [
    PluginCapabilities.ABOUT,
    PluginCapabilities.STREAM_MAPS,
    PluginCapabilities.FLATTENING,
    PluginCapabilities.ACTIVATE_VERSION,
    PluginCapabilities.BATCH,
    PluginCapabilities.STRUCTURED_LOGGING,
    TargetCapabilities.VALIDATE_RECORDS,
    TargetCapabilities.TARGET_SCHEMA,
    TargetCapabilities.HARD_DELETE,
]
"""What `--about` and Meltano are told that the loader can do."""


def with_plugins(page: str, form: str | None, plugins: list[PluginInfo]) -> str:
    """Return the page with a list of plugins in the page's own format.

    Args:
        page: What the SDK wrote.
        form: `json`, `markdown`, or None for text.
        plugins: What is loaded.
    """
    if form == "json":
        rows = [
            {
                "name": one.name,
                "distribution": one.distribution,
                "version": one.version,
                "hooks": list(one.hooks),
            }
            for one in plugins
        ]
        return json.dumps({**json.loads(page), "plugins": rows}, indent=2) + "\n"
    cells = [(one.name, one.distribution, one.version, ", ".join(one.hooks)) for one in plugins]
    if form == "markdown":
        lines = ["## Plugins", "", *(f"| {' | '.join(row)} |" for row in [_HEAD, *cells])]
        lines.insert(3, "|:--" * len(_HEAD) + "|")
        return "\n".join([page.rstrip(), "", *lines, ""])
    told = [f"  - {name}: {of} {version} ({hooks})" for name, of, version, hooks in cells]
    return "\n".join([page.rstrip(), "Plugins:", *told, ""])
