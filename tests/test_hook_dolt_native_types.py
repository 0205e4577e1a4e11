"""`dolt_native_types`: a plugin reads native types from another family's catalog."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from support import Place, record, schema
from test_sources import STITCH, catalog_types

from target_dolt import hookimpl
from target_dolt.plugins import load_plugins


class OtherFamily:
    """Its taps keep types in a list of their own."""

    @hookimpl
    def dolt_native_types(self, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        """Read it."""
        if "my_types" not in entry:
            return None
        return {name: {"x-sql-datatype": text} for name, text in entry["my_types"].items()}


def test_a_plugin_s_answer_goes_before_the_built_in_ones(place: Place) -> None:
    """And theirs stands for what the plugin does not name."""
    catalog = json.loads(json.dumps(STITCH))
    catalog["streams"][0]["my_types"] = {"v": "numeric(20,5)"}
    file = place.directory / "catalog.json"
    file.write_text(json.dumps(catalog))
    properties = {
        "id": {"type": "integer"},
        "v": {"type": "string"},
        "at": {"type": ["string", "null"]},
    }
    place.load(
        [schema("public-users", properties), record("public-users", id=1, v="1.5")],
        plugins=load_plugins([OtherFamily()]),
        source_catalog=str(file),
        source_dialect="postgres",
    )
    types = catalog_types(place, "users")
    assert types["v"] == ("numeric(20,5)", "DECIMAL(20, 5)")
    assert types["at"] == ("timestamp with time zone", "DATETIME(6)")
