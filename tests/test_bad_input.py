"""Bad input and bad settings: one clear error, nothing secret in it, nothing vouched for lost."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import Message, Place, record, schema, state
from support_values import CANARY, ID, Ended, as_bytes, finish, lite, refused, run

from target_dolt.errors import (
    ConfigError,
    GuardError,
    MessageError,
    MissingKeyError,
    PushError,
    QuarantinedError,
    RecordBeforeSchemaError,
    RecordError,
    SchemaError,
    TargetDoltError,
)

TEXT = {"type": ["null", "string"]}
PROPERTIES = {"id": ID, "v": TEXT}

GOOD: list[Message | str | bytes] = [
    schema("s", PROPERTIES),
    record("s", id=1, v="a"),
    state({"n": 1}),
    record("s", id=2, v=CANARY),
]
"""Four lines that are well: what follows is line 5."""

BRACKETS = 100_000


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh DoltLite file."""
    return lite(tmp_path)


def raw(record_text: str | bytes) -> bytes:
    """Return a RECORD of `s` from the text of its record."""
    text = record_text.encode() if isinstance(record_text, str) else record_text
    return b'{"type":"RECORD","stream":"s","record":' + text + b"}"


def with_id(text: str) -> bytes:
    """Return a RECORD of `s` with a key as it is written, beside a secret."""
    return raw(f'{{"id":{text},"v":"{CANARY}"}}')


def schema_of(**parts: Any) -> dict[str, Any]:
    """Return a SCHEMA of `q` with some of its parts replaced."""
    message = {"stream": "q", "schema": {"properties": PROPERTIES}, "key_properties": ["id"]}
    return {"type": "SCHEMA", **message, **parts}


def nested(opening: str, middle: str, closing: str, depth: int) -> str:
    """Return JSON within JSON."""
    return opening * depth + middle + closing * depth


deep = nested("[", "", "]", BRACKETS)

IN_V = "stream 's', column 'v', key id=3: not valid JSON: "
IN_KEY = "stream 's', column 'id': not valid JSON: "

NOT_JSON = [
    pytest.param(raw(f'{{"id":3,"v":"{CANARY}"')[:-1], "not valid JSON", id="cut-short"),
    pytest.param(f"{CANARY} is no JSON".encode(), "not valid JSON", id="plain-text"),
    pytest.param(with_id("3") + b"}", "not valid JSON", id="a-bracket-too-many"),
    pytest.param(
        raw(b'{"id":3,"v":"\xff' + CANARY.encode() + b'"}'),
        IN_V + "invalid UTF-8",
        id="invalid-utf-8",
    ),
    pytest.param(raw(b'{"id":3,"\xff":1}'), "UTF-8", id="invalid-utf-8-in-a-name"),
    pytest.param(
        raw(b'{"id":3,"v":"\xed\xa0\x80"}'), IN_V + "invalid UTF-8", id="surrogate-in-utf-8"
    ),
    pytest.param(with_id("NaN"), IN_KEY + "NaN and Infinity are no numbers", id="nan"),
    pytest.param(with_id("Infinity"), IN_KEY + "NaN and Infinity", id="infinity"),
    pytest.param(with_id("-Infinity"), IN_KEY + "NaN and Infinity", id="minus-infinity"),
    pytest.param(with_id("0x10"), "not valid JSON", id="hexadecimal"),
    pytest.param(with_id("007"), "not valid JSON", id="leading-zeros"),
    pytest.param(with_id("9" * 5000), IN_KEY + "a number with too many", id="5000-digits"),
    pytest.param(with_id("1e" + "9" * 30), IN_KEY + "a number with", id="exponent-of-30-digits"),
    pytest.param(
        raw(f'{{"id":3,"v":"{CANARY}\\ud800"}}'),
        IN_V + "half of a surrogate pair",
        id="high-surrogate",
    ),
    pytest.param(
        raw(f'{{"id":3,"v":"{CANARY}\\udc80x"}}'),
        IN_V + "half of a surrogate pair",
        id="low-surrogate",
    ),
    pytest.param(
        f'{{"type":"STATE","value":{{"{CANARY}":"\\ud800"}}}}'.encode(),
        "not valid JSON: half of a surrogate pair",
        id="surrogate-in-a-state",
    ),
    pytest.param(
        b'{"type":"STATE","value":{"n":NaN}}', "not valid JSON: NaN and", id="nan-in-a-state"
    ),
    pytest.param(
        b'{"type":"STATE","value":{"n":' + b"9" * 5000 + b"}}",
        "not valid JSON: a number with too many digits",
        id="5000-digits-in-a-state",
    ),
    pytest.param(("[" * BRACKETS).encode(), "nested too deeply", id="open-brackets"),
    pytest.param(deep.encode(), "nested too deeply", id="brackets"),
    pytest.param(raw(f'{{"id":3,"v":{deep}}}'), "nested too deeply", id="brackets-in-a-record"),
    pytest.param(raw(f'{{"id":3,"z":{deep}}}'), "nested too deeply", id="brackets-left-out"),
    pytest.param(
        f'{{"type":"STATE","value":{deep}}}'.encode(), "nested too deeply", id="brackets-in-a-state"
    ),
    pytest.param(
        (
            '{"type":"SCHEMA","stream":"q","key_properties":[],"schema":{"properties":{"v":'
            + nested('{"items":', "{}", "}", BRACKETS)
            + "}}}"
        ).encode(),
        "nested too deeply",
        id="brackets-in-a-schema",
    ),
    pytest.param(b"\xef\xbb\xbf" + with_id("3"), "byte order mark", id="byte-order-mark"),
]

