"""Two tables in a source database, what happens to them, and what they then hold.

The content is asked of the source by a query of our own: each column is written as a reader of the
loaded table should see it. Where a tap bends a value before anybody else can see it, its expression
says so, and docs/taps.md too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from support_sources import MariaDB, Postgres

STEPS = ("filled", "changed", "deleted", "moved", "idle", "anew")
"""What happens before each run of a tap: nothing before the last two; the last has no state."""

_CHANGED = """
INSERT INTO pets (id, name) VALUES (4, 'Ada');
UPDATE pets SET name = 'Cleopatra' WHERE id = 1;
UPDATE visits SET note = 'well' WHERE pet = 2;
"""
_DELETED = """
DELETE FROM visits WHERE pet = 1;
BEGIN;
DELETE FROM pets WHERE id = 2;
INSERT INTO pets (id, name) VALUES (2, 'Pancakes II');
COMMIT;
BEGIN;
INSERT INTO pets (id, name) VALUES (5, 'Short');
DELETE FROM pets WHERE id = 5;
COMMIT;
DELETE FROM pets WHERE id = 3;
"""
_MOVED = "UPDATE pets SET id = 40 WHERE id = 4;"

_POSTGRES_FILLED = """
CREATE TABLE pets (
    id int PRIMARY KEY, name varchar(40), price numeric(12, 4), alive boolean, born date,
    seen timestamptz, woken timestamp, fed time, doc jsonb, life text, tags text[], chip uuid,
    weight double precision, steps bigint, raw bytea
);
INSERT INTO pets VALUES (
    1, 'Cleo', 12.5, true, '2020-02-29',
    '2026-01-31 23:59:59.123456+02', '2026-01-31 23:59:59.123456', '12:34:56.5', '{"a": [1, 2.5]}',
    (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 100) AS i),
    '{a,"b, \\"c\\""}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 0.1, 9223372036854775807,
    '\\xdeadbeef'
);
INSERT INTO pets (id, name, price) VALUES (2, 'Pancakes 🥞', 0.0001), (3, 'Größe 名前', NULL);
CREATE TABLE visits (pet int, day date, note text, PRIMARY KEY (pet, day));
INSERT INTO visits VALUES (1, '2026-01-01', 'ok'), (2, '2026-01-02', 'ill');
"""
_MARIADB_FILLED = """
CREATE TABLE pets (
    id int PRIMARY KEY, name varchar(40), price decimal(12, 4), alive boolean, born date,
    seen timestamp(6) NULL, woken datetime(6), fed time(6), doc json, life text,
    kind enum('cat', 'dog'), weight double, steps bigint unsigned
);
INSERT INTO pets VALUES (
    1, 'Cleo', 12.5, true, '2020-02-29',
    '2026-01-31 23:59:59.123456', '2026-01-31 23:59:59.123456', '01:02:03.5', '{"a": [1, 2.50]}',
    repeat('long ', 1000), 'cat', 0.1, 18446744073709551615
);
INSERT INTO pets (id, name, price) VALUES (2, 'Pancakes 🥞', 0.0001), (3, 'Größe 名前', NULL);
CREATE TABLE visits (pet int, day date, note text, PRIMARY KEY (pet, day));
INSERT INTO visits VALUES (1, '2026-01-01', 'ok'), (2, '2026-01-02', 'ill');
"""

_POSTGRES_MOMENT = "to_char({}, 'YYYY-MM-DD HH24:MI:SS.US')"
_MARIADB_MOMENT = "date_format({}, '%%Y-%%m-%%d %%H:%%i:%%s.%%f')"


@dataclass(frozen=True)
class Source:
    """A kind of database: what is done there, and how its content is asked for.

    Attributes:
        statements: The statements of each of STEPS.
        columns: For each table its columns, each with the expression of its value.
    """

    statements: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    def content(self, server: Postgres | MariaDB) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of each table by its key, as a reader of the loaded table sees them."""
        return {table: self._rows(server, table) for table in self.columns}

    def _rows(self, server: Postgres | MariaDB, table: str) -> list[dict[str, Any]]:
        values = ", ".join(f"{how} AS {name}" for name, how in self.columns[table].items())
        query = f"SELECT {values} FROM {table} ORDER BY 1, 2"
        if isinstance(server, MariaDB):
            return server.run(query.replace("%%", "%"))
        found = server.run(f"SELECT coalesce(json_agg(one), '[]') FROM ({query}) AS one")
        rows: list[dict[str, Any]] = json.loads(found, parse_float=Decimal)
        return rows


def _columns(*plain: str, **written: str) -> dict[str, str]:
    return {**{name: name for name in plain}, **written}


POSTGRES = Source(
    {"filled": _POSTGRES_FILLED, "changed": _CHANGED, "deleted": _DELETED, "moved": _MOVED},
    {
        "pets": _columns(
            *("id", "name", "price", "alive", "doc", "life", "chip", "weight", "steps"),
            born=_POSTGRES_MOMENT.format("born"),
            seen=_POSTGRES_MOMENT.format("seen AT TIME ZONE 'UTC'"),
            woken=_POSTGRES_MOMENT.format("woken"),
            fed="to_char(fed, 'HH24:MI:SS.US')",
            tags="coalesce(tags, '{}')",  # the tap writes an array that is NULL as an empty one
            raw="NULL",  # the tap announces bytes, as of any type, and never sends them
        ),
        "visits": _columns("pet", "note", day=_POSTGRES_MOMENT.format("day")),
    },
)
"""As pipelinewise-tap-postgres sends it: a date is a moment."""

MARIADB = Source(
    {"filled": _MARIADB_FILLED, "changed": _CHANGED, "deleted": _DELETED, "moved": _MOVED},
    {
        "pets": _columns(
            *("id", "name", "price", "alive", "doc", "life", "kind", "weight", "steps"),
            born=_MARIADB_MOMENT.format("born"),
            seen=_MARIADB_MOMENT.format("seen"),
            woken=_MARIADB_MOMENT.format("woken"),
            fed="time_format(fed, '%%H:%%i:%%s.%%f')",
        ),
        "visits": _columns("pet", "note", day=_MARIADB_MOMENT.format("day")),
    },
)
"""As pipelinewise-tap-mysql sends it: a date is a moment."""

STITCH = Source(
    MARIADB.statements,
    {
        **MARIADB.columns,
        "pets": {
            **MARIADB.columns["pets"],
            # tap-mysql's connection knows three bytes of UTF-8; a time is one of 1970's first day.
            "name": "convert(convert(name USING utf8mb3) USING utf8mb4)",
            "fed": "time_format(fed, '1970-01-01 %%H:%%i:%%s.%%f')",
        },
    },
)
"""As Stitch's tap-mysql sends it."""

SDK = Source(
    POSTGRES.statements,
    {
        "pets": {
            **POSTGRES.columns["pets"],
            "born": "born",
            "tags": "tags",
            "raw": "encode(raw, 'hex')",
        },
        "visits": _columns("pet", "note", "day"),
    },
)
"""As meltanolabs-tap-postgres sends it."""
