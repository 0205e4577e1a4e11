"""A table to which somebody has added columns of their own: loads write around them."""

from __future__ import annotations

from typing import Any

import pytest
from support import Place, record, schema, state
from test_evolution import INT, TEXT, commit, dogs, server
from test_versions import DOG, MARKED, full_table

from target_dolt.errors import IncompatibleChangeError


def add_note(place: Place, more: str = "DEFAULT 'new'") -> None:
    """Add a column as a person would, and write into it."""
    kind = "VARCHAR(20)" if server(place) else "TEXT"
    commit(
        place,
        f"ALTER TABLE dogs ADD COLUMN note {kind} {more}",
        "UPDATE dogs SET note = 'mine'",
    )


def notes(place: Place) -> dict[Any, Any]:
    """Return what the column holds, by the row's id."""
    return {row["id"]: row["note"] for row in place.rows("dogs")}


@pytest.mark.parametrize("method", [None, "overwrite"])
@pytest.mark.parametrize("more", ["DEFAULT 'new'", "NOT NULL DEFAULT 'new'", ""])
def test_a_row_that_is_written_keeps_what_somebody_has_added_to_it(
    place: Place, method: str | None, more: str
) -> None:
    """A changed row, an equal one, a new one, which has the DEFAULT; by its key or as a whole."""
    settings = {"load_method": method} if method else {}
    first = [record("dogs", id=n, name="a") for n in (1, 2)]
    place.load([schema("dogs", DOG), *first, state({"n": 1})], **settings)
    add_note(place, more)
    second = [record("dogs", id=n, name=name) for n, name in ((1, "b"), (2, "a"), (3, "c"))]
    place.load([schema("dogs", DOG), *second, state({"n": 2})], batch_size_rows=1, **settings)
    assert notes(place) == {1: "mine", 2: "mine", 3: "new" if more else None}
    assert [row["name"] for row in place.rows("dogs")] == ["b", "a", "c"]
    assert place.log()[-1] == "Load dogs: 1 added, 1 changed"


def test_a_new_version_keeps_what_somebody_has_added_to_its_rows(place: Place) -> None:
    """The diff shows the rows that differ in the source; rows that are gone are gone."""
    place.load(full_table(1, *({"id": n, "name": "a"} for n in (1, 2, 3))))
    add_note(place)
    new = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 4, "name": "d"}]
    place.load(full_table(2, *new))
    assert notes(place) == {1: "mine", 2: "mine", 4: "new"}
    assert place.log()[-1] == "Load dogs: 1 added, 1 changed, 1 deleted"
    before = place.commits()
    place.load(full_table(3, *reversed(new)))
    assert place.commits() == before


def test_rows_that_a_version_gives_back_have_what_somebody_has_added(place: Place) -> None:
    """A stream that names no version any more: the rows that it did not send are put back."""
    place.load(full_table(1, *({"id": n, "name": "a"} for n in (1, 2))))
    add_note(place)
    place.load([schema("dogs", DOG), record("dogs", id=1, name="b"), state({"n": 2})])
    assert notes(place) == {1: "mine", 2: "mine"}
    assert place.log()[-1] == "Load dogs: 1 changed"


def test_without_a_key_rows_that_come_back_have_what_somebody_has_added(place: Place) -> None:
    """Rows that the run sends have the DEFAULT: nothing says which row each of them was."""
    place.load(full_table(1, {"id": 1, "name": "a"}, {"id": 2, "name": "b"}, keys=()))
    add_note(place)
    place.load([schema("dogs", DOG, ()), record("dogs", id=3, name="c"), state({"n": 2})])
    assert notes(place) == {1: "mine", 2: "mine", 3: "new"}
    assert place.log()[-1] == "Load dogs: 1 added"


def test_a_part_of_a_row_leaves_what_somebody_has_added(place: Place) -> None:
    """A record of a log that lacks a column; a row that is marked as deleted."""
    log = schema("dogs", MARKED)
    first = [record("dogs", id=n, name="a", _sdc_deleted_at=None) for n in (1, 2)]
    place.load([log, *first, state({"n": 1})], hard_delete=False)
    add_note(place)
    gone = record("dogs", id=2, _sdc_deleted_at="2026-01-02T03:04:05+00:00")
    place.load([log, record("dogs", id=1), gone, state({"n": 2})], hard_delete=False)
    assert notes(place) == {1: "mine", 2: "mine"}
    assert place.log()[-1] == "Load dogs: 1 changed"


def test_a_property_of_the_name_of_a_column_that_somebody_has_added_takes_it_over(
    place: Place,
) -> None:
    """From the SCHEMA on that has it; before, the column is not the stream's."""
    place.load([dogs(INT), record("dogs", id=1, x=1), record("dogs", id=2, x=2), state({"n": 1})])
    add_note(place)
    place.load([dogs(INT, note=TEXT), record("dogs", id=1, x=1, note=None), state({"n": 2})])
    assert notes(place) == {1: None, 2: "mine"}


@pytest.mark.parametrize("more", ["DEFAULT 'new'", "CHECK (note <> 'bad')"])
def test_a_default_or_check_that_somebody_has_added_is_never_lost(place: Place, more: str) -> None:
    """Dolt changes the one column; DoltLite would make the table anew, and refuses."""
    place.load([dogs(INT), record("dogs", id=1, x=7), state({"n": 1})])
    add_note(place, more)
    wider = [dogs(TEXT), record("dogs", id=2, x="b"), state({"n": 2})]
    if not server(place):
        with pytest.raises(IncompatibleChangeError, match=r"'x'.*(DEFAULT of 'note'|CHECK)"):
            place.load(wider)
        assert [row["x"] for row in place.rows("dogs")] == [7]
        commit(place, "ALTER TABLE dogs DROP COLUMN note")
        place.load(wider)
    else:
        place.load(wider)
        assert notes(place) == {1: "mine", 2: "new" if "DEFAULT" in more else None}
        if "CHECK" in more:
            with pytest.raises(Exception, match=r"(?i)check"):
                place.execute("UPDATE dogs SET note = 'bad'")
    assert [row["x"] for row in place.rows("dogs")] == ["7", "b"]
