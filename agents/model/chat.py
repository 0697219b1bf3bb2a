"""The interface of every language model: messages in, one whole response out, streamed on the way where wanted."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agents.exceptions import EmptyAnswer
from agents.metering import check_meters, model_instead, standing_in
from agents.model.pricing import Price, price_of
from agents.model.response import ChatResponse, OnDelta
from agents.model.retrying import UNHURRIED, Patience, RetryPolicy, retried
from agents.model.tally import Tally
from agents.tracing import content
from agents.tracing.spans import Span, span
from knowledge.errors import ModelError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage
    from pydantic import BaseModel

    from agents.message.msg import Msg

ToolSchema = Mapping[str, Any]
CONTEXT_WINDOW = 128_000


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked in one call: LlamaIndex messages, and OpenAI function schemas as `tools`.

    `tool_choice` is `auto`, `none`, `required`, or the name of a tool. `schema` is a JSON schema that the reply has
    to follow, for models that can be held to one. `patience` says how long this attempt may be unanswered.
    """

    messages: Sequence[ChatMessage]
    tools: Sequence[ToolSchema] = ()
    tool_choice: str | None = None
    schema: Mapping[str, Any] | None = field(default=None, repr=False)
    patience: Patience = field(default=UNHURRIED, repr=False, compare=False)


