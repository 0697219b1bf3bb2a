"""Proposed knowledge: what a person answered, as an entry that a reviewer takes into a bank or refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, String, Table, insert, select, update

from serve.store.database import Database
from serve.store.schema import Id, Moment, Sequence, metadata, new_id, now

State = Literal["proposed", "accepted", "rejected"]

proposals = Table(
    "proposals",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", Id, nullable=False, unique=True),
    Column("ticket", Id, ForeignKey("tickets.id", ondelete="CASCADE"), nullable=False, index=True),
    # The message that was answered: whatever else is answered to it belongs to the same entry.
    Column("asked", Id, nullable=False, unique=True),
    Column("question", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("bank", String(200)),
    Column("author", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("created", Moment, nullable=False),
    Column("decided", Moment),
    Column("decider", String(200)),
    Column("file", String(300)),
    Column("job", Id),
    Index(None, "state", "seq"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is proposed, without personal data: `asked` is the message that was answered, by `author`."""

    asked: str
    question: str
    answer: str
    bank: str | None
    author: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed entry. Once it is accepted, `file` is its document in the bank and `job` what takes it in."""

    id: str
    ticket: str
    question: str
    answer: str
    bank: str | None
    author: str
    state: State
    created: datetime
    decided: datetime | None = None
    decider: str | None = None
    file: str | None = None
    job: str | None = None


class Proposals:
    """The table of proposals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, id: str) -> Proposal | None:
        """The proposal called `id`."""
        with self._database.reading() as connection:
            row = connection.execute(select(proposals).where(proposals.c.id == id)).one_or_none()
        return _proposal(row) if row else None

    def latest(
        self, *, state: State | None = None, ticket: str | None = None, limit: int = 100
    ) -> tuple[Proposal, ...]:
        """The newest, in a state or of a ticket where it is named."""
        wanted = select(proposals).order_by(proposals.c.seq.desc()).limit(limit)
        if state is not None:
            wanted = wanted.where(proposals.c.state == state)
        if ticket is not None:
            wanted = wanted.where(proposals.c.ticket == ticket)
        with self._database.reading() as connection:
            return tuple(_proposal(row) for row in connection.execute(wanted).all())

    def all(self) -> tuple[Proposal, ...]:
        """Every proposal, oldest first."""
        with self._database.reading() as connection:
            return tuple(
                _proposal(row) for row in connection.execute(select(proposals).order_by(proposals.c.seq)).all()
            )

    def decide(self, id: str, state: State, decider: str, **fields: Any) -> bool:
        """Accept or reject one that nobody has decided on; whether that was so. `fields` are what is kept of it."""
        with self._database.writing() as connection:
            undecided = (proposals.c.id == id) & (proposals.c.state == "proposed")
            values = {"state": state, "decider": decider, "decided": now(), **fields}
            return connection.execute(update(proposals).where(undecided).values(**values)).rowcount > 0


def propose(connection: Connection, ticket: str, draft: Draft) -> None:
    """Propose it, within a transaction; what was answered to the same message before is kept before it."""
    known = connection.execute(select(proposals).where(proposals.c.asked == draft.asked)).one_or_none()
    if known is None:
        values = {name: getattr(draft, name) for name in Draft.__slots__}
        connection.execute(
            insert(proposals).values(id=new_id(), ticket=ticket, state="proposed", created=now(), **values)
        )
    elif known.state == "proposed":
        answer = f"{known.answer}\n\n{draft.answer}"
        connection.execute(update(proposals).where(proposals.c.id == known.id).values(answer=answer))


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(**{name: row._mapping[name] for name in Proposal.__slots__})
