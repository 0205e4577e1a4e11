"""Wide tables, long keys and large windows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from support import Place, record, schema, state
from support_dolt import (
    BOTH,
    needs_dolt,
    numbered,
    numbered_stream,
)
from support_state import Watched, run_branches

from target_dolt.errors import (
    RecordError,
    UnsupportedTypeError,
)

pytestmark = needs_dolt


@BOTH
@pytest.mark.parametrize(
    ("columns", "column"),
    [
        (40, {"type": ["null", "string"], "maxLength": 1000}),
        (4, {"type": ["null", "string"], "maxLength": 16_383}),
        (1_000, {"type": ["null", "string"]}),
        (1_000, {"type": ["null", "string"], "maxLength": 255}),
        (1_500, {"type": ["null", "integer"]}),
        (5_000, {"type": ["null", "string"], "maxLength": 255}),
        (5_000, {"type": ["null", "integer"]}),
        (4_097, {"type": ["null", "boolean"]}),
    ],
    ids=lambda value: str(value if isinstance(value, int) else value.get("maxLength")),
)
def test_a_wide_table_is_loaded_exactly_or_refused_in_words(
    place: Place, columns: int, column: dict[str, Any], bulk_load: str
) -> None:
    """Dolt's row has 65,504 bytes: long texts are kept outside of it, the rest has to fit."""
    names = [f"c{number}" for number in range(columns)]
    value: Any = {"string": "x" * min(column.get("maxLength", 100), 255)}.get(column["type"][1], 1)
    messages = [
        schema("t", {"id": {"type": "integer"}, **dict.fromkeys(names, column)}),
        record("t", id=1, **dict.fromkeys(names, value)),
        state({"n": 1}),
    ]
    try:
        place.load(messages, bulk_load=bulk_load)
    except UnsupportedTypeError as error:
        text = str(error)
    else:
        text = ""
    if columns <= 1_500:
        assert text == ""
        assert place.rows("t") == [{"id": 1, **dict.fromkeys(names, value)}]
    else:
        assert "stream 't'" in text
        assert str(columns + 1) in text
        assert place.tables() == []


def test_a_table_that_later_schemas_widen_past_a_row_is_loaded_or_refused_in_words(
    place: Place,
) -> None:
    """Each SCHEMA fits a row, both together do not: columns that are gone stay in the table."""
    column = {"type": ["null", "string"], "maxLength": 1000}
    first = {f"a{number}": column for number in range(12)}
    second = {f"b{number}": column for number in range(12)}
    key = {"id": {"type": "integer"}}
    place.load([schema("t", key | first), record("t", id=1, a0="x" * 1000), state({"n": 1})])
    place.load([schema("t", key | second), record("t", id=2, b0="y" * 1000), state({"n": 2})])
    rows = place.query("SELECT id, a0, b0 FROM t ORDER BY id")
    assert rows == [(1, "x" * 1000, None), (2, None, "y" * 1000)]


@BOTH
def test_a_key_of_768_characters_fits_and_a_longer_one_ends_the_run(
    place: Place, bulk_load: str
) -> None:
    """It is not cut: two keys that differ at their ends would be one."""
    stream = schema("t", {"k": {"type": "string"}, "v": {"type": "integer"}}, ["k"])
    keys = ["k" * 767 + "a", "k" * 767 + "b", "😀" * 768]
    rows = [record("t", k=key, v=number) for number, key in enumerate(keys)]
    place.load([stream, *rows, state({"n": 1})], bulk_load=bulk_load)
    with pytest.raises(RecordError, match="768 characters") as refused:
        place.load([stream, record("t", k="k" * 769, v=9), state({"n": 2})], bulk_load=bulk_load)
    assert "column 'k'" in str(refused.value)
    assert sorted((row["k"], row["v"]) for row in place.rows("t")) == sorted(
        zip(keys, range(3), strict=True)
    )


def test_a_key_whose_texts_are_longer_together_is_refused_at_its_schema(place: Place) -> None:
    """With the number of characters that there is room for."""
    text = {"type": "string", "maxLength": 400}
    with pytest.raises(UnsupportedTypeError, match="768"):
        place.load([schema("t", {"a": text, "b": text}, ["a", "b"])])
    half = {"type": "string", "maxLength": 384}
    place.load([
        schema("t", {"a": half, "b": half}, ["a", "b"]),
        record("t", a="a" * 384, b="b" * 384),
        state({"n": 1}),
    ])  # fmt: skip
    assert place.rows("t") == [{"a": "a" * 384, "b": "b" * 384}]


def test_readers_of_the_target_see_nothing_of_a_large_window_before_its_commit(
    place: Place,
) -> None:
    """300,000 records without a STATE: on the run branch their transactions have ended."""
    seen: list[tuple[int, list[str], int]] = []

    def look() -> None:
        (run,) = run_branches(place)
        on_run = place.query("SELECT COUNT(*) FROM t", at=run)[0][0] if _has(place, run) else 0
        seen.append((on_run, place.tables(), len(place.commits())))

    def steps() -> Iterator[Any]:
        yield numbered_stream(["id"])
        numbers = iter(range(300_000))
        while block := [*itertools.islice(numbers, 50_000)]:
            yield [numbered(number) for number in block]
            yield look

    states = Watched(place).load(*steps(), state({"n": 300_000}))
    assert states == ['{"n":300000}']
    counts = [on_run for on_run, _, _ in seen]
    assert counts == sorted(counts)
    assert counts[2] > 50_000
    assert all((tables, commits) == ([], 0) for _, tables, commits in seen)
    found = place.query("SELECT COUNT(*), MIN(id), MAX(id), COUNT(DISTINCT v) FROM t")
    assert found == [(300_000, 0, 299_999, 300_000)]
    assert place.log() == ["Load t: 300000 added"]


def _has(place: Place, branch: str) -> bool:
    return "t" in place.tables(at=branch)
