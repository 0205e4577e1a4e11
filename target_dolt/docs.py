"""docs/types.md, made from the rules: `python -m target_dolt.docs > docs/types.md`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite

from target_dolt.dialect import ColumnType, Dialect, TypeRule
from target_dolt.native import ANY, ARRAY
from target_dolt.plugins import load_plugins
from target_dolt.types import type_text
from target_dolt.values import parse_json

FOUND = Path(__file__).parents[1] / "tests" / "data" / "types.json"
"""By dialect, property and backend, what tests found to become of a type."""

Found = Mapping[str, Mapping[str, str]]

BACKENDS = {"dolt": "Dolt", "doltlite": "DoltLite"}

HEAD = """\
# Types

Made by `python -m target_dolt.docs`, from the rules of the dialects and from what tests found to
become of each type (`tests/data/types.json`); tests hold them together.

A stream's native types come with its SCHEMA as `x-sql-datatype` (and `-properties`), or from the
tap's catalog file (`source_catalog`), or from the source itself (`source_url`). Where none of these
names a type, JSON Schema alone chooses it: the table `json-schema`. `source_dialect`
says whose names they are where the names do not tell.

- **exactly**: the value is read back as it came, and goes back into its own database as itself.
- **as text**: the same, but the column sorts as text, otherwise than the source does; or the source
  has no order for such values. Columns of JSON are not sorted, and texts go by code points.
- **refused**: the run ends at the SCHEMA. `strict_types: false` keeps what the tap sends as text.

Tests carry values of each type, some by hand and more at random, from its database (or from what a
tap sends, where no server is asked) to both backends and back, compare them, and sort them in both.
Where types of one row differ, those that are kept as text are named. Another spelling of a type
(`int4`, `serial8`, `character varying`) is the same type, and was not tried by itself.

A single value that its column's type does not have (the last column names them) ends the run with
its stream, column and key. With `strict_types: false` the column becomes text, the value is kept as
the tap wrote it, and the run says how many there were.

DoltLite's tables are STRICT: a type goes where SQLite compares it rightly, else into text. Integers
of 64 bits and decimals of up to 15 digits are numbers, wider ones text to the last digit.
"""

BESIDE = """
## What tables keep beside their types

A snapshot (`dolt-sync snapshot`) reads a source at one instant, and the commit's tables get what
their database can keep. All of it, in the source's own words, is in `_target_dolt_objects` besides,
and `dolt-sync restore` goes by that alone.
"""

BESIDE_ROWS = (
    ("primary key", "yes", "yes", ""),
    ("NOT NULL", "yes", "yes", ""),
    ("unique and other indexes", "yes", "yes",
     "partial ones, of expressions, of other kinds than trees: neither has them"),
    ("foreign keys", "yes, verified with every row before the commit",
     ("no: SQLite declares them only when a table is made, and enforces none unless a connection "
     "asks"), "those that lead to a table which was not taken along"),
    ("checks",
     ("MySQL's and MariaDB's; of Postgres those that compare columns with literals and with each "
     "other: numbers but floats, dates, moments, texts by equality"),
     "no: values are stored in another form",
     ("those with other words of Postgres; SQLite's, whose columns take values of any type and "
     "compare them so")),
    ("defaults", "literals; MySQL's and MariaDB's expressions",
     "no: SQLite declares them only when a table is made", "computed ones of other databases"),
    ("comments", "yes", "no: SQLite has none", ""),
)  # fmt: skip

BESIDE_END = """
They are taken off before rows are written and put on for the commit, so that no order of tables
matters and a bulk load, which replaces by key, meets no second unique index. What the database
refuses (a name that is taken, a key that is too long) stays in the catalogue, the log says so, and
the run goes on.

A tap reads its tables one after the other, so nothing of one instant holds for its rows: one may
lead to a row that is yet to come, two may share for a while what is unique. It leaves columns out,
and sends NULL where it has no word for a value ([taps](taps.md)). So of all this a table that a tap
fills has its key, and with `source_url` what no row can run into: comments, and indexes, unique
ones as plain ones. They follow the source; the rest is in the catalogue. (A default would stand in
a row of which a tap sends a part, as a value that nobody has sent.) Without `source_url` a tap's
load takes all but the key off a table that a snapshot has filled.

