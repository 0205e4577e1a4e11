"""Load Postgres, change some rows, load again, look at the history, load a third time; then damage
Postgres, and carry a commit back into it.

Nothing printed is made up: each figure is read from Postgres or from the database.
"""

# ruff: noqa: S608, T201 - the queries are its own, and a demo speaks on stdout

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from demo import nyc_flights
from demo.pipe import FILE, Pipe, Run
from demo.postgres import Postgres, running_postgres
from demo.recovery import Sync, contents, damage

CHANGES = (
    "UPDATE airlines SET name = 'Endeavor Air' WHERE carrier = '9E'",
    "INSERT INTO planes (tailnum, year, model) VALUES ('N2026X', 2012, 'A220-300')",
    "UPDATE flights SET dep_delay = dep_delay + 60 WHERE day = 1 AND flight IN (1545, 1714)",
)
DIFFERENT = 3
"""The exit code of `dolt-sync verify` where a table differs."""
CHANGED = {"airlines": 1, "planes": 1, "flights": 2}
"""How many rows of each table the changes touch."""


def main() -> None:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--tap", type=Path, required=True, help="the tap-postgres program")
    parser.add_argument("--loader", type=Path, required=True, help="the folder of target-dolt")
    parser.add_argument(
        "--dest",
        type=Path,
        help="where to keep the database: a new directory, with Dolt, or a new file.db",
    )
    options = parser.parse_args()
    if options.dest is None:
        print("All is removed at the end: make demo DEST=flights.db keeps the database.")
    else:
        _check(options.dest)
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _stop)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="target-dolt-demo-") as name:
        directory = Path(name).resolve()
        place = directory / "postgres-server"
        place.mkdir()
        directory.chmod(0o755)  # where this runs as root, Postgres runs as somebody else
        say("A Postgres of our own, filled with flights from New York City")
        with running_postgres(place) as server:
            nyc_flights.fill(server)
            print(server.run("SELECT version()").split(" on ")[0])
            (directory / "tap.json").write_text(
                json.dumps({**server.settings(), "filter_schemas": ["public"]})
            )
            pipe = _pipe(options, directory)
            print(f"The tap finds {', '.join(pipe.select_all())}")
            tell(server, pipe)
    print(f"\nThe whole demo took {time.monotonic() - began:.0f} seconds.")
    if options.dest is not None:
        _show_how_to_look(options.loader / "dolt-sync", options.dest)


def _show_how_to_look(program: Path, dest: Path) -> None:
    """Print commands for the database that was kept."""
    print(f"The database stays in {dest}: look at it, and remove it when you are done.")
    for words in ("log {}", "diff {} --table flights", "sql {}"):
        print(f"  {program} {words.format(dest)}")


def _check(dest: Path) -> None:
    """Refuse what the demo would fail at when Postgres is up."""
    if dest.suffix != FILE and shutil.which("dolt") is None:
        sys.exit(
            f"DEST needs the `dolt` program on PATH (github.com/dolthub/dolt has it), or a name "
            f"that ends in {FILE}, for a DoltLite file"
        )
    if dest.exists():
        sys.exit(f"'{dest}' exists already, and the demo begins with nothing: name another")


def _pipe(options: argparse.Namespace, directory: Path) -> Pipe:
    """Return the pipe into DoltLite's default file, or into a Dolt database at `--dest`."""
    programs = options.tap.absolute(), options.loader.absolute()
    if options.dest is None:
        return Pipe(*programs, directory)
    dest = str(options.dest.absolute())
    config = directory / "target.json"
    is_file = options.dest.suffix == FILE
    config.write_text(json.dumps({"path": dest, "create_database": not is_file}))
    print(f"The loader's settings: {config.read_text()}")
    return Pipe(*programs, directory, dest, Path("target.json"))


def _stop(signum: int, frame: FrameType | None) -> None:
    """End by way of every `finally`."""
    del frame
    sys.exit(128 + signum)


