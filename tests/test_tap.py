"""tap-dolt: a table at a commit, whole and exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from jsonschema import Draft7Validator
from support import Place, record, schema
from support_tap import discovered, kinds, read, records, schemas

from target_dolt.errors import ConfigError, TargetDoltError

DOGS = schema("public-dogs", {"id": {"type": "integer"}, "name": {"type": ["string", "null"]}})


def dog(number: int, name: str | None) -> dict[str, object]:
    """Return a record."""
    return record("public-dogs", id=number, name=name)


def test_a_table_is_read_whole_with_a_path_alone(place: Place) -> None:
    """SCHEMA, the rows, ACTIVATE_VERSION, and a STATE without a bookmark."""
    place.load([DOGS, dog(1, "Cleo"), dog(2, None)])
    messages = read(place)
    assert kinds(messages, "dogs") == ["SCHEMA", "RECORD", "RECORD", "ACTIVATE_VERSION"]
    [head] = [one for one in messages if one["type"] == "SCHEMA"]
    assert head["key_properties"] == ["id"]
    assert records(messages, "dogs") == [{"id": 1, "name": "Cleo"}, {"id": 2, "name": None}]
    versions = {one["version"] for one in messages if "version" in one}
    assert len(versions) == 1
    assert messages[-1] == {"type": "STATE", "value": {"bookmarks": {"dogs": {}}}}


def test_no_version_goes_out_where_none_is_wanted(place: Place) -> None:
    """For targets that do not know the message, neither it nor a record's version is written."""
    place.load([DOGS, dog(1, "Cleo")])
    messages = read(place, emit_activate_version_messages=False)
    assert kinds(messages, "dogs") == ["SCHEMA", "RECORD"]
    assert not [one for one in messages if "version" in one]


def test_a_ref_is_a_branch_a_tag_a_commit_or_a_time(place: Place) -> None:
    """Each of them reads the table as it was there, with the columns that it had."""
    place.load([DOGS, dog(1, "Cleo")])
    first = place.commits()[-1]
    place.call("dolt_tag", "v1")
    wider = schema("public-dogs", {"id": {"type": "integer"}, "age": {"type": "integer"}})
    place.load([wider, record("public-dogs", id=1, age=3)], branch="review")
    for ref in ("v1", first, "main", "2999-01-01T00:00:00"):
        assert records(read(place, ref=ref), "dogs") == [{"id": 1, "name": "Cleo"}]
    assert records(read(place, ref="review"), "dogs") == [{"id": 1, "name": None, "age": 3}]


@pytest.mark.parametrize("ref", ["nothing", "1999-01-01T00:00:00"])
def test_a_ref_that_is_nothing_ends_the_run(place: Place, ref: str) -> None:
    """It is named."""
    place.load([DOGS, dog(1, "Cleo")])
    with pytest.raises(TargetDoltError, match=ref):
        read(place, ref=ref)


def test_a_commit_made_meanwhile_is_not_seen(place: Place) -> None:
    """The ref is found once a run: what streams send is of one commit."""
    cats = schema("public-cats", {"id": {"type": "integer"}})
    place.load([DOGS, dog(1, "Cleo"), cats, record("public-cats", id=1)])
    from support_tap import written  # noqa: PLC0415 - beside its one use

    from tap_adapters.tap import TapDolt  # noqa: PLC0415

    tap = TapDolt(config=place.config)
    place.load([DOGS, dog(1, "changed"), cats, record("public-cats", id=2)])
    out = "\n".join(written(tap.sync_all))
    tap.close()
    assert '"record":{"id":1,"name":"Cleo"}' in out
    assert '"record":{"id":2}' not in out


def test_the_catalog_chooses_tables_and_columns(place: Place) -> None:
    """What is not selected is neither in a SCHEMA nor in a RECORD; a key always is."""
    cats = schema("public-cats", {"id": {"type": "integer"}})
    place.load([DOGS, dog(1, "Cleo"), cats, record("public-cats", id=1)])
    catalog = discovered(place)
    assert [one["tap_stream_id"] for one in catalog["streams"]] == ["cats", "dogs"]
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] == "dogs"
            else:
                entry["metadata"]["selected"] = False
    messages = read(place, catalog=catalog)
    assert kinds(messages, "cats") == []
    assert [list(one["properties"]) for one in schemas(messages, "dogs")] == [["id"]]
    assert records(messages, "dogs") == [{"id": 1}]


def test_a_catalog_may_be_older_than_the_tables_last_change(place: Place) -> None:
    """A column that came after the discovery goes out, with its schema."""
    place.load([DOGS, dog(1, "Cleo")])
    catalog = discovered(place)
    for stream in catalog["streams"]:
        [whole] = [one for one in stream["metadata"] if not one["breadcrumb"]]
        whole["metadata"]["selected"] = True
    wider = schema("public-dogs", {"id": {"type": "integer"}, "age": {"type": "integer"}})
    place.load([wider, record("public-dogs", id=1, age=3)])
    messages = read(place, catalog=catalog)
    assert [list(one["properties"]) for one in schemas(messages, "dogs")] == [["id", "name", "age"]]
    assert [one["age"] for one in records(messages, "dogs")] == [3]


