"""The guard: says who calls, refuses whoever may not, and holds everybody to their limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from serve.security.audit_log import AuditLog
from serve.security.identity import EVERYTHING, VISITOR_SCOPES, Caller
from serve.security.passes import PREFIX, Passes
from serve.security.peers import Peer, headers_of, neighbourhood
from serve.security.policy import EdgePolicy, is_browser
from serve.security.rates import Buckets, Rate
from serve.security.refusals import Forbidden, Forged, TooLarge, TooMany, Unauthenticated
from serve.security.staff import PLAIN_COOKIE as PLAIN_STAFF_COOKIE
from serve.security.staff import SECURE_COOKIE as SECURE_STAFF_COOKIE
from serve.security.staff import Staff
from serve.security.streams import Streams
from serve.security.visitors import LIFETIME, PLAIN_COOKIE, SECURE_COOKIE, Visitor, Visitors
from serve.store.keys import Keys

CSRF_HEADER = "x-refdesk-csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# How often a stream that stays open is looked after, in seconds.
LOOKED_AFTER = 10.0
WRONG_KEYS = Rate(per_minute=10, burst=10)
Cost = Literal["request", "question"]


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many questions each may ask; of requests that cost little, `requests_per_question` times as many."""

    visitor: Rate
    key: Rate
    address: Rate
    question_chars: int
    requests_per_question: int = 20


