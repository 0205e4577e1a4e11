"""LOAD DATA and INSERT: which of them, big texts and buffers, rows that get lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Place, state
from support_dolt import (
    BOTH,
    ONE_DOG,
    DoltServer,
    needs_dolt,
    refusal,
)
from support_state import DOGS, dog
from support_strange_values import TEXTS, messages_of, rows_of, strange_records

from target_dolt.errors import (
    WriteError,
)
from target_dolt_plugins.dolt_writer import InsertWriter, LoadDataWriter

pytestmark = needs_dolt


@BOTH
def test_one_text_of_many_megabytes_arrives_whole(place: Place, bulk_load: str) -> None:
    """Longer than a packet of MySQL's protocol (16,777,215 bytes) may be."""
    text = "0123456789abcdef" * (20 * 1024 * 1024 // 16)
    place.load(
        [DOGS, dog(1, "before"), dog(2, text), dog(3, "after"), state({"n": 3})],
        bulk_load=bulk_load,
    )
    found = place.query("SELECT id, LENGTH(name), MD5(name) = MD5(REPEAT("
                        "'0123456789abcdef', 1310720)) FROM dogs ORDER BY id")  # fmt: skip
    assert found == [(1, 6, 0), (2, len(text), 1), (3, 5, 0)]


@BOTH
def test_many_rows_that_make_a_big_buffer_arrive_whole(place: Place, bulk_load: str) -> None:
    """A buffer of rows with 9,000 characters each: more than one packet holds."""
    rows = [dog(number, f"{number}:" + "y" * 9_000) for number in range(2_500)]
    place.load([DOGS, *rows, state({"n": 1})], bulk_load=bulk_load)
    found = place.query("SELECT COUNT(*), SUM(LENGTH(name)), COUNT(DISTINCT MD5(name)) FROM dogs")
    assert [tuple(map(int, row)) for row in found] == [
        (2_500, sum(len(row["record"]["name"]) for row in rows), 2_500)
    ]


@BOTH
def test_of_two_rows_with_one_key_in_a_buffer_the_later_wins(place: Place, bulk_load: str) -> None:
    """By either way, and a row of the table before gives way to the new one whole."""
    place.load([DOGS, dog(1, "old"), state({"n": 1})], bulk_load=bulk_load)
    place.load([DOGS, dog(1, "a"), dog(2, "b"), dog(1, "c"), dog(2), state({"n": 2})],
               bulk_load=bulk_load)  # fmt: skip
    rows = place.query("SELECT id, name FROM dogs ORDER BY id")
    assert rows == [(1, "c"), (2, None)]


@pytest.mark.parametrize("wanted", ["auto", "insert"])
def test_without_local_infile_rows_go_by_insert_and_one_line_says_what_it_would_bring(
    tmp_path: Path, wanted: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No line where INSERT was asked for; the server's setting stays as it was."""
    caplog.set_level("INFO", logger="target-dolt")
    with DoltServer(tmp_path, local_infile=False) as server:
        place = Place(server.new_database())
        place.load(messages_of(list(strange_records()), ["id"]), bulk_load=wanted)
        assert len(rows_of(place)) == len(TEXTS) + 2
        assert server.execute("SELECT @@GLOBAL.local_infile") == [(0,)]
    lines = [one.getMessage() for one in caplog.records if "local_infile" in one.getMessage()]
    told = {line for line in lines if "INSERT" in line}
    assert len(told) == (1 if wanted == "auto" else 0)


def test_without_local_infile_load_data_is_refused(tmp_path: Path) -> None:
    """With the words that an administrator needs."""
    with DoltServer(tmp_path, local_infile=False) as server:
        place = Place(server.new_database())
        text = refusal(place, bulk_load="load_data")
        assert "local_infile" in text
        assert place.load(ONE_DOG) == [{"n": 1}]


@pytest.mark.parametrize(
    ("bulk_load", "writer"),
    [("auto", LoadDataWriter), ("load_data", LoadDataWriter), ("insert", InsertWriter)],
)
def test_the_way_of_loading_is_the_one_that_was_asked_for(
    place: Place, bulk_load: str, writer: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server allows LOAD DATA, `auto` means that."""
    used: list[type] = []
    for kind in (LoadDataWriter, InsertWriter):
        upsert = kind.upsert

        def noting(self: Any, *arguments: Any, upsert: Any = upsert) -> None:
            used.append(type(self))
            upsert(self, *arguments)

        monkeypatch.setattr(kind, "upsert", noting)
    place.load(ONE_DOG, bulk_load=bulk_load)
    assert set(used) == {writer}


@pytest.mark.parametrize("lost", [1, -1], ids=["fewer", "more"])
def test_rows_that_the_server_counts_otherwise_than_they_were_sent_end_the_run(
    place: Place, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that gets lost on the way is not committed behind a STATE."""
    chunks = LoadDataWriter._chunks

    def lossy(self: Any, rows: Any) -> Iterator[bytes]:
        mine = self._table.name == "dogs"
        changed = rows if not mine else (rows[lost:] if lost > 0 else [*rows, *rows, *rows])
        return chunks(self, changed)

    monkeypatch.setattr(LoadDataWriter, "_chunks", lossy)
    with pytest.raises(WriteError, match="dogs"):
        place.load([DOGS, dog(1), dog(2), dog(3), state({"n": 3})], bulk_load="load_data")
    monkeypatch.undo()
    assert place.tables() == []
    assert place.branches() == ["main"]


def test_an_error_while_rows_are_made_leaves_none_of_them(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a buffer may not become a success, nor may the connection be used again."""
    chunks = LoadDataWriter._chunks

    def broken(self: Any, rows: Any) -> Iterator[bytes]:
        yield next(chunks(self, rows))
        if self._table.name == "dogs":
            raise ZeroDivisionError

    monkeypatch.setattr(LoadDataWriter, "_chunks", broken)
    with pytest.raises(ZeroDivisionError):
        place.load([DOGS, *map(dog, range(5)), state({"n": 5})], bulk_load="load_data")
    monkeypatch.undo()
    assert place.tables() == []
    assert place.branches() == ["main"]
