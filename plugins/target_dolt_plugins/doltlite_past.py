"""The last commit of a DoltLite branch, attached as a database.

A commit's own `dolt_at_` function numbers rows anew and reads all of them for the last key: in
what is attached rows have their numbers, and a key is found at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

if TYPE_CHECKING:
    from target_dolt_plugins.doltlite_dialect import DoltLiteDialect

PAST = "past"
"""What the branch's last commit is called while it is attached."""

_FILE = "SELECT file FROM pragma_database_list WHERE name = 'main'"


def attach_head(connection: sa.Connection) -> None:
    """Attach the branch's last commit as the database `past`, until the transaction ends."""
    dialect = cast("DoltLiteDialect", connection.dialect)
    if dialect.attached is None:
        head = connection.exec_driver_sql("SELECT dolt_hashof('HEAD')").scalar()
        # Not the connection's own URL: it names a branch, or none, and a file may have an @ too.
        [file] = connection.exec_driver_sql(_FILE).scalars()
        connection.exec_driver_sql(f"ATTACH ? AS {PAST}", (f"{file}@{head}",))
        dialect.attached = PAST
