"""Tables as SQLAlchemy's inspector describes them: of databases that have no reader of their own,
and of views."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tap_adapters.sources.connecting import engine
from tap_adapters.sources.schema import (
    Counter,
    ForeignKey,
    SourceColumn,
    SourceConstraint,
    SourceTable,
)
from tap_adapters.sources.snapshot import KINDS, json_schema, source_url
from target_dolt.errors import ConfigError

_UNTOLD = (
    NotImplementedError,
    sa.exc.NoSuchTableError,
    sa.exc.UnreflectableTableError,
    sa.exc.CompileError,
)
"""What the inspector says of no table, and of what the source has no word for."""


class Inspected:
    """A database that the inspector can look into."""

    def __init__(self, url: str) -> None:
        """Connect; nothing is written.

        Raises:
            ConfigError: The URL is none, its driver is not installed, or nobody answers.
        """
        try:
            parsed = sa.make_url(url)
            if any(one.scheme == parsed.drivername for one in KINDS):
                # SQLAlchemy's own choice of a driver is another from one version to the next.
                _, parsed = source_url(url)
            self._engine = engine(parsed)
            self._engine.connect().close()
        except (sa.exc.ArgumentError, ValueError):
            msg = "`source_url` is no URL that SQLAlchemy knows"
            raise ConfigError(msg) from None
        except ImportError as error:
            msg = (
                f"`source_url`: the driver '{error.name}' is not installed beside target-dolt "
                "(the extra `postgres` brings Postgres's)"
            )
            raise ConfigError(msg) from error
        except sa.exc.DBAPIError as error:
            where = parsed.render_as_string(hide_password=True)
            msg = f"`source_url`: {where} cannot be reached ({type(error.orig).__name__})"
            raise ConfigError(msg) from error
        self.scheme = parsed.get_backend_name()

    def table(self, schema: str | None, name: str) -> SourceTable | None:
        """Return a table or a view, or None where there is none of that name.

        Raises:
            ConfigError: The source is no longer there: who asks again may find it.
        """
        columns = self._fact("columns", name, schema)
        if columns is None:
            return None
        key = tuple(
            (self._fact("pk_constraint", name, schema) or {}).get("constrained_columns", ())
        )
        return SourceTable(
            name=f"{schema}.{name}" if schema else name,
            schema=schema,
            own_name=name,
            columns=tuple(self._column(one) for one in columns),
            key=key,
            constraints=self._constraints(name, schema, key),
            foreign_keys=tuple(
                _foreign_key(one) for one in self._fact("foreign_keys", name, schema) or ()
            ),
            comment=(self._fact("table_comment", name, schema) or {}).get("text"),
        )

    def _column(self, column: Any) -> SourceColumn:
        kind = column["type"]
        try:
            text = str(kind.compile(dialect=self._engine.dialect))
        except sa.exc.SQLAlchemyError:
            text = ""  # of a type that SQLAlchemy has no name for
        text = "" if text == "NULL" else text
        computed, identity = column.get("computed") or {}, column.get("identity")
        return SourceColumn(
            name=column["name"],
            type=text,
            base=text,
            json=json_schema(kind) if text else {"type": "string"},
            nullable=column["nullable"],
            default=None if computed else column.get("default"),
            generated=computed.get("sqltext"),
            stored=computed.get("persisted") is not False,
            counter=_counter(identity) if identity else None,
            collation=getattr(kind, "collation", None),
            comment=column.get("comment"),
        )

    def _constraints(
        self, name: str, schema: str | None, key: tuple[str, ...]
    ) -> tuple[SourceConstraint, ...]:
        found = [SourceConstraint("key", None, key)] if key else []
        found += [
            SourceConstraint("unique", one["name"], tuple(one["column_names"]))
            for one in self._fact("unique_constraints", name, schema) or ()
        ]
        found += [
            SourceConstraint(
                "unique index" if one["unique"] else "index",
                one["name"],
                tuple(column for column in one["column_names"] if column is not None),
                ", ".join(one["expressions"]) if "expressions" in one else None,
            )
            for one in self._fact("indexes", name, schema) or ()
            if "duplicates_constraint" not in one
        ]
        found += [
            SourceConstraint("check", one["name"], (), one["sqltext"])
            for one in self._fact("check_constraints", name, schema) or ()
        ]
        return tuple(found)

    def _fact(self, name: str, table: str, schema: str | None) -> Any:
        """Return what the source tells of a table; None where it does not."""
        try:
            with self._engine.connect() as connection:
                try:
                    return getattr(sa.inspect(connection), f"get_{name}")(table, schema=schema)
                except _UNTOLD:
                    return None
                except sa.exc.DBAPIError as error:
                    if error.connection_invalidated:
                        raise
                    return None  # what this account may not see
        except sa.exc.DBAPIError as error:
            where = self._engine.url.render_as_string(hide_password=True)
            msg = (
                f"`source_url`: {where} was lost while it was asked for the table '{table}' "
                f"({type(error.orig).__name__}); nothing of its stream was written: run again"
            )
            raise ConfigError(msg) from error

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _counter(identity: Any) -> Counter:
    return Counter(
        next_value=identity.get("start", 1),
        kind="identity",
        start=identity.get("start"),
        step=identity.get("increment", 1),
        least=identity.get("minvalue"),
        greatest=identity.get("maxvalue"),
        cycles=bool(identity.get("cycle")),
        always=bool(identity.get("always")),
    )


def _foreign_key(found: Any) -> ForeignKey:
    options = found.get("options") or {}
    schema = found.get("referred_schema")
    table = found["referred_table"]
    return ForeignKey(
        found["name"],
        tuple(found["constrained_columns"]),
        f"{schema}.{table}" if schema else table,
        tuple(found["referred_columns"]),
        options.get("onupdate", "NO ACTION"),
        options.get("ondelete", "NO ACTION"),
    )
