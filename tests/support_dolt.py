"""Real Dolt servers for tests, a wire to them that can be cut, and servers that only pretend.

A server runs in a directory and with a HOME of its own, on a free port of loopback, and is
ended by its process id.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import secrets
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pymysql
import pytest
from support import Message, Place, singer
from typing_extensions import Self

from target_dolt.target import TargetDolt

PASSWORD = "s3cret:/@%"  # noqa: S105 - of a server that lives as long as the tests
_numbers = itertools.count(1)

NO_DOLT = "no `dolt` on PATH: nothing that concerns a Dolt server was tested"

needs_dolt = pytest.mark.skipif(shutil.which("dolt") is None, reason=NO_DOLT)
"""For tests that start `dolt`."""

PATIENCE_SECONDS = 60
"""How long something is waited for before a test that would hang fails instead."""


def wait_until(true: Callable[[], object], what: str) -> None:
    """Wait until something is so; fail where it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


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


Step = Message | str | Sequence[Message] | Callable[[], object]
"""A message, several in one chunk of input, or something to do between two messages."""


class _Input(io.TextIOBase):
    """An input that gives one step at a time: the loader has taken it before the next."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = iter(steps)

    def read(self, size: int | None = -1, /) -> str:
        del size
        for step in self._steps:
            if not callable(step):
                return singer(step if isinstance(step, list) else [step])  # type: ignore[list-item]
            step()
        return ""


class Watched:
    """A run in this process whose tap does things between its messages."""

    def __init__(self, place: Place) -> None:
        """Say where it loads."""
        self._place = place
        self._output = io.StringIO()

    @property
    def lines(self) -> list[str]:
        """The lines of STATE that have come out so far, as text."""
        return self._output.getvalue().splitlines()

    def load(self, *steps: Step, **settings: Any) -> list[str]:
        """Run the target on messages and deeds; return the lines of STATE that came out."""
        with redirect_stdout(self._output):
            target = TargetDolt(
                config={**self._place.config, **settings}, plugins=self._place.plugins
            )
            target.listen(_Input(steps))
        return self.lines


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class DoltServer:
    """One `dolt sql-server`, with `local_infile` on and an account of the tests."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        data: Path | None = None,
        listener: Mapping[str, Any] | None = None,
        local_infile: bool = True,
    ) -> None:
        """Choose a port; `start` starts the server.

        Args:
            directory: Where the server's own files go.
            port: The port; None for a free one.
            data: The directory that it serves; None for a new one.
            listener: More of the configuration's `listener`.
            local_infile: Whether LOAD DATA LOCAL is allowed.
        """
        self.directory = directory
        self.port = port or free_port()
        self._data = data or directory / "data"
        self._listener = {"host": "127.0.0.1", "port": self.port, **(listener or {})}
        self._variables = {"local_infile": 1} if local_infile else {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._data.mkdir(exist_ok=True)
        config = self.directory / "config.yaml"
        config.write_text(
            json.dumps(
                {
                    "log_level": "warning",
                    "data_dir": str(self._data),
                    "cfg_dir": str(self.directory / "cfg"),
                    "listener": self._listener,
                    "system_variables": self._variables,
                }
            ),
            encoding="utf-8",
        )
        with (self.directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["dolt", "sql-server", "--config", str(config)],
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "DOLT_ROOT_PASSWORD": PASSWORD},
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.connect().close()
            except pymysql.err.MySQLError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill the server as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def connect(self, database: str | None = None, **options: Any) -> Any:
        """Open a plain PyMySQL connection."""
        account = {"user": "root", "password": PASSWORD, **options}
        return pymysql.connect(host="127.0.0.1", port=self.port, database=database, **account)

    def execute(self, *statements: str) -> list[Any]:
        """Run statements as an administrator; return the rows of the last one."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())

    def kill_connections(self, *, to: str) -> int:
        """End every connection to a database, by KILL; return how many there were."""
        found = [row[0] for row in self.execute("SHOW PROCESSLIST") if row[3] == to]
        for number in found:
            self.execute(f"KILL {number}")
        return len(found)

    def config(self, database: str) -> dict[str, Any]:
        """Return the settings that name a database of this server."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": "root",
            "password": PASSWORD,
            "database": database,
        }

    def new_database(self) -> dict[str, Any]:
        """Make a database; return the settings that name it."""
        name = f"test_{next(_numbers)}_{secrets.token_hex(2)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.config(name)

    def drop_databases(self) -> None:
        """Drop every database but the server's own."""
        for (name,) in self.execute("SHOW DATABASES"):
            if name not in {"information_schema", "mysql"}:
                quoted = name.replace("`", "``")
                self.execute(f"DROP DATABASE `{quoted}`")


