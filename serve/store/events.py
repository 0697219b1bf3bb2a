"""What happened in a conversation, in order, so that whoever was away can be told what they missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, delete, func, insert, select, update

from serve.store.conversations import State, conversations, touch
from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, Sequence, metadata, now
from serve.store.tickets import Call, open_ticket

Kind = Literal["message", "state", "typing", "customer_typing"]
# How often it is noted that the customer is writing, and how long either side is shown that somebody is.
TYPING_EVERY = timedelta(seconds=2)
TYPING_SHOWN = timedelta(seconds=8)
NOTHING: Mapping[str, Any] = {}
# Any number that no other program uses for a lock in the same PostgreSQL database.
IN_ORDER = 0x5EFDE5D

events = Table(
    "events",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("conversation", Id, ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("message", Id),
    Column("data", Json, nullable=False),
    Column("created", Moment, nullable=False),
    Index(None, "conversation", "seq"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `message` is the one that was said or changed."""

    seq: int
    conversation: str
    kind: Kind
    message: str | None
    data: Mapping[str, Any] = field(default_factory=dict)
    created: datetime | None = None

    @property
    def is_past(self) -> bool:
        """Whether it says that somebody is writing who has long written."""
        is_typing = self.kind in ("typing", "customer_typing")
        return is_typing and self.created is not None and now() - self.created > TYPING_SHOWN


class Events:
    """The table of events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, conversation: str, seq: int, *, limit: int = 200) -> tuple[Event, ...]:
        """What happened after the event `seq`, oldest first."""
        wanted = (events.c.conversation == conversation) & (events.c.seq > seq)
        with self._database.reading() as connection:
            rows = connection.execute(select(events).where(wanted).order_by(events.c.seq).limit(limit)).all()
        return tuple(Event(**row._mapping) for row in rows)

    def last(self, conversation: str) -> int:
        """The number of the last event; 0 where nothing happened."""
        wanted = select(events.c.seq).where(events.c.conversation == conversation).order_by(events.c.seq.desc())
        with self._database.reading() as connection:
            return connection.execute(wanted.limit(1)).scalar() or 0

    def set_state(self, conversation: str, state: State, *, data: Mapping[str, Any] = NOTHING) -> None:
        """Who answers in the conversation from now on; `data` says why."""
        with self._database.writing() as connection:
            change_state(connection, conversation, state, data=data)

    def call_person(self, conversation: str, call: Call) -> bool:
        """Let a person be waited for, under an open ticket; whether the bot answered until now."""
        with self._database.writing() as connection:
            return call_person(connection, conversation, call, data={"reason": call.reason, "contact": call.contact})

    def typing(self, conversation: str, author: str) -> None:
        """Somebody is writing to the customer; only the last such event of a conversation is kept."""
        with self._database.writing() as connection:
            older = (events.c.conversation == conversation) & (events.c.kind == "typing")
            connection.execute(delete(events).where(older))
            insert_event(connection, conversation, "typing", data={"author": author})

    def customer_typing(self, conversation: str) -> bool:
        """The customer is writing to the person who has the conversation; whether that is news.

        Nothing of what they write is kept, and only the last such event of a conversation.
        """
        same = (events.c.conversation == conversation) & (events.c.kind == "customer_typing")
        state = select(conversations.c.state).where(conversations.c.id == conversation)
        with self._database.reading() as connection:
            last = connection.execute(select(func.max(events.c.created)).where(same)).scalar()
            held = connection.execute(state).scalar() == "human"
        if not held or (last is not None and now() - last < TYPING_EVERY):
            return False
        with self._database.writing() as connection:
            connection.execute(delete(events).where(same))
            insert_event(connection, conversation, "customer_typing")
        return True


def call_person(connection: Connection, conversation: str, call: Call, *, data: Mapping[str, Any] = NOTHING) -> bool:
    """Within a transaction, let a person be waited for where the bot answered until now, and open a ticket.

    Gives whether it did; `data` is what the customer is told.
    """
    bots = (conversations.c.id == conversation) & (conversations.c.state == "bot")
    if not connection.execute(update(conversations).where(bots).values(state="waiting", updated=now())).rowcount:
        return False
    open_ticket(connection, conversation, call)
    insert_event(connection, conversation, "state", data={**data, "state": "waiting"})
    return True


def change_state(connection: Connection, conversation: str, state: State, *, data: Mapping[str, Any] = NOTHING) -> None:
    """Who answers in the conversation from now on, within a transaction; a person is waited for under a ticket."""
    if state == "waiting":
        call_person(
            connection, conversation, Call("request", data.get("reason", ""), data.get("contact", "")), data=data
        )
        return
    touch(connection, conversation, state=state)
    insert_event(connection, conversation, "state", data={**data, "state": state})


def insert_event(
    connection: Connection,
    conversation: str,
    kind: Kind,
    *,
    message: str | None = None,
    data: Mapping[str, Any] = NOTHING,
) -> None:
    """Note, within a transaction, what happened."""
    if connection.dialect.name == "postgresql":
        # Of two events the one with the greater number is seen later, by whoever reads on from a number: it is given
        # to one transaction at a time. Whoever waits here holds no row that is changed after an event was noted.
        connection.execute(select(func.pg_advisory_xact_lock(IN_ORDER)))
    values = {"conversation": conversation, "kind": kind, "message": message, "data": dict(data), "created": now()}
    connection.execute(insert(events).values(**values))
