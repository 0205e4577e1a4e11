"""A load dies at every point of what it does; run again, nothing is lost and nothing is twice.

Each load is a process that ends by `os._exit` before or after a statement, a transaction's commit,
a write, the move of the branch, a STATE or in a hook: at the 1st, 2nd, 3rd ... until one survives.
The whole is `make fuzz`; `make test` takes a sample of it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Place
from support_crashes import CASES, Case, Crashes, Loads

SAMPLE = 4
"""Points of each case that `make test` takes; another number of them takes others."""


@pytest.fixture(scope="module")
def loads() -> Iterator[Loads]:
    """The process whose forks are the loads."""
    with Loads() as process:
        yield process


@pytest.fixture(params=CASES, ids=lambda one: one.name)
def crashes(request: pytest.FixtureRequest, place: Place, loads: Loads) -> Crashes:
    """Each load method, on each backend."""
    case: Case = request.param
    return Crashes(case, place, loads)


def every_point(crashes: Crashes) -> list[tuple[str, int]]:
    """Return each point that an undisturbed load comes to, with each time."""
    counts = sorted(crashes.undisturbed.counts.items())
    return [(point, number) for point, count in counts for number in range(1, count + 1)]


def test_a_load_that_dies_at_some_points_is_made_good_by_the_next(crashes: Crashes) -> None:
    """A sample of all points, the same at every run, from both bookmarks."""
    sample = random.Random(10).sample(every_point(crashes), SAMPLE)  # noqa: S311 - no secret
    for turn, (point, number) in enumerate(sample):
        # What a server still does for a dead load is waited for here, not by `make fuzz`.
        look = bool(turn % 2) or point.endswith(" sent")
        assert crashes.check(point, number, look=look).died


def test_a_load_whose_disk_is_full_is_made_good_by_the_next(crashes: Crashes) -> None:
    """It ends with an error, with every earlier commit whole; with room again nothing is amiss."""
    if "path" not in crashes.place.config:
        pytest.skip("a server's disk is the server's affair")
    file = Path(crashes.place.config["path"])
    for part in (0.0, 0.1, 0.2):
        full = crashes.check("full", file.stat().st_size + int(crashes.growth * part), look=True)
        assert full.code == 1
        assert full.err.splitlines()[-1].startswith("target_dolt.errors.WriteError: ")


@pytest.mark.fuzz
@pytest.mark.parametrize("look", [False, True], ids=["from-the-state-told", "from-the-state-kept"])
def test_a_load_that_dies_at_any_point_is_made_good_by_the_next(
    crashes: Crashes, *, look: bool
) -> None:
    """Every call of everything, until a load has none left and lives."""
    died = 0
    for point in sorted(crashes.undisturbed.counts):
        for number in itertools.count(1):
            if crashes.check(point, number, look=look).code == 0:
                break
            died += 1
    print(f"{died} loads died")  # noqa: T201 - the figure of a long run
    assert died >= len(every_point(crashes)) * 0.9


@pytest.mark.fuzz
@pytest.mark.parametrize("look", [False, True], ids=["from-the-state-told", "from-the-state-kept"])
def test_a_load_that_the_kernel_ends_at_any_instant_is_made_good_by_the_next(
    crashes: Crashes, *, look: bool
) -> None:
    """Whatever it does then: in Python, in the engine, while a server works for it."""
    chosen = random.Random(11)  # noqa: S311 - no secret
    ends = [crashes.check("instant", chosen.randrange(1, 400_000), look=look) for _ in range(100)]
    died = sum(one.code != 0 for one in ends)
    print(f"{died} loads died")  # noqa: T201
    assert died


@pytest.mark.fuzz
def test_a_load_that_dies_in_the_midst_of_a_write_to_its_file_is_made_good_by_the_next(
    crashes: Crashes,
) -> None:
    """The first bytes of a write are there, the others are not: of a file, by its length."""
    if "path" not in crashes.place.config:
        pytest.skip("a server's files are the server's: tests/dolt_server kills that")
    chosen = random.Random(12)  # noqa: S311 - no secret
    file = Path(crashes.place.config["path"])
    died = 0
    for turn in range(100):
        number = file.stat().st_size + chosen.randrange(crashes.growth)
        died += crashes.check("file", number, look=bool(turn % 2)).code != 0
    print(f"{died} loads died")  # noqa: T201
    assert died
