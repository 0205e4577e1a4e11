"""A local Dolt database: its directory, and the server that serves it for a run.

Never is a `dolt` command run on a directory that a server holds.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pymysql

from target_dolt.errors import ConfigError, WriteError
from target_dolt_plugins.dolt_server import check_database

LOCAL_USER = "__dolt_local_user__"
"""The account that every Dolt server makes anew at its start, with the secret that it writes
into sql-server.info: for this start alone, and for who may read the directory."""

START_SECONDS = 30
STOP_SECONDS = 30
WAIT_SECONDS = 0.02
ANSWER_SECONDS = 5
"""How long a server that holds a directory may take to greet: any other program may have its port
by now, and say nothing."""

_log = logging.getLogger("target-dolt")

_GUARD = """
exec 3<&0
dolt sql-server --config "$0" --skip-root-user-initialization >"$1" 2>&1 </dev/null 3<&- &
server=$!
{ cat <&3 >/dev/null; kill -TERM $server; } 2>/dev/null &
exec 3<&-
wait $server
"""
"""A shell that runs the server, and stops it when the shell's standard input ends: when we close
it, and also when we are killed."""

_NOT_IN_NAMES = "%@"
"""Characters of a directory's name that Dolt's server takes for something else."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server writes into `.dolt/sql-server.info` while it holds a directory."""

    pid: int
    port: int
    secret: str


def running_server(directory: Path) -> ServerInfo | None:
    """Return the server that holds a directory, or None; a stale file counts for nothing.

    A server writes the file into the directory that it was started on, which may be the one
    above, with many databases in it.
    """
    for place in (directory, directory.absolute().parent):
        try:
            text = (place / ".dolt" / "sql-server.info").read_text()
            pid, port, secret = text.strip().split(":", 2)
            info = ServerInfo(int(pid), int(port), secret)
        except (OSError, ValueError):
            continue
        if _answers(info):
            return info
    return None


def _answers(info: ServerInfo) -> bool:
    try:
        connection = pymysql.connect(
            host="127.0.0.1",
            port=info.port,
            user=LOCAL_USER,
            password=info.secret,
            connect_timeout=ANSWER_SECONDS,
            read_timeout=ANSWER_SECONDS,
        )
    except pymysql.err.MySQLError:
        return False
    connection.close()
    return True


class DirectoryServer:
    """A server on a directory: somebody's that runs already, or our own for this run."""

    def __init__(self, directory: Path, *, create: bool) -> None:
        """Find the server of a directory, or start one.

        Raises:
            ConfigError: There is no database in the directory, or no `dolt` on PATH.
            WriteError: The server did not come up.
        """
        self._process: subprocess.Popen[bytes] | None = None
        self._files: tempfile.TemporaryDirectory[str] | None = None
        self.directory = directory
        check_name(directory)
        if not (directory / ".dolt" / "repo_state.json").is_file():
            self._make(create)
        info = running_server(directory)
        if info is not None:
            _log.info("A server (process %d) holds '%s': using it", info.pid, directory)
        self.info = info or self._start()

    def _make(self, create: bool) -> None:  # noqa: FBT001 - one caller, one meaning
        if not create:
            msg = (
                f"'{self.directory}' holds no Dolt database; set `create_database` to make one, "
                "or give another `path`"
            )
            raise ConfigError(msg)
        if self.directory.is_file():
            msg = (
                f"'{self.directory}' is a file (DoltLite's?); leave `create_database` out or give "
                "another `path`"
            )
            raise ConfigError(msg)
        program = find_program()
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"'{self.directory}' cannot be made: {error.strerror}"
            raise ConfigError(msg) from error
        made = subprocess.run(  # noqa: S603 - a fixed command
            [program, "init", "--name", "target-dolt", "--email", "target-dolt@localhost"],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            msg = f"'{self.directory}': dolt init failed: {(made.stderr or made.stdout).strip()}"
            raise ConfigError(msg)

    def _start(self) -> ServerInfo:
        find_program()
        self._files = tempfile.TemporaryDirectory(prefix="target-dolt-")
        files = Path(self._files.name)
        port = _free_port()
        config = files / "config.yaml"
        # JSON is YAML, and needs no quoting of our own.
        config.write_bytes(
            msgspec.json.encode(
                {
                    "log_level": "warning",
                    "data_dir": str(self.directory.absolute()),
                    "cfg_dir": str(files / "cfg"),
                    "listener": {"host": "127.0.0.1", "port": port},
                }
            )
        )
        log = files / "server.log"
        self._process = subprocess.Popen(  # noqa: S603 - a fixed command
            ["/bin/sh", "-c", _GUARD, str(config), str(log)],
            stdin=subprocess.PIPE,
            cwd=self.directory,
            start_new_session=True,  # a Ctrl-C is ours to handle, not the server's
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self._process.poll() is not None
            info = running_server(self.directory)
            if info is not None:
                if info.port != port:
                    self.close()  # somebody else's was quicker
                return info
            if ended:
                break
            time.sleep(WAIT_SECONDS)
        lines = log.read_text(errors="replace").strip().splitlines()
        self.close()
        msg = f"the server on '{self.directory}' did not come up: {lines[-1] if lines else ''}"
        raise WriteError(msg)

    @property
    def is_ours(self) -> bool:
        """Whether this run started the server, and will stop it."""
        return self._process is not None

    def close(self) -> None:
        """Stop the server, where it is ours; wait until it has let go of the directory."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None  # noqa: S101 - Popen was given a pipe
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._files is not None:
            self._files.cleanup()


def bytes_in(directory: Path) -> int:
    """Return how many bytes the files below a directory have."""
    return sum(one.stat().st_size for one in directory.rglob("*") if one.is_file())


def check_name(directory: Path) -> None:
    """Raise ConfigError for a directory whose name Dolt's server cannot take."""
    if any(one in directory.absolute().name for one in _NOT_IN_NAMES):
        msg = f"'{directory}': Dolt serves no directory with {_NOT_IN_NAMES} in its name"
        raise ConfigError(msg)
    check_database(directory.absolute().name)


def find_program() -> str:
    """Return where `dolt` is on PATH; a ConfigError where it is not."""
    found = shutil.which("dolt")
    if found is None:
        msg = (
            "a directory needs the `dolt` program on PATH (github.com/dolthub/dolt has it for "
            "Linux, macOS and Windows); without it, use a DoltLite file or a running server"
        )
        raise ConfigError(msg)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
