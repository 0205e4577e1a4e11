"""`on_bad_record: quarantine`: bad records are left out and noted, with the good ones' commit."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support import Message, Place, database_of, record, schema, singer, state
from support_state import command, next_line, send
from support_values import CANARY

from tap_adapters.commands.cli import cli
from target_dolt.errors import (
    BatchError,
    MessageError,
    MissingKeyError,
    QuarantinedError,
    RecordBeforeSchemaError,
    RecordError,
    TargetDoltError,
)

DOG = {
    "id": {"type": "integer"},
    "name": {"type": ["null", "string"], "maxLength": 5},
    "born": {"type": ["null", "string"], "format": "date"},
}
DOGS = schema("dogs", DOG)
REX = {"id": 1, "name": "Rex", "born": "2020-01-02"}
MAX = {"id": 2, "name": "Max", "born": None}

NOT_A_DATE = "column 'born': not a date or date-time of the years 1 to 9999 in ISO 8601"


def line(text: str) -> str:
    """Return a RECORD of dogs whose record is written as JSON text."""
    return f'{{"type": "RECORD", "stream": "dogs", "record": {text}}}'


BAD = [
    pytest.param(
        '{"id": 7, "name": "longer than five"}',
        '{"id":7}',
        "column 'name': ",
        id="does-not-match-the-schema",
    ),
    pytest.param('{"id": 7, "born": "2020-02-31"}', '{"id":7}', NOT_A_DATE, id="no-date"),
    pytest.param(
        '{"id": 99999999999999999999}',
        '{"id":99999999999999999999}',
        "column 'id': ",
        id="does-not-fit-its-column",
    ),
    pytest.param('{"name": "Bo"}', None, "column 'id': the key is missing or null", id="no-key"),
    pytest.param('{"id": null}', None, "column 'id': the key is missing or null", id="null-key"),
    pytest.param(
        '{"id": 7, "name": NaN}',
        '{"id":7}',
        "column 'name': not valid JSON: NaN and Infinity are no numbers of JSON",
        id="nan",
    ),
    pytest.param(
        '{"id": NaN, "name": "Bo"}', None, "column 'id': not valid JSON: NaN", id="nan-key"
    ),
    pytest.param(
        '{"id": 7, "name": "\\ud800"}', '{"id":7}', "column 'name': not valid JSON", id="surrogate"
    ),
    pytest.param("[1, 2]", None, "a record must be a JSON object", id="no-object"),
]


def rejects(place: Place, at: str | None = None) -> list[tuple[Any, ...]]:
    """Return what is noted, by stream and position."""
    rows = place.query(
        "SELECT stream, record_key, position, reason FROM _target_dolt_rejects", at=at
    )
    return sorted(rows, key=lambda row: (row[0], row[2]))


def quarantined(place: Place, messages: list[Message | str], count: int, **settings: Any) -> None:
    """Load messages of which so many are bad: the run ends by saying so."""
    with pytest.raises(QuarantinedError, match=rf"^{count} bad records? .* left out") as caught:
        place.load(messages, on_bad_record="quarantine", **settings)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(("text", "key", "reason"), BAD)
@pytest.mark.parametrize(
    "maps", [None, {"dogs": {"copy": "record.get('name')"}}], ids=["plain", "mapped"]
)
def test_a_bad_record_is_left_out_and_noted_in_the_commit_of_the_good_ones(
    place: Place, text: str, key: str | None, reason: str, maps: Any
) -> None:
    """Reason, stream, key and line; the rows before and after it are there, in one commit."""
    messages = [DOGS, record("dogs", **REX), line(text), record("dogs", **MAX), state({"n": 1})]
    extra = {"stream_maps": maps} if maps else {}
    quarantined(place, messages, 1, **extra)
    assert [{name: row[name] for name in DOG} for row in place.rows("dogs")] == [REX, MAX]
    [(stream, found_key, position, found_reason)] = rejects(place)
    assert (stream, found_key, position) == ("dogs", key, "line 3")
    assert found_reason.startswith(reason)
    assert place.log() == ["Load dogs: 2 added"]
    assert place.kept_state() == {"n": 1}


def test_a_record_that_a_stream_map_cannot_take_is_a_bad_one(place: Place) -> None:
    """The error names no value; by default it ends the run, as any other."""
    maps = {"dogs": {"size": "int(name) + 1"}}
    bad = record("dogs", id=7, name=CANARY)
    messages = [DOGS, record("dogs", id=1, name="41"), bad, state({"n": 1})]
    reason = "its `stream_maps` fail on the record: ValueError"
    with pytest.raises(RecordError, match=r"^line 3: stream 'dogs', key id=7: its `stream_maps`"):
        place.load(messages, stream_maps=maps)
    quarantined(place, messages, 1, stream_maps=maps)
    assert [(row["id"], row["size"]) for row in place.rows("dogs")] == [(1, 42)]
    assert rejects(place) == [("dogs", '{"id":7}', "line 3", reason)]


def test_a_bad_record_of_a_stream_that_a_map_takes_away_is_taken_away(place: Place) -> None:
    """Like its good ones: nothing of it is looked at, noted or counted."""
    cats = schema("cats", DOG)
    messages = [DOGS, cats, line('{"id": NaN}'), record("cats", id=1), state({"n": 1})]
    out = place.load(messages, stream_maps={"dogs": "__NULL__"}, on_bad_record="quarantine")
    assert out == [{"n": 1}]
    assert place.tables() == ["cats"]
    assert place.log() == ["Load cats: 1 added"]


def test_the_state_comes_out_and_the_next_run_goes_on(place: Place) -> None:
    """A STATE vouches for good records that are committed and for bad ones that are noted."""
    bad = line('{"id": 7, "born": "x"}')
    done = command(place, singer([DOGS, bad, state({"n": 1})]), on_bad_record="quarantine")
    assert (done.returncode, done.stdout) == (5, '{"n":1}\n')
    assert rejects(place) == [("dogs", '{"id":7}', "line 2", NOT_A_DATE)]
    assert place.rows("dogs") == []
    assert place.load([DOGS, record("dogs", **REX), state({"n": 2})]) == [{"n": 2}]
    assert len(rejects(place)) == 1


def test_the_log_the_commit_and_the_exit_code_say_how_many_there_were(place: Place) -> None:
    """Each of the first by line, column and reason; no value, and of a key only a number."""
    bad = [line(json.dumps({"id": n, "name": CANARY})) for n in range(3)]
    done = command(
        place, singer([DOGS, record("dogs", **REX), *bad, state({"n": 1})]),
        on_bad_record="quarantine",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (5, '{"n":1}\n')
    assert "dogs +1 ~0 -0, 3 bad records left out in" in done.stderr
    assert "Quarantined: line 3: stream 'dogs', column 'name', key id=0: " in done.stderr
    assert "3 bad records were left out (stream 'dogs' 3)" in done.stderr
    assert CANARY not in done.stderr
    assert "Traceback" not in done.stderr
    [(message,)] = place.query("SELECT message FROM dolt_log LIMIT 1")
    assert "3 bad records left out" in message


def test_without_the_setting_a_bad_record_ends_the_run(place: Place) -> None:
    """What the STATE before it vouches for is kept, and nothing is noted."""
    messages = [DOGS, record("dogs", **REX), state({"n": 1}), line('{"id": null}')]
    with pytest.raises(MissingKeyError, match=r"^line 4: "):
        place.load(messages)
    assert place.rows("dogs") == [REX]
    with pytest.raises(MissingKeyError):
        place.load(messages, on_bad_record="stop")


def test_one_more_than_max_bad_records_ends_the_run_as_stop_does(place: Place) -> None:
    """The STATE before it comes out with what it vouches for, notes included."""
    bad = [line(json.dumps({"id": number, "born": "x"})) for number in (7, 8, 9)]
    messages = [DOGS, record("dogs", **REX), *bad[:2], state({"n": 1}), record("dogs", **MAX)]
    done = command(
        place, singer([*messages, bad[2]]), on_bad_record="quarantine", max_bad_records=2
    )
    assert (done.returncode, done.stdout) == (1, '{"n":1}\n')
    assert "`max_bad_records` is 2, and one more has come" in done.stderr
    assert "line 7: stream 'dogs', column 'born', key id=9" in done.stderr
    assert [key for _, key, _, _ in rejects(place)] == ['{"id":7}', '{"id":8}']
    quarantined(place, messages, 2, max_bad_records=2)
    with pytest.raises(RecordError):
        place.load([DOGS, bad[0]], on_bad_record="quarantine", max_bad_records=0)


def test_a_repeated_run_notes_no_record_twice_and_makes_no_commit(place: Place) -> None:
    """A record with a key is the same one at any line; what is noted stays as it is."""
    bad = line('{"id": 7, "born": "x"}')
    quarantined(place, [DOGS, record("dogs", **REX), bad, state({"n": 1})], 1)
    noted, commits = rejects(place), place.commits()
    quarantined(place, [DOGS, record("dogs", **REX), bad, state({"n": 1})], 1)
    quarantined(place, [DOGS, bad, record("dogs", **REX), bad, state({"n": 1})], 2)
    assert (rejects(place), place.commits()) == (noted, commits)
    quarantined(place, [DOGS, line('{"id": 7, "name": "too long"}')], 1, pipeline_id="other")
    assert len(rejects(place)) == 2


def test_records_without_a_key_are_noted_each_by_their_place(place: Place) -> None:
    """At least once: nothing tells such a record in the next run from another one."""
    bad = line('{"born": "x"}')
    quarantined(place, [schema("dogs", DOG, keys=[]), bad, bad], 2)
    assert [(key, at) for _, key, at, _ in rejects(place)] == [(None, "line 2"), (None, "line 3")]
    quarantined(place, [schema("dogs", DOG, keys=[]), bad], 1)
    assert len(rejects(place)) == 3


def test_a_killed_run_that_is_repeated_notes_each_record_once(place: Place) -> None:
    """Killed after a commit, and killed before one; each time all is sent again."""
    bad = [line(json.dumps({"id": number, "born": "x"})) for number in (7, 8)]
    first = [DOGS, record("dogs", **REX), bad[0], state({"n": 1})]
    rest = [record("dogs", **MAX), bad[1], state({"n": 2})]
    settings = {"on_bad_record": "quarantine", "commit_interval_seconds": 0}
    for messages, rows in ((first, [REX]), ([*first, *rest[:2]], [REX])):
        process = place.start(**settings)
        send(process, *messages)
        assert json.loads(next_line(process)) == {"n": 1}
        process.kill()
        process.communicate()
        assert place.rows("dogs") == rows
        assert [key for _, key, _, _ in rejects(place)] == ['{"id":7}']
    quarantined(place, [*first, *rest], 2, commit_interval_seconds=0)
    assert place.rows("dogs") == [REX, MAX]
    assert rejects(place) == [
        ("dogs", '{"id":7}', "line 3", NOT_A_DATE),
        ("dogs", '{"id":8}', "line 6", NOT_A_DATE),
    ]


def versioned(version: int, text: str) -> str:
    """Return a RECORD of dogs with a version."""
    return line(text)[:-1] + f', "version": {version}}}'


def replacing(version: int, *texts: str, of: Message = DOGS) -> list[Message | str]:
    """Return what a full-table tap sends."""
    activate = {"type": "ACTIVATE_VERSION", "stream": "dogs", "version": version}
    rows = [versioned(version, text) for text in texts]
    return [of, *rows, activate, state({"version": version})]


def ids(place: Place) -> list[Any]:
    """Return the ids of the dogs."""
    return [row["id"] for row in place.rows("dogs")]


FULL = ('{"id": 1, "name": "a"}', '{"id": 2, "name": "b"}', '{"id": 3, "name": "c"}')


@pytest.mark.parametrize("bad", ['{"id": 2, "born": "x"}', '{"id": 2, "name": NaN}'])
def test_a_version_keeps_the_old_row_of_a_bad_record_and_no_other(place: Place, bad: str) -> None:
    """The row is there as it was; the one that the version lacks is gone."""
    place.load(replacing(1, *FULL))
    quarantined(place, replacing(2, '{"id": 1, "name": "z"}', bad, '{"id": 4}'), 1)
    rows = [(row["id"], row["name"]) for row in place.rows("dogs")]
    assert rows == [(1, "z"), (2, "b"), (4, None)]
    place.load(replacing(3, '{"id": 1}'))
    assert ids(place) == [1]


def test_overwrite_keeps_the_old_row_of_a_bad_record(place: Place) -> None:
    """Of a key in two columns with hostile names, whatever buffers end where."""
    names = {'a "%s" `?`:x': {"type": "string"}, "b": {"type": "number"}, "v": DOG["born"]}
    of = schema("pairs", names, keys=['a "%s" `?`:x', "b"])

    def pair(one: str, two: float, **more: Any) -> Message:
        return record("pairs", **{'a "%s" `?`:x': one, "b": two, **more})

    settings = {"load_method": "overwrite", "batch_size_rows": 1}
    old = [pair("x", 1.5, v="2020-01-01"), pair("x", 2), pair("%s", 1.5), pair("gone", 1)]
    place.load([of, *old, state({"n": 1})], **settings)
    new = [pair("y", 1), pair("x", 1.5, v="bad"), pair("%s", 1.5, v="bad"), pair("new", 1, v="bad")]
    quarantined(place, [of, *new, state({"n": 2})], 3, **settings)
    found = [tuple(row.values()) for row in place.rows("pairs")]
    assert sorted(found, key=repr) == [
        ("%s", 1.5, None),
        ("x", 1.5, "2020-01-01"),
        ("y", 1.0, None),
    ]


def test_no_row_is_taken_for_gone_where_a_bad_record_has_no_key(place: Place) -> None:
    """Any of the rows that did not come may be the one."""
    place.load(replacing(1, *FULL))
    quarantined(place, replacing(2, '{"id": 1, "name": "z"}', '{"name": "b"}'), 1)
    assert [(row["id"], row["name"]) for row in place.rows("dogs")] == [
        (1, "z"),
        (2, "b"),
        (3, "c"),
    ]


def test_a_table_without_a_key_is_replaced_by_the_good_records(place: Place) -> None:
    """No old row belongs to a bad record there."""
    keyless = schema("dogs", DOG, keys=[])
    place.load(replacing(1, *FULL, of=keyless))
    quarantined(place, replacing(2, '{"id": 1, "name": "a"}', '{"born": "x"}', of=keyless), 1)
    assert ids(place) == [1]
    assert rejects(place) == [("dogs", None, "line 3", NOT_A_DATE)]


def test_bad_records_of_a_replacement_that_never_ends_leave_no_trace(place: Place) -> None:
    """The branch keeps table, notes and state as they were."""
    place.load(replacing(1, *FULL))
    before = place.commits()
    with pytest.raises(TargetDoltError, match="ended without an ACTIVATE_VERSION"):
        place.load(
            [*replacing(2, '{"id": 2, "born": "x"}', '{"id": 9}')[:-2], state({"n": 2})],
            on_bad_record="quarantine",
        )
    assert (place.commits(), ids(place)) == (before, [1, 2, 3])


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_bad_record_of_a_batch_is_noted_by_file_and_row(place: Place, form: str) -> None:
    """The line is that of the BATCH message; NaN comes from Parquet alone."""
    root = place.directory / "batches"
    root.mkdir()
    good, bad = [{"id": 1, "weight": 1.5}], [{"id": 2, "weight": 2.5}, {"id": 3, "weight": 1e9}]
    properties = {"id": DOG["id"], "weight": {"type": ["null", "number"], "maximum": 10}}
    files = [_written(root / f"{n}.{form}", rows) for n, rows in enumerate((good, bad))]
    message = {
        "type": "BATCH",
        "stream": "dogs",
        "encoding": {"format": form, "compression": "none"},
        "manifest": [one.as_uri() for one in files],
    }
    again = line('{"id": 9, "weight": 11}')
    quarantined(
        place,
        [schema("dogs", properties), message, again, state({"n": 1})],
        2,
        batch_root=str(root),
    )
    assert ids(place) == [1, 2]
    reason = "column 'weight': it does not match its SCHEMA: 'maximum'"
    assert rejects(place) == [
        ("dogs", '{"id":3}', "line 2, file 2, row 2", reason),
        ("dogs", '{"id":9}', "line 3", reason),
    ]


def _written(path: Path, rows: list[dict[str, Any]]) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415

        parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


STOPS: list[Any] = [
    pytest.param('{"type": "RECORD", "stream": "dogs", "rec', MessageError, id="cut-line"),
    pytest.param('{"type": "RECORD", "record": {"id": 1}}', MessageError, id="no-stream"),
    pytest.param(
        '{"type": "RECORD", "stream": "cats", "record": {"id": 1}}',
        RecordBeforeSchemaError,
        id="no-schema",
    ),
    pytest.param(
        '{"type": "RECORD", "stream": "cats", "record": {"id": NaN}}', RecordError, id="nan-of-none"
    ),
    pytest.param('{"type": "STATE", "value": {"n": NaN}}', MessageError, id="state"),
    pytest.param(versioned(1, '{"id": 1}').replace("1}", '"x"}'), MessageError, id="version"),
    pytest.param(
        '{"type": "BATCH", "stream": "dogs", "encoding": {"format": "x"}, "manifest": []}',
        BatchError,
        id="batch",
    ),
]


@pytest.mark.parametrize(("text", "error"), STOPS)
def test_what_is_no_record_of_a_known_stream_stops_the_run_all_the_same(
    place: Place, text: str, error: type[TargetDoltError]
) -> None:
    """A broken line or message may have been anything, a STATE too."""
    messages = [DOGS, record("dogs", **REX), state({"n": 1}), text]
    with pytest.raises(error):
        place.load(messages, on_bad_record="quarantine", batch_root=str(place.directory))
    assert (place.rows("dogs"), place.kept_state()) == ([REX], {"n": 1})


def test_a_bad_delete_or_part_is_left_out_and_its_row_stays(place: Place) -> None:
    """What a log says of a row that cannot be told or written."""
    marked = schema("dogs", {**DOG, "_sdc_deleted_at": {"type": ["null", "string"]}})
    gone = {"_sdc_deleted_at": "2026-01-01T00:00:00Z"}
    place.load([DOGS, record("dogs", **REX), record("dogs", **MAX)])
    quarantined(
        place,
        [
            marked,
            record("dogs", **gone),
            record("dogs", id=1, born="x"),
            record("dogs", id="x", **gone),
            record("dogs", id=2, **gone),
        ],
        3,
    )
    assert [{name: row[name] for name in DOG} for row in place.rows("dogs")] == [REX]
    assert [at for _, _, at, _ in rejects(place)] == ["line 2", "line 3", "line 4"]


def test_a_note_holds_no_value_of_its_record_but_the_key(place: Place) -> None:
    """Whatever is wrong, in the record's values or in one that is much too long for a key."""
    of = schema("dogs", {**DOG, "code": {"type": "string", "maxLength": 20}}, keys=["code"])
    bad = [
        *({"code": "Bo", name: CANARY} for name in DOG),
        {"code": "Bo", "name": [CANARY], "id": {CANARY: CANARY}},
        {"code": None, "name": CANARY},
        {"code": [CANARY]},
        {"code": CANARY * 100},
    ]
    more = [line(f'{{"code": "Bo", "name": "{CANARY}\\ud800"}}'), line(f'["{CANARY}"]')]
    quarantined(place, [of, *(record("dogs", **one) for one in bad), *more], 9)
    kept = place.query("SELECT * FROM _target_dolt_rejects")
    kept += place.query("SELECT message FROM dolt_log")
    assert CANARY not in repr(kept)
    assert {key for _, key, _, _ in rejects(place)} == {'{"code":"Bo"}', None}


