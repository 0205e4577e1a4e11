"""What the `dolt-sync` command is to a shell: completion, examples, exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from support import Place, database_of, record, schema, state
from support_values import ID

from tap_adapters.commands.cli import Later, cli

DOLT_SYNC = Path(sys.executable).with_name("dolt-sync")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_writes_the_completion_of_each_shell(shell: str) -> None:
    """The script that README names, which asks the command itself for what fits."""
    done = subprocess.run(
        [DOLT_SYNC],
        env={**os.environ, "_DOLT_SYNC_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert f"_DOLT_SYNC_COMPLETE={shell}_complete" in done.stdout


def test_it_completes_commands_and_options() -> None:
    """As bash asks for them."""
    asked = {"_DOLT_SYNC_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    for words, found in (("dolt-sync sn", "snapshot"), ("dolt-sync res", "restore")):
        done = subprocess.run(
            [DOLT_SYNC],
            env={**os.environ, **asked, "COMP_WORDS": words},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == f"plain,{found}\n"


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_each_command_has_an_example_in_its_help(command: str) -> None:
    """One that names the command as it is typed."""
    shown = CliRunner().invoke(cli, [command, "--help"]).output
    assert "Example" in shown
    assert f"  dolt-sync {command}" in shown.partition("Example")[2]
    standing_in = cli.commands[command]
    assert isinstance(standing_in, Later)
    assert standing_in.loaded().get_short_help_str(limit=200) == standing_in.short_help
    assert standing_in.loaded().name == command


def test_help_and_completion_need_nothing_that_a_load_needs() -> None:
    """A shell asks at each press of a key; loading all of it would take half a second of each."""
    code = (
        "import sys; from tap_adapters.start import dolt_sync as run\n"
        "try: run()\n"
        "finally: print(sorted({'sqlalchemy', 'singer_sdk', 'rich'} & sys.modules.keys()))"
    )
    completing = {
        "_DOLT_SYNC_COMPLETE": "bash_complete",
        "COMP_WORDS": "dolt-sync ",
        "COMP_CWORD": "1",
    }
    for arguments, more in ((["--help"], {}), ([], completing)):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.argv[0] = 'dolt-sync'\n{code}", *arguments],
            env={**os.environ, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "restore" in done.stdout
        assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plugins"], 0),
        (["log", "not_there.db"], 1),
        (["snapshot", "mongodb://localhost/shop", "shop.db"], 1),
        (["snapshot"], 2),
        (["log", "--nonsense"], 2),
    ],
)
def test_exit_codes_are_those_that_are_documented(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests of `verify` and `restore` see 3."""
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, arguments).exit_code == code


def test_a_databases_password_may_come_from_the_environment_or_a_prompt(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No URL has to hold it, whatever the command; a wrong one is refused, and not shown."""
    place.load([schema("dogs", {"id": ID}), record("dogs", id=7), state({"n": 1})])
    url = sa.make_url(database_of(place)) if "path" not in place.config else None
    if url is None or url.password is None:
        assert place.config.get("path")
        return
    bare = sa.URL.create("dolt", url.username, None, url.host, url.port, url.database)
    command = ["sql", str(bare), "SELECT id FROM dogs", "--format", "csv"]
    monkeypatch.setenv("TARGET_DOLT_PASSWORD", "wrong-secret")
    refused = CliRunner().invoke(cli, command)
    assert refused.exit_code == 1
    assert "wrong-secret" not in refused.output
    asked = ["--ask-database-password", *command]
    typed = CliRunner().invoke(cli, asked, input=f"{url.password}\n")
    assert (typed.exit_code, typed.stdout) == (0, "id\n7\n")
    monkeypatch.setenv("TARGET_DOLT_PASSWORD", str(url.password))
    given = CliRunner().invoke(cli, command)
    assert (given.exit_code, given.stdout) == (0, "id\n7\n")
    logged = CliRunner().invoke(cli, ["log", str(bare), "--format", "csv"])
    assert logged.exit_code == 0, logged.stderr
