"""SQLAlchemy's dialect of DoltLite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from target_dolt_plugins import doltlite_engine


class _Preparer(SQLiteIdentifierPreparer):
    """SQLAlchemy's list of reserved words lacks two: https://sqlite.org/lang_keywords.html."""

    reserved_words = SQLiteIdentifierPreparer.reserved_words | {"nothing", "returning"}


class DoltLiteDialect(SQLiteDialect_pysqlite):
    """SQLAlchemy's dialect for `doltlite:///file.db` and `doltlite:///file.db@branch`."""

    name = "sqlite"
    driver = "doltlite"
    preparer = _Preparer
    supports_statement_cache = True
    max_identifier_length = 64

    def __init__(self, begin: str = "DEFERRED", **options: Any) -> None:
        """Take `begin="IMMEDIATE"` for connections that write, beside SQLAlchemy's options."""
        super().__init__(**options)
        self._begin = f"BEGIN {begin}"
        self.attached: str | None = None
        """A database that is attached until the transaction ends: it is locked until then, and
        there can be ten at most (https://sqlite.org/limits.html)."""

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return Python's sqlite3 on DoltLite's library."""
        return doltlite_engine.load()

    def on_connect(self) -> Callable[[Any], None]:
        """Leave transactions to SQLAlchemy: DDL rolls back with the rest."""
        prepare = super().on_connect()

        def connected(connection: Any) -> None:
            connection.isolation_level = None
            if prepare is not None:
                prepare(connection)

        return connected

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin for real; sqlite3 alone would wait for the first INSERT."""
        dbapi_connection.execute(self._begin)

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Roll back first: closed while a statement is at work (Ctrl-C), it would keep its lock."""
        try:
            self.do_rollback(dbapi_connection)
        finally:
            super().do_terminate(dbapi_connection)  # type: ignore[no-untyped-call]

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit, and let go of the database that was attached."""
        super().do_commit(dbapi_connection)  # type: ignore[no-untyped-call]
        self._detach(dbapi_connection)

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back, and let go of the database that was attached."""
        super().do_rollback(dbapi_connection)  # type: ignore[no-untyped-call]
        self._detach(dbapi_connection)

    def _detach(self, dbapi_connection: Any) -> None:
        attached, self.attached = self.attached, None
        if attached is not None:
            dbapi_connection.execute(f"DETACH {attached}")