@dataclass(frozen=True, slots=True)
class Visit:
    """A caller at the page, and the token that the page sends back with whatever changes something."""

    caller: Caller
    csrf: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides over every request; one for the whole service."""

    policy: EdgePolicy
    keys: Keys
    visitors: Visitors
    buckets: Buckets
    streams: Streams
    audit: AuditLog
    allowance: Allowance
    passes: Passes
    staff: Staff | None = None

    async def identify(self, request: HTTPConnection) -> Caller:
        """Who makes this request. Raises `Unauthenticated`, `Forged`, or `TooMany` for keys that were guessed."""
        peer, headers = self._told(request)
        if bearer(headers).startswith(PREFIX):
            return self._embedded(bearer(headers), peer)
        visitor = self._visitor(request)
        if await self._is_local(peer):
            self._check_forgery(request, peer, headers, visitor.id if visitor else None)
            return self._local(peer, visitor)
        given = bearer(headers)
        if given:
            return await self._keyholder(given, peer)
        somebody = await self._signed_in(request, peer)
        if somebody is not None:
            self._check_forgery(request, peer, headers, somebody.session)
            return somebody
        if visitor is None:
            raise Unauthenticated(
                "This needs a key or a session.", hint="Send `Authorization: Bearer rd_…`, or open the page first."
            )
        self._check_forgery(request, peer, headers, visitor.id)
        return Caller("visitor", visitor.id, scopes=VISITOR_SCOPES, address=peer.address)

    async def while_known(
        self, caller: Caller, events: AsyncGenerator[bytes], *, every: float = LOOKED_AFTER
    ) -> AsyncGenerator[bytes]:
        """The events of a stream, as long as the session of somebody of the staff holds; `every` so many seconds."""
        looked = monotonic()
        async with aclosing(events):
            async for event in events:
                if caller.session and monotonic() - looked >= every:
                    looked = monotonic()
                    if self.staff is None or not await asyncio.to_thread(self.staff.holds, caller.session):
                        return
                yield event

    async def visit(self, request: HTTPConnection, response: Response) -> Visit:
        """Who opens the page: a visitor who was here before, or a new one, who gets a cookie with `response`."""
        peer, headers = self._told(request)
        if bearer(headers).startswith(PREFIX):
            return Visit(self._embedded(bearer(headers), peer), "")
        visitor = self._visitor(request)
        if self.policy.comes_from_elsewhere(peer, headers):
            raise _forged()
        known = visitor or Visitor(self.visitors.new_id(), stale=True)
        if known.stale:
            self._set_cookie(response, peer, known)
        if await self._is_local(peer):
            return Visit(self._local(peer, known), self.visitors.csrf(known.id))
        somebody = await self._signed_in(request, peer)
        if somebody is not None:
            return Visit(somebody, self.visitors.csrf(somebody.session))
        return Visit(Caller("visitor", known.id, address=peer.address), self.visitors.csrf(known.id))

    def require(self, caller: Caller, *scopes: str) -> None:
        """Raises `Forbidden` unless the caller has all of these scopes."""
        missing = [scope for scope in scopes if not caller.may(scope)]
        if not missing:
            return
        hint = "Use a key that has it." if caller.kind == "key" else "Send a key that has it."
        whose = "This key" if caller.kind == "key" else "This session"
        raise Forbidden(f"{whose} lacks the scope `{missing[0]}`.", hint=hint)

    async def spend(self, caller: Caller, cost: Cost = "request") -> None:
        """Count this against the caller's limit and that of the address; raises `TooMany`."""
        if caller.kind == "local":
            return
        own = self.allowance.key if caller.is_known else self.allowance.visitor
        await self._take(f"{cost} {caller.id}", self._rate(own, cost))
        if not caller.is_known:  # a key's holder may serve many from one address, and so may an office of staff
            await self.spend_at(caller.address, cost)

    async def spend_at(self, address: str, cost: Cost = "request") -> None:
        """Count this against the limit of an address; raises `TooMany`."""
        await self._take(f"{cost} {neighbourhood(address)}", self._rate(self.allowance.address, cost))

    def check_question(self, text: str) -> None:
        """Raises `TooLarge` for a question of more characters than are taken."""
        most = self.allowance.question_chars
        if len(text) > most:
            raise TooLarge(f"This question has {len(text)} characters.", hint=f"Ask with at most {most}.")

    def is_open(self) -> bool:
        """Whether people at this machine may do everything: nobody has a key or an account, nor is awaited. Blocks."""
        return self.staff is None and not self.policy.awaits_others and not self.keys.any()

    def peer(self, request: HTTPConnection) -> Peer:
        """The other end of this request."""
        return self.policy.peer(request.scope)

    def _told(self, request: HTTPConnection) -> tuple[Peer, Mapping[str, str]]:
        return self.peer(request), headers_of(request.scope)

    def _visitor(self, request: HTTPConnection) -> Visitor | None:
        cookie = request.cookies.get(SECURE_COOKIE) or request.cookies.get(PLAIN_COOKIE)
        return self.visitors.read(cookie) if cookie else None

    async def _is_local(self, peer: Peer) -> bool:
        """Whether somebody at this machine uses a fresh install."""
        return peer.on_this_machine and await asyncio.to_thread(self.is_open)

    async def _signed_in(self, request: HTTPConnection, peer: Peer) -> Caller | None:
        """Somebody of the staff whose session holds."""
        token = request.cookies.get(SECURE_STAFF_COOKIE if peer.scheme == "https" else PLAIN_STAFF_COOKIE)
        if self.staff is None or not token:
            return None
        session = await asyncio.to_thread(self.staff.session, token)
        return self.staff.caller(session, peer.address) if session else None

    def _embedded(self, given: str, peer: Peer) -> Caller:
        """Who chats in the widget. No other site can make a browser send a pass, so that it needs no other token."""
        visitor = self.passes.visitor(given)
        if visitor is None:
            raise Unauthenticated("This session is over.", hint="Open the chat again.")
        return Caller("visitor", visitor, scopes=VISITOR_SCOPES, address=peer.address)

    def _local(self, peer: Peer, visitor: Visitor | None) -> Caller:
        id = visitor.id if visitor else "local"
        return Caller("local", id, self.policy.local_roles, EVERYTHING, peer.address)

    async def _keyholder(self, given: str, peer: Peer) -> Caller:
        key = await asyncio.to_thread(self.keys.check, given)
        if key is None:
            await self._take(f"wrong key {neighbourhood(peer.address)}", WRONG_KEYS)
            await asyncio.to_thread(self.audit.note, "key.refused", actor="nobody", address=peer.address)
            raise Unauthenticated(
                "This key opens nothing: it is wrong, revoked or expired.", hint="Ask whoever runs the service for one."
            )
        return Caller("key", f"k_{key.id}", key.roles, key.scopes, peer.address)

    def _check_forgery(
        self, request: HTTPConnection, peer: Peer, headers: Mapping[str, str], holder: str | None
    ) -> None:
        """Raises `Forged` where a page of another site may have made somebody's browser send this.

        `holder` is the visitor, or the session, whose token it has to send.
        """
        if request.scope.get("method", "GET") in SAFE or not is_browser(headers):
            return
        token = headers.get(CSRF_HEADER, "")
        if holder is None or self.policy.comes_from_elsewhere(peer, headers):
            raise _forged()
        if not self.visitors.is_csrf(holder, token):
            raise _forged()

    def _set_cookie(self, response: Response, peer: Peer, visitor: Visitor) -> None:
        secure = peer.scheme == "https"
        response.set_cookie(
            SECURE_COOKIE if secure else PLAIN_COOKIE,
            self.visitors.cookie(visitor.id),
            max_age=int(LIFETIME),
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def _rate(self, rate: Rate, cost: Cost) -> Rate:
        if cost == "question":
            return rate
        times = self.allowance.requests_per_question
        return replace(rate, per_minute=rate.per_minute * times, burst=rate.burst * times)

    async def _take(self, name: str, rate: Rate) -> None:
        seconds = await self.buckets.take(name, rate)
        if seconds:
            raise TooMany("Too many requests in a short time.", hint="Wait a moment, then try again.", seconds=seconds)


def bearer(headers: Mapping[str, str]) -> str:
    """The key that a request carries; empty where it carries none."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else ""


def _forged() -> Forged:
    return Forged("This request does not come from our own page.", hint="Reload the page, then try again.")
