"""A server's named lock, as a run holds it: on a connection of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from target_dolt.errors import LockedError


@contextmanager
def named_lock(connection: sa.Connection, name: str) -> Iterator[Callable[[], None]]:
    """Hold a lock of this name; gives a function that makes sure of it, by a round trip.

    A server ends a connection that is silent for long, after eight hours by default, and its locks
    with it: only a statement on it tells.
    https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html#sysvar_wait_timeout

    Raises:
        LockedError: Another connection holds it.
    """

    def take() -> None:
        with connection.begin():
            # GET_LOCK counts how often its owner takes it; this does not.
            if connection.execute(_IS_OURS, {"name": name}).scalar() == 1:
                return
            if connection.execute(_GET_LOCK, {"name": name}).scalar() == 1:
                return
            owner = connection.execute(_LOCK_OWNER, {"name": name}).scalar()
        msg = f"connection {owner} of the server holds it"
        raise LockedError(msg)

    take()
    yield take
    # On a lost connection the server has freed it already.
    with contextlib.suppress(sa.exc.DBAPIError), connection.begin():
        connection.execute(_RELEASE_LOCK, {"name": name})


_IS_OURS = sa.text("SELECT IS_USED_LOCK(:name) = CONNECTION_ID()")
_GET_LOCK = sa.text("SELECT GET_LOCK(:name, 0)")
_LOCK_OWNER = sa.text("SELECT IS_USED_LOCK(:name)")
_RELEASE_LOCK = sa.text("SELECT RELEASE_LOCK(:name)")
