"""The settings of what happens to a bad record; rows of `target_dolt.settings.table`."""

from __future__ import annotations

from singer_sdk import typing as th

DEFAULT_MAX_BAD_RECORDS = 1_000
"""A tap that is wrong in every record is to be mended, not to be noted."""

QUARANTINE_SETTINGS: tuple[th.Property[str] | th.Property[int], ...] = (
    th.Property(
        "on_bad_record",
        th.StringType,
        default="stop",
        title="On Bad Record",
        description="What a record does that cannot be stored as it came. `stop` ends the run. "
        "`quarantine` leaves it out, and notes its stream, key, position and the reason in "
        "`_target_dolt_rejects`, in the commit of the records around it; the exit code is then 5.",
        allowed_values=["stop", "quarantine"],
    ),
    th.Property(
        "max_bad_records",
        th.IntegerType,
        default=DEFAULT_MAX_BAD_RECORDS,
        title="Maximum Bad Records",
        description="How many bad records `quarantine` takes in one run; one more ends it, as "
        "`stop` does.",
    ),
)
