"""Write anew what the tests keep of real taps' output: `make fixtures`.

Each run of each tap is a file as the tap wrote it; what its source held then, asked by a query, is
beside them in `content.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from support_pets import STEPS
from support_sources import MariaDB, Postgres, running_mariadb, running_postgres
from support_taps import LOG_TAPS, LogTap, last_state

RECORDED = Path(__file__).parent / "data" / "taps"


def main() -> None:
    """Run every tap that reads a log."""
    with ExitStack() as stack:
        servers: dict[str, Postgres | MariaDB] = {
            "postgres": stack.enter_context(running_postgres()),
            "mariadb": stack.enter_context(running_mariadb()),
        }
        for tap in LOG_TAPS.values():
            folder = RECORDED / tap.name
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as name:
                record(tap, servers[tap.server].with_new_database(), Path(name), folder)
            sys.stdout.write(f"{folder}\n")


def record(tap: LogTap, server: Postgres | MariaDB, directory: Path, folder: Path) -> None:
    """Take a tap through all steps, each from the STATE that it wrote last."""
    content = {}
    reader = None
    for number, step in enumerate(STEPS):
        server.run(tap.source.statements.get(step, ""))
        if reader is None:
            reader = tap.on(server, directory)
            reader.select("LOG_BASED")
        if step == "anew":
            reader.state = None
        lines = reader.run()
        reader.state = last_state(lines)
        (folder / f"{number}-{step}.singer").write_text("".join(f"{line}\n" for line in lines))
        content[step] = tap.source.content(server)
    (folder / "content.json").write_text(
        json.dumps(content, default=_number, ensure_ascii=False, indent=1) + "\n"
    )


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    raise TypeError(type(value))


if __name__ == "__main__":
    main()
