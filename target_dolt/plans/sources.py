"""Where a stream comes from: the native types of its columns, and whose names they are.

Native types, best first: the SCHEMA's own; the tap's catalog file; the source itself. Their
dialect: `source_dialect`; that of `source_url`; what the SCHEMA says itself, as tap-dolt's do; what
the table was made by; the one dialect that knows every native type of the SCHEMA. Where none of
them tells, JSON Schema alone chooses.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from target_dolt.constraint import Constraint
from target_dolt.dialect import Dialect
from target_dolt.errors import ConfigError
from target_dolt.native import NativeType, native_type
from target_dolt.plugins import Plugins
from target_dolt.settings import Settings
from target_dolt.tables.objects import AskedSource, Place, SourceObject

GENERIC = "json-schema"
"""The dialect for streams that name no native types."""

DIALECT = "x-sql-dialect"
"""The word of a whole SCHEMA that says whose its native types are."""

Native = Mapping[str, Mapping[str, Any]]

_log = logging.getLogger("target-dolt")


class Sources:
    """Tells the native types and the dialect of each stream."""

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        """Read the catalog and reach the source, as far as the settings name them.

        Raises:
            ConfigError: There is no such dialect, no such catalog, or no way to the source.
        """
        self._dialects = plugins.dialects
        self._named = settings.source_dialect
        if self._named is not None and self._named not in self._dialects:
            names = ", ".join(sorted(self._dialects))
            msg = f"`source_dialect` is {self._named!r}; there are: {names}"
            raise ConfigError(msg)
        self._catalog = (
            _read_catalog(settings.source_catalog, plugins) if settings.source_catalog else {}
        )
        self._source: AskedSource | None = (
            plugins.hook.dolt_open_source(url=settings.source_url) if settings.source_url else None
        )
        if self._source is not None and self._named is None:
            scheme = self._source.scheme
            able = [one.name for one in self._dialects.values() if scheme in one.schemes]
            self._named = able[0] if able else None
        self._told: set[str] = set()

    def annotate(self, stream: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a stream's schema with the native types that it does not name itself."""
        known: dict[str, Mapping[str, Any]] = {}
        if self._source is not None:
            known.update(self._source.native_types(stream))
        known.update(self._catalog.get(stream, {}))
        if not known:
            return schema
        properties = {
            name: {**known[name], **part} if name in known and isinstance(part, Mapping) else part
            for name, part in schema["properties"].items()
        }
        return {**schema, "properties": properties}

    @property
    def can_be_asked(self) -> bool:
        """Whether the source itself can tell what its tables are."""
        return self._source is not None

    def objects(self, stream: str, table: str) -> list[SourceObject]:
        """Return what the source says of a stream's table; nothing where it cannot be asked."""
        return self._source.objects(stream, table) if self._source is not None else []

    def harmless(
        self, stream: str, table: str, columns: Mapping[str, str]
    ) -> Collection[Constraint]:
        """Return what a stream's table can keep whatever rows come: see `AskedSource`."""
        return self._source.harmless(stream, table, columns) if self._source is not None else ()

    def constraints(
        self, streams: Mapping[str, Place], others: Mapping[str, Place]
    ) -> Mapping[str, Collection[Constraint]]:
        """Return what tables can keep of rows that satisfy it: see `AskedSource`."""
        return self._source.constraints(streams, others) if self._source is not None else {}

    def dialect(self, stream: str, schema: Mapping[str, Any], known: str | None) -> Dialect:
        """Return the dialect that chooses a stream's types.

        Args:
            stream: The stream's name.
            schema: Its schema, with native types where they are known.
            known: The name of the dialect that the stream's table was made by, or None.
        """
        if self._named is not None:
            return self._dialects[self._named]
        given = schema.get(DIALECT)
        if isinstance(given, str) and given in self._dialects:
            return self._dialects[given]
        natives = _native_types(schema)
        if not natives:
            return self._dialects[GENERIC]
        able = [one.name for one in self._dialects.values() if self._may_have(one, natives)]
        if known in able and known is not None:
            return self._dialects[known]
        if len(able) == 1:
            return self._dialects[able[0]]
        if stream not in self._told:
            self._told.add(stream)
            _log.warning(
                "stream '%s': its native types may be those of %s; set `source_dialect`, or they "
                "are kept by their JSON Schema alone",
                stream,
                ", ".join(sorted(able)) or "none of the known dialects",
            )
        return self._dialects[GENERIC]

    def _may_have(self, dialect: Dialect, natives: Iterable[NativeType]) -> bool:
        """Whether all of these may be a dialect's: what none knows, a user may have made."""
        unknown = [one for one in natives if not dialect.knows(one)]
        made = all(
            not any(other.knows(one) for other in self._dialects.values()) for one in unknown
        )
        return not unknown or (made and dialect.takes_others)

    def close(self) -> None:
        """Let go of the source."""
        if self._source is not None:
            self._source.close()


def _native_types(schema: Mapping[str, Any]) -> list[NativeType]:
    found = []
    for part in schema["properties"].values():
        try:
            native = native_type(part) if isinstance(part, Mapping) else None
        except ValueError:
            continue  # the draft says where it stands
        if native is not None:
            found.append(native)
    return found


def _read_catalog(path: str, plugins: Plugins) -> dict[str, Native]:
    """Return the native types in a tap's catalog, by each name that its SCHEMA may have.

    A name that two entries could have says nothing, but for an entry's own id.
    """
    try:
        catalog = msgspec.json.decode(Path(path).expanduser().read_bytes())
        entries = catalog["streams"]
    except OSError as error:
        msg = f"`source_catalog`: '{path}' cannot be read: {error.strerror}"
        raise ConfigError(msg) from error
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        msg = f"`source_catalog`: '{path}' is no catalog of a tap: it has no `streams`"
        raise ConfigError(msg) from error
    ids: dict[str, Native] = {}
    others: dict[str, list[Native]] = {}
    for entry in entries:
        if not isinstance(entry, Mapping):
            continue
        native: dict[str, Mapping[str, Any]] = {}
        # As pluggy calls them: the last registered answers first, and has the last word.
        for answer in reversed(plugins.hook.dolt_native_types(entry=entry)):
            native.update(answer)
        ids[str(entry.get("tap_stream_id"))] = native
        for name in _names(entry):
            others.setdefault(name, []).append(native)
    return {name: found[0] for name, found in others.items() if len(found) == 1} | ids


def _names(entry: Mapping[str, Any]) -> set[str]:
    """Return what a SCHEMA may call a stream of the catalog beside its id."""
    names = {entry.get("stream"), entry.get("table_name"), entry.get("stream_alias")} - {None}
    for one in entry.get("metadata") or ():
        if isinstance(one, Mapping) and one.get("breadcrumb") == []:
            facts = one.get("metadata") or {}
            spaces = [facts.get(word) for word in ("schema-name", "database-name")]
            names |= {f"{space}-{name}" for space in spaces if space for name in set(names)}
    return {str(name) for name in names}
