"""Postgres's literals of arrays and composites, to JSON and back.

https://www.postgresql.org/docs/16/arrays.html#ARRAYS-IO,
https://www.postgresql.org/docs/16/rowtypes.html#ROWTYPES-IO-SYNTAX
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from target_dolt import values
from target_dolt.dialect import ColumnType, Converter, Schema
from target_dolt_plugins.native_rules import native

_COMMAS = {"box": ";"}
"""What parts the elements of an array, where it is no comma.
https://www.postgresql.org/docs/16/arrays.html#ARRAYS-INPUT"""

_TOKENS = {
    comma: re.compile(
        rf'(?P<mark>[{{}}{comma}])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^{{}}{comma}"]+)',
        re.DOTALL,
    )
    for comma in ",;"
}
_NEEDS_QUOTES = re.compile(r'[{}(),;"\\\s]|^$|^null$', re.IGNORECASE)

_WHOLE = frozenset(
    {"int2", "int4", "int8", "smallint", "integer", "int", "bigint", "oid", "xid", "cid"}
)
_EXACT = frozenset({"numeric", "decimal"})
_TRUTH = {"t": True, "f": False, "true": True, "false": False}
_OBJECTS = frozenset({"jsonb", "hstore"})
_VECTORS = frozenset({"oidvector", "int2vector"})

_json_text = msgspec.json.Encoder(decimal_format="number").encode


def parse_array(text: str, element: Callable[[str], Any], comma: str = ",") -> list[Any]:
    """Return what an array's literal holds; ValueError where it is none.

    Args:
        text: `{1,NULL,{"a b"}}`, without bounds before it.
        element: Makes a value of one element's text.
        comma: What parts the elements.
    """
    stack: list[list[Any]] = []
    whole: list[Any] | None = None
    place = 0
    while place < len(text):
        match = _TOKENS[comma].match(text, place)
        if match is None or whole is not None:
            raise _no_array()
        place = match.end()
        if match["mark"] == "{":
            stack.append([])
        elif match["mark"] == "}":
            if not stack:
                raise _no_array()
            inner = stack.pop()
            if stack:
                stack[-1].append(inner)
            else:
                whole = inner
        elif match["mark"] is None:
            if not stack:
                raise _no_array()
            stack[-1].append(_element(match, element))
    if whole is None:
        raise _no_array()
    return whole


def _no_array() -> ValueError:
    return ValueError("not an array as Postgres writes it")


def _element(match: re.Match[str], element: Callable[[str], Any]) -> Any:
    if match["quoted"] is not None:
        return element(re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL))
    plain = match["plain"].strip()
    return None if plain.upper() == "NULL" else element(plain)


def _element_reader(name: str) -> Callable[[str], Any]:
    """Return how an element's text becomes JSON: whole numbers, booleans and jsonb as
    themselves, all else as text, so that no digit is lost."""
    if name in _WHOLE:
        return int
    if name in {"bool", "boolean"}:
        return _TRUTH.__getitem__
    return values.parse_json if name == "jsonb" else str


def array(schema: Schema, column_type: ColumnType) -> Converter:
    """Write an array as JSON, sent as JSON or as Postgres's literal.

    Exact numbers are texts in it: JSON's numbers have no scale on every backend. So are
    composites: the order of an object's keys, which is that of their fields, is not kept on every
    backend. A literal with bounds (`[0:1]={1,2}`) stays a text, which JSON has room for.
    """
    write = values.writer({}, column_type)
    own = native(schema)
    name, depth = own.name, max(own.dimensions, 1)
    read = _element_reader(name)

    def convert(value: Any) -> Any:
        is_literal = isinstance(value, str)
        if is_literal:
            if value.startswith("["):
                return _json_text(value).decode()
            try:
                value = parse_array(value, read, _COMMAS.get(name, ","))
            except (KeyError, msgspec.DecodeError):
                raise _no_array() from None
        if not isinstance(value, list):
            raise _no_array()
        if name in _EXACT:
            value = _spelled(value)
        elif name == "json":
            value = value if is_literal else _json_texts(value, depth)
        elif name not in _OBJECTS:
            value = _with_texts(value, _composite_text)
        return write(value)

    return convert


