"""A tap that does things between two messages, and one in a process of its own."""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import Message, Place, record, schema, singer, state

from target_dolt.loading.state import Pace
from target_dolt.target import TargetDolt

DOG = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}
CAT = {"id": {"type": "integer"}}
DOGS, CATS = schema("dogs", DOG), schema("cats", CAT)
PATIENCE_SECONDS = 60
"""How long a process is waited for before a test that would hang fails instead."""

Step = Message | str | Sequence[Message] | Callable[[], object]
"""A message, several in one chunk of input, or something to do between two messages."""


def dog(number: int, name: str | None = None) -> dict[str, Any]:
    """Return a RECORD of the stream dogs."""
    return record("dogs", id=number, **({} if name is None else {"name": name}))


def cat(number: int) -> dict[str, Any]:
    """Return a RECORD of the stream cats."""
    return record("cats", id=number)


def ids(place: Place, table: str = "dogs", *, at: str | None = None) -> list[int]:
    """Return a table's ids in order."""
    return sorted(row["id"] for row in place.rows(table, at=at))


def kept(place: Place, pipeline: str = "default", *, at: str | None = None) -> Any:
    """Return the kept state, None also where no state was ever kept."""
    with place.look(at) as look:
        is_there = "_target_dolt_state" in look.all_tables()
        return look.kept_state(pipeline) if is_there else None


def run_branches(place: Place) -> list[str]:
    """Return the branches that runs have made for themselves."""
    return [name for name in place.branches() if name.startswith("target-dolt/")]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        """Begin at an hour past nothing."""
        self.now = 3600.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def passes(self, seconds: float) -> Callable[[], None]:
        """Return a step that lets time pass."""

        def step() -> None:
            self.now += seconds

        return step


class _Input(io.TextIOBase):
    """An input that gives one step at a time: what came before a deed is done before it.

    A loader with a server commits while it reads on; a pipe's reader would see that it is done.
    """

    def __init__(self, steps: Iterable[Step], settle: Callable[[], None]) -> None:
        self._steps: Iterator[Step] = iter(steps)
        self._settle = settle

    def read(self, size: int | None = -1, /) -> str:
        del size
        for step in self._steps:
            if not callable(step):
                return singer(step if isinstance(step, list) else [step])  # type: ignore[list-item]
            self._settle()
            step()
        return ""


@dataclass
class Watched:
    """A run in this process whose tap does things meanwhile: `lines` grows while it runs.

    The pace of its commits goes by `clock`, so that no slow machine makes a STATE due.
    """

    place: Place
    clock: Clock = field(default_factory=Clock)
    output: io.StringIO = field(default_factory=io.StringIO)
    target: TargetDolt | None = None

    @property
    def lines(self) -> list[str]:
        """The lines of STATE that have come out so far, as text."""
        return self.output.getvalue().splitlines()

    def load(self, *steps: Step, **settings: Any) -> list[str]:
        """Run the target on messages and deeds; return the lines of STATE that came out."""
        with redirect_stdout(self.output):
            self.target = TargetDolt(
                config={**self.place.config, **settings}, plugins=self.place.plugins
            )
            chosen = self.target.settings
            self.target.begin()
            self.target.point._pace = Pace(
                chosen.commit_interval_seconds, chosen.commit_min_rows, self.clock
            )
            self.target.listen(_Input(steps, self.target.load.settle))
        return self.lines


def wait_until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so; fail where it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def sessions_are_gone(place: Place) -> None:
    """Wait until a server has ended what a dead process had sent to it."""

    def others() -> list[Any]:
        name = place.config["database"]
        return [
            row
            for row in place.query("SHOW PROCESSLIST")
            if str(row[3]).partition("/")[0] == name and "PROCESSLIST" not in str(row[7])
        ]

    if "host" in place.config:
        wait_until(lambda: not others(), "a dead process's statement never ended")


def until(process: subprocess.Popen[str], true: Callable[[], object]) -> None:
    """Wait until something is so while a process lives; fail where it never is."""

    def so_far() -> object:
        assert process.poll() is None, "the process ended before"
        return true()

    wait_until(so_far, "it never came to that")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return True
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Close a process's input, wait for its end and return what it wrote (stdout, stderr)."""
    return process.communicate(timeout=PATIENCE_SECONDS)


def send(process: subprocess.Popen[str], *messages: Message | str, newline: bool = True) -> None:
    """Write messages to a process's input in one piece."""
    assert process.stdin is not None
    text = singer(messages)
    process.stdin.write(text if newline else text.removesuffix("\n"))
    process.stdin.flush()


def next_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of a process's stdout; fail where none comes.

    Only for a process that has one line to give: more would wait in Python's buffer.
    """
    assert process.stdout is not None
    ready = select.select([process.stdout], [], [], PATIENCE_SECONDS)[0]
    assert ready, "no STATE came out"
    return process.stdout.readline().rstrip("\n")


def command(
    place: Place, text: str, *options: str, env: Mapping[str, str] | None = None, **settings: Any
) -> subprocess.CompletedProcess[str]:
    """Run the command on a whole input."""
    config = place.directory / "command.json"
    config.write_text(json.dumps({**place.config, **settings}))
    return subprocess.run(
        [sys.executable, "-m", "target_dolt", "--config", str(config), *options],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=config.parent,
        env={**os.environ, **(env or {})},
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def print_state(place: Place, **settings: Any) -> str:
    """Return what --print-state writes."""
    done = command(place, "", "--print-state", **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


__all__ = [
    "CAT",
    "CATS",
    "DOG",
    "DOGS",
    "Clock",
    "Watched",
    "cat",
    "command",
    "dog",
    "finish",
    "ids",
    "kept",
    "next_line",
    "print_state",
    "record",
    "run_branches",
    "schema",
    "send",
    "state",
    "until",
]
