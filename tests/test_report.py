"""`dolt-sync report`: what a database's history is on a page, on each backend."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support import Place, database_of, record, schema, state
from support_browser import Page
from support_dolt import DoltServer, needs_dolt
from support_report import (
    AGE,
    DOG,
    ENDS,
    IMAGE,
    TABLE,
    fill,
    fill_hostile,
    read,
    written,
)
from support_values import ID

from tap_adapters.commands.cli import cli
from tap_adapters.commands.report import report as report_command
from tap_adapters.report import COMMITS, Report
from tap_adapters.report.cells import Cell
from tap_adapters.report.sample import COLUMNS, ROWS, TABLES, TableSample
from target_dolt.settings import where_of


def changes(report: Report) -> list[list[tuple[str, int, int, int]]]:
    """Return the rows that each commit added, changed and deleted, by table, the newest first."""
    return [
        [(table.table, table.added, table.changed, table.deleted) for table in one.tables]
        for one in report.commits
    ]


def shown(cell: Cell | None) -> str | None:
    """Return a cell's text with all of its words."""
    if cell is None:
        return None
    return "".join(piece.text for piece in cell.pieces) + cell.more


def sampled(one: TableSample) -> list[tuple[str, dict[str, tuple[str | None, str | None]]]]:
    """Return a sample's rows: what happened, and each column's old and new text."""
    return [
        (
            row.change,
            {
                column: (shown(cell.old), shown(cell.new))
                for column, cell in zip(one.columns, row.cells, strict=True)
            },
        )
        for row in one.rows
    ]


def test_a_report_has_each_commit_with_its_rows_by_table_and_the_growth_of_tables(
    place: Place,
) -> None:
    """The newest first; a table's rows at each commit, the oldest first, before it was made too."""
    fill(place)
    report = read(place)
    assert changes(report) == [[("cats", 1, 0, 0)], [("dogs", 1, 1, 1)], [("dogs", 2, 0, 0)], []]
    assert [one.rows for one in report.commits] == [3, 2, 2, 0]
    assert {one.table: one.rows for one in report.tables} == {
        "dogs": (None, 2, 2, 2),
        "cats": (None, None, None, 1),
    }
    assert [(one.table, one.written, one.deleted) for one in report.tables] == [
        ("dogs", 4, 1),
        ("cats", 1, 0),
    ]
    assert report.commits_in_all == 4
    assert report.commits[0].entry.message.startswith("Load cats: 1 added")


def test_a_report_says_what_commits_change_of_tables_and_columns(place: Place) -> None:
    """Tables that come, are renamed and go; columns that are added, changed and dropped."""
    place.load([schema("dogs", DOG), record("dogs", id=1, name="Rex")])
    place.load([schema("dogs", AGE), record("dogs", id=1, name="Rex", age=1), state({"n": 2})])
    steps = [
        "ALTER TABLE dogs DROP COLUMN name",
        "ALTER TABLE dogs RENAME TO pets",
        "DROP TABLE pets",
    ]
    for step in steps:
        place.execute(step)
        place.call("dolt_commit", "-A", "-m", step)
    report = read(place)
    found = [
        [(change.table, change.words, change.column) for change in one.schema]
        for one in report.commits[:5]
    ]
    assert found == [
        [("pets", "table dropped", None)],
        [("pets", "table renamed", None)],
        [("dogs", "column dropped", "name")],
        [("dogs", "column added", "age")],
        [("dogs", "table added", None)],
    ]
    assert [one.rows for one in report.commits] == [0, 1, 1, 1, 1, 0]
    [pets] = report.tables
    assert (pets.table, pets.rows, pets.now) == ("pets", (None, 1, 1, 1, 1, None), None)


