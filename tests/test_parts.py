"""Records of a log that are a part of their row: checked as far as they go, nothing else asked."""

from __future__ import annotations

from typing import Any

import pytest
from support import Place, record, schema, state
from test_versions import MARKED

from target_dolt.errors import RecordError

GONE = "2026-01-02T03:04:05+00:00"
LOG = schema(
    "dogs",
    {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "age": {"type": ["null", "integer"], "maximum": 30},
        "_sdc_deleted_at": MARKED["_sdc_deleted_at"],
    },
    required=["id", "name", "age", "_sdc_deleted_at"],
    additionalProperties=False,
)
FIRST = [
    record("dogs", id=number, name="a", age=1, _sdc_deleted_at=None) for number in (1, 2)
]  # fmt: skip


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("hard_delete", [True, False], ids=["hard", "soft"])
def test_a_part_needs_no_property_that_its_schema_requires(
    place: Place, *, hard_delete: bool, validate: bool
) -> None:
    """An update of one column, a delete with the key only, one with nulls beside the key."""
    place.load(
        [
            LOG,
            *FIRST,
            record("dogs", id=3, name="c", age=3, _sdc_deleted_at=None),
            record("dogs", id=1, age=2),
            record("dogs", id=2, _sdc_deleted_at=GONE),
            record("dogs", id=3, name=None, age=None, _sdc_deleted_at=GONE),
            state({"n": 1}),
        ],
        hard_delete=hard_delete,
        validate_records=validate,
    )
    mark = "2026-01-02 03:04:05.000000"
    assert place.rows("dogs") == (
        [{"id": 1, "name": "a", "age": 2}]
        if hard_delete
        else [
            {"id": 1, "name": "a", "age": 2, "_sdc_deleted_at": None},
            {"id": 2, "name": "a", "age": 1, "_sdc_deleted_at": mark},
            {"id": 3, "name": None, "age": None, "_sdc_deleted_at": mark},
        ]
    )


@pytest.mark.parametrize(
    ("values", "column"),
    [
        pytest.param({"id": 1, "age": 31}, "age", id="a bound"),
        pytest.param({"id": 1, "age": "old"}, "age", id="a type"),
        pytest.param({"id": 1, "name": None}, "name", id="a null"),
        pytest.param({"id": "secret", "age": 3}, "id", id="a key"),
        pytest.param({"id": "secret", "_sdc_deleted_at": GONE}, "id", id="a delete's key"),
    ],
)
@pytest.mark.parametrize("hard_delete", [True, False], ids=["hard", "soft"])
def test_what_a_part_has_must_be_what_its_schema_says(
    place: Place, values: dict[str, Any], column: str, *, hard_delete: bool
) -> None:
    """With the line, the stream, the column and the key; what a STATE vouches for is kept."""
    with pytest.raises(RecordError, match=rf"line 5: stream 'dogs', column '{column}'") as told:
        place.load(
            [LOG, *FIRST, state({"n": 1}), record("dogs", **values), state({"n": 2})],
            hard_delete=hard_delete,
        )
    assert "secret" not in str(told.value)
    assert [(row["name"], row["age"]) for row in place.rows("dogs")] == [("a", 1), ("a", 1)]
    assert place.kept_state() == {"n": 1}


def test_a_mark_must_be_a_moment_and_what_is_marked_must_fit(place: Place) -> None:
    """With `hard_delete: false`, where both are written into the row."""
    for values in ({"_sdc_deleted_at": "soon"}, {"_sdc_deleted_at": GONE, "age": 31}):
        with pytest.raises(RecordError, match=r"key id=1"):
            place.load([LOG, *FIRST, record("dogs", id=1, **values)], hard_delete=False)
