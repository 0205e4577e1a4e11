"""What a table keeps beside its types, as data: NOT NULL, uniques, indexes, foreign keys."""

from __future__ import annotations

from dataclasses import dataclass

COLUMN, FOREIGN = "column", "foreign key"


@dataclass(frozen=True, slots=True, order=True)
class Constraint:
    """One thing that a table keeps beside its types.

    Attributes:
        kind: `column` (NOT NULL, default, comment), `unique`, `index`, `check`, `comment` (the
            table's) or `foreign key`.
        name: Its name; the column's, the table's.
        columns: Its columns in order.
        required: Whether the column takes no NULL.
        sql: The check; the column's default.
        comment: The comment.
        table: The table that a foreign key leads to.
        to_columns: That table's columns.
        on_update: What a change there does here: `NO ACTION`, `CASCADE` and so on.
        on_delete: What a delete there does here.
    """

    kind: str
    name: str
    columns: tuple[str, ...] = ()
    required: bool = False
    sql: str = ""
    comment: str = ""
    table: str = ""
    to_columns: tuple[str, ...] = ()
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"

    @property
    def is_harmless(self) -> bool:
        """Whether no row can run into it, and no value comes from it."""
        if self.kind == COLUMN:
            return not (self.required or self.sql)
        return self.kind in {"index", "comment"}


@dataclass(frozen=True, slots=True)
class Statements:
    """How a backend puts a constraint on a table, and how it takes it off again.

    Attributes:
        put: The statements that put it on.
        lift: Those that take it off; after a foreign key itself the index of its name.
    """

    put: tuple[str, ...]
    lift: tuple[str, ...]