def _json_texts(value: Any, depth: int) -> Any:
    """Return an array of JSON values, of so many dimensions, with each as its text."""
    if isinstance(value, list) and depth:
        return [_json_texts(one, depth - 1) for one in value]
    return None if value is None else _json_text(value).decode()


def _spelled(value: Any) -> Any:
    """Return exact numbers within an array as texts."""
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def array_literal(schema: Schema, column_type: ColumnType) -> Converter:
    """Return a stored array as Postgres's literal."""
    own = native(schema)
    depth = max(own.dimensions, 1) if own.name == "jsonb" else 0
    is_json = isinstance(column_type, sa.JSON)
    comma = _COMMAS.get(own.name, ",")

    def convert(value: Any) -> str:
        parsed = value if is_json else values.parse_json(value)
        if own.name == "hstore":
            parsed = _with_texts(parsed, _hstore_text)
        elif own.name in _VECTORS and isinstance(parsed, list):
            parsed = [_with_vectors(one) for one in parsed]
        return parsed if isinstance(parsed, str) else _array_text(parsed, depth, comma)

    return convert


def _array_text(value: Any, depth: int, comma: str = ",") -> str:
    """Write an array; `depth` is how many levels are arrays where the elements are JSON, else 0."""
    if isinstance(value, list) and depth != -1:
        inner = {0: 0, 1: -1}.get(depth, depth - 1)
        return "{" + comma.join(_array_text(one, inner, comma) for one in value) + "}"
    if value is None:
        return "NULL"
    if depth == -1:
        return _quoted(_json_text(value).decode())
    return _quoted(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict | list):
        return _json_text(value).decode()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _quoted(text: str) -> str:
    return _doubly_quoted(text) if _NEEDS_QUOTES.search(text) else text


def _doubly_quoted(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def vector_literal(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Return a stored list of numbers as an oidvector's or int2vector's literal."""
    return lambda value: " ".join(str(one) for one in value)


def _with_vectors(value: Any) -> Any:
    """Return what is in an array of vectors: the innermost lists, which have no NULL, are these."""
    if not isinstance(value, list):
        return value
    if any(one is None or isinstance(one, list) for one in value):
        return [_with_vectors(one) for one in value]
    return " ".join(str(one) for one in value)


def hstore_literal(_schema: Schema, column_type: ColumnType) -> Converter:
    """Return a stored object of texts as hstore's literal.

    https://www.postgresql.org/docs/16/hstore.html
    """
    is_json = isinstance(column_type, sa.JSON)

    return lambda value: _hstore_text(value if is_json else values.parse_json(value))


def _hstore_text(pairs: Any) -> str:
    return ", ".join(
        f"{_doubly_quoted(key)}=>{'NULL' if one is None else _doubly_quoted(str(one))}"
        for key, one in pairs.items()
    )


def _with_texts(value: Any, spell: Callable[[Any], str]) -> Any:
    """Return an array whose objects are written out: hstores, composites."""
    if isinstance(value, list):
        return [_with_texts(one, spell) for one in value]
    return spell(value) if isinstance(value, dict) else value


def composite_literal(_schema: Schema, _column_type: ColumnType) -> Converter:
    """Return a composite, kept as the text of a JSON object, as Postgres's literal."""

    def convert(value: str) -> str:
        return _composite_text(values.parse_json(value))

    return convert


def _composite_text(fields: Any) -> str:
    return "({})".format(",".join(_field(one) for one in fields.values()))


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return _quoted(_composite_text(value))
    if isinstance(value, list):
        return _quoted(_array_text(value, 0))
    return _quoted(_plain(value))