`source_constraints: all` puts on a tap's tables the whole of the table above, for the columns that
it sends: it is taken off for the rows, and put on for the commit, of which a run makes one then, at
its end, where the rows may be whole. What they do not satisfy stays in the catalogue alone, each by
itself: a NULL in one column, a row that leads nowhere. The log says so, the run goes on, and the
run that mends the rows puts it on. Deletes that carry only the key, records of which a part comes,
and rows in any order are taken as ever. It costs what it costs a snapshot: for NOT NULL Dolt writes
a table anew that has rows, for a unique index or a foreign key either engine reads it. So it is for
full tables, not for a few rows a minute into a large one.
"""

_ANY_NAME = "any other name"
_ARRAYS = "arrays of any type and dimension"


def _sample(rule: TypeRule) -> dict[str, Any]:
    """Return a property that the rule is for."""
    sample: dict[str, Any] = {"format": rule.format} if rule.format else {}
    if rule.json:
        sample["type"] = rule.json
    if rule.example.startswith("{"):
        return sample | parse_json(rule.example)  # type: ignore[no-any-return]
    name = rule.example or (rule.native[0] if rule.native else "")
    if name:
        sample["x-sql-datatype"] = {ANY: "mood"}.get(name, name)
    return sample


def _names(rule: TypeRule) -> str:
    names = [{ANY: _ANY_NAME, ARRAY: _ARRAYS}.get(one, f"`{one}`") for one in rule.native]
    return ", ".join(names) or "none"


def _json(rule: TypeRule) -> str:
    return ", ".join([rule.json or "any", *([f"format {rule.format}"] if rule.format else [])])


def _types(rule: TypeRule, example: str) -> tuple[str, str]:
    """Return how the two backends declare the rule's column, the first with an example."""
    from target_dolt_plugins import dolt_types, doltlite_types  # noqa: PLC0415 - they import us

    column_type = rule.column_type(_sample(rule))
    lite: ColumnType = doltlite_types.storage(column_type).ddl
    dolt = type_text(dolt_types.storage(column_type).ddl)
    return dolt + example, str(lite.compile(dialect=sqlite.dialect()))


def _kept(dialect: Dialect, rule: TypeRule, found: Found, backend: str) -> str:
    """Return what became of the types that a rule is for."""
    by_kind: dict[str, list[str]] = {}
    for key, kept in found.items():
        schema = parse_json(key)
        if dialect.rule(schema) is rule:
            by_kind.setdefault(kept[backend], []).append(schema.get("x-sql-datatype", ""))
    if len(by_kind) < 2:  # noqa: PLR2004 - all of them, or none
        return next(iter(by_kind), "not tried")
    names = ", ".join(f"`{one}`" for one in sorted(by_kind["as text"]))
    return f"exactly; as text: {names}"


def _row(dialect: Dialect, rule: TypeRule, found: Found) -> list[str]:
    notes = [rule.loses and f"not kept: {rule.loses}", rule.edges and f"no place for: {rule.edges}"]
    kept = [_kept(dialect, rule, found, one) for one in BACKENDS]
    if rule.refuses:
        return [_names(rule), _json(rule), *kept, rule.refuses]
    example = f" for `{rule.example}`" if rule.example else ""
    return [
        _names(rule),
        _json(rule),
        *(f"{one}: {how}" for one, how in zip(_types(rule, example), kept, strict=True)),
        "; ".join(note for note in notes if note),
    ]


def _counted(found: Found) -> str:
    """Return how many types were tried, and what became of them."""
    told = []
    for backend, name in BACKENDS.items():
        counts = Counter(one[backend] for one in found.values())
        told.append(f"{name}: {', '.join(f'{counts[one]} {one}' for one in sorted(counts))}")
    return f"{len(found)} types were tried. {'; '.join(told)}."


def _table(head: list[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _section(dialect: Dialect, found: Found) -> Iterator[str]:
    native = [rule for rule in dialect.rules if rule.native]
    yield f"\n## {dialect.name}\n"
    if dialect.checked:
        schemes = ", ".join(f"`{one}://`" for one in dialect.schemes)
        yield f"Tried {dialect.checked}. Its `source_url` begins with {schemes}.\n"
    if found:
        yield f"{_counted(found)}\n"
    head = ["native type", "JSON Schema", *BACKENDS.values(), "what to know"]
    rows = [_row(dialect, rule, found) for rule in native or dialect.rules]
    yield from _table(head if native else head[1:], rows if native else [row[1:] for row in rows])
    sources = sorted(
        {rule.source.split(": ")[0] for rule in native or dialect.rules if rule.source}
    )
    yield f"\nFacts: {', '.join(sources)}."


def types_page() -> str:
    """Return docs/types.md for the dialects that are installed."""
    lines = [
        HEAD + BESIDE,
        *_table(["", "Dolt", "DoltLite", "in the catalogue alone"], BESIDE_ROWS),
    ]
    lines.append(BESIDE_END.rstrip())
    found = parse_json(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
    for dialect in sorted(load_plugins().dialects.values(), key=lambda one: one.name):
        lines += _section(dialect, found.get(dialect.name, {}))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(types_page())
