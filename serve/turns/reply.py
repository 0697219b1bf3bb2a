"""What one question is answered with, before it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge.types import Reader
from serve.languages import ENGLISH
from serve.store.conversations import Conversation, State
from serve.store.messages import CitedPlace, Message
from serve.store.tickets import Trigger


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its conversation, what was said before, oldest first, and as whom its asker reads.

    `language` is that of the page on which it was asked.
    """

    conversation: Conversation
    question: Message
    answer: str
    history: tuple[Message, ...] = ()
    reader: Reader = field(default_factory=Reader)
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, checked. `topic` is the last question that stands alone.

    `state` is who answers next, if that changes; `trigger` and `reason` say why then.
    """

    text: str
    author: str
    citations: tuple[CitedPlace, ...] = ()
    closest: tuple[CitedPlace, ...] = ()
    abstained: bool = False
    confidence: float | None = None
    understood: str = ""
    topic: str | None = None
    followups: tuple[str, ...] = ()
    model: str | None = None
    host: str | None = None
    access: tuple[tuple[str, ...], ...] = ()
    escalates: bool = False
    state: State | None = None
    reason: str = ""
    trigger: Trigger = "agent"


def may_hear(message: Message, reader: Reader) -> bool:
    """Whether this reader may read everything that stands behind the message."""
    return all(reader.may_read(frozenset(roles)) for roles in message.access)
