"""Any LLM of LlamaIndex as a chat model."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agents.message.blocks import ContentBlock, TextBlock, ThinkingBlock
from agents.model.addresses import is_this_machine
from agents.model.chat import ChatModel, ChatRequest
from agents.model.llamaindex_failures import model_error
from agents.model.pricing import Price
from agents.model.response import ChatResponse, Usage
from agents.model.retrying import RetryPolicy
from agents.model.toolcalls import tool_use

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage
    from llama_index.core.llms import ChatResponse as LlamaIndexResponse

# Where each integration puts the counts, as (asked, answered).
COUNTS = (
    ("prompt_tokens", "completion_tokens"),
    ("input_tokens", "output_tokens"),
    ("prompt_token_count", "candidates_token_count"),
    ("prompt_eval_count", "eval_count"),
)


class LlamaIndexChatModel(ChatModel):
    """Asks `llm`, which keeps its own settings; what it takes is counted, and its failures are told apart.

    `host` and `is_local` are known where the LLM names its address; otherwise it counts as running elsewhere.
    """

    provider = "llamaindex"
    # The longest silence, in seconds, where it was configured; an LLM that was brought has its own.
    timeout: float | None = math.inf

    def __init__(
        self,
        llm: LLM,
        *,
        config_name: str | None = None,
        stream: bool = False,
        retry: RetryPolicy | None = None,
        price: Price | None = None,
    ) -> None:
        facts = llm.metadata
        super().__init__(
            facts.model_name or llm.class_name(),
            config_name=config_name,
            stream=stream,
            retry=retry,
            price=price,
            context_window=facts.context_window,
            function_calling=facts.is_function_calling_model,
        )
        self.__dict__["llm"] = llm

    async def native(self) -> LLM:
        """The LLM that is asked, in the running event loop."""
        return self.llm

    @property
    def host(self) -> str:
        """Host and port where the LLM names them, else its kind."""
        return urlsplit(self._address()).netloc.rpartition("@")[2] or self.llm.class_name()

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine: in this process, or behind an address of it."""
        address = self._address()
        return is_this_machine(address) if address else self.llm.class_name() in IN_PROCESS

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """What the LLM says, streamed where it is asked so."""
        try:
            if self.stream:
                async with aclosing(self._pieces(request)) as pieces:
                    async with self._limit(request):
                        first = await anext(pieces, None)
                    if first is not None:
                        yield first
                    async for piece in pieces:
                        yield piece
            else:
                async with self._limit(request):
                    whole = as_response(await self._asked(request))
                yield whole
        except Exception as error:
            raise model_error(error, self) from error

    def _limit(self, request: ChatRequest) -> asyncio.Timeout:
        """Ends the waiting for the first sign of life."""
        silence = request.patience.seconds(self.timeout)
        return asyncio.timeout(None if silence == math.inf else silence)

    async def _asked(self, request: ChatRequest) -> LlamaIndexResponse:
        llm = await self.native()
        return await llm.achat(**self._arguments(llm, request))

    async def _pieces(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """Some integrations put a text into the message only when it is finished, and tell its pieces until then."""
        llm = await self.native()
        said = ""
        arguments = self._arguments(llm, request) | _counting(llm)
        async with aclosing(_closable(await llm.astream_chat(**arguments))) as parts:
            async for part in parts:
                said += part.delta or ""
                response = as_response(part)
                if len(response.text) < len(said):
                    others = [block for block in response.content if block["type"] != "text"]
                    response.content = [TextBlock(type="text", text=said), *others]
                yield response

    def _arguments(self, llm: Any, request: ChatRequest) -> dict[str, Any]:
        """What the LLM's own preparation of tools makes of the request."""
        if not request.tools:
            return {"messages": list(request.messages)}
        from agents.model.schema_tools import tools_from_schemas

        required = request.tool_choice == "required" or request.tool_choice in _names(request)
        prepared: dict[str, Any] = llm._prepare_chat_with_tools_compat(
            tools_from_schemas(request.tools, request.tool_choice),
            chat_history=list(request.messages),
            allow_parallel_tool_calls=True,
            tool_required=required,
        )
        return prepared

    def _address(self) -> str:
        address = getattr(self.llm, "api_base", None) or getattr(self.llm, "base_url", None)
        return str(address) if address else ""


IN_PROCESS = frozenset({"MockLLM", "custom_llm", "chat_model", "MockFunctionCallingLLM"})


def _counting(llm: LLM) -> dict[str, Any]:
    """What asks OpenAI's servers to count a reply that streams, which LlamaIndex's classes for them leave out."""
    kind = llm.class_name().lower()
    asks = "openai" in kind and "responses" not in kind and llm.metadata.is_chat_model
    return {"stream_options": {"include_usage": True}} if asks else {}


def _names(request: ChatRequest) -> set[str]:
    return {tool["function"]["name"] for tool in request.tools}


async def _closable(parts: AsyncIterator[LlamaIndexResponse]) -> AsyncGenerator[LlamaIndexResponse, None]:
    """Closed, it closes the stream it reads from."""
    try:
        async for part in parts:
            yield part
    finally:
        close = getattr(parts, "aclose", None)
        if close is not None:
            await close()


def as_response(response: LlamaIndexResponse) -> ChatResponse:
    """A response of LlamaIndex as one of ours; its tool calls, if any, come last."""
    return ChatResponse(_content(response.message), _usage(response))


def _content(message: ChatMessage) -> list[ContentBlock]:
    from llama_index.core.base.llms.types import ThinkingBlock as Thinking
    from llama_index.core.base.llms.types import ToolCallBlock

    content: list[ContentBlock] = []
    used: set[str | None] = set()
    for block in message.blocks:
        if isinstance(block, Thinking) and block.content:
            content.append(ThinkingBlock(type="thinking", thinking=block.content))
        elif isinstance(block, ToolCallBlock):
            # Some providers have no ids, and some integrations put the tool's name there.
            known = None if block.tool_call_id in (*used, block.tool_name) else block.tool_call_id
            used.add(known)
            content.append(tool_use(known, block.tool_name, block.tool_kwargs))
        elif text := getattr(block, "text", None):
            content.append(TextBlock(type="text", text=text))
    return content


def _usage(response: LlamaIndexResponse) -> Usage | None:
    for counts in _places(response):
        for asked, answered in COUNTS:
            if counts.get(answered) is not None or counts.get(asked) is not None:
                return Usage(int(counts.get(asked) or 0), int(counts.get(answered) or 0))
    return None


def _places(response: LlamaIndexResponse) -> Sequence[dict[str, Any]]:
    """Where counts may stand: beside the response, or in what the provider sent."""
    raw = response.raw
    if not isinstance(raw, dict):
        raw = getattr(raw, "model_dump", dict)()
    nested = [raw.get(name) for name in ("usage", "usage_metadata")]
    found = [response.additional_kwargs, response.message.additional_kwargs.get("usage"), *nested, raw]
    return [counts if isinstance(counts, dict) else getattr(counts, "model_dump", dict)() for counts in found if counts]
