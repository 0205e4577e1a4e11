"""`dolt-sync diff --format markdown`: a review to put beside a pull request, on each backend."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt
from support import Place, database_of, record, schema, singer, state
from support_browser import Page
from support_dolt import DoltServer, needs_dolt
from support_report import AGE, DOG, ENDS, GONE, IMAGE, TABLE, fill_hostile
from support_values import ID
from test_remotes import dogs, out, run

from tap_adapters.report.escape import code, fence
from tap_adapters.report.markdown import CHARACTERS


def rendered(text: str) -> Page:
    """Return Markdown as a browser has it, by the rules of CommonMark and GitHub's tables."""
    return Page(MarkdownIt("commonmark").enable("table").render(text))


def review(place: Place, *arguments: str) -> str:
    """Return what the command writes."""
    return out(run("diff", database_of(place), *arguments, "--format", "markdown"))


@pytest.fixture
def shop(place: Place) -> Place:
    """Two dogs, and a review branch: one changed, one gone, one more, a column more, a cat."""
    dogs = [record("dogs", id=1, name="Rex"), record("dogs", id=2, name="Max")]
    place.load([schema("dogs", DOG), *dogs, state({"n": 1})])
    place.load(
        [
            schema("dogs", {**AGE, "_sdc_deleted_at": {"type": ["null", "string"]}}),
            record("dogs", id=1, name="R|x", age=3),
            record("dogs", id=2, _sdc_deleted_at=GONE),
            record("dogs", id=3, name=""),
            schema("cats", DOG),
            record("cats", id=1, name="Tom"),
            state({"n": 2}),
        ],
        branch="review/7",
    )
    return place


def test_a_review_names_tables_columns_and_what_to_do(shop: Place) -> None:
    """No row is shown where nobody asks for rows; the database is named as commands take it."""
    text = review(shop, "main...review/7")
    ((old, new),) = shop.query("SELECT dolt_hashof('main'), dolt_hashof('review/7')")
    database = shop.open()
    database.close()
    assert text.startswith(
        "## `review/7` compared with `main`\n\n"
        "2 tables differ. Rows: 2 added, 1 changed, 1 deleted.\n\n"
        f"- `review/7` is `{new[:12]}` of "
    )
    assert f"\n- `main` is `{old[:12]}` of " in text
    assert (
        "| table | change | rows added | changed | deleted |\n"
        "| --- | --- | --: | --: | --: |\n"
        "| `cats` | added | 1 | 0 | 0 |\n"
        "| `dogs` | definition, rows | 1 | 1 | 1 |\n" in text
    )
    assert "\n### Schema changes\n\n- `cats`: table added\n- `dogs`: column added `age`: `" in text
    argument = database.argument
    assert text.endswith(
        "\n### Look at it, and take it over\n\n```sh\n"
        f"dolt-sync diff {argument} main...review/7 --table cats\n"
        f"dolt-sync sql {argument} --at review/7\n"
        f"dolt-sync merge {argument} review/7\n```\n"
    )
    for value in ("Rex", "R|x", "Tom"):
        assert value not in text
    out(run("merge", database_of(shop), "review/7"))
    assert "\nNothing differs.\n" in review(shop, "main", "review/7")


def test_a_sample_shows_rows_cell_by_cell(shop: Place) -> None:
    """What a cell was and is; an empty text and NULL are told apart from texts."""
    text = review(shop, "main...review/7", "--sample", "5")
    rows = text[text.index("### Rows that differ") : text.index("### Look at it")]
    assert rows == (
        "### Rows that differ\n\n"
        "#### `cats`\n\nAll rows:\n\n"
        "| | `id` | `name` |\n| --- | --- | --- |\n| added | 1 | `Tom` |\n\n"
        "#### `dogs`\n\nAll rows:\n\n"
        "| | `id` | `name` | `age` |\n| --- | --- | --- | --- |\n"
        "| changed | 1 | `Rex` → <code>R&#124;x</code> | *NULL* → 3 |\n"
        "| deleted | 2 | `Max` | *NULL* |\n"
        "| added | 3 | *empty* | *NULL* |\n\n"
    )
    assert "\n1 of 3 rows:\n" in review(shop, "main...review/7", "--sample", "1")


def test_three_dots_leave_out_what_the_other_branch_has_done_since(shop: Place) -> None:
    """In every form; without them the review says that this is shown as undone."""
    shop.load([schema("dogs", DOG), record("dogs", id=4, name="Neu"), state({"n": 4})])
    apart, both = review(shop, "main...review/7"), review(shop, "main", "review/7")
    assert "`main` has got commits since the two parted: they are not in this." in apart
    assert "| `dogs` | definition, rows | 1 | 1 | 1 |" in apart
    assert "`main` has commits that `review/7` lacks: what they did is shown as undone." in both
    assert "| `dogs` | definition, rows | 1 | 1 | 2 |" in both
    rows = out(run("diff", database_of(shop), "main...review/7", "--table", "dogs"))
    assert "Neu" not in rows
    assert "Neu" in out(run("diff", database_of(shop), "main", "review/7", "--table", "dogs"))


