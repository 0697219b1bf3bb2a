"""Whether the service lives, and whether it can answer: for whatever keeps it running."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from knowledge.errors import RefdeskError
from serve.service import Service


def health_routes(service: Service) -> APIRouter:
    """Two routes without a caller; they tell nothing but that."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"description": "Not now."}})
    async def ready() -> JSONResponse:
        """Questions can be answered: the database answers, there are banks, and the service is not ending."""
        problem = await asyncio.to_thread(_problem, service)
        body = {"status": "not ready", "reason": problem} if problem else {"status": "ready"}
        return JSONResponse(body, 503 if problem else 200)

    return router


def _problem(service: Service) -> str:
    if service.reception.is_draining:
        return "stopping"
    try:
        service.store.database.check()
    except RefdeskError:
        return "no database"
    return "" if service.banks else "no banks"
