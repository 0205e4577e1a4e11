"""The second half of the story: Postgres is damaged, and a commit is carried back into it."""

# ruff: noqa: S603, T201 - its own programs and queries, and a demo speaks on stdout

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from demo import nyc_flights
from demo.pipe import Pipe
from demo.postgres import DATABASE, HOST, USER, Postgres

DAMAGE = (
    "DELETE FROM flights WHERE carrier = 'UA'",
    "UPDATE weather SET temp = 0 WHERE origin = 'JFK'",
    "UPDATE planes SET model = 'unknown', seats = NULL WHERE year < 2000",
)


@dataclass(frozen=True)
class Damaged:
    """What a statement has done, as psql counted it."""

    statement: str
    rows: int


def damage(server: Postgres) -> list[Damaged]:
    """Delete and overwrite rows."""
    counted = "WITH hit AS ({} RETURNING 1) SELECT count(*) FROM hit"
    return [Damaged(one, int(server.run(counted.format(one)))) for one in DAMAGE]


def contents(server: Postgres) -> dict[str, str]:
    """Return each table's rows in one hash, taken by Postgres itself."""
    query = "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {} t"
    return {table: server.run(query.format(table)) for table in nyc_flights.TABLES}


@dataclass(frozen=True)
class Sync:
    """`dolt-sync` between the database and Postgres, as a shell would run it."""

    pipe: Pipe
    server: Postgres

    @property
    def url(self) -> str:
        """Postgres's URL; the password comes from PGPASSWORD."""
        return f"postgresql://{USER}@{HOST}:{self.server.port}/{DATABASE}"

    def run(self, command: str, *options: str) -> int:
        """Run a command, print it with what it prints, and return its exit code."""
        arguments = ["dolt-sync", command, self.pipe.database, self.url, *options]
        print("$", *arguments)
        done = subprocess.run(
            [self.pipe.loader / arguments[0], *arguments[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.pipe.directory,
            env={**os.environ, "PGPASSWORD": self.server.password},
        )
        lines = done.stdout.splitlines()
        print("\n".join(lines[:SHOWN_LINES]))
        if len(lines) > SHOWN_LINES:
            print(f"(and {len(lines) - SHOWN_LINES} lines more; the last one:)\n{lines[-1]}")
        print(f"exit code {done.returncode}")
        return done.returncode


SHOWN_LINES = 16
"""Lines of one command that are shown: `verify` names the keys of rows, up to 20 a table."""
