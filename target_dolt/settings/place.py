"""The settings that say which database a run loads into; rows of `target_dolt.settings.table`."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

DEFAULT_PATH = "dolt.db"
URL_FORMS = "doltlite:///file.db or dolt://user:password@host:port/database"

WHERE_SETTINGS: tuple[th.Property[Any], ...] = (
    th.Property(
        "sqlalchemy_url",
        th.StringType,
        secret=True,
        title="SQLAlchemy URL",
        description=f"The database as a URL: {URL_FORMS}.",
    ),
    th.Property(
        "path",
        th.StringType,
        title="Path",
        description="The database as a path: a DoltLite file, or a directory with a Dolt "
        f"database. Default: {DEFAULT_PATH}, in the current directory.",
    ),
    th.Property(
        "create_database",
        th.BooleanType,
        default=False,
        title="Create Database",
        description="Whether to make a Dolt database that is missing: a directory at `path`, or "
        "a database on a server. A DoltLite file is always made.",
    ),
    th.Property("host", th.StringType, title="Host", description="A Dolt server's host."),
    th.Property(
        "port", th.IntegerType, title="Port", description="A Dolt server's port. Default: 3306."
    ),
    th.Property("user", th.StringType, title="User", description="A Dolt server's user."),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        title="Password",
        description="The user's password.",
    ),
    th.Property(
        "database",
        th.StringType,
        title="Database",
        description="The database on the Dolt server.",
    ),
    th.Property(
        "ssl_enable",
        th.BooleanType,
        title="Enable TLS",
        description="Whether to talk to the server by TLS only. Default: yes, unless the server "
        "is on this machine.",
    ),
    th.Property(
        "ssl_ca",
        th.StringType,
        title="TLS CA",
        description="A file with the certificate authorities to trust.",
    ),
    th.Property(
        "ssl_certificate",
        th.StringType,
        title="TLS Certificate",
        description="A file with our certificate.",
    ),
    th.Property(
        "ssl_key",
        th.StringType,
        title="TLS Key",
        description="A file with our certificate's key.",
    ),
    th.Property(
        "ssl_verify",
        th.BooleanType,
        title="Verify TLS",
        description="Whether the server's certificate and name must be right. Default: yes, "
        "unless the server is on this machine.",
    ),
    th.Property(
        "bulk_load",
        th.StringType,
        default="auto",
        title="Bulk Load",
        description="How rows go to a Dolt server: `load_data` (LOAD DATA LOCAL), `insert`, or "
        "`auto`: the first where the server's `local_infile` allows it.",
        allowed_values=["auto", "load_data", "insert"],
    ),
    th.Property(
        "lanes",
        th.IntegerType,
        title="Lanes",
        description="How many connections write side by side to a Dolt server, each its own keys "
        "of a table, or its own tables where they have few rows. Default: one a core, at most 4, "
        "where the server is on this machine, else 2; tables without a key take one.",
    ),
)
