"""A value as people are shown it: cut where it is long, with marks for what cannot be seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SHOWN_CHARACTERS = 160
"""Characters of a value that are shown: some four lines of a column."""

SHOWN_BYTES = 32
"""Bytes of a value that are shown, as twice as many digits."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: as it is, or what stands for a character that cannot be seen.

    Attributes:
        text: What is shown.
        mark: The name of the character it stands for; empty for text as it is.
    """

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, ready to be shown.

    Attributes:
        pieces: Its text.
        kind: `null`, `number`, `text` or `bytes`.
        before: Whether text before the pieces is left out.
        more: What is left out, in words; empty where nothing is.
    """

    pieces: tuple[Piece, ...]
    kind: str = "text"
    before: bool = False
    more: str = ""


def pieces(text: str) -> tuple[Piece, ...]:
    """Return a text in pieces: controls, marks of direction, blanks at its ends by their names."""
    return tuple(_pieces(text))


def cell(value: Any, start: int = 0, shown: int = SHOWN_CHARACTERS) -> Cell:
    """Return a value as it is shown.

    Args:
        value: What the database gave.
        start: How many characters of a long text are left out before the others.
        shown: How many characters are shown.
    """
    if value is None:
        return Cell((Piece("NULL"),), "null")
    if isinstance(value, (bytes, bytearray, memoryview)):
        octets = bytes(value)
        more = f"{len(octets):,} bytes in all" if len(octets) > SHOWN_BYTES else ""
        return Cell((Piece(f"0x{octets[:SHOWN_BYTES].hex()}"),), "bytes", more=more)
    if not isinstance(value, str):
        return Cell(pieces(str(value)), "number")
    if len(value) <= shown:
        return Cell(pieces(value))
    more = f"{len(value):,} characters in all"
    return Cell(pieces(value[start : start + shown]), "text", start > 0, more)


def cells(old: Any, new: Any) -> tuple[Cell, Cell]:
    """Return a value before and after a change, cut around the place where they part."""
    start = 0
    texts = isinstance(old, str) and isinstance(new, str)
    if texts and max(len(old), len(new)) > SHOWN_CHARACTERS:
        pairs = enumerate(zip(old, new, strict=False))
        parted = next((at for at, (was, now) in pairs if was != now), min(len(old), len(new)))
        start = max(0, parted - _CONTEXT)
    return _cut(old, start), _cut(new, start)


_CONTEXT = 40
"""Characters that stay before the place where two long texts part."""


def _cut(value: Any, start: int) -> Cell:
    if not isinstance(value, str):
        return cell(value)
    return cell(value, min(start, max(0, len(value) - SHOWN_CHARACTERS)))


_ARROWS = {"\n": "↵", "\r": "␍", "\t": "⇥"}
_JOINERS = frozenset("\u200c\u200d")
"""Unseen, and yet part of how words of some scripts and emoji are written."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PICTURES = 0x2400
_SPACE = 0x20


def _pieces(text: str) -> Iterator[Piece]:
    plain = ""
    inner = range(len(text) - len(text.lstrip(" ")), len(text.rstrip(" ")))
    for place, one in enumerate(text):
        is_seen = unicodedata.category(one) not in _UNSEEN or one in _JOINERS
        if is_seen and (one != " " or place in inner):
            plain += one
            continue
        if plain:
            yield Piece(plain)
            plain = ""
        code = ord(one)
        picture = chr(_PICTURES + code) if code <= _SPACE else f"U+{code:04X}"
        yield Piece(_ARROWS.get(one, picture), unicodedata.name(one, f"U+{code:04X}"))
    if plain:
        yield Piece(plain)
