"""What those who run the service may ask of it."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from serve.config.changes import Changes
from serve.http.described import described
from serve.http.failures import Refused
from serve.security.caller import Caller, require
from serve.service import Service

Reload = Callable[[], Awaitable[Changes]]


class ReloadedShape(BaseModel):
    """The names of settings that hold from now on, and of those that hold from the next start on."""

    changed: list[str]
    next_start: list[str]


def admin_routes(service: Service, reload: Reload | None) -> APIRouter:
    """The routes; `reload` reads the settings anew, where the service can."""
    router = APIRouter(tags=["admin"])
    admin = Depends(require(service, "admin"))

    @router.post("/api/admin/reload", responses=described(409))
    async def reloading(caller: Annotated[Caller, admin]) -> ReloadedShape:
        """Read refdesk.yaml anew, as SIGHUP does. Answers that are being written end as they began; a wrong file
        changes nothing."""
        if reload is None:
            raise Refused(409, "not_reloadable", "This service was given its settings:", hint="start it anew.")
        done = await reload()
        service.guard.audit.did(caller, "settings.reloaded", changed=" ".join(done.now))
        return ReloadedShape(changed=list(done.now), next_start=list(done.next_start))

    return router
