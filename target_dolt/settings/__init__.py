"""The settings of a run: what users write, and what of it the loader reads."""

from target_dolt.settings.checked import (
    PASSWORD,
    Settings,
    config_errors,
    load_method,
    where,
    where_of,
)

__all__ = [
    "PASSWORD",
    "Settings",
    "config_errors",
    "load_method",
    "where",
    "where_of",
]
