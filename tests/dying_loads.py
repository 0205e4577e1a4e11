"""Loads in processes that die at a point: for support_crashes.

    python dying_loads.py

Reads one JSON object a line, {"config", "input", "point", "number"}, and answers with one: {"code",
"out", "err", "counts", "died"}. Each load is a fork of this process, which has imported all and
opened nothing, so that a thousand of them take minutes. At the NUMBER-th time that it comes to a
POINT the load ends by `os._exit`: no handler, no `finally`, no flush. Points are the events of
SQLAlchemy and a plugin's hooks; what has no event is wrapped here, and nothing in the product is
made for it. Three more "points" need no call:

- `instant`: the kernel ends the process after NUMBER microseconds, whatever it does.
- `full`: no file can be longer than NUMBER bytes, as on a full disk; the load goes on with that.
- `file`: the kernel ends it in the write that would make any file longer than NUMBER bytes, with
  what fits before that written.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from target_dolt_plugins import doltlite_engine

doltlite_engine.load()

import sqlalchemy as sa  # noqa: E402 - DoltLite's library goes first

from target_dolt import Database, Writer, commit_point, hookimpl  # noqa: E402
from target_dolt.plugins import load_plugins  # noqa: E402
from target_dolt.target import TargetDolt  # noqa: E402
from target_dolt_plugins.dolt_dialect import DoltConnection, DoltDialect  # noqa: E402
from target_dolt_plugins.doltlite_dialect import DoltLiteDialect  # noqa: E402

DIED = 137

WRITES = ("append", "clear", "delete", "identify", "keep", "patch", "restore", "upsert")


_PROCEDURE = re.compile(r"\bdolt_(add|branch|commit|merge|reset)\b(?=\()")


class Points:
    """How often a load has come to each point, and where it ends."""

    def __init__(self, directory: Path, point: str | None, number: int) -> None:
        """Keep the one call that is the last."""
        self._directory = directory
        self._last = (point, number)
        self._lock = threading.Lock()  # a server's commits are made in a thread of their own
        self.counts: Counter[str] = Counter()

    def come_to(self, point: str, what: str) -> None:
        """Count a call; end the process where it is the last one."""
        with self._lock:
            self.counts[point] += 1
            if (point, self.counts[point]) == self._last:
                (self._directory / "died").write_text(f"{point} {self._last[1]}: {what[:120]}")
                os._exit(DIED)

    @contextmanager
    def around(self, name: str, what: str) -> Iterator[None]:
        """Come to a point before and another one after a block."""
        self.come_to(f"before {name}", what)
        yield
        self.come_to(f"after {name}", what)

    def wrap(self, owner: Any, function: str, name: str) -> None:
        """Put a point before and after each call of a function of a class or module."""
        whole: Callable[..., Any] = getattr(owner, function)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            with self.around(name, function):
                return whole(*arguments, **options)

        setattr(owner, function, wrapped)


Work = Callable[[Mapping[str, Any], Points], None]
"""What a request asks for."""


class EveryHook:
    """A plugin with each hook that a load calls: it observes, or says "not mine"."""

    def __init__(self, points: Points) -> None:
        """Keep what counts the calls."""
        self._points = points

    @hookimpl
    def dolt_native_types(self, entry: Mapping[str, Any]) -> None:
        """Say "not mine"."""
        del entry
        self._points.come_to("hook", "dolt_native_types")

    @hookimpl
    def dolt_sql_type(self, dialect: Any, schema: Any) -> None:
        """Say "not mine"."""
        del dialect, schema
        self._points.come_to("hook", "dolt_sql_type")

    @hookimpl
    def dolt_value_converter(self, dialect: Any, schema: Any, sql_type: Any) -> None:
        """Say "not mine"."""
        del dialect, schema, sql_type
        self._points.come_to("hook", "dolt_value_converter")

    @hookimpl
    def dolt_commit_message(self, commit: Any) -> None:
        """Say "not mine"."""
        del commit
        self._points.come_to("hook", "dolt_commit_message")

    @hookimpl
    def dolt_after_commit(self, commit: Any) -> None:
        """Observe."""
        del commit
        self._points.come_to("hook", "dolt_after_commit")


def arm(points: Points) -> None:
    """Put points at all that a load does to its database and to stdout."""

    def statement(connection: Any, cursor: Any, text: str, *_: Any) -> None:
        del connection, cursor
        points.come_to("statement", text)

    sa.event.listen(sa.Engine, "before_cursor_execute", statement)
    for dialect in (DoltLiteDialect, DoltDialect):
        points.wrap(dialect, "do_commit", "commit")
    points.wrap(Database, "advance", "move")
    points.wrap(commit_point, "emit", "STATE")
    for writer in _all_below(Writer):
        for function in WRITES:
            if function in vars(writer):
                points.wrap(writer, function, "write")
    read, execute = DoltConnection._read_query_result, DoltConnection._execute_command
    told: dict[Any, str] = {}

    def send(connection: Any, command: int, sql: Any) -> None:
        told[connection] = str(sql)
        execute(connection, command, sql)

    def sent(connection: Any, *options: Any, **more: Any) -> Any:
        # The server has the statement and does it, whoever waits for its answer.
        procedure = _PROCEDURE.search(told[connection])
        points.come_to(f"{procedure[0] if procedure else 'statement'} sent", told[connection])
        return read(connection, *options, **more)

    DoltConnection._execute_command = send
    DoltConnection._read_query_result = sent  # type: ignore[method-assign]


def _all_below(parent: type) -> Iterator[type]:
    for child in parent.__subclasses__():
        yield child
        yield from _all_below(child)


def load(request: Mapping[str, Any], points: Points) -> None:
    """Be one load."""
    plugins = load_plugins([EveryHook(points)])
    with Path(request["input"]).open(encoding="utf-8") as messages:
        TargetDolt(config=request["config"], plugins=plugins).listen(messages)


def run(work: Work, request: Mapping[str, Any], directory: Path) -> NoReturn:
    """Do some work, to its end or to its point."""
    os.dup2(os.open(directory / "out", os.O_WRONLY | os.O_CREAT), 1)
    os.dup2(os.open(directory / "err", os.O_WRONLY | os.O_CREAT), 2)
    point, number = request["point"], request["number"]
    points = Points(directory, point, number)
    code = 1
    try:
        arm(points)
        if point == "instant":
            signal.setitimer(signal.ITIMER_REAL, number / 1_000_000)
        elif point == "full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))  # Python ignores SIGXFSZ
        elif point == "file":
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (number, number))
        work(request, points)
        code = 0
    except BaseException:  # noqa: BLE001 - told to whoever reads the answer
        traceback.print_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stderr.flush()
        (directory / "counts").write_text(json.dumps(points.counts))
        os._exit(code)


def main(work: Work = load) -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            pid = os.fork()
            if pid == 0:
                run(work, json.loads(line), directory)
            _, status = os.waitpid(pid, 0)
            texts = {one: _text(directory / one) for one in ("out", "err", "counts", "died")}
        code = os.waitstatus_to_exitcode(status)
        print(json.dumps({"code": code, **texts}), flush=True)  # noqa: T201 - the answer


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
