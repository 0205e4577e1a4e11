"""A tap that has all that a load can meet, loads of it that die, and what must hold afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import Look, Message, Place, record, schema, singer, state
from support_state import kept, sessions_are_gone
from typing_extensions import Self

SEED = "seed"
"""The branch that each load's own branch is made from."""

LAST = 4
"""How many rounds the tap has; a STATE ends each."""

_ID = {"id": {"type": "integer"}}
_GONE = {"_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}}
_DOG = _ID | {"name": {"type": ["null", "string"], "maxLength": 10}, "size": {"type": "integer"}}
DOGS = schema("dogs", _DOG | _GONE)
DOGS_LATER = schema(
    "dogs", _DOG | _GONE | {"size": {"type": "number"}, "age": {"type": ["null", "integer"]}}
)
CATS = schema("cats", _ID)
TOWNS = schema("towns", _ID | {"name": {"type": "string"}})
TAGS = schema("tags", {"of": {"type": "integer"}}, keys=())


def dog(number: int, name: str, size: Any = 1, **more: Any) -> Message:
    """Return a RECORD of the stream dogs."""
    return record("dogs", id=number, name=name, size=size, **more)


def town(number: int, name: str, version: int) -> Message:
    """Return a RECORD of the stream towns, which comes in versions."""
    return {**record("towns", id=number, name=name), "version": version}


def activate(version: int) -> Message:
    """Return the message that ends a version of the stream towns."""
    return {"type": "ACTIVATE_VERSION", "stream": "towns", "version": version}


@dataclass(frozen=True)
class Case:
    """One load method, and what of the tap's output it can take.

    Attributes:
        name: What the test is called by.
        settings: The settings.
        keyless: Whether the tap has a stream without a key.
        once: Tables with exactly the same rows, whichever STATE the next run begins from.
        resumes: Whether a run begins from a STATE; otherwise it always sends all.
    """

    name: str
    settings: Mapping[str, Any]
    keyless: bool
    once: frozenset[str]
    resumes: bool = True

    def seed(self) -> Iterator[Message]:
        """Yield what was loaded before."""
        yield DOGS
        yield from (dog(1, "Rex"), dog(2, "Fido"))
        yield TOWNS
        yield from (town(number, "old", 1) for number in (1, 2, 3))
        yield from (activate(1), state({"round": 0}))

    def tap(self, since: int, version: int, files: Path) -> Iterator[Message]:
        """Yield the tap's output from a bookmark on.

        Args:
            since: The last round of the STATE that it begins from.
            version: The version of the stream towns; each run has another.
            files: Where files of BATCH messages go.
        """
        since = since if self.resumes else 0
        yield from (DOGS if since < 2 else DOGS_LATER, CATS)
        if self.keyless:
            yield TAGS
        for number in range(since + 1, LAST + 1):
            if self.keyless and number < LAST:
                # Not before a version: what comes between a STATE and that is a commit of its own.
                yield record("tags", of=number)
            yield from self._round(number, version, files)
            yield state({"round": number})
        if since == LAST:
            yield state({"round": LAST})

    def _round(self, number: int, version: int, files: Path) -> Iterator[Message]:
        if number == 1:
            yield from (dog(11, "new"), record("cats", id=1), dog(1, "changed"), dog(12, "new"))
        elif number == 2:
            yield dog(13, "before")
            yield DOGS_LATER
            yield from (dog(14, "after", 2.5, age=3), record("cats", id=2))
            yield dog(2, "Fido", _sdc_deleted_at="2026-01-01T00:00:00Z")
        elif number == 3:
            yield dog(15, "stale")
            yield self._batch(files)
            yield dog(16, "newest", 4.5)
        else:
            yield TOWNS
            yield from (town(one, "old" if one < 3 else "new", version) for one in (1, 3, 4))
            yield activate(version)

    def _batch(self, files: Path) -> Message:
        lines = [{"id": one, "name": "in a file", "size": 0.5} for one in (15, 16, 17)]
        file = files / "dogs.jsonl"
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
        return {
            "type": "BATCH",
            "stream": "dogs",
            "encoding": {"format": "jsonl", "compression": "none"},
            "manifest": [str(file)],
        }


_NOTHING: frozenset[str] = frozenset()
_KEYED = frozenset({"dogs", "cats", "towns"})

CASES = [
    Case("unset", {}, keyless=True, once=_KEYED),
    Case("upsert", {"load_method": "upsert"}, keyless=False, once=_KEYED),
    Case("append-only", {"load_method": "append-only"}, keyless=True, once=_NOTHING),
    Case(
        "overwrite",
        {"load_method": "overwrite"},
        keyless=True,
        once=_KEYED | {"tags"},
        resumes=False,
    ),
]


@dataclass(frozen=True)
class Answer:
    """How a load ended: `code`, what it wrote, how often it came to each point, where it died."""

    code: int
    out: str
    err: str
    counts: Counter[str]
    died: str

    @property
    def told(self) -> int:
        """The round of the last STATE that came out; a half written one did not."""
        whole = [line for line in self.out.splitlines(keepends=True) if line.endswith("\n")]
        return int(json.loads(whole[-1])["round"]) if whole else 0


class Loads:
    """The process whose forks are loads that die, or whatever a program's are."""

    def __init__(self, program: str = "dying_loads.py") -> None:
        """Keep the program's name."""
        self._program = program

    def __enter__(self) -> Self:
        """Start it."""
        program = Path(__file__).parent / self._program
        self._process = subprocess.Popen(
            [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Let it end."""
        self._process.communicate()

    def load(
        self, config: Mapping[str, Any], messages: Path, point: str = "", number: int = 0
    ) -> Answer:
        """Run a load, to its end or to a point."""
        return self.ask(
            {"config": config, "input": str(messages), "point": point, "number": number}
        )

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """Let a fork do what a request says."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        counts = Counter(json.loads(answer.pop("counts") or "{}"))
        return Answer(counts=counts, **answer)


_CODES = {"instant": -signal.SIGALRM, "file": -signal.SIGXFSZ, "full": 1}

Content = dict[str, list[Any]]


def _content(look: Look) -> Content:
    found: Content = {table: look.rows(table) for table in look.tables()}
    found["_target_dolt_columns"] = sorted(
        look.query("SELECT * FROM _target_dolt_columns"), key=repr
    )
    return found


class Crashes:
    """One database whose loads die, each on a branch of its own, and an undisturbed one beside."""

    def __init__(self, case: Case, place: Place, loads: Loads) -> None:
        """Fill the database, and load it once undisturbed, which counts all points."""
        self.case = case
        self.place = place
        self._loads = loads
        self._settings = {
            **place.config,
            **case.settings,
            "batch_root": str(place.directory),
            "batch_size_rows": 2,
            "commit_interval_seconds": 0,
        }
        seeding = {**self._settings, "load_method": "upsert"}
        if case.name == "append-only":
            seeding["load_method"] = "append-only"
        done = self._load(SEED, self._input(case.seed()), settings=seeding)
        assert done.code == 0, done.err
        size = self._size()
        self.undisturbed = self.run("undisturbed", 0, version=2)
        self.growth = self._size() - size
        assert self.undisturbed.code == 0, self.undisturbed.err
        self.expected = self.content("undisturbed")
        self.log = place.log("undisturbed")
        commits = place.query("SELECT commit_hash FROM dolt_log", at="undisturbed")
        states = [(commit, kept(place, at=commit)) for (commit,) in reversed(commits)]
        self.rounds: dict[int, Content] = {
            one["round"]: self.content(commit) for commit, one in states if one is not None
        }

    def _size(self) -> int:
        path = self.place.config.get("path")
        return Path(path).stat().st_size if path else 0

    def _input(self, messages: Iterator[Message]) -> Path:
        file = self.place.directory / "input.singer"
        file.write_text(singer(messages), encoding="utf-8")
        return file

    def _load(
        self,
        branch: str,
        messages: Path,
        point: str = "",
        number: int = 0,
        settings: Mapping[str, Any] | None = None,
    ) -> Answer:
        config = {**(settings or self._settings), "branch": branch}
        return self._loads.load(config, messages, point, number)

    def run(
        self,
        branch: str,
        since: int,
        point: str = "",
        number: int = 0,
        *,
        version: int,
        through: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Run the tap from a bookmark into a branch, which begins at the seed.

        Args:
            branch: The branch.
            since: The bookmark.
            point: Where the load dies, if anywhere.
            number: At which time that it is come to.
            version: The version of the stream towns.
            through: Settings of another way to the same database.
        """
        if branch not in self.place.branches():
            self.place.call("dolt_branch", branch, SEED)
        messages = self._input(self.case.tap(since, version, self.place.directory))
        settings = {**self._settings, **(through or {})}
        return self._load(branch, messages, point, number, settings)

    def content(self, at: str) -> Content:
        """Return all that a reader of a branch or commit finds."""
        with self.place.look(at) as look:
            return _content(look)

    def begin(self) -> tuple[dict[str, Any], str]:
        """Make the branch `crashed`; return settings and input of a load into it."""
        self.place.call("dolt_branch", "crashed", SEED)
        messages = self._input(self.case.tap(0, 2, self.place.directory))
        return {**self._settings, "branch": "crashed"}, messages.read_text(encoding="utf-8")

    def check(self, point: str, number: int, *, look: bool) -> Answer:
        """Let a load die at a point, run again, and compare; return how it died.

        Args:
            point: The point.
            number: At which time that it is come to.
            look: Look first, and begin from the state that the database keeps, as with
                --print-state. Otherwise the next run begins at once, from the STATE that came out.
        """
        branch = "crashed"
        died = self.run(branch, 0, point, number, version=2)
        if died.code == 0:
            self.forget(branch)
            return died
        assert died.code == _CODES.get(point, 137), died.err
        self.make_good(died, look=look)
        return died

    def make_good(self, died: Answer, *, look: bool) -> None:
        """Run again after a load into the branch `crashed` has died, and compare.

        Args:
            died: How it died.
            look: As for `check`.
        """
        branch = "crashed"
        since = died.told
        if look:
            sessions_are_gone(self.place)
            since = (kept(self.place, at=branch) or {}).get("round", 0)
            assert since >= died.told, died
            assert self.content(branch) == self.rounds[since], died
        again = self.run(branch, since, version=3)
        assert again.code == 0, (died, again.err)
        assert again.told == LAST, (died, again)
        self.compare(branch, died, exactly=look)
        self.forget(branch)

    def compare(self, branch: str, died: Answer, *, exactly: bool) -> None:
        """Compare what a branch holds after a load that was disturbed with an undisturbed one."""
        with self.place.look(branch) as look:
            found, log, state = _content(look), look.log(), look.kept_state()
            changed, branches = look.query("SELECT * FROM dolt_status"), look.branches()
        assert found.keys() == self.expected.keys(), died
        for table, rows in self.expected.items():
            if exactly or table in self.case.once or table.startswith("_target_dolt_"):
                assert found[table] == rows, (died, table)
            else:
                assert {repr(row) for row in found[table]} == {repr(row) for row in rows}, died
                assert not Counter(map(repr, rows)) - Counter(map(repr, found[table])), died
        if exactly or {*found} <= self.case.once | {"_target_dolt_columns"}:
            assert log == self.log, died
        assert state == {"round": LAST}, died
        assert changed == [], died
        assert set(branches) == {"main", SEED, "undisturbed", branch}, died

    def forget(self, branch: str) -> None:
        """Remove a branch that has been looked at."""
        self.place.call("dolt_branch", "-D", branch)


__all__ = ["CASES", "LAST", "Answer", "Case", "Crashes", "Loads"]
