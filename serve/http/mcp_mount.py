"""The Model Context Protocol at /mcp: the banks and the agents, for each client as they may read."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from agents.answers.scope import Scope as DeskScope
from knowledge.types import Reader
from serve.service import Service
from serve.sources.showing import shown_uri

if TYPE_CHECKING:
    from agents.mcp.http_sessions import HttpSessions

PATH = "/mcp"
SCOPES = ("ask", "search", "documents:read")
# One server for each set of roles; sets beyond these begin anew when they come back.
MOST_READERS = 50


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
        sessions = await self._desks.of(caller.reader)
        await sessions.answer(scope, receive, send, caller=caller.id)


class Desks:
    """A server of the protocol for each set of roles that somebody reads with, started with the first of them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: OrderedDict[frozenset[str], _Running] = OrderedDict()
        self._opening = asyncio.Lock()

    async def of(self, reader: Reader) -> HttpSessions:
        """The sessions of those who read as this reader."""
        async with self._opening:
            if reader.roles not in self._open:
                sessions = await asyncio.to_thread(self._made, reader)
                self._open[reader.roles] = await _Running.begun(sessions)
            self._open.move_to_end(reader.roles)
            while len(self._open) > MOST_READERS:
                _, oldest = self._open.popitem(last=False)
                await oldest.end()
            return self._open[reader.roles].sessions

    async def close(self) -> None:
        """End all sessions."""
        while self._open:
            _, running = self._open.popitem()
            await running.end()

    def _made(self, reader: Reader) -> HttpSessions:
        # The protocol's own package takes a second to load; most services are never asked by it.
        from agents.mcp.desk import Desk
        from agents.mcp.http_sessions import HttpSessions
        from agents.mcp.protocol_server import desk_server

        service = self._service
        llm = service.model.llm if service.model else None
        agents = service.answerers.agents_for(reader)
        scope, shown = DeskScope(reader, service.settings.banks), partial(shown_uri, root=service.shell.root)
        desk = Desk(service.library, scope, llm, agents, shown)
        return HttpSessions(desk_server(desk, version=version("refdesk")))


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
