"""Any bytes: what real taps wrote, changed at random, is taken or refused, never half taken."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import singer_sdk.testing
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support import Place
from support_state import run_branches

from target_dolt.errors import TargetDoltError
from target_dolt.target import TargetDolt

RECORDED = Path(__file__).parent / "data" / "taps"
OF_THE_SDK = Path(singer_sdk.testing.__file__).parent / "target_test_streams"
FILES = [*sorted(RECORDED.rglob("*.singer")), *sorted(OF_THE_SDK.glob("*.singer"))]

FEW = settings(
    phases=[Phase.explicit, Phase.generate],
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(FEW, max_examples=1_000, derandomize=False, database=None)

STRANGE: Sequence[Any] = (
    None, True, 0, -1, 2**63, 10**40, 1e308, "", "\0", "\U0001f415", "x" * 300, "2026-02-31",
    [], {}, [[1]], {"a": {"b": None}}, {"type": "object"}, "RECORD", ["null", "string"],
)  # fmt: skip
SNIPPETS = [
    b"", b"\xff", b"\0", b'"', b"{", b"}", b"[", b",", b"NaN", b"-Infinity", b"1e999", b"\\ud800",
    b"\xed\xa0\x80", b"9" * 5000, b"\xef\xbb\xbf", b"\n", b"null",
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each value in a message."""
    found = [path]
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for name, one in inner:
        found += _places(one, (*path, name))
    return found


def _changed_value(draw: st.DrawFn, line: bytes) -> bytes:
    """Put something strange in the place of one value of a message, or take its name away."""
    try:
        message = json.loads(line)
    except ValueError:
        return line
    *way, last = draw(st.sampled_from(_places(message)[1:] or [("type",)]))
    around = message
    for step in way:
        around = around[step]
    if isinstance(around, dict) and draw(st.booleans()):
        del around[last]
    else:
        around[last] = draw(st.sampled_from(STRANGE))
    return json.dumps(message).encode()


def _changed_bytes(draw: st.DrawFn, line: bytes) -> bytes:
    start = draw(st.integers(0, len(line)))
    end = draw(st.integers(start, min(start + 8, len(line))))
    return line[:start] + draw(st.sampled_from(SNIPPETS)) + line[end:]


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Return what a tap wrote, with some lines changed, moved, sent again or left out."""
    lines = draw(st.sampled_from(FILES)).read_bytes().splitlines()
    for _ in range(draw(st.integers(1, 4))):
        if not lines:
            break
        place = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["value", "value", "bytes", "gone", "again", "moved"]))
        if what == "value":
            lines[place] = _changed_value(draw, lines[place])
        elif what == "bytes":
            lines[place] = _changed_bytes(draw, lines[place])
        elif what == "again":
            lines.insert(draw(st.integers(0, len(lines))), lines[place])
        else:
            line = lines.pop(place)
            if what == "moved":
                lines.insert(draw(st.integers(0, len(lines))), line)
    data = b"".join(line + b"\n" for line in lines)
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 5)) == 0 else data


ALONE = st.fixed_dictionaries(
    {
        "on_bad_record": st.sampled_from(["stop", "quarantine"]),
        "validate_records": st.booleans(),
        "hard_delete": st.booleans(),
        "batch_size_rows": st.sampled_from([1, 3, 10_000]),
    },
    optional={
        "load_method": st.sampled_from(["append-only", "overwrite"]),
        "strict_types": st.booleans(),
        "add_record_metadata": st.booleans(),
    },
)
FLAT = st.sampled_from([{}, {}, {"flattening_enabled": True, "flattening_max_depth": 1}])
CHOSEN = st.tuples(ALONE, FLAT).map(lambda two: two[0] | two[1])


def load(place: Place, data: bytes, chosen: dict[str, Any]) -> tuple[list[Any], bool]:
    """Load bytes; return the STATEs that came out, and whether an error ended the run."""
    out, failed = io.StringIO(), False
    config = {**place.config, "commit_interval_seconds": 0, **chosen}
    with redirect_stdout(out):
        target = TargetDolt(config=config, plugins=place.plugins)
        try:
            target.listen(io.BytesIO(data))  # type: ignore[arg-type]
        except TargetDoltError:
            failed = True
    return out.getvalue().splitlines(), failed


def content(place: Place, commit: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables in a commit, in an order of their own."""
    found = {}
    for table in place.tables(commit):
        quoted = '"{}"'.format(table.replace('"', '""'))
        if "path" not in place.config:
            quoted = "`{}`".format(table.replace("`", "``"))
        rows = place.query(f"SELECT * FROM {quoted}".replace(":", r"\:"), at=commit)
        found[table] = sorted(rows, key=repr)
    return found


def check(new_place: Callable[[], Place], data: bytes, chosen: dict[str, Any]) -> None:
    """Load bytes: any error is one of ours, and the branch has what the STATEs vouch for.

    That is what a run holds at the same commit that is given the same lines up to there.
    """
    place = new_place()
    states, failed = load(place, data, chosen)
    assert run_branches(place) == []
    if not (failed and states) or chosen.get("add_record_metadata"):
        return  # metadata are the time of the run: no two are alike
    lines = data.splitlines(keepends=True)
    for end in range(len(lines)):
        other = new_place()
        part = b"".join(lines[: end + 1])
        if b"STATE" not in lines[end] or load(other, part, chosen) != (states, False):
            continue
        commits = other.commits()
        if commits:
            same = place.commits()[len(commits) - 1]
            assert content(place, same) == content(other, commits[-1])
        return


@given(inputs(), CHOSEN)
@FEW
def test_what_a_tap_wrote_changed_at_random_is_taken_or_refused(
    new_place: Callable[[], Place], data: bytes, chosen: dict[str, Any]
) -> None:
    """No traceback of another error, no branch left behind, nothing half committed."""
    check(new_place, data, chosen)


@pytest.mark.fuzz
@seed(20260102)
@given(inputs(), CHOSEN)
@MANY
def test_what_a_tap_wrote_changed_at_random_a_thousand_times_is_taken_or_refused(
    new_place: Callable[[], Place], data: bytes, chosen: dict[str, Any]
) -> None:
    """The same with more of them, the same ones at each run."""
    check(new_place, data, chosen)
