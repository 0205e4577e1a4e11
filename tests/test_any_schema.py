"""Any JSON Schema, and any values: a row is kept exactly, or the run ends with an error of ours.

hypothesis-jsonschema 0.23 would make both, but no object with Hypothesis 6.170: hence these few.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support import Place, record, schema, state
from support_state import run_branches

from target_dolt.errors import TargetDoltError

FEW = settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)
MANY = settings(FEW, max_examples=1_000, derandomize=False, database=None)

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-5, 5),
)
TEXTS = st.one_of(st.text(max_size=12), st.sampled_from(["", "5", "null", "true", "2026-02-30"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), unique=True, max_size=3),
    "minimum": NUMBERS,
    "maximum": NUMBERS,
    "exclusiveMinimum": NUMBERS,
    "multipleOf": st.sampled_from([1, 0.01, 10, 1e-9, 3, 0, -1, "1"]),
    "maxLength": st.integers(-1, 70_000),
    "minLength": st.integers(0, 3),
    "pattern": st.sampled_from(["", "^a", "[", "(?=x)"]),
    "enum": st.lists(VALUES, max_size=3),
    "const": VALUES,
    "format": st.sampled_from(["date-time", "date", "time", "uuid", "email", "binary", "odd", 5]),
    "required": st.lists(TEXTS, max_size=2),
    "uniqueItems": st.booleans(),
    "default": VALUES,
    "$ref": st.sampled_from(["#/definitions/a", "#", "#/nowhere", "http://127.0.0.1:9/x", 7]),
}


def _within(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas that have others within them."""
    parts: dict[str, st.SearchStrategy[Any]] = {
        "properties": st.dictionaries(TEXTS, inner, max_size=2),
        "additionalProperties": inner | st.booleans(),
        "items": inner | st.lists(inner, max_size=2),
        "not": inner,
        **{name: st.lists(inner, max_size=3) for name in ("anyOf", "oneOf", "allOf")},
    }
    return st.fixed_dictionaries({}, optional={"type": KEYWORDS["type"], **parts})


def _some(keywords: dict[str, st.SearchStrategy[Any]]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: keywords[name] for name in ("format", "enum", "$ref")}


PLAIN = st.fixed_dictionaries({}, optional=KEYWORDS)
LIKELY = st.fixed_dictionaries({"type": KEYWORDS["type"]}, optional=_some(KEYWORDS))
SCHEMAS = st.recursive(LIKELY | PLAIN | st.booleans(), _within, max_leaves=4)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Any, list[dict[str, Any]]]:
    """Return a property's schema, and records with values of it or of none."""
    one = draw(SCHEMAS)
    named = one.get("type") if isinstance(one, dict) else None
    fitting = {
        "boolean": st.booleans(), "integer": st.integers(), "number": NUMBERS, "string": TEXTS,
        "array": st.lists(VALUES, max_size=3), "object": st.dictionaries(TEXTS, VALUES, max_size=3),
    }.get(named if isinstance(named, str) else "", VALUES)  # fmt: skip
    values = draw(st.lists(fitting if draw(st.booleans()) else VALUES, max_size=3))
    return one, [{"id": number, "v": value} for number, value in enumerate(values)]


def exact(value: Any) -> Any:
    """Return a JSON value whose numbers are equal where they are, and equal to nothing else."""
    if isinstance(value, bool):
        return repr, value
    if isinstance(value, int | float | Decimal):
        return Decimal(repr(value) if isinstance(value, float) else value)
    if isinstance(value, list):
        return [exact(one) for one in value]
    if isinstance(value, dict):
        return {name: exact(one) for name, one in value.items()}
    return value


def is_kept(sent: Any, found: Any) -> bool:
    """Whether what a reader finds is what was sent: in a column of text also as its JSON."""
    if exact(found) == exact(sent):
        return True
    if isinstance(sent, bool) and found in (0, 1):
        return bool(found) == sent
    try:
        parsed = json.loads(found, parse_float=Decimal)
    except (TypeError, ValueError):
        return False
    return bool(exact(parsed) == exact(sent))


def check(new_place: Callable[[], Place], one: Any, rows: list[dict[str, Any]]) -> bool:
    """Load; return whether the rows were taken."""
    place = new_place()
    messages = [
        schema("t", {"id": {"type": "integer"}, "v": one}, definitions={"a": {"type": "string"}}),
        *(record("t", **row) for row in rows),
        state({"n": 1}),
    ]
    try:
        states = place.load(messages)
    except TargetDoltError:
        assert run_branches(place) == []
        assert "t" not in place.tables() or place.rows("t") == []
        return False
    assert states == [{"n": 1}]
    found = place.rows("t") if rows else []
    by_id = {row["id"]: row.get("v") for row in found}
    assert by_id.keys() == {row["id"] for row in rows}
    for row in rows:
        assert is_kept(row["v"], by_id[row["id"]]), (one, row["v"], by_id[row["id"]])
    return True


@given(streams())
@FEW
def test_any_schema_and_its_values_are_kept_exactly_or_refused_in_words(
    new_place: Callable[[], Place], stream: tuple[Any, list[dict[str, Any]]]
) -> None:
    """No traceback of another error, and nothing half taken."""
    check(new_place, *stream)


@pytest.mark.fuzz
@seed(20260110)
@given(streams())
@MANY
def test_a_thousand_schemas_and_their_values_are_kept_exactly_or_refused_in_words(
    new_place: Callable[[], Place], stream: tuple[Any, list[dict[str, Any]]]
) -> None:
    """The same with more of them."""
    check(new_place, *stream)
