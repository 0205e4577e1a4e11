"""A PyMySQL connection that waits neither for who never speaks nor for who is gone."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR

KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
"""When a peer that says nothing is asked whether it is there: after so many seconds, so often, and
so many times. Without it a machine that was switched off is waited for, as its answer may be slow.
"""


class BoundedConnection(Connection):
    """A connection whose handshake is bounded by `connect_timeout`, and whose peer is looked at.

    Attributes:
        kind: What is to be there, for messages.
    """

    kind = "MySQL"
    _read_timeout: float | None
    _write_timeout: float | None

    def connect(self, sock: Any = None) -> None:
        """Connect; who never speaks is waited for as long as who takes no connection.

        PyMySQL bounds the handshake by the time-outs of statements, which may take an hour.
        """
        bounds = self._read_timeout, self._write_timeout
        self._read_timeout = self._write_timeout = self.connect_timeout
        try:
            super().connect(sock)
        except pymysql.err.OperationalError as error:
            if error.args[0] == CR.CR_SERVER_LOST and isinstance(error.__context__, TimeoutError):
                msg = (
                    f"{self.host}:{self.port} took the connection and said nothing for "
                    f"{self.connect_timeout} seconds; is a {self.kind} server there, and is it "
                    "well?"
                )
                raise pymysql.err.OperationalError(CR.CR_CONN_HOST_ERROR, msg) from error
            raise
        finally:
            self._read_timeout, self._write_timeout = bounds
        with suppress(OSError):  # a Unix socket has no peer to be lost
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in KEEPALIVE.items():
                if hasattr(socket, name):  # Linux has all of them
                    self._sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
