"""How the commands of this project read their settings: as the SDK does, but told in words."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import PluginBase

from target_dolt.errors import ConfigError
from target_dolt.settings.checked import config_errors, unknown_settings
from target_dolt.settings.environment import from_environment, unread_variables

_UNINTERESTING = frozenset(
    {"Skipping parse of env var settings...", "Parsing env var for settings config..."}
)
"""What the SDK tells at each start."""


def _is_news(record: logging.LogRecord) -> bool:
    return record.msg not in _UNINTERESTING


class CheckedConfig(PluginBase):
    """A tap or target whose settings are checked without a value being shown."""

    def __init__(self, *, parse_env_config: bool = False, **options: Any) -> None:
        """Take the settings, of environment variables too where they are asked for."""
        if _is_news not in self.logger.filters:
            self.logger.addFilter(_is_news)
        self._reads_environment = parse_env_config
        super().__init__(parse_env_config=parse_env_config, **options)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings as the SDK does, but show no value: it may be a password."""
        self.append_builtin_config(self.config_jsonschema)
        if not self._reads_environment:
            self._tell_unread()  # before defaults are filled in
        errors = config_errors(self._config, self.config_jsonschema)
        if errors and raise_errors:
            raise ConfigError("; ".join(errors))
        for name in unknown_settings(self._config, self.config_jsonschema):
            self.logger.warning("There is no setting `%s`; it has no effect", name)
        return errors

    def _tell_unread(self) -> None:
        unread = unread_variables(self._config, self.config_jsonschema, self._env_var_prefix)
        if unread:
            names = ", ".join(unread)
            self.logger.warning("%s: set, but not read without `--config ENV`", names)


class FromEnvironment(PluginBase):
    """A command that takes settings from files, and from environment variables."""

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - the SDK's kind of property
        """Return what environment variables set; one that is wrong ends the command."""
        read = super()
        return from_environment(
            lambda: read._env_var_config,  # type: ignore[attr-defined]  # noqa: SLF001 - the SDK's
            cls.config_jsonschema,
            cls._env_var_prefix,
        )

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the configuration files; one that is no JSON object ends the command."""
        try:
            return super().cb_config(ctx, param, value)
        except FileNotFoundError:
            # The SDK's error has no name of a file.
            missing = next(one for one in value if one != "ENV" and not Path(one).is_file())
            reason = f"there is no '{missing}'"
        except OSError as error:
            reason = f"'{error.filename}' cannot be read: {error.strerror}"
        except (ValueError, TypeError):
            names = ", ".join(f"'{one}'" for one in value if one != "ENV")
            reason = f"each of {names} must hold one JSON object"
        cls.logger.error("--config: %s", reason)
        return ctx.exit(1)
