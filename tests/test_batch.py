"""BATCH messages: files of records, ordered, converted and bounded like records."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
import sys
import tracemalloc
import uuid
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support import Place, record, schema, singer, state

from target_dolt.errors import BatchError, ConfigError, RecordError
from target_dolt.target import TargetDolt

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


def test_a_version_that_comes_in_files_replaces_the_table(place: Place, root: Path) -> None:
    """So the SDK's taps write a full table: the version, files, a STATE behind each."""
    for version, ids in ((1, (1, 2, 3)), (2, (2, 4)), (3, (2, 4))):
        files = [jsonl(root / f"{version}-{n}.jsonl", [{"id": n, "name": "a"}]) for n in ids]
        out = place.load(
            [
                schema("dogs", PROPERTIES),
                {"type": "ACTIVATE_VERSION", "stream": "dogs", "version": version},
                *(one for file in files for one in (batch([file]), state({"file": file.name}))),
            ],
            batch_root=str(root),
            commit_interval_seconds=0,
        )
        assert out == [{"file": files[-1].name}]
        assert [row["id"] for row in place.rows("dogs")] == list(ids)
    assert place.log() == ["Load dogs: 3 added", "Load dogs: 1 added, 2 deleted"]


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
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "file:///%2e%2e/etc/passwd",
        "../secret.jsonl",
        "link.jsonl",
        "http://x/a.jsonl",
    ],
)
def test_nothing_outside_of_the_batch_root_is_read(place: Place, root: Path, name: str) -> None:
    """By absolute path, by dots, by a link, by another scheme."""
    (root.parent / "secret.jsonl").write_text('{"id": 1}\n')
    (root / "link.jsonl").symlink_to(root.parent / "secret.jsonl")
    if not name.startswith(("/", "file:", "http:")):
        name = str(root / name)
    with pytest.raises(BatchError, match="outside of `batch_root`"):
        place.load([schema("dogs", PROPERTIES), batch([name])], batch_root=str(root))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a\0b", "is not there"),
        ("x" * 5000, "cannot be read"),
        (".", "it is no regular file"),
        (None, "it lies outside"),
        (5, "it lies outside"),
    ],
)
def test_a_name_that_no_file_has_is_an_error_in_words(
    place: Place, root: Path, name: Any, words: str
) -> None:
    """A NUL, a name that no system takes, a directory, no text at all."""
    named = str(root / name) if isinstance(name, str) else name
    with pytest.raises(BatchError, match=rf"file 1 of 1:? {words}"):
        place.load([schema("dogs", PROPERTIES), batch([named])], batch_root=str(root))


def test_a_batch_without_a_batch_root_is_a_config_error(place: Place, root: Path) -> None:
    """Which files may be read is the user's to say."""
    file = jsonl(root / "a.jsonl", ROWS)
    with pytest.raises(ConfigError, match="batch_root"):
        place.load([schema("dogs", PROPERTIES), batch([file])])


@pytest.mark.parametrize(
    ("missing", "name", "form", "extra"),
    [
        ("pyarrow", "a.parquet", "parquet", "`parquet`"),
        ("fsspec", "s3://b/a.jsonl", "jsonl", "`s3` or `gcs`"),
    ],
)
def test_what_reads_a_form_and_is_not_installed_is_named(
    place: Place, root: Path, monkeypatch: pytest.MonkeyPatch, missing: str, name: str, form: str,
    extra: str,
) -> None:  # fmt: skip
    """By the extra that brings it."""
    monkeypatch.setitem(sys.modules, missing, None)
    (root / "a.parquet").write_bytes(b"")
    at = name if "://" in name else str(root / name)
    message = {
        "type": "BATCH", "stream": "dogs", "encoding": {"format": form}, "manifest": [at],
    }  # fmt: skip
    with pytest.raises(ConfigError, match=f"install target-dolt with its extra {extra}"):
        place.load([schema("dogs", PROPERTIES), message], batch_root=at.rpartition("/")[0])


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


