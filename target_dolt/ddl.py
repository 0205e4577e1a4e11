"""A table as SQLAlchemy describes it, for DDL and statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from target_dolt.dialect import ColumnType
from target_dolt.table import Table


def sa_table(table: Table, ddl: Callable[[ColumnType], ColumnType], **options: Any) -> sa.Table:
    """Return SQLAlchemy's description of a table, for DDL and statements."""
    columns: Iterable[sa.Column[Any]] = (
        sa.Column(
            name,
            ddl(column_type),
            primary_key=name in table.key,
            autoincrement=False,
            nullable=name not in table.key,
        )
        for name, column_type in table.types.items()
    )
    key = sa.PrimaryKeyConstraint(*table.key) if table.key else None
    parts = [*columns, key] if key is not None else list(columns)
    return sa.Table(table.name, sa.MetaData(), *parts, **options)
