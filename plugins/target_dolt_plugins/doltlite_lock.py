"""A lock file beside a DoltLite database."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from target_dolt.errors import ConfigError, LockedError


@contextmanager
def lock_file(database: Path, name: str) -> Iterator[Callable[[], None]]:
    """Hold the lock of a name; by whatever symbolic link the file was reached, it is the same.

    Raises:
        ConfigError: There can be no file beside the database.
        LockedError: Another process holds the lock.
    """
    import fcntl  # noqa: PLC0415 - not on Windows, where there is no DoltLite either

    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    file = database.resolve()
    path = file.parent / f".{file.name}-{digest}.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        msg = (
            f"'{database}' cannot be loaded into: a run holds a lock file beside it, and "
            f"'{path.name}' cannot be made there: {error.strerror}; nothing was changed"
        )
        raise ConfigError(msg) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip()
            msg = f"process {owner or 'unknown'} holds it"
            raise LockedError(msg) from None
        with suppress(OSError):  # a full disk; it is the lock that counts
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield _keep
    finally:
        os.close(descriptor)


def _keep() -> None:
    """A lock file is held as long as it is open."""