SHAPES = [
    pytest.param(f'["{CANARY}"]', id="line-is-a-list"),
    pytest.param(f'"{CANARY}"', id="line-is-a-text"),
    pytest.param("5", id="line-is-a-number"),
    pytest.param("null", id="line-is-null"),
    pytest.param({"stream": "s", "record": {"v": CANARY}}, id="no-type"),
    pytest.param({"type": 5, "v": CANARY}, id="type-is-a-number"),
    pytest.param({"type": [CANARY]}, id="type-is-a-list"),
    pytest.param({"type": None}, id="type-is-null"),
    pytest.param({"type": "RECORDS", "record": {"v": CANARY}}, id="unknown-type"),
    pytest.param({"type": f"my {CANARY} 1"}, id="unknown-type-that-may-be-data"),
    pytest.param({"type": "RECORD", "record": {"v": CANARY}}, id="record-without-stream"),
    pytest.param({"type": "RECORD", "stream": None, "record": {}}, id="stream-is-null"),
    pytest.param({"type": "RECORD", "stream": 5, "record": {}}, id="stream-is-a-number"),
    pytest.param({"type": "RECORD", "stream": ["s"], "record": {}}, id="stream-is-a-list"),
    pytest.param({"type": "RECORD", "stream": {"s": 1}, "record": {}}, id="stream-is-an-object"),
    pytest.param({"type": "RECORD", "stream": "s"}, id="record-without-record"),
    pytest.param({"type": "RECORD", "stream": "s", "record": None}, id="record-is-null"),
    pytest.param({"type": "RECORD", "stream": "s", "record": [CANARY]}, id="record-is-a-list"),
    pytest.param({"type": "RECORD", "stream": "s", "record": CANARY}, id="record-is-a-text"),
    pytest.param({"type": "RECORD", "stream": "s", "record": 5}, id="record-is-a-number"),
    pytest.param({"type": "RECORD", "stream": "q", "record": {"v": CANARY}}, id="no-schema-yet"),
    pytest.param(schema_of(stream=None), id="schema-stream-is-null"),
    pytest.param(schema_of(stream=["q"]), id="schema-stream-is-a-list"),
    pytest.param(schema_of(schema=None), id="schema-is-null"),
    pytest.param(schema_of(schema=[PROPERTIES]), id="schema-is-a-list"),
    pytest.param(schema_of(schema={}), id="schema-without-properties"),
    pytest.param(schema_of(schema={"properties": [PROPERTIES]}), id="properties-are-a-list"),
    pytest.param(schema_of(schema={"properties": None}), id="properties-are-null"),
    pytest.param(schema_of(schema={"properties": {"id": "integer"}}), id="property-is-a-text"),
    pytest.param(
        schema_of(schema={"properties": {}}, key_properties=[]), id="properties-are-empty"
    ),
    pytest.param(schema_of(key_properties="id"), id="keys-are-a-text"),
    pytest.param(schema_of(key_properties={"id": 1}), id="keys-are-an-object"),
    pytest.param(schema_of(key_properties=5), id="keys-are-a-number"),
    pytest.param(schema_of(key_properties=True), id="keys-are-true"),
    pytest.param(schema_of(key_properties=[None]), id="keys-hold-null"),
    pytest.param(schema_of(key_properties=[["id"]]), id="keys-hold-a-list"),
    pytest.param(schema_of(key_properties=[{"id": 1}]), id="keys-hold-an-object"),
    pytest.param(schema_of(key_properties=["nobody"]), id="key-of-no-property"),
    pytest.param(schema_of(key_properties=["id", "id"]), id="key-twice"),
    pytest.param(
        schema_of(
            schema={"properties": {"id": ID, "v": {"type": "number", "x-sql-datatype": [1]}}}
        ),
        id="x-sql-datatype-is-a-list",
    ),
    pytest.param(
        schema_of(
            schema={
                "properties": {
                    "id": ID,
                    "v": {"type": "number", "x-sql-datatype-properties": [CANARY]},
                }
            }
        ),
        id="x-sql-datatype-properties-are-a-list",
    ),
    pytest.param({"type": "STATE"}, id="state-without-value"),
    pytest.param({"type": "ACTIVATE_VERSION", "version": 1}, id="version-without-stream"),
    pytest.param({"type": "ACTIVATE_VERSION", "stream": "s"}, id="version-without-version"),
    pytest.param(
        {"type": "ACTIVATE_VERSION", "stream": "s", "version": CANARY}, id="version-is-a-text"
    ),
    pytest.param(
        {"type": "ACTIVATE_VERSION", "stream": "q", "version": 1}, id="version-before-its-schema"
    ),
    pytest.param({"type": "BATCH", "stream": "s", "manifest": [CANARY]}, id="batch"),
    pytest.param({"type": "BATCH", "manifest": [CANARY]}, id="batch-without-stream"),
]

