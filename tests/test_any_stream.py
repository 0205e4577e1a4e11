"""Any valid stream of messages: what is in the database is what a model in memory says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support import Look, Place, singer
from support_model import COLUMNS, KEYS, MARK, Chunk, Item, Model, Run
from support_state import kept

from target_dolt.errors import QuarantinedError
from target_dolt.streams.quarantine import NAME
from target_dolt.target import TargetDolt

FEW = settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=300, derandomize=False, database=None)

TEXTS = st.none() | st.sampled_from(["", "a", "NULL", "ä\u0000\t\\'\"", "\U0001f415"])
NUMBERS = st.none() | st.integers(-4, 4).map(lambda one: one / 4)


@st.composite
def items(draw: st.DrawFn, stream: str) -> tuple[Item, ...]:
    """Return records of one stream, the first of which is a row."""
    kinds = ["row", "row", "bad", *(["delete"] if KEYS[stream] else [])]
    number = draw(st.integers(1, 5))
    return tuple(
        Item(
            draw(st.integers(0, 3)),
            draw(st.integers(0, 1)),
            draw(TEXTS),
            draw(NUMBERS),
            draw(st.sampled_from(kinds)) if place else "row",
        )
        for place in range(number)
    )


@st.composite
def runs(draw: st.DrawFn, streams: list[str], *, overwrites: bool) -> Run:
    """Return one run; streams that are sent whole have one chunk, and `overwrite` has none."""
    chosen = [draw(st.sampled_from(streams)) for _ in range(draw(st.integers(1, 4)))]
    ways = ["parts"] if overwrites else ["parts", "before", "after"]
    way = {one: draw(st.sampled_from(ways)) for one in streams}
    whole = {one for one in chosen if way[one] != "parts" and chosen.count(one) == 1}
    before = frozenset(one for one in whole if way[one] == "before")
    chunks = tuple(
        Chunk(
            one,
            draw(items(one)),
            w=draw(st.booleans()),
            state=draw(st.booleans())
            or (place == len(chosen) - 1 and (overwrites or bool(before))),
        )
        for place, one in enumerate(chosen)
    )
    return Run(chunks, draw(st.integers(1, 2)), before, frozenset(whole - before))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Model, list[Run], int]:
    """Return a model with its settings, some runs, and the rows of a buffer."""
    method = draw(st.sampled_from([None, "upsert", "append-only", "overwrite"]))
    model = Model(method, hard_delete=draw(st.booleans()))
    streams = [one for one in KEYS if KEYS[one] or method != "upsert"]
    one = runs(streams, overwrites=method == "overwrite")
    return model, draw(st.lists(one, min_size=1, max_size=3)), draw(st.sampled_from([1, 2, 100]))


def load(place: Place, run: Run, first_state: int, **chosen: Any) -> tuple[list[Any], int]:
    """Do one run in this process; return its STATEs and how many records were left out."""
    out, count = io.StringIO(), 0
    given_settings = {**place.config, "commit_interval_seconds": 0, **chosen}
    with redirect_stdout(out):
        target = TargetDolt(config=given_settings, plugins=place.plugins)
        try:
            target.listen(io.StringIO(singer(run.messages(first_state))))
        except QuarantinedError as error:
            count = int(str(error).split()[0])
    return [json.loads(line) for line in out.getvalue().splitlines()], count


def content(place: Place, commit: str) -> dict[str, Any]:
    """Return what a commit holds, as the model has it."""
    found: dict[str, Any] = {}
    with place.look(commit) as look:
        for table in look.tables():
            known = look.query(
                "SELECT column_name FROM _target_dolt_columns WHERE table_name = :table",
                table=table,
            )
            columns = sorted(name for (name,) in known)
            rows = [{name: row[name] for name in columns} for row in look.rows(table)]
            found[table] = (columns, sorted(rows, key=repr))
        assert set(found) <= set(KEYS)
        assert all(set(columns) <= {*COLUMNS, MARK} for columns, _ in found.values())
        found["rejects"] = sorted(rejects(look), key=repr)
    return found


def rejects(look: Look) -> list[tuple[str, dict[str, Any] | None]]:
    """Return the streams and keys that are noted in a commit; none before there was any."""
    is_there = NAME in look.all_tables()
    rows = look.query(f"SELECT stream, record_key FROM {NAME}") if is_there else []
    return [(stream, json.loads(key) if key else None) for stream, key in rows]


def check(place: Place, case: tuple[Model, list[Run], int]) -> None:
    """Do all runs of a case, and compare all that is to be seen with the model."""
    model, all_runs, rows = case
    number, states = 0, []
    chosen = {
        "hard_delete": model.hard_delete,
        "batch_size_rows": rows,
        "on_bad_record": "quarantine",
        **({"load_method": model.load_method} if model.load_method else {}),
    }
    for run in all_runs:
        came, count = load(place, run, number, **chosen)
        assert count == model.load(run)
        states += came
        assert states == model.states
        number += sum(chunk.state for chunk in run.chunks)
    assert [content(place, commit) for commit in place.commits()] == model.history
    assert kept(place) == model.kept_state


@given(cases())
@FEW
def test_a_database_holds_what_a_model_in_memory_does(
    new_place: Callable[[], Place], case: tuple[Model, list[Run], int]
) -> None:
    """Tables, history at each STATE, notes and states, by each load method, over several runs."""
    check(new_place(), case)


@pytest.mark.fuzz
@seed(20260101)
@given(cases())
@MANY
def test_a_database_holds_what_a_model_in_memory_does_in_hundreds_of_cases(
    new_place: Callable[[], Place], case: tuple[Model, list[Run], int]
) -> None:
    """The same with more of them, the same ones at each run."""
    check(new_place(), case)
