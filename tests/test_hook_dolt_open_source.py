"""`dolt_open_source`: a plugin tells what the tables of a source of its own are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support import Place, record, schema
from test_sources import catalog_types

from target_dolt import hookimpl
from target_dolt.plugins import load_plugins
from target_dolt.tables.objects import AskedSource, SourceObject


class Ledger(AskedSource):
    """A source that SQLAlchemy cannot reach."""

    scheme = "postgresql"
    closed = False

    def native_types(self, stream: str) -> Mapping[str, Mapping[str, Any]]:
        """Know one table."""
        return {"v": {"x-sql-datatype": "numeric(20,5)"}} if stream == "users" else {}

    def objects(self, stream: str, table: str) -> list[SourceObject]:
        """Say what it is."""
        return [SourceObject("ledger", "table", f"the {stream}", table, "{}")]

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Plugin:
    """Knows one scheme of URLs."""

    def __init__(self) -> None:
        """Begin with no source."""
        self.opened: Ledger | None = None

    @hookimpl
    def dolt_open_source(self, url: str) -> AskedSource | None:
        """Open what begins with it."""
        if not url.startswith("ledger://"):
            return None
        self.opened = Ledger()
        return self.opened


def test_a_plugin_opens_a_source_of_its_own(place: Place) -> None:
    """Its types choose the columns, and what it says of a table is in the commit."""
    plugin = Plugin()
    place.load(
        [schema("users", {"id": {"type": "integer"}, "v": {}}), record("users", id=1, v="1.5")],
        plugins=load_plugins([plugin]),
        source_url="ledger://books",
    )
    assert catalog_types(place, "users")["v"] == ("numeric(20,5)", "DECIMAL(20, 5)")
    kept = place.query("SELECT source, kind, name, table_name FROM _target_dolt_objects")
    assert [tuple(one) for one in kept] == [("ledger", "table", "the users", "users")]
    assert plugin.opened is not None
    assert plugin.opened.closed
