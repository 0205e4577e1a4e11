"""Rows as the text that Postgres's COPY reads.

https://www.postgresql.org/docs/16/sql-copy.html, text format.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SPECIAL = tuple(chr(code) for code in _ESCAPES)
_NULL = "\\N"


def copy_text(columns: Sequence[Sequence[str | None]]) -> str:
    """Return some rows, given column by column, a line each."""
    filled = [_filled(column) for column in columns]
    lines = "\n".join(map("\t".join, zip(*filled, strict=True)))
    return f"{lines}\n"


def _filled(column: Sequence[str | None]) -> Sequence[str]:
    """Return a column escaped; few hold anything to escape, and all are asked at once."""
    joined = "".join(filter(None, column))
    if any(one in joined for one in _SPECIAL):
        return [_NULL if one is None else one.translate(_ESCAPES) for one in column]
    return [_NULL if one is None else one for one in column]


class Lines(io.TextIOBase):
    """Texts as COPY reads a file, no more of them at once than it asks for."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Begin with the first of them."""
        self._texts: Iterator[str] = iter(texts)
        self._rest = ""
        self._place = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def read(self, size: int | None = -1) -> str:
        """Return some text; none at the end."""
        if size is None or size < 0:
            return self._rest[self._place :] + "".join(self._texts)
        if self._place >= len(self._rest):
            self._rest, self._place = next(self._texts, ""), 0
        text = self._rest[self._place : self._place + size]
        self._place += size
        return text