RECORDS = [
    pytest.param(raw(f'{{"v":"{CANARY}"}}'), "id", "missing or null", id="missing-key"),
    pytest.param(with_id("null"), "id", "missing or null", id="null-key"),
    pytest.param(with_id(str(2**63)), "id", "does not fit BIGINT", id="integer-over-64-bits"),
    pytest.param(with_id("1e400"), "id", "not a whole number", id="1e400"),
    pytest.param(with_id("1e999999999"), "id", "not a whole number", id="1e999999999"),
    pytest.param(with_id("9" * 4000), "id", "does not fit BIGINT", id="4000-digits"),
    pytest.param(with_id("7.5"), "id", "not a whole number", id="fraction"),
    pytest.param(with_id(f'"{CANARY}"'), "id", "", id="key-is-a-text"),
    pytest.param(with_id(f'{{"ssn":"{CANARY}"}}'), "id", "", id="key-is-an-object"),
    pytest.param(with_id(f'["{CANARY}"]'), "id", "", id="key-is-a-list"),
    pytest.param(raw(f'{{"id":3,"v":["{CANARY}"]}}'), "v", "not a string", id="value-is-a-list"),
    pytest.param(raw('{"id":3,"v":5}'), "v", "not a string", id="value-is-a-number"),
]


def check_kept(place: Place, end_states: list[Any]) -> None:
    """Check that what the last STATE vouches for is on the branch, and that no run is left."""
    assert end_states == [{"n": 1}]
    assert {"id": 1, "v": "a"} in place.rows("s")
    assert place.kept_state() == {"n": 1}
    assert [name for name in place.branches() if name.startswith("target-dolt/")] == []
    assert "q" not in {name for (name,) in place.query("SELECT name FROM sqlite_master")}


