"""`dolt-sync sql`: a query of a database, at any commit, in three forms."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import Place, record, schema, state
from support_values import CANARY, ID, lite

from tap_adapters.commands.cli import cli

DOG = {"id": ID, "name": {"type": ["null", "string"]}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A database with two commits, a tag on the first and a branch at the first."""
    place = lite(tmp_path)
    for n, name in enumerate(["Rex", "Max"], 1):
        place.load([schema("dogs", DOG), record("dogs", id=n, name=name), state({"n": n})])
        if n == 1:
            place.query("SELECT dolt_tag('v1')")
            place.query("SELECT dolt_branch('old')")
    return place


def sql(place: Place, *arguments: str, text: str | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["sql", place.config["path"], *arguments], input=text)


def ok(result: Result) -> str:
    """Return what the command wrote; it must have ended well."""
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


ALL = "SELECT * FROM dogs ORDER BY id"


def test_table_is_the_default_form(place: Place) -> None:
    """With its columns' names, and NULL where there is none."""
    place.load([schema("dogs", DOG), record("dogs", id=3)])
    lines = ok(sql(place, ALL)).splitlines()
    cells = [
        [cell.strip() for cell in line[1:-1].split(line[0])] for line in lines if "─" not in line
    ]
    cells = [row for row in cells if row != [""] and "━" not in row[0]]
    assert cells == [["id", "name"], ["1", "Rex"], ["2", "Max"], ["3", "NULL"]]


def test_csv_has_a_header_and_one_row_a_line(place: Place) -> None:
    """As RFC 4180 has it, with plain newlines."""
    assert ok(sql(place, "--format", "csv", ALL)) == "id,name\n1,Rex\n2,Max\n"


def test_json_is_one_object_a_line(place: Place) -> None:
    """With numbers as numbers."""
    assert ok(sql(place, "--format", "json", ALL)) == (
        '{"id":1,"name":"Rex"}\n{"id":2,"name":"Max"}\n'
    )


def test_json_refuses_columns_of_one_name(place: Place) -> None:
    """One of the two values would be lost; the other forms have both."""
    query = "SELECT 1 AS a, 2 AS b, 3 AS a"
    refused = sql(place, "--format", "json", query)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "two columns are called 'a'" in refused.stderr
    assert ok(sql(place, "--format", "csv", query)) == "a,b,a\n1,2,3\n"


@pytest.mark.parametrize(
    ("ref", "names"),
    [
        pytest.param("main", ["Rex", "Max"], id="branch"),
        pytest.param("old", ["Rex"], id="older-branch"),
        pytest.param("v1", ["Rex"], id="tag"),
        pytest.param("HEAD~1", ["Rex"], id="one-before"),
        pytest.param("HEAD", ["Rex", "Max"], id="head"),
        pytest.param("main~1", ["Rex"], id="one-before-a-branch"),
    ],
)
def test_at_reads_a_branch_a_tag_or_a_commit_as_it_was(
    place: Place, ref: str, names: list[str]
) -> None:
    """Whichever way a commit is named."""
    out = ok(sql(place, "--at", ref, "--format", "json", ALL))
    assert [json.loads(line)["name"] for line in out.splitlines()] == names


def test_at_takes_a_commit_s_hash(place: Place) -> None:
    """As the log shows it."""
    first, second = place.commits()
    assert ok(sql(place, "--at", first, "--format", "csv", ALL)) == "id,name\n1,Rex\n"
    assert ok(sql(place, "--at", second, "--format", "csv", ALL)) == "id,name\n1,Rex\n2,Max\n"


def test_reading_the_past_changes_nothing(place: Place) -> None:
    """No branch is moved or made, and a write there is refused."""
    before = (place.branches(), place.commits())
    ok(sql(place, "--at", "HEAD~1", ALL))
    refused = sql(place, "--at", "HEAD~1", "DELETE FROM dogs")
    assert refused.exit_code == 1
    assert (place.branches(), place.commits()) == before
    assert len(place.rows("dogs")) == 2


