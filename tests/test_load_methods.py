"""Load methods: upsert, append-only, overwrite."""

from __future__ import annotations

from support import Place, record, schema, state

DOG = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}


def test_upsert_writes_rows_by_key_and_the_newest_wins(place: Place) -> None:
    """Within a buffer, between buffers and between runs."""
    place.load(
        [
            schema("dogs", DOG),
            record("dogs", id=1, name="a"),
            record("dogs", id=1, name="b"),
            record("dogs", id=2, name="c"),
            record("dogs", id=1, name="d"),
            state({"n": 1}),
        ],
        batch_size_rows=2,
    )
    assert place.rows("dogs") == [{"id": 1, "name": "d"}, {"id": 2, "name": "c"}]
    place.load([schema("dogs", DOG), record("dogs", id=2), state({"n": 2})])
    assert place.rows("dogs") == [{"id": 1, "name": "d"}, {"id": 2, "name": None}]
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 1 changed"]


def test_texts_that_differ_in_any_character_are_different_keys(place: Place) -> None:
    """In letter case, a blank at the end, composition, or beyond the first 65,536 characters."""
    keys = ["a", "A", "a ", " a", "\u00e9", "e\u0301", "\U0001f600", "\U0001f601"]
    stream = schema("t", {"id": {"type": "string", "maxLength": 9}, "v": {"type": "integer"}})
    rows = [record("t", id=key, v=number) for number, key in enumerate(keys)]
    place.load([stream, *rows, state({"n": 1})])
    assert {row["id"]: row["v"] for row in place.rows("t")} == dict(
        zip(keys, range(8), strict=True)
    )
