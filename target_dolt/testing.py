"""A conformance suite for authors of type plugins: values in, stored on every backend, read back.

::

    class TestVectors(TypeSuite):
        plugins = (target_dolt_pgvector,)
        cases = (Case("postgres", {"type": "array", "x-sql-datatype": "vector(2)"}, [[1, 2]]),)

pytest then finds three tests in it. DoltLite is always tried, Dolt where `dolt` is on PATH.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import sqlalchemy as sa

from target_dolt.dialect import Schema
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins
from target_dolt.settings import where
from target_dolt.tables.catalogue import CatalogueRow
from target_dolt.tables.catalogue import read as read_catalogue
from target_dolt.tables.schema import Tables
from target_dolt.target import TargetDolt

_json = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Case:
    """Values of one property.

    Attributes:
        dialect: Whose native types the property names; None where it names none.
        schema: The property's JSON Schema, with `x-sql-datatype` where it has a native type.
        values: The values as a tap sends them: what JSON has, numbers int or Decimal.
        stored: The values as they are read back, where that is not as they came: int, Decimal,
            float, str, bytes, or parsed JSON.
    """

    dialect: str | None
    schema: Schema
    values: Sequence[Any]
    stored: Sequence[Any] | None = None

    @property
    def expected(self) -> list[Any]:
        """What must be read back."""
        return list(self.values if self.stored is None else self.stored)


def backends() -> list[str]:
    """Return the names of the backends that can be tried here."""
    return ["doltlite", "dolt"] if shutil.which("dolt") else ["doltlite"]


class Trial:
    """One fresh database on a backend, with a table `t` that has the case's values in `v`."""

    def __init__(
        self, case: Case, backend: str, directory: Path, plugins: Sequence[object] = ()
    ) -> None:
        """Choose the place; nothing is made before `load`.

        Args:
            case: The values.
            backend: One of `backends()`.
            directory: An empty directory.
            plugins: The plugins under test, beside the installed ones.
        """
        self._case = case
        self._plugins = load_plugins(plugins)
        self._config: dict[str, Any] = {"path": str(directory / f"{backend}.db")}
        if backend == "dolt":
            self._config["create_database"] = True

    def load(self) -> None:
        """Load the values, and a NULL."""
        nullable = {"anyOf": [dict(self._case.schema), {"type": "null"}]}
        properties = {"id": {"type": "integer"}, "v": nullable}
        messages: list[dict[str, Any]] = [
            {
                "type": "SCHEMA",
                "stream": "t",
                "schema": {"type": "object", "properties": properties},
                "key_properties": ["id"],
            },
            *(
                {"type": "RECORD", "stream": "t", "record": {"id": number, "v": value}}
                for number, value in enumerate([*self._case.values, None])
            ),
            {"type": "STATE", "value": {"loaded": len(self._case.values)}},
        ]
        config = {**self._config}
        if self._case.dialect is not None:
            config["source_dialect"] = self._case.dialect
        lines = "".join(f"{_json(message).decode()}\n" for message in messages)
        with redirect_stdout(io.StringIO()):
            TargetDolt(config=config, plugins=self._plugins).listen(io.StringIO(lines))

    def values(self) -> list[Any]:
        """Return what the column holds, in order, the NULL at last."""
        with closing(open_database(where(self._config), self._plugins)) as database:
            with database.connect() as connection:
                row = self._row(Tables(database, connection), connection)
                query = sa.text("SELECT v FROM t ORDER BY id")
                with connection.begin():
                    raw = [value for (value,) in connection.execute(query)]
            decode = database.storage(row.type).decode
        return [one if one is None or decode is None else decode(one) for one in raw]

    def column_type(self) -> str:
        """Return the column's type."""
        with (
            closing(open_database(where(self._config), self._plugins)) as database,
            database.connect() as connection,
        ):
            return self._row(Tables(database, connection), connection).column_type

    def commits(self) -> int:
        """Return how many commits there are."""
        with (
            closing(open_database(where(self._config), self._plugins)) as database,
            database.connect() as connection,
            connection.begin(),
        ):
            query = sa.text("SELECT count(*) FROM dolt_log")
            return int(connection.execute(query).scalar_one())

    def _row(self, tables: Tables, connection: sa.Connection) -> CatalogueRow:
        return read_catalogue(connection, tables)["t"]["v"]


class TypeSuite:
    """The tests that a type plugin passes; a subclass names the plugins and the cases.

    Attributes:
        plugins: The plugins under test, beside the installed ones.
        cases: The values.
    """

    plugins: ClassVar[Sequence[object]] = ()
    cases: ClassVar[Sequence[Case]] = ()

    def _trials(self, directory: Path) -> Iterator[tuple[Case, Trial]]:
        assert self.cases, "`cases` names no values to load"  # noqa: S101 - this is a test
        for number, case in enumerate(self.cases):
            for backend in backends():
                place = directory / f"{number}-{backend}"
                place.mkdir()
                trial = Trial(case, backend, place, self.plugins)
                trial.load()
                yield case, trial

    def test_values_are_read_back(self, tmp_path: Path) -> None:
        """Each value is what it was, of the same type, and NULL stays NULL."""
        for case, trial in self._trials(tmp_path):
            found = trial.values()
            assert found == [*case.expected, None]  # noqa: S101 - this is a test
            kinds = [type(one) for one in found[:-1]]
            assert kinds == [type(one) for one in case.expected]  # noqa: S101

    def test_loading_again_is_no_difference(self, tmp_path: Path) -> None:
        """The same values make no commit."""
        for _, trial in self._trials(tmp_path):
            before = trial.commits()
            trial.load()
            assert trial.commits() == before  # noqa: S101

    def test_column_keeps_its_type(self, tmp_path: Path) -> None:
        """A second run neither widens it nor finds another one."""
        for _, trial in self._trials(tmp_path):
            before = trial.column_type()
            trial.load()
            assert trial.column_type() == before  # noqa: S101
