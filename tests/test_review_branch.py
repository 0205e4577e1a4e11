"""`branch` as a template: a run into a review branch of its own, on each backend."""

from __future__ import annotations

from typing import Any

import pytest
from support import Message, Place, database_of, state
from support_state import DOGS, cat, dog, ids, kept, print_state, run_branches, schema
from support_values import ID
from test_remotes import dogs, new_clone, out, run

from target_dolt.errors import ConfigError

REVIEW = "review/{run}"


def review(place: Place, *messages: Message, **settings: Any) -> str:
    """Load into a review branch; return its name."""
    before = place.branches()
    place.load(messages, **{"branch": REVIEW, **settings})
    (made,) = set(place.branches()) - {*before}
    return made


def test_a_run_into_a_review_branch_leaves_the_default_branch(place: Place) -> None:
    """The branch has the run's id in its name, the default branch's rows and the run's own."""
    place.load([DOGS, dog(1), state({"n": 1})])
    lines = place.load([DOGS, dog(2), state({"n": 2})], branch=REVIEW)
    (made,) = set(place.branches()) - {"main"}
    message = place.query("SELECT message FROM dolt_log LIMIT 1", at=made)[0][0]
    assert message.endswith(f"run {made.removeprefix('review/')}")
    assert (ids(place), ids(place, at=made)) == ([1], [1, 2])
    assert (kept(place), kept(place, at=made), lines) == ({"n": 1}, {"n": 2}, [{"n": 2}])
    assert run_branches(place) == []


def test_a_second_review_begins_from_the_default_branchs_state(place: Place) -> None:
    """Not from the first one's, until that is merged: then the default branch has its state."""
    place.load([DOGS, dog(1), state({"n": 1})])
    first = review(place, DOGS, dog(2), state({"n": 2}))
    for branch in (REVIEW, "review/pr-12"):  # neither is there yet
        assert print_state(place, branch=branch) == '{"n":1}\n'
    second = review(place, DOGS, dog(2), dog(3), state({"n": 3}))
    assert (ids(place, at=first), ids(place, at=second)) == ([1, 2], [1, 2, 3])
    assert kept(place, at=second) == {"n": 3}
    out(run("merge", database_of(place), second))
    assert (ids(place), kept(place)) == ([1, 2, 3], {"n": 3})
    assert print_state(place, branch=REVIEW) == '{"n":3}\n'


def test_a_second_review_of_one_pipeline_is_not_merged_over_the_first(place: Place) -> None:
    """Which of the two states would hold? The message says to run again instead."""
    place.load([DOGS, dog(1), state({"n": 1})])
    first, second = (review(place, DOGS, dog(n), state({"n": n})) for n in (2, 3))
    out(run("merge", database_of(place), first))
    refused = run("merge", database_of(place), second)
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert f"'{second}' and 'main' both have a load of the pipeline 'default'" in refused.stderr
    assert (ids(place), kept(place)) == ([1, 2], {"n": 2})


def test_a_review_that_changes_nothing_leaves_no_branch(place: Place) -> None:
    """Neither here nor at a remote; the STATE goes out. A name without the run's id stays."""
    remote = str(place.directory / "shared.remote")
    place.load([DOGS, dog(1), state({"n": 1})], push_remote=remote)
    assert place.load([DOGS, dog(1), state({"n": 2})], branch=REVIEW, push_remote=remote) == [
        {"n": 2}
    ]
    assert place.branches() == ["main"]
    with pytest.raises(Exception, match="dogs"):
        place.load([DOGS, {"type": "RECORD", "stream": "dogs", "record": {}}], branch=REVIEW)
    assert place.branches() == ["main"]
    place.load([DOGS, dog(1), state({"n": 2})], branch="review/{pipeline}")
    assert place.branches() == ["main", "review/default"]
    assert dogs(new_clone(place, remote)) == [1]


def test_pipelines_of_one_day_share_a_branch_by_its_date(place: Place) -> None:
    """What no branch may have in its name becomes a dash; a later run goes on on the branch."""
    place.load([DOGS, dog(1), state({"n": 1})])
    named = {"branch": "review/{date}/{pipeline}", "pipeline_id": "dev:pets to dolt"}
    cats = schema("cats", {"id": ID})
    made = review(place, cats, cat(1), state({"n": 1}), **named)
    place.load([cats, cat(2), state({"n": 2})], **named)
    assert made.endswith("/dev-pets-to-dolt")
    assert place.log(made)[-2:] == ["Load cats: 1 added", "Load cats: 1 added"]
    assert print_state(place, **named) == '{"n":2}\n'


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        ("{branch}", "`branch` names branch; the fields are pipeline, run, date"),
        ("review/{", "`branch` is not a template"),
        ("{run:d}", "`branch` has a format that its field does not take"),
        ("..", "`branch` makes no name"),
        ("-D", "`branch` begins with '-', as options of Dolt's procedures do"),
        ("target-dolt/{run}", "`branch` begins with 'target-dolt/'"),
    ],
)
def test_a_branch_that_is_no_template_stops_the_run(place: Place, branch: str, words: str) -> None:
    """Before anything is loaded."""
    with pytest.raises(ConfigError, match=words):
        place.load([DOGS, dog(1)], branch=branch)
    assert place.branches() == ["main"]


def test_braces_that_are_doubled_are_part_of_a_name(place: Place) -> None:
    """As in every template."""
    place.load([DOGS, dog(1)], branch="a-{{b}}")
    assert place.branches() == ["a-{b}", "main"]
