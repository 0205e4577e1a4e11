"""The table of settings, as `--about` shows it: one row says it all."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from target_dolt.runs import BRANCH_FIELDS
from target_dolt.settings.guards import GUARD_SETTINGS
from target_dolt.settings.place import WHERE_SETTINGS
from target_dolt.settings.quarantine import QUARANTINE_SETTINGS
from target_dolt.settings.remotes import REMOTE_SETTINGS

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
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
    *WHERE_SETTINGS,
    th.Property(
        "branch",
        th.StringType,
        title="Branch",
        description="The branch to commit to; made from the database's default branch where it "
        f"is missing. A template with these fields in braces: {', '.join(BRANCH_FIELDS)}. "
        "Default: the database's default branch.",
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
        "trust_end_of_input",
        th.BooleanType,
        default=False,
        title="Trust End Of Input",
        description="Whether a table may be replaced where no STATE says that the tap was done.",
    ),
    th.Property(
        "schema_changes",
        th.StringType,
        default="evolve",
        title="Schema Changes",
        description="`evolve` adds columns and widens types as SCHEMAs ask for it; `freeze` "
        "stops the run before a table that exists would change.",
        allowed_values=["evolve", "freeze"],
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
        "source_catalog",
        th.StringType,
        title="Source Catalog",
        description="The tap's catalog file, from which native types are read where SCHEMAs do "
        "not name them (`sql-datatype`, `x-sql-datatype`).",
    ),
    th.Property(
        "source_url",
        th.StringType,
        secret=True,
        title="Source URL",
        description="The source as SQLAlchemy's URL, asked for the native types that neither "
        "SCHEMA nor catalog names. Its driver must be installed beside target-dolt.",
    ),
    th.Property(
        "source_dialect",
        th.StringType,
        title="Source Dialect",
        description="Whose native types the `x-sql-datatype` of properties names: `postgres`, "
        "`mysql`, `sqlite`, `mssql`, `oracle`, or what a plugin brings. Default: the one "
        "dialect that knows all of a stream's, else JSON Schema alone.",
    ),
    th.Property(
        "source_constraints",
        th.StringType,
        default="indexes",
        title="Source Constraints",
        description="What tables get of what `source_url` says of them: `indexes`, plain ones, and "
        "comments, which no row can run into; `all`: NOT NULL, unique indexes, foreign keys, "
        "checks and defaults too, as far as the rows at the end of a run satisfy them. A run is "
        "one commit then.",
        allowed_values=["indexes", "all"],
    ),
    th.Property(
        "strict_types",
        th.BooleanType,
        default=True,
        title="Strict Types",
        description="Whether a value or a native type that cannot be kept exactly ends the run. "
        "If false, its column becomes text, the value is kept as the tap wrote it, and the run "
        "says how many there were.",
    ),
    *QUARANTINE_SETTINGS,
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
        title="Batch Size Rows",
        description="How many rows of a stream are buffered before they are written; without it "
        "10,000, in a DoltLite file of some GB 10,000 for each GB, and 100,000 at the most. They "
        "are seen by readers of the branch with the next commit only.",
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
    *REMOTE_SETTINGS,
    *GUARD_SETTINGS,
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
        default=MAX_MESSAGE_BYTES,
        title="Maximum Message Bytes",
        description="The longest line of input; a longer one ends the run before it is read whole.",
    ),
    th.Property(
        "on_unknown_message",
        th.StringType,
        default="stop",
        title="On Unknown Message",
        description="What to do with a message whose type Singer does not have. `stop` ends the "
        "run. `warn` passes over it, and tells each such type once and how many there were.",
        allowed_values=["stop", "warn"],
    ),
    th.Property(
        "batch_root",
        th.StringType,
        title="Batch Root",
        description="Where files of BATCH messages may lie: a directory, or a URL such as "
        "s3://bucket/folder. Nothing outside of it is read. Default: no BATCH is taken.",
    ),
    th.Property(
        "max_batch_bytes",
        th.IntegerType,
        default=16 * 1024**3,
        title="Maximum Batch Bytes",
        description="The most that one file of a BATCH may hold, decompressed.",
    ),
    th.Property(
        "flattening_max_key_length",
        th.IntegerType,
        default=64,
        title="Max Key Length",
        description="The maximum length of a flattened key.",
    ),
).to_dict()
