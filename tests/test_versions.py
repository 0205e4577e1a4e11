"""ACTIVATE_VERSION and deletes: what full-table and log-based taps send."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from support import Place, record, schema, singer, state
from support_state import Watched, wait_until

from target_dolt.errors import IncompleteReplaceError

DOG = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}
MARKED = {**DOG, "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}}


def activate(stream: str, version: int) -> dict[str, Any]:
    """Return an ACTIVATE_VERSION message."""
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def versioned(version: int, stream: str = "dogs", **values: Any) -> dict[str, Any]:
    """Return a RECORD message with a version."""
    return {**record(stream, **values), "version": version}


def of_full_table(version: int) -> dict[str, Any]:
    """Return the STATE that pipelinewise-tap-postgres writes at its end."""
    bookmark = {"version": version, "last_replication_method": "FULL_TABLE", "xmin": None}
    return {"bookmarks": {"dogs": bookmark}}


def full_table(version: int, *rows: dict[str, Any], keys: tuple[str, ...] = ("id",)) -> list[Any]:
    """Return what pipelinewise's full-table sync sends: the version ends it."""
    return [
        schema("dogs", DOG, keys),
        *(versioned(version, **row) for row in rows),
        activate("dogs", version),
        state(of_full_table(version)),
    ]


@pytest.mark.parametrize("keys", [("id",), ()], ids=["keyed", "keyless"])
def test_a_full_table_run_leaves_exactly_the_rows_of_its_version(
    place: Place, keys: tuple[str, ...]
) -> None:
    """Rows that the next version lacks are gone, and the diff shows what differs only."""
    place.load(full_table(1, {"id": 1, "name": "a"}, {"id": 2, "name": "b"}, keys=keys))
    place.load(full_table(2, {"id": 3, "name": "c"}, {"id": 1, "name": "a"}, keys=keys))
    assert place.rows("dogs") == [{"id": 1, "name": "a"}, {"id": 3, "name": "c"}]
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 1 added, 1 deleted"]


@pytest.mark.parametrize("keys", [("id",), ()], ids=["keyed", "keyless"])
def test_a_new_version_of_equal_rows_in_any_order_makes_no_commit(
    place: Place, keys: tuple[str, ...]
) -> None:
    """Three rows, two of them equal where there is no key."""
    twice = {"id": 1, "name": "a"}
    rows = [twice, {"id": 2, "name": "b"}, *([] if keys else [twice])]
    place.load(full_table(1, *rows, keys=keys))
    assert place.load(full_table(2, *reversed(rows), keys=keys), batch_size_rows=1) == [
        of_full_table(2)
    ]
    assert len(place.log()) == 1
    assert len(place.rows("dogs")) == len(rows)


@pytest.mark.parametrize("method", [None, "overwrite"])
def test_rows_that_were_appended_keep_their_identity_when_they_are_replaced(
    place: Place, method: str | None
) -> None:
    """Rows of two runs, two of them equal, with NULLs; then by a column more, then two at once."""
    dog = {**DOG, "weight": {"type": ["null", "number"]}}
    settings = {"load_method": method} if method else {}

    def replace(version: int, rows: list[Any], **more: Any) -> Any:
        messages = [
            schema("dogs", {**dog, **more}, ()),
            *([] if method else [activate("dogs", version)]),
            *(record("dogs", **row) for row in rows),
            state(of_full_table(version)),
        ]
        return place.load(messages, batch_size_rows=2, **settings)

    twice = {"id": 1, "name": None, "weight": 1.5}
    rows = [twice, {"id": 2, "name": "b"}, {"id": 3, "name": "c", "weight": 2}, twice]
    begin = [] if method else [activate("dogs", 1)]
    for one in rows[:2], rows[2:]:
        sent = [record("dogs", **row) for row in one]
        place.load([schema("dogs", dog, ()), *begin, *sent, state({"run": "done"})])
    assert len(place.log()) == 2
    replace(2, rows[::-1])
    assert place.log()[2:] == []
    replace(3, [{"id": 4}, *rows[1:]])
    assert place.log()[2:] == ["Load dogs: 1 added, 1 deleted"]
    replace(4, [*rows[1:], {"id": 4}, twice], size={"type": ["null", "integer"]})
    assert place.log()[3:] == ["Load dogs: 1 added"]


