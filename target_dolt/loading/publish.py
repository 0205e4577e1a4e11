"""What follows a run's last commit, where it is asked for: a tag, and a push to a remote."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import sqlalchemy as sa

from target_dolt.errors import PushError, RemoteError, driver_words
from target_dolt.loading.load import Load
from target_dolt.remotes import find_remote, push, remote_url
from target_dolt.runs import today
from target_dolt.settings.templates import made_name

_log = logging.getLogger("target-dolt")


def publish(load: Load) -> None:
    """Tag a run's last commit, and push the branch and the tag, as the settings ask for.

    A run without a commit makes no tag, and pushes what an earlier run could not;
    a branch of its own, which it has not filled, is not pushed.

    Raises:
        PushError: One of them did not come about; the commits stand.
    """
    settings = load.settings
    tag = _tag(load, settings.tag) if settings.tag is not None and load.commits else None
    if settings.push_remote is not None and (load.commits or not load.branch.is_of_run):
        refs = (load.branch.branch, *([tag] if tag else ()))
        remote = push(load.database, settings.push_remote, refs)
        _log.info("Pushed %s to the remote '%s'", " and ".join(refs), remote)


def obstacles(load: Load, *, commits: bool) -> Iterator[PushError]:
    """Yield what stands in the way of the tag and the push, as far as it is known here.

    Args:
        load: A load that commits nothing.
        commits: Whether it would.
    """
    settings, database = load.settings, load.database
    if settings.tag is not None and commits:
        name = _tag_name(load, settings.tag)
        with database.connect() as connection, connection.begin():
            is_there = connection.execute(_TAGS, {"name": name}).first() is not None
        if is_there:
            msg = (
                f"'{database.name}' has a tag '{name}' already, so that the commit would get none: "
                "name {run} or {date} in `tag`"
            )
            yield PushError(msg)
    if settings.push_remote is not None and "://" not in remote_url(settings.push_remote):
        with database.connect() as connection:
            try:
                find_remote(database, connection, settings.push_remote, add=False)
            except RemoteError as error:
                yield PushError(str(error))


_TAGS = sa.text("SELECT 1 FROM dolt_tags WHERE tag_name = :name")


def _tag_name(load: Load, template: str) -> str:
    fields = {
        "pipeline": load.settings.pipeline_id,
        "run": load.run,
        "branch": load.branch.branch,
        "date": today(),
    }
    return made_name(template, fields)


def _tag(load: Load, template: str) -> str:
    name = _tag_name(load, template)
    database = load.database
    try:
        with database.connect(load.branch.branch, write=True) as connection, connection.begin():
            database.call(connection, "dolt_tag", name, load.branch.branch, "-m", f"run {load.run}")
    except sa.exc.DBAPIError as error:
        msg = (
            f"'{database.name}': this run's commits stand, but have no tag '{name}' "
            f"({driver_words(error)}): "
            "where there is one already, name {run} or {date} in `tag`"
        )
        raise PushError(msg) from None
    _log.info("Tagged the last commit %s", name)
    return name
