"""Templates in settings: a text with fields in braces, checked before a run begins."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping

from target_dolt.errors import ConfigError

_NO_NAME = re.compile(r"[^\w./-]+|\.\.+|//+|^[./-]+|[./-]+$", re.ASCII)
"""What no tag and no branch may have in it, or begin or end with."""


def fields_of(template: str) -> set[str]:
    """Return the fields that a template names; ValueError where it is none."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def check_template(
    setting: str, template: str, fields: Iterable[str], *, counts: Iterable[str] = ()
) -> str:
    """Return what a template makes of samples.

    Args:
        setting: The setting's name, for messages.
        template: Its value.
        fields: What it may name in braces.
        counts: Those of them that are numbers.

    Raises:
        ConfigError: It is no template, or names something else.
    """
    known = tuple(fields)
    try:
        unknown = sorted(fields_of(template) - set(known))
    except ValueError as error:
        msg = f"`{setting}` is not a template: {error}"
        raise ConfigError(msg) from error
    if unknown:
        msg = f"`{setting}` names {', '.join(unknown)}; the fields are {', '.join(known)}"
        raise ConfigError(msg)
    try:
        return template.format_map(dict.fromkeys(known, "x") | dict.fromkeys(counts, 0))
    except (ValueError, AttributeError, LookupError) as error:
        msg = f"`{setting}` has a format that its field does not take: {error}"
        raise ConfigError(msg) from error


def check_name(setting: str, template: str, fields: Iterable[str]) -> None:
    """Raise ConfigError for a template that makes no name of a tag or a branch."""
    if not _NO_NAME.sub("", check_template(setting, template, fields)):
        msg = f"`{setting}` makes no name"
        raise ConfigError(msg)


def made_name(template: str, values: Mapping[str, str]) -> str:
    """Return the name that a template makes: what no name may have in it becomes a dash."""
    return re.sub(r"^-+|-+$", "", _NO_NAME.sub("-", template.format_map(values)))
