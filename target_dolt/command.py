"""The `target-dolt` command: the SDK's, with exit codes for scripts and no traceback."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from typing import IO, Any

import click

from target_dolt import interpreter
from target_dolt.about import with_plugins
from target_dolt.errors import ConfigError, TargetDoltError
from target_dolt.input.reader import TerminatedError
from target_dolt.loading import state
from target_dolt.loading.target_branch import resumed_branch
from target_dolt.opening import open_database
from target_dolt.plugins import load_plugins
from target_dolt.retry import told
from target_dolt.settings import Settings, config_errors
from target_dolt.settings.configuration import FromEnvironment
from target_dolt.signals import watch_signals
from target_dolt.tables.schema import Tables
from target_dolt.target import TargetDolt
from target_dolt_plugins import doltlite_engine


class Command(FromEnvironment, TargetDolt):
    """Singer target that turns any tap's output into Dolt commits."""

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        file_input: IO[str] | None = None,
        print_state: bool = False,
    ) -> None:
        """Run the command; every error that we know ends it with one message."""
        watch_signals()
        try:
            if print_state:
                cls._print_state(config)
            else:
                super().invoke(
                    about=about, about_format=about_format, config=config, file_input=file_input
                )
        except TargetDoltError as error:
            cls.logger.error(str(error))  # noqa: TRY400 - a message, not a traceback
            sys.exit(error.exit_code)
        except TerminatedError as error:
            cls.logger.warning("Stopped by signal %d; the last STATE is kept", error.signum)
            sys.exit(128 + error.signum)

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print the SDK's page with the plugins; a broken plugin ends the command here too."""
        plugins = load_plugins().list()
        page = io.StringIO()
        with redirect_stdout(page):
            super().print_about(output_format)
        click.echo(with_plugins(page.getvalue(), output_format, plugins), nl=False)

    @classmethod
    def _print_state(cls, config: Any) -> None:
        given = config.config | (cls._env_var_config if config.parse_env else {})
        errors = config_errors(given, cls.config_jsonschema)
        if errors:
            raise ConfigError("; ".join(errors))
        settings = Settings.from_config(given)
        database = open_database(replace(settings.where, exists=True), load_plugins())
        try:
            with told("the branches", "nothing was read"):
                branch = resumed_branch(database, settings.branch, settings.pipeline_id)
            with (
                told(f"the branch '{branch or 'default'}'", "nothing was read"),
                database.connect(branch) as connection,
            ):
                tables = Tables(database, connection)
                line = state.read(connection, tables, settings.pipeline_id).line
                hint = state.without_state(connection, tables, settings.pipeline_id)
        finally:
            database.close()
        if hint is not None:
            cls.logger.warning(hint)
        click.echo(line or "{}")

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add --print-state to the SDK's options."""
        command = super().get_singer_command()
        command.params.append(
            click.Option(
                ["--print-state"],
                is_flag=True,
                help="Write the state at the branch's head to stdout, ready to hand to a tap.",
            )
        )
        return command


def main() -> None:
    """Run `target-dolt`."""
    interpreter.for_many_rows()
    doltlite_engine.allow_restart()
    Command.cli()