@pytest.mark.parametrize(("line", "reason"), NOT_JSON)
def test_line_that_is_no_json_ends_the_run_with_its_number(
    place: Place, line: bytes, reason: str
) -> None:
    """Never with the line itself; what came up to the last STATE is kept."""
    end = refused(place, [*GOOD, line])
    assert isinstance(end.error, MessageError)
    assert end.message.startswith("line 5: ")
    assert reason in end.message
    assert len(end.message) < 300
    assert CANARY not in end.message
    check_kept(place, end.states)


@pytest.mark.parametrize("line", SHAPES)
def test_message_of_a_wrong_shape_ends_the_run_with_its_number(
    place: Place, line: Message | str
) -> None:
    """Whatever is in the place of a stream, a schema, a key or a record."""
    end = refused(place, [*GOOD, line])
    assert isinstance(end.error, MessageError | SchemaError)
    assert "line 5" in end.message
    assert len(end.message) < 500
    assert CANARY not in end.message
    check_kept(place, end.states)


@pytest.mark.parametrize(("line", "column", "reason"), RECORDS)
def test_record_that_cannot_be_stored_ends_the_run_with_stream_column_and_key(
    place: Place, line: bytes, column: str, reason: str
) -> None:
    """Without its values: a key is shown where it is a number."""
    end = refused(place, [*GOOD, line])
    assert isinstance(end.error, RecordError)
    assert (end.error.line, end.error.stream, end.error.column) == (5, "s", column)
    assert end.message.startswith(f"line 5: stream 's', column '{column}'")
    assert reason in end.message
    assert len(end.message) < 500
    assert CANARY not in end.message
    assert isinstance(end.error, MissingKeyError) == ("missing" in reason)
    check_kept(place, end.states)


def test_record_before_its_schema_has_an_error_of_its_own(place: Place) -> None:
    """Which is the SDK's as well."""
    end = refused(place, [*GOOD, record("q", id=1, v=CANARY)])
    assert isinstance(end.error, RecordBeforeSchemaError)
    assert end.message == "line 5: a RECORD for the stream 'q' came before its SCHEMA"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"type": "record", "stream": "s", "record": {"id": 3}}, id="lower-case-type"),
        pytest.param({"type": "RECORD", "stream": "s", "record": {"id": 3}, "z": []}, id="more"),
        pytest.param('{"type":"RECORD","stream":"s","record":{"id":3}}\r', id="crlf"),
        pytest.param('  {"type":"RECORD","stream":"s","record":{"id":3}}  ', id="blanks-around"),
        pytest.param(
            '\n   \n\r\n{"type":"RECORD","stream":"s","record":{"id":3}}', id="blank-lines"
        ),
        pytest.param('{"record":{"id":3},"stream":"s","type":"RECORD"}', id="type-at-the-end"),
    ],
)
def test_odd_but_whole_message_is_taken(place: Place, line: Message | str) -> None:
    """Singer's types in any letter case, blank lines, Windows' line ends."""
    assert place.load([schema("s", PROPERTIES), line, state({"n": 2})]) == [{"n": 2}]
    assert place.rows("s") == [{"id": 3, "v": None}]


