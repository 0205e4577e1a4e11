"""How much of a table is held at once: a bound of bytes, not of rows."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path

from support import Place, database_of
from support_snapshot import Source, new_sqlite

from tap_adapters import sync
from tap_adapters.history import row_diff
from tap_adapters.history.kept import commit_at, kept_at
from tap_adapters.restore import restore
from tap_adapters.sources.snapshot import CHUNK_BYTES, open_snapshot

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
    assert max(*read, *again) <= 2 * CHUNK_BYTES


def test_a_diff_of_long_rows_is_not_held_as_a_whole(place: Place, tmp_path: Path) -> None:
    """Few of the rows that differ between two commits are in memory at once, on either side."""
    source = new_sqlite(tmp_path)
    source.execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, what text)")
    rows = f"SELECT i, hex(zeroblob({LONG // 2})) FROM {_numbers('sqlite', 1, LONG_ROWS)}"
    source.execute(f"INSERT INTO t {rows}")
    sync.snapshot(source.url, database_of(place))
    source.execute("DELETE FROM t WHERE id % 2 = 0", "UPDATE t SET what = 'x' WHERE id % 3 = 0")
    sync.snapshot(source.url, database_of(place))
    counts, most, total = Counter[str](), 0, 0
    database = place.open()
    tracemalloc.start()
    try:
        with kept_at(database, "main") as kept:
            known = commit_at(database, "main~1")
            for some in kept.differing(kept.tables["t"], known, LONG_ROWS):
                sizes = [sum(len(side[1]) for side in row if side is not None) for row in some]
                most, total = max(most, sum(sizes)), total + sum(sizes)
                for old, new in some:
                    counts["gone" if new is None else "new" if old is None else new[1]] += 1
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        with row_diff(database, "t", "main~1", "main") as diff:
            rows = Counter(one.change for one in diff.rows)
        peak_of_rows = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        database.close()
    assert counts == {"gone": LONG_ROWS // 2, "x": (LONG_ROWS + 3) // 6}
    assert total == LONG * counts["gone"] + (LONG + 1) * counts["x"]
    assert most <= total // 2
    assert rows == {"deleted": counts["gone"], "changed": counts["x"]}
    assert max(peak, peak_of_rows) <= total * 3 // 4


def test_missing_rows_are_not_held_as_a_whole(place: Place, tmp_path: Path) -> None:
    """A table that is there and empty is filled again with few rows in memory at once."""
    source = new_sqlite(tmp_path)
    source.execute("CREATE TABLE t (id integer NOT NULL PRIMARY KEY, what text)")
    rows = f"SELECT i, hex(zeroblob({LONG // 2})) FROM {_numbers('sqlite', 1, LONG_ROWS)}"
    source.execute(f"INSERT INTO t {rows}")
    sync.snapshot(source.url, database_of(place))
    source.execute("DELETE FROM t")
    tracemalloc.start()
    try:
        restore(database_of(place), source.url, overwrite=True, check=False)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert source.query("SELECT count(*), sum(length(what)) FROM t") == [
        (LONG_ROWS, LONG * LONG_ROWS)
    ]
    assert peak <= LONG * LONG_ROWS * 3 // 4