class ChatModel(ABC):
    """A language model under its name, wherever it runs.

    `stream` says whether it is asked for its reply piece by piece. `price` is dollars a million tokens; None looks it
    up by name. A subclass says in `answers` how one attempt goes.
    """

    provider = ""

    def __init__(
        self,
        model_name: str,
        *,
        config_name: str | None = None,
        stream: bool = False,
        retry: RetryPolicy | None = None,
        price: Price | None = None,
        context_window: int = CONTEXT_WINDOW,
        function_calling: bool = True,
    ) -> None:
        self.model_name = model_name
        self.config_name = config_name
        self.stream = stream
        self.retry = retry or RetryPolicy()
        self.price = price or price_of(model_name)
        self._context_window = context_window
        self._function_calling = function_calling

    def __getstate__(self) -> dict[str, Any]:
        """What travels to another process: what it was made of, and nothing that was made on first use."""
        made = {name for kind in type(self).__mro__ for name, value in vars(kind).items() if _is_cached(value)}
        return {name: value for name, value in self.__dict__.items() if name not in made}

    @property
    def host(self) -> str:
        """Where it runs, as people see it: host and port, or the name of what stands in for one."""
        return self.provider or type(self).__name__

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that nothing leaves it."""
        return True

    @property
    def function_calling(self) -> bool:
        """Whether it takes tools; without them an agent reasons in text."""
        return self._function_calling

    @property
    def context_window(self) -> int:
        """How many of its tokens a request and its reply may have together."""
        return self._context_window

    @property
    def follows_schemas(self) -> bool:
        """Whether its server can hold a reply to a JSON schema."""
        return False

    @cached_property
    def llm(self) -> LLM:
        """This model as a LlamaIndex LLM: metered, retried and traced like every other call."""
        from agents.model.llm_face import ChatModelLLM  # LlamaIndex takes a second to import

        return ChatModelLLM(self)

    @abstractmethod
    def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """One attempt: the response as far as it has come, again and again, the last time whole and with its usage.

        Raises `ModelError`, of the kind that says whether trying again helps. Closing the generator ends the request.
        """

    async def respond(
        self,
        messages: Sequence[ChatMessage],
        *,
        tools: Sequence[ToolSchema] = (),
        tool_choice: str | None = None,
        structured: type[BaseModel] | None = None,
        on_delta: OnDelta | None = None,
        agent: str = "",
    ) -> ChatResponse:
        """The whole response to `messages`; `on_delta` is told of it as it comes, where the model streams.

        With `structured`, the response's `metadata` holds an answer of that form, unless the model calls one of
        `tools` first. Raises `ModelError` after bounded retries, `BudgetExceeded` where a budget stops the call.
        `agent` is the name under which it is counted. Cancelled, it ends the request at once.
        """
        request = ChatRequest(tuple(messages), tuple(tools), tool_choice)
        if structured is None:
            return await self.ask(request, on_delta=on_delta, agent=agent)
        from agents.model.structured import structured_answer  # takes pydantic

        return await structured_answer(self, request, structured, on_delta=on_delta, agent=agent)

    async def ask(self, request: ChatRequest, *, on_delta: OnDelta | None = None, agent: str = "") -> ChatResponse:
        """The whole response to `request`, after retries, counted and traced."""
        instead = model_instead(agent=agent)
        if instead is not None and instead is not self:
            with standing_in():
                return await instead.ask(request, on_delta=on_delta, agent=agent)
        self._check_offline()
        with span("chat", self.model_name, self._attributes(agent)) as traced:
            traced.content("gen_ai.input.messages", lambda: content.asked(request.messages))
            response = await retried(
                lambda patience: self._attempt(replace(request, patience=patience), on_delta, agent), self.retry
            )
            _describe(traced, response)
            traced.content("gen_ai.output.messages", lambda: content.answered(response))
        return response

    async def __call__(
        self,
        messages: Sequence[Msg | ChatMessage | Mapping[str, Any]] | Msg | str,
        tools: Sequence[ToolSchema] | None = None,
        tool_choice: str | None = None,
        structured_model: type[BaseModel] | None = None,
    ) -> ChatResponse | AsyncIterator[ChatResponse]:
        """The response; where the model streams, the response again and again, each time as far as it has come."""
        from agents.model.calling import as_chat_messages, streamed

        asked = as_chat_messages(messages)
        if self.stream:
            return streamed(self, asked, tools=tools or (), tool_choice=tool_choice, structured=structured_model)
        return await self.respond(asked, tools=tools or (), tool_choice=tool_choice, structured=structured_model)

    async def _attempt(self, request: ChatRequest, on_delta: OnDelta | None, agent: str) -> ChatResponse:
        check_meters(agent=agent)
        began = time.perf_counter()
        response: ChatResponse | None = None
        with Tally(self.model_name, agent, self.price, request) as tally:
            async with aclosing(self.answers(request)) as parts:
                async for response in parts:
                    response.make_storable()
                    if self.stream:
                        tally.came(response)
                        if on_delta is not None:
                            on_delta(response)
            if response is None or not response.content:
                raise EmptyAnswer(
                    f"{self.model_name} at {self.host} returned an empty answer:",
                    hint="try again, or name another model.",
                )
            response.usage = tally.close(response, time.perf_counter() - began)
        response.model = response.model or self.model_name
        response.host = response.host or self.host
        return response

    def _check_offline(self) -> None:
        """Offline wins over everything, a model that was named included."""
        if self.is_local:
            return
        from agents.runtime import current

        if current().offline:
            raise ModelError(
                f"Offline: {self.model_name} at {self.host} was not asked:",
                hint="name a model on this machine, or allow the network.",
            )

    def _attributes(self, agent: str) -> dict[str, Any]:
        attributes: dict[str, Any] = {
            "gen_ai.provider.name": self.provider or self.host,
            "gen_ai.request.model": self.model_name,
            "server.address": self.host,
        }
        if agent:
            attributes["gen_ai.agent.name"] = agent
        return attributes


def _describe(traced: Span, response: ChatResponse) -> None:
    traced.set("gen_ai.response.model", response.model)
    traced.set("gen_ai.response.id", response.id)
    if response.finish_reason:
        traced.set("gen_ai.response.finish_reasons", [response.finish_reason])
    if response.usage is not None:
        traced.set("gen_ai.usage.input_tokens", response.usage.input_tokens)
        traced.set("gen_ai.usage.output_tokens", response.usage.output_tokens)
        traced.set("refdesk.usage.cost", response.usage.cost)


def _is_cached(value: object) -> bool:
    return isinstance(value, cached_property)