def test_a_changed_type_is_told_with_what_it_was(place: Place) -> None:
    """In the words of the database."""
    small = {"id": ID, "name": {"type": ["null", "string"], "maxLength": 10}}
    place.load([schema("dogs", small), record("dogs", id=1, name="Rex")])
    more = {**small, "weight": {"type": "integer"}}
    place.load([schema("dogs", more), record("dogs", id=1, name="Rex", weight=1), state({"n": 1})])
    more["weight"] = {"type": "number"}
    place.load(
        [schema("dogs", more), record("dogs", id=1, name="Rex", weight=1.5), state({"n": 2})]
    )
    [change] = read(place).commits[0].schema
    assert (change.table, change.words, change.column) == ("dogs", "column changed", "weight")
    assert change.before
    assert change.after
    assert change.before != change.after


def test_the_differences_of_two_commits_are_shown_cell_by_cell(place: Place) -> None:
    """Chosen by name or by time; a cell that is the same has no old side."""
    fill(place)
    report = read(place, old="HEAD~2", new="HEAD~1")
    [dogs] = report.differences
    assert dogs.columns == ("id", "name", "age")
    assert sampled(dogs) == [
        ("changed", {"id": (None, "1"), "name": ("Rex", "Rexy"), "age": ("NULL", "3")}),
        ("deleted", {"id": ("2", None), "name": ("Max", None), "age": ("NULL", None)}),
        ("added", {"id": (None, "3"), "name": (None, "New"), "age": (None, "NULL")}),
    ]
    last = read(place)
    assert [one.diff.table for one in last.differences] == ["cats"]
    assert last.old is not None
    assert last.old.commit == last.commits[1].entry.commit
    timed = read(place, old="HEAD~3", new="2100-01-01")
    assert [(one.diff.table, len(one.rows)) for one in timed.differences] == [
        ("cats", 1),
        ("dogs", 2),
    ]


def test_rows_of_dropped_tables_and_of_tables_without_a_key_are_shown(place: Place) -> None:
    """The first from the older commit; the second have no key to come first."""
    place.load([schema("notes", {"text": {"type": "string"}}, keys=()), record("notes", text="a")])
    place.load([schema("dogs", DOG), record("dogs", id=1, name="Rex"), state({"n": 2})])
    place.execute("DROP TABLE dogs")
    place.call("dolt_commit", "-A", "-m", "no dogs")
    [dropped] = read(place).differences
    assert (dropped.diff.change, sampled(dropped)) == (
        "dropped",
        [("deleted", {"id": ("1", None), "name": ("Rex", None)})],
    )
    [notes] = read(place, old="HEAD~3", new="HEAD~2").differences
    assert sampled(notes) == [("added", {"text": (None, "a")})]


@needs_dolt
def test_a_table_of_types_that_sqlalchemy_lacks_is_shown(
    dolt_server: DoltServer, tmp_path: Path
) -> None:
    """Its rows, and that its definition changed, if not how."""
    place = Place(dolt_server.new_database(), tmp_path)
    place.execute("CREATE TABLE maps (id INT PRIMARY KEY, at POINT, near VECTOR(2))")
    place.call("dolt_commit", "-A", "-m", "maps")
    place.execute("ALTER TABLE maps ADD COLUMN n INT")
    place.execute("INSERT INTO maps (id, at, n) VALUES (1, POINT(1, 2), 3)")
    place.call("dolt_commit", "-A", "-m", "a row")
    report = read(place)
    [change] = report.commits[0].schema
    assert change.words == "definition changed, with a type that is not known here"
    [maps] = report.differences
    [(kind, row)] = sampled(maps)
    assert (kind, row["id"], row["n"]) == ("added", (None, "1"), (None, "3"))
    written(place)


