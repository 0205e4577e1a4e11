"""dolt:// for any SQLAlchemy user: transactions, branches, identifiers."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from support import Place, record, schema, state
from support_dolt import (
    ONE_DOG,
    engine_of,
    needs_dolt,
    url_of,
)
from support_state import ids

pytestmark = needs_dolt


def test_a_rollback_on_a_dolt_url_undoes(place: Place) -> None:
    """Also at the end of a `begin` that failed, and for a connection from the pool."""
    with engine_of(url_of(place)) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT @@autocommit").scalar() == 0
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            connection.rollback()
            assert connection.exec_driver_sql("SELECT * FROM t").fetchall() == []
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        with pytest.raises(ZeroDivisionError), engine.begin() as connection:  # noqa: PT012
            connection.exec_driver_sql("INSERT INTO t VALUES (3)")
            raise ZeroDivisionError
        with engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (4)")
    assert place.query("SELECT id FROM t") == [(4,)]


def test_pymysql_alone_does_not_undo_which_is_why_the_dialect_is_there(place: Place) -> None:
    """Where this fails, Dolt tells PyMySQL of autocommit, and the dialect's statement may go."""
    with engine_of(url_of(place).set(drivername="mysql+pymysql")) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        with engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            connection.rollback()
    assert place.query("SELECT id FROM t") == [(1,)]


def test_an_isolation_level_of_autocommit_is_still_to_be_had(place: Place) -> None:
    """Who asks for it by SQLAlchemy's own option gets it."""
    url = url_of(place)
    with engine_of(url, isolation_level="AUTOCOMMIT") as engine, engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    assert place.query("SELECT id FROM t") == [(1,)]


def test_a_branch_in_the_url_is_the_branch_that_is_read_written_and_reflected(
    place: Place,
) -> None:
    """`database/branch`, slashes in the branch's own name included."""
    place.load(ONE_DOG)
    place.call("dolt_branch", "feature/x-1")
    with engine_of(url_of(place, "feature/x-1")) as engine:
        with engine.begin() as connection:
            found = connection.exec_driver_sql("SELECT active_branch()").scalar()
            connection.exec_driver_sql("INSERT INTO dogs (id) VALUES (2)")
        columns = sa.inspect(engine).get_columns("dogs")
        names = sa.inspect(engine).get_table_names()
    assert found == "feature/x-1"
    assert [column["name"] for column in columns] == ["id", "name"]
    assert "dogs" in names
    assert ids(place) == [1]
    assert ids(place, at="feature/x-1") == [1, 2]


def test_identifiers_have_64_characters_and_one_of_65_is_refused(place: Place) -> None:
    """As a table and as a column, with nothing made."""
    for table, column in (("t" * 64, "c" * 64), ("t" * 65, "c"), ("t", "c" * 65)):
        described = sa.Table(table, sa.MetaData(), sa.Column(column, sa.INTEGER, primary_key=True))
        with engine_of(url_of(place)) as engine:
            if len(table) == len(column) == 64:
                described.create(engine)
            else:
                with pytest.raises((sa.exc.IdentifierError, sa.exc.DBAPIError)):
                    described.create(engine)
    assert place.tables() == ["t" * 64]


def test_a_label_of_a_query_is_shortened_to_64_characters_by_sqlalchemy(place: Place) -> None:
    """The dialect says how long a name may be: a longer label would be refused by the server."""
    query = sa.select(sa.table("t" * 40, sa.column("c" * 40)))
    with engine_of(url_of(place)) as engine:
        text = str(query.set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL).compile(engine))
    label = text.split(" AS ")[1].split(maxsplit=1)[0].strip("`")
    assert len(label) <= 64


def test_a_stream_with_names_of_65_characters_loads_under_shortened_ones(place: Place) -> None:
    """Table and column, each with a hash of the whole name at its end."""
    table, column = "t" * 65, "c" * 65
    place.load([
        schema(table, {"id": {"type": "integer"}, column: {"type": "string"}}),
        record(table, **{"id": 1, column: "x"}),
        state({"n": 1}),
    ])  # fmt: skip
    (name,) = place.tables()
    assert len(name) == 64
    (row,) = place.rows(name)
    assert sorted(map(len, row)) == [2, 64]
