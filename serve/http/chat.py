"""What is said in a conversation: questions, whose turns are told as they go, and what happens besides."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from knowledge.types import Reader
from serve.http.conversations import ConversationId
from serve.http.described import described
from serve.http.event_stream import PING, PING_SECONDS, EventStream, frame
from serve.http.failures import error_json
from serve.http.inbox_shapes import Nothing
from serve.http.language import speaking
from serve.http.ownership import own_conversation, readable_conversation
from serve.http.shapes import NewMessage, Retry, message_shape
from serve.live import INBOX
from serve.security.caller import Caller, asking, require
from serve.service import Service
from serve.store.events import Event
from serve.turns.events import Accepted, Answered, Delta, Ended, Failed, Progress, TurnEvent
from serve.turns.run import Run

STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}, "description": "What happens."}}
READ_AT_ONCE = 200
# No event has a greater number.
LAST = 2**62


def chat_routes(service: Service) -> APIRouter:
    """The routes of what is said."""
    router = APIRouter(tags=["chat"])
    questioner, spoken = Depends(asking(service, "chat")), Depends(speaking(service))
    streams = service.guard.streams

    @router.post(
        "/api/conversations/{id}/messages",
        status_code=200,
        response_class=EventStream,
        responses=described(404, 409) | STREAM,
    )
    async def ask(
        id: ConversationId,
        given: NewMessage,
        caller: Annotated[Caller, questioner],
        language: Annotated[str, spoken],
    ) -> EventStream:
        """Ask; the answer comes as events. The question is kept before the first of them, whoever stays to hear."""
        service.guard.check_question(given.text)
        conversation = await own_conversation(service, caller, id)
        run = await service.reception.ask(conversation, given.id, given.text, caller.reader, language=language)
        return EventStream(told(run, caller.reader, language), streams.hold(caller))

    @router.post(
        "/api/conversations/{id}/retry",
        status_code=200,
        response_class=EventStream,
        responses=described(404, 409) | STREAM,
    )
    async def retry(
        id: ConversationId, given: Retry, caller: Annotated[Caller, questioner], language: Annotated[str, spoken]
    ) -> EventStream:
        """Answer a question again; the answer until now gives way."""
        conversation = await own_conversation(service, caller, id)
        run = await service.reception.retry(conversation, given.message, caller.reader, language=language)
        return EventStream(told(run, caller.reader, language), streams.hold(caller))

    router.include_router(_live_routes(service))
    return router


def _live_routes(service: Service) -> APIRouter:
    """The routes of what happens besides."""
    router = APIRouter()
    chatting, spoken = Depends(require(service, "chat")), Depends(speaking(service))

    @router.get(
        "/api/conversations/{id}/events",
        status_code=200,
        response_class=EventStream,
        responses=described(404) | STREAM,
    )
    async def events(
        id: ConversationId,
        caller: Annotated[Caller, chatting],
        language: Annotated[str, spoken],
        after: Annotated[int, Query(ge=0, le=LAST)] = 0,
        last_event_id: Annotated[str, Header(max_length=20)] = "",
    ) -> EventStream:
        """What happens in a conversation after the event `after`, or Last-Event-ID, for as long as one listens."""
        conversation = await readable_conversation(service, caller, id)
        seen = min(int(last_event_id), LAST) if last_event_id.isascii() and last_event_id.isdecimal() else after
        happening = happenings(service, conversation.id, seen, caller.reader, language)
        return EventStream(service.guard.while_known(caller, happening), service.guard.streams.hold(caller))

    @router.post("/api/conversations/{id}/stop", status_code=202, responses=described(404))
    async def stop(id: ConversationId, caller: Annotated[Caller, chatting]) -> Response:
        """Give up the answer that is being written; what was shown of it stays."""
        conversation = await own_conversation(service, caller, id)
        await service.reception.stop(conversation.id)
        return Response(status_code=202)

    @router.post("/api/conversations/{id}/typing", status_code=204, responses=described(404))
    async def typing(id: ConversationId, given: Nothing, caller: Annotated[Caller, chatting]) -> Response:
        """Let the person who has the conversation see that they are being written to; nothing where nobody has it."""
        conversation = await own_conversation(service, caller, id)
        if await asyncio.to_thread(service.store.events.customer_typing, conversation.id):
            service.live.ring(INBOX)
        return Response(status_code=204)

    return router


async def told(run: Run, reader: Reader, language: str) -> AsyncIterator[bytes]:
    """A turn as server-sent events, from its beginning."""
    async for event in run.follow(every=PING_SECONDS):
        yield PING if event is None else frame(event.name, event_json(event, reader, language))


def event_json(event: TurnEvent, reader: Reader, language: str) -> dict[str, Any]:
    """What an event says."""
    match event:
        case Accepted(message) | Answered(message):
            return {"message": message_shape(message, reader, language).model_dump(mode="json")}
        case Progress(stage, label, detail):
            return {"stage": stage, "label": label, "detail": dict(detail)}
        case Delta(id, text):
            return {"id": id, "text": text}
        case Failed(code, message, hint):
            return error_json(code, message, hint)
        case Ended():
            return {}


async def happenings(
    service: Service, conversation: str, after: int, reader: Reader, language: str
) -> AsyncGenerator[bytes]:
    """What happens in a conversation, until it is deleted or the service ends."""
    with service.live.listen(conversation) as bell:
        while not service.reception.is_draining:
            found = await asyncio.to_thread(service.store.events.after, conversation, after, limit=READ_AT_ONCE)
            for event in found:
                after = event.seq
                data = await asyncio.to_thread(happening_json, service, event, reader, language)
                if data is not None:
                    yield frame(event.kind, data, id=str(event.seq))
            if len(found) == READ_AT_ONCE:
                continue
            if not await bell.wait(PING_SECONDS):
                yield PING
            elif await asyncio.to_thread(service.store.conversations.find, conversation) is None:
                return


def happening_json(service: Service, event: Event, reader: Reader, language: str) -> dict[str, Any] | None:
    """What an event says now; nothing where its message gave way to another, or somebody has long written."""
    if event.is_past or event.kind == "customer_typing":  # customers know themselves that they write
        return None
    if event.message is None:
        return dict(event.data)
    message = service.store.messages.find(event.message)
    if message is None or message.superseded:
        return None
    return {"message": message_shape(message, reader, language).model_dump(mode="json")}
