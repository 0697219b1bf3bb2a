"""Calling a model as a function: messages of any kind in, a response or a stream of responses out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.message.msg import Msg
from agents.model.formatting import to_chat_messages
from agents.model.response import ChatResponse
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage
    from pydantic import BaseModel

    from agents.model.chat import ChatModel, ToolSchema

ROLES = ("system", "user", "assistant", "tool")


def as_chat_messages(messages: Any) -> list[ChatMessage]:
    """Messages of agents, OpenAI's dicts, LlamaIndex's messages or a text as LlamaIndex's messages."""
    given = [messages] if isinstance(messages, str | Msg | Mapping) or hasattr(messages, "blocks") else list(messages)
    return [made for message in given for made in _as_chat_messages(message)]


def _as_chat_messages(message: Any) -> list[ChatMessage]:
    from llama_index.core.llms import ChatMessage

    match message:
        case ChatMessage():
            return [message]
        case str():
            return [ChatMessage(message)]
        case Msg(role="system"):
            return [ChatMessage(message.text, role="system")]
        case Msg():
            return to_chat_messages([message], speaker=message.name if message.role == "assistant" else "")
        case Mapping():
            return [_from_dict(message)]
    raise UsageError(f"A model takes messages, found {type(message).__name__}.")


def _from_dict(message: Mapping[str, Any]) -> ChatMessage:
    """A message as OpenAI's protocol writes it."""
    from llama_index.core.base.llms.types import ToolCallBlock
    from llama_index.core.llms import ChatMessage, TextBlock

    if message.get("role") not in ROLES:
        raise UsageError("A message for a model is {'role': ..., 'content': ...}:", hint=f"role: {', '.join(ROLES)}.")
    content = message.get("content")
    texts = [content] if isinstance(content, str) else [part["text"] for part in content or () if "text" in part]
    blocks: list[Any] = [TextBlock(text=text) for text in texts if text]
    for call in message.get("tool_calls") or ():
        function = call["function"]
        blocks.append(
            ToolCallBlock(tool_call_id=call["id"], tool_name=function["name"], tool_kwargs=function["arguments"])
        )
    extra = {name: message[name] for name in ("tool_call_id", "name") if name in message}
    return ChatMessage(role=message["role"], blocks=blocks, additional_kwargs=extra)


async def streamed(
    model: ChatModel,
    messages: Sequence[ChatMessage],
    *,
    tools: Sequence[ToolSchema],
    tool_choice: str | None,
    structured: type[BaseModel] | None,
) -> AsyncIterator[ChatResponse]:
    """The response as far as it has come, again and again; the last one is whole. Closing ends the request."""
    parts: asyncio.Queue[ChatResponse | None] = asyncio.Queue()
    asking = asyncio.ensure_future(
        model.respond(messages, tools=tools, tool_choice=tool_choice, structured=structured, on_delta=parts.put_nowait)
    )
    asking.add_done_callback(lambda _: parts.put_nowait(None))
    last: ChatResponse | None = None
    try:
        while (part := await parts.get()) is not None:
            last = part
            yield part
        whole = await asking
        if whole is not last:
            yield whole
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
