"""Identifiers: from a stream to a table, from a property to a column. Pure functions.

A name stays as it comes. One that a database cannot take, or would take for another one, gets a
suffix: a hash of the name itself, so that it is the same at every run.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from target_dolt.errors import SchemaError

MAX_LENGTH = 64
"""Bytes of an identifier in Dolt, in UTF-8 (measured on 2.3.1; MySQL counts characters:
https://dev.mysql.com/doc/refman/8.0/en/identifier-length.html); kept in DoltLite too, so that a
database can move."""

RESERVED = ("dolt", "sqlite_", "_target_dolt_", "-")
"""Prefixes of the engines' own tables and of this tool's, and of options: Dolt's procedures would
take the table `-A` for one."""

_ALL_TABLES = "."
"""What `dolt_add` takes for every table, also where one has that name."""

_DOTTED = "\u0130"
"""A capital I with a dot, as in Turkish. Dolt makes `i` of it where it looks for a column, writes
NULL there without a word, and takes the tables `\u0130` and `i` for one (measured on 2.3.1; no
other letter is like that)."""

_HASH_LENGTH = 8

_BLANK_BYTES = tuple(bytes([one]) for one in b"\t\n\v\f\r \x85\xa0")
"""What no table's name may end in on Dolt, which looks at the last byte of the UTF-8 alone: so
`citt\u00e0` is none (measured on 2.3.1)."""

_LAST_OF_BMP = "\uffff"
"""Dolt's tables have no characters beyond it (measured on 2.3.1; its columns have)."""


def mapped_table(stream: str, table: str) -> str:
    """Return the table that `table_map` gives a stream.

    Raises:
        SchemaError: The database cannot have a table of that name.
    """
    if table != _fitting_table(table) or is_reserved(table):
        msg = (
            f"stream '{stream}': `table_map` gives it a table whose name is empty, longer than "
            f"{MAX_LENGTH} bytes in UTF-8, ends in a blank (or in a letter that Dolt takes for "
            f"one, such as \u00e0), holds an emoji or \u0130, is '.' or begins with "
            f"{', '.join(RESERVED)}"
        )
        raise SchemaError(msg)
    return table


def table_name(stream: str, prefix: str, taken: Collection[str]) -> str:
    """Return the table of a stream that is not mapped.

    The SDK's rule: `public-users` is the table `users` of the schema `public`. A Dolt database
    has no schemas.

    Args:
        stream: The stream's name.
        prefix: What goes before the name.
        taken: Tables of other streams, folded.
    """
    name = _fitting_table(prefix + stream.rsplit("-", 1)[-1])
    if is_reserved(name):
        name = _fitting_table("_" + name)
    return _free(name, stream, taken)


def is_reserved(name: str) -> bool:
    """Whether a table's name begins as those of the engine or of this tool."""
    return folded(name).startswith(RESERVED)


def column_names(properties: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return each property's column.

    Args:
        properties: The names of a stream's properties.
        known: The columns that properties were given before; they keep them.
    """
    taken = {folded(column) for column in known.values()}
    columns: dict[str, str] = {}
    for name in properties:
        column = known.get(name)
        if column is None:
            column = _free(_fitting(name), name, taken)
            taken.add(folded(column))
        columns[name] = column
    return columns


def _free(name: str, whole: str, taken: Collection[str]) -> str:
    """Return the name, or one with a hash of `whole` where another has it."""
    free, seed = name, whole
    while folded(free) in taken:
        free = with_hash(name, seed)
        seed += " "
    return free


def _fitting(name: str) -> str:
    """Return a name that a database can have: not empty, no NUL, no blank at its end, short."""
    plain = _plain(name)
    fits = plain == name and name and name == name.rstrip(" ") and _length(name) <= MAX_LENGTH
    return name if fits else with_hash(plain, name)


def _plain(name: str) -> str:
    return name.replace("\0", "").replace(_DOTTED, "I")


def _fitting_table(name: str) -> str:
    """Return a name that a table can have, on any backend."""
    plain = "".join(one if one <= _LAST_OF_BMP else "_" for one in name)
    fits = plain == name and name != _ALL_TABLES and name.encode()[-1:] not in _BLANK_BYTES
    return _fitting(name) if fits else with_hash(_plain(plain), name)


def with_hash(name: str, whole: str) -> str:
    """Return the first characters of a name and a hash of `whole`."""
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{beginning(name, MAX_LENGTH - _HASH_LENGTH - 1)}_{digest}"


def beginning(name: str, length: int = MAX_LENGTH) -> str:
    """Return as many characters of a name as so many bytes have room for."""
    return name.encode()[:length].decode(errors="ignore")


def _length(name: str) -> int:
    return len(name.encode())


def folded(name: str) -> str:
    """Return what two names share that a database could take for one."""
    return unicodedata.normalize("NFKC", name).casefold()
