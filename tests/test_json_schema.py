"""JSON Schema made plain for columns, and validators for whole records."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from support import Place, record, schema
from support_values import CANARY, ID, lite, refused, stored

from target_dolt.errors import RecordError, SchemaError
from target_dolt.plans.json_schema import compile_validator, resolve


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A fresh DoltLite file."""
    return lite(tmp_path)


ROOT = {
    "definitions": {
        "name": {"type": "string", "maxLength": 9},
        "maybe": {"type": ["null", "string"], "format": "date"},
        "self": {"$ref": "#/definitions/self"},
    }
}

RESOLVED = [
    pytest.param(True, {}, id="true"),
    pytest.param({}, {}, id="empty"),
    pytest.param({"type": "null"}, {"type": "null"}, id="null"),
    pytest.param({"type": ["null"]}, {"type": "null"}, id="list-of-null"),
    pytest.param({"type": ["null", "string"]}, {"type": "string"}, id="nullable-list"),
    pytest.param({"type": ["integer", "string"]}, {}, id="two-types"),
    pytest.param({"type": ["integer", "number"]}, {"type": "number"}, id="two-numbers"),
    pytest.param(
        {"$ref": "#/definitions/name"}, {"type": "string", "maxLength": 9}, id="reference"
    ),
    pytest.param(
        {"$ref": "#/definitions/name", "maxLength": 5},
        {"type": "string", "maxLength": 5},
        id="keyword-beside-a-reference",
    ),
    pytest.param({"$ref": "#/definitions/self"}, {}, id="reference-to-itself"),
    pytest.param(
        {"anyOf": [{"$ref": "#/definitions/maybe"}, {"type": "null"}]},
        {"type": "string", "format": "date"},
        id="reference-in-any-of",
    ),
    pytest.param(
        {"allOf": [{"type": "number"}, {"type": "integer"}]},
        {"type": "integer"},
        id="all-of-narrows",
    ),
    pytest.param({"const": 1}, {"enum": [1], "type": "integer"}, id="const"),
    pytest.param(
        {"enum": [Decimal("1.5"), None]},
        {"enum": [Decimal("1.5"), None], "type": "number"},
        id="enum",
    ),
    pytest.param(
        {"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "string"}, id="one-of-consts"
    ),
    pytest.param(
        {"anyOf": [{"type": "integer"}, {"type": "number", "multipleOf": Decimal("0.1")}]},
        {"type": "number"},
        id="any-of-two-numbers-forgets-what-holds-for-one",
    ),
    pytest.param(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]},
        {"type": "string"},
        id="format-of-one-variant-alone",
    ),
    pytest.param({"anyOf": [{"type": "null"}]}, {"type": "null"}, id="any-of-null-alone"),
]


@pytest.mark.parametrize(("property_schema", "expected"), RESOLVED)
def test_resolve_leaves_one_type_or_none(property_schema: Any, expected: dict[str, Any]) -> None:
    """Every spelling comes down to the keywords that hold for all values beside null."""
    assert resolve(property_schema, ROOT) == expected


@pytest.mark.parametrize(
    "reference",
    [
        "#/definitions/nobody",
        "#/definitions/name/deeper",
        "#name-of-no-anchor",
        "https://example.com/schema.json",
        "other.json#/definitions/name",
        "file:///etc/passwd",
    ],
)
def test_reference_that_leads_nowhere_is_refused(reference: str) -> None:
    """Or out of the schema: nothing is fetched."""
    with pytest.raises(SchemaError, match="\\$ref"):
        resolve({"$ref": reference}, ROOT)


@pytest.mark.parametrize(
    ("record_schema", "good", "bad"),
    [
        pytest.param(
            {"minimum": 5, "exclusiveMinimum": True}, Decimal("5.1"), 5, id="draft-4-booleans"
        ),
        pytest.param({"exclusiveMinimum": 5}, Decimal("5.1"), 5, id="draft-7-numbers"),
        pytest.param({"type": "string", "nullable": True}, None, 5, id="nullable"),
        pytest.param(
            {"type": "object", "properties": {"x": {"type": "string", "nullable": True}}},
            {"x": None},
            {"x": 5},
            id="nullable-within",
        ),
        pytest.param({"type": "string", "nullable": False}, "a", None, id="not-nullable"),
        pytest.param({"multipleOf": Decimal("0.01")}, Decimal("1.15"), Decimal("1.155"), id="step"),
        pytest.param({"type": "integer"}, Decimal("1.0"), Decimal("1.5"), id="integer"),
        pytest.param({"maxLength": 2}, "😀é", "abc", id="characters"),
        pytest.param({"const": Decimal("1.10")}, Decimal("1.1"), Decimal("1.2"), id="const"),
        pytest.param(
            {"maximum": 18446744073709551615}, 18446744073709551615, 18446744073709551616, id="big"
        ),
        pytest.param({"items": {"type": "integer"}}, [1, 2], [1, "2"], id="items"),
        pytest.param({"required": ["a"]}, {"a": None}, {}, id="required"),
    ],
)
def test_validator_takes_what_matches_and_nothing_else(
    record_schema: dict[str, Any], good: Any, bad: Any
) -> None:
    """Of draft 4 and of draft 7, with numbers as they were written."""
    validate = compile_validator({"properties": {"v": record_schema}})
    validate({"v": good})
    with pytest.raises(jsonschema_rs.ValidationError):
        validate({"v": bad})


def test_validator_follows_the_draft_that_the_schema_names() -> None:
    """`prefixItems` is a keyword of 2020-12 alone."""
    words = {"properties": {"v": {"prefixItems": [{"type": "integer"}]}}}
    compile_validator(words)({"v": ["a"]})
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", **words}
    with pytest.raises(jsonschema_rs.ValidationError):
        compile_validator(named)({"v": ["a"]})


