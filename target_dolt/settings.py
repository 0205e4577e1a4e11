"""The settings: what users may say, and what it means."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from singer_sdk import typing as th

from target_dolt.backend import Where
from target_dolt.errors import ConfigError

DEFAULT_PATH = "dolt.db"
DEFAULT_AUTHOR = "target-dolt <target-dolt@localhost>"

LOAD_METHODS = ("append-only", "upsert", "overwrite")

MESSAGE_FIELDS = (
    "pipeline",
    "run",
    "branch",
    "tables",
    "streams",
    "records",
    "added",
    "changed",
    "deleted",
)
"""What a `commit_message` may name in braces."""

SETTINGS: dict[str, Any] = th.PropertiesList(
    th.Property(
        "sqlalchemy_url",
        th.StringType,
        secret=True,
        title="SQLAlchemy URL",
        description="The database as a URL: doltlite:///file.db. Not together with `path`.",
    ),
    th.Property(
        "path",
        th.StringType,
        title="Path",
        description=f"The database as a path: a DoltLite file. Default: {DEFAULT_PATH}, in the "
        "current directory.",
    ),
    th.Property(
        "branch",
        th.StringType,
        title="Branch",
        description="The branch to commit to; made from the database's default branch where it "
        "is missing. Default: the database's default branch.",
    ),
    th.Property(
        "load_method",
        th.StringType,
        title="Load Method",
        description="`upsert` writes rows by their key; `append-only` adds them to a table "
        "without a key; `overwrite` makes the table exactly what this run sent. Default: "
        "`upsert` where a stream has keys, else `append-only`.",
        allowed_values=list(LOAD_METHODS),
    ),
    th.Property(
        "hard_delete",
        th.BooleanType,
        default=True,
        title="Hard Delete",
        description="Whether a record with `_sdc_deleted_at` removes its row (history keeps "
        "it). If false, the row stays and that column marks it.",
    ),
    th.Property(
        "add_record_metadata",
        th.BooleanType,
        default=False,
        title="Add Record Metadata",
        description="Whether to add the SDK's `_sdc_*` columns. They change every row at every "
        "run, and every diff with them.",
    ),
    th.Property(
        "default_target_schema",
        th.StringType,
        title="Default Target Schema",
        description="Taken for compatibility and without effect: a Dolt database has no "
        "schemas. Use `table_prefix` or `table_map`.",
    ),
    th.Property(
        "table_map",
        th.ObjectType(additional_properties=th.StringType),
        title="Table Map",
        description="Tables by stream: {'public-users': 'users'}. A stream that is not listed "
        "goes to the part of its name after the last dash.",
    ),
    th.Property(
        "table_prefix",
        th.StringType,
        default="",
        title="Table Prefix",
        description="Put before the name of every table that `table_map` does not name.",
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=True,
        title="Validate Records",
        description="Whether to check each record against its SCHEMA. Values are checked "
        "against their columns in any case.",
    ),
    th.Property(
        "commit_interval_seconds",
        th.NumberType,
        title="Commit Interval",
        description="The least number of seconds between two commits; 0 commits at every STATE "
        "that follows new records. Default: a run's first 50 such STATEs one by one, then at "
        "most one commit a second.",
    ),
    th.Property(
        "commit_min_rows",
        th.IntegerType,
        default=0,
        title="Commit Minimum Rows",
        description="The least number of new records in a commit, but for a run's last one.",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType,
        default=10_000,
        title="Batch Size Rows",
        description="How many rows of a stream are buffered before they are written. They are "
        "seen by readers of the branch with the next commit only.",
    ),
    th.Property(
        "commit_message",
        th.StringType,
        title="Commit Message",
        description="A template of each commit's message, with these fields in braces: "
        + ", ".join(MESSAGE_FIELDS)
        + ". Default: the rows by table.",
    ),
    th.Property(
        "commit_author",
        th.StringType,
        default=DEFAULT_AUTHOR,
        title="Commit Author",
        description="The author of the commits: Name <address>.",
    ),
    th.Property(
        "pipeline_id",
        th.StringType,
        title="Pipeline ID",
        description="Whose state this is. Runs of one pipeline into one branch take turns; "
        "runs of different pipelines may load at once. Default: the state ID where Meltano "
        "gives one, else `default`.",
    ),
    th.Property(
        "max_message_bytes",
        th.IntegerType,
        default=64 * 1024 * 1024,
        title="Maximum Message Bytes",
        description="The longest line of input; a longer one ends the run before it is read whole.",
    ),
    th.Property(
        "flattening_max_key_length",
        th.IntegerType,
        default=64,
        title="Max Key Length",
        description="The maximum length of a flattened key.",
    ),
).to_dict()

_MELTANO_STATE_ID = "MELTANO_STATE_ID"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, checked. Each field is the setting of its name."""

    where: Where
    branch: str | None = None
    load_method: str | None = None
    hard_delete: bool = True
    add_record_metadata: bool = False
    table_map: Mapping[str, str] | None = None
    table_prefix: str = ""
    validate_records: bool = True
    commit_interval_seconds: float | None = None
    commit_min_rows: int = 0
    batch_size_rows: int = 10_000
    commit_message: str | None = None
    commit_author: str = DEFAULT_AUTHOR
    pipeline_id: str = "default"
    max_message_bytes: int = 64 * 1024 * 1024

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration that has passed its JSON Schema.

        Raises:
            ConfigError: Two settings contradict each other, or one makes no sense.
        """
        given = {
            field.name: config[field.name]
            for field in fields(cls)
            if config.get(field.name) is not None
        }
        given.setdefault("pipeline_id", os.environ.get(_MELTANO_STATE_ID) or "default")
        settings = cls(where=where(config), **given)
        settings.check()
        return settings

    def check(self) -> None:
        """Raise ConfigError for a setting whose value makes no sense."""
        for name in ("batch_size_rows", "max_message_bytes"):
            if getattr(self, name) < 1:
                msg = f"`{name}` must be 1 or more"
                raise ConfigError(msg)
        for name in ("commit_interval_seconds", "commit_min_rows"):
            if (getattr(self, name) or 0) < 0:
                msg = f"`{name}` may not be negative"
                raise ConfigError(msg)
        if len(self.pipeline_id) > 255:  # noqa: PLR2004 - the column's length
            msg = "`pipeline_id` may have 255 characters"
            raise ConfigError(msg)
        name, bracket, address = self.commit_author.partition(" <")
        if not (name.strip() and bracket and address.endswith(">")):
            msg = "`commit_author` must have the form: Name <address>"
            raise ConfigError(msg)
        if self.commit_message is not None:
            _check_template(self.commit_message)


def _check_template(template: str) -> None:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        msg = f"`commit_message` is not a template: {error}"
        raise ConfigError(msg) from error
    unknown = sorted(names - set(MESSAGE_FIELDS))
    if unknown:
        msg = (
            f"`commit_message` names {', '.join(unknown)}; the fields are "
            f"{', '.join(MESSAGE_FIELDS)}"
        )
        raise ConfigError(msg)


def where_of(database: str) -> Where:
    """Return which database a command's argument means: a URL or a path."""
    return where({"sqlalchemy_url" if "://" in database else "path": database})


def where(config: Mapping[str, Any]) -> Where:
    """Return which database a configuration means.

    Raises:
        ConfigError: `sqlalchemy_url` and `path` are both given, or the URL is none.
    """
    url, path = config.get("sqlalchemy_url"), config.get("path")
    if url and path:
        msg = "`sqlalchemy_url` and `path` are two ways to say where: give one of them"
        raise ConfigError(msg)
    if not url:
        return Where(path=Path(path or DEFAULT_PATH).expanduser())
    try:
        return Where(url=sa.make_url(url))
    except (sa.exc.ArgumentError, ValueError):
        msg = "`sqlalchemy_url` is not a URL of the form doltlite:///file.db"
        raise ConfigError(msg) from None
