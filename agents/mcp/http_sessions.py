"""A server of the protocol within an application that serves other things too, and that says who calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp.server import Server
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from agents.mcp.protocol_server import Scope

MOST_SESSIONS = 1_000


class HttpSessions:
    """The sessions that clients hold with `server` over HTTP, each of which only whoever began it can go on with.

    Hosts and origins are not looked at: that is for the application to do.
    """

    def __init__(self, server: Server[Any]) -> None:
        self._manager = StreamableHTTPSessionManager(server, max_sessions=MOST_SESSIONS)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Within, requests are answered. Entered once, and left by the task that entered it."""
        return self._manager.run()

    async def answer(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
        *,
        caller: str,
    ) -> None:
        """Answer one request of `caller`."""
        token = AccessToken(token="", client_id=caller, scopes=[])
        await self._manager.handle_request({**scope, "user": AuthenticatedUser(token)}, receive, send)
