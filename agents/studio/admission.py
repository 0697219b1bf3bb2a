"""Who may use a studio: this machine without more ado, any other with the token."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

COOKIE = "refdesk_studio"
# Set by whatever passes requests on: they come from this machine then, whoever sent them.
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Admission:
    """Decides over requests. Header names are in lower case.

    A page of another site may not use it through a visitor's browser: a request that says where it comes from must
    come from the studio's own page, and one from this machine must ask for this machine by name (DNS rebinding).
    """

    token: str | None = field(default=None, repr=False)

    def admits(self, peer: str, headers: Mapping[str, str]) -> bool:
        """Whether this request may be answered."""
        if not _same_site(headers):
            return False
        if self._knows_token(headers):
            return True
        direct = not any(name in headers for name in FORWARDED)
        return direct and is_loopback(peer) and is_loopback(_hostname(headers.get("host", "")))

    @property
    def cookie(self) -> str:
        """What a browser that knows the token keeps in its place."""
        return hashlib.sha256(f"studio:{self.token}".encode()).hexdigest()

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def _knows_token(self, headers: Mapping[str, str]) -> bool:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.is_token(given.strip()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return (
            cookie is not None
            and self.token is not None
            and hmac.compare_digest(cookie.value.encode(), self.cookie.encode())
        )


def is_loopback(host: str) -> bool:
    """Whether the name or address is of this machine alone."""
    try:
        address = ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _same_site(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
