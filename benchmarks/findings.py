"""Files of messages that are measured, and lines that say what was found."""

# ruff: noqa: T201 - a benchmark prints what it found

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write(path: Path, messages: Iterable[str]) -> None:
    """Write messages into a file, one line each."""
    with path.open("w") as file:
        file.writelines(f"{line}\n" for line in messages)


def told(text: str) -> None:
    """Print one finding."""
    print(f"  {text}", flush=True)


def rate(what: str, records: int, seconds: float, start_up: float, raw: float) -> None:
    """Print a load's speed, and its ratio to the raw statements."""
    net = seconds - start_up
    without = "the machine was too busy to tell start-up apart"
    if net > 0:
        without = f"{records / net:,.0f} without start-up ({raw / net:.2f} of raw)"
    whole = f"{records / seconds:,.0f} records/s end to end ({raw / seconds:.2f} of raw)"
    told(f"{what}: {whole}, {without}")
