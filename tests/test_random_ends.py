"""Loads that end at random: by a signal or two, a closed stdout, an input cut in a line.

Each is the command in a process of its own. Afterwards it is run again, and compared with a load
that nothing disturbed. The numbers are the same at every run; the long loop is `make fuzz`.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from support import Place
from support_crashes import CASES, Answer, Case, Crashes, Loads
from support_state import PATIENCE_SECONDS, sessions_are_gone

ENDS = ("SIGKILL", "SIGTERM", "SIGTERM twice", "SIGINT", "closed stdout", "cut input")

CODES = {
    "SIGKILL": {-signal.SIGKILL},
    "SIGTERM": {143},
    # The second one may come before the first one's handler, in it or after it.
    "SIGTERM twice": {143, -signal.SIGTERM},
    "SIGINT": {130},
    "closed stdout": {1},
    "cut input": {0, 1},  # between two lines it is a whole input
}


@pytest.fixture(scope="module")
def loads() -> Iterator[Loads]:
    """The process whose forks are the loads that nothing disturbs."""
    with Loads() as process:
        yield process


def ended(crashes: Crashes, end: str, chosen: random.Random) -> Answer:
    """Run a load that is given a part of its input and is then ended; return how it ended."""
    settings, text = crashes.begin()
    config = crashes.place.directory / "random.json"
    config.write_text(json.dumps(settings))
    part = text if end == "closed stdout" else text[: chosen.randrange(len(text))]
    pause = chosen.random() / 5
    with subprocess.Popen(
        [sys.executable, "-m", "target_dolt", "--config", str(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        if end == "closed stdout":
            process.stdout.close()
        out = ""
        with suppress(BrokenPipeError):
            process.stdin.write(part)
            process.stdin.flush()
        if crashes.case.resumes and part.count('"STATE"') > 1 and end != "closed stdout":
            out = process.stdout.readline()
        elif end.startswith("SIG"):
            next(line for line in process.stderr if "Meltano SDK" in line)  # it has begun
        time.sleep(pause)
        for name in end.split()[:1] * (2 if end.endswith("twice") else 1):
            if name.startswith("SIG"):
                process.send_signal(getattr(signal, name))
        if end == "closed stdout":
            process.stdout = None
        if not end.startswith("SIG"):
            rest, err = process.communicate(timeout=PATIENCE_SECONDS)
            out += rest or ""
        else:
            process.wait(PATIENCE_SECONDS)
            out += process.stdout.read()
            err = process.stderr.read()
            with suppress(BrokenPipeError):
                process.stdin.close()
    what = f"{end} after {len(part)} of {len(text)} characters and {pause:.3f} s"
    answer = Answer(process.returncode, out, err, Counter(), what)
    assert answer.code in CODES[end], answer
    assert "Traceback" not in err, answer
    return answer


def end_and_compare(crashes: Crashes, ends: Iterator[str] | list[str], seed: int) -> None:
    """End loads one after the other, each made good by the next."""
    chosen = random.Random(seed)  # noqa: S311 - no secret
    for end in ends:
        answer = ended(crashes, end, chosen)
        sessions_are_gone(crashes.place)
        crashes.make_good(answer, look=chosen.random() < 0.5)


def test_a_load_that_ends_at_random_is_made_good_by_the_next(place: Place, loads: Loads) -> None:
    """Each way of ending once."""
    end_and_compare(Crashes(CASES[0], place, loads), list(ENDS), seed=9)


@pytest.mark.fuzz
@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_a_load_that_ends_at_random_many_times_is_made_good_by_the_next(
    place: Place, loads: Loads, case: Case
) -> None:
    """Each way of ending twenty times, with each load method."""
    end_and_compare(Crashes(case, place, loads), list(ENDS) * 20, seed=10)
