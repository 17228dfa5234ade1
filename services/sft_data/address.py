"""Addresses of servers, told apart without the library that talks to them: that takes a window 0.1 s to load."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from services.errors import UserError
from services.translation import _


def check_url(url: str) -> str:
    """The address without a slash at its end.

    Raises:
        UserError: it is not an http address, or it holds a password.
    """
    url = url.strip()
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise UserError(_("“{url}” is not an address. Write it like http://127.0.0.1:11434.").format(url=url))
    if parts.username or parts.password:
        raise UserError(
            _(
                "The address for {host} holds a name or password, which would be saved with the project. Give the key as "
                "a key instead."
            ).format(host=parts.hostname)
        )
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
