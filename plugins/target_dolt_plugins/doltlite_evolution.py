"""How a DoltLite table evolves.

SQLite adds columns, and changes no type: where a type must be
stored in another way, the table is made anew beside the old one, in the same transaction.
https://sqlite.org/lang_altertable.html#otheralter"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from target_dolt import Table
from target_dolt.errors import IncompatibleChangeError
from target_dolt_plugins.doltlite_rowids import rowid_name
from target_dolt_plugins.doltlite_types import rewriting, storage
from target_dolt_plugins.doltlite_writer import describe

_BESIDE = "_target_dolt_rebuilt"

_INDEXES = sa.text(
    "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND type IN ('index', 'trigger') "
    "AND sql IS NOT NULL"
)
"""What goes with a table that is dropped: indexes that somebody has made."""


def alter(connection: sa.Connection, old: Table, new: Table) -> None:
    """Give the table `old` the columns and types of `new`."""
    functions = _functions(connection, old, new)
    changed = old.required - new.required | {
        name
        for name in old.types
        if type(storage(old.types[name]).ddl) is not type(storage(new.types[name]).ddl)
    }
    if changed:
        _check_rebuild(connection, old, sorted(changed))
        _check_numbers(connection, old, new)
        _rebuild(connection, old, new, functions)
        return
    _add(connection, old, new)
    if functions:
        table = describe(new)
        changes = {name: function(table.c[name]) for name, function in functions.items()}
        connection.execute(table.update().values(changes))


def _check_rebuild(connection: sa.Connection, table: Table, changed: Sequence[str]) -> None:
    """Raise where a table has something that would not be there any more if it were made anew."""
    inspector = sa.inspect(connection)
    columns = inspector.get_columns(table.name)
    lost = [f"the DEFAULT of '{one['name']}'" for one in columns if one["default"] is not None]
    lost += [f"the generated column '{one['name']}'" for one in columns if "computed" in one]
    if inspector.get_check_constraints(table.name):
        lost.append("a CHECK")
    if inspector.get_foreign_keys(table.name):
        lost.append("a REFERENCES")
    if lost:
        names = ", ".join(f"'{name}'" for name in changed)
        msg = (
            f"table '{table.name}': to change {names}, DoltLite makes the table anew, and that "
            f"would lose {', '.join(lost)}, which somebody has added; take that off the "
            "table, or load the stream into another one with `table_map`"
        )
        raise IncompatibleChangeError(msg)


def _check_numbers(connection: sa.Connection, old: Table, new: Table) -> None:
    """Raise where a column that becomes a REAL has whole numbers that no double has.

    SQLite keeps such in a DECIMAL that a person has declared, and would round them.
    """
    for name in old.types:
        if isinstance(storage(new.types[name]).ddl, sa.REAL):
            column = describe(old).c[name]
            rounded = sa.cast(sa.cast(column, sa.REAL), sa.BIGINT)
            query = sa.select(sa.literal(1)).where(
                sa.func.typeof(column) == "integer", rounded != column
            )
            if connection.execute(query.limit(1)).first() is not None:
                msg = (
                    f"table '{old.name}': DoltLite makes the table anew, and that would round "
                    f"whole numbers of '{name}', which somebody has declared as a DECIMAL: make it "
                    "a BIGINT or a TEXT, or load the stream into another table with `table_map`"
                )
                raise IncompatibleChangeError(msg)


def _functions(
    connection: sa.Connection, old: Table, new: Table
) -> Mapping[str, Callable[[Any], Any]]:
    """Register what rewrites the values of a column, for each that needs it."""
    driver: Any = connection.connection.driver_connection
    functions = {}
    for number, (name, before) in enumerate(old.types.items()):
        rewrite = rewriting(before, new.types[name])
        if rewrite is None or before == new.types[name]:
            continue
        driver.create_function(
            f"target_dolt_rewrite_{number}",
            1,
            lambda value, rewrite=rewrite: None if value is None else rewrite(value),
            deterministic=True,
        )
        functions[name] = getattr(sa.func, f"target_dolt_rewrite_{number}")
    return functions


def _add(connection: sa.Connection, old: Table, new: Table) -> None:
    described = describe(new)
    compiler = connection.dialect.ddl_compiler(connection.dialect, None)  # type: ignore[arg-type]
    name = connection.dialect.identifier_preparer.format_table(described)
    for column in described.columns:
        if column.name not in old.types:
            specification = compiler.get_column_specification(column)
            connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {specification}")


def _rebuild(
    connection: sa.Connection,
    old: Table,
    new: Table,
    functions: Mapping[str, Callable[[Any], Any]],
) -> None:
    source = describe(old)
    beside_it = connection.execute(_INDEXES, {"table": old.name}).scalars().all()
    beside = describe(Table(_BESIDE, new.types, new.key))
    connection.execute(sa.schema.CreateTable(beside))
    names = list(old.types)
    values = [
        functions[name](source.c[name]) if name in functions else source.c[name] for name in names
    ]
    number = rowid_name(source.columns.keys())
    if not old.key and number is not None:
        # Rows without a key are told apart by their number: it stays theirs.
        rowid: sa.ColumnClause[Any] = sa.column(number)
        names, values = [rowid.name, *names], [rowid, *values]
        beside = sa.table(_BESIDE, *(sa.column(name) for name in names))  # type: ignore[assignment]
    rows = sa.select(*values).select_from(source)
    connection.execute(sa.insert(beside).from_select(names, rows))
    connection.execute(sa.schema.DropTable(source))
    quote = connection.dialect.identifier_preparer.quote
    connection.exec_driver_sql(f"ALTER TABLE {quote(_BESIDE)} RENAME TO {quote(old.name)}")
    for statement in beside_it:
        connection.exec_driver_sql(statement)
