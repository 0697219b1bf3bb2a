"""A chat model as an LLM of LlamaIndex, for its query engines, agents and programs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, TypeVar

from llama_index.core.base.llms.types import ThinkingBlock, ToolCallBlock
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
    TextBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools.types import BaseTool
from pydantic import PrivateAttr

from agents.model.chat import ChatModel
from agents.model.response import ChatResponse as Response
from agents.model.toolcalls import tool_use

Result = TypeVar("Result")


class ChatModelLLM(FunctionCallingLLM):
    """Asks its chat model for everything, so that LlamaIndex's own calls are counted, retried and traced too.

    The synchronous methods work inside a running event loop too, in a thread with a loop of its own.
    """

    _model: ChatModel = PrivateAttr()

    def __init__(self, model: ChatModel) -> None:
        super().__init__()
        self._model = model

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex knows the class."""
        return "chat_model"

    @property
    def chat_model(self) -> ChatModel:
        """The model behind it."""
        return self._model

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex wants to know of the model."""
        return LLMMetadata(
            model_name=self._model.model_name,
            context_window=self._model.context_window,
            is_chat_model=True,
            is_function_calling_model=self._model.function_calling,
        )

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole response."""
        return as_llama_index(await self._model.respond(messages, **_options(kwargs)))

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The whole response."""
        return as_llama_index(_run(self._model.respond(messages, **_options(kwargs))))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """The response as far as it has come, again and again."""
        from agents.model.calling import streamed

        options = {"tools": (), "tool_choice": None, **_options(kwargs)}

        async def parts() -> ChatResponseAsyncGen:
            before = ""
            async for part in streamed(self._model, list(messages), structured=None, **options):
                yield as_llama_index(part, before=before)
                before = part.text

        return parts()

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The response as far as it has come, again and again."""

        def parts() -> ChatResponseGen:
            before = ""
            for part in _streamed(self._model, list(messages), _options(kwargs)):
                yield as_llama_index(part, before=before)
                before = part.text

        return parts()

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The response to a prompt."""
        return _completion(await self.achat([ChatMessage(prompt)], **kwargs))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The response to a prompt."""
        return _completion(self.chat([ChatMessage(prompt)], **kwargs))

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """The response to a prompt, as far as it has come, again and again."""
        stream = await self.astream_chat([ChatMessage(prompt)], **kwargs)

        async def parts() -> CompletionResponseAsyncGen:
            async for part in stream:
                yield _completion(part)

        return parts()

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """The response to a prompt, as far as it has come, again and again."""
        stream = self.stream_chat([ChatMessage(prompt)], **kwargs)

        def parts() -> CompletionResponseGen:
            for part in stream:
                yield _completion(part)

        return parts()

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or ())
        if user_msg is not None:
            messages.append(ChatMessage(user_msg) if isinstance(user_msg, str) else user_msg)
        choice = kwargs.pop("tool_choice", None) or ("required" if tool_required else None)
        schemas = [tool.metadata.to_openai_tool(skip_length_check=True) for tool in tools]
        return {"messages": messages, "tools": schemas, "tool_choice": choice, **kwargs}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The calls that a response asks for; raises `ValueError` where one is demanded and there is none."""
        calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        if not calls and error_on_no_tool_call:
            raise ValueError("The model called no tool.")
        return [_selection(call) for call in calls]


def as_llama_index(response: Response, *, before: str = "") -> ChatResponse:
    """A response as LlamaIndex's; `before` is the text that had come already."""
    blocks: list[Any] = []
    for block in response.content:
        match block["type"]:
            case "text":
                blocks.append(TextBlock(text=block["text"]))
            case "thinking":
                blocks.append(ThinkingBlock(content=block["thinking"]))
            case "tool_use":
                arguments = block.get("raw_input") or block["input"]
                call = ToolCallBlock(tool_call_id=block["id"], tool_name=block["name"], tool_kwargs=arguments)
                blocks.append(call)
    usage = response.usage
    counts = (
        {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        }
        if usage
        else {}
    )
    return ChatResponse(
        message=ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks),
        delta=response.text[len(before) :],
        raw={"usage": counts, "model": response.model, "id": response.id},
        additional_kwargs=counts,
    )


def _completion(response: ChatResponse) -> CompletionResponse:
    return CompletionResponse(
        text=response.message.content or "",
        delta=response.delta,
        raw=response.raw,
        additional_kwargs=response.additional_kwargs,
    )


def _selection(call: ToolCallBlock) -> ToolSelection:
    block = tool_use(call.tool_call_id, call.tool_name, call.tool_kwargs)
    return ToolSelection(tool_id=block["id"], tool_name=block["name"], tool_kwargs=block["input"])


def _options(kwargs: dict[str, Any]) -> dict[str, Any]:
    """What LlamaIndex passes along, as far as a chat model knows it; tools may come as its own objects."""
    tools = [
        tool.metadata.to_openai_tool(skip_length_check=True) if isinstance(tool, BaseTool) else tool
        for tool in kwargs.get("tools") or ()
    ]
    choice = kwargs.get("tool_choice")
    return {"tools": tools, "tool_choice": choice["function"]["name"] if isinstance(choice, dict) else choice}


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine gives, for a caller who cannot await, in a running loop or not."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1, thread_name_prefix="model") as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()


def _streamed(model: ChatModel, messages: list[ChatMessage], options: dict[str, Any]) -> Iterator[Response]:
    """The parts of a response as they come, from a thread with an event loop of its own."""
    parts: SimpleQueue[Response | None] = SimpleQueue()
    with ThreadPoolExecutor(1, thread_name_prefix="model") as pool:
        asking = pool.submit(copy_context().run, asyncio.run, model.respond(messages, on_delta=parts.put, **options))
        asking.add_done_callback(lambda _: parts.put(None))
        last: Response | None = None
        while (part := parts.get()) is not None:
            last = part
            yield part
        whole = asking.result()
        if whole is not last:
            yield whole
