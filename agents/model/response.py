"""What a model gives back: content as blocks, and what it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.message.blocks import ContentBlock, ToolUseBlock
from agents.message.msg import new_id
from agents.message.storable import storable_data, storable_so_far


@dataclass(frozen=True, slots=True)
class Usage:
    """What one or more calls took: tokens, seconds, calls, and dollars where the price is known (else None).

    `estimated` says that a server did not count, or that a call was broken off, so that the tokens are guessed.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    cost: float | None = None
    calls: int = 1
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        """Tokens in both directions."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        known = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.seconds + other.seconds,
            sum(known) if known else None,
            self.calls + other.calls,
            self.estimated or other.estimated,
        )


@dataclass(slots=True)
class ChatResponse:
    """A model's reply, whole, or as far as it has come while it is streamed.

    `content` holds text, thinking and tool-use blocks in the order in which they came. `metadata` holds a structured
    answer where one was asked for.
    """

    content: list[ContentBlock]
    usage: Usage | None = None
    model: str = ""
    host: str = ""
    metadata: dict[str, Any] | None = None
    finish_reason: str | None = None
    id: str = field(default_factory=new_id)

    @property
    def text(self) -> str:
        """The text of the reply."""
        return "".join(block["text"] for block in self.content if block["type"] == "text")

    @property
    def tool_calls(self) -> list[ToolUseBlock]:
        """The calls that the model asks for, in order."""
        return [block for block in self.content if block["type"] == "tool_use"]

    def make_storable(self) -> None:
        """Free its words of characters that no store takes.

        Half a character at the end of a text is left out, since the other half may still come.
        """
        for block in self.content:
            match block["type"]:
                case "text":
                    block["text"] = storable_so_far(block["text"])
                case "thinking":
                    block["thinking"] = storable_so_far(block["thinking"])
        self.content = [storable_data(block) if block["type"] == "tool_use" else block for block in self.content]


# Receives the response as far as it has come, each time more of it has.
OnDelta = Callable[[ChatResponse], None]
