"""JSON Schema made plain: what one property may hold, and a validator for whole records.

`resolve` answers "which one type is this", through `$ref`, `allOf`, `anyOf`, `oneOf`, `const`,
`enum` and every spelling of nullable; it chooses columns. The validator checks records against
the schema as the tap sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote

import jsonschema_rs
import msgspec

from target_dolt.dialect import Schema
from target_dolt.errors import SchemaError

_SHOWN = 80
"""Characters of a schema's own text that a message shows."""

ASSERTING = frozenset(
    """
    $dynamicRef $recursiveRef $ref additionalItems additionalProperties allOf anyOf const contains
    dependencies dependentRequired dependentSchemas disallow divisibleBy else enum
    exclusiveMaximum exclusiveMinimum extends if items maxContains maxItems maxLength
    maxProperties maximum minContains minItems minLength minProperties minimum multipleOf not
    nullable oneOf pattern patternProperties prefixItems properties propertyNames required then
    type unevaluatedItems unevaluatedProperties uniqueItems
    """.split()  # noqa: SIM905 - words read better than 44 lines of them
)
"""Each word of JSON Schema's drafts 3 to 2020-12, and OpenAPI's `nullable`, that may refuse a
value; `format` does not. https://json-schema.org/specification"""

RECORDS_ASSERT = frozenset({"type", "properties", "required", "additionalProperties"})
"""What a whole SCHEMA may assert of records that are not taken apart by its validator: those go
the general way that have a property which it does not name."""

_REFERENCES = (b'"$ref"', b'"$dynamicRef"', b'"$recursiveRef"')
"""Words, as JSON, that take a part of a schema to another part of it."""

_COMBINERS = ("$ref", "allOf", "anyOf", "oneOf", "const")
_JSON_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "number"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


