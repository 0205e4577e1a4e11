"""Where each family of taps keeps native types in its catalog file.

A stream's entry of the catalog goes to each adapter in turn; another family's adapter is a plugin
with `dolt_native_types`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from target_dolt import hookimpl
from target_dolt.tables.objects import AskedSource

Native = Mapping[str, Mapping[str, Any]]
"""By property the words that belong into its schema: `x-sql-datatype` and `-properties`."""

_WORDS = ("x-sql-datatype", "x-sql-datatype-properties")


def stitch(entry: Mapping[str, Any]) -> Native:
    """Read what Stitch's and pipelinewise's taps put into metadata: `sql-datatype`.

    https://github.com/singer-io/getting-started/blob/master/docs/DISCOVERY_MODE.md#metadata
    """
    found = {}
    for name, metadata in _metadata(entry):
        native = metadata.get("sql-datatype")
        if isinstance(native, str) and native:
            found[name] = {"x-sql-datatype": _with_length(native, _property(entry, name))}
    return found


def _with_length(native: str, schema: Mapping[str, Any]) -> str:
    """Return a type of characters with the length that pipelinewise's tap-postgres leaves out.

    A `character` without one would be a single character to whoever makes the column again.
    """
    length = schema.get("maxLength")
    if native not in {"character", "character varying"} or not isinstance(length, int):
        return "bpchar" if native == "character" else native
    return f"{native}({length})"


def _property(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    schema = entry.get("schema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    found = properties.get(name) if isinstance(properties, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def sdk(entry: Mapping[str, Any]) -> Native:
    """Read what taps of Meltano's SDK put into the schema itself: `x-sql-datatype`."""
    schema = entry.get("schema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return {}
    words = {
        name: {word: part[word] for word in _WORDS if word in part}
        for name, part in properties.items()
        if isinstance(part, Mapping)
    }
    return {name: found for name, found in words.items() if found}


def _metadata(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in entry.get("metadata") or ():
        place = one.get("breadcrumb") if isinstance(one, Mapping) else None
        if isinstance(place, list) and place[:1] == ["properties"] and len(place) == 2:  # noqa: PLR2004
            yield str(place[1]), one.get("metadata") or {}


@hookimpl(trylast=True)
def dolt_open_source(url: str) -> AskedSource:
    """Open any source that SQLAlchemy can reach."""
    from tap_adapters.sources.asked import open_source  # noqa: PLC0415 - its readers, for those who ask

    return open_source(url)


@hookimpl(trylast=True)
def dolt_native_types(entry: Mapping[str, Any]) -> Native:
    """Answer for the families that are known here; the schema's own word is nearer."""
    return {**stitch(entry), **sdk(entry)}
