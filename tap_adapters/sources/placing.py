"""Which table here each table of a source goes to, and whether that one is the source's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tap_adapters.sources.snapshot import Selection, Snapshot
from target_dolt.errors import ConfigError, SchemaError
from target_dolt.names import folded, mapped_table
from target_dolt.tables.objects import SourceObject


def placed(taken: Snapshot, selection: Selection) -> dict[str, str]:
    """Return the table here of each table of the source.

    Raises:
        ConfigError: Two would go to one, or one has a name that no table here can have.
    """
    places: dict[str, str] = {}
    owners: dict[str, str] = {}
    default = taken.schema.default_schema
    for name, table in taken.schema.tables.items():
        if not table.columns:
            msg = f"the table '{name}' has no columns, which no table here can be: --exclude it"
            raise ConfigError(msg)
        is_default = table.schema in {None, default}
        own = [name, table.own_name] if is_default else [name]
        usual = table.own_name if is_default else f"{table.schema}_{table.own_name}"
        place = selection.target(own) or usual
        try:
            places[name] = mapped_table(name, place)
        except SchemaError as error:
            msg = f"the table '{name}' needs another name here; give it one: --table {name}=NAME"
            raise ConfigError(msg) from error
        other = owners.setdefault(folded(place), name)
        if other != name:
            msg = (
                f"'{other}' and '{name}' would both go to the table '{place}'; give one of them "
                f"another: --table {name}=NAME"
            )
            raise ConfigError(msg)
    return places


def check_owners(
    source: str,
    places: Mapping[str, str],
    there: Mapping[str, Sequence[SourceObject]],
    *,
    take_over: bool,
) -> list[SourceObject]:
    """See that no table is replaced whose rows are somebody else's.

    Args:
        source: The source's name.
        places: The table here of each of its tables.
        there: The tables of these names that are here already, each with the objects of sources
            whose rows it holds; none where a tap or a person has filled it.
        take_over: Whether such a table is the source's from here on.

    Returns:
        The objects of other sources whose tables this one takes over.

    Raises:
        ConfigError: One is somebody else's.
    """
    taken: list[SourceObject] = []
    for name, place in places.items():
        if place not in there or any(one.source == source for one in there[place]):
            continue
        others = sorted({one.source for one in there[place]})
        if not take_over:
            whose = f"a snapshot of '{others[0]}'" if others else "something else than a snapshot"
            msg = (
                f"the table '{place}' is here already, and {whose} has filled it, so that its rows "
                f"would go; nothing was changed. Give this one another name (--table {name}=NAME), "
                "or a file, a database or a --branch of its own; where it is to take that one's "
                "place, say so: --take-over"
            )
            raise ConfigError(msg)
        taken += there[place]
    return taken
