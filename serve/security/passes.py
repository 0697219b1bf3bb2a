"""Passes of the widget: how a visitor is known inside another site, where a browser sends none of our cookies.

The site's own page asks for a *grant*: the browser says of which origin it is, which no script can change. The frame
in it, which is ours, exchanges the grant for a *pass*, and its browser keeps a *ticket* by which the same visitor is
known the next time: a cookie of that site's own (`Partitioned`), which no script reads. Each of them is signed, ends,
and holds for that origin alone.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from serve.security.visitors import Visitors

PREFIX = "rw_"
GRANT_SECONDS = 120.0
PASS_SECONDS = 900.0
TICKET_SECONDS = 30 * 86_400.0
TICKET_COOKIE = "__Host-refdesk_ticket"
SEPARATOR = "\n"
Kind = Literal["grant", "pass", "ticket"]


@dataclass(frozen=True, slots=True)
class Admission:
    """What a frame is given: a pass for the next `seconds`, and a ticket for the next time."""

    visitor: str
    given: str
    ticket: str
    seconds: float = PASS_SECONDS

    @property
    def cookie(self) -> str:
        """The header `Set-Cookie` that keeps the ticket. Browsers take it over TLS, and from this machine."""
        kept = f"{TICKET_COOKIE}={self.ticket}; Max-Age={int(TICKET_SECONDS)}; Path=/"
        return f"{kept}; Secure; HttpOnly; SameSite=None; Partitioned"


class Passes:
    """Makes and reads them, for pages of `origins` only; one that is taken off the list opens nothing more."""

    def __init__(self, visitors: Visitors, origins: frozenset[str], *, clock: Callable[[], float] = time.time) -> None:
        self.origins = origins
        self._visitors = visitors
        self._clock = clock

    def grant(self, origin: str) -> str | None:
        """A grant for a page of `origin`; none where the widget may not stand there."""
        return self._sealed("grant", "", origin, GRANT_SECONDS) if origin in self.origins else None

    def admit(self, grant: str, ticket: str = "") -> Admission | None:
        """A pass for whoever holds this grant: the visitor of the ticket, or a new one; none for a wrong grant."""
        granted = self._read("grant", grant)
        if granted is None:
            return None
        _, origin = granted
        known = self._read("ticket", ticket)
        visitor = known[0] if known and known[1] == origin else self._visitors.new_id()
        return Admission(
            visitor,
            PREFIX + self._sealed("pass", visitor, origin, PASS_SECONDS),
            self._sealed("ticket", visitor, origin, TICKET_SECONDS),
        )

    def visitor(self, given: str) -> str | None:
        """Whose pass it is; nobody's where it is forged, broken, over, or of an origin that is no longer allowed."""
        known = self._read("pass", given.removeprefix(PREFIX))
        return known[0] if known else None

    def _sealed(self, kind: Kind, visitor: str, origin: str, seconds: float) -> str:
        said = SEPARATOR.join((visitor, origin, str(int(self._clock() + seconds))))
        body = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
        return f"{body}.{self._visitors.signature(f'widget {kind}', body)}"

    def _read(self, kind: Kind, sealed: str) -> tuple[str, str] | None:
        """The visitor and the origin that it names."""
        body, _, signature = sealed.partition(".")
        if not self._visitors.is_signed(f"widget {kind}", body, signature):
            return None
        try:
            said = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        visitor, origin, ends = said.split(SEPARATOR)
        return (visitor, origin) if origin in self.origins and self._clock() < int(ends) else None