def test_equal_rows_keep_their_identity_in_two_versions_of_one_run(place: Place) -> None:
    """And in more versions, each in a commit of its own, than DoltLite can attach databases."""
    twice = {"id": 1, "name": "a"}
    place.load(full_table(1, twice, twice, keys=()))
    place.load(
        [
            *full_table(2, twice, {"id": 2}, twice, keys=()),
            *(one for n in range(3, 15) for one in full_table(n, twice, twice, {"id": n}, keys=())),
        ],
        commit_interval_seconds=0,
    )
    assert place.log()[1:] == ["Load dogs: 1 added", *["Load dogs: 1 added, 1 deleted"] * 12]


def test_the_sdk_announces_a_version_before_the_records(place: Place) -> None:
    """One ACTIVATE_VERSION right after the SCHEMA; STATEs in the middle go out at the end."""
    for version, ids in ((1, (1, 2, 3)), (2, (2, 4))):
        out = place.load(
            [
                schema("dogs", DOG),
                activate("dogs", version),
                *(
                    message
                    for number in ids
                    for message in (versioned(version, id=number), state({"at": number}))
                ),
            ],
            commit_interval_seconds=0,
        )
        assert out == [{"at": ids[-1]}]
        assert [row["id"] for row in place.rows("dogs")] == list(ids)
    assert place.log() == ["Load dogs: 3 added", "Load dogs: 1 added, 2 deleted"]


def test_the_same_version_in_every_incremental_run_deletes_nothing(place: Place) -> None:
    """Pipelinewise's INCREMENTAL begins each run with ACTIVATE_VERSION of one version."""
    for number in (1, 2, 3):
        place.load(
            [
                schema("dogs", DOG),
                activate("dogs", 7),
                versioned(7, id=number),
                state({"at": number}),
            ]
        )
    assert [row["id"] for row in place.rows("dogs")] == [1, 2, 3]


def test_a_table_with_rows_takes_the_first_version_that_it_meets_and_keeps_its_rows(
    place: Place,
) -> None:
    """No version known is no change of version."""
    place.load([schema("dogs", DOG), record("dogs", id=1), state({"at": 1})])
    place.load([schema("dogs", DOG), activate("dogs", 7), versioned(7, id=2), state({"at": 2})])
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]


def test_a_full_table_run_cut_short_changes_nothing_and_ends_right_when_repeated(
    place: Place,
) -> None:
    """The branch keeps the old version until the new one is whole."""
    place.load(full_table(1, {"id": 1}, {"id": 2}))
    cut = [schema("dogs", DOG), versioned(2, id=3), state({"at": 3}), versioned(2, id=4)]
    with pytest.raises(IncompleteReplaceError, match="'dogs'"):
        place.load(cut)
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    assert place.kept_state() == of_full_table(1)
    place.load(full_table(2, {"id": 3}, {"id": 4}))
    assert [row["id"] for row in place.rows("dogs")] == [3, 4]


def test_other_streams_wait_while_a_version_is_open(place: Place) -> None:
    """Two full tables and a stream without versions, in one run."""
    place.load(
        [
            schema("cats", DOG),
            record("cats", id=1),
            state({"n": 1}),
            *full_table(1, {"id": 1}, {"id": 2}),
            record("cats", id=2),
            state({"n": 3}),
        ],
        commit_interval_seconds=0,
    )
    assert place.log() == ["Load cats: 1 added", "Load dogs: 2 added", "Load cats: 1 added"]


def test_an_empty_source_empties_the_table(place: Place) -> None:
    """A version without a single row."""
    place.load(full_table(1, {"id": 1}))
    place.load(full_table(2))
    assert place.rows("dogs") == []
    assert place.log()[-1] == "Load dogs: 1 deleted"