def resolve(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a property may hold beside null: its keywords, with one `type` or none.

    Args:
        schema: The property's schema; true and {} allow anything.
        root: The whole schema, where `$ref` points to.

    Raises:
        SchemaError: A `$ref` that leads nowhere.
    """
    return _resolve(schema, root, frozenset())


def _resolve(schema: Any, root: Mapping[str, Any], seen: frozenset[str]) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        return {}
    plain = {word: value for word, value in schema.items() if word not in _COMBINERS}
    plain = _one_type(plain)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in seen:
            return {}  # a schema that contains itself: a tree, kept as JSON
        target = _look_up(reference, root)
        plain = _both(_resolve(target, root, seen | {reference}), plain)
    for part in schema.get("allOf", ()):
        plain = _both(plain, _resolve(part, root, seen))
    for combiner in ("anyOf", "oneOf"):
        parts = schema.get(combiner)
        if parts:
            resolved = [_resolve(part, root, seen) for part in parts if not _only_null(part)]
            plain = _both(plain, _either(resolved))
    if "const" in schema:
        plain = _both(plain, {"enum": [schema["const"]]})
    return _typed_by_values(plain)


def _look_up(reference: str, root: Mapping[str, Any]) -> Any:
    if reference != "#" and not reference.startswith("#/"):
        msg = f"$ref {reference[:_SHOWN]!r} is no place in the schema, and nothing is fetched"
        raise SchemaError(msg)
    place: Any = root
    for step in reference[1:].split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and key.isdigit() and int(key) < len(place):
            place = place[int(key)]
        elif isinstance(place, Mapping) and key in place:
            place = place[key]
        else:
            msg = f"$ref {reference[:_SHOWN]!r} leads nowhere"
            raise SchemaError(msg)
    return place


def _one_type(schema: dict[str, Any]) -> dict[str, Any]:
    """Reduce a list of types to one beside null; two that are no numbers allow anything."""
    names = schema.get("type")
    if not isinstance(names, list):
        return schema
    beside_null = [name for name in names if name != "null"]
    rest = {word: value for word, value in schema.items() if word != "type"}
    if not beside_null:
        return rest | {"type": "null"}
    if len(set(beside_null)) == 1:
        return rest | {"type": beside_null[0]}
    return rest | {"type": "number"} if set(beside_null) == {"integer", "number"} else rest


def _only_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and (
        schema.get("type") in ("null", ["null"])
        or schema.get("enum") == [None]
        or ("const" in schema and schema["const"] is None)
    )


def _both(one: dict[str, Any], two: dict[str, Any]) -> dict[str, Any]:
    """Return what holds where both schemas do; the second's keywords are the nearer ones."""
    merged = {**one, **two}
    types = {one.get("type"), two.get("type")} - {None}
    if types == {"integer", "number"}:
        merged["type"] = "integer"
    return merged


def _either(variants: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what holds in each of the variants."""
    if not variants:
        return {"type": "null"}
    merged = {
        word: value
        for word, value in variants[0].items()
        if all(word in other and other[word] == value for other in variants[1:])
    }
    if {variant.get("type") for variant in variants} == {"integer", "number"}:
        merged = {"type": "number"}
    return merged


def _typed_by_values(schema: dict[str, Any]) -> dict[str, Any]:
    """Give a schema without a type the one that all of its listed values have."""
    values = schema.get("enum")
    if "type" in schema or not isinstance(values, list):
        return schema
    names = sorted({_json_type(value) for value in values if value is not None})
    return _one_type(schema | {"type": names or ["null"]})


def _json_type(value: Any) -> str:
    return next((name for kind, name in _JSON_TYPES if isinstance(value, kind)), "string")


def allows_objects(schema: Mapping[str, Any]) -> bool:
    """Whether a whole SCHEMA lets a record be what it is."""
    return "type" not in schema or "object" in named_types(schema)


def follows_draft(schema: Mapping[str, Any]) -> bool:
    """Whether each part of a schema, taken by itself, is read as the whole is."""
    return "$schema" in schema or jsonschema_rs.meta.is_valid(_with_null(schema) | _DRAFT_7)


def asserts_by_property(schema: Mapping[str, Any]) -> bool:
    """Whether a record is right where each of its properties is, and has those that it must."""
    known = schema.keys() & ASSERTING <= RECORDS_ASSERT
    return known and allows_objects(schema) and follows_draft(schema)


_DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}

Validator = Callable[[Any], None]


def compile_validator(schema: Mapping[str, Any]) -> Validator:
    """Compile a record's validator once; it raises `jsonschema_rs.ValidationError`.

    Formats are not asserted, as in the SDK: what becomes a date is checked by its converter.
    A schema of draft 4 (`exclusiveMinimum: true`) is read as such; all others as draft 7, the
    SDK's, unless `$schema` says otherwise.

    Raises:
        SchemaError: The schema itself is not valid.
    """
    options: dict[str, Any] = {"validate_formats": False, "retriever": _retrieve_nothing}
    try:
        plain = _with_null(schema)
        if "$schema" in plain:
            return jsonschema_rs.validator_for(plain, **options).validate
        try:
            return jsonschema_rs.Draft7Validator(plain, **options).validate
        except jsonschema_rs.ValidationError:
            return jsonschema_rs.Draft4Validator(plain, **options).validate
    except jsonschema_rs.ValidationError as error:
        place = "/".join(str(step) for step in error.instance_path)
        # A $ref that leads nowhere comes without a place; the message has the pointer.
        where = f", at '{place[:_SHOWN]}'" if place else f": {error.message[:_SHOWN]}"
        msg = f"not a valid JSON Schema{where}"
        raise SchemaError(msg) from error
    except (ValueError, RecursionError, jsonschema_rs.ReferencingError) as error:
        msg = f"not a valid JSON Schema: {str(error)[:_SHOWN]}"
        raise SchemaError(msg) from error


def property_validator(part: Any, schema: Mapping[str, Any]) -> Validator:
    """Compile a property's own validator; ValueError where it needs the rest of the SCHEMA."""
    if any(word in msgspec.json.encode(part) for word in _REFERENCES):
        msg = "a reference"
        raise ValueError(msg)
    draft = {"$schema": schema["$schema"]} if "$schema" in schema else {}
    return compile_validator({**draft, **part})


def _retrieve_nothing(uri: str) -> NoReturn:
    msg = f"$ref {uri!r} points outside of the schema, and nothing is fetched"
    raise ValueError(msg)


def _with_null(schema: Any) -> Any:
    """Write OpenAPI's `nullable: true` as JSON Schema does."""
    if isinstance(schema, list):
        return [_with_null(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        msg = f"$ref {reference[:_SHOWN]!r} is no place in the schema, and nothing is fetched"
        raise SchemaError(msg)
    plain = {word: _with_null(part) for word, part in schema.items()}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def named_types(part: Any) -> Collection[str]:
    """Return the types that a property's schema names itself."""
    names = part.get("type", ()) if isinstance(part, Mapping) else ()
    return (names,) if isinstance(names, str) else names


def nearest(schema: Schema, path: list[Any]) -> str | None:
    """Return the property of the record that a validation error's path leads to."""
    return str(path[0]) if path and path[0] in schema.get("properties", {}) else None
