"""BATCH messages: files of records, ordered, converted and bounded like records."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, state

from target_dolt.errors import BatchError, ConfigError, RecordError

PROPERTIES = {
    "id": {"type": "integer"},
    "name": {"type": ["null", "string"]},
    "price": {"type": ["null", "number"]},
    "born": {"type": ["null", "string"], "format": "date-time"},
    "day": {"type": ["null", "string"], "format": "date"},
    "tags": {"type": ["null", "array"]},
}
ROWS = [
    {"id": 1, "name": "a\t\n", "price": 0.1, "born": "2020-01-02T03:04:05.5+02:00", "tags": [1.5]},
    {"id": 2, "name": None, "day": "2020-01-02"},
]


def batch(
    files: Sequence[Path | str], form: str = "jsonl", compression: str = "none"
) -> dict[str, Any]:
    """Return a BATCH message for dogs."""
    names = [one.as_uri() if isinstance(one, Path) else one for one in files]
    encoding = {"format": form, "compression": compression}
    return {"type": "BATCH", "stream": "dogs", "encoding": encoding, "manifest": names}


def jsonl(path: Path, rows: Sequence[dict[str, Any]], *, compressed: bool = False) -> Path:
    """Write rows as lines of JSON."""
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if compressed else data)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A batch root."""
    folder = tmp_path / "batches"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_batch_files_of_json_lines_become_rows_like_records(
    place: Place, root: Path, compression: str
) -> None:
    """The same rows from records and from files, in one commit with their STATE."""
    file = jsonl(root / "a b.jsonl", ROWS, compressed=compression == "gzip")
    out = place.load(
        [schema("dogs", PROPERTIES), batch([file], compression=compression), state({"n": 1})],
        batch_root=str(root),
    )
    assert out == [{"n": 1}]
    assert place.log() == ["Load dogs: 2 added"]
    assert place.rows("dogs") == [
        {
            "id": 1,
            "name": "a\t\n",
            "price": 0.1,
            "born": "2020-01-02 01:04:05.500000",
            "day": None,
            "tags": [Decimal("1.5")],
        },
        {"id": 2, "name": None, "price": None, "born": None, "day": "2020-01-02", "tags": None},
    ]


def test_a_parquet_file_becomes_the_rows_that_its_columns_say(place: Place, root: Path) -> None:
    """Doubles, decimals, moments with a zone, days and lists keep their values."""
    pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    zone = dt.timezone(dt.timedelta(hours=2))
    table = pa.table(
        {
            "id": [1, 2],
            "name": ["a", None],
            "price": [0.1, None],
            "born": [dt.datetime(2020, 1, 2, 3, 4, 5, 500000, tzinfo=zone), None],
            "day": [None, dt.date(2020, 1, 2)],
            "tags": [[1.5, 2.0], None],
        }
    )
    parquet.write_table(table, root / "a.parquet")
    place.load(
        [schema("dogs", PROPERTIES), batch([root / "a.parquet"], "parquet"), state({"n": 1})],
        batch_root=str(root),
    )
    rows = place.rows("dogs")
    assert rows[0]["born"] == "2020-01-02 01:04:05.500000"
    assert rows[0]["price"] == 0.1
    assert rows[0]["tags"] == [Decimal("1.5"), 2]
    assert rows[1] == {
        "id": 2,
        "name": None,
        "price": None,
        "born": None,
        "day": "2020-01-02",
        "tags": None,
    }


def test_records_and_batches_take_effect_in_the_order_in_which_they_came(
    place: Place, root: Path
) -> None:
    """Record, file, record: the newest version of a key wins each time."""
    file = jsonl(root / "a.jsonl", [{"id": 1, "name": "file"}, {"id": 2, "name": "file"}])
    place.load(
        [
            schema("dogs", PROPERTIES),
            record("dogs", id=1, name="before"),
            batch([file]),
            record("dogs", id=2, name="after"),
            state({"n": 1}),
        ],
        batch_root=root.as_uri(),
    )
    assert [row["name"] for row in place.rows("dogs")] == ["file", "after"]


@pytest.mark.parametrize("damage", ["cut gzip", "bad json", "bad value", "missing", "too large"])
def test_a_damaged_file_leaves_nothing_half_done(place: Place, root: Path, damage: str) -> None:
    """What came before the BATCH with its STATE is kept; of the BATCH not a single row."""
    rows = [{"id": number, "name": "x" * 50} for number in range(10, 60)]
    file = jsonl(root / "a.jsonl.gz", rows, compressed=True)
    settings: dict[str, Any] = {"batch_root": str(root)}
    error: type[Exception] = BatchError
    if damage == "cut gzip":
        file.write_bytes(file.read_bytes()[:-20])
    elif damage == "bad json":
        file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + b"{secret\n"))
    elif damage == "bad value":
        jsonl(file, [*rows, {"id": "secret"}], compressed=True)
        error = RecordError
    elif damage == "missing":
        file.unlink()
    else:
        settings["max_batch_bytes"] = 1000
    with pytest.raises(error) as told:
        place.load(
            [
                schema("dogs", PROPERTIES),
                record("dogs", id=1),
                state({"n": 1}),
                record("dogs", id=2),
                state({"n": 2}),
                batch([file], compression="gzip"),
                state({"n": 3}),
            ],
            batch_size_rows=5,
            commit_min_rows=100,
            **settings,
        )
    assert "secret" not in str(told.value)
    assert "stream 'dogs'" in str(told.value)
    assert [row["id"] for row in place.rows("dogs")] == [1, 2]
    assert place.kept_state() == {"n": 2}


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "file:///etc/passwd", "../secret.jsonl", "link.jsonl", "http://x/a.jsonl"],
)
def test_nothing_outside_of_the_batch_root_is_read(place: Place, root: Path, name: str) -> None:
    """By absolute path, by dots, by a link, by another scheme."""
    (root.parent / "secret.jsonl").write_text('{"id": 1}\n')
    (root / "link.jsonl").symlink_to(root.parent / "secret.jsonl")
    if not name.startswith(("/", "file:", "http:")):
        name = str(root / name)
    with pytest.raises(BatchError, match="outside of `batch_root`"):
        place.load([schema("dogs", PROPERTIES), batch([name])], batch_root=str(root))


def test_a_batch_without_a_batch_root_is_a_config_error(place: Place, root: Path) -> None:
    """Which files may be read is the user's to say."""
    file = jsonl(root / "a.jsonl", ROWS)
    with pytest.raises(ConfigError, match="batch_root"):
        place.load([schema("dogs", PROPERTIES), batch([file])])


def test_a_batch_lies_in_whatever_storage_fsspec_knows(place: Place) -> None:
    """A root that is a URL: below it files are read, beside it not."""
    fsspec = pytest.importorskip("fsspec", reason="no storage extra is installed")
    with fsspec.open("memory://bucket/runs/a.jsonl", "wb") as out:
        out.write(b'{"id": 1}\n')
    place.load(
        [schema("dogs", PROPERTIES), batch(["memory://bucket/runs/a.jsonl"]), state({"n": 1})],
        batch_root="memory://bucket/runs",
    )
    assert [row["id"] for row in place.rows("dogs")] == [1]
    for name in ("memory://bucket/runs/../b.jsonl", "memory://bucket/runs2/a.jsonl"):
        with pytest.raises(BatchError, match="outside of `batch_root`"):
            place.load(
                [schema("dogs", PROPERTIES), batch([name])], batch_root="memory://bucket/runs"
            )