@pytest.fixture
def noted(place: Place) -> Place:
    """Two commits, each with a bad record."""
    for number in (7, 8):
        quarantined(place, [DOGS, line(json.dumps({"id": number, "born": "x"}))], 1)
    return place


def test_dolt_sync_lists_them_at_any_commit(noted: Place) -> None:
    """As a table, CSV or JSON; before there were any, an empty list."""

    def out(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["rejects", database_of(noted), *arguments])
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    wanted = [
        {
            "pipeline": "default",
            "stream": "dogs",
            "key": f'{{"id":{number}}}',
            "position": "line 2",
            "reason": NOT_A_DATE,
        }
        for number in (7, 8)
    ]
    assert [json.loads(one) for one in out("--format", "json").splitlines()] == wanted
    assert list(csv.DictReader(io.StringIO(out("--format", "csv")))) == wanted
    older = out("--at", "HEAD~1", "--format", "json")
    assert [json.loads(one) for one in older.splitlines()] == wanted[:1]
    assert '{"id":8}' in out()
    first = noted.query("SELECT commit_hash FROM dolt_log")[-1][0]
    assert out("--at", first, "--format", "json") == ""


def test_a_wrong_setting_is_told_by_its_name(place: Place) -> None:
    """A number below zero, a word that is none of the two."""
    for settings, text in (
        ({"max_bad_records": -1}, "`max_bad_records` may not be negative"),
        ({"on_bad_record": "skip"}, "`on_bad_record` must be one of"),
    ):
        done = command(place, singer([DOGS]), **settings)
        assert done.returncode == 1
        assert text in done.stderr
