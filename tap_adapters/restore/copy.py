"""Rows as the text that Postgres's COPY reads.

https://www.postgresql.org/docs/16/sql-copy.html, text format.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

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


COPY_CHARACTERS = 1 << 18
"""What is handed to the driver at once; it would ask for 8,192 characters."""


def copy_in(cursor: Any, statement: str, texts: Iterable[str]) -> None:
    """Run a COPY of texts.

    Raises:
        Exception: What the making of the texts raised: the driver says no more of it than that
            reading has failed.
    """
    lines = Lines(texts)
    try:
        cursor.copy_expert(statement, lines, COPY_CHARACTERS)
    except Exception:
        if lines.failed is not None:
            raise lines.failed from None
        raise


class Lines(io.TextIOBase):
    """Texts as COPY reads a file, no more of them at once than it asks for.

    Attributes:
        failed: What the making of a text raised.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Begin with the first of them."""
        self.failed: BaseException | None = None
        self._texts: Iterator[str] = iter(texts)
        self._rest = ""
        self._place = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def read(self, size: int | None = -1) -> str:
        """Return some text; none at the end."""
        try:
            return self._read(size)
        except BaseException as error:
            self.failed = error
            raise

    def _read(self, size: int | None) -> str:
        if size is None or size < 0:
            return self._rest[self._place :] + "".join(self._texts)
        if self._place >= len(self._rest):
            self._rest, self._place = next(self._texts, ""), 0
        text = self._rest[self._place : self._place + size]
        self._place += size
        return text