def test_messages_of_an_unknown_type_are_passed_over_where_a_setting_says_so(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Each type is told once, with its first line, and all at the end; never what they hold."""
    odd = [{"type": "LOG", "text": CANARY}, {"type": f"my {CANARY} 1"}, {"type": "LOG"}]
    good = [schema("s", PROPERTIES), record("s", id=1, v="a"), state({"n": 1})]
    sent = [good[0], odd[0], good[1], *odd[1:], good[2]]
    assert place.load(sent, on_unknown_message="warn") == [{"n": 1}]
    assert place.rows("s") == [{"id": 1, "v": "a"}]
    told = [one for one in caplog.messages if "unknown" in one]
    assert told == [
        "line 2: unknown message type 'LOG': passed over",
        "line 4: unknown message type that is no word: passed over",
        "Messages of unknown types passed over: 3 (2 'LOG', 1 that is no word)",
    ]
    assert CANARY not in caplog.text
    caplog.clear()
    many = [{"type": "LOG" * number} for number in range(1, 13)]
    with pytest.raises(RecordError):
        place.load([good[0], *many, record("s", id="x")], on_unknown_message="warn")
    told = [one for one in caplog.messages if "unknown" in one]
    assert len(told) == 11
    assert told[-1].startswith("Messages of unknown types passed over: 12 (2 others, 1 'LOG', ")
    assert "`on_unknown_message`" in refused(place, [good[0], odd[0]]).message


def test_nul_within_a_text_is_kept(place: Place) -> None:
    """DoltLite can keep it, so it is neither refused nor stripped."""
    place.load([schema("s", PROPERTIES), raw('{"id":1,"v":"a\\u0000b"}').decode(), state({"n": 1})])
    assert place.rows("s") == [{"id": 1, "v": "a\0b"}]


@pytest.mark.parametrize("slowly", [False, True], ids=["in-one-step", "through-a-map"])
def test_of_one_name_twice_in_a_record_the_last_counts(place: Place, *, slowly: bool) -> None:
    """As Python's own json has it, by either way that a record can take."""
    settings = {"stream_maps": {"s": {"w": "v"}}} if slowly else {}
    twice = raw('{"id":1,"v":"first","id":3,"v":"last"}').decode()
    place.load([schema("s", PROPERTIES), twice, state({"n": 1})], **settings)
    assert [(row["id"], row["v"]) for row in place.rows("s")] == [(3, "last")]


def test_line_number_counts_blank_lines_too(place: Place) -> None:
    """So that an editor finds it."""
    assert refused(place, [*GOOD, "", "", "{"]).message.startswith("line 7: ")


def test_last_line_that_was_cut_short_is_refused(place: Place) -> None:
    """A tap that died; its complete lines up to the last STATE are kept."""
    process = place.start()
    end = finish(process, as_bytes(GOOD) + with_id("3")[:-9])
    check_command(end, "line 5: not valid JSON")
    check_kept(place, [json.loads(end.out)])


def test_an_input_without_a_stream_is_told(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A catalog as `--discover` writes it selects nothing, and that is no error of any program."""
    assert place.load([state({"bookmarks": {}})]) == [{"bookmarks": {}}]
    assert "No stream came: does the tap's catalog select one?" in caplog.text


@pytest.mark.parametrize("empty", [None, {}, False], ids=["null", "empty-object", "false"])
def test_empty_state_never_overwrites_a_real_one(place: Place, empty: Any) -> None:
    """It is passed over, or refused where it is no object."""
    place.load([*GOOD, state({"n": 2})])
    try:
        states = place.load([schema("s", PROPERTIES), record("s", id=5), state(empty)])
    except MessageError:
        states = []
    assert states == []
    assert place.kept_state() == {"n": 2}


@pytest.mark.parametrize(
    "value",
    ["2026-01-31", ["a", 1], 5, {"n": 1.5, "big": 2**70}],
    ids=["text", "list", "number", "object"],
)
def test_state_of_any_shape_passes_unharmed(place: Place, value: Any) -> None:
    """What is in it is the tap's own affair."""
    assert place.load([schema("s", PROPERTIES), record("s", id=1), state(value)]) == [value]
    assert place.kept_state() == value


# Long lines


@pytest.mark.parametrize("size", [999, 1000, 1001, 5000, 1_000_000])
def test_line_over_max_message_bytes_is_refused_and_one_at_the_bound_is_taken(
    place: Place, size: int
) -> None:
    """Whether it comes in one chunk or in many, and wherever it stands."""
    frame = len(raw('{"id":3,"v":""}'))
    line = raw(f'{{"id":3,"v":"{"x" * (size - frame)}"}}')
    assert len(line) == size
    lines = [schema("s", PROPERTIES), record("s", id=1, v="a"), state({"n": 1}), line]
    if size <= 1000:
        place.load([*lines[:3], line.decode(), state({"n": 2})], max_message_bytes=1000)
        assert [row["id"] for row in place.rows("s")] == [1, 3]
        return
    end = refused(place, [*lines, state({"n": 2})], max_message_bytes=1000)
    assert isinstance(end.error, MessageError)
    assert end.message.startswith("line 4: ")
    assert "max_message_bytes" in end.message
    assert "xxx" not in end.message
    check_kept(place, end.states)


MEASURED = """
import os, resource, subprocess, sys
process = subprocess.Popen(sys.argv[1:])
os.close(0)
code = process.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
"""Says how much memory a command had. A process begins with the most that its parent ever had,
so the parent is a small one."""


def test_endless_line_is_refused_before_it_fills_the_memory(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fed for ever without a newline; the command ends while the line still comes."""
    popen = subprocess.Popen
    with monkeypatch.context() as patch:
        patch.setattr(
            subprocess,
            "Popen",
            lambda command, **more: popen([sys.executable, "-c", MEASURED, *command], **more),
        )
        process = place.start(max_message_bytes=4_000_000)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    source = process.stdin.buffer  # type: ignore[attr-defined]
    source.write(as_bytes(GOOD))
    source.flush()
    sent = 0
    with suppress(BrokenPipeError):
        while sent < 500_000_000:
            sent += os.write(source.fileno(), b"x" * 1_000_000)
    assert 4_000_000 < sent < 20_000_000
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdin = None
    out, err = process.communicate(timeout=60)
    *lines, peak = err.splitlines(keepends=True)
    end = Ended(process.returncode, out, "".join(lines))
    check_command(end, "line 5: the line is longer than max_message_bytes (4000000)")
    check_kept(place, [json.loads(out)])
    peak_bytes = int(peak) * (1 if sys.platform == "darwin" else 1024)
    assert peak_bytes < 250_000_000


# What a user sees


def check_command(end: Ended, reason: str) -> None:
    """Check that a command ended with one error, without a traceback or a secret."""
    assert end.code == 1
    assert reason in end.err
    assert "Traceback" not in end.err
    assert CANARY not in end.err
    assert CANARY not in end.out
    errors = [line for line in end.err.splitlines() if "| ERROR" in line]
    assert len([line for line in errors if "initializing target sink" not in line]) == 1
    assert len(end.err) < 3000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(
            raw(b'{"id":3,"v":"\xff"}'), "line 5: " + IN_V + "invalid UTF-8", id="invalid-utf-8"
        ),
        pytest.param(
            with_id("1e" + "9" * 30), "line 5: stream 's', column 'id'", id="exponent-of-30-digits"
        ),
        pytest.param(record("s", v=CANARY), "line 5: stream 's', column 'id'", id="missing-key"),
        pytest.param(
            record("s", id=3, v=[CANARY]), "line 5: stream 's', column 'v', key id=3", id="value"
        ),
        pytest.param({"type": "RECORD", "stream": ["s"], "record": {}}, "line 5: ", id="stream"),
        pytest.param(schema_of(schema={"properties": {"v": {"type": "x"}}}), "'q'", id="schema"),
    ],
)
def test_command_ends_with_one_error_line_and_exit_code_1(
    place: Place, line: Message | bytes, reason: str
) -> None:
    """No traceback, no row's value; the STATE before it went out and is kept."""
    end = run(place, [*GOOD, line])
    check_command(end, reason)
    check_kept(place, [json.loads(line) for line in end.out.splitlines()])


