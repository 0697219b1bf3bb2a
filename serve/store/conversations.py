"""Conversations: whose they are, what they are called, and who answers in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, Index, Row, String, Table, delete, func, insert, select, update

from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, metadata, new_id, now

State = Literal["bot", "waiting", "human", "closed"]

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
    Index(None, "owner", "updated"),
    Index(None, "state", "updated"),
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation. `owner` is the id of whoever began it; `topic` the last question that stands alone."""

    id: str
    owner: str
    title: str
    state: State
    created: datetime
    updated: datetime
    topic: str = ""


class Conversations:
    """The table of conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, owner: str, *, title: str = "") -> Conversation:
        """A new conversation of `owner`."""
        moment = now()
        made = Conversation(new_id(), owner, title, "bot", moment, moment)
        with self._database.writing() as connection:
            connection.execute(insert(conversations).values(**_fields(made), details={}))
        return made

    def find(self, id: str) -> Conversation | None:
        """The conversation called `id`."""
        with self._database.reading() as connection:
            row = connection.execute(select(conversations).where(conversations.c.id == id)).one_or_none()
        return _conversation(row) if row else None

    def of(self, owner: str, *, limit: int = 100) -> tuple[Conversation, ...]:
        """Those of `owner` in which something was said or begun, last used first."""
        wanted = select(conversations).where(conversations.c.owner == owner)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(conversations.c.updated.desc()).limit(limit)).all()
        return tuple(_conversation(row) for row in rows)

    def in_state(self, states: Iterable[State], *, limit: int = 200) -> tuple[Conversation, ...]:
        """Those in one of `states`, last used first."""
        wanted = select(conversations).where(conversations.c.state.in_(list(states)))
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(conversations.c.updated.desc()).limit(limit)).all()
        return tuple(_conversation(row) for row in rows)

    def remove(self, id: str) -> bool:
        """Delete it with everything that was said in it; whether it was there."""
        with self._database.writing() as connection:
            return connection.execute(delete(conversations).where(conversations.c.id == id)).rowcount > 0

    def count(self) -> int:
        """How many there are."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(conversations)).scalar_one()


def touch(connection: Connection, id: str, **values: Any) -> None:
    """Note, within a transaction, that the conversation was used now; `values` are columns that change with it."""
    connection.execute(update(conversations).where(conversations.c.id == id).values(updated=now(), **values))


def is_answered_by_bot(connection: Connection, id: str) -> bool:
    """Whether the bot answers in it, which stays so until the transaction ends."""
    wanted = select(conversations.c.state).where(conversations.c.id == id).with_for_update()
    return connection.execute(wanted).scalar() == "bot"


def _fields(one: Conversation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("id", "owner", "title", "state", "created", "updated", "topic")}


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(row.id, row.owner, row.title, row.state, row.created, row.updated, row.topic)
