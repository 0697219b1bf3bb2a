"""Messages of agents as messages of LlamaIndex: roles as the speaker sees them, every tool call with its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.message.blocks import ToolResultBlock, ToolUseBlock
from agents.message.msg import Msg
from agents.model.media import media_block, media_of, referred

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

UNFINISHED = "This call was not finished."
MEDIA = ("image", "audio", "video")


def to_chat_messages(messages: Sequence[Msg], *, speaker: str, sys_prompt: str = "") -> list[ChatMessage]:
    """The conversation as the agent `speaker` gives it to its model.

    What it said itself is `assistant`, what anybody else said is `user`, headed by the name where more than one
    other speaks. Every tool call is followed by exactly one result: a missing one is said to be unfinished, one
    without its call is left out. What a model thought is left out, and so are the tool calls of others.
    """
    from llama_index.core.llms import ChatMessage, MessageRole

    named = len({msg.name for msg in messages if _is_heard(msg, speaker)}) > 1
    made = [ChatMessage(sys_prompt, role=MessageRole.SYSTEM)] if sys_prompt else []
    for part in _paired(messages, speaker):
        made.extend(_own(part) if part.own else _heard(part.msg, named=named))
    return made


@dataclass(slots=True)
class _Call:
    """A tool call and, once it is known, what came of it."""

    use: ToolUseBlock
    result: ToolResultBlock | None = None


@dataclass(slots=True)
class _Part:
    """A message without its results, which stand with their calls."""

    msg: Msg
    own: bool
    calls: list[_Call] = field(default_factory=list)


def _is_heard(msg: Msg, speaker: str) -> bool:
    return msg.name != speaker and (msg.has_content_blocks(("text", *MEDIA)) or bool(msg.url))


def _paired(messages: Iterable[Msg], speaker: str) -> list[_Part]:
    """Messages with their calls, each call with its result wherever it stood later.

    Models number their calls anew each time, so a result belongs to the latest call of its id that has none yet.
    """
    parts: list[_Part] = []
    waiting: dict[str, list[_Call]] = {}
    for msg in messages:
        part = _Part(msg, msg.name == speaker)
        parts.append(part)
        calls: dict[str, list[_Call]] = {}
        for block in msg.get_content_blocks(("tool_use", "tool_result")):
            if block["type"] == "tool_use" and part.own:
                call = _Call(block)
                part.calls.append(call)
                calls.setdefault(block["id"], []).append(call)
            elif block["type"] == "tool_result" and (open_calls := (calls | waiting).get(block["id"])):
                open_calls.pop(0).result = block
        waiting |= calls
    return parts


def _own(part: _Part) -> list[ChatMessage]:
    """What the agent said and called, then what came of each call."""
    from llama_index.core.llms import ChatMessage, MessageRole, TextBlock

    text = _text(part.msg)
    blocks: list[Any] = [TextBlock(text=text)] if text else []
    blocks += [_tool_call(call.use) for call in part.calls]
    if not blocks:
        return []
    pictures = [media for call in part.calls if call.result for media in media_of(call.result["output"])]
    shown = [ChatMessage(role=MessageRole.USER, blocks=pictures)] if pictures else []
    return [
        ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks),
        *(_tool_message(call) for call in part.calls),
        *shown,
    ]


def _heard(msg: Msg, *, named: bool) -> list[ChatMessage]:
    from llama_index.core.llms import ChatMessage, MessageRole, TextBlock

    text = _text(msg)
    if named and text:
        text = f"{msg.name}: {text}"
    blocks: list[Any] = [TextBlock(text=text)] if text else []
    blocks += [media_block(block) for block in msg.get_content_blocks(MEDIA)]
    blocks += referred(msg.url)
    return [ChatMessage(role=MessageRole.USER, blocks=blocks)] if blocks else []


def _text(msg: Msg) -> str:
    return msg.get_text_content() or ""


def _tool_call(use: ToolUseBlock) -> Any:
    from llama_index.core.base.llms.types import ToolCallBlock

    # A provider refuses arguments that are no JSON object, in what a model said itself too.
    return ToolCallBlock(tool_call_id=use["id"], tool_name=use["name"], tool_kwargs=use["input"])


def _tool_message(call: _Call) -> ChatMessage:
    from llama_index.core.llms import ChatMessage, MessageRole

    output = output_text(call.result["output"]) if call.result else UNFINISHED
    return ChatMessage(
        output,
        role=MessageRole.TOOL,
        additional_kwargs={"tool_call_id": call.use["id"], "name": call.use["name"]},
    )


def output_text(output: str | Sequence[Mapping[str, Any]]) -> str:
    """A tool's output as text; media are named, and shown after the results."""
    if isinstance(output, str):
        return output
    return "\n".join(block["text"] if block["type"] == "text" else f"[{block['type']}]" for block in output)
