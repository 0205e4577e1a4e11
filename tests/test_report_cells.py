"""What a report shows of a value, and where its charts' shapes go."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tap_adapters.report.cells import SHOWN_CHARACTERS, Cell, Piece, cell, cells
from tap_adapters.report.charts import BARS, HEIGHT, WIDTH, bars, line
from tap_adapters.report.page import size_in_words


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "null", "NULL"),
        (0, "number", "0"),
        (Decimal("1.50"), "number", "1.50"),
        ("", "text", ""),
        (b"\x00\xff", "bytes", "0x00ff"),
        (bytearray(b"a"), "bytes", "0x61"),
    ],
)
def test_a_value_is_shown_as_what_it_is(value: Any, kind: str, text: str) -> None:
    """NULL is no text, an empty text no NULL; bytes are digits."""
    found = cell(value)
    assert (found.kind, "".join(one.text for one in found.pieces)) == (kind, text)
    assert (found.before, found.more) == (False, "")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a\x00b", [Piece("a"), Piece("␀", "U+0000"), Piece("b")]),
        ("\r\n\t", [Piece("␍", "U+000D"), Piece("↵", "U+000A"), Piece("⇥", "U+0009")]),
        ("\u202e", [Piece("U+202E", "RIGHT-TO-LEFT OVERRIDE")]),
        (" a  b ", [Piece("␠", "SPACE"), Piece("a  b"), Piece("␠", "SPACE")]),
        ("\u2067x", [Piece("U+2067", "RIGHT-TO-LEFT ISOLATE"), Piece("x")]),
        ("\x7f\x85", [Piece("U+007F", "U+007F"), Piece("U+0085", "U+0085")]),
        ("\ud800", [Piece("U+D800", "U+D800")]),
        ("שלום", [Piece("שלום")]),
        ("👩\u200d👧", [Piece("👩\u200d👧")]),
    ],
)
def test_what_cannot_be_seen_is_shown_by_a_mark(text: str, pieces: list[Piece]) -> None:
    """Letters of every script and joined emoji stay as they are."""
    assert list(cell(text).pieces) == pieces


def test_a_long_value_is_cut_with_words() -> None:
    """How long it is, and no more of it than a page has room for."""
    found = cell("x" * 10_000)
    assert found == Cell((Piece("x" * SHOWN_CHARACTERS),), "text", more="10,000 characters in all")
    assert cell(b"\x01" * 1000).more == "1,000 bytes in all"
    assert cell("x" * SHOWN_CHARACTERS).more == ""


def test_two_long_values_are_cut_around_the_place_where_they_part() -> None:
    """Both show it, and say that text before it is left out."""
    same = "s" * 5000
    old, new = cells(f"{same}old{'t' * 500}", f"{same}new{'t' * 500}")
    for one, word in ((old, "old"), (new, "new")):
        assert one.before
        assert one.more == "5,503 characters in all"
        assert f"s{word}t" in one.pieces[0].text
    short, longer = cells("ab", "ac" * 300)
    assert (short.before, short.more, longer.before) == (False, "", False)
    cut, whole = cells(f"{same}x", same)
    assert cut.pieces[0].text.endswith("sx")
    assert whole.pieces[0].text.endswith("s")


def test_bars_stand_on_the_ground_in_proportion() -> None:
    """The largest reaches the top; an empty commit has no block."""
    few = bars([(1000, 0, 0), (5, 3, 2), (0, 0, 0)])
    assert [one.counts for one in few] == [(1000, 0, 0), (5, 3, 2), (0, 0, 0)]
    assert (few[0].blocks[0].y, few[0].blocks[0].height) == (0, HEIGHT)
    assert [one.kind for one in few[1].blocks] == ["added", "changed", "deleted"]
    assert few[1].blocks[0].height == pytest.approx(few[1].blocks[2].height * 2.5, abs=0.2)
    assert few[2].blocks == ()
    many = bars([(1, 0, 0)] * 3000)
    assert len(many) <= BARS
    assert sum(one.counts[0] for one in many) == 3000
    assert (many[0].first, many[-1].last) == (0, 2999)
    assert max(one.x + one.width for one in many) <= WIDTH
    assert bars([]) == ()
    assert bars([(0, 0, 0)])[0].blocks == ()


def test_a_line_has_steps_and_gaps() -> None:
    """A table that is not there yet has no line; one that comes back begins anew."""
    assert line([None, 0, 10, None, 5], 10, 100, 22) == "M20 21H40V1H60M80 11H100"
    assert line([], 0) == ""
    assert len(line(list(range(3000)), 3000)) < 12_000


def test_sizes_are_told_in_units_of_a_thousand() -> None:
    """As disks are sold."""
    sizes = [0, 999, 1500, 29_173_747, 3_200_000_000]
    assert [size_in_words(one) for one in sizes] == [
        "0 bytes", "999 bytes", "1.5 kB", "29.2 MB", "3.2 GB"
    ]  # fmt: skip
