"""The settings of a run, typed and checked; `target_dolt.settings.table` says them to users."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from singer_sdk.plugin_base import JSONSchemaValidator

from target_dolt.backend import Where
from target_dolt.errors import ConfigError
from target_dolt.runs import BRANCH_FIELDS, RUN_PREFIX
from target_dolt.settings.guards import Guards
from target_dolt.settings.place import DEFAULT_PATH, URL_FORMS
from target_dolt.settings.quarantine import DEFAULT_MAX_BAD_RECORDS
from target_dolt.settings.remotes import TAG_FIELDS
from target_dolt.settings.table import (
    DEFAULT_AUTHOR,
    MAX_MESSAGE_BYTES,
    MESSAGE_FIELDS,
)
from target_dolt.settings.templates import check_name, check_template


def meltano_pipeline() -> str | None:
    """Return the id that Meltano keeps this pipeline's state under, as far as it tells.

    It names the environment, the extractor and the loader to the loader's process, and makes
    its own state id of them (measured on Meltano 4.4); MELTANO_STATE_ID is a user's own.
    """
    given = os.environ.get("MELTANO_STATE_ID")
    extractor, loader = (os.environ.get(f"MELTANO_{one}_NAME") for one in ("EXTRACTOR", "LOADER"))
    if given or not (extractor and loader):
        return given
    environment = os.environ.get("MELTANO_ENVIRONMENT")
    pair = f"{extractor}-to-{loader}"
    return f"{environment}:{pair}" if environment else pair


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run, checked. Each field is the setting of its name.

    But for `where` and `guards`, which several settings make.
    """

    where: Where
    branch: str | None = None
    load_method: str | None = None
    hard_delete: bool = True
    trust_end_of_input: bool = False
    schema_changes: str = "evolve"
    add_record_metadata: bool = False
    table_map: Mapping[str, str] | None = None
    table_prefix: str = ""
    validate_records: bool = True
    source_catalog: str | None = None
    source_url: str | None = None
    source_dialect: str | None = None
    source_constraints: str = "indexes"
    strict_types: bool = True
    on_bad_record: str = "stop"
    max_bad_records: int = DEFAULT_MAX_BAD_RECORDS
    commit_interval_seconds: float | None = None
    commit_min_rows: int = 0
    batch_size_rows: int | None = None
    commit_message: str | None = None
    commit_author: str = DEFAULT_AUTHOR
    push_remote: str | None = None
    tag: str | None = None
    guards: Guards = field(default_factory=Guards)
    pipeline_id: str = "default"
    max_message_bytes: int = MAX_MESSAGE_BYTES
    on_unknown_message: str = "stop"
    batch_root: str | None = None
    max_batch_bytes: int = 16 * 1024**3

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration that has passed its JSON Schema.

        Raises:
            ConfigError: Two settings contradict each other, or one makes no sense.
        """
        given = {
            one.name: config[one.name]
            for one in fields(cls)
            if one.name not in _READ_APART and config.get(one.name) is not None
        }
        if "commit_interval_seconds" in given:  # a file's fraction comes as a Decimal
            given["commit_interval_seconds"] = float(given["commit_interval_seconds"])
        given.setdefault("pipeline_id", meltano_pipeline() or "default")
        settings = cls(where=where(config), guards=Guards.from_config(config), **given)
        settings.check()
        return settings

    def check(self) -> None:
        """Raise ConfigError for a setting whose value makes no sense."""
        for name in ("batch_size_rows", "max_message_bytes", "max_batch_bytes"):
            if (number := getattr(self, name)) is not None and number < 1:
                msg = f"`{name}` must be 1 or more"
                raise ConfigError(msg)
        for name in ("commit_interval_seconds", "commit_min_rows", "max_bad_records"):
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
        if self.source_constraints == "all" and self.source_url is None:
            msg = "`source_constraints` is all: set `source_url`, which is asked for them"
            raise ConfigError(msg)
        self.guards.check()
        self._check_templates()

    @property
    def is_one_commit(self) -> bool:
        """Whether a run is judged as a whole, so that it commits at its end alone."""
        return bool(self.guards) or self.source_constraints == "all"

    def _check_templates(self) -> None:
        if self.commit_message is not None:
            check_template("commit_message", self.commit_message, MESSAGE_FIELDS, counts=_COUNTS)
        if self.tag is not None:
            check_name("tag", self.tag, TAG_FIELDS)
        if self.branch is not None:
            check_name("branch", self.branch, BRANCH_FIELDS)
            if self.branch.startswith("-"):
                msg = "`branch` begins with '-', as options of Dolt's procedures do"
                raise ConfigError(msg)
            if self.branch.startswith(RUN_PREFIX):
                msg = f"`branch` begins with '{RUN_PREFIX}', as the branches do that runs remove"
                raise ConfigError(msg)


_READ_APART = ("where", "guards")
"""Fields that several settings make."""

_EXPECTED = {"type": "must be of the type ", "enum": "must be one of "}
"""What a setting's JSON Schema asks for, in words."""


