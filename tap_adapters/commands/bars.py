"""What a person at a terminal sees of long work while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tap_adapters.sources.snapshot import Progress


@contextmanager
def bars() -> Iterator[Progress]:
    """Show on a terminal how many rows of which table are done; elsewhere nothing."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.completed:,} rows"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:

        def progress(table: str, rows: int) -> None:
            if table not in tasks:
                tasks[table] = shown.add_task(table, total=None)
            shown.advance(tasks[table], rows)

        yield progress