class Wire:
    """A port of loopback that leads to a server, counts requests and can be cut at one of them.

    Attributes:
        port: Connect here.
        requests: How many requests have passed since `cut` was last called.
        was_cut: Whether the wire has been cut since then.
        sent: All that clients have sent.
    """

    def __init__(self, server_port: int) -> None:
        """Listen on a free port."""
        self._to = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sent = bytearray()
        self.cut()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(
        self, *, at: int = 0, on: bytes | None = None, answered: bool = False, times: int = 1
    ) -> None:
        """Lose the connection at a request; count from here.

        Args:
            at: The request's number, from 1.
            on: Instead of a number: text within the request.
            answered: Whether the server does the work, so that only its answer is lost.
            times: How often, where `on` is given.
        """
        self.requests = 0
        self.was_cut = False
        self._at, self._on, self._answered, self._times = at, on, answered, times

    def __enter__(self) -> Self:
        """Take it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the wire away."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._lead, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _lead(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
            answering, cut = True, False
            while True:
                readable, _, _ = select.select([client, server], [], [], PATIENCE_SECONDS)
                if not readable:
                    return
                if server in readable:
                    if cut:
                        return
                    answering = True
                    if not self._pass(server, client):
                        return
                    continue
                data = client.recv(1 << 16)
                if not data:
                    return
                self.sent += data
                cut = cut or (answering and self._is_the_one(data))
                if cut and not self._answered:
                    return
                answering = False
                server.sendall(data)

    def _is_the_one(self, data: bytes) -> bool:
        self.requests += 1
        if self._on is not None:
            here = self._times > 0 and self._on in data
            self._times -= here
        else:
            here = self.requests == self._at
        self.was_cut |= here
        return here

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> bool:
        data = one.recv(1 << 16)
        other.sendall(data)
        return bool(data)


def packet(number: int, body: bytes) -> bytes:
    """Return a packet of MySQL's protocol."""
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


OK_PACKET = b"\x00\x00\x00\x02\x00\x00\x00"
GREETING = (
    b"\x0a8.0.33\x00"
    + struct.pack("<I", 7)
    + b"12345678\x00"
    # All that a server of MySQL 8 can do, but for TLS and compression.
    + struct.pack("<H", 0xFFFF & ~0x0800 & ~0x0020)
    + b"\x2d"
    + struct.pack("<HH", 2, 0x001F)
    + b"\x15"
    + bytes(10)
    + b"123456789012\x00mysql_native_password\x00"
)


def error_packet(code: int, text: str) -> bytes:
    """Return the body of an error."""
    return b"\xff" + struct.pack("<H", code) + b"#HY000" + text.encode()


def one_value(text: str) -> list[bytes]:
    """Return the bodies of a result of one row with one text."""
    names = b"\x03def\x00\x00\x00\x01v\x01v"
    column = names + b"\x0c\x2d\x00\xff\x00\x00\x00\xfd\x00\x00\x00\x00\x00"
    end = b"\xfe\x00\x00\x02\x00"
    return [b"\x01", column, end, bytes([len(text)]) + text.encode(), end]


def asking_for(name: str) -> bytes:
    """Return the body of a LOCAL INFILE request: send me this file of yours."""
    return b"\xfb" + name.encode()


class FakeServer:
    """Answers as a MySQL server might that is not what it should be.

    Attributes:
        port: Connect here.
        queries: The statements that came.
        files: What came after a LOCAL INFILE request, packet by packet.
    """

    def __init__(
        self,
        answer: Callable[[str], bytes | None] = lambda _: None,
        greeting: bytes | None = None,
    ) -> None:
        """Listen on a free port.

        Args:
            answer: From a statement to the body of the packet that answers it; None for what
                MySQL would say: one value to a SELECT, else OK.
            greeting: The first bytes, for a server that is no MySQL at all.
        """
        self._answer, self._greeting = answer, greeting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.queries: list[str] = []
        self.files: list[bytes] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        """Take it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(PATIENCE_SECONDS)
            thread = threading.Thread(target=self._talk, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, client: socket.socket) -> None:
        with client, suppress(OSError, EOFError), client.makefile("rb") as source:
            if self._greeting is not None:
                client.sendall(self._greeting)
                client.shutdown(socket.SHUT_WR)
                source.read()
                return
            client.sendall(packet(0, GREETING))
            _receive(source)
            client.sendall(packet(2, OK_PACKET))
            while True:
                command = _receive(source)[1]
                if command[:1] != b"\x03":
                    client.sendall(packet(1, OK_PACKET))
                    continue
                self.queries.append(command[1:].decode())
                answer = self._answer(self.queries[-1])
                if answer is not None:
                    bodies = [answer]
                else:
                    is_query = self.queries[-1].startswith("SELECT")
                    value = "8.0.33" if "version" in self.queries[-1].lower() else "1"
                    bodies = one_value(value) if is_query else [OK_PACKET]
                for number, body in enumerate(bodies, 1):
                    client.sendall(packet(number, body))
                if bodies[0][:1] == b"\xfb":
                    number, data = _receive(source)
                    while data:
                        self.files.append(data)
                        number, data = _receive(source)
                    client.sendall(packet(number + 1, OK_PACKET))


def _receive(source: io.BufferedReader) -> tuple[int, bytes]:
    """Return the next packet's number and body; EOFError where there is none."""
    head = source.read(4)
    if len(head) < 4:
        raise EOFError
    return head[3], source.read(int.from_bytes(head[:3], "little"))


def make_certificates(directory: Path, name: str) -> tuple[Path, Path, Path]:
    """Make an authority and a server's certificate for a name or address with `openssl`.

    Returns:
        The authority's certificate, the server's certificate, the server's key.
    """
    directory.mkdir()
    kind = "IP" if name[0].isdigit() else "DNS"
    (directory / "names").write_text(f"subjectAltName={kind}:{name}\n", encoding="utf-8")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    usage = "-addext keyUsage=critical,keyCertSign"
    authority = "-CA ca.pem -CAkey ca.key -CAcreateserial"
    for command in (
        f"req -x509 {key} -days 30 -subj /CN=authority {usage} -keyout ca.key -out ca.pem",
        f"req {key} -subj /CN=server -keyout server.key -out server.csr",
        f"x509 -req -in server.csr {authority} -days 30 -extfile names -out server.pem",
    ):
        subprocess.run(
            ["openssl", *command.split()], cwd=directory, capture_output=True, check=True
        )
    return directory / "ca.pem", directory / "server.pem", directory / "server.key"
