"""Visitors: people without an account, known again by a signed cookie, and tokens that only our own page can read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PREFIX = "v_"
PLAIN_COOKIE = "refdesk_visitor"
# A browser takes this name only over TLS, for the whole host and from the host itself: no neighbour can plant it.
SECURE_COOKIE = "__Host-refdesk_visitor"
LIFETIME = 180 * 86400.0
RENEWED_AFTER = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """A known visitor; `stale` asks for a fresh cookie, since this one is old or signed with a former secret."""

    id: str
    stale: bool = False


class Visitors:
    """Makes and reads visitors' cookies. The first secret signs, and what any of them signed is believed."""

    def __init__(self, secrets: Sequence[bytes], *, clock: Callable[[], float] = time.time) -> None:
        self._secrets = tuple(secrets)
        self._clock = clock

    def renew(self, secrets: Sequence[bytes]) -> None:
        """Go on with these secrets."""
        self._secrets = tuple(secrets)

    def new_id(self) -> str:
        """An id that nobody can guess."""
        return PREFIX + secrets.token_urlsafe(16)

    def cookie(self, visitor: str) -> str:
        """The cookie's value for this visitor, made now."""
        said = f"{visitor}.{int(self._clock())}"
        return f"{said}.{_signature(self._secrets[0], 'visitor', said)}"

    def read(self, cookie: str) -> Visitor | None:
        """Whose cookie this is; nobody's where it is forged, broken or too old."""
        said, _, signature = cookie.rpartition(".")
        visitor, _, made = said.rpartition(".")
        if not (visitor.startswith(PREFIX) and made.isascii() and made.isdecimal() and len(made) < 16):
            return None
        signer = self._signer("visitor", said, signature)
        age = self._clock() - int(made)
        if signer is None or age > LIFETIME:
            return None
        return Visitor(visitor, stale=signer > 0 or age > RENEWED_AFTER)

    def csrf(self, visitor: str) -> str:
        """The token that the page sends back with whatever changes something."""
        return _signature(self._secrets[0], "csrf", visitor)

    def is_csrf(self, visitor: str, token: str) -> bool:
        """Whether this is the visitor's token."""
        return self._signer("csrf", visitor, token) is not None

    def signature(self, purpose: str, said: str) -> str:
        """A signature by which `said` is known for what this service said for `purpose`."""
        return _signature(self._secrets[0], purpose, said)

    def is_signed(self, purpose: str, said: str, signature: str) -> bool:
        """Whether this is such a signature, made with any of the secrets."""
        return self._signer(purpose, said, signature) is not None

    def _signer(self, purpose: str, said: str, signature: str) -> int | None:
        """The place of the secret that made the signature; every secret is tried, in the same time."""
        given = signature.encode("utf-8", "replace")
        known = self._secrets
        hits = [hmac.compare_digest(_signature(secret, purpose, said).encode(), given) for secret in known]
        return hits.index(True) if any(hits) else None


def _signature(secret: bytes, purpose: str, said: str) -> str:
    digest = hmac.digest(secret, f"{purpose}:{said}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
