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

_TOKEN = re.compile(r'(?P<mark>[{},])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^{},"]+)', re.DOTALL)
_NEEDS_QUOTES = re.compile(r'[{}(),"\\\s]|^$|^null$', re.IGNORECASE)

_WHOLE = frozenset(
    {"int2", "int4", "int8", "smallint", "integer", "int", "bigint", "oid", "xid", "cid"}
)
_EXACT = frozenset({"numeric", "decimal"})
_TRUTH = {"t": True, "f": False, "true": True, "false": False}
_JSON = frozenset({"json", "jsonb"})

_json_text = msgspec.json.Encoder(decimal_format="number").encode


def parse_array(text: str, element: Callable[[str], Any]) -> list[Any]:
    """Return what an array's literal holds; ValueError where it is none.

    Args:
        text: `{1,NULL,{"a b"}}`, without bounds before it.
        element: Makes a value of one element's text.
    """
    stack: list[list[Any]] = []
    whole: list[Any] | None = None
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
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
    """Return how an element's text becomes JSON: whole numbers, booleans and JSON as
    themselves, all else as text, so that no digit is lost."""
    if name in _WHOLE:
        return int
    if name in {"bool", "boolean"}:
        return _TRUTH.__getitem__
    return values.parse_json if name in _JSON else str


def array(schema: Schema, column_type: ColumnType) -> Converter:
    """Write an array as JSON, sent as JSON or as Postgres's literal.

    Exact numbers are texts in it: JSON's numbers have no scale on every backend. A literal with
    bounds (`[0:1]={1,2}`) stays a text, which JSON has room for.
    """
    write = values.writer({}, column_type)
    name = native(schema).name
    read = _element_reader(name)

    def convert(value: Any) -> Any:
        if isinstance(value, str):
            if value.startswith("["):
                return _json_text(value).decode()
            try:
                value = parse_array(value, read)
            except (KeyError, msgspec.DecodeError):
                raise _no_array() from None
        if not isinstance(value, list):
            raise _no_array()
        return write(_spelled(value) if name in _EXACT else value)

    return convert


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
    depth = max(own.dimensions, 1) if own.name in _JSON else 0
    is_json = isinstance(column_type, sa.JSON)

    def convert(value: Any) -> str:
        parsed = value if is_json else values.parse_json(value)
        if own.name == "hstore":
            parsed = _with_hstores(parsed)
        return parsed if isinstance(parsed, str) else _array_text(parsed, depth)

    return convert


def _array_text(value: Any, depth: int) -> str:
    """Write an array; `depth` is how many levels are arrays where the elements are JSON, else 0."""
    if isinstance(value, list) and depth != -1:
        inner = {0: 0, 1: -1}.get(depth, depth - 1)
        return "{" + ",".join(_array_text(one, inner) for one in value) + "}"
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


def _with_hstores(value: Any) -> Any:
    """Return an array whose objects are written out as hstores."""
    if isinstance(value, list):
        return [_with_hstores(one) for one in value]
    return _hstore_text(value) if isinstance(value, dict) else value


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
