"""Asking for a person: from then on the bot is silent in that conversation."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from serve.http.conversations import ConversationId
from serve.http.described import described
from serve.http.failures import Refused
from serve.http.ownership import own_conversation
from serve.http.shapes import WITHOUT_NUL, Taken
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.conversations import State
from serve.store.tickets import Call


class HandoverAsked(Taken):
    """Why a person is asked for, and where they reach whoever asks, should they have left."""

    reason: Annotated[str, Field(max_length=2_000), WITHOUT_NUL] = ""
    contact: Annotated[str, Field(max_length=300), WITHOUT_NUL] = ""


class StateShape(BaseModel):
    """Who answers in a conversation."""

    state: State


def handover_routes(service: Service) -> APIRouter:
    """The routes of handing over."""
    router = APIRouter(tags=["handover"])
    chatting = Depends(require(service, "chat"))

    @router.post("/api/conversations/{id}/handover", responses=described(404, 409))
    async def hand_over(id: ConversationId, given: HandoverAsked, caller: Annotated[Caller, chatting]) -> StateShape:
        """Ask for a person. Asked again, it changes nothing."""
        if not service.settings.features.handover:
            raise Refused(409, "no_handover", "Nobody stands behind this service.")
        conversation = await own_conversation(service, caller, id)
        if conversation.state == "closed":
            raise Refused(409, "closed", "This conversation is closed:", hint="begin a new one.")
        if conversation.state != "bot":
            return StateShape(state=conversation.state)
        called = await asyncio.to_thread(service.handover.desk.call, id, Call("request", given.reason, given.contact))
        if not called:  # somebody else was quicker
            return StateShape(state=(await own_conversation(service, caller, id)).state)
        service.metrics.count("refdesk_handovers_total", trigger="request")
        await asyncio.to_thread(service.guard.audit.did, caller, "conversation.handed_over", id)
        return StateShape(state="waiting")

    return router
