"""The native types of a source that can be asked: SQLAlchemy reflects its tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from target_dolt.errors import ConfigError

_log = logging.getLogger("target-dolt")


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
        self.scheme = parsed.get_backend_name()

    def native_types(self, stream: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the native types of a stream's columns; nothing where no table has its name."""
        for schema, table in _places(stream):
            try:
                columns = self._inspector.get_columns(table, schema=schema)
            except sa.exc.SQLAlchemyError:
                continue
            return dict(self._spelled(columns))
        _log.warning("stream '%s': `source_url` has no table of that name", stream)
        return {}

    def _spelled(self, columns: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for column in columns:
            try:
                text = column["type"].compile(dialect=self._engine.dialect)
            except sa.exc.SQLAlchemyError:
                continue  # of a type that SQLAlchemy has no name for
            if text != "NULL":
                yield column["name"], {"x-sql-datatype": text}

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
