"""Identifiers: from a stream to a table, from a property to a column. Pure functions."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping

from target_dolt.errors import NameCollisionError, SchemaError

MAX_LENGTH = 64
"""Characters of an identifier in Dolt; kept in DoltLite too, so that a database can move.
https://dev.mysql.com/doc/refman/8.0/en/identifier-length.html"""

_RESERVED = ("dolt", "sqlite_", "_target_dolt_")
"""Prefixes of the engines' own tables and of this tool's."""


def table_name(stream: str, table_map: Mapping[str, str], prefix: str) -> str:
    """Return a stream's table: its place in `table_map`, else the part after its last dash.

    The SDK's rule: `public-users` is the table `users` of the schema `public`. A Dolt database
    has no schemas. `prefix` goes before a name that is not mapped.

    Raises:
        SchemaError: The name is empty, or begins as the engine's own tables do.
    """
    name = table_map.get(stream)
    if name is None:
        name = prefix + stream.rsplit("-", 1)[-1]
    _check(name, f"stream '{stream}'", "give it another table with `table_map`")
    if name.casefold().startswith(_RESERVED):
        msg = (
            f"stream '{stream}': a table may not be called '{name}', names that begin with "
            f"{', '.join(_RESERVED)} are taken; give it another one with `table_map`"
        )
        raise SchemaError(msg)
    return shorten(name)


def column_names(stream: str, properties: Iterable[str]) -> dict[str, str]:
    """Return each property's column: its own name, shortened where it is too long.

    Raises:
        NameCollisionError: Two properties would have one column, by letter case or Unicode form.
    """
    columns: dict[str, str] = {}
    taken: dict[str, str] = {}
    for name in properties:
        _check(name, f"stream '{stream}', column '{name}'", "rename it with `stream_maps`")
        column = shorten(name)
        other = taken.setdefault(folded(column), name)
        if other != name:
            msg = (
                f"stream '{stream}': the columns '{other}' and '{name}' would fall together in "
                "the database; rename one with `stream_maps`"
            )
            raise NameCollisionError(msg)
        columns[name] = column
    return columns


def shorten(name: str) -> str:
    """Return the name, or its first characters and a hash of the whole where it is too long."""
    if len(name) <= MAX_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: MAX_LENGTH - 9]}_{digest}"


def folded(name: str) -> str:
    """Return what two names share that a database could take for one."""
    return unicodedata.normalize("NFKC", name).casefold()


def _check(name: str, where: str, what_to_do: str) -> None:
    if not name or "\0" in name or name != name.rstrip(" "):
        msg = f"{where}: a name may not be empty, hold NUL or end in a blank; {what_to_do}"
        raise SchemaError(msg)
