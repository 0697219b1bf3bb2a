"""The edge of the application: what no route is asked about, and what every response says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http.failures import Refused, failure_in
from serve.languages import language_for
from serve.security.guard import Guard
from serve.security.headers import add_headers
from serve.security.peers import Peer, headers_of
from serve.security.refusals import TooLarge

logger = logging.getLogger(__name__)
MEGABYTE = 2**20
# What a form adds to the file in it.
FORM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How many bytes a request may hold; more where a file is uploaded."""

    plain: int = MEGABYTE
    upload: int = 50 * MEGABYTE

    def of(self, path: str) -> int:
        """The limit for requests to `path`."""
        uploads = path == "/api/uploads" or (path.startswith("/api/banks/") and path.endswith("/documents"))
        return self.upload + FORM_BYTES if uploads else self.plain


def add_edge(app: Starlette, guard: Guard, *, upload_mb: float, languages: Sequence[str]) -> None:
    """Put the edge before everything that `app` answers; it refuses in one of these languages."""
    limits = BodyLimits(upload=int(upload_mb * MEGABYTE))
    app.add_middleware(Edge, guard=guard, limits=limits, languages=languages)


class Edge:
    """An ASGI middleware: checks the host that is asked for and the size of what is sent, and adds headers."""

    def __init__(self, app: ASGIApp, *, guard: Guard, limits: BodyLimits, languages: Sequence[str]) -> None:
        self._app = app
        self._guard = guard
        self._limits = limits
        self._languages = languages
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = self._guard.policy.peer(scope)
        self._warn_of_proxies(scope, peer)
        exchange = Exchange(scope, receive, send, peer, self._limits.of(scope["path"]), self._languages)
        try:
            self._guard.policy.check_host(peer)
            exchange.check_length()
        except Refused as refusal:
            await exchange.refuse(refusal)
            return
        await self._app(scope, exchange.receive, exchange.send)

    def _warn_of_proxies(self, scope: Scope, peer: Peer) -> None:
        """A proxy that is not trusted makes all its visitors one address, which share one limit: say so once."""
        if self._warned or b"x-forwarded-for" not in dict(scope["headers"]):
            return
        sender = (scope.get("client") or ("", 0))[0]
        if not self._guard.policy.trusts(sender):
            self._warned = True
            logger.warning(
                "X-Forwarded-For from %s is not believed: if that is your proxy, add it to server.trusted_proxies.",
                peer.address,
            )


class Exchange:
    """One request and its response: counts what is sent, and adds headers to what is answered."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, peer: Peer, limit: int, languages: Sequence[str]
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._peer = peer
        self._limit = limit
        self._languages = languages
        self._received = 0
        self._refused = False
        self._started = False

    def check_length(self) -> None:
        """Raises `TooLarge` where the request says that it holds more than is taken."""
        said = headers_of(self._scope).get("content-length", "")
        if said.isascii() and said.isdecimal() and int(said[:20]) > self._limit:
            raise self._too_large()

    async def refuse(self, refusal: Refused) -> None:
        """Answer with the refusal, whatever the application says."""
        self._refused = True
        language = language_for(headers_of(self._scope).get("accept-language", ""), self._languages)
        body = failure_in(language, refusal.code, refusal.message, refusal.hint)
        await JSONResponse(body, refusal.status)(self._scope, self._receive, self._respond)

    async def receive(self) -> Message:
        """The next part of the request; a request that grows too large ends here, as if its sender had gone."""
        if self._refused:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._limit and not self._started:
                await self.refuse(self._too_large())
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """The next part of the application's response; nothing of it after a refusal."""
        if not self._refused:
            await self._respond(message)

    async def _respond(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            headers = MutableHeaders(scope=message)
            add_headers(headers, path=self._scope["path"], secure=self._peer.scheme == "https")
        await self._send(message)

    def _too_large(self) -> TooLarge:
        most = f"{self._limit / MEGABYTE:.3g} MB"
        return TooLarge(f"This request holds more than {most}.", hint="Send less at once.")