def test_append_only_passes_versions_over_and_says_so(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """By choice, all that ever came stays."""
    place.load(full_table(1, {"id": 1}), load_method="append-only")
    place.load(full_table(2, {"id": 2}), load_method="append-only")
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    assert "stream 'dogs': 1 version passed over, `load_method` is append-only" in caplog.text


@pytest.mark.parametrize("where", ["start", "end", "both"])
@pytest.mark.parametrize("in_record", [False, True])
def test_a_version_activated_after_the_rows_ends_an_overwritten_table_as_a_state_does(
    place: Place, caplog: pytest.LogCaptureFixture, where: str, *, in_record: bool
) -> None:
    """And nothing is passed over: what came is what the table is to be."""

    def lines(version: int, number: int) -> list[Any]:
        row = versioned(version, id=number) if in_record else record("dogs", id=number)
        before = [activate("dogs", version)] if where != "end" else []
        after = [activate("dogs", version)] if where != "start" else []
        return [schema("dogs", DOG), *before, row, *after]

    place.load([*lines(1, 1), state({"n": 1})], load_method="overwrite")
    if where == "start":
        with pytest.raises(IncompleteReplaceError):
            place.load(lines(2, 2), load_method="overwrite")
    else:
        place.load(lines(2, 2), load_method="overwrite")
    assert [row["id"] for row in place.rows("dogs")] == [1 if where == "start" else 2]
    with pytest.raises(IncompleteReplaceError):
        place.load(lines(3, 3), load_method="overwrite", process_activate_version_messages=False)
    assert "passed over" not in caplog.text


def test_a_soft_delete_that_carries_only_the_key_marks_the_row_and_keeps_it(place: Place) -> None:
    """`hard_delete: false`: in a later run, and after a change in the same buffer."""
    gone = "2026-01-02T03:04:05+00:00"
    place.load(
        [
            schema("dogs", MARKED),
            record("dogs", id=1, name="a"),
            record("dogs", id=2, name="b"),
            record("dogs", id=2, _sdc_deleted_at=gone),
            record("dogs", id=4, _sdc_deleted_at=gone),
            state({"n": 1}),
        ],
        hard_delete=False,
    )
    place.load(
        [schema("dogs", MARKED), record("dogs", id=1, _sdc_deleted_at=gone), state({"n": 2})],
        hard_delete=False,
    )
    mark = "2026-01-02 03:04:05.000000"
    assert place.rows("dogs") == [
        {"id": 1, "name": "a", "_sdc_deleted_at": mark},
        {"id": 2, "name": "b", "_sdc_deleted_at": mark},
        {"id": 4, "name": None, "_sdc_deleted_at": mark},
    ]


def test_a_hard_delete_that_carries_only_the_key_removes_the_row(place: Place) -> None:
    """And an insert after a delete in one buffer stays."""
    gone = "2026-01-02T03:04:05+00:00"
    place.load(
        [
            schema("dogs", MARKED),
            record("dogs", id=1, name="a"),
            record("dogs", id=2, name="b"),
            state({"n": 1}),
            record("dogs", id=1, _sdc_deleted_at=gone),
            record("dogs", id=2, _sdc_deleted_at=gone),
            record("dogs", id=2, name="again"),
            state({"n": 2}),
        ]
    )
    assert place.rows("dogs") == [{"id": 2, "name": "again"}]
    assert place.log()[-1] == "Load dogs: 1 changed, 1 deleted"


@pytest.mark.parametrize("keys", [("id",), ()], ids=["keyed", "keyless"])
def test_a_version_that_nothing_activates_removes_nothing(
    place: Place, keys: tuple[str, ...]
) -> None:
    """A tap without STATE and ACTIVATE_VERSION: its rows are added to those that are there."""
    for version, number in ((1, 1), (2, 2)):
        place.load([schema("dogs", DOG, keys), versioned(version, id=number, name="a")])
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    place.load(full_table(3, {"id": 3}, keys=keys))
    assert [row["id"] for row in place.rows("dogs")] == [3]


@pytest.mark.parametrize("hard_delete", [True, False], ids=["hard", "soft"])
@pytest.mark.parametrize("rows_a_buffer", [1, 100])
def test_a_column_that_a_record_of_a_log_leaves_out_stays_as_it_was(
    place: Place, rows_a_buffer: int, *, hard_delete: bool
) -> None:
    """Postgres's log leaves out long texts that an UPDATE did not touch."""
    place.load(
        [
            schema("dogs", {**MARKED, "life": {"type": ["null", "string"]}}),
            record("dogs", id=1, name="a", life="long", _sdc_deleted_at=None),
            record("dogs", id=2, name="b", life="long", _sdc_deleted_at=None),
            state({"n": 1}),
            record("dogs", id=1, name="changed", _sdc_deleted_at=None),
            record("dogs", id=2, life=None),
            record("dogs", id=3, name="new"),
            record("dogs", id=3, life="short"),
            state({"n": 2}),
        ],
        hard_delete=hard_delete,
        batch_size_rows=rows_a_buffer,
        commit_interval_seconds=0,
    )
    mark = {} if hard_delete else {"_sdc_deleted_at": None}
    assert place.rows("dogs") == [
        {"id": 1, "name": "changed", "life": "long", **mark},
        {"id": 2, "name": "b", "life": None, **mark},
        {"id": 3, "name": "new", "life": "short", **mark},
    ]
    assert place.log() == ["Load dogs: 2 added", "Load dogs: 1 added, 2 changed"]


def test_a_row_inserted_in_parts_after_its_delete_keeps_nothing_of_the_old_one(
    place: Place,
) -> None:
    """A tap announces a property of a type that it never sends: each record is a part."""
    gone = "2026-01-02T03:04:05+00:00"
    place.load(
        [
            schema("dogs", {**MARKED, "raw": {}}),
            record("dogs", id=1, name="a", raw="x"),
            state({"n": 1}),
            record("dogs", id=1, _sdc_deleted_at=gone),
            record("dogs", id=1, _sdc_deleted_at=None),
            state({"n": 2}),
        ],
        commit_interval_seconds=0,
    )
    assert place.rows("dogs") == [{"id": 1, "name": None, "raw": None}]
    assert place.log()[-1] == "Load dogs: 1 changed"


@pytest.mark.parametrize("rows_a_buffer", [1, 100])
def test_a_soft_delete_without_a_word_of_it_in_the_schema_marks_the_row(
    place: Place, rows_a_buffer: int
) -> None:
    """So do MySQL's taps; a row that is inserted again loses its mark, in a later run too."""
    gone = "2026-01-02T03:04:05+00:00"
    for number, messages in enumerate(
        (
            [record("dogs", id=1, name="a"), record("dogs", id=2, name="b")],
            [
                record("dogs", id=1, name="a", _sdc_deleted_at=gone),
                record("dogs", id=2, name="b", _sdc_deleted_at=gone),
                record("dogs", id=2, name="again"),
            ],
            [record("dogs", id=1, name="back")],
            [record("dogs", id=1, name="back", _sdc_deleted_at=gone)],
        )
    ):
        place.load(
            [schema("dogs", DOG), *messages, state({"n": number})],
            hard_delete=False,
            batch_size_rows=rows_a_buffer,
        )
        if number == 2:
            assert [row["_sdc_deleted_at"] for row in place.rows("dogs")] == [None, None]
    assert place.rows("dogs") == [
        {"id": 1, "name": "back", "_sdc_deleted_at": "2026-01-02 03:04:05.000000"},
        {"id": 2, "name": "again", "_sdc_deleted_at": None},
    ]
    changes = [line.removeprefix("Load dogs: ") for line in place.log()]
    assert changes == ["2 added", "2 changed", "1 changed", "1 changed"]


NAMINGS = [
    pytest.param(in_record, where, id=f"{'record-and-' if in_record else ''}{where}")
    for in_record in (True, False)
    for where in ("start", "end", "both")
]
"""Whether a RECORD carries its version, and where ACTIVATE_VERSION stands."""


@pytest.mark.parametrize("keys", [("id",), ()], ids=["keyed", "keyless"])
@pytest.mark.parametrize(("in_record", "where"), NAMINGS)
def test_a_version_may_be_named_in_records_and_before_or_after_them(
    place: Place, keys: tuple[str, ...], *, in_record: bool, where: str
) -> None:
    """Each run leaves its rows; the same rows again make no commit; no version stays half."""
    commits = []
    for version, ids in ((1, (1, 2, 9)), (2, (2, 3)), (3, (3, 2)), (4, (1,))):
        mark = activate("dogs", version)
        rows = [versioned(version, id=n) if in_record else record("dogs", id=n) for n in ids]
        half = [state({"run": f"v{version}", "half": 1})] if in_record or where != "end" else []
        middle = [one for row in rows for one in (row, *half)]
        out = place.load(
            [
                schema("dogs", DOG, keys),
                *([mark] if where != "end" else []),
                *middle,
                *([mark] if where != "start" else []),
                state({"run": f"v{version}"}),
            ],
            commit_interval_seconds=0,
            batch_size_rows=1,
        )
        assert out[-1] == {"run": f"v{version}"}
        assert [row["id"] for row in place.rows("dogs")] == sorted(ids)
        if version > 1:
            assert out == [{"run": f"v{version}"}]
        commits.append(len(place.log()))
    assert place.log()[-1] == "Load dogs: 1 added, 2 deleted"
    assert commits[1:] == [commits[0] + 1, commits[0] + 1, commits[0] + 2]


def test_a_version_that_a_state_holds_is_kept_though_no_row_differs(place: Place) -> None:
    """The next run of pipelinewise's INCREMENTAL names it again, with its new rows alone."""

    def bookmark(version: int) -> dict[str, Any]:
        method = {"version": version, "last_replication_method": "INCREMENTAL"}
        return state({"bookmarks": {"public-dogs": method}})

    for version, ids in ((1, (1, 2)), (2, (1, 2)), (2, (3,)), (2, ())):
        rows = [versioned(version, id=number) for number in ids]
        lines = [schema("dogs", DOG), activate("dogs", version), *rows, bookmark(version)]
        place.load(lines)
    assert [row["id"] for row in place.rows("dogs")] == [1, 2, 3]
    assert place.log() == ["Load dogs: 2 added", "Load dogs: no rows", "Load dogs: 1 added"]


def test_a_first_version_is_kept_though_no_row_differs(place: Place) -> None:
    """What the second one has not is gone."""
    place.load([schema("dogs", DOG), record("dogs", id=1), record("dogs", id=2), state({"n": 1})])
    place.load(full_table(1, {"id": 1}, {"id": 2}))
    place.load(full_table(2, {"id": 1}))
    assert [row["id"] for row in place.rows("dogs")] == [1]
    assert place.log()[1:] == ["Load dogs: no rows", "Load dogs: 1 deleted"]


def test_a_first_version_is_kept_that_comes_after_all_rows_are_committed(place: Place) -> None:
    """The tap names it at the end alone, and has written a STATE after each row."""
    for version, ids in ((1, (1, 2)), (2, (2,))):
        rows = [one for number in ids for one in (record("dogs", id=number), state({"n": number}))]
        lines = [schema("dogs", DOG), *rows, activate("dogs", version), state({"run": "done"})]
        place.load(lines, commit_interval_seconds=0)
    assert [row["id"] for row in place.rows("dogs")] == [2]
    assert place.log()[2:] == ["Load the loader's own tables: no rows", "Load dogs: 1 deleted"]


def test_a_tap_that_died_after_a_state_in_the_middle_has_not_replaced_the_table(
    place: Place,
) -> None:
    """The records carry a new version, and nothing has activated it: no STATE, no half table."""
    place.load(full_table(1, {"id": 1}, {"id": 2}, {"id": 9}))
    cut = [schema("dogs", DOG), versioned(2, id=1), state({"at": 1}), versioned(2, id=3)]
    with pytest.raises(IncompleteReplaceError, match=r"ACTIVATE_VERSION.*'dogs'"):
        place.load([*cut, state({"at": 3})], commit_interval_seconds=0)
    assert [row["id"] for row in place.rows("dogs")] == [1, 2, 9]
    assert place.kept_state() == of_full_table(1)
    place.load([*cut, activate("dogs", 2), state({"version": 2})])
    assert [row["id"] for row in place.rows("dogs")] == [1, 3]
    assert len(place.log()) == 2


@pytest.mark.parametrize("tail", [[], [state({"at": 1})]], ids=["no-state", "state"])
def test_a_version_that_follows_an_open_one_takes_no_rows_away_before_it_is_activated(
    place: Place, tail: list[Any]
) -> None:
    """The first has emptied the table on the run's branch: the second finds no rows there."""
    place.load(full_table(1, {"id": 1}, {"id": 2}))
    cut = [schema("dogs", DOG), activate("dogs", 2), versioned(3, id=1, name="b"), *tail]
    with nullcontext() if not tail else pytest.raises(IncompleteReplaceError, match="'dogs'"):
        place.load(cut)
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    place.load([*cut, activate("dogs", 3), state({"at": 2})])
    assert place.rows("dogs") == [{"id": 1, "name": "b"}]


def test_an_interrupted_first_full_table_run_is_resumed_with_the_rest_of_its_rows(
    place: Place,
) -> None:
    """Pipelinewise: the same version, and only what the last STATE has not seen."""
    out = place.load(
        [
            schema("dogs", DOG),
            activate("dogs", 5),
            versioned(5, id=1),
            state({"at": 1}),
            versioned(5, id=2),
            state({"at": 2}),
        ]
    )
    assert out == [{"at": 2}]
    place.load(
        [
            schema("dogs", DOG),
            versioned(5, id=3),
            state({"at": 3}),
            activate("dogs", 5),
            state({"version": 5}),
        ]
    )
    assert [row["id"] for row in place.rows("dogs")] == [1, 2, 3]
    place.load(full_table(6, {"id": 3}))
    assert [row["id"] for row in place.rows("dogs")] == [3]


@pytest.mark.parametrize("keys", [("id",), ()], ids=["keyed", "keyless"])
def test_a_stream_that_names_no_version_any_more_keeps_its_rows(
    place: Place, keys: tuple[str, ...]
) -> None:
    """From full-table to incremental, with a new column: nothing is removed or doubled."""
    place.load(full_table(1, {"id": 1}, {"id": 2}, keys=keys))
    more = {**DOG, "age": {"type": ["null", "integer"]}}
    for number in (3, 4):
        lines = [schema("dogs", more, keys), record("dogs", id=number), state({"at": number})]
        assert place.load(lines) == [{"at": number}]
    assert [row["id"] for row in place.rows("dogs")] == [1, 2, 3, 4]
    assert place.log()[1:] == ["Load dogs: 1 added", "Load dogs: 1 added"]


def test_a_versioned_stream_that_is_silent_holds_no_state_back(place: Place) -> None:
    """Its SCHEMA alone, beside a stream that goes on."""
    place.load(full_table(1, {"id": 1}))
    out = place.load(
        [
            schema("dogs", DOG),
            schema("cats", DOG),
            *(one for n in (1, 2) for one in (record("cats", id=n), state({"at": n}))),
        ],
        commit_interval_seconds=0,
    )
    assert out == [{"at": 1}, {"at": 2}]


def test_a_state_between_a_schema_and_its_rows_waits_for_the_rows(place: Place) -> None:
    """Where a tap's log begins: a first run that is cut short begins anew, and loses nothing."""
    cut = [schema("dogs", DOG), state({"lsn": 7}), activate("dogs", 1), versioned(1, id=1)]
    watched = Watched(place)
    with pytest.raises(IncompleteReplaceError):
        watched.load(*cut, commit_interval_seconds=0)
    assert watched.lines == []
    whole = [*cut, versioned(1, id=2), activate("dogs", 1), state({"lsn": 7, "xmin": 9})]
    assert place.load(whole, commit_interval_seconds=0) == [{"lsn": 7, "xmin": 9}]
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    assert place.load([schema("dogs", DOG), state({"lsn": 8})]) == [{"lsn": 8}]


def test_rows_before_the_first_version_of_a_table_that_has_rows_remove_nothing(
    place: Place,
) -> None:
    """ACTIVATE_VERSION comes last, and which rows were there before is not known any more."""
    place.load([schema("dogs", DOG), record("dogs", id=1), state({"at": 1})])
    place.load([schema("dogs", DOG), record("dogs", id=2), activate("dogs", 7), state({"at": 2})])
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    place.load([schema("dogs", DOG), record("dogs", id=3), activate("dogs", 8), state({"at": 3})])
    assert [row["id"] for row in place.rows("dogs")] == [3]


def test_a_new_schema_in_the_middle_of_a_version_changes_nothing_of_its_end(place: Place) -> None:
    """Twice, and back again: with the version named after the last row only."""
    place.load(full_table(1, {"id": 1, "name": "a"}, {"id": 2, "name": "b"}))
    more = {**DOG, "age": {"type": ["null", "integer"]}}
    place.load(
        [
            schema("dogs", DOG),
            schema("dogs", more),
            record("dogs", id=1, name="a", age=3),
            schema("dogs", DOG),
            record("dogs", id=3, name="c"),
            schema("dogs", more),
            activate("dogs", 2),
            state({"version": 2}),
        ],
        commit_interval_seconds=0,
    )
    assert place.rows("dogs") == [
        {"id": 1, "name": "a", "age": 3},
        {"id": 3, "name": "c", "age": None},
    ]
    assert place.log()[-1] == "Load dogs: 1 added, 1 changed, 1 deleted"


@pytest.mark.parametrize("method", [None, "overwrite"])
def test_a_run_killed_while_it_replaces_a_table_changes_nothing_and_is_repeated(
    place: Place, method: str | None
) -> None:
    """SIGKILL, with a STATE before and after the rows that were written to the run branch."""
    settings = {"commit_interval_seconds": 0, **({"load_method": method} if method else {})}
    place.load(full_table(1, {"id": 1}, {"id": 2}), **settings)
    process = place.start(**settings, batch_size_rows=1)
    assert process.stdin is not None
    assert process.stderr is not None
    second = [schema("dogs", DOG), activate("dogs", 2), versioned(2, id=2), state({"at": 2})]
    process.stdin.write(singer([*second, versioned(2, id=3)]))
    process.stdin.flush()
    wait_until(lambda: held_rows(place) == [2, 3], "the rows are on no run branch")
    process.kill()
    out, _ = process.communicate()
    assert out == ""
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    place.load([*second, versioned(2, id=3), state({"at": 3})], **settings)
    assert [row["id"] for row in place.rows("dogs")] == [2, 3]
    assert place.log()[1:] == ["Load dogs: 1 added, 1 deleted"]


def held_rows(place: Place) -> list[int]:
    """Return the ids on the branch of the run that is at work, as far as it has come."""
    runs = [name for name in place.branches() if name.startswith("target-dolt/")]
    return [row["id"] for row in place.rows("dogs", at=runs[0])] if runs else []


@pytest.mark.parametrize("rows", [1, 100])
def test_a_log_after_a_full_table_removes_rows_and_changes_parts_of_others(
    place: Place, rows: int
) -> None:
    """Its records name no version; what it does not send stays as it was, wherever buffers end."""
    marked = schema("dogs", {**MARKED, "age": {"type": ["null", "integer"]}})
    place.load(
        [
            marked,
            *(versioned(1, id=number, name="a", age=number) for number in (1, 2, 3, 4)),
            activate("dogs", 1),
            state({"version": 1}),
        ]
    )
    gone = "2026-01-01T00:00:00Z"
    out = place.load(
        [
            marked,
            record("dogs", id=1, name="b", age=9),
            record("dogs", id=2, _sdc_deleted_at=gone),
            record("dogs", id=3, name="c"),
            state({"log": 1}),
        ],
        batch_size_rows=rows,
    )
    assert out == [{"log": 1}]
    assert place.rows("dogs") == [
        {"id": 1, "name": "b", "age": 9},
        {"id": 3, "name": "c", "age": 3},
        {"id": 4, "name": "a", "age": 4},
    ]
