"""What was said, as spans hold it where content is captured: messages in the form of the GenAI conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agents.message.msg import Msg

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

    from agents.model.response import ChatResponse

Message = dict[str, Any]


def said(messages: Msg | Sequence[Msg] | None) -> list[Message]:
    """Messages between agents."""
    given = [messages] if isinstance(messages, Msg) else messages or ()
    return [_message(msg.role, msg.get_content_blocks(), name=msg.name) for msg in given]


def asked(messages: Sequence[ChatMessage]) -> list[Message]:
    """What a model was given."""
    return [
        {"role": message.role.value, "parts": [{"type": "text", "content": str(message.content or "")}]}
        for message in messages
    ]


def answered(response: ChatResponse) -> list[Message]:
    """What a model gave."""
    return [_message("assistant", response.content, finish_reason=response.finish_reason or "stop")]


def _message(role: object, blocks: Sequence[Any], **more: object) -> Message:
    return {"role": role, "parts": [_part(block) for block in blocks], **more}


def _part(block: Any) -> Message:
    match block["type"]:
        case "text":
            return {"type": "text", "content": block["text"]}
        case "thinking":
            return {"type": "reasoning", "content": block["thinking"]}
        case "tool_use":
            return {"type": "tool_call", "id": block["id"], "name": block["name"], "arguments": block["input"]}
        case "tool_result":
            return {"type": "tool_call_response", "id": block["id"], "response": block["output"]}
    return {"type": block["type"]}  # media stay where they are
