"""The native types of a source that can be asked: SQLAlchemy reflects its tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from target_dolt.errors import ConfigError

_log = logging.getLogger("target-dolt")


_FACTS = (
    "pk_constraint",
    "unique_constraints",
    "indexes",
    "foreign_keys",
    "check_constraints",
    "table_comment",
)
"""What SQLAlchemy's inspector is asked of each table beside its columns."""


class Reflection:
    """A source's tables, each asked for once."""

    def __init__(self, url: str) -> None:
        """Connect to the source; nothing is written to it.

        Raises:
            ConfigError: The URL is none, its driver is not installed, or nobody answers.
        """
        try:
            parsed = sa.make_url(url)
            self._engine = sa.create_engine(parsed, poolclass=NullPool, hide_parameters=True)
            self._inspector = sa.inspect(self._engine)
        except (sa.exc.ArgumentError, ValueError):
            msg = "`source_url` is no URL that SQLAlchemy knows"
            raise ConfigError(msg) from None
        except ImportError as error:
            msg = f"`source_url`: the driver '{error.name}' is not installed beside target-dolt"
            raise ConfigError(msg) from error
        except sa.exc.DBAPIError as error:
            where = parsed.render_as_string(hide_password=True)
            msg = f"`source_url`: {where} cannot be reached ({type(error.orig).__name__})"
            raise ConfigError(msg) from error
        self._known: dict[str, dict[str, Any] | None] = {}
        self.scheme = parsed.get_backend_name()

    def native_types(self, stream: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the native types of a stream's columns; nothing where no table has its name."""
        definition = self.definition(stream)
        return {
            column["name"]: {"x-sql-datatype": column["type"]}
            for column in (definition or {}).get("columns", ())
            if column["type"] is not None
        }

    def definition(self, stream: str) -> dict[str, Any] | None:
        """Return all that SQLAlchemy finds out of a stream's table, or None where there is none.

        Its schema and name, columns (type, nullability, default, identity, generated
        expression, collation, labels, comment), primary key, unique constraints, indexes,
        foreign keys, checks and comment.
        """
        if stream not in self._known:
            self._known[stream] = self._ask(stream)
            if self._known[stream] is None:
                _log.warning("stream '%s': `source_url` has no table of that name", stream)
        return self._known[stream]

    def _ask(self, stream: str) -> dict[str, Any] | None:
        for schema, table in _places(stream):
            try:
                columns = self._inspector.get_columns(table, schema=schema)
            except sa.exc.SQLAlchemyError:
                continue
            facts: dict[str, Any] = {"schema": schema, "table": table}
            facts["columns"] = [self._column(column) for column in columns]
            for name in _FACTS:
                facts[name] = self._fact(name, table, schema)
            return facts
        return None

    def _column(self, column: Any) -> dict[str, Any]:
        kind = column["type"]
        try:
            text: str | None = str(kind.compile(dialect=self._engine.dialect))
        except sa.exc.SQLAlchemyError:
            text = None  # of a type that SQLAlchemy has no name for
        labels = getattr(kind, "enums", None)
        return {
            **{name: value for name, value in column.items() if name != "type"},
            "type": None if text == "NULL" else text,
            **({"labels": list(labels)} if labels else {}),
        }

    def _fact(self, name: str, table: str, schema: str | None) -> Any:
        try:
            return getattr(self._inspector, f"get_{name}")(table, schema=schema)
        except (NotImplementedError, sa.exc.SQLAlchemyError):
            return None  # this source does not tell

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _places(stream: str) -> Iterator[tuple[str | None, str]]:
    """Yield schema and table: taps join them by a dash, which may be part of either's name."""
    parts = stream.split("-")
    for count in range(len(parts) - 1, 0, -1):
        yield "-".join(parts[:count]), "-".join(parts[count:])
    yield None, stream
    if len(parts) > 1:
        yield None, parts[-1]
