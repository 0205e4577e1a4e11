"""A source's own type names, taken apart: `numeric(10,2)[]`, `enum('a','b')`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ARRAY = "[]"
"""What an array of whatever element is looked up by."""

ANY = "*"
"""In a rule: any native type that no rule before has named."""

_TEXT = r"'(?:[^'\\]|''|\\.)*'"
_QUOTED = r'"(?:[^"]|"")*"|`(?:[^`]|``)*`'
_GROUP = rf"\((?:[^()'\"`]|{_TEXT}|{_QUOTED})*\)"
"""Parameters: `interval day(2) to second(6)` has two groups of them."""

_TYPE = re.compile(
    rf"""(?P<spelled>(?:[^()\[\]'"`]|{_QUOTED}|{_GROUP})*)(?P<brackets>(?:\[\d*\]\s*)*)""",
    re.DOTALL,
)
_ARGUMENT = re.compile(rf"{_TEXT}|{_QUOTED}|[^\s,'\"`]+", re.DOTALL)
_PART = re.compile(rf"{_GROUP}|(?:[^()\"`]|{_QUOTED})+", re.DOTALL)
_WORD = re.compile(rf"(?:{_QUOTED}|[^\s\"`])+", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)

_ATTRIBUTES = (("character", "set"), ("charset",), ("collate",))
"""Words that say how texts are coded and sorted; each is followed by one value. https://dev.mysql.com/doc/refman/8.0/en/charset-column.html"""

_SILENT = frozenset({"zerofill"})
"""Words that change how a value is printed, and nothing of the value."""


@dataclass(frozen=True, slots=True)
class NativeType:
    """A column's type in its own database.

    Attributes:
        text: The type as the source spells it, with all parameters.
        name: Its name alone, in small letters, without parameters: `timestamp with time zone`.
        arguments: What stood in parentheses.
        dimensions: How many pairs of brackets followed.
    """

    text: str
    name: str
    arguments: tuple[int | str, ...] = ()
    dimensions: int = 0

    @property
    def key(self) -> str:
        """What rules are looked up by."""
        return ARRAY if self.dimensions else self.name

    @property
    def length(self) -> int | None:
        """The first argument, where it is a number."""
        first = self.arguments[0] if self.arguments else None
        return first if isinstance(first, int) else None

    @property
    def labels(self) -> tuple[str, ...]:
        """The arguments as texts: an enum's labels."""
        return tuple(str(one) for one in self.arguments)


@lru_cache(maxsize=4096)
def parse_native(text: str) -> NativeType:
    """Take a type's spelling apart; ValueError where brackets or quotes do not close."""
    match = _TYPE.fullmatch(text.strip())
    parts = _PART.findall(match["spelled"] if match else "")
    words = [_word(one) for part in parts if part[0] != "(" for one in _WORD.findall(part)]
    name = _name(words)
    if match is None or not name:
        msg = f"{text[:80]!r} is no type that can be read"
        raise ValueError(msg)
    groups = [part[1:-1] for part in parts if part[0] == "("]
    arguments = tuple(_argument(one) for part in groups for one in _ARGUMENT.findall(part))
    dimensions = match["brackets"].count("[")
    if name.endswith(" array"):
        name, dimensions = name.removesuffix(" array"), max(dimensions, 1)
    elif name.startswith("_") and len(name) > 1:  # Postgres's own name of an array type
        name, dimensions = name[1:], max(dimensions, 1)
    elif name == "array":
        dimensions = 1
    return NativeType(text, name, arguments, dimensions)


def _word(word: str) -> str:
    """Return a word of a name, without the schema before it; what is quoted keeps its case."""
    last = re.split(rf"\.(?=(?:{_QUOTED}|[^\"`])*$)", word)[-1]
    return _unquoted(last) if last[0] in '"`' else last.lower()


def _argument(argument: str) -> int | str:
    if _NUMBER.fullmatch(argument):
        return int(argument)
    return _unquoted(argument) if argument[0] in "'\"`" else argument


def _unquoted(text: str) -> str:
    quote = text[0]
    plain = text[1:-1].replace(quote * 2, quote)
    return re.sub(r"\\(.)", r"\1", plain, flags=re.DOTALL) if quote == "'" else plain


def _name(words: list[str]) -> str:
    """Return the words that name the type; how its texts are coded is no part of that."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        attribute = next(
            (one for one in _ATTRIBUTES if kept and rest[: len(one)] == list(one)), None
        )
        if attribute:
            del rest[: len(attribute) + 1]
            continue
        word = rest.pop(0)
        if word not in _SILENT:
            kept.append(word)
    return " ".join(kept)


_PROPERTIES = (("precision", "scale"), ("length",), ("max_length",))
"""Names that taps give to parameters in `x-sql-datatype-properties`."""


def native_type(schema: Mapping[str, Any]) -> NativeType | None:
    """Return the native type that a property's schema names, or None.

    Parameters that do not stand in `x-sql-datatype` come from `x-sql-datatype-properties`.
    """
    text = schema.get("x-sql-datatype")
    if not isinstance(text, str) or not text.strip():
        return None
    native = parse_native(text)
    more = schema.get("x-sql-datatype-properties")
    if native.arguments or not isinstance(more, Mapping):
        return native
    labels = more.get("labels") or more.get("values") or more.get("enums")
    if isinstance(labels, list):
        return NativeType(text, native.name, tuple(map(str, labels)), native.dimensions)
    for names in _PROPERTIES:
        numbers = [more[name] for name in names if isinstance(more.get(name), int)]
        if numbers and isinstance(more.get(names[0]), int):
            return NativeType(text, native.name, tuple(numbers), native.dimensions)
    return native
