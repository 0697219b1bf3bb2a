"""The outbox: news of tickets on their way to a webhook and a mail server, kept until they have arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from serve.store.database import Database
from serve.store.schema import Id, Json, Moment, metadata, new_id, now
from serve.store.schema import Sequence as Counting

News = Literal["ticket.opened", "ticket.waiting", "ticket.claimed", "ticket.returned", "ticket.closed"]
State = Literal["new", "pending", "delivered", "failed"]
# A delivery that was begun and is not over by then was broken off.
LEASE = timedelta(minutes=2)
LONGEST_ERROR = 500

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Counting, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("ticket", Id, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("event", String(40), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Moment, nullable=False),
    Column("error", String, nullable=False),
    Column("created", Moment, nullable=False),
    Column("delivered", Moment),
    Index(None, "state", "due"),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One piece of news on its way. It is `new` until it is known whom it goes to, and to each it goes by a channel.

    `error` says why the last attempt failed; `due` is when the next one is.
    """

    id: str
    ticket: str
    event: News
    created: datetime
    channel: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    state: State = "pending"
    attempts: int = 0
    due: datetime | None = None
    error: str = ""
    delivered: datetime | None = None


class Outbox:
    """The table of deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def news(self, *, limit: int = 100) -> tuple[Delivery, ...]:
        """What nobody was addressed with yet, oldest first."""
        wanted = select(outbox).where(outbox.c.state == "new").order_by(outbox.c.seq).limit(limit)
        with self._database.reading() as connection:
            return tuple(_delivery(row) for row in connection.execute(wanted).all())

    def address(self, news: Delivery, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Send the news by these channels, each with its payload; by none, it is forgotten. Done twice, it is once."""
        with self._database.writing() as connection:
            mine = (outbox.c.id == news.id) & (outbox.c.state == "new")
            if not connection.execute(delete(outbox).where(mine)).rowcount:
                return
            for channel, payload in payloads.items():
                values = {**_begun(news.ticket, news.event, "pending", news.created), "id": new_id()}
                connection.execute(insert(outbox).values(**values | {"channel": channel, "payload": dict(payload)}))

    def take(self, moment: datetime) -> Delivery | None:
        """The first delivery that is due, which is the taker's for two minutes; None where nothing is."""
        ready = (outbox.c.state == "pending") & (outbox.c.due <= moment)
        with self._database.writing() as connection:
            row = connection.execute(select(outbox).where(ready).order_by(outbox.c.due).limit(1)).one_or_none()
            if row is None:
                return None
            mine = (outbox.c.id == row.id) & (outbox.c.state == "pending") & (outbox.c.attempts == row.attempts)
            changed = {"attempts": row.attempts + 1, "due": moment + LEASE}
            # Another replica may have been as quick.
            taken = connection.execute(update(outbox).where(mine).values(**changed)).rowcount
            return _delivery(row, **changed) if taken else None

    def arrived(self, id: str) -> None:
        """It was taken over by whom it goes to."""
        self._change(id, state="delivered", delivered=now(), error="")

    def missed(self, id: str, error: str, *, again: datetime | None) -> None:
        """It was not; there is another attempt at `again`, or none."""
        state = "pending" if again else "failed"
        self._change(id, state=state, error=error[:LONGEST_ERROR], **({"due": again} if again else {}))

    def send_again(self, ticket: str) -> int:
        """Try anew what has not arrived for a ticket; how many deliveries that are."""
        waiting = (outbox.c.ticket == ticket) & outbox.c.state.in_(["pending", "failed"])
        with self._database.writing() as connection:
            values = {"state": "pending", "attempts": 0, "due": now()}
            return connection.execute(update(outbox).where(waiting).values(**values)).rowcount

    def of(self, tickets: Sequence[str]) -> tuple[Delivery, ...]:
        """The deliveries of these tickets, oldest first."""
        wanted = select(outbox).where(outbox.c.ticket.in_(tickets), outbox.c.state != "new").order_by(outbox.c.seq)
        with self._database.reading() as connection:
            return tuple(_delivery(row) for row in connection.execute(wanted).all())

    def _change(self, id: str, **values: Any) -> None:
        with self._database.writing() as connection:
            connection.execute(update(outbox).where(outbox.c.id == id).values(**values))


def insert_news(connection: Connection, ticket: str, event: News) -> None:
    """Note, within the transaction that makes it, a piece of news of a ticket."""
    connection.execute(insert(outbox).values(**_begun(ticket, event, "new", now()), id=new_id()))


def _begun(ticket: str, event: News, state: State, created: datetime) -> dict[str, Any]:
    waiting = {"channel": "", "payload": {}, "attempts": 0, "due": now(), "error": ""}
    return {"ticket": ticket, "event": event, "state": state, "created": created, **waiting}


def _delivery(row: Row[Any], **changed: Any) -> Delivery:
    fields = dict(row._mapping) | changed
    return Delivery(**{name: fields[name] for name in Delivery.__slots__})
