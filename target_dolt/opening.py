"""The opening of a database, by the backend whose it is."""

from __future__ import annotations

from target_dolt.backend import Backend, Database, Where
from target_dolt.errors import ConfigError
from target_dolt.plugins import Plugins


def open_database(where: Where, plugins: Plugins) -> Database:
    """Open the database that the settings name, by the backend whose it is.

    Raises:
        ConfigError: No backend takes it.
    """
    return backend_of(where, plugins).open(where)


def backend_of(where: Where, plugins: Plugins) -> Backend:
    """Return the backend whose a database is, or would become.

    Raises:
        ConfigError: No backend takes it.
    """
    for backend in plugins.backends.values():
        if where.url is not None:
            mine = where.url.get_backend_name() in backend.schemes
        else:
            mine = backend.claims(where)
        if mine:
            return backend
    schemes = [scheme for backend in plugins.backends.values() for scheme in backend.schemes]
    place = f"'{where.path}'" if where.url is None else f"{where.url.get_backend_name()}://"
    msg = f"no backend opens {place}; there are: {', '.join(schemes)}"
    raise ConfigError(msg)
