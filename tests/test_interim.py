"""A tap that dies in the middle of a stream: what its STATEs say of that, and what they do not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from typing import Any, ClassVar

import pytest
import singer_sdk.typing as th
from singer_sdk import Stream, Tap
from support import Place, record, schema, state
from support_state import ids
from test_versions import DOG, activate, full_table, of_full_table, versioned

from target_dolt.errors import IncompleteReplaceError
from target_dolt.streams import interim


def bookmark(value: Any, stream: str = "shop-dogs", **more: Any) -> dict[str, Any]:
    """Return a STATE with one bookmark."""
    return state({"bookmarks": {stream: value}, **more})


MIDDLES = [
    pytest.param(middle, end, mark, id=mark)
    for middle, end, mark in (
        # singer-sdk, INCREMENTAL: sorted and not; with and without an end in sight.
        (
            bookmark(
                {"starting_replication_value": None, "replication_key_value": 1}, stream="dogs"
            ),
            bookmark({"replication_key_value": 9}, stream="dogs"),
            "starting_replication_value",
        ),
        (
            bookmark(
                {"partitions": [{"context": {"a": 1}, "progress_markers": {"Note": "..."}}]},
                stream="dogs",
            ),
            bookmark({"partitions": [{"context": {"a": 1}}]}, stream="dogs"),
            "progress_markers",
        ),
        (
            bookmark({"replication_key_signpost": "2026-01-01"}, stream="dogs"),
            bookmark({"replication_key_value": "2026-01-01"}, stream="dogs"),
            "replication_key_signpost",
        ),
        (bookmark({"version": 2, "xmin": 745}), bookmark({"version": 2, "xmin": None}), "xmin"),
        (bookmark({"max_pk_values": {"id": 9}}), bookmark({"version": 2}), "max_pk_values"),
        (bookmark({"last_pk_fetched": {"id": 3}}), bookmark({"version": 2}), "last_pk_fetched"),
        (
            bookmark({}, currently_syncing="shop-dogs"),
            bookmark({}, currently_syncing=None),
            "currently_syncing",
        ),
    )
]
"""A STATE in the middle of a stream, one at its end, and the mark that tells them apart."""


@pytest.mark.parametrize("method", [None, "overwrite"])
@pytest.mark.parametrize(("middle", "end", "mark"), MIDDLES)
def test_a_state_that_says_the_tap_is_in_the_middle_ends_no_replaced_table(
    place: Place, middle: dict[str, Any], end: dict[str, Any], mark: str, method: str | None
) -> None:
    """The version is named before the records only; the tap dies right after such a STATE."""
    settings = {"load_method": method} if method else {}
    place.load(full_table(1, {"id": 1}, {"id": 2}, {"id": 9}), **settings)
    begun = [schema("dogs", DOG), activate("dogs", 2), versioned(2, id=1), middle]
    with pytest.raises(IncompleteReplaceError, match=rf"`{mark}`.*'dogs'"):
        place.load(begun, commit_interval_seconds=0, **settings)
    assert ids(place) == [1, 2, 9]
    assert place.kept_state() == of_full_table(1)
    whole = [*begun, versioned(2, id=3), end]
    assert place.load(whole, commit_interval_seconds=0, **settings) == [end["value"]]
    assert ids(place) == [1, 3]
    assert len(place.log()) == 2


def test_what_an_older_run_left_in_the_state_of_other_streams_holds_nothing_back(
    place: Place,
) -> None:
    """A stream that died in the middle once, and was then deselected."""
    place.load(full_table(1, {"id": 1}, {"id": 2}))
    left = {"shop-big-cats": {"xmin": 745}, "cats": {"starting_replication_value": None}}
    end = state({"bookmarks": {**left, "shop-dogs": {"xmin": None}}})
    lines = [schema("dogs", DOG), activate("dogs", 2), versioned(2, id=2), end]
    assert place.load(lines) == [end["value"]]
    assert ids(place) == [2]


def test_a_table_whose_last_state_was_clear_is_whole_while_another_stream_is_read(
    place: Place,
) -> None:
    """The tap dies in the second stream; it says nothing against the first."""
    place.load(full_table(1, {"id": 1}, {"id": 2}))
    place.load(
        [
            schema("dogs", DOG),
            activate("dogs", 2),
            versioned(2, id=2),
            bookmark({}, stream="dogs"),
            schema("cats", DOG),
            record("cats", id=1),
            state({"bookmarks": {"dogs": {}, "cats": {"starting_replication_value": None}}}),
        ],
        commit_interval_seconds=0,
    )
    assert ids(place) == [2]
    assert ids(place, "cats") == [1]


class Dogs(Stream):
    """A stream of the SDK's own, read as a whole, with a STATE after ten records, not 10,000."""

    name = "dogs"
    primary_keys: ClassVar[Sequence[str]] = ("id",)
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True)
    ).to_dict()
    STATE_MSG_FREQUENCY = 10

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Return as many as the tap is told of."""
        del context
        return ({"id": number} for number in range(self.config["dogs"]))


class Kennels(Dogs):
    """A stream that has others below it."""

    name = "kennels"

    def get_child_context(self, record: Any, context: Any) -> Any:
        """Return what the stream below is read for."""
        del context
        return {"kennel": record["id"]}


class Puppies(Dogs):
    """A stream that is read anew for each row of the one above."""

    name = "puppies"
    parent_stream_type = Kennels
    schema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True), th.Property("kennel", th.IntegerType)
    ).to_dict()

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Return two for each kennel."""
        return ({"id": 10 * context["kennel"] + number} for number in (1, 2))


