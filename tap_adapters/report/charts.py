"""Numbers as shapes: where lines and bars of a report's charts go. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 720
HEIGHT = 160
BARS = 72
"""Bars of a chart at the most: each is ten units wide with its gap."""

POINTS = 360
"""Points of a line at the most: two units apart."""


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a bar: what it counts, and where it stands."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: commits that follow each other, their changes on top of each other.

    Attributes:
        x: Where it begins.
        width: How wide it is.
        first: The place of the first of its commits.
        last: The place of the last one.
        counts: Rows added, changed and deleted.
        blocks: Its parts.
    """

    x: float
    width: float
    first: int
    last: int
    counts: tuple[int, int, int]
    blocks: tuple[Block, ...]


KINDS = ("added", "changed", "deleted")


def bars(counts: Sequence[tuple[int, int, int]]) -> tuple[Bar, ...]:
    """Return a bar for each commit, or for some commits each where they are many.

    A bar's height goes by the logarithm of its rows: a first load is thousands of times as large
    as what follows it.

    Args:
        counts: Rows added, changed and deleted by each commit, the oldest first.
    """
    size = max(1, math.ceil(len(counts) / BARS))
    groups = [(start, counts[start : start + size]) for start in range(0, len(counts), size)]
    sums = [
        (start, len(some), tuple(sum(one[kind] for one in some) for kind in range(len(KINDS))))
        for start, some in groups
    ]
    most = max((sum(each) for _, _, each in sums), default=0)
    step = WIDTH / max(len(sums), 12)
    found = []
    for place, (start, many, each) in enumerate(sums):
        whole = sum(each)
        height = HEIGHT * math.log1p(whole) / math.log1p(most) if most else 0.0
        y = float(HEIGHT)
        blocks = []
        for kind, count in zip(KINDS, each, strict=True):
            if count:
                part = height * count / whole
                y -= part
                blocks.append(Block(kind, round(y, 1), round(part, 1)))
        added, changed, deleted = each
        found.append(
            Bar(
                round(place * step, 1),
                round(step * 0.8, 1),
                start,
                start + many - 1,
                (added, changed, deleted),
                tuple(blocks),
            )
        )
    return tuple(found)


def line(values: Sequence[int | None], most: int, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Return a line in steps through values, as the path of an SVG; gaps where there is none.

    Args:
        values: What it goes through, from left to right.
        most: The value at the top.
        width: How wide the chart is.
        height: How high it is.
    """
    size = max(1, math.ceil(len(values) / POINTS))
    kept = [values[min(start + size, len(values)) - 1] for start in range(0, len(values), size)]
    step = width / max(len(kept), 1)
    path = []
    pen = False
    for place, value in enumerate(kept):
        if value is None:
            pen = False
            continue
        y = round(height - 1 - (height - 2) * value / max(most, 1), 1)
        start, end = round(place * step, 1), round((place + 1) * step, 1)
        path.append(f"{'V' if pen else f'M{start:g} '}{y:g}H{end:g}")
        pen = True
    return "".join(path)
