"""A server that asks for files of this machine gets none."""

from __future__ import annotations

from pathlib import Path

import pymysql
import pytest
import sqlalchemy as sa
from support import Place
from support_dolt import (
    engine_of,
    few_retries,
    needs_dolt,
    refusal,
    url_of,
)
from support_wire import FakeServer, asking_for

from target_dolt import retry
from target_dolt_plugins.dolt_dialect import LOCAL_NAME

pytestmark = needs_dolt


COM_QUIT = b"\x01"
"""What a client says that goes away."""


@few_retries
@pytest.mark.parametrize("query", ["SET AUTOCOMMIT", "SET autocommit", "SELECT", "ROLLBACK"])
@pytest.mark.parametrize("asked", ["/etc/passwd", LOCAL_NAME, "", "C:\\secrets.txt"])
def test_a_server_that_asks_for_a_file_in_answer_to_any_query_gets_nothing(
    place: Place, query: str, asked: str
) -> None:
    """Neither a file of this machine nor rows that nobody wanted to send."""

    def answer(statement: str) -> bytes | None:
        return asking_for(asked) if statement.startswith(query) else None

    with FakeServer(answer) as server:
        refusal(place, port=server.port)
    assert server.queries
    each_time = [COM_QUIT] * (len(retry.PAUSES_SECONDS) + 1)
    assert server.files == (each_time if query == "ROLLBACK" else [])


@pytest.mark.parametrize("asked", ["/etc/passwd", "target-dolt-rows/../x", "TARGET-DOLT-ROWS"])
def test_a_server_that_answers_our_load_data_by_asking_for_another_file_gets_nothing(
    place: Place, asked: str
) -> None:
    """By any user of the dialect: LOAD DATA LOCAL is asked for, and answered with a trap."""

    def answer(query: str) -> bytes | None:
        if query.startswith("LOAD DATA"):
            return asking_for(asked)
        return None

    with FakeServer(answer) as server:
        raw = sa.create_engine(url_of(place).set(port=server.port)).dialect
        connection = raw.connect(host="127.0.0.1", port=server.port, user="root")
        connection.rows_to_send = iter([b"1\tsecret row\n"])
        with pytest.raises(pymysql.err.OperationalError):
            connection.query(f"LOAD DATA LOCAL INFILE '{LOCAL_NAME}' INTO TABLE t")
        assert connection.rows_to_send is None
        assert not connection.open
    assert server.files == []


def test_a_dolt_url_of_any_sqlalchemy_user_gives_no_file_away(place: Place, tmp_path: Path) -> None:
    """Not even to a LOAD DATA LOCAL that the user has written."""
    secret = tmp_path / "secret.txt"
    secret.write_text("1\n", encoding="utf-8")
    with engine_of(url_of(place)) as engine:
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (id INT PRIMARY KEY)")
        with pytest.raises(sa.exc.OperationalError, match="file"), engine.begin() as connection:
            connection.exec_driver_sql(f"LOAD DATA LOCAL INFILE '{secret}' INTO TABLE t")
    assert place.query("SELECT * FROM t") == []
