"""The opening of a database, by the backend whose it is."""

from __future__ import annotations

from target_dolt.backend import Database, Where
from target_dolt.errors import ConfigError
from target_dolt.plugins import Plugins


def open_database(where: Where, plugins: Plugins) -> Database:
    """Open the database that the settings name, by the backend whose it is.

    Raises:
        ConfigError: No backend takes it.
    """
    for backend in plugins.backends.values():
        if where.url is not None:
            mine = where.url.get_backend_name() in backend.schemes
        else:
            mine = backend.claims(where)
        if mine:
            return backend.open(where)
    schemes = [scheme for backend in plugins.backends.values() for scheme in backend.schemes]
    place = f"'{where.path}'" if where.url is None else f"{where.url.get_backend_name()}://"
    msg = f"no backend opens {place}; there are: {', '.join(schemes)}"
    raise ConfigError(msg)