@pytest.mark.parametrize(
    "ref", ["nobody", "HEAD~99", "0" * 40, "", "'; DROP TABLE dogs; --", "../x", "a\nb"]
)
def test_ref_that_there_is_not_is_one_error(place: Place, ref: str) -> None:
    """On stderr, with exit code 1, and nothing on stdout."""
    end = sql(place, "--at", ref, ALL)
    assert (end.exit_code, end.stdout) == (1, "")
    assert end.stderr == f"Error: there is no branch, tag or commit '{ref}'\n"
    assert len(place.rows("dogs")) == 2


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("SELEKT 1", "syntax error", id="syntax"),
        pytest.param("SELECT * FROM nobody", "no such table", id="table"),
        pytest.param("SELECT nobody FROM dogs", "no such column", id="column"),
        pytest.param("SELECT 1; SELECT 2", "one statement", id="two-statements"),
        pytest.param("SELECT ?", "", id="parameter"),
        pytest.param("SELECT :x", "", id="named-parameter"),
    ],
)
def test_query_that_fails_is_one_error(place: Place, query: str, reason: str) -> None:
    """The database's own words, without a traceback and without SQLAlchemy's links."""
    end = sql(place, query)
    assert (end.exit_code, end.stdout) == (1, "")
    assert end.stderr.startswith("Error: ")
    assert reason in end.stderr
    assert len(end.stderr.splitlines()) == 1
    assert "sqlalche.me" not in end.stderr
    assert isinstance(end.exception, SystemExit)


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("SELECT * FROM dogs AS OF 'HEAD~1'", "dogs"),
        ("select * from \"dogs\" as of 'v1'", "dogs"),
        ("SELECT * FROM (SELECT 1) AS OF 'v1'", "TABLE"),
    ],
)
def test_a_query_of_the_past_in_dolts_words_says_what_there_is(
    place: Place, query: str, table: str
) -> None:
    """Which DoltLite knows as a syntax error only; what is said works."""
    result = sql(place, query)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith(
        "; a DoltLite file has no AS OF: --at REF reads all tables as they were, "
        f"`dolt_at_{table}('REF')` one of them in SQL\n"
    )
    assert "Rex" in ok(sql(place, "SELECT * FROM dolt_at_dogs('v1')"))
    assert "AS OF" not in sql(place, "SELECT * FROM cats").stderr


def test_query_with_a_percent_sign_and_a_colon_is_left_as_it_is(place: Place) -> None:
    """They are no parameters within a text."""
    query = "SELECT name FROM dogs WHERE name LIKE '%ex' AND name <> ':x'"
    assert ok(sql(place, "--format", "csv", query)) == "name\nRex\n"


def test_statement_without_rows_writes_nothing(place: Place) -> None:
    """And takes effect."""
    end = sql(place, "UPDATE dogs SET name = 'Moritz' WHERE id = 2")
    assert (end.exit_code, end.stdout) == (0, "")
    assert end.stderr.startswith("In no commit yet: ")
    assert place.rows("dogs")[1] == {"id": 2, "name": "Moritz"}


def test_a_table_without_rows_says_so(place: Place) -> None:
    """Below its columns; what programs read has no such words."""
    query = "SELECT * FROM dogs WHERE id > 9"
    assert ok(sql(place, query)).splitlines()[-1] == "no rows"
    assert ok(sql(place, query, "--format", "csv")) == "id,name\n"
    assert ok(sql(place, query, "--format", "json")) == ""


def test_query_that_finds_nothing_has_columns_all_the_same(place: Place) -> None:
    """The header of CSV and of a table; no line of JSON."""
    nothing = "SELECT id, name FROM dogs WHERE id > 9"
    assert ok(sql(place, "--format", "csv", nothing)) == "id,name\n"
    assert ok(sql(place, "--format", "json", nothing)) == ""
    assert "name" in ok(sql(place, nothing))


VALUES = [
    "[red]markup[/red]",
    "[/]",
    "[link=file:///etc/passwd]x[/link]",
    ":smile:",
    "two\nlines",
    "tab\there",
    'quote " and , comma',
    "NULL",
    "",
    " blanks ",
    "a\0b",
    "😀 名前 é",
    "-" * 500,
]


@pytest.fixture
def hostile(tmp_path: Path) -> Place:
    """A database with one row for each hostile value, and one with NULL."""
    place = lite(tmp_path)
    rows = [record("t", id=n, name=value) for n, value in enumerate(VALUES)]
    place.load([schema("t", DOG), *rows, record("t", id=len(VALUES)), state({"n": 1})])
    return place


def test_csv_gives_every_value_back(hostile: Place) -> None:
    """A reader of CSV gets the texts that were stored; of NULL and the empty text, both ways."""
    out = ok(sql(hostile, "--format", "csv", "SELECT name FROM t ORDER BY id"))
    rows = list(csv.reader(io.StringIO(out, newline="")))
    assert rows[0] == ["name"]
    found = [row[0] if row else "" for row in rows[1:]]
    assert found == [*VALUES, ""]


def test_csv_tells_null_from_an_empty_text(hostile: Place) -> None:
    """NULL is an empty field, an empty text a quoted one: as Postgres and Dolt write them."""
    query = "SELECT id, name FROM t WHERE name IS NULL OR name = '' ORDER BY name IS NULL"
    out = ok(sql(hostile, "--format", "csv", query))
    empty, null = VALUES.index(""), len(VALUES)
    assert out == f'id,name\n{empty},""\n{null},\n'


def test_json_gives_every_value_back(hostile: Place) -> None:
    """With null for NULL."""
    out = ok(sql(hostile, "--format", "json", "SELECT name FROM t ORDER BY id"))
    assert [json.loads(line)["name"] for line in out.splitlines()] == [*VALUES, None]


@pytest.mark.parametrize("value", [one for one in VALUES if one.isprintable() and one.strip()])
def test_table_shows_a_text_as_it_is(hostile: Place, value: str) -> None:
    """No markup, no emoji codes, and no cut to a terminal's width where nobody watches."""
    number = VALUES.index(value)
    out = ok(sql(hostile, f"SELECT name FROM t WHERE id = {number}"))
    assert value in out


