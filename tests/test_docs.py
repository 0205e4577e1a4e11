"""README.md and CONTRIBUTING.md are true: settings, transcript, layout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text()
CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text()

CHANGING = (
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}"),
    re.compile(r"\b[0-9a-f]{40}\b"),
)
"""What differs from run to run: dates, ids of runs, hashes."""


def masked(text: str) -> str:
    """Return a text with an x for each character that differs from run to run."""
    for pattern in CHANGING:
        text = pattern.sub(lambda found: "x" * len(found[0]), text)
    return text


def transcripts() -> list[list[tuple[str, str]]]:
    """Return the README's blocks of commands with their output."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    parts = [re.split(r"^\$ ", block, flags=re.MULTILINE)[1:] for block in blocks]
    return [[split(part) for part in block] for block in parts]


def split(part: str) -> tuple[str, str]:
    """Return a command, with its here-document where it has one, and its output."""
    here = re.match(r".*?<<'(\w+)'.*?^\1\n", part, re.DOTALL | re.MULTILINE)
    end = here.end() if here else part.index("\n") + 1
    return part[:end], part[end:]


@pytest.mark.parametrize("transcript", transcripts())
def test_the_readme_shows_what_its_commands_print(
    transcript: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Each command, one after the other in an empty directory, gives the output shown."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for command, shown in transcript:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert masked(done.stdout) == masked(shown), command


def test_the_readmes_python_runs(tmp_path: Path) -> None:
    """In a process of its own, beside an SQLite file: a snapshot, a comparison, a copy."""
    [code] = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    make = """import sqlite3
for name in ("shop", "copy"):
    sqlite3.connect(f"{name}.sqlite").executescript("VACUUM")
sqlite3.connect("shop.sqlite").executescript(
    "CREATE TABLE users (id integer PRIMARY KEY); INSERT INTO users VALUES (1), (2);"
    "CREATE TABLE old_log (id integer PRIMARY KEY)")"""
    look = "import sqlite3; print(*sqlite3.connect('copy.sqlite').execute('SELECT * FROM users'))"
    printed = [
        subprocess.run(
            [sys.executable, "-c", part], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for part in (make, code, look)
    ]
    assert [(one.returncode, one.stdout) for one in printed] == [
        (0, ""),
        (0, "users 2 0 0\n"),
        (0, "(1,) (2,)\n"),
    ], printed[1].stderr


def test_the_readme_has_a_transcript() -> None:
    """The first thing to see is a run."""
    assert transcripts()


def listed_settings(page: str) -> list[tuple[str, str]]:
    """Return the settings of a page's table, each with its default as text."""
    return re.findall(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\|", page, re.MULTILINE)


def settings_of(*program: str) -> list[tuple[str, str]]:
    """Return the settings that a program of Python's tells by `--about`, as a table has them."""
    command = [sys.executable, *program, "--about", "--format=json"]
    about = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = []
    for name, schema in json.loads(about)["settings"]["properties"].items():
        default = schema.get("default")
        shown = default if isinstance(default, str) or default is None else json.dumps(default)
        found.append((name, shown or ""))
    return found


def test_the_readme_lists_every_setting_with_its_default() -> None:
    """The table has the settings of `--about`, in that order, and their defaults."""
    assert listed_settings(README) == settings_of("-m", "target_dolt")


def test_the_page_on_tap_dolt_lists_every_setting_with_its_default() -> None:
    """The table has the settings of `--about`, in that order, and their defaults; the targets that
    it names are the Makefile's."""
    page = (CHECKOUT / "docs" / "tap.md").read_text()
    script = "from tap_adapters.tap import main; main()"
    assert listed_settings(page) == settings_of("-c", script)
    makefile = (CHECKOUT / "Makefile").read_text()
    targets = re.findall(r"\$\(ENVS\)/([\w-]*target-[\w-]+)/\.made-([\d.]+)", makefile)
    assert len(targets) == 2
    assert [one for one in targets if "`{}` {}".format(*one) not in page] == []


def test_links_within_the_documents_lead_somewhere() -> None:
    """A link to a heading has that heading; a link to a file has that file."""
    headings = {
        re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
        for text in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    targets = re.findall(r"\]\((?!https?:)(.*?)\)", README)
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert target[1:] in headings
        else:
            assert (CHECKOUT / target).is_file(), target


def test_the_page_on_taps_names_the_versions_that_are_run() -> None:
    """Each tap of the Makefile is in docs/taps.md with its version; links there lead somewhere."""
    page = (CHECKOUT / "docs" / "taps.md").read_text()
    makefile = (CHECKOUT / "Makefile").read_text()
    taps = re.findall(r"\$\(ENVS\)/([\w-]*tap-[\w-]+)/\.made-([\d.]+)", makefile)
    assert len(taps) >= 5
    missing = [
        tap for tap, version in taps if not re.search(rf"`{tap}`(?:\]\(.*?\))? {version}\b", page)
    ]
    assert missing == []
    headings = {
        re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")
        for text in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    for target in re.findall(r"\]\((?!https?:)(.*?)\)", page):
        if target.startswith("#"):
            assert target[1:] in headings, target
        else:
            assert (CHECKOUT / "docs" / target.partition("#")[0]).is_file(), target


def test_contributing_names_files_that_exist() -> None:
    """Whatever is named with its folder is in this checkout."""
    named = re.findall(r"`([\w/.]+/[\w.]*)`", CONTRIBUTING)
    assert len(named) > 20
    missing = [name for name in named if not (CHECKOUT / name).exists() and name[0] != "."]
    assert missing == []


def test_contributing_has_a_room_for_each_file_of_the_packages() -> None:
    """The tables of the layout are the folders as they are: no file more, none less."""
    told, folder = set(), ""
    for row in re.findall(r"^\|(.*?)\|(.*?)\|.*\|$", CONTRIBUTING, re.MULTILINE):
        folder = row[0].strip(" `") or folder
        for name in re.findall(r"`([\w/]+\.[\w.]+)`", row[1]):
            told.add(name if "/" in name else folder + name)
    packages = (CHECKOUT / "target_dolt", CHECKOUT / "tap_adapters")
    files = [path for package in packages for path in package.rglob("*.*") if path.is_file()]
    kept = {str(path.relative_to(CHECKOUT)) for path in files if path.suffix != ".pyc"}
    unsaid = {name for name in kept if re.search(r"/__\w+__\.py$|/py\.typed$", name)}
    assert told == kept - unsaid


def test_make_has_the_targets_that_the_documents_name() -> None:
    """Each `make` command that a reader is told of is there, with a line in `make help`."""
    told = set(re.findall(r"(?:`|^)make (\w+)", README + CONTRIBUTING, re.MULTILINE))
    makefile = (CHECKOUT / "Makefile").read_text()
    assert told
    assert told <= set(re.findall(r"^(\w+):.*## ", makefile, re.MULTILINE))


def missing_tests(page: str) -> list[str]:
    """Return the names of tests on a page that no file of tests has."""
    tests = "".join(path.read_text() for path in (CHECKOUT / "tests").rglob("test_*.py"))
    return [name for name in re.findall(r"`(test_\w+)`", page) if f"def {name}(" not in tests]


def test_each_defence_is_shown_by_tests_that_exist() -> None:
    """Each row of SECURITY.md's table names one or more."""
    page = (CHECKOUT / "SECURITY.md").read_text()
    rows = [row for row in re.findall(r"^\|.*\|$", page, re.MULTILINE)[2:] if "`test_" not in row]
    assert rows == []
    assert len(re.findall(r"`test_\w+`", page)) > 10
    assert missing_tests(page) == []


def test_each_promise_and_each_fault_is_shown_by_a_test_that_exists() -> None:
    """Each row of docs/guarantees.md names one or more; the faults are fifty-six."""
    page = (CHECKOUT / "docs/guarantees.md").read_text()
    promised, _, faults = page.partition("## Not promised")
    shown = r"`test_\w+`(?:, `test_\w+`)* \|$"
    rows = re.findall(r"^\| .* \| .*$", promised, re.MULTILINE)[1:]
    assert len(rows) > 10
    assert [row for row in rows if not re.search(shown, row)] == []
    numbered = re.findall(rf"^\| (\d+) \|.*\| {shown}", faults, re.MULTILINE)
    assert [int(number) for number in numbered] == list(range(1, 57))
    assert missing_tests(page) == []


def test_each_request_of_users_is_answered_by_a_test_that_exists() -> None:
    """Twenty-five rows; what is named as a test is a function of these files."""
    rows = re.findall(
        r"^\| (\d+) \|.*\| `(test_\w+)` \|$",
        (CHECKOUT / "docs/requests.md").read_text(),
        re.MULTILINE,
    )
    assert [int(number) for number, _ in rows] == list(range(1, 26))
    tests = "".join(path.read_text() for path in (CHECKOUT / "tests").glob("test_*.py"))
    assert [name for _, name in rows if f"def {name}(" not in tests] == []


def test_each_fault_of_others_is_shown_with_files_and_tests_that_exist() -> None:
    """Each heading of docs/upstream.md has something to run, and says what becomes of it here."""
    page = (CHECKOUT / "docs/upstream.md").read_text()
    faults = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    assert len(faults) > 20
    wanted = ("```", "Expected: ", "Here:")
    assert [one.splitlines()[0] for one in faults if not all(map(one.__contains__, wanted))] == []
    named = re.findall(r"`((?:target_dolt|plugins|tap_adapters)/[\w/]+\.py)`", page)
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []
    assert missing_tests(page) == []
