"""What each of singer-sdk's test streams must leave behind, written by hand from the files.

A value that is a list or an object is JSON in the table; a boolean is 1 or 0, as in MySQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Left:
    """What a file leaves: `tables` with all rows, the `log`, and the STATEs that came out.

    Attributes:
        tables: Each table's rows, in any order.
        log: The first line of each commit's message, oldest first.
        states: What came out on stdout.
        kept: The state in the database.
        before: Files that are loaded into the same database before this one.
        types: Columns whose types the file is about, as the catalogue spells them.
    """

    tables: dict[str, Rows]
    log: list[str]
    states: list[Any] = field(default_factory=list)
    kept: Any = None
    before: tuple[str, ...] = ()
    types: dict[tuple[str, str], str] = field(default_factory=dict)


GREEK = "απλή συμβολοσειρά"
CHINESE = "简单的字串"
ESCAPES = 'various " \\ / \n escape sequences'
DOUBLE_QUOTING = r"Double quoting: \u0000 \u0041 \u0001"
CONTROL = "Control Characters in string: \0 A \1"

LOADED: dict[str, Left] = {
    "array_data": Left(
        tables={
            "test_array_data": [
                {"id": 1, "fruits": ["apple", "orange", "pear"]},
                {"id": 2, "fruits": ["banana", "apple"]},
                {"id": 3, "fruits": ["pear"]},
                {"id": 4, "fruits": ["orange", "banana", "apple", "pear"]},
            ]
        },
        log=["Load test_array_data: 4 added"],
        states=[{"test_array_data": 4}],
        kept={"test_array_data": 4},
        types={("test_array_data", "fruits"): "JSON"},
    ),
    # Names keep their letter case.
    "camelcase": Left(
        tables={
            "TestCamelcase": [
                {"Id": "1", "clientName": "Gitter Windows Desktop App"},
                {"Id": "2", "clientName": "Gitter iOS App"},
            ]
        },
        log=["Load TestCamelcase: 2 added"],
    ),
    # Two SCHEMAs and no record: the table is there with all the columns of both.
    "camelcase_complex_schema": Left(
        tables={"ForecastingTypeToCategory": []},
        log=["Load ForecastingTypeToCategory: no rows"],
        types={
            ("ForecastingTypeToCategory", name): spelled
            for name, spelled in {
                "Id": "VARCHAR(768)",
                "IsDeleted": "BOOL",
                # A date-time or any string: only a text holds both.
                "CreatedDate": "LONGTEXT",
                "CreatedById": "LONGTEXT",
                "LastModifiedDate": "LONGTEXT",
                "LastModifiedById": "LONGTEXT",
                "SystemModstamp": "LONGTEXT",
                "ForecastingTypeId": "LONGTEXT",
                "ForecastingItemCategory": "LONGTEXT",
                "DisplayPosition": "BIGINT",
                "IsAdjustable": "BOOL",
                "IsOwnerAdjustable": "BOOL",
                "age": "BIGINT",
                "NewCamelCasedAttribute": "LONGTEXT",
                "_attribute_startswith_underscore": "LONGTEXT",
            }.items()
        },
    ),
    "duplicate_records": Left(
        tables={"test_duplicate_records": [{"id": 1, "metric": 100}, {"id": 2, "metric": 20}]},
        log=["Load test_duplicate_records: 2 added"],
        states=[{"test_duplicate_records": 2}],
        kept={"test_duplicate_records": 2},
    ),
    "encoded_string_data": Left(
        tables={
            "test_strings": [
                {"id": 1, "info": "simple string 2837"},
                {"id": 2, "info": GREEK},
                {"id": 3, "info": CHINESE},
                {"id": 4, "info": "chaîne simple"},
                {"id": 5, "info": 'quoted "string"'},
                {"id": 6, "info": ESCAPES},
                {"id": 7, "info": "m"},
                {"id": 8, "info": "ā"},
                {"id": 9, "info": "ƙ"},
                {"id": 10, "info": DOUBLE_QUOTING},
                {"id": 11, "info": CONTROL},
            ],
            "test_strings_in_objects": [
                {"id": 1, "info": {"name": "simple", "value": "simple string 2837"}},
                {"id": 2, "info": {"name": "greek", "value": GREEK}},
                {"id": 3, "info": {"name": "chinese", "value": CHINESE}},
                {"id": 4, "info": {"name": "french", "value": "chaîne simple"}},
                {"id": 5, "info": {"name": "quoted string", "value": 'quoted "string"'}},
                {"id": 6, "info": {"name": "escape sequences", "value": ESCAPES}},
                {"id": 7, "info": {"name": "unicode", "value": "m"}},
                {"id": 8, "info": {"name": "unicode", "value": "ā"}},
                {"id": 9, "info": {"name": "unicode", "value": "ƙ"}},
                {"id": 10, "info": {"name": "Double quoting", "value": r" \u0000 \u0041 \u0001"}},
                {
                    "id": 11,
                    "info": {"name": "Control Characters in string", "value": "\0 A \1"},
                },
            ],
            "test_strings_in_arrays": [
                {"id": 1, "strings": ["simple string", GREEK, CHINESE]},
                {"id": 2, "strings": ["chaîne simple", 'quoted "string"']},
                {"id": 3, "strings": [ESCAPES]},
                {"id": 4, "strings": ["m", "ā", "ƙ"]},
                {"id": 5, "strings": ["aaa", DOUBLE_QUOTING]},
                {"id": 6, "strings": ["bbb", CONTROL]},
            ],
        },
        log=["Load test_strings, test_strings_in_arrays, test_strings_in_objects: 28 added"],
        states=[{"test_strings": 11, "test_strings_in_objects": 11, "test_strings_in_arrays": 6}],
        kept={"test_strings": 11, "test_strings_in_objects": 11, "test_strings_in_arrays": 6},
    ),
    # Five STATEs, each after new records, and a record after the last one. The SDK's own target
    # lets three of them out; here each comes out with a commit of its own.
    "multiple_state_messages": Left(
        tables={
            "test_multiple_state_messages_a": [
                {"id": number, "metric": number * 100} for number in (1, 2, 3, 4, 5, 6)
            ],
            "test_multiple_state_messages_b": [
                {"id": number, "metric": number * 110} for number in (1, 2, 3, 4, 5, 6)
            ],
        },
        log=[
            # The second table comes with this commit too; without a row it is not named.
            "Load test_multiple_state_messages_a: 1 added",
            "Load test_multiple_state_messages_a, test_multiple_state_messages_b: 2 added",
            "Load test_multiple_state_messages_a, test_multiple_state_messages_b: 2 added",
            "Load test_multiple_state_messages_a, test_multiple_state_messages_b: 3 added",
            "Load test_multiple_state_messages_b: 3 added",
            "Load test_multiple_state_messages_a: 1 added",
        ],
        states=[
            {"test_multiple_state_messages_a": a, "test_multiple_state_messages_b": b}
            for a, b in ((1, 0), (2, 1), (3, 2), (5, 3), (5, 6))
        ],
        kept={"test_multiple_state_messages_a": 5, "test_multiple_state_messages_b": 6},
    ),
    "no_primary_keys": Left(
        tables={
            "test_no_pk": [
                {"id": 1, "metric": 11},
                {"id": 2, "metric": 22},
                {"id": 3, "metric": 33},
            ]
        },
        log=["Load test_no_pk: 3 added"],
        states=[{"test_no_pk": 3}],
        kept={"test_no_pk": 3},
    ),
    # Three of its ids are in the table already: a table without a key gets them all again.
    "no_primary_keys_append": Left(
        before=("no_primary_keys",),
        tables={
            "test_no_pk": [
                {"id": 1, "metric": 11},
                {"id": 2, "metric": 22},
                {"id": 3, "metric": 33},
                {"id": 1, "metric": 101},
                {"id": 2, "metric": 202},
                {"id": 3, "metric": 303},
                {"id": 4, "metric": 404},
                {"id": 5, "metric": 505},
            ]
        },
        log=["Load test_no_pk: 3 added", "Load test_no_pk: 5 added"],
        states=[{"test_no_pk": 5}],
        kept={"test_no_pk": 5},
    ),
    "optional_attributes": Left(
        tables={
            "test_optional_attributes": [
                {"id": 1, "optional": "This is optional"},
                {"id": 2, "optional": None},
                {"id": 3, "optional": "Also optional"},
                {"id": 4, "optional": None},
            ]
        },
        log=["Load test_optional_attributes: 4 added"],
        states=[{"test_optional_attributes": 4}],
        kept={"test_optional_attributes": 4},
    ),
    # Its `key_properties` stand inside of `schema`, where they say nothing: no key changes.
    "pk_updates": Left(
        tables={
            "example_stream": [
                {"id": 1, "name": "Alice", "email": "alice@example.com"},
                {"id": 2, "name": "Bob", "email": "bob@example.com"},
            ]
        },
        log=["Load example_stream: 2 added"],
    ),
    # Its STATE is `{}`, which is passed over.
    "record_missing_fields": Left(
        tables={
            "record_missing_fields": [
                {"id": 1, "optional": "now you see me"},
                {"id": 2, "optional": None},
            ]
        },
        log=["Load record_missing_fields: 2 added"],
    ),
    "schema_no_properties": Left(
        tables={
            "test_object_schema_with_properties": [
                {"object_store": {"id": 1, "metric": 187}},
                {"object_store": {"id": 2, "metric": 203}},
            ],
            "test_object_schema_no_properties": [
                {"object_store": {"id": 1, "metric": 1}},
                {"object_store": {"id": 2, "metric": 2}},
            ],
        },
        log=["Load test_object_schema_no_properties, test_object_schema_with_properties: 4 added"],
        types={
            ("test_object_schema_with_properties", "object_store"): "JSON",
            ("test_object_schema_no_properties", "object_store"): "JSON",
        },
    ),
    # Four SCHEMAs, one STATE: one commit, and NULL where a column came later than the row.
    "schema_updates": Left(
        tables={
            "test_schema_updates": [
                {"id": 1, "a1": 101, "a2": "string1", "a3": None, "a4": None}
                | {"a5": None, "a6": None},
                {"id": 2, "a1": 102, "a2": "string2", "a3": 1, "a4": None}
                | {"a5": None, "a6": None},
                {"id": 3, "a1": 103, "a2": "string3", "a3": 0, "a4": {"id": 1, "value": 1}}
                | {"a5": ["banana", "apple"], "a6": None},
                {"id": 4, "a1": 104, "a2": "string4", "a3": 1, "a4": {"id": 2, "value": 22}}
                | {"a5": ["orange", "pear"], "a6": None},
                {"id": 5, "a1": 105, "a2": "string5", "a3": 0, "a4": {"id": 3, "value": 33}}
                | {"a5": ["apple"], "a6": 985},
                {"id": 6, "a1": 106, "a2": "string6", "a3": 1, "a4": {"id": 4, "value": 444}}
                | {"a5": ["banana", "orange"], "a6": 341},
            ]
        },
        log=["Load test_schema_updates: 6 added"],
        states=[{"test_schema_updates": 6}],
        kept={"test_schema_updates": 6},
        types={
            ("test_schema_updates", "id"): "BIGINT",
            ("test_schema_updates", "a1"): "DOUBLE",
            ("test_schema_updates", "a2"): "LONGTEXT",
            ("test_schema_updates", "a3"): "BOOL",
            ("test_schema_updates", "a4"): "JSON",
            ("test_schema_updates", "a5"): "JSON",
            ("test_schema_updates", "a6"): "BIGINT",
        },
    ),
    # The stream's name is the table's as it came; `version` and `time_extracted` are no columns.
    "special_chars_in_attributes": Left(
        tables={
            "test:SpecialChars!in?attributes": [
                {
                    "_id": "a2e98886",
                    "d": {"env": "prod", "agent:type": "desktop", "agent:os:version": "10.13.1"},
                }
            ]
        },
        log=["Load test:SpecialChars!in?attributes: 1 added"],
    ),
    "user_location_data": Left(
        tables={
            "test_users": [
                {"id": 1, "name": "Yannis"},
                {"id": 2, "name": "Micael"},
                {"id": 3, "name": "Jacob"},
                {"id": 4, "name": "Josh"},
                {"id": 5, "name": "Thomas"},
            ],
            "test_locations": [
                {"id": 1, "name": "Philadelphia"},
                {"id": 2, "name": "NY"},
                {"id": 3, "name": "SF"},
            ],
            "test_user_in_location": [
                {"id": 1, "user_id": 1, "location_id": 1}
                | {"info": {"weather": "rainy", "mood": "sad"}},
                {"id": 2, "user_id": 1, "location_id": 2}
                | {"info": {"weather": "sunny", "mood": "satisfied"}},
                {"id": 3, "user_id": 1, "location_id": 3}
                | {"info": {"weather": "sunny", "mood": "happy"}},
            ],
        },
        log=["Load test_locations, test_user_in_location, test_users: 11 added"],
        states=[{"test_users": 5, "test_locations": 3, "test_user_in_location": 3}],
        kept={"test_users": 5, "test_locations": 3, "test_user_in_location": 3},
    ),
    # Three users, two locations and two visits change; three, two and two are new.
    "user_location_upsert_data": Left(
        before=("user_location_data",),
        tables={
            "test_users": [
                {"id": 1, "name": "Johny"},
                {"id": 2, "name": "George"},
                {"id": 3, "name": "Jacob"},
                {"id": 4, "name": "Josh"},
                {"id": 5, "name": "Jim"},
                {"id": 8, "name": "Thomas"},
                {"id": 12, "name": "Paul"},
                {"id": 13, "name": "Mary"},
            ],
            "test_locations": [
                {"id": 1, "name": "Philly"},
                {"id": 2, "name": "NY"},
                {"id": 3, "name": "San Francisco"},
                {"id": 6, "name": "Colorado"},
                {"id": 8, "name": "Boston"},
            ],
            "test_user_in_location": [
                {"id": 1, "user_id": 1, "location_id": 4}
                | {"info": {"weather": "rainy", "mood": "sad"}},
                {"id": 2, "user_id": 2, "location_id": 3}
                | {"info": {"weather": "sunny", "mood": "satisfied"}},
                {"id": 3, "user_id": 1, "location_id": 3}
                | {"info": {"weather": "sunny", "mood": "happy"}},
                {"id": 6, "user_id": 3, "location_id": 2}
                | {"info": {"weather": "sunny", "mood": "happy"}},
                {"id": 14, "user_id": 4, "location_id": 1}
                | {"info": {"weather": "cloudy", "mood": "ok"}},
            ],
        },
        log=[
            "Load test_locations, test_user_in_location, test_users: 11 added",
            "Load test_locations, test_user_in_location, test_users: 7 added, 7 changed",
        ],
        states=[{"test_users": 13, "test_locations": 8, "test_user_in_location": 14}],
        kept={"test_users": 13, "test_locations": 8, "test_user_in_location": 14},
    ),
}

REFUSED: dict[str, tuple[str, str]] = {
    # File: our error's class and what its message must say.
    "invalid_schema": ("SchemaError", r"stream 'test_invalid_schema': .*no properties"),
    "record_before_schema": (
        "RecordBeforeSchemaError",
        r"line 1: .*'test_record_before_schema' came before its SCHEMA",
    ),
    "record_missing_key_property": (
        "MissingKeyError",
        r"line 2: stream 'test_record_missing_key_property', column 'id': .*missing or null",
    ),
    # The SDK has a class for this one and leaves it out of its suite.
    "record_missing_required_property": (
        "RecordError",
        r"line 2: stream 'test_record_missing_required_property': .*'required'",
    ),
}
