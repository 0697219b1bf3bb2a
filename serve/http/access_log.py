"""One line in the log and one count for each request: what was asked, and how it ended, without anybody's words."""

from __future__ import annotations

import logging
from time import perf_counter

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.metrics import Metrics

logger = logging.getLogger(__name__)
UNKNOWN = "(unknown)"
ABORTED = 499
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "(other)"
# Asked for every few seconds by whatever keeps the service running.
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


def add_access_log(app: Starlette, metrics: Metrics) -> None:
    """Let every request to `app` be counted and logged."""
    app.add_middleware(AccessLog, metrics=metrics)


class AccessLog:
    """An ASGI middleware."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), ABORTED

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route, not the path: a path holds ids, and there would be as many counts as conversations.
        route = getattr(scope.get("route"), "path", "") or UNKNOWN
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.count("refdesk_requests_total", method=method, route=route, status=str(status))
        self._metrics.observe("refdesk_request_seconds", seconds, route=route)
        level = logging.DEBUG if route in QUIET else logging.INFO
        what = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
        logger.log(level, "request", extra=what)
