"""Every type of each kind of database, through a snapshot, a restore and a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from support import Place, database_of
from support_native import quoted
from support_restore import back, contents, in_own_words, shape, work
from support_snapshot import Source
from test_mysql_types import SPATIAL, SPATIAL_TYPES
from test_mysql_types import TYPES as MYSQL_TYPES
from test_postgres_types import DECLARE
from test_postgres_types import TYPES as POSTGRES_TYPES

from tap_adapters import sync

SQLITE_TYPES = {
    "integer": ["-9223372036854775808", "9223372036854775807", "0"],
    "boolean": ["0", "1"],
    "real": ["0.1", "-1.7976931348623157e308", "5e-324", "1e20", "3.0"],
    "decimal(10, 2)": ["99999999.99", "-0.01", "7"],
    "numeric": ["1", "1.5", "123456789012345678"],
    "text": ["''", "'\\N'", "'a' || char(9, 10, 13, 92) || 'b'", "'名前 😀'", "'NULL'"],
    "varchar(20)": ["'  x  '", "'it''s'"],
    "blob": ["x''", "x'00ff5c4e'", "x'4e554c4c'"],
    "date": ["'2024-02-29'", "'0001-01-01'"],
    "datetime": ["'2024-02-29 12:00:00.5'", "'9999-12-31 23:59:59'"],
    "time": ["'23:59:59.999999'"],
    "json": ["'{\"a\":[1,2.5,null]}'", "'null'", "'[]'"],
}


def literal(value: Any) -> str:
    """Return a value of the list of MySQL's types as SQL."""
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return quoted(value.replace("\\", "\\\\"))
    return repr(value)


def values_of(kind: str) -> dict[str, list[str]]:
    """Return the types of a kind of database, each with values as SQL."""
    if kind == "sqlite":
        return SQLITE_TYPES
    if kind == "postgres":
        return {name: [quoted(one) for one in some] for name, some in POSTGRES_TYPES.items()}
    spatial = {name: [SPATIAL.format(one)] for name, one in SPATIAL_TYPES.items()}
    return {name: [*map(literal, some)] for name, some in MYSQL_TYPES.items()} | spatial


def statements(kind: str) -> Sequence[str]:
    """Return what makes a table with a column of each type, and a row of each of their values."""
    types = values_of(kind)
    null = " NULL" if kind == "mysql" else ""
    columns = "".join(f", c{n} {name}{null}" for n, name in enumerate(types))
    rows = []
    for number in range(max(map(len, types.values())) + 1):
        texts = (some[number] if number < len(some) else "NULL" for some in types.values())
        rows.append(f"INSERT INTO many VALUES ({number}, {', '.join(texts)})")
    before = [DECLARE] if kind == "postgres" else []
    if kind == "mysql":
        before = ["SET sql_mode = 'STRICT_TRANS_TABLES,ALLOW_INVALID_DATES', time_zone = '+00:00'"]
    return [*before, f"CREATE TABLE many (id integer PRIMARY KEY{columns})", *rows]


# SQLAlchemy does not know MariaDB's own types, of which nobody asks it anything.
@pytest.mark.filterwarnings("ignore:Did not recognize type")
def test_every_type_comes_back(
    place: Place,
    source: Source,
    new_source: Callable[[], Source],
    request: pytest.FixtureRequest,
) -> None:
    """All values of all types arrive in an empty database, and by difference too.

    Of its form that database says what the source says, in pg_dump's or SHOW CREATE TABLE's words.
    """
    server = request.getfixturevalue("pgserver") if source.kind == "postgres" else None
    source.execute(*statements(source.kind))
    taken = sync.snapshot(source.url, database_of(place))
    assert taken.commit is not None
    expected = repr(contents(source))  # a NaN is equal to no other
    target = new_source()
    done = back(place, target)
    assert [one.equal for one in done.checked] == [True]
    assert repr(contents(target)) == expected
    assert shape(target) == shape(source)
    said = in_own_words(source, server)
    assert sum("CREATE TABLE" in str(one) for one in said) == 1
    assert in_own_words(target, server) == said
    assert work(back(place, target)) == {}
    count = len(values_of(source.kind))
    nulls = ", ".join(f"c{number} = NULL" for number in range(count))
    target.execute(f"UPDATE many SET {nulls} WHERE id < 2", "DELETE FROM many WHERE id = 2")
    changed = work(back(place, target, overwrite=True))
    assert changed == {"many": (1, 2, 0, 0)}
    assert repr(contents(target)) == expected
