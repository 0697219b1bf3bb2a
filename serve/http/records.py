"""What is recorded of everybody's conversations, those of programs too: for whoever runs the service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field

from serve.http.described import described
from serve.http.shapes import SummaryShape, summary_shape
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.conversations import Channel, Conversation


class RecordShape(SummaryShape):
    """A conversation, and whose it is."""

    person: str = Field(description="The id of whoever held it, such as k_… for a key.")


class RecordsShape(BaseModel):
    """Conversations, last used first."""

    conversations: list[RecordShape]


def record_routes(service: Service) -> APIRouter:
    """The route of all conversations; each is read like one's own, with the same scope."""
    router = APIRouter(tags=["records"])
    reading = Depends(require(service, "conversations:read"))

    @router.get("/api/records", responses=described())
    def records(
        caller: Annotated[Caller, reading],
        channel: Annotated[Channel | None, Query(description="Only those that came this way.")] = None,
        before: Annotated[AwareDatetime | None, Query(description="Only those last used before.")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> RecordsShape:
        """Everybody's conversations, last used first; the `updated` of the last is the `before` of what follows."""
        found = service.store.conversations.of_everybody(channel=channel, before=before, limit=limit)
        return RecordsShape(conversations=[record_shape(one) for one in found])

    return router


def record_shape(one: Conversation) -> RecordShape:
    """A conversation as it is listed to whoever may read all."""
    return RecordShape(**summary_shape(one).model_dump(), person=one.owner)
