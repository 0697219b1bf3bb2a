"""The audit log over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel

from serve.http.described import described
from serve.http.people import NO_NUL
from serve.security.caller import Caller, require
from serve.service import Service

Action = Annotated[
    str, Query(max_length=100, pattern=r"^[a-z_.]*$", description="Such as key.create, or key for all of them.")
]


class AuditEntryShape(BaseModel):
    """One thing that was done."""

    at: datetime
    action: str
    actor: str
    address: str
    target: str
    details: dict[str, Any]


class AuditShape(BaseModel):
    """What was done, newest first."""

    entries: list[AuditEntryShape]


def audit_routes(service: Service) -> APIRouter:
    """Routes over the audit log."""
    router = APIRouter(tags=["audit"])
    admin = Depends(require(service, "admin"))

    @router.get("/api/audit", responses=described())
    def entries(
        caller: Annotated[Caller, admin],
        since: AwareDatetime | None = None,
        action: Action = "",
        actor: Annotated[str, Query(max_length=300, pattern=NO_NUL)] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> AuditShape:
        """Who did what, when and from where."""
        found = service.guard.audit.table.entries(since=since, action=action, actor=actor, limit=limit)
        return AuditShape(
            entries=[
                AuditEntryShape(
                    at=one.at,
                    action=one.action,
                    actor=one.actor,
                    address=one.address,
                    target=one.target,
                    details=dict(one.details),
                )
                for one in found
            ]
        )

    return router
