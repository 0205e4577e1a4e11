"""Where the command's settings come from: files and environment variables, told when wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support_values import CANARY


def command(
    directory: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run `target-dolt` without input."""
    return subprocess.run(
        [sys.executable, "-m", "target_dolt", *arguments],
        input="",
        capture_output=True,
        text=True,
        cwd=directory,
        env={**os.environ, **environment},
        check=False,
        timeout=60,
    )


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the log's errors; nothing else may be wrong."""
    assert "Traceback" not in done.stderr
    return [line.split("| ")[-1] for line in done.stderr.splitlines() if "| ERROR " in line]


def test_a_config_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The first of them that is not."""
    (tmp_path / "here.json").write_text("{}")
    done = command(
        tmp_path, "--config", "here.json", "--config", "not.json", "--config", "nor.json"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert errors(done) == ["--config: there is no 'not.json'"]


@pytest.mark.parametrize("more", [[], ["--print-state"]], ids=["load", "print-state"])
@pytest.mark.parametrize(
    ("variable", "text", "words"),
    [
        ("PORT", f"x{CANARY}", "a whole number"),
        ("TABLE_MAP", f"x{CANARY}", "JSON"),
        ("STREAM_MAPS", "{", "JSON"),
        ("COMMIT_INTERVAL_SECONDS", "often", "a number"),
    ],
)
def test_an_environment_variable_of_a_wrong_type_is_one_sentence(
    tmp_path: Path, variable: str, text: str, words: str, more: list[str]
) -> None:
    """It names the variable, and does not show what it holds."""
    done = command(tmp_path, "--config", "ENV", *more, **{f"TARGET_DOLT_{variable}": text})
    assert (done.returncode, done.stdout) == (1, "")
    assert errors(done) == [f"the environment variable TARGET_DOLT_{variable} is not {words}"]
    assert CANARY not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_each_type_of_setting_can_come_from_the_environment(tmp_path: Path) -> None:
    """Texts, numbers, whole or not, yes and no, and objects."""
    values = {
        "PATH": "e.db",
        "COMMIT_INTERVAL_SECONDS": "2.5",
        "COMMIT_MIN_ROWS": "3",
        "HARD_DELETE": "false",
        "TABLE_MAP": json.dumps({"a": "b"}),
    }
    given = {f"TARGET_DOLT_{name}": value for name, value in values.items()}
    done = command(tmp_path, "--config", "ENV", **given)
    assert (done.returncode, errors(done)) == (0, [])


def test_a_setting_that_there_is_not_is_told_of_by_its_name(tmp_path: Path) -> None:
    """Never by its value; the SDK's own settings are known."""
    settings = {"path": "e.db", "tabel_map": CANARY, "stream_maps": {}, "flattening_enabled": False}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    done = command(tmp_path, "--config", "config.json")
    assert (done.returncode, errors(done)) == (0, [])
    told = [line.split("| ")[-1] for line in done.stderr.splitlines() if "| WARNING" in line]
    assert told == [
        "There is no setting `tabel_map`; it has no effect",
        "No stream came: does the tap's catalog select one?",
    ]
    assert CANARY not in done.stderr


def test_a_run_waits_for_no_import_that_it_has_no_use_for(tmp_path: Path) -> None:
    """A live line where nobody looks, a driver of servers for a file, what reads Parquet."""
    code = (
        "import sys; from tap_adapters.start import target_dolt as run\n"
        "sys.argv = ['target-dolt']\n"
        "try: run()\n"
        "finally: print(sorted({'pyarrow', 'pymysql', 'rich', 'sqlalchemy'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "['sqlalchemy']\n"), done.stderr


def test_variables_that_nobody_reads_are_told_of_once(tmp_path: Path) -> None:
    """By name alone; not where ENV is given, nor what a file gives too, as Meltano has it."""
    (tmp_path / "file.json").write_text('{"path": "here.db"}')
    given = {
        "TARGET_DOLT_PATH": "here.db",
        "TARGET_DOLT_COMMIT_AUTHOR": f"{CANARY} <a@example.com>",
        "TARGET_DOLT_LOGLEVEL": "INFO",
    }
    for arguments, unread in (
        ([], "TARGET_DOLT_COMMIT_AUTHOR, TARGET_DOLT_PATH"),
        (["--config", "file.json"], "TARGET_DOLT_COMMIT_AUTHOR"),
        (["--config", "file.json", "--config", "ENV"], None),
    ):
        done = command(tmp_path, *arguments, **given)
        told = [line.split("| ")[-1] for line in done.stderr.splitlines() if "not read" in line]
        words = f"{unread}: set, but not read without `--config ENV`"
        assert told == ([] if unread is None else [words])
        assert CANARY not in done.stderr
