"""Random values of each type: real source, JSON, backend, and back: each is what it was."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from support import Place
from support_native import NO_MARIADB, NO_POSTGRES, Postgres, has_postgres
from support_random import FEW, MANY, Strategy, drawn, whole
from support_random_postgres import ARRAYS, POSTGRES, POSTGRES_EDGES
from support_random_types import MARIADB, MARIADB_EDGES
from support_types import Column
from test_mysql_types import changed as changed_on_mariadb
from test_mysql_types import cursor, lines_of_table, rows_of
from test_postgres_types import changed as changed_on_postgres
from test_postgres_types import columns_of, postgres

__all__ = ["cursor", "postgres"]

many = pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.fuzz)])
on_mariadb = pytest.mark.skipif(shutil.which("mariadbd") is None, reason=NO_MARIADB)
on_postgres = pytest.mark.skipif(not has_postgres(), reason=NO_POSTGRES)


@on_postgres
@many
@pytest.mark.parametrize("types", [POSTGRES, ARRAYS], ids=["plain", "arrays"])
def test_any_value_of_postgres_comes_back_as_itself(
    place: Place, postgres: Postgres, types: dict[str, Strategy], count: int
) -> None:
    """Its own text is the same in the table that was filled from the backend."""
    assert changed_on_postgres(place, postgres, columns_of(drawn(types, count))) == {}


@on_postgres
@many
def test_any_value_without_a_place_comes_back_from_its_text(
    place: Place, postgres: Postgres, count: int
) -> None:
    """Infinity and the years of BC, where `strict_types` is off, with the values around them."""
    wanted = columns_of(drawn(POSTGRES_EDGES, count))
    assert changed_on_postgres(place, postgres, wanted, strict_types=False) == {}


@on_mariadb
@many
def test_any_value_of_mariadb_without_a_place_comes_back_from_its_text(
    place: Place, cursor: Any, count: int
) -> None:
    """Dates of zeros in part, where `strict_types` is off."""
    assert changed_on_mariadb(place, cursor, drawn(MARIADB_EDGES, count), strict_types=False) == {}


@on_mariadb
@many
def test_any_value_of_mariadb_comes_comes_back_as_itself(
    place: Place, cursor: Any, count: int
) -> None:
    """The driver gives equal values from the table that was filled from the backend."""
    assert changed_on_mariadb(place, cursor, drawn(MARIADB, count)) == {}


@on_mariadb
@many
def test_any_value_of_a_generated_column_is_kept(place: Place, cursor: Any, count: int) -> None:
    """Whether MariaDB stores it or makes it for whoever asks."""
    [numbers] = drawn({"int": whole(32)}, count).values()
    wanted: list[Column] = [("n", "int(11)", []), ("a", "bigint(20)", []), ("b", "char(64)", [])]
    cursor.execute(
        "CREATE OR REPLACE TABLE source (id int, n int, a bigint AS (n * 7) STORED, "
        "b char(64) AS (sha2(n, 256)) VIRTUAL)"
    )
    rows = ", ".join(f"({n}, {one})" for n, one in enumerate(numbers))
    cursor.execute(f"INSERT INTO source (id, n) VALUES {rows}")
    place.load(lines_of_table(cursor, "source", wanted), source_dialect="mysql")
    assert place.query("SELECT n, a, b FROM t ORDER BY id") == rows_of(cursor, "source")
