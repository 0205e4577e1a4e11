"""Reading ahead: the next rows are read while those before them are written elsewhere."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Generator[T, None, None]) -> Iterator[T]:
    """Yield what a generator yields; one thread runs it, from its first step to its end.

    Args:
        items: The generator, not begun yet: what it opens may be of one thread alone.
    """
    with ThreadPoolExecutor(1, "target-dolt-reader") as reader:
        coming = reader.submit(next, items, None)
        try:
            while (one := coming.result()) is not None:
                coming = reader.submit(next, items, None)
                yield one
        finally:
            reader.submit(items.close).result()
