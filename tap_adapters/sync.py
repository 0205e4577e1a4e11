"""Whole databases as commits, from Python: what `dolt-sync` does, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tap_adapters.sources.filling import constraints, define, fill
from tap_adapters.sources.origin import origin
from tap_adapters.sources.placing import check_owners, placed
from tap_adapters.sources.schema import LeftOut
from tap_adapters.sources.snapshot import Progress, Selection, Snapshot, open_snapshot, untold
from target_dolt.backend import Where
from target_dolt.errors import TargetDoltError
from target_dolt.messages import Commit, TableChange
from target_dolt.plugins import Plugins, load_plugins
from target_dolt.session import Session
from target_dolt.settings import Settings, where_of
from target_dolt.settings.guards import Guards
from target_dolt.settings.table import DEFAULT_AUTHOR

BATCH_ROWS = 100_000
"""Rows that are written at once: ten times a load's, since a reader of whole tables waits for no
one (measured on Dolt with 500,000 rows: 0.77 of raw LOAD DATA; with a load's own 0.61)."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a snapshot did, or in a dry run would do.

    Attributes:
        commit: The commit; None where nothing differs, and in a dry run.
        changes: What differs, by table.
        rows: The rows that were read, by the source's table.
        dropped: Tables that the source has no longer.
        made: Tables that were not here.
        columns: What became of the columns of tables that were, in words, by table.
        left_out: What the source has beside tables.
        statements: The statements that made or changed tables, in order.
        refusals: What a dry run would have ended with, were it none.
    """

    commit: Commit | None
    changes: tuple[TableChange, ...]
    rows: Mapping[str, int]
    dropped: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    statements: tuple[str, ...]
    refusals: tuple[TargetDoltError, ...] = ()
    made: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def snapshot(
    source: str,
    database: str,
    *,
    tables: Mapping[str, str | None] | None = None,
    exclude: Sequence[str] = (),
    branch: str | None = None,
    message: str | None = None,
    author: str = DEFAULT_AUTHOR,
    tag: str | None = None,
    push_remote: str | None = None,
    guards: Guards | None = None,
    keep: bool = False,
    moved: bool = False,
    take_over: bool = False,
    create_database: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    plugins: Plugins | None = None,
) -> Taken:
    """Put a source's tables, as they are at one instant, into one commit.

    Tables, columns and rows that the source has no longer are gone in the commit; older commits
    keep them. Where nothing has changed since the last snapshot, no commit is made.

    Args:
        source: The source's SQLAlchemy URL: `postgresql://`, `mysql://`, `mariadb://` or
            `sqlite:///`. A password that it does not hold comes from PGPASSWORD or MYSQL_PWD.
        database: A path or URL, as target-dolt takes it; a file that is missing is made.
        tables: The tables to take, each with the table here that its rows go to, None for one
            of its own name. Default: all of them.
        exclude: Patterns of names to leave out, as in `*_log`.
        branch: The branch to commit on, made where it is missing, as target-dolt's setting has it:
            `review/{run}`. Default: the database's own.
        message: The message's first line.
        author: `Name <address>`.
        tag: A template of the commit's tag, as target-dolt's setting has it.
        push_remote: A remote's name, URL or path to push the branch and the tag to.
        guards: What the snapshot may not do to the branch, as target-dolt's settings of those
            names have it.
        keep: Whether tables and columns that the source has no longer stay. A column keeps its
            values by key, in a table without a key none.
        moved: Whether the source may be at another host or path than at its last snapshot where
            that has tables which it lacks.
        take_over: Whether tables of these names that another source, a tap or a person has filled
            are replaced.
        create_database: Whether a Dolt database that is missing is made.
        dry_run: Whether all is done on a branch that is thrown away, and nothing committed; a
            file that is missing is not made.
        progress: Told of rows as they are read.
        plugins: The plugins to use; None loads what is installed.

    Returns:
        What was done, or would be.

    Raises:
        TargetDoltError: The message says what happened, and what was kept: nothing of a
            snapshot that does not end.
    """
    plugins = plugins or load_plugins()
    selection = Selection(tables or {}, exclude)
    with open_snapshot(source, selection) as taken:
        places = placed(taken, selection)
        settings = _settings(taken, database, places, branch, message, author, keep=keep)
        settings = replace(settings, tag=tag, push_remote=push_remote, guards=guards or Guards())
        settings.check()
        with (
            _place(replace(settings.where, create=create_database), dry_run=dry_run) as where,
            _session(replace(settings, where=where), plugins) as session,
        ):
            statements: list[str] = []
            session.statements(statements.append)
            there = session.standing(places.values())
            theirs = check_owners(taken.source, places, there, take_over=take_over)
            before = session.columns(there)
            filled = fill(session, taken, places, progress or untold)
            here = origin(taken.source, source)
            dropped = define(session, taken, places, here, theirs, keep=keep, moved=moved)
            session.constrain(constraints(taken, places, filled))
            after = session.columns(places.values())
            commit = None if dry_run else session.commit()
            changes = session.changes() if dry_run else _changes(commit)
            refusals = session.refusals(changes) if dry_run else ()
    rows = {name: one.received for name, one in filled.items()}
    return Taken(
        commit,
        changes,
        rows,
        dropped,
        taken.schema.left_out,
        tuple(statements),
        tuple(refusals),
        made=tuple(name for name in after if name not in before),
        columns={
            name: words
            for name, columns in before.items()
            if (words := tuple(_column_changes(columns, after[name])))
        },
    )


def _column_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Yield in words how a table's columns differ: `+age BIGINT`, `-age`."""
    for name, text in new.items():
        if name not in old:
            yield f"+{name} {text}"
        elif old[name] != text:
            yield f"{name} {old[name]} -> {text}"
    yield from (f"-{name}" for name in old if name not in new)


def _changes(commit: Commit | None) -> tuple[TableChange, ...]:
    return commit.pending.changes if commit else ()


@contextmanager
def _place(where: Where, *, dry_run: bool) -> Iterator[Where]:
    """Give where to write: for a dry run a file that is missing is made elsewhere, and removed."""
    path = where.path
    if where.url is not None and where.url.get_backend_name() == "doltlite":
        path = Path(where.url.database or "")
    if not dry_run or path is None or path.exists() or not path.parent.is_dir():
        yield replace(where, create=where.create and not dry_run)
        return
    with TemporaryDirectory() as directory:
        yield replace(where, url=None, path=Path(directory) / path.name)


@contextmanager
def _session(settings: Settings, plugins: Plugins) -> Iterator[Session]:
    session = Session(settings, plugins)
    try:
        yield session
    finally:
        session.close()


def _settings(
    taken: Snapshot,
    database: str,
    places: Mapping[str, str],
    branch: str | None,
    message: str | None,
    author: str,
    *,
    keep: bool,
) -> Settings:
    head = _literal(message or f"Snapshot of {taken.name}")
    counts = "" if message else ": {added} added, {changed} changed, {deleted} deleted"
    lines = [f"source {taken.name}", f"at {taken.time}"]
    if taken.position:
        lines.append(f"position {taken.position}")
    settings = Settings(
        where=replace(where_of(database), exists=False),
        branch=branch,
        load_method="overwrite",
        schema_changes="evolve" if keep else "follow",
        table_map=places,
        validate_records=False,
        source_dialect=taken.schema.dialect,
        commit_message=f"{head}{counts}\n\n" + _literal("\n".join(lines)),
        commit_author=author,
        batch_size_rows=BATCH_ROWS,
        pipeline_id=f"snapshot {taken.source}"[:255],
    )
    settings.check()
    return settings


def _literal(text: str) -> str:
    """Return a text for a message's template, in which braces name fields."""
    return text.replace("{", "{{").replace("}", "}}")
