"""`dolt-sync erase`, on each backend: a row is in no commit, and all else is what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import Place, database_of, record, schema, state
from support_dolt import DoltServer, needs_dolt
from support_rewrite import head, history, line, load_dog
from test_remotes import dogs, new_clone, out, run

CANARY = "Nobody may know that I had this dog"
OTHER_TEXT = "Cleopatra the second"


def commits(place: Place) -> list[str]:
    """Return all commits that a branch or a tag leads to, the engine's left out."""
    refs = [*place.branches(), *(name for (name,) in place.query("SELECT tag_name FROM dolt_tags"))]
    return list({commit: None for ref in refs for commit in line(place, ref)})


def names(place: Place, ref: str) -> dict[int, str]:
    """Return the dogs' names at a commit."""
    return dict(place.query("SELECT id, name FROM dogs", at=ref))


def grep(directory: Path, text: str) -> list[str]:
    """Return the names of the files below a directory that hold these bytes as they are."""
    found = (one for one in directory.rglob("*") if one.is_file())
    return sorted(one.name for one in found if text.encode() in one.read_bytes())


@pytest.fixture
def shop(place: Place) -> Place:
    """Dog 2 came, was renamed and went; a branch and a tag remember it."""
    load_dog(place, 1, 60, OTHER_TEXT)
    load_dog(place, 2, 50, CANARY)
    place.call("dolt_branch", "review", "main")
    place.call("dolt_tag", "v1", "main", "-m", "the first release")
    load_dog(place, 3, 40, branch="review", pipeline_id="review")
    load_dog(place, 2, 30, f"{CANARY}, renamed")
    messages = [
        schema("dogs", {"id": {"type": "integer"}, "_sdc_deleted_at": {"type": "string"}}),
        record("dogs", id=2, _sdc_deleted_at="2026-01-01T00:00:00Z"),
        state({"n": 2}),
    ]
    place.load(messages)
    load_dog(place, 4, 10)
    return place


def test_no_commit_holds_the_row_and_all_else_is_what_it_was(shop: Place) -> None:
    """On all branches and tags: other rows, messages, authors, dates; commits before it stay."""
    refs = ("main", "review")
    before = {ref: history(shop, ref) for ref in refs}
    rows = {ref: [names(shop, commit) for commit in line(shop, ref)] for ref in refs}
    first, held = line(shop)[0], line(shop)[1:3]
    assert [2 in names(shop, commit) for commit in held] == [True, True]
    erased = out(run("erase", database_of(shop), "--table", "dogs", "--key", "2", "--yes"))
    assert "Commits that hold the row: 3 of 7\nCommits to make anew: 5" in erased
    assert "Branches to move: main, review\nTags to move: v1\n" in erased
    assert [commit for commit in commits(shop) if 2 in names(shop, commit)] == []
    for ref in refs:
        assert history(shop, ref) == before[ref]
        assert [names(shop, commit) for commit in line(shop, ref)] == [
            {number: name for number, name in found.items() if number != 2} for found in rows[ref]
        ]
    assert line(shop)[0] == first
    assert head(shop, "v1") == line(shop)[1] == line(shop, "review")[1]
    assert shop.query("SELECT * FROM dolt_status") == []
    assert (shop.kept_state(), shop.kept_state("review", at="review")) == ({"n": 4}, {"n": 3})
    for commit in held:
        assert run("sql", database_of(shop), "SELECT 1", "--at", commit).exit_code == 1
    load_dog(shop, 5, 0)
    assert dogs(shop) == [1, 4, 5]


def test_no_message_and_no_table_of_our_own_ever_held_a_value(shop: Place) -> None:
    """So that a row is all that there is to erase, but for what a tap's state says."""
    texts = [
        str(row)
        for commit in commits(shop)
        for query in (
            "SELECT message FROM dolt_log",
            "SELECT * FROM _target_dolt_columns",
            "SELECT * FROM _target_dolt_state",
        )
        for row in shop.query(query, at=commit)
    ]
    assert len(texts) > 20
    assert [text for text in texts if CANARY in text] == []


def test_no_file_has_the_bytes_of_an_erased_row(
    shop: Place, request: pytest.FixtureRequest
) -> None:
    """DoltLite keeps rows as they are; Dolt packs them, but short texts can be found."""
    directory = shop.directory
    if "path" not in shop.config:
        server: DoltServer = request.getfixturevalue("dolt_server")
        directory = server.directory / "data" / shop.config["database"]
    assert grep(directory, CANARY) != []
    out(run("erase", database_of(shop), "--table", "dogs", "--key", "id=2", "--yes"))
    assert grep(directory, CANARY) == []
    assert grep(directory, OTHER_TEXT) != []


