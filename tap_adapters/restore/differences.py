"""What differs between a commit's table and one in a database, in parts that memory has room for.

Three sides: the commit that is wanted, the database as it is, and the commit that the database was
last known to be equal to, by which a row that somebody has changed there since is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from tap_adapters.verify.canonical import packed

Row = Sequence[Any]
Key = tuple[Any, ...]
Hashes = dict[Key, int]
Forms = Callable[[], Iterator[Sequence[Row]]]
"""Gives a side's rows in chunks, each value in its one form."""

PART_ROWS = 1_000_000
"""Rows whose hashes are held at once; docs/databases.md says what they take."""


@dataclass(slots=True)
class Difference:
    """What would make some parts of a table equal to the commit's.

    Attributes:
        inserts: Keys of rows that are missing there, in their one form.
        updates: Keys of rows that are other ones there.
        deletes: Keys of rows that only the database has.
        kept: How many differ because somebody has changed them there since.
    """

    inserts: set[Key] = field(default_factory=set)
    updates: set[Key] = field(default_factory=set)
    deletes: set[Key] = field(default_factory=set)
    kept: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Those rows of a table whose keys' hashes leave `number` when divided by `of`."""

    number: int = 0
    of: int = 1

    def own(self, found: Hashes) -> Hashes:
        """Return the hashes of its rows, of some that were found."""
        if self.of == 1:
            return found
        return {key: mine for key, mine in found.items() if hash(key) % self.of == self.number}


WHOLE = Part()


def hashes(
    rows: Forms,
    key: Sequence[int],
    part: Part = WHOLE,
    only: Collection[Key] | None = None,
) -> Hashes:
    """Return the hash of each row of one part of a table, by its key; or of `only` some keys.

    Hashes are of 64 bits and this process's own: they leave it never.
    """
    found: Hashes = {}
    for some in rows():
        own = part.own(hashes_of(some, key))
        if only is not None:
            own = {one: mine for one, mine in own.items() if one in only}
        found |= own
    return found


def hashes_of(rows: Sequence[Row], key: Sequence[int]) -> Hashes:
    """Return the hash of each of some rows, by its key.

    Of rows as bytes: of values, Python's hash of -1 is that of -2, and of 0 that of 2**61-1.
    """
    return dict(zip(chosen(rows, key), map(hash, map(packed, rows)), strict=True))


def chosen(rows: Sequence[Row], places: Sequence[int]) -> Iterable[Key]:
    """Return some columns of rows."""
    return zip(*(map(itemgetter(place), rows) for place in places), strict=True)


def unequal(
    wanted: Forms, there: Forms, key: Sequence[int], part: Part = WHOLE
) -> tuple[Hashes, Hashes]:
    """Return the hashes of rows that are not the same on both sides: the wanted, and those there.

    Rows that are the same are forgotten as they are met: one side's hashes are held, not both's.
    """
    new = hashes(wanted, key, part)
    old = {}
    for some in there():
        for own, mine in part.own(hashes_of(some, key)).items():
            other = new.pop(own, None)
            if other != mine:
                old[own] = mine
                if other is not None:
                    new[own] = other
    return new, old


def compare(wanted: Hashes, there: Hashes, known: Hashes | None) -> Difference:
    """Return what is to be done; `known` is None where changes made there do not matter."""
    found = Difference()
    for key in wanted.keys() | there.keys():
        new, old = wanted.get(key), there.get(key)
        if new == old:
            continue
        if known is not None and known.get(key) != old:
            found.kept += 1
        elif old is None:
            found.inserts.add(key)
        elif new is None:
            found.deletes.add(key)
        else:
            found.updates.add(key)
    return found
