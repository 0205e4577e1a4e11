"""How much of a table is held at once: a bound of bytes, not of rows."""

from __future__ import annotations

from support import Place, database_of
from support_snapshot import Source

from tap_adapters import sync
from tap_adapters.kept import kept_at
from tap_adapters.snapshot import open_snapshot

TEXT = {"postgres": "text", "mysql": "longtext", "sqlite": "text"}

LONG, SHORT_ROWS, LONG_ROWS = 50_000, 6_000, 1_000


def _numbers(kind: str, first: int, last: int) -> str:
    """Return a table expression of whole numbers, as each kind of source spells it."""
    return {
        "postgres": f"generate_series({first}, {last}) AS n(i)",
        "mysql": f"(SELECT seq AS i FROM seq_{first}_to_{last}) n",
        "sqlite": f"(WITH m(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM m WHERE i < {last}) "
        "SELECT i FROM m) n",
    }[kind]


def test_long_rows_after_short_ones_are_few_at_once(place: Place, source: Source) -> None:
    """Memory is bounded by bytes, whatever came before; in the source and in the commit."""
    end = SHORT_ROWS + LONG_ROWS
    long = f"hex(zeroblob({LONG // 2}))" if source.kind == "sqlite" else f"repeat('0', {LONG})"
    source.execute(
        f"CREATE TABLE t (id integer NOT NULL PRIMARY KEY, what {TEXT[source.kind]})",
        f"INSERT INTO t SELECT i, 'x' FROM {_numbers(source.kind, 1, SHORT_ROWS)}",
        f"INSERT INTO t SELECT i, {long} FROM {_numbers(source.kind, SHORT_ROWS + 1, end)}",
    )
    with open_snapshot(source.url) as opened:
        (table,) = opened.schema.tables.values()
        read = [sum(len(row[1]) for row in rows) for rows in opened.rows(table)]
    sync.snapshot(source.url, database_of(place))
    database = place.open()
    try:
        with kept_at(database, "main") as kept:
            found = kept.rows(kept.tables["t"])
            again = [sum(len(row[1]) for row in rows) for rows in found]
    finally:
        database.close()
    assert sum(read) == sum(again) == SHORT_ROWS + LONG * LONG_ROWS
    assert max(read) <= LONG * LONG_ROWS // 2 + SHORT_ROWS
    assert max(again) <= LONG * LONG_ROWS // 2
