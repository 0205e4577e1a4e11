"""No secret and no value of a record is where anybody else may read it."""

from __future__ import annotations

import json
import subprocess
from urllib.parse import quote

import pytest
from support import Message, Place, record, schema, singer, state
from support_state import command
from support_values import CANARY

PASSWORD = "hunter2:/@%"  # noqa: S105 - a canary

_TEXTS = {
    "code": {"type": "string", "maxLength": 100},
    "note": {"type": ["null", "string"]},
    "born": {"type": ["null", "string"], "format": "date"},
    "size": {"type": ["null", "integer"]},
}
PEOPLE = schema("people", _TEXTS, keys=["code"])
GOOD: list[Message | str] = [
    PEOPLE,
    record("people", code=CANARY, note=CANARY),
    record("people", code=f"{CANARY} two", note=CANARY, size=1),
    state({"n": 1}),
]


def bad_record(**values: object) -> str:
    """Return a RECORD whose key is a canary, beside what is wrong with it."""
    return json.dumps(record("people", **{"code": CANARY, **values}))


FAILING: dict[str, str] = {
    "wrong type": bad_record(note={"of": CANARY}),
    "no date": bad_record(born=CANARY),
    "out of range": bad_record(size=2**70),
    "no key": json.dumps(record("people", note=CANARY)),
    "key too long": bad_record(code=CANARY * 100),
    "surrogate": bad_record(note=f"{CANARY}\ud800"),
    "cut": bad_record(note=CANARY)[:-9],
    "no message": json.dumps({"type": f"my {CANARY}", "note": CANARY}),
    "no stream": json.dumps({"type": "RECORD", "stream": "people", "record": [CANARY]}),
    "no file": json.dumps(
        {
            "type": "BATCH",
            "stream": "people",
            "encoding": {"format": "jsonl", "compression": "none"},
            "manifest": ["damaged.jsonl"],
        }
    ),
    "other type of column": singer(
        [schema("people", {**_TEXTS, "size": {"type": "string"}}, keys=["code"])]
    )
    + bad_record(note=5, size=CANARY),
}


def assert_silent(what: str, *texts: str) -> None:
    """Check that neither canary is in any text, as it is or as a URL has it."""
    for text in texts:
        for secret in (CANARY, PASSWORD, quote(PASSWORD, safe="")):
            assert secret not in text, what


def outputs(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """Return all that a command has written."""
    return done.stdout, done.stderr


def test_no_secret_and_no_value_of_a_record_is_in_any_output(place: Place) -> None:
    """Runs that go well and runs that fail in a dozen ways, all logging what they can."""
    loud = {"TARGET_DOLT_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"}
    root = str(place.directory)
    (place.directory / "damaged.jsonl").write_text(f'{{"code": "{CANARY}"\n', encoding="utf-8")
    done = command(place, singer(GOOD), env=loud)
    assert done.returncode == 0, done.stderr
    assert_silent("a run that goes well", *outputs(done))
    for what, lines in FAILING.items():
        done = command(place, singer([*GOOD, lines]), env=loud, batch_root=root)
        assert done.returncode == 1, what
        assert "Traceback" not in done.stderr, what
        assert_silent(what, *outputs(done))

    later = schema("people", {**_TEXTS, "size": {"type": "string"}}, keys=["code"])
    widened = command(place, singer([later, record("people", code=CANARY, size=CANARY)]), env=loud)
    assert widened.returncode == 0, widened.stderr
    assert_silent("a column that is widened", *outputs(widened))

    assert {row["code"] for row in place.rows("people")} == {CANARY, f"{CANARY} two"}
    kept = [place.query("SELECT * FROM dolt_log"), place.query("SELECT * FROM dolt_branches")]
    kept += [place.query(f"SELECT * FROM _target_dolt_{one}") for one in ("state", "columns")]
    assert_silent("the database", *map(repr, kept))


SECRETS = [
    pytest.param({"sqlalchemy_url": f"dolt://u:{quote(PASSWORD, safe='')}@127.0.0.1:1/d"}, id="u"),
    pytest.param({"host": "127.0.0.1", "port": 1, "user": "u", "password": PASSWORD}, id="parts"),
    pytest.param(
        {"source_url": f"postgresql://u:{quote(PASSWORD, safe='')}@127.0.0.1:1/d"}, id="source"
    ),
    pytest.param({"password": [PASSWORD]}, id="of-a-wrong-type"),
    pytest.param({"commit_interval_seconds": PASSWORD}, id="in-a-wrong-place"),
]


@pytest.mark.parametrize("settings", SECRETS)
def test_no_password_is_in_what_a_command_says_of_its_settings(
    place: Place, settings: dict[str, object]
) -> None:
    """Of another server, of the source, or where no password belongs; `--about` has none."""
    if any(name in settings for name in ("sqlalchemy_url", "host")):
        place.config = {"database": "d"} if "host" in settings else {}
    env = {"LOGLEVEL": "DEBUG"}
    done = command(place, singer(GOOD), env=env, **settings)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert_silent("a run", *outputs(done))
    assert_silent("--about", *outputs(command(place, "", "--about", env=env, **settings)))
    asked = command(place, "", "--print-state", env=env, **settings)
    assert "Traceback" not in asked.stderr
    assert_silent("--print-state", *outputs(asked))


def test_a_password_that_a_server_refuses_is_not_shown(place: Place) -> None:
    """The wrong one may be the right one of somewhere else."""
    if "path" in place.config:
        pytest.skip("a file has no password")
    done = command(place, singer(GOOD), env={"LOGLEVEL": "DEBUG"}, password=PASSWORD)
    assert done.returncode == 1
    assert "refused the user or the password" in done.stderr
    assert_silent("a run", *outputs(done))
