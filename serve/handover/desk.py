"""The desk at which people take conversations over: every step is kept before it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from sqlalchemy.exc import IntegrityError

from serve.handover.drafting import Drafting
from serve.http.failures import Refused
from serve.live import INBOX, Live
from serve.security.identity import Caller
from serve.store.inbox import Holder, Inbox
from serve.store.messages import Message
from serve.store.schema import now
from serve.store.store import Store
from serve.store.tickets import Call, State, Ticket

SOMEBODY = "Support"


class HandoverDesk:
    """What callers do with tickets. Raises `Refused` for what is not to be done; blocks, so not for an event loop.

    `wake` is called when there is news for the outbox.
    """

    def __init__(self, store: Store, inbox: Inbox, drafting: Drafting, live: Live, *, wake: Callable[[], None]) -> None:
        self._store = store
        self._inbox = inbox
        self._drafting = drafting
        self._live = live
        self._wake = wake

    def over(self, banks: Callable[[], Sequence[str]]) -> HandoverDesk:
        """The same, where what people answer is proposed for other banks."""
        return HandoverDesk(self._store, self._inbox, self._drafting.over(banks), self._live, wake=self._wake)

    async def open(self, conversation: str, summary: str) -> str:
        """File a ticket while the bot goes on answering, as an agent's tool does; its number."""
        number = await asyncio.to_thread(self._inbox.file, conversation, summary)
        self._told(conversation)
        return number

    def call(self, conversation: str, call: Call) -> bool:
        """Let a person be waited for; whether the bot answered until now."""
        called = self._store.events.call_person(conversation, call)
        self._told(conversation)
        return called

    def ticket(self, id: str) -> Ticket:
        """The ticket called `id`."""
        found = self._inbox.find(id)
        if found is None:
            raise Refused(404, "ticket_not_found", "There is no such ticket.", hint="Reload the inbox.")
        return found

    def claim(self, id: str, caller: Caller, name: str, *, take_over: bool = False) -> Ticket:
        """Take a ticket: from now on the caller answers in its conversation, under this name.

        What another holds is refused unless it is to be taken over from them. Claimed again, it stays as it is.
        """
        ticket = self.ticket(id)
        if ticket.holder == caller.id and ticket.state == "human":
            return ticket
        states: tuple[State, ...] = ("filed", "waiting", "human") if take_over else ("filed", "waiting")
        if not self._inbox.claim(id, Holder(caller.id, name or SOMEBODY), over=states):
            raise _elsewhere(self.ticket(id))
        self._told(ticket.conversation)
        return self.ticket(id)

    def answer(self, id: str, caller: Caller, message: str, text: str) -> Message:
        """Say something to the customer, under an id that the caller made; said again, it is still said once."""
        ticket = self._held(id, caller)
        known = self._store.messages.find(message)
        if known is not None:
            return self._same(known, ticket)
        said = Message(message, ticket.conversation, "agent", text, ticket.holder_name, now())
        draft = self._drafting.draft(self._store.messages.of(ticket.conversation), text, ticket.holder_name)
        try:
            if not self._inbox.answer(ticket, said, draft):
                raise _elsewhere(self.ticket(id))
        except IntegrityError:  # the same answer, sent twice at once
            known = self._store.messages.find(message)
            if known is None:
                raise
            return self._same(known, ticket)
        self._told(ticket.conversation)
        return said

    def typing(self, id: str, caller: Caller) -> None:
        """Let the customer see that they are being written to."""
        ticket = self._held(id, caller)
        self._store.events.typing(ticket.conversation, ticket.holder_name)
        self._live.ring(ticket.conversation)

    def give_back(self, id: str, caller: Caller) -> Ticket:
        """Let the bot answer again."""
        return self._ended(id, caller, self._inbox.give_back)

    def close(self, id: str, caller: Caller) -> Ticket:
        """End the conversation for good."""
        return self._ended(id, caller, self._inbox.close)

    def _ended(self, id: str, caller: Caller, end: Callable[[str], bool]) -> Ticket:
        ticket = self.ticket(id)
        if ticket.ended is not None or (ticket.holder is not None and ticket.holder != caller.id):
            raise _elsewhere(ticket)
        if not end(id):
            raise _elsewhere(self.ticket(id))
        self._told(ticket.conversation)
        return self.ticket(id)

    def _held(self, id: str, caller: Caller) -> Ticket:
        """The ticket, which the caller has to hold."""
        ticket = self.ticket(id)
        if ticket.state != "human" or ticket.holder != caller.id:
            raise _elsewhere(ticket)
        return ticket

    def _same(self, known: Message, ticket: Ticket) -> Message:
        if known.conversation == ticket.conversation and known.role == "agent":
            return known
        raise Refused(409, "id_taken", "Another message has this id:", hint="send each message under an id of its own.")

    def _told(self, conversation: str) -> None:
        self._live.ring(conversation)
        self._live.ring(INBOX)
        self._wake()


def _elsewhere(ticket: Ticket) -> Refused:
    """Why a step is not the caller's to make, as the ticket stands."""
    if ticket.ended is not None:
        return Refused(409, "ended", f"{ticket.number} is over.", hint="Reload the inbox.")
    if ticket.state == "human":
        return Refused(409, "held", f"{ticket.holder_name} has {ticket.number}:", hint="take it over from them first.")
    return Refused(409, "not_claimed", f"Nobody has taken {ticket.number} yet:", hint="claim it first.")
