"""Conversations: whose they are, what they are called, and who answers in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, metadata, new_id, now

State = Literal["bot", "waiting", "human", "closed"]
# By which way it is asked: in a conversation that is held here, or by a program in one of its protocols.
Channel = Literal["chat", "api", "openai", "mcp"]

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("topic", String, nullable=False),
    Column("details", Json, nullable=False),
    Column("channel", String(20), nullable=False, server_default="chat"),
    Index(None, "owner", "updated"),
    Index(None, "state", "updated"),
    Index(None, "channel", "updated"),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation. `owner` is the id of whoever began it; `topic` the last question that stands alone.

    In another `channel` than "chat" it is what is kept of a program's question.
    """

    id: str
    owner: str
    title: str
    state: State
    created: datetime
    updated: datetime
    topic: str = ""
    channel: Channel = "chat"


class Conversations:
    """The table of conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, owner: str, *, title: str = "") -> Conversation:
        """A new conversation of `owner`."""
        moment = now()
        made = Conversation(new_id(), owner, title, "bot", moment, moment)
        with self._database.writing() as connection:
            insert_conversation(connection, made)
        return made

    def find(self, id: str) -> Conversation | None:
        """The conversation called `id`."""
        with self._database.reading() as connection:
            row = connection.execute(select(conversations).where(conversations.c.id == id)).one_or_none()
        return _conversation(row) if row else None

    def of(self, owner: str, *, limit: int = 100) -> tuple[Conversation, ...]:
        """Those that `owner` holds here, last used first."""
        return self._those((conversations.c.owner == owner) & (conversations.c.channel == "chat"), limit)

    def of_everybody(
        self, *, channel: Channel | None = None, before: datetime | None = None, limit: int = 100
    ) -> tuple[Conversation, ...]:
        """Those of everybody, last used first: of one channel, and last used before a moment, where these are given."""
        wanted = true() if channel is None else conversations.c.channel == channel
        return self._those(wanted if before is None else wanted & (conversations.c.updated < before), limit)

    def remove(self, id: str) -> bool:
        """Delete it with everything that was said in it; whether it was there."""
        with self._database.writing() as connection:
            return connection.execute(delete(conversations).where(conversations.c.id == id)).rowcount > 0

    def count(self) -> int:
        """How many there are."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(conversations)).scalar_one()

    def _those(self, which: ColumnElement[bool], limit: int) -> tuple[Conversation, ...]:
        wanted = select(conversations).where(which).order_by(conversations.c.updated.desc()).limit(limit)
        with self._database.reading() as connection:
            return tuple(_conversation(row) for row in connection.execute(wanted).all())


def insert_conversation(connection: Connection, one: Conversation) -> None:
    """Begin it, within a transaction."""
    connection.execute(insert(conversations).values(**_fields(one), details={}))


def touch(connection: Connection, id: str, **values: Any) -> None:
    """Note, within a transaction, that the conversation was used now; `values` are columns that change with it."""
    connection.execute(update(conversations).where(conversations.c.id == id).values(updated=now(), **values))


def is_answered_by_bot(connection: Connection, id: str) -> bool:
    """Whether the bot answers in it, which stays so until the transaction ends."""
    wanted = select(conversations.c.state).where(conversations.c.id == id).with_for_update()
    return connection.execute(wanted).scalar() == "bot"


def _fields(one: Conversation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Conversation.__slots__}


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(**{name: row._mapping[name] for name in Conversation.__slots__})
