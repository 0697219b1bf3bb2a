"""Signing in and out: to the provider and back, and the session that comes of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from knowledge.errors import RefdeskError
from serve.config.oidc import Oidc
from serve.security.oidc_provider import Beginning, OidcProvider, ProviderAway, claim
from serve.security.staff import Staff
from serve.security.visitors import Visitors
from serve.store.sessions import Person, StaffSession

PURPOSE = "sign-in"
PLAIN_COOKIE = "refdesk_sign_in"
SECURE_COOKIE = "__Host-refdesk_sign_in"
# How long somebody may take at the provider, in seconds.
PATIENCE = 600.0
DEFAULT = "/inbox"
# Told to the page by this name in its address, so that it can say so in its own language.
ANSWER = "sign-in"
Why = Literal["begin-again", "refused", "untrusted", "no-team", "unreachable"]
MOST_GROUPS = 1_000


class NotSignedIn(RefdeskError):
    """Nobody was signed in; `why` says so to the page, and `next` is where they were going."""

    def __init__(self, why: Why, message: str, *, next: str = DEFAULT) -> None:
        super().__init__(message)
        self.why = why
        self.next = next


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody signed in: the token for their browser, their session, and where they were going."""

    token: str
    session: StaffSession
    next: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Signs staff in at a provider. What a browser keeps on the way is signed like a visitor's cookie."""

    settings: Oidc
    provider: OidcProvider
    staff: Staff
    visitors: Visitors
    clock: Callable[[], float] = time.time

    async def begin(self, back: str, next: str) -> tuple[str, str]:
        """Where to send somebody who goes to `next`, and what their browser keeps meanwhile. Raises `NotSignedIn`."""
        try:
            begun = await self.provider.begin(back)
        except ProviderAway as error:
            raise NotSignedIn("unreachable", error.message, next=next) from error
        kept = {**asdict(begun), "next": next, "ends": int(self.clock() + PATIENCE)}
        del kept["url"]
        body = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode().rstrip("=")
        return begun.url, f"{body}.{self.visitors.signature(PURPOSE, body)}"

    async def finish(self, cookie: str, answer: Mapping[str, str]) -> SignedIn:
        """The session of whoever came back with `answer` and the cookie that they left with. Raises `NotSignedIn`."""
        kept = self._kept(cookie)
        # Whoever sends somebody else's browser here with an answer of their own does not know its state.
        if kept is None or not hmac.compare_digest(kept["state"].encode(), answer.get("state", "").encode()):
            raise NotSignedIn("begin-again", "This browser did not begin here, or too long ago.")
        if answer.get("error") or not answer.get("code"):
            raise NotSignedIn("refused", f"The provider refused: {answer.get('error')!r:.100}.", next=kept["next"])
        begun = Beginning("", kept["state"], kept["nonce"], kept["verifier"], kept["back"])
        try:
            claims = await self.provider.finish(begun, answer["code"], answer.get("iss", ""))
        except RefdeskError as error:
            why: Why = "unreachable" if isinstance(error, ProviderAway) else "untrusted"
            raise NotSignedIn(why, error.message, next=kept["next"]) from error
        return await asyncio.to_thread(self._session, claims, kept["next"])

    def _session(self, claims: Mapping[str, Any], next: str) -> SignedIn:
        person = person_of(claims, self.settings)
        if self.staff.access(person) is None:
            raise NotSignedIn("no-team", f"{person.email or person.subject} is of no team.", next=next)
        # Of what else the provider says that they belong to, nothing is kept.
        named = frozenset(group for team in self.settings.teams for group in team.groups)
        person = replace(person, groups=person.groups & named)
        lasts = timedelta(hours=self.settings.session_hours)
        within = claims.get("sid")
        token, session = self.staff.sessions.begin(
            person, lasts=lasts, within=within if isinstance(within, str) else ""
        )
        return SignedIn(token, session, next)

    def _kept(self, cookie: str) -> dict[str, Any] | None:
        """What a browser has kept since it left, unless it is forged or too old."""
        body, _, signature = cookie.partition(".")
        if not self.visitors.is_signed(PURPOSE, body, signature):
            return None
        kept: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return kept if self.clock() < kept["ends"] else None


def person_of(claims: Mapping[str, Any], settings: Oidc) -> Person:
    """Who the claims speak of. An address that was not verified may be anybody's, so that it counts for nothing."""
    email = claims.get("email") if claims.get("email_verified") in (True, "true") else ""
    name = claims.get("name") or claims.get("preferred_username") or email or ""
    said = claim(claims, settings.groups_claim)
    groups = said if isinstance(said, list) else [said]
    known = frozenset(one for one in groups[:MOST_GROUPS] if isinstance(one, str))
    return Person(settings.issuer, subject_of(settings.issuer, claims["sub"]), _line(name), _line(email), known)


def subject_of(issuer: str, subject: str) -> str:
    """What somebody is called here whom the provider `issuer` calls `subject`."""
    whole = f"{issuer}\n{subject}"
    return f"s_{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:32]}"


def with_answer(next: str, why: Why) -> str:
    """The place `next`, told why nobody was signed in."""
    parts = urlsplit(next)
    said = [pair for pair in parse_qsl(parts.query) if pair[0] != ANSWER]
    return urlunsplit(parts._replace(query=urlencode([*said, (ANSWER, why)])))


def _line(text: object) -> str:
    """One line that fits into a column, as people may have written anything into their accounts."""
    line = " ".join(text.split()) if isinstance(text, str) else ""
    return "".join(character for character in line if character.isprintable())[:300]
