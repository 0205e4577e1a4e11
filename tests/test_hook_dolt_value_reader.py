"""`dolt_value_reader`: a plugin says how a column's values go back into their source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from support import Place, database_of
from support_snapshot import Source, new_sqlite

from tap_adapters import sync
from tap_adapters.restore import restore
from target_dolt import hookimpl
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt.native import native_type
from target_dolt.plugins import load_plugins


class Lists:
    """Keeps texts with commas between as JSON arrays."""

    @hookimpl
    def dolt_sql_type(self, schema: Schema) -> ColumnType | None:
        """Answer for columns that are declared so."""
        native = native_type(schema)
        return sa.JSON() if native is not None and native.name == "list" else None

    @hookimpl
    def dolt_value_converter(self, schema: Schema, sql_type: ColumnType) -> Converter | None:
        """Write `a,b` as an array."""
        if self.dolt_sql_type(schema) is None or not isinstance(sql_type, sa.JSON):
            return None
        return lambda value: "[{}]".format(",".join(f'"{one}"' for one in value.split(",")))

    @hookimpl
    def dolt_value_reader(self, schema: Schema, sql_type: ColumnType) -> Converter | None:
        """Return an array as `a,b`."""
        if self.dolt_sql_type(schema) is None or not isinstance(sql_type, sa.JSON):
            return None
        return ",".join


def filled(source: Source) -> list[tuple[Any, ...]]:
    """Make a table whose column is declared as a list; return its rows."""
    source.execute(
        "CREATE TABLE t (id integer PRIMARY KEY, v LIST, w text)",
        "INSERT INTO t VALUES (1, 'a,b', 'a,b'), (2, NULL, ''), (3, 'é', 'c')",
    )
    return source.query("SELECT * FROM t ORDER BY id")


def test_a_plugin_s_values_go_back_as_they_came(place: Place, tmp_path: Path) -> None:
    """Other columns by their rules; and no row is told to differ."""
    source, target = new_sqlite(tmp_path), new_sqlite(tmp_path)
    came = filled(source)
    plugins = load_plugins([Lists()])
    sync.snapshot(source.url, database_of(place), plugins=plugins)
    assert [row["v"] for row in place.rows("t")] == [["a", "b"], None, ["é"]]
    done = restore(database_of(place), target.url, plugins=plugins)
    assert target.query("SELECT * FROM t ORDER BY id") == came
    assert [one.equal for one in done.checked] == [True]
