"""`tap | loader`, as a shell would run it, and questions to the database that comes of it."""

# ruff: noqa: S603 - the programs are the ones that the caller names

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = ".db"
"""What a DoltLite file's name ends in."""


@dataclass(frozen=True)
class Run:
    """What one run of the pipe was like."""

    seconds: float
    states: int
    log: list[str]
    """The loader's own lines about commits, without their time stamps."""


@dataclass(frozen=True)
class Pipe:
    """A tap and the loader, in a directory where the database comes to lie."""

    tap: Path
    loader: Path
    """The folder with `target-dolt` and `dolt-sync`."""
    directory: Path
    database: str = "dolt.db"
    """As `dolt-sync` takes it: the loader's own default, or what `config` says."""
    config: Path | None = None
    """The loader's settings; None for no settings at all."""

    @property
    def loading(self) -> list[str]:
        """The loader's command."""
        options = [] if self.config is None else ["--config", str(self.config)]
        return ["target-dolt", *options]

    def select_all(self) -> list[str]:
        """Write the tap's catalog with every stream selected; return their names."""
        command = [self.tap, "--config", "tap.json", "--discover"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=self.directory
        )
        catalog = json.loads(done.stdout)
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = True
        (self.directory / "catalog.json").write_text(json.dumps(catalog))
        return [stream["tap_stream_id"] for stream in catalog["streams"]]

    def run(self) -> Run:
        """Run the pipe once."""
        logs = [self.directory / name for name in ("tap.log", "target.log")]
        began = time.monotonic()
        with logs[0].open("w") as tap_log, logs[1].open("w") as target_log:
            tap = subprocess.Popen(
                [self.tap, "--config", "tap.json", "--catalog", "catalog.json"],
                stdout=subprocess.PIPE,
                stderr=tap_log,
                cwd=self.directory,
            )
            try:
                target = subprocess.run(
                    [self.loader / "target-dolt", *self.loading[1:]],
                    stdin=tap.stdout,
                    stdout=subprocess.PIPE,
                    stderr=target_log,
                    cwd=self.directory,
                    text=True,
                    check=False,
                )
            except BaseException:
                tap.kill()
                raise
            finally:
                if tap.stdout is not None:
                    tap.stdout.close()
                tap.wait()
        for code, log in zip((tap.returncode, target.returncode), logs, strict=True):
            if code != 0:
                msg = f"the pipe failed, exit code {code}:\n{log.read_text()[-4000:]}"
                raise RuntimeError(msg)
        told = [line.split(" | ")[-1] for line in logs[1].read_text().splitlines()]
        return Run(
            time.monotonic() - began,
            len(target.stdout.splitlines()),
            [line for line in told if line.startswith(("Committed", "No `path`"))],
        )

    def command(self, query: str, *options: str) -> list[str]:
        """Return the command that asks the database something."""
        return ["dolt-sync", "sql", self.database, *options, query]

    def diff(self, table: str, old: str) -> str:
        """Return what has a table's changes since a commit, in the SQL of the database."""
        if self.database.endswith(FILE):
            return f"dolt_diff_{table}('{old}', 'HEAD')"  # DoltLite's
        return f"dolt_diff('{old}', 'HEAD', '{table}')"

    def show(self, query: str, *options: str) -> str:
        """Return what `dolt-sync sql` prints for a query."""
        name, *arguments = self.command(query, *options)
        done = subprocess.run(
            [self.loader / name, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.directory,
        )
        if done.returncode != 0:
            msg = f"dolt-sync: {done.stderr.strip()}"
            raise RuntimeError(msg)
        return done.stdout

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return a query's rows."""
        lines = self.show(query, "--format", "json").splitlines()
        return [json.loads(line) for line in lines]