def test_refused_value_of_a_statement_is_not_shown(place: Place) -> None:
    """Where the database itself refuses: SQLAlchemy would show the statement's parameters."""
    place.load([schema("s", PROPERTIES), record("s", id=1, v="a"), state({"n": 1})])
    place.query("CREATE TRIGGER no BEFORE INSERT ON s BEGIN SELECT RAISE(ABORT, 'refused'); END")
    place.query("SELECT dolt_commit('-A', '-m', 'a trigger')")
    end = refused(place, [schema("s", PROPERTIES), record("s", id=2, v=CANARY)])
    assert "stream 's', table 's': refused" in end.message
    assert CANARY not in end.message
    assert place.rows("s") == [{"id": 1, "v": "a"}]


# Settings

SECRET = CANARY

BAD_SETTINGS = [
    pytest.param({"batch_size_rows": 0}, "batch_size_rows", id="batch-of-nothing"),
    pytest.param({"max_message_bytes": -1}, "max_message_bytes", id="negative-bytes"),
    pytest.param({"commit_interval_seconds": -1}, "commit_interval_seconds", id="negative-seconds"),
    pytest.param({"commit_min_rows": -1}, "commit_min_rows", id="negative-rows"),
    pytest.param({"commit_author": SECRET}, "commit_author", id="author"),
    pytest.param({"commit_message": "{nobody}"}, "commit_message", id="message-field"),
    pytest.param({"commit_message": "{"}, "commit_message", id="message-bracket"),
    pytest.param({"commit_message": "{records:zz}"}, "commit_message", id="message-format"),
    pytest.param({"commit_message": "{tables!z}"}, "commit_message", id="message-conversion"),
    pytest.param(
        {"commit_message": "{tables.__class__}"}, "commit_message", id="message-attribute"
    ),
    pytest.param({"pipeline_id": "x" * 256}, "pipeline_id", id="pipeline-id"),
    pytest.param({"branch": "bad..name~"}, "branch", id="branch"),
]


