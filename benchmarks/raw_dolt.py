"""The ceiling on a Dolt server: ready bytes of loaded tables' rows into the same tables anew.

As a program: settings as JSON on stdin (a server's, the database that target-dolt filled, commits
of it whose rows to load one after the other, the database to make, `load` or `insert`); prints
how many seconds each took, as JSON. All bytes are made before the clock starts.
"""

# ruff: noqa: S608, T201 - the names are the benchmark's own, and a program prints

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pymysql
from pymysql.connections import Connection, LoadLocalPacketWrapper, MySQLResult

from benchmarks.records import STREAM

ROWS_OF_PACKET = 2_000
ROWS_OF_INSERT = 1_000
LOAD = (
    "LOAD DATA LOCAL INFILE 'rows' REPLACE INTO TABLE {} CHARACTER SET utf8mb4 "
    r"FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n'"
)
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})


class _Result(MySQLResult):
    """Answers the server's request for the file with the connection's ready packets."""

    def _read_load_local_packet(self, first_packet: Any) -> None:
        LoadLocalPacketWrapper(first_packet)
        for packet in self.connection.packets:
            self.connection.write_packet(packet)
        self.connection.write_packet(b"")
        self._read_ok_packet(self.connection._read_packet())  # noqa: SLF001


class _Connection(Connection):
    packets: Sequence[bytes] = ()

    def _read_query_result(self, unbuffered: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002
        result = self._result = _Result(self)
        result.read()
        return result.affected_rows


def load(connection: Any, table: str, packets: Sequence[bytes]) -> None:
    """Send all rows by one LOAD DATA LOCAL REPLACE."""
    connection.packets = packets
    connection.query(LOAD.format(table))


def insert(connection: Any, table: str, statements: Sequence[bytes]) -> None:
    """Send all rows by INSERTs of many rows."""
    del table  # they name it
    for statement in statements:
        connection.query(statement)


def packets(_table: str, rows: Sequence[Sequence[Any]], _columns: Sequence[str]) -> Iterator[bytes]:
    """Yield the bytes of LOAD DATA's packets."""
    for start in range(0, len(rows), ROWS_OF_PACKET):
        lines = (
            "\t".join(r"\N" if one is None else str(one).translate(ESCAPES) for one in row)
            for row in rows[start : start + ROWS_OF_PACKET]
        )
        yield "".join(f"{line}\n" for line in lines).encode()


def statements(
    table: str, rows: Sequence[Sequence[Any]], columns: Sequence[str]
) -> Iterator[bytes]:
    """Yield INSERT statements, which change a row that is there already."""
    escape, encoders = pymysql.converters.escape_item, pymysql.converters.encoders
    changes = ",".join(f"{name} = VALUES({name})" for name in columns)
    for start in range(0, len(rows), ROWS_OF_INSERT):
        some = rows[start : start + ROWS_OF_INSERT]
        texts = (",".join(escape(one, "utf8mb4", encoders) for one in row) for row in some)
        values = ",".join(f"({text})" for text in texts)
        yield f"INSERT INTO {table} VALUES {values} ON DUPLICATE KEY UPDATE {changes}".encode()


WAYS: dict[str, tuple[Callable[..., Iterator[bytes]], Callable[..., None]]] = {
    "load": (packets, load),
    "insert": (statements, insert),
}


def main(server: dict[str, Any], source: str, commits: list[str], copy: str, way: str) -> None:
    """Make the tables and load them once for each commit, each in one transaction."""
    prepare, send = WAYS[way]
    with _Connection(**server, database=source) as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW TABLES LIKE '{STREAM}%'")
        tables = [name for (name,) in cursor.fetchall()]
        made = []
        for table in tables:
            cursor.execute(f"SHOW CREATE TABLE {table}")
            made.append(cursor.fetchone()[1])
        contents: dict[str, dict[str, list[bytes]]] = {}
        for commit in set(commits):
            content = contents[commit] = {}
            for table in tables:
                cursor.execute(f"SELECT * FROM {table} AS OF '{commit}'")
                columns = [column[0] for column in cursor.description]
                content[table] = list(prepare(table, cursor.fetchall(), columns))
    seconds = []
    with _Connection(**server, local_infile=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {copy}")
        cursor.execute(f"USE {copy}")
        for ddl in made:
            cursor.execute(ddl)
        cursor.execute("SET autocommit = 0")
        for commit in commits:
            began = time.perf_counter()
            for table, ready in contents[commit].items():
                send(connection, table, ready)
            connection.commit()
            seconds.append(time.perf_counter() - began)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(**json.load(sys.stdin))
