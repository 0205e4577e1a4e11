"""TLS to a Dolt server: verified by default, but for this machine itself."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from target_dolt.errors import ConfigError


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host in {None, "", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def tls_options(url: sa.URL, tls: Mapping[str, Any]) -> dict[str, Any]:
    """Return PyMySQL's options for a server and the `ssl_*` settings.

    With a context PyMySQL takes TLS or nothing: it never falls back to plain text.
    """
    local = is_loopback(url.host)
    if not tls.get("enable", not local or any(tls.get(name) for name in ("ca", "certificate"))):
        return {"ssl_disabled": True}
    try:
        context = _context(tls, verify=bool(tls.get("verify", not local)))
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(
            f"`ssl_{name}` '{tls[name]}'" for name in ("ca", "certificate", "key") if tls.get(name)
        )
        msg = f"{files} cannot be read: {error.strerror or type(error).__name__}"
        raise ConfigError(msg) from error
    return {"ssl": context}


def _context(tls: Mapping[str, Any], *, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.get("ca"))
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.get("certificate"):
        context.load_cert_chain(tls["certificate"], tls.get("key"))
    return context
