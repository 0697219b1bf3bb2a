"""What a tool gives back: blocks for the model, the plain value for code, and whether it failed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Self, cast

from agents.message import TextBlock, ToolResultBlock
from agents.message.blocks import MediaBlock
from agents.message.msg import new_id
from agents.tool.values import ResultBlock, as_blocks

INTERRUPTED = "The call was interrupted before it finished."


@dataclass(slots=True)
class ToolResponse:
    """What came of a call, whole, or as far as it has come while the tool streams.

    `content` is made of any value: a text, blocks, or what `as_blocks` turns into text. `value` is what the tool
    returned, as it stands. An error is a response too: `is_error` is then true and the text one sentence.
    """

    content: Any
    metadata: dict[str, Any] | None = None
    stream: bool = False
    is_last: bool = True
    is_interrupted: bool = False
    is_error: bool = False
    value: Any = None
    id: str = field(default_factory=new_id)

    @property
    def blocks(self) -> list[ResultBlock]:
        """The content, as the blocks that it always consists of."""
        return cast(list[ResultBlock], self.content)

    def __post_init__(self) -> None:
        if self.value is None:
            self.value = self.content
        if isinstance(self.content, str):  # by far the most, and quicker on its own
            self.content = [TextBlock(type="text", text=self.content)]
        else:
            self.content = as_blocks(self.content)

    @classmethod
    def error(cls, sentence: str, **metadata: Any) -> Self:
        """A failure, told in one sentence."""
        return cls(f"Error: {sentence}", metadata or None, is_error=True)

    @property
    def text(self) -> str:
        """All text, blocks joined by newlines."""
        return "\n".join(block["text"] for block in self.blocks if block["type"] == "text")

    @property
    def media(self) -> list[MediaBlock]:
        """The pictures, sounds and films."""
        return [block for block in self.blocks if block["type"] != "text"]

    def output(self) -> str | list[TextBlock | MediaBlock]:
        """The content as a tool-result block carries it: text where there is only text."""
        return list(self.blocks) if self.media else self.text

    def as_block(self, *, id: str, name: str) -> ToolResultBlock:
        """The tool-result block that answers the call `id` of the tool `name`."""
        return ToolResultBlock(type="tool_result", id=id, name=name, output=self.output())

    def __await__(self) -> Generator[Any, None, Self]:
        """Itself: a blocking tool that is called directly may be awaited like any other."""
        return self
        yield

    def __str__(self) -> str:
        return self.text


def as_response(value: Any) -> ToolResponse:
    """A response as it stands, and any other value of a tool as one.

    LlamaIndex's `ToolOutput` keeps its error mark; its raw output becomes the `value`.
    """
    if isinstance(value, ToolResponse):
        return value
    if _is_tool_output(value):
        raw = value.raw_output
        return ToolResponse(value.content, is_error=value.is_error, value=value.content if raw is None else raw)
    return ToolResponse(value)


def _is_tool_output(value: object) -> bool:
    kind = type(value)
    return kind.__name__ == "ToolOutput" and kind.__module__.startswith("llama_index.")
