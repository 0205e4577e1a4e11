"""A source's tables put into a session: their rows, and what is kept of them beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tap_adapters.sources.constraints import column_constraints
from tap_adapters.sources.constraints import constraints as table_constraints
from tap_adapters.sources.origin import check_origin
from tap_adapters.sources.schema import definition_text
from tap_adapters.sources.snapshot import Progress, Snapshot
from tap_adapters.sources.stream import stream_schema
from target_dolt.constraint import Constraint
from target_dolt.names import folded
from target_dolt.session import ReplacedTable, Session
from target_dolt.tables.objects import SourceObject


def fill(
    session: Session, taken: Snapshot, places: Mapping[str, str], progress: Progress
) -> dict[str, ReplacedTable]:
    """Replace the tables' rows by the source's; return the tables, by the source's names."""
    tables = {}
    for name in places:
        table = taken.schema.tables[name]
        filled = session.replace(name, stream_schema(table), table.key)
        filled.constrain(column_constraints(taken.schema.dialect, table, filled.columns))
        for rows in taken.rows(table):
            filled.take(rows)
            progress(name, len(rows))
        filled.end()
        tables[name] = filled
    return tables


def constraints(
    taken: Snapshot, places: Mapping[str, str], filled: Mapping[str, ReplacedTable]
) -> dict[str, list[Constraint]]:
    """Return what each table here is to keep beside its types."""
    columns = {name: one.columns for name, one in filled.items()}
    schema = taken.schema
    return {
        places[name]: list(table_constraints(schema.dialect, schema.tables[name], places, columns))
        for name in places
    }


def define(
    session: Session,
    taken: Snapshot,
    places: Mapping[str, str],
    here: SourceObject,
    theirs: Sequence[SourceObject],
    *,
    keep: bool,
    moved: bool,
) -> tuple[str, ...]:
    """Keep what the source's objects are; remove tables that it has no longer."""
    wanted = list(_objects(taken, places))
    wanted += [here] if wanted else []  # nothing is kept of a source without tables
    now = {(one.kind, one.name) for one in wanted}
    now |= {("table", name) for name in taken.schema.others}
    known = session.objects(taken.source)
    gone = [one for key, one in known.items() if key not in now]
    if keep:  # where the tables that stay came from is kept too
        gone = [one for one in gone if one.table_name is None and one.kind != here.kind]
    used = {folded(place) for place in places.values()}
    names = [one.table_name for one in gone if one.table_name is not None]
    dropped = [name for name in names if folded(name) not in used]
    check_origin(here, known, dropped, moved=moved)
    for name in dropped:
        session.drop(name)
    session.define(wanted, [*gone, *theirs])
    return tuple(dropped)


def _objects(taken: Snapshot, places: Mapping[str, str]) -> Iterable[SourceObject]:
    schema, source = taken.schema, taken.source
    for name, table in schema.tables.items():
        yield SourceObject(source, "table", name, places[name], definition_text(table))
    for one in schema.types:
        yield SourceObject(source, one.kind, one.name, None, definition_text(one))
    for name, counter in schema.sequences.items():
        yield SourceObject(source, "sequence", name, None, definition_text(counter))
    for left in schema.left_out:
        yield SourceObject(source, left.kind, left.name, None, "null")