class SdkTap(Tap):
    """A tap of these streams."""

    name = "tap-dogs"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("dogs", th.IntegerType, default=25),
        th.Property("streams", th.ArrayType(th.StringType), default=["dogs"]),
        th.Property("emit_activate_version_messages", th.BooleanType, default=False),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return those that are asked for."""
        return [one(self) for one in (Dogs, Kennels, Puppies) if one.name in self.config["streams"]]


def sdk_lines(**config: Any) -> list[str]:
    """Return what the SDK writes; versions are given by hand: its own are the second of the run."""
    version = config.pop("version", None)
    out = io.TextIOWrapper(io.BytesIO())
    with redirect_stdout(out):
        SdkTap(config={**config, "emit_activate_version_messages": version is not None}).sync_all()
    out.seek(0)
    messages = [json.loads(line) for line in out]
    return [
        json.dumps({**one, "version": version} if "version" in one else one) for one in messages
    ]


SDK_FULL_TABLES = pytest.mark.parametrize(
    ("version", "settings"),
    [(2, {}), (None, {"load_method": "overwrite"})],
    ids=["versions", "overwrite"],
)


@SDK_FULL_TABLES
def test_the_sdk_writes_no_state_after_a_large_full_table_and_a_setting_takes_its_end(
    place: Place, version: int | None, settings: dict[str, Any]
) -> None:
    """Nothing tells a tap that has ended from one that died, unless somebody says so."""
    place.load(full_table(1, {"id": 24}, {"id": 99}))
    lines = sdk_lines(version=version, dogs=25)
    assert [index for index, one in enumerate(lines) if '"STATE"' in one] == [
        10 + (1 if version is None else 2)
    ]
    with pytest.raises(IncompleteReplaceError, match=r"without a STATE.*`trust_end_of_input`"):
        place.load(lines, **settings)
    assert ids(place) == [24, 99]
    out = place.load(lines, trust_end_of_input=True, **settings)
    assert out == [{"bookmarks": {"dogs": {}}}]
    assert ids(place) == list(range(25))
    assert place.log()[1:] == ["Load dogs: 24 added, 1 deleted"]


@SDK_FULL_TABLES
def test_an_empty_state_after_the_tap_says_that_it_has_ended(
    place: Place, version: int | None, settings: dict[str, Any]
) -> None:
    """`{ tap && echo '{"type": "STATE", "value": {}}'; } | target-dolt`; it overwrites no state."""
    place.load(full_table(1, {"id": 24}, {"id": 99}))
    out = place.load([*sdk_lines(version=version, dogs=25), state({})], **settings)
    assert out == [{"bookmarks": {"dogs": {}}}]
    assert ids(place) == list(range(25))


@SDK_FULL_TABLES
def test_a_full_table_of_the_sdk_that_dies_right_after_its_state_is_not_taken_for_whole(
    place: Place,
    version: int | None,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only a table of exactly so many rows ends so; a STATE of a later stream says it was one."""
    monkeypatch.setattr(interim, "SDK_STATE_RECORDS", Dogs.STATE_MSG_FREQUENCY)
    place.load(full_table(1, {"id": 24}, {"id": 99}))
    died = sdk_lines(version=version, dogs=25)
    died = died[: 1 + max(index for index, one in enumerate(died) if '"STATE"' in one)]
    with pytest.raises(IncompleteReplaceError, match=r"after 10 records.*'dogs'.*`trust_"):
        place.load(died, **settings)
    assert ids(place) == [24, 99]
    later = [schema("cats", DOG), record("cats", id=1), bookmark({}, stream="cats")]
    place.load([*died, *later], **settings)
    assert ids(place) == list(range(10))


def test_the_loader_knows_when_the_sdk_writes_a_state_in_the_middle_of_a_stream() -> None:
    """As the installed SDK does."""
    assert Stream.STATE_MSG_FREQUENCY == interim.SDK_STATE_RECORDS


@SDK_FULL_TABLES
def test_a_full_table_of_a_tap_with_a_pace_of_its_own_is_whole_after_the_next_run(
    place: Place, version: int | None, settings: dict[str, Any]
) -> None:
    """It dies right after a STATE, which nothing tells from a table of so many rows."""
    place.load(full_table(1, {"id": 24}, {"id": 99}))
    died = sdk_lines(version=version, dogs=25)
    died = died[: 1 + max(index for index, one in enumerate(died) if '"STATE"' in one)]
    place.load(died, **settings)
    assert ids(place) == list(range(10))
    lines = sdk_lines(version=version and version + 1, dogs=25)
    place.load([*lines, state({})], **settings)
    assert ids(place) == list(range(25))
    assert ids(place, at=place.commits()[0]) == [24, 99]


def test_the_sdk_writes_a_state_after_each_part_of_a_stream_below_another(place: Place) -> None:
    """One that dies between two is taken for whole; the next run makes the table whole again."""
    lines = sdk_lines(streams=["kennels", "puppies"], dogs=3)
    states = [index for index, one in enumerate(lines) if '"STATE"' in one]
    place.load(lines, load_method="overwrite")
    puppies = [1, 2, 11, 12, 21, 22]
    assert ids(place, "puppies") == puppies
    place.load(lines[: states[0] + 1], load_method="overwrite")
    assert ids(place, "puppies") == [1, 2]
    place.load(lines, load_method="overwrite")
    assert ids(place, "puppies") == puppies
    assert ids(place, "kennels") == [0, 1, 2]