def test_a_dry_run_and_a_no_change_nothing(shop: Place) -> None:
    """Both say what it would cost."""
    before = commits(shop)
    arguments = ("erase", database_of(shop), "--table", "dogs", "--key", "2")
    dry = out(run(*arguments, "--dry-run"))
    assert dry.endswith("Nothing was changed: a dry run\n")
    refused = run(*arguments)
    assert refused.exit_code == 1
    assert "Commits to make anew: 5" in refused.stdout
    assert commits(shop) == before


def test_a_row_that_no_commit_holds_costs_nothing(shop: Place) -> None:
    """And is no error, for an erasure may be done again; but nobody may take it for done."""
    before = commits(shop)
    done = out(run("erase", database_of(shop), "--table", "dogs", "--key", "77"))
    assert done.splitlines() == [
        "Commits that hold the row: 0 of 7",
        "No commit had such a row: none was erased; see that the key is right",
    ]
    assert commits(shop) == before


@pytest.mark.parametrize(
    ("table", "keys", "words"),
    [
        ("cats", ["2"], "has a table 'cats'"),
        ("dogs", ["name=Rex"], "the key of 'dogs' is id: give --key id=..."),
        ("dogs", ["1", "2"], "the key of 'dogs' is id: give --key id=..."),
        ("dogs", [CANARY], "'dogs.id' is BIGINT, and what was given is none"),
    ],
)
def test_a_key_that_is_none_is_an_error(
    shop: Place, table: str, keys: list[str], words: str
) -> None:
    """In words that do not repeat it."""
    before = commits(shop)
    options = [part for key in keys for part in ("--key", key)]
    refused = run("erase", database_of(shop), "--table", table, *options, "--yes")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert words in refused.stderr
    assert CANARY not in refused.stderr
    assert commits(shop) == before


SEATS = {
    "hall": {"type": "string", "maxLength": 20},
    "seat": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 10**20},
    "day": {"type": "string", "format": "date"},
    "guest": {"type": ["null", "string"]},
}


def test_a_key_of_several_columns_tells_rows_apart(place: Place) -> None:
    """Texts with an equals sign, decimals of many digits and dates are taken as they are shown."""
    keys = [
        {"hall": hall, "seat": seat, "day": day}
        for hall in ("a=b", "c")
        for seat in (7, 12345678901234567890)
        for day in ("2026-01-31", "2026-02-01")
    ]
    place.load(
        [
            schema("seats", SEATS, keys=["hall", "seat", "day"]),
            *(record("seats", **key, guest=CANARY) for key in keys),
            state({}),
        ]
    )
    before: list[Any] = place.rows("seats")
    assert len(before) == 8
    gone = ["--key", "hall=a=b", "--key", "day=2026-02-01", "--key", "seat=12345678901234567890.00"]
    out(run("erase", database_of(place), "--table", "seats", *gone, "--yes"))
    after = place.rows("seats")
    assert len(after) == 7
    (erased,) = [row for row in before if row not in after]
    assert (erased["hall"], int(erased["seat"]), str(erased["day"])) == (
        "a=b",
        12345678901234567890,
        "2026-02-01",
    )


def test_a_table_without_a_key_loses_the_rows_with_some_values(place: Place) -> None:
    """Each of them, in each commit; by a key alone it says what to give."""
    logs = schema(
        "logs", {"who": {"type": "integer"}, "what": {"type": ["null", "string"]}}, keys=[]
    )
    for turn in range(2):
        rows = [record("logs", who=who, what=f"{CANARY} {turn}") for who in (1, 2, 2)]
        place.load([logs, *rows, record("logs", who=2, what=f"other {turn}"), state({"n": turn})])
    erase = ("erase", database_of(place), "--table", "logs")
    refused = run(*erase, "--key", "2", "--yes")
    assert refused.exit_code == 1
    assert "table 'logs' has no key: give --where COLUMN=VALUE" in refused.stderr
    both = run(*erase, "--where", "who=2", "--where", f"what={CANARY} 0", "--yes")
    assert out(both).startswith("Rows with these values: 2 at the most in one commit\n")
    out(run(*erase, "--where", f"what={CANARY} 1", "--yes"))
    found = [place.query("SELECT who, what FROM logs ORDER BY 1, 2", at=one) for one in line(place)]
    first = [(1, f"{CANARY} 0"), (2, "other 0")]
    assert found == [first, [*first, (2, "other 1")]]
    nothing = run(*erase, "--where", "who=77", "--yes")
    assert "Commits that hold the row: 0 of 3" in out(nothing)


def test_values_that_find_no_row_are_an_error(shop: Place) -> None:
    """Before anything is changed."""
    before = commits(shop)
    either = "give either --key, or --where COLUMN=VALUE"
    for options, code, words in (
        (["--where", "nobody=1"], 1, "table 'dogs' has no column 'nobody'"),
        (["--where", "name=a", "--where", "name=b"], 1, "a column is given twice"),
        (["--where", "name"], 2, either),
        (["--where", "name=a", "--key", "1"], 2, either),
        ([], 2, either),
    ):
        refused = run("erase", database_of(shop), "--table", "dogs", *options, "--yes")
        assert refused.exit_code == code
        assert words in refused.stderr
    assert commits(shop) == before


