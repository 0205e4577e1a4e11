"""What a commit would change: the rows of each staged table, counted or known."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support import Place

from target_dolt import TableChange
from target_dolt.loading import staged

BEFORE = [
    "CREATE TABLE there (id INT PRIMARY KEY, v VARCHAR(9))",
    "INSERT INTO there VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "CREATE TABLE gone (id INT PRIMARY KEY)",
    "INSERT INTO gone VALUES (1), (2)",
    "CREATE TABLE remade (id INT PRIMARY KEY)",
    "INSERT INTO remade VALUES (1), (2), (3), (4)",
]
ALL_NEW = [
    "CREATE TABLE fresh (id INT PRIMARY KEY)",
    "INSERT INTO fresh VALUES (1), (2)",
    "CREATE TABLE `f%r'esh` (v INT)",
    "INSERT INTO `f%r'esh` VALUES (1), (1), (2)",
    "CREATE TABLE vacant (id INT PRIMARY KEY)",
    "CREATE TABLE _target_dolt_own (id INT PRIMARY KEY)",
    "INSERT INTO _target_dolt_own VALUES (1)",
]
NEW = {"fresh": (2, 0, 0), "f%r'esh": (3, 0, 0), "vacant": (0, 0, 0)}
OTHERS = [
    "UPDATE there SET v = 'B' WHERE id = 2",
    "DELETE FROM there WHERE id = 3",
    "INSERT INTO there VALUES (4, 'd'), (5, 'e')",
    "DROP TABLE gone",
    "DROP TABLE remade",
    "CREATE TABLE remade (name VARCHAR(9) PRIMARY KEY)",
    "INSERT INTO remade VALUES ('x')",
]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(ALL_NEW, NEW, id="new"),
        pytest.param(
            [*ALL_NEW, *OTHERS], {**NEW, "there": (2, 1, 1), "gone": (0, 0, 2)}, id="mixed"
        ),
        pytest.param(OTHERS[3:4], {"gone": (0, 0, 2)}, id="gone"),
    ],
)
def test_rows_of_new_tables_are_known_and_those_of_others_counted(
    place: Place, after: list[str], expected: dict[str, tuple[int, int, int]]
) -> None:
    """In one commit or apart, without the tool's own; of a table made anew it says that it is."""
    database = place.open()
    with database.connect(write=True) as connection:
        _run(connection, BEFORE)
        with connection.begin():
            database.call(connection, "dolt_commit", "-A", "-m", "before")
        _run(connection, after)
        with connection.begin():
            database.call(connection, "dolt_add", "-A")
            found = {
                one.table: one
                for one in staged.changes(database, connection, staged.read(connection))
            }
    remade = found.pop("remade", None)
    assert found == {name: TableChange(name, *numbers) for name, numbers in expected.items()}
    assert (remade is not None and remade.rekeyed) == ("DROP TABLE remade" in after)


def _run(connection: sa.Connection, statements: list[str]) -> None:
    with connection.begin():
        for statement in statements:
            connection.execute(sa.text(statement))
