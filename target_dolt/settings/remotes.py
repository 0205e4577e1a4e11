"""The settings of what follows a run's last commit; rows of `target_dolt.settings.table`."""

from __future__ import annotations

from singer_sdk import typing as th

TAG_FIELDS = ("pipeline", "run", "branch", "date")
"""What a `tag` may name in braces."""

REMOTE_SETTINGS: tuple[th.Property[str], ...] = (
    th.Property(
        "push_remote",
        th.StringType,
        title="Push Remote",
        description="Where to push the branch after a run's last commit: a remote's name, or its "
        "URL or path, which becomes a remote. Its user and password come from DOLT_REMOTE_USER "
        "and DOLT_REMOTE_PASSWORD. Where it is refused, the commits stand, and the exit code is 3.",
    ),
    th.Property(
        "tag",
        th.StringType,
        title="Tag",
        description="A template of the tag that a run's last commit gets, with these fields in "
        f"braces: {', '.join(TAG_FIELDS)}. What no tag may have in it becomes a dash.",
    ),
)
