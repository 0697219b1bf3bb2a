"""The inbox: tickets as people take them, answer in them, give them back and close them, each in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, ScalarSelect, case, func, select, update

from serve.store.conversations import State as Answerer
from serve.store.conversations import conversations
from serve.store.database import Database
from serve.store.events import Event, change_state, events, insert_event
from serve.store.messages import Message, insert_message, messages
from serve.store.outbox import insert_news
from serve.store.proposals import Draft, propose
from serve.store.schema import now
from serve.store.tickets import OPEN, Call, State, Ticket, as_ticket, number_of, open_ticket, tickets

LONGEST_LINE = 240


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket as it is listed: what its conversation is called, and what was said last in it."""

    ticket: Ticket
    title: str
    last_role: str
    last_text: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who takes a ticket: their id, and the name that the customer sees."""

    id: str
    name: str


class Inbox:
    """The tables of tickets and what hangs on them, as the people behind the service use them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, id: str) -> Ticket | None:
        """The ticket called `id`."""
        with self._database.reading() as connection:
            row = connection.execute(select(tickets).where(tickets.c.id == id)).one_or_none()
        return as_ticket(row) if row else None

    def lines(self, *, ended: bool = False, limit: int = 200) -> tuple[Line, ...]:
        """The tickets that are open, those that wait longest first; or those that ended, the latest first."""
        rank = case({state: place for place, state in enumerate(OPEN)}, value=tickets.c.state, else_=len(OPEN))
        order = (tickets.c.ended.desc(),) if ended else (rank, tickets.c.seq)
        wanted = select(tickets, conversations.c.title, _last("role"), _last("text")).join(conversations)
        shown = tickets.c.ended.is_not(None) if ended else tickets.c.ended.is_(None)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.where(shown).order_by(*order).limit(limit)).all()
        return tuple(
            Line(as_ticket(row), row.title, row.last_role or "", (row.last_text or "")[:LONGEST_LINE]) for row in rows
        )

    def of(self, conversation: str) -> tuple[Ticket, ...]:
        """The tickets of a conversation, oldest first."""
        wanted = select(tickets).where(tickets.c.conversation == conversation).order_by(tickets.c.seq)
        with self._database.reading() as connection:
            return tuple(as_ticket(row) for row in connection.execute(wanted).all())

    def file(self, conversation: str, reason: str) -> str:
        """A ticket about a conversation in which the bot goes on answering; its number."""
        with self._database.writing() as connection:
            return number_of(open_ticket(connection, conversation, Call("tool", reason), live=False))

    def claim(self, id: str, holder: Holder, *, over: Iterable[State] = ("filed", "waiting")) -> bool:
        """Take a ticket that is in one of these states; whether it was. From now on the holder answers."""
        with self._database.writing() as connection:
            free = (tickets.c.id == id) & tickets.c.state.in_(list(over))
            taken = {"state": "human", "holder": holder.id, "holder_name": holder.name, "claimed": now()}
            if not _changed(connection, free, taken):
                return False
            _let_answer(connection, id, "human", author=holder.name)
            insert_news(connection, id, "ticket.claimed")
        return True

    def answer(self, ticket: Ticket, message: Message, draft: Draft | None) -> bool:
        """Keep what the holder says, and what it teaches; whether they still hold the ticket."""
        with self._database.writing() as connection:
            held = (tickets.c.id == ticket.id) & (tickets.c.state == "human") & (tickets.c.holder == ticket.holder)
            if not _changed(connection, held, {}):
                return False
            insert_message(connection, message)
            insert_event(connection, message.conversation, "message", message=message.id)
            if draft is not None:
                propose(connection, ticket.id, draft)
        return True

    def give_back(self, id: str) -> bool:
        """Let the bot answer again; whether the ticket was open."""
        return self._end(id, "returned", "bot")

    def close(self, id: str) -> bool:
        """End the conversation; whether the ticket was open."""
        return self._end(id, "closed", "closed")

    def happened(self, seq: int, *, limit: int = 200) -> tuple[tuple[Event, str], ...]:
        """What happened after the event `seq` in conversations with tickets, each with the latest ticket's id."""
        latest = select(tickets.c.id).where(tickets.c.conversation == events.c.conversation)
        ticket = latest.order_by(tickets.c.seq.desc()).limit(1).scalar_subquery()
        told = (events.c.seq > seq) & events.c.conversation.in_(select(tickets.c.conversation))
        wanted = select(events, ticket.label("ticket")).where(told & (events.c.kind != "typing"))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(events.c.seq).limit(limit)).all()
        return tuple((Event(**{name: row._mapping[name] for name in Event.__slots__}), row.ticket) for row in rows)

    def last_event(self) -> int:
        """The number of the last event of all conversations."""
        with self._database.reading() as connection:
            return connection.execute(select(func.max(events.c.seq))).scalar() or 0

    def _end(self, id: str, state: State, answerer: Answerer) -> bool:
        with self._database.writing() as connection:
            if not _changed(connection, tickets.c.id == id, {"state": state, "ended": now()}):
                return False
            _let_answer(connection, id, answerer)
            insert_news(connection, id, "ticket.returned" if state == "returned" else "ticket.closed")
        return True


def _changed(connection: Connection, which: Any, values: dict[str, Any]) -> bool:
    """Change an open ticket where it is as `which` says; whether it was."""
    changing = update(tickets).where(which, tickets.c.ended.is_(None)).values(updated=now(), **values)
    return connection.execute(changing).rowcount > 0


def _let_answer(connection: Connection, ticket: str, answerer: Answerer, **data: str) -> None:
    conversation = select(tickets.c.conversation).where(tickets.c.id == ticket)
    change_state(connection, connection.execute(conversation).scalar_one(), answerer, data=data)


def _last(column: str) -> Any:
    """A column of what was said last by the customer or a person: the bot's words may rest on what not all may read."""
    said = (messages.c.conversation == tickets.c.conversation) & messages.c.role.in_(["user", "agent"])
    found: ScalarSelect[Any] = (
        select(messages.c[column]).where(said).order_by(messages.c.seq.desc()).limit(1).scalar_subquery()
    )
    return found.label(f"last_{column}")
