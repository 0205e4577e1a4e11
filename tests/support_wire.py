"""A wire to a Dolt server that can be cut, and servers that only pretend to be one."""

from __future__ import annotations

import io
import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from support_state import PATIENCE_SECONDS
from typing_extensions import Self


class _Listener:
    """Takes connections on a free port of loopback, each in a thread of its own.

    Attributes:
        port: Connect here.
    """

    def __init__(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
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
        """Stop listening, and wait until each connection has ended."""
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
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        raise NotImplementedError


class Wire(_Listener):
    """A port of loopback that leads to a server, counts requests and can be cut at one of them.

    Attributes:
        requests: How many requests have passed since `cut` was last called.
        was_cut: Whether the wire has been cut since then.
        sent: All that clients have sent.
        answered: All that the server has answered.
    """

    def __init__(self, server_port: int) -> None:
        """Listen on a free port."""
        self._to = server_port
        self.sent = bytearray()
        self.answered = bytearray()
        self.cut()
        super().__init__()

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

    def _serve(self, client: socket.socket) -> None:
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

    def _pass(self, one: socket.socket, other: socket.socket) -> bool:
        data = one.recv(1 << 16)
        self.answered += data
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


class FakeServer(_Listener):
    """Answers as a MySQL server might that is not what it should be.

    Attributes:
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
        self.queries: list[str] = []
        self.files: list[bytes] = []
        super().__init__()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE_SECONDS)
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
