"""The settings of what follows a run's last commit; rows of `settings_table`."""

from __future__ import annotations

import re
import string

from singer_sdk import typing as th

from target_dolt.errors import ConfigError

TAG_FIELDS = ("pipeline", "run", "branch", "date")
"""What a `tag` may name in braces."""

NO_TAG = re.compile(r"[^\w./-]+|\.\.+|^[./-]+|[./-]+$", re.ASCII)
"""What no tag may have in it, or begin or end with."""


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


def check_tag(template: str) -> None:
    """Raise ConfigError for a template that makes no tag."""
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        unknown = sorted(names - set(TAG_FIELDS))
        made = "" if unknown else template.format_map(dict.fromkeys(TAG_FIELDS, "x"))
    except (ValueError, AttributeError, LookupError) as error:
        msg = f"`tag` is not a template: {error}"
        raise ConfigError(msg) from error
    if unknown:
        msg = f"`tag` names {', '.join(unknown)}; the fields are {', '.join(TAG_FIELDS)}"
        raise ConfigError(msg)
    if not NO_TAG.sub("", made):
        msg = "`tag` makes no name"
        raise ConfigError(msg)
