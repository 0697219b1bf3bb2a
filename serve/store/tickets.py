"""Tickets: what people are called for, who has taken it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, String, Table, insert, select, text, update

from serve.store.conversations import conversations
from serve.store.outbox import insert_news
from serve.store.schema import Id, Moment, Sequence, metadata, new_id, now

Trigger = Literal["request", "confidence", "unanswered", "rule", "agent", "tool"]
State = Literal["filed", "waiting", "human", "returned", "closed"]
OPEN: tuple[State, ...] = ("waiting", "filed", "human")

tickets = Table(
    "tickets",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("conversation", Id, ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("trigger", String(20), nullable=False),
    Column("reason", String, nullable=False),
    Column("contact", String(300), nullable=False),
    Column("message", Id),
    Column("holder", String(200)),
    Column("holder_name", String(200), nullable=False),
    Column("opened", Moment, nullable=False),
    Column("claimed", Moment),
    Column("ended", Moment),
    Column("updated", Moment, nullable=False),
    Index(None, "state", "seq"),
    # In a conversation there is one open ticket at most, however many ask at once.
    Index(
        "uq_tickets_open",
        "conversation",
        unique=True,
        sqlite_where=text("ended IS NULL"),
        postgresql_where=text("ended IS NULL"),
    ),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Call:
    """Why a person is called: what led to it, in whose words, and on account of which message.

    `contact` is where the customer is reached, should they have left.
    """

    trigger: Trigger
    reason: str = ""
    contact: str = ""
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket. While it is `filed`, the bot goes on answering; `waiting` and `human`, it is silent.

    `message` is the answer that led to it, if one did; `holder` the id of whoever has taken it.
    """

    seq: int
    id: str
    conversation: str
    state: State
    trigger: Trigger
    reason: str
    contact: str
    message: str | None
    holder: str | None
    holder_name: str
    opened: datetime
    claimed: datetime | None
    ended: datetime | None
    updated: datetime

    @property
    def number(self) -> str:
        """The ticket as people write it."""
        return number_of(self.seq)


def number_of(seq: int) -> str:
    """A ticket's number as people write it."""
    return f"T-{seq}"


def open_ticket(connection: Connection, conversation: str, call: Call, *, live: bool = True) -> int:
    """Within a transaction, the ticket of the conversation that is open, or a new one; its number.

    `live` says that somebody waits for a person now; a ticket that was merely filed becomes such a one.
    """
    open_one = (tickets.c.conversation == conversation) & tickets.c.ended.is_(None)
    known = connection.execute(select(tickets).where(open_one)).one_or_none()
    if known is None:
        return _insert(connection, conversation, call, state="waiting" if live else "filed")
    changed: dict[str, Any] = {"reason": "\n".join(dict.fromkeys(filter(None, (known.reason, call.reason))))}
    if live and known.state == "filed":
        changed |= {"state": "waiting", "trigger": call.trigger, "message": call.message or known.message}
        insert_news(connection, known.id, "ticket.waiting")
    if call.contact:
        changed["contact"] = call.contact
    connection.execute(update(tickets).where(tickets.c.id == known.id).values(updated=now(), **changed))
    return int(known.seq)


def as_ticket(row: Row[Any]) -> Ticket:
    """A row of the table, whatever else it holds."""
    return Ticket(**{name: row._mapping[name] for name in Ticket.__slots__})


def _insert(connection: Connection, conversation: str, call: Call, *, state: State) -> int:
    moment, id = now(), new_id()
    values = {name: getattr(call, name) for name in Call.__slots__}
    values |= {"id": id, "conversation": conversation, "state": state, "holder_name": ""}
    made = connection.execute(insert(tickets).values(**values, opened=moment, updated=moment))
    insert_news(connection, id, "ticket.opened")
    (seq,) = made.inserted_primary_key or (0,)
    return int(seq)
