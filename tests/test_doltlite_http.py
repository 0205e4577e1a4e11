"""DoltLite's http remote, served by the engine's own library, which the wheel has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import doltlite
import pytest
from support import Place, database_of
from support_dolt import free_port
from test_remotes import dogs, load, out, run

SERVER = """\
import ctypes, sys

serve = ctypes.CDLL(sys.argv[1]).doltliteServeAsync
serve.restype = ctypes.c_void_p
serve.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p]
port = int(sys.argv[3])
print("up" if serve(sys.argv[2].encode(), port, b"127.0.0.1") else "down", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The URL of a server of DoltLite files, without any."""
    directory = tmp_path / "served"
    directory.mkdir()
    library = doltlite.libdoltlite_path()
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(library), str(directory), str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield f"http://127.0.0.1:{port}"
        process.communicate()


def test_a_file_is_pushed_cloned_and_pulled_over_http(served: str, tmp_path: Path) -> None:
    """With its history and tags; the clone is named by a URL, which says that it is DoltLite's."""
    place = Place({"path": str(tmp_path / "shop.db")}, tmp_path)
    clone = Place({"path": str(tmp_path / "mine.db")}, tmp_path)
    load(place, 1)
    place.call("dolt_tag", "v1", "-m", "the first")
    out(run("push", database_of(place), f"{served}/shop.db", "--tag", "v1"))
    out(run("clone", f"{served}/shop.db", f"doltlite:///{clone.config['path']}"))
    assert (clone.commits(), dogs(clone, at="v1")) == (place.commits(), [1])
    load(place, 2)
    out(run("push", database_of(place)))
    old, new = place.commits()
    assert out(run("pull", database_of(clone))) == f"Moved 'main' from {old} to {new}\n"
    assert dogs(clone) == [1, 2]
    load(place, 3)
    load(clone, 4)
    out(run("push", database_of(clone)))
    refused = run("push", database_of(place))
    assert refused.exit_code == 3
    assert "the remote's branch has commits that are not here; pull them" in refused.stderr


def test_what_a_server_lacks_and_a_server_that_is_not_there_are_told(
    served: str, tmp_path: Path
) -> None:
    """Nothing is made of them."""
    target = f"doltlite:///{tmp_path / 'new.db'}"
    missing = run("clone", f"{served}/none.db", target)
    assert missing.exit_code == 1
    assert "was not cloned: the remote's server has no such database" in missing.stderr
    silent = run("clone", f"http://127.0.0.1:{free_port()}/shop.db", target)
    assert silent.exit_code == 1
    assert "was not cloned: the remote does not answer" in silent.stderr
    assert not (tmp_path / "new.db").exists()
