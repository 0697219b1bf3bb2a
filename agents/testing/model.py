"""A scripted language model in this process, for tests.

model = ScriptedModel([tool_call("search", query="leave"), "Leave is 25 days [1]."])
agent = ReActAgent("assistant", model=model)
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from threading import Lock
from typing import TYPE_CHECKING, Any

from agents.message.blocks import ContentBlock, TextBlock, ToolUseBlock
from agents.message.msg import new_id
from agents.model.chat import ChatModel, ChatRequest
from agents.model.response import ChatResponse, Usage
from agents.model.retrying import ONCE, RetryPolicy
from agents.model.tally import input_tokens
from agents.model.toolcalls import tool_use
from agents.testing.script import Reply, ToolCall

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

    from agents.model.pricing import Price


@dataclass(frozen=True, slots=True)
class ScriptedRequest:
    """What a scripted model was asked."""

    messages: Sequence[ChatMessage]
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: str | None = None

    @property
    def text(self) -> str:
        """Everything that was said, a line a message."""
        return "\n".join(f"{message.role.value}: {message.content or ''}" for message in self.messages)

    @property
    def last(self) -> str:
        """The text of the last message."""
        return str(self.messages[-1].content or "") if self.messages else ""

    @property
    def tool_names(self) -> list[str]:
        """The names of the tools that were offered."""
        return [tool["function"]["name"] for tool in self.tools]


Words = str | Reply | ToolCall | BaseException
ModelStep = Words | Callable[[ScriptedRequest], Words | Awaitable[Words]]


class ScriptedModel(ChatModel):
    """Answers each call with the next step of its script, the last one again and again.

    A step is a text, a `Reply` (with its tool calls and delay), one `ToolCall`, an exception to raise, or a function
    of the request, async or not, that gives one of these. `delay` is how many seconds every reply takes. `requests`
    records what was asked; `cancelled` counts the calls that were given up. It asks once; give `retry` for more.
    """

    provider = "scripted"

    def __init__(
        self,
        script: Sequence[ModelStep] = ("scripted",),
        *,
        model_name: str = "scripted",
        config_name: str | None = None,
        stream: bool = False,
        delay: float = 0.0,
        function_calling: bool = True,
        context_window: int = 32_000,
        retry: RetryPolicy = ONCE,
        price: Price | None = None,
    ) -> None:
        if not script:
            raise ValueError("a script needs at least one step")
        super().__init__(
            model_name,
            config_name=config_name,
            stream=stream,
            retry=retry,
            price=price,
            context_window=context_window,
            function_calling=function_calling,
        )
        self.delay = delay
        self.requests: list[ScriptedRequest] = []
        self.cancelled = 0
        self._script = (script,) if isinstance(script, str) else tuple(script)
        self._lock = Lock()

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """What the script says next, piece by piece where it streams."""
        asked = ScriptedRequest(request.messages, request.tools, request.tool_choice)
        step = self._next(asked)
        try:
            if self.delay:
                await asyncio.sleep(self.delay)
            reply = await _said(step, asked)
            if reply.delay:
                await asyncio.sleep(reply.delay)
            if self.stream:
                for end in range(reply.piece, len(reply.text), reply.piece):
                    yield ChatResponse([TextBlock(type="text", text=reply.text[:end])])
                    await asyncio.sleep(reply.pause)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise
        yield _whole(reply, request)

    def _next(self, request: ScriptedRequest) -> ModelStep:
        with self._lock:
            step = self._script[min(len(self.requests), len(self._script) - 1)]
            self.requests.append(request)
        return step


async def _said(step: ModelStep, request: ScriptedRequest) -> Reply:
    if callable(step):
        made = step(request)
        step = await made if isawaitable(made) else made
    match step:
        case BaseException():
            raise step
        case Reply():
            reply = step
        case ToolCall():
            return Reply(tool_calls=(step,))
        case _:
            return Reply(str(step))
    if reply.status != 200:
        raise reply.as_error()
    return reply


def _whole(reply: Reply, request: ChatRequest) -> ChatResponse:
    content: list[ContentBlock] = [TextBlock(type="text", text=reply.text)] if reply.text else []
    content += [_tool_use(call) for call in reply.tool_calls]
    asked = reply.input_tokens if reply.input_tokens is not None else input_tokens(request)
    answered = reply.output_tokens if reply.output_tokens is not None else reply.words
    return ChatResponse(content, Usage(asked, answered), finish_reason="tool_calls" if reply.tool_calls else "stop")


def _tool_use(call: ToolCall) -> ToolUseBlock:
    return tool_use(call.id or f"call_{new_id()[:12]}", call.name, call.arguments)


def json_reply(**values: Any) -> Reply:
    """A reply whose text is a JSON object."""
    return Reply(json.dumps(values, ensure_ascii=False))