def tell(server: Postgres, pipe: Pipe) -> None:
    """Tell the story, and stop where the database says something else."""
    yesterday = contents(server)
    say("First run")
    first = run(pipe)
    rows = {table: nyc_flights.count(server, table) for table in nyc_flights.TABLES}
    counts = ", ".join(f"(SELECT count(*) FROM {table}) AS {table}" for table in rows)
    [in_dolt] = pipe.ask(f"SELECT {counts}")
    for table, in_postgres in rows.items():
        print(f"{table}: {in_postgres:,} rows in Postgres, {in_dolt[table]:,} in {pipe.database}")
    expect(in_dolt == rows, "all rows")
    total = sum(rows.values())
    print(f"{total:,} records in {first.seconds:.1f} s: {total / first.seconds:,.0f} a second")
    made = commits(pipe)

    say("Some rows change in Postgres")
    for change in CHANGES:
        print(f"{change};")
        server.run(change)

    say("Second run: the tap sends everything again, the commit holds what differs")
    run(pipe)

    say("The log")
    show(
        pipe,
        "SELECT substr(commit_hash, 1, 10) AS hash, date, "
        "replace(message, char(10), ' ') AS message FROM dolt_log",
    )

    say("The diff between the two runs: just the rows that changed")
    after = commits(pipe)
    old = f"HEAD~{after - made}"
    stat = (
        "SELECT table_name, rows_added, rows_modified, rows_deleted, rows_unmodified "
        f"FROM dolt_diff_stat('{old}', 'HEAD') WHERE table_name NOT LIKE '|_%' ESCAPE '|'"
    )
    show(pipe, stat)
    touched = {
        row["table_name"]: row["rows_added"] + row["rows_modified"] + row["rows_deleted"]
        for row in pipe.ask(stat)
    }
    expect(touched == CHANGED, f"changes of {CHANGED} and nothing else, found {touched}")
    names = "diff_type, to_carrier, from_name, to_name"
    show(pipe, f"SELECT {names} FROM {pipe.diff('airlines', old)}")
    names = "diff_type, to_tailnum, to_year, to_model"
    show(pipe, f"SELECT {names} FROM {pipe.diff('planes', old)}")
    names = "diff_type, to_carrier, to_flight, from_dep_delay, to_dep_delay"
    show(pipe, f"SELECT {names} FROM {pipe.diff('flights', old)}")

    say("The past: a query as of a commit, now and before the second run")
    query = "SELECT * FROM airlines WHERE carrier = '9E'"
    show(pipe, query)
    show(pipe, query, "--at", old)

    say("Third run: nothing has changed, so there is no commit")
    third = run(pipe)
    at_last = commits(pipe)
    print(f"{third.states} STATE lines passed on; commits before: {after}, after: {at_last}")
    expect(at_last == after, "no commit in the third run")
    recover(Sync(pipe, server), old, yesterday)


def recover(sync: Sync, old: str, yesterday: dict[str, str]) -> None:
    """Damage Postgres, and carry a commit back into it.

    Args:
        sync: What carries it.
        old: The commit.
        yesterday: What Postgres itself said of its tables then.
    """
    say("An accident in Postgres: rows are deleted and overwritten")
    for one in damage(sync.server):
        print(f"{one.statement};\n  {one.rows:,} rows")
    expect(sync.run("verify", "--at", old) == DIFFERENT, "differences after the accident")

    say("The commit before today's changes is carried back: only rows that differ are touched")
    expect(sync.run("restore", "--at", old, "--overwrite") == 0, "a restore without an error")

    say("And compared: by dolt-sync with the commit, by Postgres with what it held at the start")
    expect(sync.run("verify", "--at", old) == 0, "no difference after the restore")
    now = contents(sync.server)
    for table, text in now.items():
        print(f"{table}: md5 {yesterday[table]} at the start, {text} now")
    expect(now == yesterday, "the tables as they were at the start")


def run(pipe: Pipe) -> Run:
    """Run the pipe, and print what its loader told of commits."""
    print("$ tap-postgres --config tap.json --catalog catalog.json |", *pipe.loading)
    done = pipe.run()
    print("\n".join(done.log))
    return done


def commits(pipe: Pipe) -> int:
    """Return how many commits the branch has."""
    return int(pipe.ask("SELECT count(*) AS n FROM dolt_log")[0]["n"])


def show(pipe: Pipe, query: str, *options: str) -> None:
    """Print a question to the database and its answer."""
    print("$", *pipe.command(f'"{query}"', *options))
    print(pipe.show(query, *options), end="")


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}")


def expect(found: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Stop where the database is not as the demo says."""
    if not found:
        sys.exit(f"expected {what}")


if __name__ == "__main__":
    main()