@pytest.mark.parametrize(("settings", "named"), BAD_SETTINGS)
def test_setting_that_makes_no_sense_is_refused_by_its_name(
    place: Place, settings: dict[str, Any], named: str
) -> None:
    """Before a row is read, and without its value."""
    end = refused(place, GOOD, **settings)
    assert named in end.message
    assert SECRET not in end.message
    assert end.states == []


WRONG_TYPES = [
    pytest.param({"load_method": SECRET}, "load_method", id="unknown-load-method"),
    pytest.param({"table_map": {"a": [SECRET]}}, "table_map", id="map-of-lists"),
    pytest.param({"sqlalchemy_url": {"x": SECRET}}, "sqlalchemy_url", id="url-is-an-object"),
]

WRONG_PLACES = [
    pytest.param({"sqlalchemy_url": f"postgresql://u:{SECRET}@h/d"}, "postgresql", id="scheme"),
    pytest.param({"sqlalchemy_url": f"doltlite://u:{SECRET}@h:x/d"}, "sqlalchemy_url", id="port"),
    pytest.param({"sqlalchemy_url": f"{SECRET} is none"}, "sqlalchemy_url", id="no-url"),
    pytest.param({"sqlalchemy_url": "doltlite://"}, "doltlite", id="url-without-a-file"),
    pytest.param(
        {"sqlalchemy_url": f"doltlite://u:{SECRET}@host/x.db"}, "doltlite", id="file-on-a-host"
    ),
    pytest.param(
        {"path": "x.db", "sqlalchemy_url": "doltlite:///y.db"}, "sqlalchemy_url", id="two"
    ),
    pytest.param(
        {"sqlalchemy_url": f"dolt://u:{SECRET}@h/db/main"},
        "with `branch` (dolt-sync: `--at`)",
        id="branch-in-the-url",
    ),
    pytest.param({"path": "nobody/here/x.db"}, "directory", id="no-such-directory"),
    pytest.param({"path": "a\0b"}, "path", id="nul-in-the-path"),
]


@pytest.mark.parametrize(("settings", "named"), WRONG_PLACES)
def test_place_that_is_no_database_is_refused_without_its_password(
    place: Place, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], named: str
) -> None:
    """Whatever is wrong with the URL or the path."""
    monkeypatch.chdir(place.directory)
    nowhere = Place(settings, place.directory)
    end = refused(nowhere, GOOD)
    assert isinstance(end.error, ConfigError)
    assert named in end.message
    assert SECRET not in end.message
    assert list(place.directory.iterdir()) == []


