"""A proxy between a client and its server whose network is bad, in the words of toxiproxy.

https://github.com/Shopify/toxiproxy#toxics has the words. A toxic here is one event: it happens
when so many bytes have passed one way, or at a text in them. What passed before is not lost.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from support_state import PATIENCE_SECONDS
from typing_extensions import Self

T = TypeVar("T")

Way = Literal["upstream", "downstream"]
"""To the server, or from it."""

Kind = Literal["down", "timeout", "reset_peer", "limit_data"]

CUTS: tuple[Kind, ...] = ("down", "timeout", "reset_peer", "limit_data")

DOWN_SECONDS = 0.3
"""How long nobody is to be reached, or nothing is heard before a connection ends."""

_PIECE_BYTES = 1 << 16


@dataclass(frozen=True)
class Toxic:
    """One event.

    Attributes:
        kind: `down`: all connections end, and for a while there are no others. `timeout`: nothing
            passes any more, and a while later the connections end. `reset_peer`: all connections
            end by a RST, as at a server that has forgotten them. `limit_data`: this one ends.
        way: The way whose bytes are counted.
        after: How many bytes pass before it, of all connections together.
        on: Instead of a number: a text in the bytes. It passes, and nothing after it.
        forever: For `down`: nobody is to be reached any more. For `timeout`: the connections do
            not end.
    """

    kind: Kind
    way: Way = "upstream"
    after: int = 0
    on: bytes | None = None
    forever: bool = False


class Proxy:
    """A port of loopback that leads to a server.

    Attributes:
        port: Connect here.
        passed: How many bytes have passed each way since `arm` was last called.
        happened: Whether the event has come.
    """

    def __init__(self, server_port: int, *, slice_bytes: int = 0, latency: float = 0.0) -> None:
        """Listen.

        Args:
            server_port: Where it leads.
            slice_bytes: `slicer`: the bytes come in pieces of this size.
            latency: `latency`: the seconds that each piece takes.
        """
        self._to = server_port
        self._slice_bytes, self._latency = slice_bytes, latency
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._going = asyncio.Event()
        self._going.set()
        self.port = 0
        self.arm(None)
        self._thread.start()
        self._do(self._listen())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        """Take it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all connections, and the thread."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def arm(self, toxic: Toxic | None) -> None:
        """Say what is to happen; bytes are counted from here."""
        self.toxic = toxic
        self.passed: dict[Way, int] = {"upstream": 0, "downstream": 0}
        self.happened = False

    def up(self) -> None:
        """Be to be reached again, with nothing to come."""
        self.arm(None)
        self._do(self._listen())

    def through(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Return the settings that name the server's database by this port."""
        return settings | {"port": self.port}

    async def _listen(self) -> None:
        self._going.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _serve(self, client: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        try:
            source, server = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            to.close()
            return
        for writer in (to, server):
            self._writers.add(writer)
        ways: tuple[tuple[asyncio.StreamReader, asyncio.StreamWriter, Way], ...] = (
            (client, server, "upstream"),
            (source, to, "downstream"),
        )
        both = {asyncio.create_task(self._pass(*way)) for way in ways}
        self._tasks |= both
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for writer in (to, server):
            self._writers.discard(writer)
            writer.close()
        await asyncio.wait(both)
        self._tasks -= both

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, way: Way) -> None:
        with suppress(OSError):
            while data := await source.read(self._slice_bytes or _PIECE_BYTES):
                if self._latency:
                    await asyncio.sleep(self._latency)
                room = self._room(way, data)
                await self._going.wait()  # not a byte meanwhile, whoever waits for it
                self.passed[way] += min(len(data), room)
                to.write(data[:room])
                await to.drain()
                if room < len(data) or self._is_at(way, data):
                    self._happen()
                    if self.toxic is not None and self.toxic.kind == "limit_data":
                        return

    def _room(self, way: Way, data: bytes) -> int:
        toxic = self.toxic
        if toxic is None or self.happened or toxic.way != way or toxic.on is not None:
            return len(data)
        return max(0, min(len(data), toxic.after - self.passed[way]))

    def _is_at(self, way: Way, data: bytes) -> bool:
        toxic = self.toxic
        is_there = toxic is not None and toxic.way == way and not self.happened
        return is_there and toxic is not None and toxic.on is not None and toxic.on in data

    def _happen(self) -> None:
        toxic = self.toxic
        assert toxic is not None
        self.happened = True
        if toxic.kind == "limit_data":
            return
        if toxic.kind == "timeout":
            self._going.clear()
            if toxic.forever:
                return
            self._later(self._end)
        elif toxic.kind == "reset_peer":
            for writer in self._writers:
                linger = struct.pack("ii", 1, 0)  # RST instead of FIN
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
            self._end()
        else:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
            self._end()
            if not toxic.forever:
                self._later(lambda: self._tasks.add(self._loop.create_task(self._listen())))

    def _later(self, work: Callable[[], object]) -> None:
        self._loop.call_later(DOWN_SECONDS, work)

    def _end(self) -> None:
        self._going.set()
        for writer in self._writers:
            writer.transport.abort()

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._end()
        for task in list(self._tasks):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)
