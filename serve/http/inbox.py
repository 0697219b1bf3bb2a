"""The inbox: tickets of conversations that were handed over, and what people do with them."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response

from serve.handover.evidence import evidence_of
from serve.http.chat import LAST, READ_AT_ONCE, STREAM
from serve.http.conversations import conversation_shape
from serve.http.described import described
from serve.http.event_stream import PING, PING_SECONDS, EventStream, frame
from serve.http.failures import Refused
from serve.http.inbox_shapes import (
    Answer,
    Claim,
    DetailShape,
    InboxShape,
    Nothing,
    TicketShape,
    delivery_shape,
    evidence_shape,
    line_shape,
    proposal_shape,
    ticket_shape,
)
from serve.http.shapes import MessageShape, message_shape
from serve.live import INBOX
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.tickets import Ticket

TicketId = Annotated[str, Path(max_length=64)]
# News may come from another process, which rings no bell here.
LOOK_SECONDS = 1.0
MOST = 500


def inbox_routes(service: Service) -> APIRouter:
    """The routes of the inbox; everything is read as the caller."""
    router = APIRouter(tags=["inbox"])
    answering = Depends(require(service, "inbox"))

    @router.get("/api/inbox", responses=described())
    def inbox(
        caller: Annotated[Caller, answering],
        ended: Annotated[bool, Query(description="Those that are over, instead of those that are open.")] = False,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 200,
    ) -> InboxShape:
        """The tickets: those that wait longest first, or those that are over, the latest first."""
        seq = service.handover.inbox.last_event()
        lines = service.handover.inbox.lines(ended=ended, limit=limit)
        late = {one.ticket for one in service.handover.outbox.of([line.ticket.id for line in lines]) if one.error}
        return InboxShape(tickets=[line_shape(line, caller, late) for line in lines], seq=seq)

    @router.get("/api/inbox/events", status_code=200, response_class=EventStream, responses=described() | STREAM)
    async def events(
        caller: Annotated[Caller, answering],
        after: Annotated[int, Query(ge=0, le=LAST)] = 0,
        last_event_id: Annotated[str, Header(max_length=20)] = "",
    ) -> EventStream:
        """What happens to tickets after the event `after`, or Last-Event-ID: `message`, `state`, `customer_typing` and
        `changed`."""
        known = min(int(last_event_id), LAST) if last_event_id.isascii() and last_event_id.isdecimal() else after
        begin = known or await asyncio.to_thread(service.handover.inbox.last_event)
        told = service.guard.while_known(caller, happenings(service, begin))
        return EventStream(told, service.guard.streams.hold(caller))

    @router.get("/api/inbox/{ticket}", responses=described(404))
    def read(ticket: TicketId, caller: Annotated[Caller, answering]) -> DetailShape:
        """A ticket with its conversation, what stood behind the answer that led to it, and what came of it."""
        return detail(service, service.handover.desk.ticket(ticket), caller)

    router.include_router(_answering_routes(service))
    return router


def _answering_routes(service: Service) -> APIRouter:
    """The routes of what is done with one ticket."""
    router = APIRouter()
    answering = Depends(require(service, "inbox"))
    desk, audit = service.handover.desk, service.guard.audit

    @router.post("/api/inbox/{ticket}/claim", responses=described(404, 409))
    async def claim(ticket: TicketId, given: Claim, caller: Annotated[Caller, answering]) -> TicketShape:
        """Take a ticket: the bot is silent from now on, and the caller answers."""
        taken = await asyncio.to_thread(desk.claim, ticket, caller, given.name, take_over=given.take_over)
        # What the bot was about to say is no longer its to say.
        await service.reception.abandon(taken.conversation)
        await asyncio.to_thread(audit.did, caller, "ticket.claimed", taken.number)
        return ticket_shape(taken, caller)

    @router.post("/api/inbox/{ticket}/answer", responses=described(404, 409))
    def answer(ticket: TicketId, given: Answer, caller: Annotated[Caller, answering]) -> MessageShape:
        """Say something to the customer; it is kept before it is told."""
        said = desk.answer(ticket, caller, given.id, given.text)
        return message_shape(said, caller.reader)

    @router.post("/api/inbox/{ticket}/typing", status_code=204, responses=described(404, 409))
    def typing(ticket: TicketId, given: Nothing, caller: Annotated[Caller, answering]) -> Response:
        """Let the customer see that they are being written to."""
        desk.typing(ticket, caller)
        return Response(status_code=204)

    @router.post("/api/inbox/{ticket}/return", responses=described(404, 409))
    def give_back(ticket: TicketId, given: Nothing, caller: Annotated[Caller, answering]) -> TicketShape:
        """Let the bot answer again."""
        ended = desk.give_back(ticket, caller)
        audit.did(caller, "ticket.returned", ended.number)
        return ticket_shape(ended, caller)

    @router.post("/api/inbox/{ticket}/close", responses=described(404, 409))
    def close(ticket: TicketId, given: Nothing, caller: Annotated[Caller, answering]) -> TicketShape:
        """End the conversation for good."""
        ended = desk.close(ticket, caller)
        audit.did(caller, "ticket.closed", ended.number)
        return ticket_shape(ended, caller)

    @router.post("/api/inbox/{ticket}/deliver", status_code=202, responses=described(404))
    def deliver(ticket: TicketId, given: Nothing, caller: Annotated[Caller, answering]) -> Response:
        """Try anew to deliver news of the ticket that has not arrived."""
        service.handover.outbox.send_again(desk.ticket(ticket).id)
        service.handover.courier.wake()
        return Response(status_code=202)

    return router


def detail(service: Service, ticket: Ticket, caller: Caller) -> DetailShape:
    """A ticket as whoever answers reads it."""
    conversation = service.store.conversations.find(ticket.conversation)
    if conversation is None:
        raise Refused(404, "ticket_not_found", "This conversation was deleted.", hint="Reload the inbox.")
    found = evidence_of(service.store, service.library, ticket, caller.reader)
    return DetailShape(
        ticket=ticket_shape(ticket, caller),
        conversation=conversation_shape(service, conversation, caller.reader),
        evidence=evidence_shape(found) if found else None,
        deliveries=[delivery_shape(one) for one in service.handover.outbox.of([ticket.id])],
        proposals=[proposal_shape(one) for one in service.handover.proposals.latest(ticket=ticket.id)],
    )


async def happenings(service: Service, after: int) -> AsyncGenerator[bytes]:
    """What happens to tickets, until the service ends; what was said is read with the ticket."""
    silent = 0.0
    with service.live.listen(INBOX) as bell:
        while not service.reception.is_draining:
            rung = await bell.wait(LOOK_SECONDS)
            found = await asyncio.to_thread(service.handover.inbox.happened, after, limit=READ_AT_ONCE)
            for event, ticket in found:
                after = event.seq
                if event.is_past:
                    continue
                yield frame(event.kind, {"ticket": ticket, "conversation": event.conversation}, id=str(after))
            if rung and not found:
                yield frame("changed", {})
            silent = 0.0 if rung or found else silent + LOOK_SECONDS
            if silent >= PING_SECONDS:
                silent = 0.0
                yield PING