def test_a_column_that_became_a_key_goes_out_whatever_the_catalog_says(place: Place) -> None:
    """It was deselected when it was none."""
    place.load([DOGS, dog(1, "Cleo")])
    catalog = discovered(place)
    [whole] = [one for one in catalog["streams"][0]["metadata"] if not one["breadcrumb"]]
    whole["metadata"]["selected"] = True
    for entry in catalog["streams"][0]["metadata"]:
        if entry["breadcrumb"] == ["properties", "name"]:
            entry["metadata"]["selected"] = False
    assert records(read(place, catalog=catalog), "dogs") == [{"id": 1}]
    number, text = ("INTEGER", "TEXT") if "path" in place.config else ("BIGINT", "VARCHAR(20)")
    place.execute(
        "DROP TABLE dogs",
        f"CREATE TABLE dogs (id {number}, name {text}, PRIMARY KEY (id, name))",
        "INSERT INTO dogs VALUES (1, 'Cleo')",
    )
    place.call("dolt_commit", "-A", "-m", "by hand")
    assert records(read(place, catalog=catalog), "dogs") == [{"id": 1, "name": "Cleo"}]


def test_a_catalog_with_another_method_ends_the_run(place: Place) -> None:
    """INCREMENTAL goes by a column's values, which say nothing of deletes."""
    place.load([DOGS, dog(1, "Cleo")])
    catalog = discovered(place)
    catalog["streams"][0]["replication_method"] = "INCREMENTAL"
    with pytest.raises(ConfigError, match="INCREMENTAL; there are: FULL_TABLE, LOG_BASED"):
        read(place, catalog=catalog)


def test_numbers_keep_all_their_digits(place: Place) -> None:
    """Decimals, whole numbers beyond 64 bits and numbers within JSON are not bent."""
    properties = {
        "id": {"type": "integer"},
        "exact": {
            "type": "number",
            "x-sql-datatype-properties": {"precision": 40, "scale": 10},
        },
        "whole": {"type": "integer", "minimum": 0, "maximum": 10**30},
        "text": {"type": "string", "format": "singer.decimal", "precision": 20, "scale": 2},
        "any": {"type": "object"},
    }
    place.load(
        [
            schema("n", properties),
            (
                '{"type":"RECORD","stream":"n","record":{"id":18446744073709551,'
                '"exact":123456789012345678901234567890.0123456789,'
                '"whole":123456789012345678901234567,'
                '"text":"12345678901234567.89","any":{"a":[9007199254740993,0.1,1000000000000000000000001]}}}'
            ),
        ]
    )
    [row] = records(read(place), "n")
    assert row == {
        "id": 18446744073709551,
        "exact": Decimal("123456789012345678901234567890.0123456789"),
        "whole": 123456789012345678901234567,
        "text": "12345678901234567.89",
        "any": {"a": [9007199254740993, Decimal("0.1"), 10**24 + 1]},
    }


def test_a_table_that_nobody_has_noted_goes_out_by_its_own_types(place: Place) -> None:
    """A person's table: what the engine knows of its columns, with their names."""
    is_lite = "path" in place.config
    types = ("INTEGER", "TEXT", "REAL") if is_lite else ("BIGINT", "VARCHAR(20)", "DECIMAL(12,3)")
    columns = "id {} PRIMARY KEY, name {}, size {}".format(*types)
    place.execute(f"CREATE TABLE own ({columns})", "INSERT INTO own VALUES (7, 'x', 1.5)")
    place.call("dolt_commit", "-A", "-m", "by hand")
    messages = read(place)
    [found] = schemas(messages, "own")
    assert found["x-sql-dialect"] == "mysql"
    natives = [one["x-sql-datatype"] for one in found["properties"].values()]
    assert natives == (
        ["bigint", "longtext", "double"] if is_lite else ["bigint", "varchar(20)", "decimal(12, 3)"]
    )
    if not is_lite:
        sizes = [one.get("x-sql-datatype-properties") for one in found["properties"].values()]
        assert sizes == [None, {"length": 20}, {"precision": 12, "scale": 3}]
    assert records(messages, "own") == [{"id": 7, "name": "x", "size": Decimal("1.5")}]


def test_a_persons_table_without_strict_types_goes_out_as_its_schema_says(place: Place) -> None:
    """SQLite's DECIMAL and BOOLEAN hold numbers, and a type that it does not know anything."""
    other = "" if "path" in place.config else "text"  # SQLite's columns need no type
    place.execute(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, price DECIMAL(10, 2), sold BOOLEAN, "
        f"other {other})",
        "INSERT INTO goods VALUES (1, 1.05, true, 'x'), (2, 3, false, 2.5)",
    )
    place.call("dolt_commit", "-A", "-m", "by hand")
    messages = read(place)
    [sent] = schemas(messages, "goods")
    validate = Draft7Validator(sent).validate
    found = records(messages, "goods")
    for one in found:
        validate(one)
    assert found == [
        {"id": 1, "price": Decimal("1.05"), "sold": True, "other": "x"},
        {"id": 2, "price": 3, "sold": False, "other": "2.5"},
    ]


def test_bytes_in_a_persons_column_of_text_go_out_as_their_digits(place: Place) -> None:
    """SQLite keeps them there as they are."""
    own = "x'00ff'" if "path" in place.config else "'00ff'"
    place.execute(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, label VARCHAR(9))",
        f"INSERT INTO goods VALUES (1, {own})",
    )
    place.call("dolt_commit", "-A", "-m", "by hand")
    assert records(read(place), "goods") == [{"id": 1, "label": "00ff"}]


def test_no_setting_is_shown_in_an_error(place: Place) -> None:
    """A value may be a password in the wrong place."""
    with pytest.raises(ConfigError) as raised:
        read(place, ref=["s3cret"])
    assert "`ref`" in str(raised.value)
    assert "s3cret" not in str(raised.value)
