"""What routes ask about their caller, as dependencies of FastAPI.

A file of routes makes them from its service and says what it needs:

    def bank_routes(service: Service) -> APIRouter:
        searcher = require(service, "search")

        @router.get("/api/banks")
        async def banks(caller: Annotated[Caller, Depends(searcher)]) -> ...: ...

Such a file does without `from __future__ import annotations`: FastAPI cannot look into a closure for names.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

from fastapi import Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from serve.security.guard import Guard, Visit
from serve.security.identity import EVERYTHING, SCOPES, Caller
from serve.security.visitors import PLAIN_COOKIE

__all__ = ["EVERYTHING", "SCOPES", "Caller", "Guarded", "Visit", "asking", "caller", "require", "visit"]

# These say in the OpenAPI document how callers are known; the guard looks for itself.
KEY = HTTPBearer(scheme_name="key", description="A key that `refdesk keys create` made.", auto_error=False)
COOKIE = APIKeyCookie(
    name=PLAIN_COOKIE,
    scheme_name="session",
    description="A visitor's cookie, from `GET /api/session`. What changes something needs `X-Refdesk-CSRF` as well.",
    auto_error=False,
)
Key = Annotated[object, Security(KEY)]
Cookie = Annotated[object, Security(COOKIE)]
Dependency = Callable[..., Awaitable[Caller]]


class Guarded(Protocol):
    """What has a guard: the service, or in tests a guard alone."""

    @property
    def guard(self) -> Guard:
        """The guard."""
        ...


def caller(service: Guarded) -> Dependency:
    """Whoever calls, within their limits; 401 for nobody known."""
    return require(service)


def require(service: Guarded, *scopes: str) -> Dependency:
    """Whoever calls, with all of these scopes and within their limits; 401 or 403 otherwise."""

    async def known(request: HTTPConnection, _key: Key, _cookie: Cookie) -> Caller:
        found = await service.guard.identify(request)
        service.guard.require(found, *scopes)
        await service.guard.spend(found)
        return found

    return known


def asking(service: Guarded, *scopes: str) -> Dependency:
    """As `require`, for what makes the service think: it counts against the limit of questions."""

    async def known(request: HTTPConnection, _key: Key, _cookie: Cookie) -> Caller:
        found = await service.guard.identify(request)
        service.guard.require(found, *scopes)
        await service.guard.spend(found, "question")
        return found

    return known


def visit(service: Guarded) -> Callable[[HTTPConnection, Response], Awaitable[Visit]]:
    """Whoever opens the page, known from now on: the response sets a cookie where there is none."""

    async def visiting(request: HTTPConnection, response: Response) -> Visit:
        found = await service.guard.visit(request, response)
        await service.guard.spend(found.caller)
        return found

    return visiting