def test_a_table_with_another_key_is_told_of_and_counted(place: Place) -> None:
    """No engine says which of its rows differ; `dolt-sync diff` tells of it too."""
    for step, commit in (
        ("CREATE TABLE dogs (id INT PRIMARY KEY, tag INT NOT NULL)", False),
        ("INSERT INTO dogs VALUES (1, 5), (2, 6)", True),
        ("CREATE TABLE pets (id INT, tag INT NOT NULL PRIMARY KEY)", False),
        ("INSERT INTO pets VALUES (1, 5), (2, 6), (3, 7)", False),
        ("DROP TABLE dogs", False),
        ("ALTER TABLE pets RENAME TO dogs", True),
    ):
        place.execute(step)
        if commit:
            place.call("dolt_commit", "-A", "-m", step)
    report = read(place)
    assert changes(report)[0] == [("dogs", 0, 0, 0)]
    assert [one.rows for one in report.commits] == [3, 2, 0]
    assert {change.column for change in report.commits[0].schema} == {"id", "tag"}
    [dogs] = report.differences
    assert (dogs.diff.change, dogs.rows) == ("rekeyed", ())
    assert "rows cannot be compared" in written(place)
    done = CliRunner().invoke(cli, ["diff", database_of(place), "--format", "csv"])
    assert done.stdout.splitlines()[1:] == ["dogs,rekeyed,changed,0,0,0"]


def test_a_big_difference_is_sampled_with_rows_of_each_kind(place: Place) -> None:
    """No more rows than a page has room for, and as many of the few as of the many."""
    deleted = {"_sdc_deleted_at": {"type": ["null", "string"]}}
    rows = [record("dogs", id=number, name="a") for number in range(500)]
    place.load([schema("dogs", DOG), *rows, state({"n": 1})])
    place.load(
        [
            schema("dogs", {**DOG, **deleted}),
            *[record("dogs", id=number, name="b") for number in range(100)],
            record("dogs", id=100, _sdc_deleted_at="2026-01-01T00:00:00Z"),
            *[record("dogs", id=number, name="b") for number in range(500, 900)],
            state({"n": 2}),
        ]
    )
    [dogs] = read(place).differences
    assert (dogs.diff.added, dogs.diff.changed, dogs.diff.deleted) == (400, 100, 1)
    kinds = [row.change for row in dogs.rows]
    assert len(kinds) == ROWS
    assert kinds.count("deleted") == 1
    assert min(kinds.count("added"), kinds.count("changed")) >= ROWS // 2 - 1
    page = written(place)
    assert "20 of 501 rows that differ" in page


def test_of_a_wide_table_the_key_and_what_changed_are_shown(place: Place) -> None:
    """And as many of the other columns as there is room for, all in the table's order."""
    names = [f"c{number:02}" for number in range(COLUMNS + 10)]
    text = {"type": ["null", "string"]}
    columns = {**dict.fromkeys(names, text), "id": ID}
    for value in ("a", "b"):
        row = {**dict.fromkeys(names, "same"), names[-1]: value}
        place.load([schema("wide", columns), record("wide", id=1, **row), state({"n": value})])
    [wide] = read(place).differences
    assert wide.columns == (*names[: COLUMNS - 2], names[-1], "id")
    assert wide.columns_in_all == COLUMNS + 11
    [(_, cells)] = sampled(wide)
    assert cells[names[-1]] == ("a", "b")
    assert f"All rows that differ; {COLUMNS} of {COLUMNS + 11} columns" in written(place)


def test_tables_beyond_those_that_are_sampled_are_listed(place: Place) -> None:
    """With a sentence in place of their rows."""
    names = [f"t{number:02}" for number in range(TABLES + 2)]
    place.load([one for name in names for one in (schema(name, DOG), record(name, id=1, name="a"))])
    report = read(place)
    assert [bool(one.rows) for one in report.differences] == [True] * TABLES + [False] * 2
    assert written(place).count(f"rows are shown of the first {TABLES} tables") == 2


def test_limit_cuts_history_and_the_page_says_so(place: Place) -> None:
    """The rows of the commits that are shown stay right."""
    fill(place)
    report = read(place, limit=2)
    assert (len(report.commits), report.commits_in_all) == (2, 4)
    assert [one.rows for one in report.commits] == [3, 2]
    page = written(place, "--limit", "2")
    assert "The newest 2 of 4 commits are shown" in page
    assert "are shown, and counted below" not in written(place)


