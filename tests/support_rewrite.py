"""Histories with dates of their own, and what each of their commits holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from support import Place, record, schema, state
from support_values import ID

DOG = {"id": ID, "name": {"type": ["null", "string"]}}
ANN = "Ann <ann@example.org>"


def days_ago(days: int) -> str:
    """Return a moment so many days ago, as `dolt_commit` takes it."""
    moment = dt.datetime.now(tz=dt.timezone.utc) - dt.timedelta(days=days)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def load_dog(place: Place, number: int, days: int, name: str = "Rex", **settings: Any) -> None:
    """Load a dog as a commit, made so many days ago."""
    messages = [schema("dogs", DOG), record("dogs", id=number, name=name), state({"n": number})]
    place.load(messages, **settings)
    branch = settings.get("branch")
    ((message,),) = place.query("SELECT message FROM dolt_log LIMIT 1", at=branch)
    place.call(
        "dolt_commit", "--amend", "-m", message, "--author", ANN, "--date", days_ago(days),
        at=branch,
    )  # fmt: skip


def head(place: Place, ref: str = "main") -> str:
    """Return the hash that a branch or a tag has."""
    ((found,),) = place.query(f"SELECT dolt_hashof('{ref}')")
    return str(found)


def history(place: Place, branch: str = "main") -> list[tuple[str, ...]]:
    """Return date, author and message of each commit, the oldest first, the engine's left out."""
    query = "SELECT date, committer, email, message FROM dolt_log"
    rows = [tuple(map(str, row)) for row in place.query(query, at=branch)]
    return rows[-2::-1]


def contents(place: Place, ref: str = "main") -> dict[str, str]:
    """Return the hash of the content of each table at a branch, tag or commit."""
    names = [*place.tables(at=ref), "_target_dolt_columns", "_target_dolt_state"]
    return {
        name: str(place.query("SELECT dolt_hashof_table(:name)", at=ref, name=name)[0][0])
        for name in names
    }


def line(place: Place, branch: str = "main") -> list[str]:
    """Return the hashes of a branch's commits, the oldest first, the engine's left out."""
    rows = place.query("SELECT commit_hash FROM dolt_log", at=branch)
    return [commit for (commit,) in rows][-2::-1]
