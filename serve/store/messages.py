"""Messages: what was said, by whom, and on what it rests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Boolean, Column, Connection, Float, ForeignKey, Index, Row, String, Table, insert, select, update

from serve.store.conversations import conversations, touch
from serve.store.database import Database
from serve.store.events import insert_event
from serve.store.schema import Id, Json, Moment, Sequence, metadata

Role = Literal["user", "assistant", "agent", "system"]
Status = Literal["complete", "stopped", "failed", "pending"]

messages = Table(
    "messages",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("conversation", Id, ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("answers", Id),
    Column("role", String(20), nullable=False),
    Column("author", String(200), nullable=False),
    Column("text", String, nullable=False),
    Column("created", Moment, nullable=False),
    Column("status", String(20), nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("confidence", Float),
    Column("citations", Json, nullable=False),
    Column("closest", Json, nullable=False),
    Column("followups", Json, nullable=False),
    Column("rating", String(10)),
    Column("reason", String),
    Column("model", String(200)),
    Column("host", String(300)),
    Column("understood", String, nullable=False),
    Column("access", Json, nullable=False),
    Column("superseded", Boolean, nullable=False),
    Index(None, "conversation", "seq"),
)


@dataclass(frozen=True, slots=True)
class CitedPlace:
    """Words of a document that an answer rests on, as they are shown; `number` is the mark in the text."""

    number: int
    title: str
    bank: str
    uri: str
    document_id: int
    start: int
    end: int
    quote: str
    page: int | None = None
    headings: tuple[str, ...] = ()
    kind: Literal["pdf", "text"] = "text"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that was said. `answers` is the message that it answers; `understood` the question as it was taken.

    `access` holds, for each document behind it that is not for everybody, the roles that may read it. One that is
    `superseded` gave way to another try, and is no longer shown.
    """

    id: str
    conversation: str
    role: Role
    text: str
    author: str
    created: datetime
    status: Status = "complete"
    answers: str | None = None
    abstained: bool = False
    confidence: float | None = None
    citations: tuple[CitedPlace, ...] = ()
    closest: tuple[CitedPlace, ...] = ()
    followups: tuple[str, ...] = ()
    rating: Literal["up", "down"] | None = None
    reason: str = ""
    model: str | None = None
    host: str | None = None
    understood: str = ""
    access: tuple[tuple[str, ...], ...] = ()
    superseded: bool = False
    seq: int = field(default=0, compare=False)


class Messages:
    """The table of messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, message: Message) -> Message:
        """Keep it; it is on disk when this returns, and its conversation is the one that was used last."""
        with self._database.writing() as connection:
            insert_message(connection, message)
            insert_event(connection, message.conversation, "message", message=message.id)
        return message

    def find(self, id: str) -> Message | None:
        """The message called `id`."""
        with self._database.reading() as connection:
            row = connection.execute(select(messages).where(messages.c.id == id)).one_or_none()
        return _message(row) if row else None

    def of(self, conversation: str, *, limit: int = 1000) -> tuple[Message, ...]:
        """The last messages of a conversation, in the order in which they were said, without those superseded."""
        shown = (messages.c.conversation == conversation) & ~messages.c.superseded
        wanted = select(messages).where(shown).order_by(messages.c.seq.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return tuple(_message(row) for row in reversed(rows))

    def rated(self) -> tuple[Message, ...]:
        """Every answer that somebody rated and that is still shown, in the order in which they were given."""
        wanted = (
            select(messages).where(messages.c.rating.is_not(None) & ~messages.c.superseded).order_by(messages.c.seq)
        )
        with self._database.reading() as connection:
            return tuple(_message(row) for row in connection.execute(wanted).all())

    def rate(self, id: str, rating: Literal["up", "down"] | None, reason: str = "") -> None:
        """What the reader thinks of an answer; None takes it back."""
        with self._database.writing() as connection:
            connection.execute(
                update(messages).where(messages.c.id == id).values(rating=rating, reason=reason if rating else "")
            )


def insert_message(connection: Connection, message: Message) -> None:
    """Add it, within a transaction; its conversation is the one that was used last."""
    connection.execute(insert(messages).values(**_fields(message)))
    touch(connection, message.conversation)


def update_message(connection: Connection, message: Message) -> None:
    """Put `message` in place of the one of its id, within a transaction; what its readers think of it stays."""
    fields = {name: value for name, value in _fields(message).items() if name not in ("rating", "reason")}
    connection.execute(update(messages).where(messages.c.id == message.id).values(**fields))
    touch(connection, message.conversation)


def place_to_json(place: CitedPlace) -> dict[str, Any]:
    """The citation as it is stored."""
    return {name: getattr(place, name) for name in CitedPlace.__slots__} | {"headings": list(place.headings)}


def place_from_json(given: Mapping[str, Any]) -> CitedPlace:
    """The citation that was stored."""
    return CitedPlace(**{**given, "headings": tuple(given["headings"])})


def _fields(message: Message) -> dict[str, Any]:
    fields = {name: getattr(message, name) for name in Message.__slots__ if name != "seq"}
    return fields | {
        "citations": [place_to_json(place) for place in message.citations],
        "closest": [place_to_json(place) for place in message.closest],
        "followups": list(message.followups),
        "access": [list(roles) for roles in message.access],
    }


def _message(row: Row[Any]) -> Message:
    fields = dict(row._mapping)
    return Message(
        **{
            **fields,
            "citations": tuple(place_from_json(place) for place in fields["citations"]),
            "closest": tuple(place_from_json(place) for place in fields["closest"]),
            "followups": tuple(fields["followups"]),
            "access": tuple(tuple(roles) for roles in fields["access"]),
            "reason": fields["reason"] or "",
        }
    )
