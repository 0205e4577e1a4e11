"""Whether a snapshot is of the same database as the last one of its name."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection
from pathlib import Path

from tap_adapters.sources.snapshot import source_url
from target_dolt.errors import ConfigError
from target_dolt.tables.objects import SourceObject

KIND = "place"
"""The kind of object that notes where a source was: its name is a hash of that."""

_log = logging.getLogger("target-dolt")


def origin(source: str, text: str) -> SourceObject:
    """Return where a source is, as it is kept: a hash, which tells neither host nor path.

    Args:
        source: The source's name.
        text: Its URL.
    """
    kind, url = source_url(text)
    if kind.room == "sqlite":
        where = str(Path(url.database or "").resolve())
    else:
        where = f"{(url.host or '').lower()}:{url.port or ''}/{url.database or ''}"
    name = hashlib.sha256(f"{kind.room} {where}".encode()).hexdigest()[:16]
    return SourceObject(source, KIND, name, None, "null")


def check_origin(
    here: SourceObject,
    known: Collection[tuple[str, str]],
    going: Collection[str],
    *,
    moved: bool,
) -> None:
    """Tell where the last snapshots of this name were taken elsewhere.

    Args:
        here: Where this one is taken.
        known: The kinds and names of objects that are kept of the source.
        going: The tables that would be removed.
        moved: Whether it is known that the source has moved.

    Raises:
        ConfigError: Tables would be removed, which may be another database's.
    """
    if not any(kind == KIND and name != here.name for kind, name in known):
        return
    told = f"the last snapshot of '{here.source}' was taken at another host or path"
    if going and not moved:
        names = ", ".join(f"'{name}'" for name in sorted(going))
        msg = (
            f"{told}, and this one has no {names}, which would be removed; nothing was changed. "
            "Where it is another database, give it a file, database or --branch of its own, or "
            "--keep the tables; where the same one has moved, say so: --moved"
        )
        raise ConfigError(msg)
    _log.warning("%s; its rows take the place of those", told)
