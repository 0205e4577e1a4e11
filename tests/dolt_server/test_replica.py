"""A second server that follows the one that a load writes to: whole commits, while it loads."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pymysql
from support import Place, state
from support_dolt import DoltServer, needs_dolt, numbered, numbered_stream
from support_state import Watched

pytestmark = needs_dolt


def _primary(directory: Path, remote: Path) -> tuple[DoltServer, Place]:
    """Start a server that pushes each commit to a remote."""
    directory.mkdir()
    remote.mkdir()
    server = DoltServer(directory)
    server.start()
    place = Place(server.new_database(), directory)
    name = place.config["database"]
    server.execute(
        f"USE {name}",
        f"CALL dolt_remote('add', 'origin', 'file://{remote}')",
        "CALL dolt_push('origin', 'main')",
        "SET PERSIST dolt_replicate_to_remote = 'origin'",
    )
    server.stop()
    server.start()
    return server, place


def _replica(directory: Path, remote: Path, name: str) -> DoltServer:
    """Start a server on a clone, which pulls at the start of each transaction."""
    data = directory / "data"
    data.mkdir(parents=True)
    home = {"HOME": str(directory)}
    (directory / ".dolt").mkdir()
    (directory / ".dolt" / "config_global.json").write_text(
        '{"user.name": "replica", "user.email": "replica@localhost"}'
    )
    subprocess.run(
        ["dolt", "clone", f"file://{remote}", name],
        cwd=data,
        env={**os.environ, **home},
        check=True,
        capture_output=True,
    )
    server = DoltServer(directory, data=data)
    server._variables |= {"dolt_read_replica_remote": "origin", "dolt_replicate_heads": "main"}
    server.start()
    return server


def test_a_replica_has_each_commit_as_its_state_goes_out(tmp_path: Path) -> None:
    """Its readers see what a STATE vouches for, never a run's branch or half of a commit."""
    remote = tmp_path / "remote"
    server, place = _primary(tmp_path / "primary", remote)
    name = place.config["database"]
    try:
        replica = _replica(tmp_path / "replica", remote, name)
        try:
            seen: list[int] = []

            def look() -> None:
                with replica.connect(name) as connection, connection.cursor() as cursor:
                    try:
                        cursor.execute("SELECT count(*) FROM t")
                    except pymysql.err.ProgrammingError:  # no such table yet
                        seen.append(0)
                    else:
                        seen.extend(count for (count,) in cursor.fetchall())

            rows = [numbered(number) for number in range(60)]
            states = Watched(place).load(
                numbered_stream(["id"]),
                *rows[:20], look, state({"n": 1}), look,
                *rows[20:40], look, state({"n": 2}), look,
                *rows[40:], look, state({"n": 3}),
                batch_size_rows=5, commit_interval_seconds=0,
            )  # fmt: skip
            look()
            assert states == ['{"n":1}', '{"n":2}', '{"n":3}']
            assert seen[-1] == 60
            assert set(seen) <= {0, 20, 40, 60}
            heads = [
                one.execute(f"USE {name}", "SELECT dolt_hashof('main')")
                for one in (server, replica)
            ]
            assert heads[0] == heads[1]
            assert replica.execute(f"USE {name}", "SELECT name FROM dolt_branches") == [("main",)]
        finally:
            replica.stop()
    finally:
        server.stop()