def test_formats_are_left_to_the_columns(place: Place) -> None:
    """As in the SDK: text of a format for which there is no column is not checked."""
    assert stored(place, {"type": "string", "format": "email"}, '"nobody"') == ["nobody"]


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server on loopback: its address, and the paths that it was asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "string"}')

        def log_message(self, *_: object) -> None:
            """Be silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("validate", [True, False], ids=["validated", "not-validated"])
@pytest.mark.parametrize("nested", [False, True], ids=["a-property", "within-a-property"])
def test_reference_to_another_document_is_refused_and_never_fetched(
    place: Place,
    asked: tuple[str, list[str]],
    *,
    validate: bool,
    nested: bool,
) -> None:
    """A tap may not make the loader open connections."""
    address, paths = asked
    outside: dict[str, Any] = {"$ref": f"{address}/schema.json"}
    if nested:
        outside = {"type": "object", "properties": {"x": outside}}
    lines = [schema("t", {"id": ID, "v": outside}), record("t", id=1)]
    if nested and not validate:
        place.load(lines, validate_records=False)  # a JSON column takes anything
    else:
        end = refused(place, lines, validate_records=validate)
        assert isinstance(end.error, SchemaError)
        assert "nothing is fetched" in end.message
        assert place.commits() == []
    assert paths == []


INVALID = [
    pytest.param({"type": "strin"}, id="unknown-type"),
    pytest.param({"type": 5}, id="type-is-a-number"),
    pytest.param({"type": {"a": 1}}, id="type-is-an-object"),
    pytest.param({"type": ["string", {"a": 1}]}, id="type-holds-an-object"),
    pytest.param("string", id="a-text"),
    pytest.param([1], id="a-list"),
    pytest.param({"type": "string", "maxLength": CANARY}, id="length-is-a-text"),
    pytest.param({"type": "string", "pattern": "("}, id="pattern"),
    pytest.param({"anyOf": {"a": 1}}, id="any-of-is-an-object"),
    pytest.param({"anyOf": 5}, id="any-of-is-a-number"),
    pytest.param({"allOf": None}, id="all-of-is-null"),
    pytest.param({"enum": CANARY}, id="enum-is-a-text"),
    pytest.param({"type": "string", "enum": 5}, id="enum-is-a-number"),
    pytest.param({"$ref": 5}, id="reference-is-a-number"),
    pytest.param({"type": "integer", "minimum": "a", "maximum": "b"}, id="bounds-are-texts"),
    pytest.param({"type": "number", "multipleOf": 0}, id="step-of-nothing"),
]


def test_reference_that_leads_nowhere_is_named(place: Place) -> None:
    """What is validated has no place to show then, but the pointer."""
    end = refused(place, [schema("t", {"id": ID, "v": {"$ref": "#/nobody"}}), record("t", id=1)])
    assert isinstance(end.error, SchemaError)
    assert "stream 't'" in end.message
    assert "'/nobody'" in end.message
    assert place.commits() == []


@pytest.mark.parametrize("property_schema", INVALID)
def test_schema_that_is_none_is_refused_with_line_and_stream(
    place: Place, property_schema: Any
) -> None:
    """Its stream is named; the schema's own texts are not repeated."""
    end = refused(place, [schema("t", {"id": ID, "v": property_schema}), record("t", id=1)])
    assert isinstance(end.error, SchemaError)
    assert "stream 't'" in end.message
    assert "line 1" in end.message
    assert CANARY not in end.message
    assert place.commits() == []


@pytest.mark.parametrize("property_schema", INVALID)
def test_schema_that_is_none_is_no_traceback_without_validation_either(
    place: Place, property_schema: Any
) -> None:
    """It is refused, or has a column: nothing but an error of our own is raised."""
    lines = [schema("t", {"id": ID, "v": property_schema}), record("t", id=1)]
    try:
        place.load(lines, validate_records=False)
    except SchemaError as error:
        assert CANARY not in str(error)  # noqa: PT017 - that it is raised is not asked for
        assert place.commits() == []
    else:
        assert place.rows("t") == [{"id": 1, "v": None}]


def test_message_about_an_invalid_schema_is_short(place: Place) -> None:
    """However long the schema is."""
    end = refused(place, [schema("t", {"id": ID, "v": {"enum": "x" * 100_000}})])
    assert len(end.message) < 1000


def test_validation_error_names_the_keyword_and_the_place_not_the_value(place: Place) -> None:
    """Within an object the path is shown, so that the value can be found in the source."""
    inner = {"type": "object", "properties": {"b": {"items": {"type": "integer"}}}}
    end = refused(
        place,
        [
            schema("t", {"id": ID, "v": {"type": "object", "properties": {"a": inner}}}),
            record("t", id=7, v={"a": {"b": [1, CANARY]}}),
        ],
    )
    assert isinstance(end.error, RecordError)
    assert end.message == (
        "line 2: stream 't', column 'v', key id=7: it does not match its SCHEMA: 'type' at a/b/1"
    )


@pytest.mark.parametrize("depth", [50, 300])
def test_deep_schema_is_loaded_or_refused_without_a_traceback(place: Place, depth: int) -> None:
    """300 levels are more than Python's recursion takes in the SDK's copying of a schema."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        deep = {"anyOf": [deep, {"type": "null"}]}
    lines = [schema("t", {"id": ID, "v": deep}), record("t", id=1, v="x")]
    try:
        place.load(lines)
    except SchemaError as error:
        assert "'t'" in str(error)  # noqa: PT017 - that it is raised is not asked for
        assert depth > 50
    else:
        assert place.rows("t") == [{"id": 1, "v": "x"}]
