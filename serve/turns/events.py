"""What happens in a turn, as whoever asked is told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from serve.store.messages import Message

Stage = Literal["searching", "reading", "writing", "checking", "tool", "tier"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The question is kept and will be answered, whatever happens to the connection."""

    name: ClassVar[str] = "accepted"
    message: Message


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done."""

    name: ClassVar[str] = "progress"
    stage: Stage
    label: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the answer `id`; what it says has been checked."""

    name: ClassVar[str] = "delta"
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, whole: it takes the place of the deltas."""

    name: ClassVar[str] = "answer"
    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer, and what to do."""

    name: ClassVar[str] = "error"
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will happen in this turn."""

    name: ClassVar[str] = "end"


TurnEvent = Accepted | Progress | Delta | Answered | Failed | Ended