def command(directory: Path, config: str) -> Ended:
    """Run the command with the text of a config file and no input."""
    (directory / "config.json").write_text(config)
    done = subprocess.run(
        [sys.executable, "-m", "target_dolt", "--config", "config.json"],
        input="",
        capture_output=True,
        text=True,
        cwd=directory,
        check=False,
        timeout=60,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("settings", "named"), WRONG_TYPES)
def test_setting_of_a_wrong_type_is_refused_by_its_name(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    """Without a traceback, and without its value: it may be a password."""
    end = command(tmp_path, json.dumps(settings))
    assert end.code == 1
    assert named in end.err
    assert "Traceback" not in end.err
    assert SECRET not in end.err


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{{"sqlalchemy_url": "{SECRET}"', id="cut-short"),
        pytest.param(f'["{SECRET}"]', id="a-list"),
    ],
)
def test_config_file_that_is_none_is_refused_without_a_traceback(tmp_path: Path, text: str) -> None:
    """By its name, and without what it holds."""
    end = command(tmp_path, text)
    assert end.code != 0
    assert "config.json" in end.err
    assert "Traceback" not in end.err
    assert SECRET not in end.err


def test_stock_sqlite_file_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """It has no commits; the message says so and what to do."""
    path = tmp_path / "stock.db"
    # Stock SQLite, in a process that does not have DoltLite's library.
    made = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('CREATE TABLE t (a)'); c.commit()"
    )
    environment = {key: value for key, value in os.environ.items() if "LD_PRELOAD" not in key}
    subprocess.run([sys.executable, "-c", made, str(path)], check=True, env=environment)
    before = path.read_bytes()
    assert before.startswith(b"SQLite format 3")
    end = refused(Place({"path": str(path)}, tmp_path), GOOD)
    assert isinstance(end.error, ConfigError)
    assert "path" in end.message
    assert "SQLite" in end.message
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not a database at all\n" * 500, id="text"),
        pytest.param(bytes(range(256)) * 40, id="bytes"),
        pytest.param(b"short", id="five-bytes"),
    ],
)
def test_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    """A typo in `path` destroys nothing."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    end = refused(Place({"path": str(path)}, tmp_path), GOOD)
    assert isinstance(end.error, ConfigError)
    assert "notes.txt" in end.message
    assert path.read_bytes() == content


def test_upsert_without_a_key_names_the_stream(place: Place) -> None:
    """A config error, with the ways out."""
    end = refused(place, [schema("s", PROPERTIES, [])], load_method="upsert")
    assert isinstance(end.error, ConfigError)
    assert "stream 's' has no key" in end.message
    assert place.commits() == []


def test_tests_run_on_doltlite() -> None:
    """Not on stock SQLite, which an environment can bring about without a word."""
    connection = sqlite3.connect(":memory:")
    assert connection.execute("SELECT doltlite_engine()").fetchone() == ("prolly",)
    connection.close()


def test_every_error_of_the_tree_has_the_exit_code_1() -> None:
    """Scripts tell errors (1) from signals (128 and more)."""
    kinds = [TargetDoltError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    assert len(kinds) > 10
    # `dolt-sync verify` has a class of its own, where scripts look for a difference: 3.
    own = [kind for kind in kinds if kind.__module__.startswith("target_dolt.")]
    own.remove(PushError)  # the commits stand here; the other side stands in the way: 3
    own.remove(GuardError)  # the load is kept beside its branch: 4
    own.remove(QuarantinedError)  # all is done, but for bad records: 5
    assert {kind.exit_code for kind in own} == {1}


def test_stdin_that_is_closed_is_an_error_in_one_line(tmp_path: Path) -> None:
    """As a shell's `<&-` leaves it."""
    command = [str(Path(sys.executable).with_name("target-dolt"))]
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" <&-', *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "stdin is closed" in done.stderr
    assert "line 0" not in done.stderr
    assert "Traceback" not in done.stderr