def test_a_widened_key_is_found_as_each_commit_stores_it(place: Place) -> None:
    """A number in the older commits, a text in the later ones, where the older have no such key."""
    for kind in ("integer", "string"):
        properties = {"id": {"type": kind}, "name": {"type": "string"}}
        key: Any = 12 if kind == "integer" else "twelve"
        place.load([schema("dogs", properties), record("dogs", id=key, name=kind), state({})])
    out(run("erase", database_of(place), "--table", "dogs", "--key", "12", "--yes"))
    found = [place.query("SELECT id FROM dogs", at=commit) for commit in line(place)]
    assert found == [[], [("twelve",)]]
    out(run("erase", database_of(place), "--table", "dogs", "--key", "twelve", "--yes"))
    assert [place.query("SELECT id FROM dogs", at=commit) for commit in line(place)] == [[], []]


def test_a_remotes_branch_is_forgotten(shop: Place) -> None:
    """The remote's branch has the row until a push by force; its files have it, a new one's not."""
    remote = str(shop.directory / "shared.remote")
    out(run("push", database_of(shop), remote, "--tag", "v1"))
    held = [commit for commit in commits(shop) if 2 in names(shop, commit)]
    erased = out(run("erase", database_of(shop), "--table", "dogs", "--key", "2", "--yes"))
    assert "'origin/main' has the row still" in erased
    out(run("push", database_of(shop), "--force", "--tag", "v1"))
    clone = new_clone(shop, remote)
    assert [commit for commit in commits(clone) if 2 in names(clone, commit)] == []
    anew = str(shop.directory / "anew.remote")
    out(run("push", database_of(shop), anew, "--tag", "v1"))
    clone = new_clone(shop, anew)
    for commit in held:
        assert run("sql", database_of(clone), "SELECT 1", "--at", commit).exit_code == 1


def test_a_run_at_work_and_uncommitted_changes_stop_it(shop: Place) -> None:
    """On whichever branch they are."""
    shop.execute("UPDATE dogs SET name = 'mine' WHERE id = 3", at="review")
    before = commits(shop)
    refused = run("erase", database_of(shop), "--table", "dogs", "--key", "2", "--yes")
    assert refused.exit_code == 1
    assert "branch 'review': " in refused.stderr
    assert "'dogs' with uncommitted changes" in refused.stderr
    assert commits(shop) == before


@needs_dolt
def test_a_transaction_that_is_open_keeps_the_old_commits(
    dolt_server: DoltServer, tmp_path: Path
) -> None:
    """It is told of; what it writes does not bring the row back, and erasing again removes them."""
    place = Place(dolt_server.new_database(), tmp_path)
    for number in (1, 2):
        load_dog(place, number, 5)
    old = head(place)
    erase = ("erase", database_of(place), "--table", "dogs", "--key", "1", "--yes")
    database = place.open()
    with database.connect() as connection:
        with connection.begin():
            connection.exec_driver_sql("INSERT INTO dogs (id) VALUES (3)")
            connection.exec_driver_sql("DELETE FROM dogs WHERE id = 3")
            told = run(*erase)
            assert told.exit_code == 1
            assert "2 old commits that hold the row can still be read" in told.stderr
            assert "a transaction that another connection to the server has open" in told.stderr
            connection.exec_driver_sql("INSERT INTO dogs (id) VALUES (3)")
        assert dogs(place) == [2, 3]
    database.close()
    place.call("dolt_commit", "-A", "-m", "three")
    out(run(*erase))
    assert run("sql", database_of(place), "SELECT 1", "--at", old).exit_code == 1


@needs_dolt
def test_rows_that_hang_on_it_stop_it(dolt_server: DoltServer, tmp_path: Path) -> None:
    """By a foreign key, whether it would refuse or delete them too; DoltLite checks none."""
    place = Place(dolt_server.new_database(), tmp_path)
    load_dog(place, 1, 5)
    place.execute(
        "CREATE TABLE toys (id INT PRIMARY KEY, dog BIGINT)", "INSERT INTO toys VALUES (1, 1)"
    )
    for rule in ("RESTRICT", "CASCADE"):
        place.execute(
            f"ALTER TABLE toys ADD CONSTRAINT f_{rule} FOREIGN KEY (dog) REFERENCES dogs (id) "
            f"ON DELETE {rule}"
        )
        place.call("dolt_commit", "-A", "-m", rule)
        before = line(place)
        refused = run("erase", database_of(place), "--table", "dogs", "--key", "1", "--yes")
        assert refused.exit_code == 1
        assert "rows of 'toys' hang on a row of 'dogs' that is to go" in refused.stderr
        assert (line(place), place.query("SELECT * FROM toys")) == (before, [(1, 1)])
        place.execute(f"ALTER TABLE toys DROP FOREIGN KEY f_{rule}")
        place.call("dolt_commit", "-A", "-m", "none")
