"""The Model Context Protocol at /mcp: the banks and the agents, for each client as they may read."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serve.security.caller import Caller
from serve.service import Service

if TYPE_CHECKING:
    from agents.mcp.http_sessions import HttpSessions

PATH = "/mcp"
SCOPES = ("ask", "search", "documents:read")
# One server for each caller; whoever was quiet longest begins anew when they come back.
MOST_CALLERS = 200


def mcp_routes(service: Service) -> APIRouter:
    """The one route of the protocol, for keys that may ask, search and read."""
    desks = Desks(service)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await desks.close()

    router = APIRouter(lifespan=living)
    router.routes.append(Route(PATH, Endpoint(service, desks), include_in_schema=False))
    return router


class Endpoint:
    """An ASGI application that asks who calls before the protocol is spoken."""

    def __init__(self, service: Service, desks: Desks) -> None:
        self._service = service
        self._desks = desks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        guard = self._service.guard
        caller = await guard.identify(Request(scope))
        guard.require(caller, *SCOPES)
        await guard.spend(caller, "question" if scope["method"] == "POST" else "request")
        sessions = await self._desks.of(caller)
        await sessions.answer(scope, receive, send, caller=caller.id)


class Desks:
    """A server of the protocol for each caller, started when they first come."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: OrderedDict[tuple[str, frozenset[str]], _Running] = OrderedDict()
        self._opening = asyncio.Lock()

    async def of(self, caller: Caller) -> HttpSessions:
        """The sessions of this caller, as long as they read with the same roles."""
        whose = caller.id, caller.roles
        async with self._opening:
            if whose not in self._open:
                sessions = await asyncio.to_thread(self._made, caller)
                self._open[whose] = await _Running.begun(sessions)
            self._open.move_to_end(whose)
            while len(self._open) > MOST_CALLERS:
                _, oldest = self._open.popitem(last=False)
                await oldest.end()
            return self._open[whose].sessions

    async def close(self) -> None:
        """End all sessions."""
        while self._open:
            _, running = self._open.popitem()
            await running.end()

    def _made(self, caller: Caller) -> HttpSessions:
        # The protocol's own package takes a second to load; most services are never asked by it.
        from agents.mcp.http_sessions import HttpSessions
        from agents.mcp.protocol_server import desk_server
        from serve.http.mcp_desk import desk_of

        return HttpSessions(desk_server(desk_of(self._service, caller), version=version("refdesk")))


class _Running:
    """Sessions, kept alive by a task of their own: whoever begins them must be the one who ends them."""

    def __init__(self, sessions: HttpSessions) -> None:
        self.sessions = sessions
        self._over = asyncio.Event()
        self._ready = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._live())

    @classmethod
    async def begun(cls, sessions: HttpSessions) -> _Running:
        running = cls(sessions)
        await running._ready.wait()
        if running._task.done():
            await running._task
        return running

    async def end(self) -> None:
        self._over.set()
        await asyncio.wait([self._task])

    async def _live(self) -> None:
        try:
            async with self.sessions.running():
                self._ready.set()
                await self._over.wait()
        finally:
            # Whoever waits is to hear of a failure.
            self._ready.set()