def config_errors(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a configuration, and put the defaults into it.

    No value is shown: it may be a password in the wrong place.
    """
    return [
        f"`{'.'.join(str(step) for step in error.path)}` {_EXPECTED.get(error.validator, '')}"
        f"{error.validator_value}"
        for error in JSONSchemaValidator(schema).iter_errors(config)
    ]


def unknown_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the names in a configuration that no setting has: misspelt, or another program's."""
    return sorted(set(config) - set(schema["properties"]))


_COUNTS = ("records", "added", "changed", "deleted")


def load_method(setting: str | None, stream: str, keys: Sequence[str]) -> str:
    """Return a stream's load method: the setting, or what its keys suggest.

    Raises:
        ConfigError: It needs keys, and there are none.
    """
    if setting is None:
        return "upsert" if keys else "append-only"
    if setting == "upsert" and not keys:
        msg = (
            f"stream '{stream}' has no key, and `load_method` is upsert; use append-only or "
            "overwrite, leave `load_method` unset, or give the stream keys with `stream_maps`"
        )
        raise ConfigError(msg)
    return setting


def where_of(database: str) -> Where:
    """Return which database a command's argument means: a URL or a path.

    A password that a URL of a server does not hold comes from the environment.
    """
    found = where({"sqlalchemy_url" if "://" in database else "path": database})
    url = found.url
    if url is not None and url.host and url.password is None and PASSWORD in os.environ:
        found = replace(found, url=url.set(password=os.environ[PASSWORD]))
    return replace(found, exists=True)


PASSWORD = "TARGET_DOLT_PASSWORD"  # noqa: S105 - the name of a variable
"""The environment variable that `password` has too."""


_SERVER = ("host", "port", "user", "password", "database")
"""Settings that together say which database on which server."""


def where(config: Mapping[str, Any]) -> Where:
    """Return which database a configuration means.

    Raises:
        ConfigError: Two ways of saying where are given, or the URL is none.
    """
    url, path = config.get("sqlalchemy_url"), config.get("path")
    server = [name for name in _SERVER if config.get(name) is not None]
    ways = [*(["sqlalchemy_url"] if url else []), *(["path"] if path else []), *server]
    if len(ways) > 1 and (url or path):
        msg = f"{', '.join(f'`{name}`' for name in ways)} say where twice: give one way alone"
        raise ConfigError(msg)
    _check_tls(config)
    how: dict[str, Any] = {
        "create": bool(config.get("create_database")),
        "tls": {
            name: config[f"ssl_{name}"]
            for name in ("enable", "ca", "certificate", "key", "verify")
            if config.get(f"ssl_{name}") is not None
        },
        "bulk_load": config.get("bulk_load") or "auto",
        "lanes": config.get("lanes"),
    }
    if how["lanes"] is not None and how["lanes"] < 1:
        msg = "`lanes` must be 1 or more"
        raise ConfigError(msg)
    if server:
        return Where(url=_server_url(config), **how)
    if url:
        return Where(url=_parsed(url), **how)
    path = path or DEFAULT_PATH
    if "\0" in path:
        msg = "`path` holds a NUL character"
        raise ConfigError(msg)
    return Where(path=Path(path).expanduser(), **how)


def _check_tls(config: Mapping[str, Any]) -> None:
    """Refuse to be told how to talk TLS and not to."""
    more = [
        f"`{name}`"
        for name in ("ssl_ca", "ssl_certificate", "ssl_key", "ssl_verify")
        if config.get(name)
    ]
    if config.get("ssl_enable") is False and more:
        msg = f"`ssl_enable` is false, and {', '.join(more)} ask for TLS: give one of them"
        raise ConfigError(msg)
    if config.get("ssl_key") and not config.get("ssl_certificate"):
        msg = "`ssl_key` needs its `ssl_certificate`"
        raise ConfigError(msg)


def _server_url(config: Mapping[str, Any]) -> sa.URL:
    if not config.get("database"):
        given = ", ".join(f"`{name}`" for name in _SERVER if config.get(name) is not None)
        msg = f"{given} need a `database` beside them"
        raise ConfigError(msg)
    return sa.URL.create(
        "dolt",
        username=config.get("user"),
        password=config.get("password"),
        host=config.get("host") or "127.0.0.1",
        port=config.get("port"),
        database=config["database"],
    )


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        msg = f"`sqlalchemy_url` is not a URL of the form {URL_FORMS}"
        raise ConfigError(msg) from None
