"""Helpers for tests of values and of bad input: one column loaded, one run refused."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from support import Message, Place, record, schema, singer, state

from target_dolt.errors import TargetDoltError
from target_dolt.plans.json_schema import resolve
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.target import TargetDolt
from target_dolt.types import type_text

ID = {"type": "integer"}

ABSENT = ""
"""In place of a value: the record does not have the property."""

CANARY = "c4nary-s3cret"
"""Text that stands in a row or a password, and that no message may show."""


_json = msgspec.json.Encoder(decimal_format="number").encode


def lite(directory: Path) -> Place:
    """Return a fresh DoltLite file in a directory."""
    return Place({"path": str(directory / "test.db")}, directory)


def json_text(value: Any) -> str:
    """Return a value as JSON, its Decimals as numbers with their digits."""
    return _json(value).decode()


def column_type(place: Place, property_schema: Any, **root: Any) -> str:
    """Return the type that a property gets in a real load, as the catalogue spells it."""
    place.load([_schema(property_schema, root), record("t", id=1)])
    rows = place.query(
        "SELECT column_type FROM _target_dolt_columns WHERE table_name = 't' AND column_name = 'v'"
    )
    return str(rows[0][0])


def _schema(property_schema: Any, root: dict[str, Any]) -> str:
    return json_text(schema("t", {"id": ID, "v": property_schema}, **root))


def chosen_type(property_schema: Any, **root: Any) -> str:
    """Return the type that the generic dialect chooses for a property, without a database."""
    plugins = load_plugins()
    plain = resolve(property_schema, {"properties": {"v": property_schema}, **root})
    chosen = plugins.hook.dolt_sql_type(dialect=plugins.dialects["json-schema"], schema=plain)
    return type_text(chosen)


def lines_of(property_schema: Any, values: Sequence[str], **root: Any) -> list[Message | str]:
    """Return messages that put values, written as JSON text, into the column `v` of `t`."""
    return [
        _schema(property_schema, root),
        *(line_of(n, value) for n, value in enumerate(values)),
        state({"done": len(values)}),
    ]


def line_of(number: int, value: str) -> str:
    """Return a RECORD of `t` with a value that is written as JSON text already."""
    pair = f',"v":{value}' if value else ABSENT
    return f'{{"type":"RECORD","stream":"t","record":{{"id":{number}{pair}}}}}'


def stored(place: Place, property_schema: Any, *values: str, **root: Any) -> list[Any]:
    """Load values, written as JSON text, into a column; return what is read back, in order."""
    place.load(lines_of(property_schema, values, **root))
    rows = sorted(place.rows("t"), key=lambda row: int(row["id"]))
    return [row["v"] for row in rows]


@dataclass(frozen=True)
class Refusal:
    """How a run ended that was refused.

    Attributes:
        error: What was raised.
        message: What a user would be told.
        states: The STATEs that went out before.
    """

    error: TargetDoltError
    message: str
    states: list[Any]


def refused(
    place: Place,
    lines: Iterable[Message | str | bytes],
    *,
    plugins: Plugins | None = None,
    **settings: Any,
) -> Refusal:
    """Run the target in this process on input that it must refuse with an error of its own.

    Whatever else is raised would reach a user as a traceback, and fails the test.
    """
    out = io.StringIO()
    source = io.BytesIO(as_bytes(lines))
    try:
        with redirect_stdout(out):
            target = TargetDolt(
                config={**place.config, **settings}, plugins=plugins or place.plugins
            )
            target.listen(source)  # type: ignore[arg-type] - the reader takes bytes too
    except TargetDoltError as error:
        states = [json.loads(line) for line in out.getvalue().splitlines()]
        return Refusal(error, str(error), states)
    msg = "the run was not refused"
    raise AssertionError(msg)


def as_bytes(lines: Iterable[Message | str | bytes]) -> bytes:
    """Return input as bytes, one line each; bytes go in as they are."""
    return b"".join(
        one + b"\n" if isinstance(one, bytes) else singer([one]).encode("utf-8", "surrogatepass")
        for one in lines
    )


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, STATEs and stderr."""

    code: int
    out: str
    err: str


def run(place: Place, lines: Iterable[Message | str | bytes], **settings: Any) -> Ended:
    """Run the `target-dolt` command on input, in a process of its own."""
    process = place.start(**settings)
    return finish(process, as_bytes(lines))


def finish(process: subprocess.Popen[str], data: bytes) -> Ended:
    """Feed bytes to a started command and wait for its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    raw = process.stdin.buffer  # type: ignore[attr-defined]
    with suppress(BrokenPipeError):  # it may refuse before it has read all
        raw.write(data)
        raw.flush()
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdin = None
    out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out, err)
