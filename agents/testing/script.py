"""What a scripted model says: texts, tool calls, failures, delays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.model.failures import ModelIdentity, refusal
from knowledge.errors import ModelError


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asks for; `arguments` is sent as it is, so it may be malformed."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One response: text or tool calls, or an error when `status` is not 200.

    `delay` is how many seconds pass before it. A streamed reply is cut into pieces of `piece` characters, with
    `pause` seconds between them. Tokens are counted from the words unless they are given. Behind HTTP, `raw`
    replaces the whole body, `usage` off leaves the count out, with `drop` a stream ends without its last event, and
    `hang_up` closes the connection without a word. `vectors` answers a request for embeddings.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    status: int = 200
    error: str = "scripted error"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    raw: str | None = None
    piece: int = 8
    drop: bool = False
    hang_up: bool = False
    pause: float = 0.0
    thinking: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    usage: bool = True
    vectors: Sequence[Sequence[float]] | None = None

    @property
    def words(self) -> int:
        """How many words it has: what stands for its tokens."""
        return len(self.text.split()) + sum(len(call.arguments.split()) for call in self.tool_calls)

    def as_error(self) -> ModelError:
        """The error that a client makes of it."""
        return refusal(ModelIdentity("scripted", "scripted"), self.status, self.error, self.headers)


def tool_call(name: str, /, **arguments: Any) -> Reply:
    """A reply that calls one tool."""
    return Reply(tool_calls=(ToolCall(name, json.dumps(arguments)),))


def tool_calls(*calls: tuple[str, Mapping[str, Any]]) -> Reply:
    """A reply that calls several tools at once."""
    return Reply(tool_calls=tuple(ToolCall(name, json.dumps(arguments)) for name, arguments in calls))


def failure(status: int, *, error: str = "scripted error", **headers: str) -> Reply:
    """A reply with an HTTP error; `Retry_After="1"` becomes the header `Retry-After`."""
    return Reply(status=status, error=error, headers={name.replace("_", "-"): text for name, text in headers.items()})
