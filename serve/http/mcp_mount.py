"""The Model Context Protocol at /mcp: the banks and the agents, for each client as they may read."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serve.security.caller import Caller
from serve.service import Service

if TYPE_CHECKING:
    from agents.mcp.http_sessions import HttpSessions
    from agents.mcp.protocol_server import OpenDesk

PATH = "/mcp"
SCOPES = ("ask", "search", "documents:read")
# One server for each caller; whoever was quiet longest begins anew when they come back.
MOST_CALLERS = 200
Whose = tuple[str, frozenset[str]]


def mcp_routes(service: Service, desks: Desks) -> APIRouter:
    """The one route of the protocol, for keys that may ask, search and read."""
    router = APIRouter()
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
    """A server of the protocol for each caller, started when they first come.

    It outlives a change of settings: clients go on in their sessions, and are served by the settings in force.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._desks: dict[Whose, OpenDesk] = {}
        self._open: OrderedDict[Whose, _Running] = OrderedDict()
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
                quiet, oldest = self._open.popitem(last=False)
                await oldest.end()
                self._desks.pop(quiet, None)
            return self._open[whose].sessions

    def renew(self, service: Service) -> None:
        """Serve everybody by the settings of this service from now on."""
        self._service = service
        self._desks = {}

    async def close(self) -> None:
        """End all sessions."""
        while self._open:
            _, running = self._open.popitem()
            await running.end()

    def _made(self, caller: Caller) -> HttpSessions:
        # The protocol's own package takes a second to load; most services are never asked by it.
        from agents.mcp.http_sessions import HttpSessions
        from agents.mcp.protocol_server import changing_desk_server

        return HttpSessions(changing_desk_server(partial(self._desk, caller), version=version("refdesk")))

    def _desk(self, caller: Caller) -> OpenDesk:
        from agents.mcp.protocol_server import OpenDesk
        from serve.http.mcp_desk import desk_of

        desks, whose = self._desks, (caller.id, caller.roles)
        if whose not in desks:
            desks[whose] = OpenDesk.of(desk_of(self._service, caller))
        return desks[whose]


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