@pytest.mark.parametrize(
    ("root", "told"),
    [
        ("s3://bucket", r"stream 'dogs': file 1 of 1 cannot be read: \w+Error; nothing of this"),
        ("foo://bucket", r"no storage is known whose URLs begin with foo://"),
    ],
)
def test_a_storage_that_cannot_be_asked_is_an_error_in_words(
    place: Place, root: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody at its address, or of a kind that nobody knows; what a STATE vouches for is kept."""
    pytest.importorskip("s3fs", reason="the s3 extra is not installed")
    for name, value in (
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ):
        monkeypatch.setenv(name, value)
    process = place.start(batch_root=root)
    lines = [schema("dogs", PROPERTIES), record("dogs", id=1), state({"n": 1})]
    out, error = process.communicate(singer([*lines, batch([f"{root}/a.jsonl"]), state({"n": 2})]))
    assert (process.returncode, json.loads(out)) == (1, {"n": 1})
    assert "Traceback" not in error
    assert re.search(told, error)
    assert [row["id"] for row in place.rows("dogs")] == [1]


def nullable(kind: str, **more: Any) -> dict[str, Any]:
    """Return the schema of a property that may be null."""
    return {"type": ["null", kind], **more}


MOMENT = nullable("string", format="date-time")
WHOLE = {"minimum": -(2**63), "maximum": 2**64 - 1}

ARROW: dict[str, tuple[str, Any, Any, Any]] = {
    "decimal128": (
        "decimal128(38, 18)",
        Decimal("12345678901234567890.123456789012345678"),
        nullable("number", multipleOf=1e-18, minimum=-(10**20) + 1, maximum=10**20 - 1),
        Decimal("12345678901234567890.123456789012345678"),
    ),
    "decimal256": (
        "decimal256(65, 0)",
        10**60 + 1,
        nullable("integer", minimum=0, maximum=10**64),
        Decimal(10**60 + 1),
    ),
    "decimal-as-text": ("decimal128(12, 4)", Decimal("1234.5600"), nullable("string"), "1234.5600"),
    "small-decimal-as-text": (
        "decimal128(38, 30)",
        Decimal("-1e-30"),
        nullable("string"),
        "-0.000000000000000000000000000001",
    ),
    "decimal-as-singer-decimal": (
        "decimal128(38, 18)",
        Decimal("12345678901234567890.123456789012345678"),
        nullable("string", format="singer.decimal", precision=38, scale=18),
        Decimal("12345678901234567890.123456789012345678"),
    ),
    "decimals-in-a-list-as-text": (
        "list_(decimal128(12, 4))",
        [Decimal("1.5000"), None],
        nullable("array", items=nullable("string")),
        ["1.5000", None],
    ),
    "decimals-in-objects-as-text-and-not": (
        "list_(struct([('a', decimal128(12, 4)), ('b', decimal128(12, 4))]))",
        [{"a": Decimal("1.5000"), "b": Decimal("2.5000")}],
        nullable("array", items={"type": "object", "properties": {"a": nullable("string")}}),
        [{"a": "1.5000", "b": Decimal("2.5000")}],
    ),
    "decimal-as-one-of-text-and-null": (
        "decimal128(12, 4)",
        Decimal("1.5000"),
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "1.5000",
    ),
    "map": (
        "map_(string(), decimal128(12, 4))",
        [("a", Decimal("1.5000")), ("b", None)],
        nullable("object", additionalProperties=nullable("string")),
        {"a": "1.5000", "b": None},
    ),
    "uuid": (
        "uuid()",
        uuid.UUID(int=5).bytes,
        nullable("string", format="uuid"),
        "00000000-0000-0000-0000-000000000005",
    ),
    "nanoseconds-in-a-list": (
        "list_(timestamp('ns'))",
        [1577934245000001000],
        nullable("array"),
        ["2020-01-02T03:04:05.000001"],
    ),
    "nanoseconds-in-a-struct": (
        "struct([('a', timestamp('ns'))])",
        {"a": 1577934245000001000},
        nullable("object"),
        {"a": "2020-01-02T03:04:05.000001"},
    ),
    "seconds": ("timestamp('s')", 1577934245, MOMENT, "2020-01-02 03:04:05.000000"),
    "milliseconds": ("timestamp('ms')", 1577934245250, MOMENT, "2020-01-02 03:04:05.250000"),
    "microseconds": ("timestamp('us')", 1577934245000001, MOMENT, "2020-01-02 03:04:05.000001"),
    "nanoseconds": ("timestamp('ns')", 1577934245000001000, MOMENT, "2020-01-02 03:04:05.000001"),
    "zone": (
        "timestamp('us', 'Europe/Berlin')",
        1577934245000001,
        MOMENT,
        "2020-01-02 03:04:05.000001",
    ),
    "date32": ("date32()", dt.date(2020, 1, 2), nullable("string", format="date"), "2020-01-02"),
    "date64": ("date64()", dt.date(2020, 1, 2), nullable("string", format="date"), "2020-01-02"),
    "time32": ("time32('ms')", 5250, nullable("string", format="time"), "00:00:05.250000"),
    "time64": ("time64('us')", 5000001, nullable("string", format="time"), "00:00:05.000001"),
    "list": ("list_(int64())", [1, None, 2**40], nullable("array"), [1, None, 2**40]),
    "struct": (
        "struct([('a', float64()), ('b', date32())])",
        {"a": 1.5, "b": dt.date(2020, 1, 2)},
        nullable("object"),
        {"a": Decimal("1.5"), "b": "2020-01-02"},
    ),
    "dictionary": ("dictionary(int8(), string())", "x", nullable("string"), "x"),
    "large_string": ("large_string()", "x", nullable("string"), "x"),
    "boolean": ("bool_()", True, nullable("boolean"), 1),
    "float32": ("float32()", 0.5, nullable("number"), 0.5),
    "float64": ("float64()", 0.1, nullable("number"), 0.1),
    **{
        name: (f"{name}()", bound, nullable("integer", **WHOLE), Decimal(bound))
        for name, bound in (
            *(("int8", -(2**7)), ("int16", -(2**15)), ("int32", -(2**31)), ("int64", -(2**63))),
            *(("uint8", 2**8 - 1), ("uint16", 2**16 - 1), ("uint32", 2**32 - 1)),
            ("uint64", 2**64 - 1),
        )
    },
}
"""Arrow's types: how one is made, a value, the property's schema, the value that is stored."""


def test_each_type_of_parquet_arrives_exactly(place: Place, root: Path) -> None:
    """A column of each, with a value and a null."""
    pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    columns = {
        name: pa.array([value, None], eval(made, vars(pa)))  # noqa: S307 - of the table above
        for name, (made, value, _, _) in ARROW.items()
    }
    parquet.write_table(pa.table({"id": [1, 2], **columns}), root / "a.parquet")
    properties = {"id": {"type": "integer"}, **{name: one[2] for name, one in ARROW.items()}}
    place.load(
        [schema("dogs", properties), batch([root / "a.parquet"], "parquet"), state({"n": 1})],
        batch_root=str(root),
    )
    first, second = place.rows("dogs")
    assert first == {"id": 1, **{name: one[3] for name, one in ARROW.items()}}
    assert second == {"id": 2, **dict.fromkeys(ARROW)}


@pytest.mark.parametrize(
    ("made", "value", "told"),
    [
        pytest.param("binary()", b"secret", "binary", id="binary"),
        pytest.param("timestamp('ns')", 1577934245000000001, "nanosecond", id="nanoseconds"),
        pytest.param("time64('ns')", 1, "nanosecond", id="nanoseconds-of-a-day"),
        pytest.param("list_(timestamp('ns'))", [1], "nanosecond", id="nanoseconds-in-a-list"),
        pytest.param("struct([('a', timestamp('ns'))])", {"a": 1}, "nanosecond", id="in-a-struct"),
        pytest.param("duration('ms')", 1500, r"column 'name' is duration", id="duration"),
        pytest.param("map_(int8(), int8())", [(1, 1)], "a key", id="map-of-numbers"),
        pytest.param("map_(string(), int8())", [("a", 1), ("a", 2)], "a key twice", id="key-twice"),
        pytest.param("timestamp('s')", 253402300800, "the years 1 to 9999", id="year-10000"),
        pytest.param("list_(timestamp('s'))", [-(2**40)], "the years 1 to 9999", id="year-0"),
    ],
)
def test_what_no_column_keeps_exactly_stops_the_run(
    place: Place, root: Path, made: str, value: Any, told: str
) -> None:
    """Named by its kind, with nothing of the file kept."""
    pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    array = pa.array([value], eval(made, vars(pa)))  # noqa: S307 - of the table above
    parquet.write_table(pa.table({"id": [1], "name": array}), root / "a.parquet")
    with pytest.raises(BatchError, match=told) as error:
        place.load(
            [schema("dogs", PROPERTIES), batch([root / "a.parquet"], "parquet")],
            batch_root=str(root),
        )
    assert "secret" not in str(error.value)
    assert place.tables() == []


@pytest.mark.parametrize("kind", ["number", "array", "object", "any", "flattened"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_number_of_json_is_refused_at_any_depth(
    place: Place, root: Path, kind: str, value: str
) -> None:
    """A column of numbers, or of JSON: the latter would be no JSON any more, or have null there."""
    pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    whole = float(value)
    values = {"array": [1.5, whole], "object": {"a": whole}, "flattened": [whole]}.get(kind, whole)
    flattening = {"flattening_enabled": True, "flattening_max_depth": 1}
    parquet.write_table(pa.table({"id": [7], "x": [values]}), root / "a.parquet")
    x = {} if kind == "any" else nullable("array" if kind == "flattened" else kind)
    with pytest.raises(RecordError, match=r"'x', key id=7: NaN and Infinity are no numbers"):
        place.load(
            [schema("dogs", {**PROPERTIES, "x": x}), batch([root / "a.parquet"], "parquet")],
            batch_root=str(root),
            **(flattening if kind == "flattened" else {}),
        )
    assert place.tables() == []


@pytest.mark.parametrize("what", ["pipe", "directory"])
def test_a_file_of_a_batch_that_is_none_is_refused(place: Place, root: Path, what: str) -> None:
    """Nobody may ever write to the other end of a pipe."""
    path = root / "a.jsonl"
    path.mkdir() if what == "directory" else os.mkfifo(path)
    with pytest.raises(BatchError, match="file 1 of 1: it is no regular file"):
        place.load([schema("dogs", PROPERTIES), batch([path])], batch_root=str(root))
    assert place.tables() == []


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_bad_value_is_told_with_its_file_and_row(place: Place, root: Path, form: str) -> None:
    """The line of input is the BATCH's, and names a file of a million rows."""
    good, bad = [{"id": n, "name": "a"} for n in (1, 2, 3)], [{"id": 4}, {"id": 5, "name": None}]
    files = []
    for number, rows in enumerate((good, [*bad, {"id": None, "name": "secret"}])):
        file = jsonl(root / f"{number}.{form}", rows)
        if form == "parquet":
            pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
            from pyarrow import parquet  # noqa: PLC0415

            parquet.write_table(pa.Table.from_pylist(rows), file)
        files.append(file)
    with pytest.raises(RecordError) as told:
        place.load([schema("dogs", PROPERTIES), batch(files, form)], batch_root=str(root))
    assert str(told.value).startswith("line 2, file 2, row 3: stream 'dogs', column 'id': the key")
    assert place.tables() == []


def test_a_line_of_a_file_that_is_no_json_is_told_with_its_property(
    place: Place, root: Path
) -> None:
    """Where the rest of it is; a NaN is what careless taps write."""
    file = root / "a.jsonl"
    file.write_text('{"id": 1}\n\n{"id": 2, "name": NaN}\n')
    with pytest.raises(BatchError, match="file 1 of 1: line 3, column 'name': not valid JSON: NaN"):
        place.load([schema("dogs", PROPERTIES), batch([file])], batch_root=str(root))
    assert place.tables() == []


@pytest.mark.parametrize("damage", ["cut", "no parquet", "a page"])
def test_a_damaged_parquet_file_leaves_nothing_half_done(
    place: Place, root: Path, damage: str
) -> None:
    """Whole row groups come before the damage."""
    pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    file = root / "a.parquet"
    table = pa.table({"id": list(range(1, 5001)), "name": [f"dog {n}" for n in range(5000)]})
    parquet.write_table(table, file, row_group_size=1000, use_dictionary=False)
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\xff" * 400
    whole = file.read_bytes()
    file.write_bytes({"cut": whole[:-100], "no parquet": b"PAR"}.get(damage, bytes(data)))
    with pytest.raises(BatchError, match="nothing of this BATCH was kept"):
        place.load(
            [
                schema("dogs", PROPERTIES),
                record("dogs", id=9999),
                state({"n": 1}),
                batch([file], "parquet"),
                state({"n": 2}),
            ],
            batch_root=str(root),
            batch_size_rows=10,
        )
    assert [row["id"] for row in place.rows("dogs")] == [9999]
    assert place.kept_state() == {"n": 1}


def test_a_gzip_bomb_is_stopped_at_the_limit(place: Place, root: Path) -> None:
    """100 MB of one line in 100 KB: no more than the limit is ever decompressed."""
    file = root / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"id": 1, "name": "' + b"x" * 100_000_000))
    with pytest.raises(BatchError, match="max_batch_bytes"):
        place.load(
            [schema("dogs", PROPERTIES), batch([file], compression="gzip")],
            batch_root=str(root),
            max_batch_bytes=1_000_000,
        )
    assert place.tables() == []


def test_an_endless_line_of_a_file_is_refused_before_it_fills_the_memory(
    place: Place, root: Path
) -> None:
    """A line of a file is as long as a line of input may be, however large the file."""
    file = root / "a.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"id": 1}\n{"id": 2, "name": "' + b"x" * 100_000_000))
    tracemalloc.start()
    with pytest.raises(BatchError, match="line 2 is longer than `max_message_bytes`"):
        place.load(
            [schema("dogs", PROPERTIES), batch([file], compression="gzip")],
            batch_root=str(root),
            max_message_bytes=1_000_000,
        )
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 30_000_000
    assert place.tables() == []


def test_long_texts_of_parquet_are_read_few_at_once_and_counted_as_often_as_they_come(
    place: Place, root: Path
) -> None:
    """A text that thousands of rows share is in the file once."""
    pa = pytest.importorskip("pyarrow", reason="the parquet extra is not installed")
    from pyarrow import parquet  # noqa: PLC0415

    file, long = root / "a.parquet", "x" * 100_000
    parquet.write_table(pa.table({"id": list(range(9000)), "name": [long] * 9000}), file)
    lines = [schema("dogs", PROPERTIES), batch([file], "parquet"), state({"n": 1})]
    assert file.stat().st_size < 1_000_000
    with pytest.raises(BatchError, match="`max_batch_bytes`"):
        place.load(lines, batch_root=str(root), max_batch_bytes=50_000_000, batch_size_rows=100)
    assert place.tables() == []
    parquet.write_table(pa.table({"id": [1, 2], "name": [long + "y", long + "z"]}), file)
    place.load(lines, batch_root=str(root), max_batch_bytes=50_000_000)
    assert [row["name"][-1] for row in place.rows("dogs")] == ["y", "z"]


@pytest.mark.parametrize(
    ("form", "compression"), [("jsonl", "zstd"), ("csv", "none"), ("parquet", "gzip")]
)
def test_a_format_that_is_not_read_is_said(
    place: Place, root: Path, form: str, compression: str
) -> None:
    """The SDK's own compressions are none and gzip; Parquet compresses by itself."""
    file = jsonl(root / "a", ROWS)
    with pytest.raises(BatchError, match=r"gzip|parquet"):
        place.load(
            [schema("dogs", PROPERTIES), batch([file], form, compression)], batch_root=str(root)
        )
    assert place.tables() == []


def test_the_batch_capability_is_declared() -> None:
    """Meltano and taps see it in `--about`."""
    assert "batch" in [one.value for one in TargetDolt.capabilities]
