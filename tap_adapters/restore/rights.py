"""What a dry run finds that the database would not let its user do; Postgres can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from tap_adapters.restore.destination import Destination
from tap_adapters.restore.mend import TableRestored
from tap_adapters.restore.written import CONTESTED
from tap_adapters.sources.schema import SourceTable


def lacking(
    to: Destination, done: Sequence[tuple[SourceTable, TableRestored]], dropped: Sequence[str]
) -> Iterator[str]:
    """Yield in words what is not allowed; nothing where the database cannot be asked.

    Args:
        to: The database.
        done: What would be done, by table.
        dropped: The tables, by full name, that would be made again.
    """
    if to.dialect != "postgres":
        return
    ask = to.connection.execute
    if ask(sa.text("SHOW transaction_read_only")).scalar() == "on":
        yield "the database takes no writes: it is read-only, or a standby"
        return
    made = {table.schema for table, one in done if one.made}
    for schema in sorted(name for name in made if name is not None):
        if ask(_MAY_CREATE, {"schema": to.quoted(schema)}).scalar() is False:
            yield f"its user may make no tables in the schema '{schema}' (CREATE)"
    for table, one in done:
        place = {"place": to.place(table)}
        if table.name in dropped:
            if not ask(_OWNS, place).scalar():
                yield f"its user does not own '{table.name}', so may not make it again"
        elif not one.made:
            found = ask(_MAY_WRITE, place).mappings().one()
            needed = _needed(to.snapshot.schema.tables[table.name], one)
            rights = [name.upper() for name, count in needed.items() if count and not found[name]]
            if rights:
                yield f"its user may not write '{table.name}' ({', '.join(rights)})"


def _needed(there: SourceTable, done: TableRestored) -> dict[str, int]:
    """Return how many rows need each right; where values are unique, updates are replacements."""
    inserted, updated, deleted = done.inserted, done.updated, done.deleted
    if any(one.kind in CONTESTED for one in there.constraints) and not done.by_history:
        inserted, updated, deleted = inserted + updated, 0, deleted + updated
    return {"insert": inserted, "update": updated, "delete": deleted}


# Of a schema that is not there yet this is NULL.
_MAY_CREATE = sa.text("SELECT has_schema_privilege(to_regnamespace(:schema), 'CREATE')")
_OWNS = sa.text(
    "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = CAST(:place AS regclass)"
)
_MAY_WRITE = sa.text(
    "SELECT has_table_privilege(:place, 'INSERT') AS insert, "
    "has_any_column_privilege(:place, 'UPDATE') AS update, "
    "has_table_privilege(:place, 'DELETE') AS delete"
)
