"""`dolt-sync sql` takes a query as it is written, on each backend."""

from __future__ import annotations

import sqlalchemy as sa
from click.testing import CliRunner
from support import Place, record, schema, state
from support_values import ID

from tap_adapters.cli import cli


def test_percent_signs_and_colons_of_a_query_are_no_parameters(place: Place) -> None:
    """Within a text, as an operator and in a pattern."""
    names = {"id": ID, "name": {"type": "string"}}
    rows = [record("dogs", id=7, name="100%"), record("dogs", id=8, name="Rex")]
    place.load([schema("dogs", names), *rows, state({"n": 1})])
    database = place.config.get("path")
    if database is None:
        parts = {{"user": "username"}.get(name, name): one for name, one in place.config.items()}
        database = sa.URL.create("dolt", **parts).render_as_string(hide_password=False)
    query = "SELECT id % 4 AS n, '%s %(x)s :y' AS t FROM dogs WHERE name LIKE '%|%' ESCAPE '|'"
    done = CliRunner().invoke(cli, ["sql", database, "--format", "csv", query])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "n,t\n3,%s %(x)s :y\n"
