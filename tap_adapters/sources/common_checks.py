"""Checks of Postgres that MySQL's SQL says in the same words, and that Dolt decides alike.

Comparisons of columns with literals and with each other, joined by AND, OR and NOT: of whole and
exact numbers, of dates, and of texts by equality alone (what comes first is a collation's to say).
Whatever has another word in it is no check for Dolt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

NUMBER, TEXT, DATE, MOMENT = "number", "text", "date", "moment"

_KINDS = (
    (
        re.compile(r"smallint|integer|bigint|numeric(\((?:[1-5]?\d|6[0-5])(,(?:[12]?\d|30))?\))?"),
        NUMBER,
    ),
    (re.compile(r"text|character varying(\(\d+\))?"), TEXT),
    (re.compile(r"date"), DATE),
    (re.compile(r"timestamp(\(\d\))? without time zone"), MOMENT),
)
"""Native types whose values are compared alike in both; a double's 0.1 is another one's."""

_NUMERIC = "numeric"
"""A column of it, without a precision, is a text in Dolt; a literal is not."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|'')*')
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[a-z_][a-z0-9_]*|"[^"`]+")
      | (?P<word>AND|OR|NOT|IS|NULL|ANY|ARRAY)\b
      | (?P<cast>::[a-z ]*[a-z](?:\(\d+(?:,\d+)?\))?(?:\ without\ time\ zone)?(?:\[\])?)
      | (?P<mark><>|<=|>=|[=<>()\[\],])
    )""",
    re.VERBOSE,
)
_LITERALS = {
    NUMBER: re.compile(r"-?\d+(\.\d+)?"),
    TEXT: re.compile(r"[^\\\0]*", re.DOTALL),
    DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    MOMENT: re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?"),
}
_ORDERED = frozenset({"<", ">", "<=", ">="})

Operand = tuple[str, str]
"""What it is in MySQL's SQL, and its kind."""


class _Other(Exception):  # noqa: N818 - it is no error, only an answer
    """The check has another word in it."""


def common_check(definition: str, types: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Return a check in MySQL's SQL, or nothing where that would decide otherwise.

    Args:
        definition: The check as `pg_get_constraintdef` writes it.
        types: The native types of the table's columns.
        names: What the columns are called here.
    """
    body = re.fullmatch(r"CHECK \((.*)\)", definition, re.DOTALL)
    try:
        return _Reader(_tokens(body[1] if body else definition), types, names).check()
    except _Other:
        return ""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise _Other
        yield match.lastgroup, match[match.lastgroup]
        place = match.end()


def _kind(native: str) -> str:
    found = [kind for pattern, kind in _KINDS if pattern.fullmatch(native)]
    if not found:
        raise _Other
    return found[0]


class _Reader:
    """Reads a check from its tokens, by recursive descent."""

    def __init__(
        self,
        tokens: Iterator[tuple[str, str]],
        types: Mapping[str, str],
        names: Mapping[str, str],
    ) -> None:
        self._tokens = [*tokens]
        self._place = 0
        self._types, self._names = types, names

    def check(self) -> str:
        found = self._joined("OR", lambda: self._joined("AND", self._negated))
        if self._place < len(self._tokens):
            raise _Other
        return found

    def _take(self, *wanted: str) -> bool:
        """Take the next tokens where they are these."""
        end = self._place + len(wanted)
        if tuple(text for _, text in self._tokens[self._place : end]) != wanted:
            return False
        self._place = end
        return True

    def _need(self, *wanted: str) -> None:
        if not self._take(*wanted):
            raise _Other

    def _joined(self, word: str, part: Callable[[], str]) -> str:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return f" {word} ".join(parts)

    def _negated(self) -> str:
        if self._take("NOT"):
            return f"NOT {self._negated()}"
        begin = self._place
        try:
            return self._comparison()
        except _Other:  # the bracket before it was not an operand's
            self._place = begin
        self._need("(")
        found = self._joined("OR", lambda: self._joined("AND", self._negated))
        self._need(")")
        return f"({found})"

    def _comparison(self) -> str:
        left, kind = self._operand()
        if self._take("IS", "NULL"):
            return f"{left} IS NULL"
        if self._take("IS", "NOT", "NULL"):
            return f"{left} IS NOT NULL"
        if self._take("=", "ANY"):
            return f"{left} IN ({', '.join(self._listed(kind))})"
        mark = self._next("mark")
        if mark not in {"=", "<>", *_ORDERED} or (mark in _ORDERED and kind == TEXT):
            raise _Other
        right, other = self._operand()
        if kind != other:
            raise _Other
        return f"{left} {mark} {right}"

    def _listed(self, kind: str) -> Iterator[str]:
        """Read `(ARRAY['a'::text, 'b'::text])`, which may stand in brackets with a cast."""
        depth = 0
        while self._take("("):
            depth += 1
        self._need("ARRAY", "[")
        while True:
            one, other = self._operand()
            if kind != other or one.startswith("`"):
                raise _Other
            yield one
            if not self._take(","):
                break
        self._need("]")
        for _ in range(depth):
            self._need(")")
            self._cast()

    def _operand(self) -> Operand:
        if self._take("("):
            found = self._operand()
            self._need(")")
        elif self._place < len(self._tokens) and self._tokens[self._place][0] == "name":
            name = self._next("name").strip('"')
            if name not in self._types or self._types[name] == _NUMERIC:
                raise _Other
            found = f"`{self._names[name]}`", _kind(self._types[name])
        else:
            return self._literal()
        cast = self._cast()
        if cast and _kind(cast) != found[1]:
            raise _Other
        return found

    def _literal(self) -> Operand:
        group, text = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        if group not in {"text", "number"}:
            raise _Other
        self._place += 1
        cast = self._cast()
        kind = _kind(cast) if cast else {"text": TEXT, "number": NUMBER}[group]
        plain = text[1:-1].replace("''", "'") if group == "text" else text
        if not _LITERALS[kind].fullmatch(plain):
            raise _Other
        return (plain if kind == NUMBER else "'{}'".format(plain.replace("'", "''"))), kind

    def _cast(self) -> str:
        """Read casts; return the first, which says what a literal is."""
        first = ""
        while self._place < len(self._tokens) and self._tokens[self._place][0] == "cast":
            cast = self._next("cast")[2:].removesuffix("[]")
            first = first or cast
        return first

    def _next(self, group: str) -> str:
        found, text = self._tokens[self._place] if self._place < len(self._tokens) else ("", "")
        if found != group:
            raise _Other
        self._place += 1
        return text
