"""Dolt: any sql-server, or a local directory that is served for the run.

What it needs, PyMySQL before all, is imported where a place is Dolt's: a run into a DoltLite file
would wait for it too.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

from collections.abc import Iterable

from target_dolt import Backend, Database, Where, hookimpl


def _claims(where: Where) -> bool:
    return where.path is not None and (where.path.is_dir() or where.create)


def _open(where: Where) -> Database:
    from target_dolt_plugins.dolt_database import open_dolt

    return open_dolt(where)


def _clone(remote: str, where: Where, user: str | None) -> None:
    from target_dolt_plugins.dolt_remotes import clone

    clone(remote, where, user)


@hookimpl(trylast=True)
def dolt_register_backends() -> Iterable[Backend]:
    """Bring Dolt."""
    return [Backend("dolt", ("dolt",), _claims, _open, _clone)]
