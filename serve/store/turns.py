"""Turns: how each answer came about, and what it took: searches, tools, model calls, seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    insert,
    select,
    update,
)

from knowledge.errors import RefdeskError
from serve.store.conversations import (
    Conversation,
    State,
    conversations,
    insert_conversation,
    is_answered_by_bot,
    touch,
)
from serve.store.database import Database
from serve.store.events import call_person, change_state, insert_event
from serve.store.messages import Message, insert_message, messages, update_message
from serve.store.schema import Id, Json, Moment, Sequence, metadata, now
from serve.store.tickets import Call, Trigger

Ending = Literal["complete", "stopped", "failed"]
UNDER_WAY = ("running", "stopping")
INTERRUPTED = "The service was stopped before this was answered. Please try again."


turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True),
    Column("conversation", Id, ForeignKey(conversations.c.id, ondelete="CASCADE"), nullable=False),
    Column("question", Id, nullable=False),
    Column("status", String(20), nullable=False),
    Column("tier", String(300), nullable=False),
    Column("began", Moment, nullable=False),
    Column("ended", Moment),
    Column("timings", Json, nullable=False),
    Column("error", String),
    Index(None, "conversation", "began"),
    Index(None, "status"),
)


def _of_turn(name: str, *columns: Column[Any]) -> Table:
    """A table of what belongs to a turn, and goes with it."""
    return Table(
        name,
        metadata,
        Column("id", Sequence, primary_key=True, autoincrement=True),
        Column("turn", Id, ForeignKey(turns.c.id, ondelete="CASCADE"), nullable=False, index=True),
        *columns,
    )


retrievals = _of_turn(
    "retrievals",
    Column("query", String, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("bank", String(200), nullable=False),
    Column("document", Integer, nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("scores", Json, nullable=False),
)
tool_calls = _of_turn(
    "tool_calls",
    Column("name", String(200), nullable=False),
    Column("arguments", Json, nullable=False),
    Column("result", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("failed", Boolean, nullable=False),
)
model_calls = _of_turn(
    "model_calls",
    Column("model", String(200), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("calls", Integer, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("cost", Float),
    Column("estimated", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A passage that was found for `query`, and why it stood where it did."""

    query: str
    rank: int
    bank: str
    document: int
    chunk: int
    title: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool."""

    name: str
    arguments: Mapping[str, Any]
    result: str
    seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What one agent took of one model; `cost` is in dollars, None where no price is known."""

    model: str
    agent: str
    calls: int
    input_tokens: int
    output_tokens: int
    seconds: float
    cost: float | None
    estimated: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended: the answer as it is kept, and how it came about.

    `topic` is the last question that stands alone, from now on; `state` who answers from now on, where that changes,
    for which `trigger` and `reason` say why.
    """

    message: Message
    ending: Ending
    tier: str = ""
    topic: str | None = None
    state: State | None = None
    reason: str = ""
    trigger: Trigger = "agent"
    timings: Mapping[str, float] = field(default_factory=dict)
    retrieved: tuple[Retrieved, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    models: tuple[ModelUse, ...] = ()
    error: str | None = None


class TurnUnderWay(RefdeskError):
    """Another process answers in this conversation just now; wait for it."""


class Turns:
    """The tables of turns. A turn has the id of the message that is its answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        question: Message,
        answer: Message,
        *,
        title: str = "",
        again: bool = False,
        alive_since: datetime | None = None,
        opening: Conversation | None = None,
    ) -> bool:
        """Keep the question and that it is being answered, in one; with `again`, it is another try at a known one.

        `opening` is the conversation, where it begins with this question. Keeps nothing and gives False where somebody
        else than the bot answers by now. Raises `TurnUnderWay` where another process that shares the database works on
        a turn that began after `alive_since`.
        """
        with self._database.writing() as connection:
            if opening is not None:
                insert_conversation(connection, opening)
            if not is_answered_by_bot(connection, question.conversation):
                return False
            if alive_since is not None and self._database.shared:
                _check_quiet(connection, question.conversation, alive_since)
            if again:
                older = (messages.c.answers == question.id) & ~messages.c.superseded
                connection.execute(update(messages).where(older).values(superseded=True))
            else:
                insert_message(connection, question)
                insert_event(connection, question.conversation, "message", message=question.id)
            insert_message(connection, answer)
            connection.execute(insert(turns).values(**_begun(question, answer)))
            if title:
                touch(connection, question.conversation, title=title)
        return True

    def finish(self, outcome: Outcome) -> None:
        """Keep the answer with everything it took, in one."""
        with self._database.writing() as connection:
            message = outcome.message
            update_message(connection, message)
            ended = {"status": outcome.ending, "tier": outcome.tier, "ended": now(), "error": outcome.error}
            values = {**ended, "timings": dict(outcome.timings)}
            connection.execute(update(turns).where(turns.c.id == message.id).values(**values))
            _keep(connection, retrievals, message.id, outcome.retrieved)
            _keep(connection, tool_calls, message.id, outcome.tools)
            _keep(connection, model_calls, message.id, outcome.models)
            insert_event(connection, message.conversation, "message", message=message.id)
            if outcome.topic is not None:
                touch(connection, message.conversation, topic=outcome.topic)
            if outcome.state == "waiting":
                call = Call(outcome.trigger, outcome.reason, message=message.id)
                call_person(connection, message.conversation, call, data={"reason": outcome.reason})
            elif outcome.state is not None:
                change_state(connection, message.conversation, outcome.state, data={"reason": outcome.reason})

    def ask_to_stop(self, conversation: str) -> bool:
        """Let whichever process works on a turn of the conversation give it up; whether there is one."""
        running = (turns.c.conversation == conversation) & (turns.c.status == "running")
        with self._database.writing() as connection:
            return connection.execute(update(turns).where(running).values(status="stopping")).rowcount > 0

    def is_to_stop(self, id: str) -> bool:
        """Whether somebody has asked that the turn be given up."""
        with self._database.reading() as connection:
            return connection.execute(select(turns.c.status).where(turns.c.id == id)).scalar() == "stopping"

    def end_interrupted(self, *, begun_before: datetime | None = None) -> int:
        """After a stop without warning: the answers that were under way have failed. Gives their number.

        Where other processes share the database, only turns that began before `begun_before` are surely over.
        """
        with self._database.writing() as connection:
            under_way = select(turns.c.id).where(turns.c.status.in_(UNDER_WAY))
            over = under_way if begun_before is None else under_way.where(turns.c.began < begun_before)
            ids = connection.execute(over).scalars().all()
            if ids:
                failed = {"status": "failed", "ended": now(), "error": INTERRUPTED}
                connection.execute(update(turns).where(turns.c.id.in_(ids)).values(**failed))
                pending = messages.c.id.in_(ids) & (messages.c.status == "pending")
                connection.execute(update(messages).where(pending).values(status="failed", text=INTERRUPTED))
        return len(ids)

    def of(self, conversation: str) -> list[dict[str, Any]]:
        """Every turn of a conversation with what it took, oldest first: what is given out as a person's own data."""
        with self._database.reading() as connection:
            wanted = select(turns).where(turns.c.conversation == conversation).order_by(turns.c.began)
            return [
                {
                    **row._mapping,
                    "retrievals": _rows(connection, retrievals, row.id),
                    "tools": _rows(connection, tool_calls, row.id),
                    "models": _rows(connection, model_calls, row.id),
                }
                for row in connection.execute(wanted).all()
            ]


def _check_quiet(connection: Connection, conversation: str, since: datetime) -> None:
    running = (turns.c.conversation == conversation) & turns.c.status.in_(UNDER_WAY) & (turns.c.began > since)
    if connection.execute(select(turns.c.id).where(running).limit(1)).first():
        raise TurnUnderWay("The question before is still being answered:", hint="wait for the answer, or stop it.")


def _begun(question: Message, answer: Message) -> dict[str, Any]:
    return {
        "id": answer.id,
        "conversation": answer.conversation,
        "question": question.id,
        "status": "running",
        "tier": "",
        "began": now(),
        "timings": {},
    }


def _keep(connection: Connection, table: Table, turn: str, rows: tuple[Any, ...]) -> None:
    if rows:
        given = [{"turn": turn, **{name: getattr(row, name) for name in type(row).__slots__}} for row in rows]
        connection.execute(insert(table), given)


def _rows(connection: Connection, table: Table, turn: str) -> list[dict[str, Any]]:
    found = connection.execute(select(table).where(table.c.turn == turn).order_by(table.c.id)).all()
    return [{name: value for name, value in row._mapping.items() if name not in ("id", "turn")} for row in found]