def test_commits_that_were_merged_in_are_listed_and_do_not_bend_the_growth(place: Place) -> None:
    """A merge is compared with the branch's own commit before it."""
    place.load([schema("dogs", DOG), record("dogs", id=1, name="Rex")])
    place.call("dolt_branch", "side")
    place.load(
        [schema("cats", DOG), record("cats", id=1, name="Tom"), state({"n": 2})], branch="side"
    )
    place.load(
        [schema("dogs", DOG), record("dogs", id=2, name="Max"), state({"n": 3})], pipeline_id="b"
    )
    done = CliRunner().invoke(cli, ["merge", database_of(place), "side", "-m", "Take cats in"])
    assert (done.exit_code, done.stderr) == (0, "")
    report = read(place)
    by_message = {one.entry.message.split(":")[0].split("\n")[0]: one for one in report.commits}
    merge = by_message["Take cats in"]
    assert (len(merge.parents), [table.table for table in merge.tables]) == (2, ["cats"])
    assert (by_message["Load cats"].mainline, by_message["Load cats"].rows) == (False, None)
    assert {one.table: one.rows for one in report.tables} == {
        "dogs": (None, 1, 2, 2),
        "cats": (None, None, None, 1),
    }
    assert read(place, ref="side").commits[0].tables[0].table == "cats"


def test_a_history_of_one_commit_is_a_page_too(place: Place) -> None:
    """Nothing to compare, nothing to draw."""
    place.open().close()
    report = read(place)
    assert (len(report.commits), report.old, report.differences) == (1, None, ())
    page = written(place)
    assert "nothing to compare it with" in page
    assert "None in the commits shown." in page


def test_hostile_names_and_values_are_text_on_the_page(place: Place) -> None:
    """No element but the template's; each value is there to be read, cut where it is long."""
    fill_hostile(place)
    page = Page(written(place))
    assert {"script", "img", "svg", "style"} & page.tags() == {"script", "svg", "style"}
    assert [one.tag for one in page.elements].count("script") == 1
    assert not [one for one in page.elements if any(key.startswith("on") for key in one.attributes)]
    assert "b" not in page.tags()
    text = "\n".join(page.cells)
    assert TABLE in text
    assert IMAGE in text
    assert "plain" in text
    assert f"{ENDS}␀↵leftU+202Eright" in text
    assert "10,003 characters in all" in text
    assert "10,004 characters in all" in text
    assert "q" * 1000 not in text
    raw = (place.directory / "report.html").read_text(encoding="utf-8")
    assert not set(raw) & {"\u202e", "\u0000"}
    assert not re.search(r"(?:src|href)=\"(?!#)", raw)


def test_the_policy_names_no_source_but_the_pages_own_style_and_script(place: Place) -> None:
    """By their hashes; nothing is loaded from anywhere."""
    fill(place)
    [policy] = [
        one.attributes["content"]
        for one in Page(written(place)).elements
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'; "
        r"base-uri 'none'; form-action 'none'",
        policy or "",
    )


