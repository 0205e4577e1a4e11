"""Statements that make the types of a Postgres's users, in the order of their needs; sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tap_adapters.sources.schema import Counter, NamedType


def literal(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'{}'".format(text.replace("'", "''"))


def in_order(types: Sequence[NamedType]) -> Iterator[NamedType]:
    """Yield types after those that they are made of."""
    left = list(types)
    while left:
        names = {one.name for one in left}
        ready = [one for one in left if not names & (_needs(one) - {one.name})] or left[:1]
        yield from ready
        left = [one for one in left if one not in ready]


def _needs(one: NamedType) -> set[str]:
    parts = [one.base or "", *(kind for _, kind in one.fields)]
    return {part.removesuffix("[]") for part in parts}


def type_statement(quoted: Callable[[str], str], one: NamedType) -> str:
    """Return the statement that makes a type."""
    if one.kind == "enum":
        return f"CREATE TYPE {one.name} AS ENUM ({', '.join(map(literal, one.labels))})"
    if one.kind == "composite":
        fields = ", ".join(f"{quoted(name)} {kind}" for name, kind in one.fields)
        return f"CREATE TYPE {one.name} AS ({fields})"
    parts = [f"CREATE DOMAIN {one.name} AS {one.base}"]
    if one.collation:
        parts.append(f"COLLATE {one.collation}")
    if one.default is not None:
        parts.append(f"DEFAULT {one.default}")
    if not one.nullable:
        parts.append("NOT NULL")
    parts += [f"CONSTRAINT {quoted(name)} {check}" for name, check in one.checks.items()]
    return " ".join(parts)


def options_of(counter: Counter) -> str:
    """Return what CREATE SEQUENCE says of a counter."""
    cycle = "CYCLE" if counter.cycles else "NO CYCLE"
    return (
        f"START {counter.start} INCREMENT {counter.step} MINVALUE {counter.least} "
        f"MAXVALUE {counter.greatest} {cycle}"
    )