def test_hostile_names_and_values_are_nothing_but_text(place: Place) -> None:
    """Neither elements nor cells nor links come of them; each is in its place as it was."""
    fill_hostile(place)
    page = rendered(review(place, "--sample", "5"))
    assert page.tags() <= {
        "h2", "h3", "h4", "p", "ul", "li", "code", "pre", "em",
        "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert IMAGE in page.cells
    (before,) = [one for one in page.cells if one.startswith("plain → ")]
    assert before.replace("␀", "\0").startswith(f"plain → {ENDS}")
    table = TABLE.rpartition("-")[2]
    assert table in page.cells


@pytest.mark.parametrize(
    "text",
    [
        "a|b", "a\\|b", "a`b", "``", "`", "\\", "*a* _b_ ~~c~~", "[a](javascript:b)", "![a](b)",
        "<b>", "&lt;", "&#60;", "@octocat #12 GH-12", "https://example.org www.example.org", "$x$",
        ":smile:", "---", "# a", "1. a", "| --- |", "<!-- a", "![CDATA[",
    ],
)  # fmt: skip
def test_any_text_is_code_that_says_just_that(text: str) -> None:
    """In a table's cell; in code nobody is called, and no number becomes an issue."""
    page = rendered(f"| a | b |\n| --- | --- |\n| {code(text)} | c |\n")
    assert page.cells == ["a", "b", text, "c"]
    assert page.tags() == {"table", "thead", "tbody", "tr", "th", "td", "code"}


def test_spaces_and_what_runs_from_right_to_left_stay_in_their_place() -> None:
    """A browser would join the former, and the latter would turn what stands beside it."""
    assert code(" a  b ") == "<code>&#9248;a&#9248;&#9248;b&#9248;</code>"
    assert code("שלום") == "\u2068`שלום`\u2069"
    assert fence("a ``` b", "sh") == "````sh\na ``` b\n````"


def test_a_review_fits_into_a_comment(place: Place) -> None:
    """However many tables, columns and rows differ; what is left out is counted."""
    text = {"type": "string"}
    wide = {f"a|column {n}": text for n in range(20)}
    messages: list[Any] = []
    for table in range(40):
        messages += [schema(f"t{table}", {"id": ID, **wide})]
        values = dict.fromkeys(wide, "|" * 200)
        messages += [record(f"t{table}", id=n, **values) for n in range(3)]
    place.load([*messages, state({"n": 1})])
    found = review(place, "--sample", "3")
    assert CHARACTERS // 2 < len(found) <= CHARACTERS
    assert "12 of 21 columns" in found
    assert " more tables are left out.\n" in found
    assert found.endswith("```\n")


def test_a_sample_is_for_markdown_alone(shop: Place) -> None:
    """Elsewhere it would be passed over without a word."""
    for options in (["--format", "json"], ["--format", "markdown", "--table", "dogs"]):
        refused = run("diff", database_of(shop), "--sample", "3", *options)
        assert refused.exit_code == 2
        assert "--sample goes with --format markdown, and without --table" in refused.stderr


WORKFLOW = Path(__file__).parents[1] / "docs" / "review.md"
STUB = """\
#!{python}
import pathlib, sys

here = pathlib.Path(__file__).parent
name = pathlib.Path(__file__).name
with (here / (name + ".called")).open("a") as called:
    print(*sys.argv[1:], file=called)
sys.stdout.write((here / "messages").read_text())
"""


@needs_dolt
def test_the_workflow_of_the_docs_reviews_and_merges(
    dolt_server: DoltServer, tmp_path: Path
) -> None:
    """Its shell commands, as GitHub runs them, with a tap and a `gh` that are scripts."""
    place = Place(dolt_server.new_database(), tmp_path)
    place.load([schema("dogs", DOG), record("dogs", id=1, name="Rex"), state({"n": 1})])
    [block] = re.findall(r"```yaml\n(.*?)```", WORKFLOW.read_text(), re.DOTALL)
    workflow = yaml.safe_load(block)
    assert set(workflow["env"]) >= {"TARGET_DOLT_HOST", "TARGET_DOLT_PASSWORD", "WAREHOUSE"}
    for name in ("some-tap", "gh"):
        (tmp_path / name).write_text(STUB.format(python=sys.executable))
        (tmp_path / name).chmod(0o700)
    messages = [schema("dogs", DOG), record("dogs", id=2, name="Max"), state({"n": 2})]
    (tmp_path / "messages").write_text(singer(messages))
    environment = {
        **os.environ,
        **workflow["env"],
        **{f"TARGET_DOLT_{name.upper()}": str(value) for name, value in place.config.items()},
        "TARGET_DOLT_BRANCH": "review/pr-12",
        "WAREHOUSE": database_of(place),
        "PULL_REQUEST": "https://example.org/pull/12",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def steps(job: str) -> None:
        for step in workflow["jobs"][job]["steps"]:
            if "run" in step:
                command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
                subprocess.run(command, cwd=tmp_path, env=environment, check=True)

    steps("review")
    assert (dogs(place), dogs(place, at="review/pr-12")) == ([1], [1, 2])
    assert json.loads((tmp_path / "state.json").read_text()) == {"n": 1}
    summary = (tmp_path / "summary.md").read_text()
    assert "| `dogs` | changed | 1 | 0 | 0 |" in summary
    assert summary == (tmp_path / "diff.md").read_text()
    called = "pr comment https://example.org/pull/12 --body-file diff.md\n"
    assert (tmp_path / "gh.called").read_text() == called
    steps("merge")
    assert (dogs(place), place.kept_state()) == ([1, 2], {"n": 2})