def run(place: Place, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it wrote."""
    done = CliRunner().invoke(cli, ["report", database_of(place), *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_replaces_a_report_as_a_whole_and_says_what_it_wrote(
    place: Place, tmp_path: Path
) -> None:
    """And leaves nothing beside it; where it fails, the old page stays."""
    fill(place)
    folder = tmp_path / "pages"
    folder.mkdir()
    path = folder / "r.html"
    path.write_text("old")
    beside = tmp_path / "opened"
    beside.hardlink_to(path)
    code, out, told = run(place, "--output", str(path), "--from", "nowhere")
    assert (code, out, told) == (1, "", "Error: there is no branch, tag or commit 'nowhere'\n")
    assert path.read_text() == "old"
    assert run(place, "--output", str(path)) == (0, f"Wrote {path}: 4 of 4 commits\n", "")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [one.name for one in folder.iterdir()] == ["r.html"]
    assert beside.read_text() == "old"
    missing = folder / "no" / "r.html"
    code, out, told = run(place, "--output", str(missing))
    assert (code, out) == (1, "")
    assert told == f"Error: cannot write '{missing}': No such file or directory\n"


def test_without_jinja2_the_command_says_what_to_install(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence."""
    fill(place)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    code, out, told = run(place, "--output", str(tmp_path / "r.html"))
    assert (code, out) == (1, "")
    assert told == (
        "Error: reports need Jinja2, which is not installed: pip install 'target-dolt[report]'\n"
    )


@pytest.mark.parametrize("kind", ["doltlite", pytest.param("dolt", marks=needs_dolt)])
def test_the_size_on_disk_is_that_of_the_file_or_directory(kind: str, tmp_path: Path) -> None:
    """The whole directory of a Dolt database; a server's cannot be seen."""
    path = tmp_path / "kept"
    place = Place({"path": str(path), "create_database": kind == "dolt"}, tmp_path)
    fill(place)
    report = read(place, where=where_of(str(path)))
    files = [path] if kind == "doltlite" else [one for one in path.rglob("*") if one.is_file()]
    assert report.size is not None
    assert 0.5 < report.size / sum(one.stat().st_size for one in files) < 2
    assert read(place).size is None
    assert changes(report)[0] == [("cats", 1, 0, 0)]


@pytest.mark.parametrize("kind", ["doltlite", pytest.param("dolt", marks=needs_dolt)])
def test_the_bytes_of_history_are_measured_in_a_copy(kind: str, tmp_path: Path) -> None:
    """They grow with what commits bring; the database gets no branch and no remote by that."""
    path = tmp_path / "kept"
    place = Place({"path": str(path), "create_database": kind == "dolt"}, tmp_path)
    for load, count in enumerate((10, 10, 3000)):
        rows = [
            record("dogs", id=load * 10_000 + number, name=f"{number * 7919 % 3001} dog {number}")
            for number in range(count)
        ]
        place.load([schema("dogs", DOG), *rows, state({"n": load})])
    report = read(place, where=where_of(str(path)), measure=True)
    empty, first, second, third = report.storage
    assert empty < first < second < third
    assert third - second > 10 * (second - first)
    assert report.size is not None
    assert third < 2 * report.size
    assert place.branches() == ["main"]
    assert place.query("SELECT name FROM dolt_remotes") == []
    page = written(place, "--measure")
    assert "as a remote keeps them" in page
    assert "as a remote keeps them" not in written(place)


@needs_dolt
def test_the_bytes_of_a_servers_history_are_refused_with_the_cure(
    dolt_server: DoltServer, tmp_path: Path
) -> None:
    """Its files are not here."""
    place = Place(dolt_server.new_database(), tmp_path)
    fill(place)
    assert run(place, "--measure", "--output", str(tmp_path / "r.html")) == (
        1,
        "",
        "Error: the storage of a server's database cannot be measured from here: clone it first\n",
    )
    assert not (tmp_path / "r.html").exists()


def test_the_page_on_reports_lists_every_option_and_its_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the command, and a database of this name."""
    guide = (Path(__file__).parents[1] / "docs" / "report.md").read_text(encoding="utf-8")
    options = {one for each in report_command.params for one in each.opts}
    listed = set(re.findall(r"`(--\w+)", guide.partition("## What is on it")[0]))
    assert listed - {"--help"} == {one for one in options if one.startswith("--")}
    assert f"default: {COMMITS} |" in guide
    place = Place({"path": str(tmp_path / "shop.db")}, tmp_path)
    fill(place)
    place.call("dolt_tag", "v1", "HEAD~1")
    monkeypatch.chdir(tmp_path)
    [code] = re.findall(r"^```python\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - the guide's own
    assert found["text"].startswith("<!DOCTYPE html>")
    assert [one.diff.table for one in found["report"].differences] == ["cats"]
