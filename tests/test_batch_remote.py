"""BATCH files in object storage: S3 and Google's, spoken to by real clients over HTTP."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, singer, state
from support_dolt import free_port
from support_state import wait_until

STORAGE = os.environ.get("TARGET_DOLT_TEST_STORAGE", "")
"""A folder with `moto_server` and `gcp-storage-emulator`: `make test` makes it."""

DOG = {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}


BINARY = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Storage:
    """A server of objects.

    Attributes:
        root: The URL of a bucket.
        put: Puts an object into it.
        environment: What its clients must know.
    """

    root: str
    put: Callable[[str, bytes], None]
    environment: dict[str, str]


def answers(url: str, data: bytes | None = None, **options: Any) -> bool:
    """Ask a server, and return whether it was there."""
    try:
        urllib.request.urlopen(urllib.request.Request(url, data, **options), timeout=10).close()  # noqa: S310
    except OSError:
        return False
    return True


def s3(port: int) -> Storage:
    """Make a bucket on a server that speaks S3."""
    address = f"http://127.0.0.1:{port}"

    def put(name: str, data: bytes) -> None:
        assert answers(f"{address}/bucket/{name}", data, method="PUT", headers=signed)

    # moto asks who comes, and checks no signature.
    scope = "key/20260101/us-east-1/s3/aws4_request"
    who = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    signed = {**BINARY, "Authorization": who}
    wait_until(
        lambda: answers(f"{address}/bucket", b"", method="PUT", headers=signed),
        "no server of S3's protocol answers",
    )
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s3cret"}
    return Storage("s3://bucket", put, {"AWS_ENDPOINT_URL": address, **keys})


def gcs(port: int) -> Storage:
    """Make a bucket on a server that speaks Google's protocol."""
    address = f"http://127.0.0.1:{port}"
    kind = {"Content-Type": "application/json"}

    def put(name: str, data: bytes) -> None:
        place = f"upload/storage/v1/b/bucket/o?uploadType=media&name={name}"
        assert answers(f"{address}/{place}", data, method="POST", headers=BINARY)

    body = json.dumps({"name": "bucket"}).encode()
    wait_until(
        lambda: answers(f"{address}/storage/v1/b", body, method="POST", headers=kind),
        "no server of Google's protocol answers",
    )
    return Storage("gs://bucket", put, {"STORAGE_EMULATOR_HOST": address, "GCSFS_TOKEN": "anon"})


@pytest.fixture(
    scope="module",
    params=[
        ("s3fs", "moto_server -H 127.0.0.1 -p {port}", s3),
        ("gcsfs", "gcp-storage-emulator start --host 127.0.0.1 --port {port} --in-memory -q", gcs),
    ],
    ids=["s3", "gcs"],
)
def storage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Storage]:
    """A server of objects for this module, ended by its process id."""
    client, command, make = request.param
    program, *arguments = command.split()
    if not STORAGE or importlib.util.find_spec(client) is None:
        pytest.skip(f"`make test` brings {program} and {client}")
    port = free_port()
    process = subprocess.Popen(
        [Path(STORAGE) / program, *(one.format(port=port) for one in arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path_factory.mktemp("storage"),
    )
    try:
        yield make(port)
    finally:
        process.kill()
        process.wait()


def load(place: Place, storage: Storage, files: list[str], **encoding: str) -> tuple[int, str, str]:
    """Run the command on a record and a BATCH; return its exit code, output and messages."""
    batch = {
        "type": "BATCH",
        "stream": "dogs",
        "encoding": {"format": "jsonl", **encoding},
        "manifest": files,
    }
    lines = [
        *(schema("dogs", DOG), record("dogs", id=1, name="before"), state({"n": 1})),
        *(batch, state({"n": 2})),
    ]
    process = place.start(batch_root=f"{storage.root}/runs", commit_interval_seconds=0)
    out, told = process.communicate(singer(lines))
    return process.returncode, out, told


def test_batch_files_in_object_storage_become_rows(
    place: Place, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files in order, after a record of the same key."""
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    for name, rows in (("a", [(1, "a"), (2, "a")]), ("b", [(2, "b")])):
        text = "".join(json.dumps({"id": n, "name": value}) + "\n" for n, value in rows)
        storage.put(f"runs/{name}.jsonl.gz", gzip.compress(text.encode()))
    files = [f"{storage.root}/runs/{name}.jsonl.gz" for name in "ab"]
    code, out, told = load(place, storage, files, compression="gzip")
    assert (code, out) == (0, '{"n":1}\n{"n":2}\n'), told
    assert [tuple(row.values()) for row in place.rows("dogs")] == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("name", ["runs/missing.jsonl", "beside.jsonl", "runs/../beside.jsonl"])
def test_an_object_that_is_missing_or_beside_the_root_stops_the_run(
    place: Place, storage: Storage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By one sentence, with what came before it kept and no secret shown."""
    for variable, value in storage.environment.items():
        monkeypatch.setenv(variable, value)
    storage.put("beside.jsonl", b'{"id": 3}\n')
    code, out, told = load(place, storage, [f"{storage.root}/{name}"])
    assert code != 0
    assert out == '{"n":1}\n'
    assert "Traceback" not in told
    assert "s3cret" not in told
    assert ("is not there" if "missing" in name else "outside of `batch_root`") in told
    assert [row["id"] for row in place.rows("dogs")] == [1]
