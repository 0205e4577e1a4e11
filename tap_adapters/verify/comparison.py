"""A table of a commit beside one of a database: the same columns of both, in one form each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from tap_adapters.history.kept import Kept, KeptTable
from tap_adapters.sources.schema import SourceTable
from tap_adapters.sources.snapshot import Condition, Selection, Snapshot, decoded
from tap_adapters.sources.stream import stream_schema
from tap_adapters.verify.canonical import Sums, form_of
from target_dolt import native_values, values
from target_dolt.dialect import ColumnType
from target_dolt.plans.columns import column_converter
from target_dolt.plans.json_schema import resolve
from target_dolt.plans.plan import converter
from target_dolt.plugins import Plugins
from target_dolt.types import first_of_kind

Row = Sequence[Any]
Step = Callable[[Any], Any]
Together = Callable[[Sequence[Any]], Sequence[Any]]
Rows = Callable[[], Iterator[Sequence[Row]]]
"""Gives a side's rows in chunks."""

Told = Callable[[int], None]
"""Told how many rows were done since it was last told."""


def _nobody(rows: int) -> None:
    del rows


class Comparison:
    """Two tables that belong together.

    Attributes:
        columns: The columns that both have, by their names in the commit.
        shared: The same columns of the database.
        alone: Columns that only one of them has.
        key: The places of the key among the columns; empty where rows have none.
    """

    def __init__(
        self,
        kept: KeptTable,
        found: SourceTable,
        here: Kept,
        database: Snapshot,
        plugins: Plugins,
        told: Told = _nobody,
    ) -> None:
        """Find what both have; `told` is, of how many rows were read, of either."""
        self._told = told
        self._kept = kept
        self._found = found
        self._here = here
        self._database = database
        self.shared = [one for one in found.columns if kept.column_of(one.name) is not None]
        self.columns = [str(kept.column_of(one.name)) for one in self.shared]
        self.alone = tuple(
            [name for name in kept.types if name not in self.columns]
            + [one.name for one in found.columns if one not in self.shared]
        )
        key = [self.columns.index(name) for name in kept.key if name in self.columns]
        self.key = key if len(key) == len(kept.key) else []
        self.forms = [
            form_of(kept.types[name], one.base)
            for one, name in zip(self.shared, self.columns, strict=True)
        ]
        self._convert = self._converters(plugins)

    def count(self) -> int:
        """Return how many rows the commit has."""
        return self._here.count(self._kept)

    def wanted(self) -> Iterator[Sequence[Row]]:
        """Yield the commit's rows."""
        for rows in self._here.rows(self._kept, self.columns):
            yield decoded(rows, self.forms)
            self._told(len(rows))

    def there(self, where: Condition | None = None) -> Iterator[Sequence[Row]]:
        """Yield the database's rows, all or those that meet a condition."""
        places = [place for place, one in enumerate(self._found.columns) if one in self.shared]
        for rows in self._database.rows(self._found, where):
            columns = list(zip(*rows, strict=True))
            yield list(
                zip(
                    *(
                        _converted(columns[place], convert, form)
                        for place, convert, form in zip(
                            places, self._convert, self.forms, strict=True
                        )
                    ),
                    strict=True,
                )
            )
            self._told(len(rows))

    def _converters(self, plugins: Plugins) -> list[Together]:
        """Return what brings the database's columns into the form of the commit's."""
        dialect = plugins.dialects[self._database.schema.dialect]
        schema = stream_schema(self._found)
        steps = []
        for column, name in zip(self.shared, self.columns, strict=True):
            plain = resolve(schema["properties"][column.name], schema)
            own = plugins.hook.dolt_sql_type(dialect=dialect, schema=plain)
            column_type = self._kept.types[name]
            convert, is_plain = converter(plain, dialect, own, column_type, plugins)
            if isinstance(column_type, sa.JSON) and not isinstance(own, sa.JSON):
                convert = str  # MariaDB keeps JSON as text
            across = first_of_kind(_ACROSS, column_type)
            made_by = values.factory(column_type) if is_plain else None
            one_by_one = across(convert) if across else convert
            step = column_converter(made_by, column_type, one_by_one)
            both_double = isinstance(column_type, sa.DOUBLE) and column.base in _DOUBLES
            steps.append(_doubles(step) if both_double else step)
        return steps


_TRUTH = {0: False, 1: True, "00": False, "01": True}
"""As MySQL has it, and a BIT of one as its driver does, in hexadecimal digits."""


def _truth(convert: Step) -> Step:
    return lambda value: convert(_TRUTH.get(value, value) if type(value) in {int, str} else value)


def _whole(convert: Step) -> Step:
    return lambda value: convert(int(value) if isinstance(value, Decimal) else value)


def _clock(convert: Step) -> Step:
    duration = native_values.duration({}, mysql.TIME())

    def step(value: Any) -> Any:
        try:
            return duration(value)
        except ValueError:
            return convert(value)

    return step


def _doubles(step: Together) -> Together:
    """Return a step that takes the numbers of a column of doubles for what they are."""

    def doubles(some: Sequence[Any]) -> Sequence[Any]:
        return list(map(float, some)) if set(map(type, some)) == {Decimal} else step(some)

    return doubles


_DOUBLES = frozenset({"double precision", "double"})
"""Native types of which each value is a double: none has to be looked into."""

_ACROSS: tuple[tuple[type[ColumnType], Callable[[Step], Step]], ...] = (
    (sa.Boolean, _truth),  # MySQL's is a number
    (mysql.BIT, _whole),  # a numeric where there are no bits
    (sa.TIME, _clock),  # an interval where a time ends at midnight
)
"""What another kind of database has in a type's place, so that a commit's converter takes it."""


def sums_of(rows: Rows, key: Sequence[int]) -> Sums:
    """Return what rows add up to."""
    sums = Sums()
    for some in rows():
        sums.add(some, key)
    return sums


def pairs(
    here: Kept, there: Snapshot, selection: Selection
) -> Iterable[tuple[KeptTable | None, SourceTable | None]]:
    """Yield tables that belong together; one alone where the other side has none.

    A table belongs to the one of its own source or of a name that was given; of those that are
    left, to one of its bare name.
    """
    left = dict(here.tables)
    places = {one.source.name: one.name for one in left.values() if one.source is not None}
    tables = there.schema.tables
    names = {name: selection.target([name, one.own_name]) for name, one in tables.items()}
    found = {name: left.pop(names[name] or places.get(name, ""), None) for name in tables}
    for name, table in tables.items():
        bare = None if names[name] else table.own_name
        yield found[name] or left.pop(bare or "", None), table
    if not selection.tables:
        others = {*there.schema.others, *(one.split(".")[-1] for one in there.schema.others)}
        for kept in left.values():
            if (kept.source.name if kept.source else kept.name) not in others:
                yield kept, None


def _converted(column: Sequence[Any], convert: Together, form: Step | None) -> Sequence[Any]:
    """Return a column of the database's in the form of the commit's."""
    try:
        made = convert(column)
        return made if form is None else [None if one is None else form(one) for one in made]
    except ValueError:
        return [None if one is None else _one(one, convert, form) for one in column]


def _one(value: Any, convert: Together, form: Step | None) -> Any:
    try:
        (written,) = convert([value])
        return written if form is None else form(written)
    except ValueError:
        # The commit cannot hold it, so it differs from any value there.
        return "not of the commit's type", str(value)
