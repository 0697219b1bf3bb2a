"""Conversations: begun, listed, read, given out and deleted by whoever holds them."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path
from fastapi.responses import Response

from knowledge.types import Reader
from serve.http.described import described
from serve.http.failures import Refused
from serve.http.language import speaking
from serve.http.ownership import own_conversation, own_message, readable_conversation
from serve.http.shapes import (
    ConversationShape,
    NewConversation,
    Rating,
    SummaryShape,
    message_shape,
    summary_shape,
)
from serve.languages import ENGLISH
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.conversations import Conversation
from serve.turns.reply import may_hear

ConversationId = Annotated[str, Path(max_length=64)]
MessageId = Annotated[str, Path(max_length=64)]


def conversation_routes(service: Service) -> APIRouter:
    """The routes of conversations, apart from what is said in them."""
    router = APIRouter(tags=["conversations"])
    chatting, spoken = Depends(require(service, "chat")), Depends(speaking(service))
    store = service.store

    @router.post("/api/conversations", status_code=201, responses=described())
    async def begin(
        caller: Annotated[Caller, chatting], given: Annotated[NewConversation | None, Body()] = None
    ) -> SummaryShape:
        """Begin a conversation."""
        return summary_shape(await asyncio.to_thread(store.conversations.begin, caller.id))

    @router.get("/api/conversations", responses=described())
    async def own(caller: Annotated[Caller, chatting]) -> list[SummaryShape]:
        """The caller's own conversations, last used first."""
        found = await asyncio.to_thread(store.conversations.of, caller.id)
        return [summary_shape(one) for one in found]

    @router.get("/api/conversations/{id}", responses=described(404))
    async def read(
        id: ConversationId, caller: Annotated[Caller, chatting], language: Annotated[str, spoken]
    ) -> ConversationShape:
        """A conversation with what was said in it."""
        found = await readable_conversation(service, caller, id)
        return await asyncio.to_thread(conversation_shape, service, found, caller.reader, language)

    @router.delete("/api/conversations/{id}", status_code=204, responses=described(404))
    async def remove(id: ConversationId, caller: Annotated[Caller, chatting]) -> Response:
        """Delete a conversation, and all that is kept of it."""
        conversation = await own_conversation(service, caller, id)
        await service.reception.abandon(conversation.id)
        await asyncio.to_thread(store.conversations.remove, conversation.id)
        service.live.ring(conversation.id)
        await asyncio.to_thread(service.guard.audit.did, caller, "conversation.deleted", conversation.id)
        return Response(status_code=204)

    @router.get("/api/conversations/{id}/export", responses=described(404))
    async def export(id: ConversationId, caller: Annotated[Caller, chatting]) -> dict[str, Any]:
        """Everything that is kept of a conversation: searches, tools, model calls and seconds of each answer too."""
        conversation = await readable_conversation(service, caller, id)
        return await asyncio.to_thread(given_out, service, caller, conversation)

    router.include_router(_feedback_routes(service))
    return router


def _feedback_routes(service: Service) -> APIRouter:
    """The route of what one thinks of an answer."""
    router = APIRouter()
    chatting = Depends(require(service, "chat"))

    @router.post("/api/messages/{id}/feedback", status_code=204, responses=described(404))
    async def rate(id: MessageId, given: Rating, caller: Annotated[Caller, chatting]) -> Response:
        """Say what one thinks of an answer."""
        message = await own_message(service, caller, id)
        if message.role not in ("assistant", "agent") or not service.settings.features.feedback:
            raise Refused(404, "message_not_found", "There is no such answer.")
        await asyncio.to_thread(service.store.messages.rate, message.id, given.rating, given.reason)
        return Response(status_code=204)

    return router


def conversation_shape(
    service: Service, one: Conversation, reader: Reader, language: str = ENGLISH
) -> ConversationShape:
    """A conversation as it is sent; the number of its last event is read first, so that nothing falls between."""
    seq = service.store.events.last(one.id)
    said = service.store.messages.of(one.id)
    summary = summary_shape(one).model_dump()
    return ConversationShape(
        **summary, messages=[message_shape(message, reader, language) for message in said], seq=seq
    )


def given_out(service: Service, caller: Caller, one: Conversation) -> dict[str, Any]:
    """A conversation with how its answers came about, without those that rest on what the caller may not read."""
    shape = conversation_shape(service, one, caller.reader)
    found = ((turn, service.store.messages.find(turn["id"])) for turn in service.store.turns.of(one.id))
    turns = [turn for turn, answer in found if answer is not None and may_hear(answer, caller.reader)]
    service.guard.audit.did(caller, "conversation.exported", one.id)
    return {"conversation": shape.model_dump(mode="json"), "turns": turns}