def test_names_of_columns_are_shown_as_they_are(place: Place) -> None:
    """They may be markup as well, and two may be the same."""
    query = 'SELECT 1 AS "[red]x[/red]", 2 AS "[/]"'
    out = ok(sql(place, query))
    assert "[red]x[/red]" in out
    assert "[/]" in out
    assert ok(sql(place, "--format", "csv", "SELECT 1 AS a, 2 AS a")) == "a,a\n1,2\n"


def test_bytes_are_shown_as_hexadecimal_digits(place: Place) -> None:
    """In each form."""
    query = "SELECT x'00ff5b' AS b"
    assert "00ff5b" in ok(sql(place, query))
    assert ok(sql(place, "--format", "csv", query)) == "b\n00ff5b\n"
    assert ok(sql(place, "--format", "json", query)) == '{"b":"00ff5b"}\n'


def test_numbers_come_out_with_their_digits(place: Place) -> None:
    """Large integers and doubles alike."""
    query = "SELECT 9223372036854775807 AS i, 0.1 AS d, 1e300 AS e"
    assert ok(sql(place, "--format", "csv", query)) == "i,d,e\n9223372036854775807,0.1,1e+300\n"
    [line] = ok(sql(place, "--format", "json", query)).splitlines()
    assert json.loads(line) == {"i": 9223372036854775807, "d": 0.1, "e": 1e300}


def test_statements_from_a_pipe_run_one_after_the_other(place: Place) -> None:
    """Over several lines, the last with or without a semicolon; no prompt is shown."""
    text = "SELECT name\nFROM dogs\nWHERE id = 1;\n\nSELECT count(*) AS n FROM dogs"
    assert ok(sql(place, "--format", "csv", text=text)) == "name\nRex\nn\n2\n"


def test_semicolon_within_a_text_over_two_lines_does_not_end_a_statement(place: Place) -> None:
    """A statement ends where SQL says so."""
    text = "SELECT 'a;\nb' AS v;\n"
    assert ok(sql(place, "--format", "json", text=text)) == '{"v":"a;\\nb"}\n'


def test_error_at_the_prompt_is_told_and_the_next_statement_runs(place: Place) -> None:
    """A person goes on; a script sees it in the exit code."""
    end = sql(place, "--format", "csv", text="SELEKT 1;\nSELECT 1 AS a;\n")
    assert end.stdout == "a\n1\n"
    assert end.stderr.startswith("Error: ")
    assert len(end.stderr.splitlines()) == 1
    assert end.exit_code == 1


@pytest.mark.parametrize("word", ["exit", "QUIT;", "\\q", ""])
def test_a_word_ends_the_session_of_a_person(place: Place, word: str) -> None:
    """Those of other databases' shells, on a terminal alone; Ctrl-D as well."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "dolt-sync"),
            *("sql", place.config["path"], "--format", "csv"),
        ],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.close(slave)
    os.write(master, f"SELECT 7 AS n;\n{word or chr(4)}\n".encode())
    try:
        out, err = process.communicate(timeout=60)
    finally:
        os.close(master)
    assert process.returncode == 0
    assert b"n\n7\n" in out
    assert b"Error" not in out + err


@pytest.mark.parametrize("text", ["", "\n\n", "  ;\n"], ids=["empty", "blank-lines", "semicolon"])
def test_prompt_without_a_statement_ends_well(place: Place, text: str) -> None:
    """Nothing to do is no error."""
    assert ok(sql(place, text=text)) == ""


@pytest.mark.parametrize(
    "database",
    [
        pytest.param("nobody/x.db", id="no-such-directory"),
        pytest.param(f"postgresql://u:{CANARY}@h/d", id="unknown-scheme"),
        pytest.param(f"doltlite://u:{CANARY}@h:x/d", id="no-url"),
    ],
)
def test_database_that_cannot_be_opened_is_one_error_without_its_password(
    tmp_path: Path, database: str
) -> None:
    """And without a traceback."""
    end = sql(Place({"path": database}, tmp_path), "SELECT 1")
    assert (end.exit_code, end.stdout) == (1, "")
    assert end.stderr.startswith("Error: ")
    assert CANARY not in end.output
    assert isinstance(end.exception, SystemExit)


def test_reading_a_database_that_is_not_there_makes_none(tmp_path: Path) -> None:
    """A typo in its name is an error, not a new empty file."""
    end = sql(lite(tmp_path), "SELECT 1")
    assert end.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_command_runs_in_a_process_of_its_own(place: Place) -> None:
    """The installed one, on bytes: what a user has."""
    command = [str(Path(sys.executable).parent / "dolt-sync"), "sql", place.config["path"]]
    done = subprocess.run(
        [*command, "--format", "csv"],
        input=ALL.encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"id,name\n1,Rex\n2,Max\n", b"")


def test_closed_pipe_is_no_traceback(place: Place) -> None:
    """As in `dolt-sync sql ... | head`."""
    query = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) "
        "SELECT i FROM n"
    )
    process = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "dolt-sync"),
            *("sql", place.config["path"], "--format", "csv", query),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"i\n"
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err
