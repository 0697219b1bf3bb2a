"""Several models as one: the next answers when the one before fails."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence

from agents.exceptions import ContextOverflow
from agents.model.chat import ChatModel, ChatRequest
from agents.model.response import ChatResponse, OnDelta
from knowledge.errors import ModelError, UsageError

logger = logging.getLogger(__name__)


class FallbackChatModel(ChatModel):
    """Asks the first model; where that fails after its own retries, the next, and so on.

    The response names the model that gave it. What every model refuses, a conversation too long for it, goes to the
    next as well, which may take more. When all fail, the error is that of the last, with the others as its notes.
    """

    provider = "fallback"

    def __init__(self, models: Sequence[ChatModel], *, config_name: str | None = None) -> None:
        if not models:
            raise UsageError("A chain of models needs at least one:", hint="pass FallbackChatModel([first, second]).")
        self.models = tuple(models)
        first = models[0]
        super().__init__(
            first.model_name,
            config_name=config_name or first.config_name,
            stream=any(model.stream for model in models),
            price=first.price,
        )

    @property
    def host(self) -> str:
        """Where the first one runs."""
        return self.models[0].host

    @property
    def is_local(self) -> bool:
        """Whether nothing leaves this machine, whichever answers."""
        return all(model.is_local for model in self.models)

    @property
    def function_calling(self) -> bool:
        """Whether all take tools."""
        return all(model.function_calling for model in self.models)

    @property
    def follows_schemas(self) -> bool:
        """Whether all can be held to a schema."""
        return all(model.follows_schemas for model in self.models)

    @property
    def context_window(self) -> int:
        """The smallest: what is cut to it, each of them takes."""
        return min(model.context_window for model in self.models)

    async def ask(self, request: ChatRequest, *, on_delta: OnDelta | None = None, agent: str = "") -> ChatResponse:
        """The response of the first model that gives one."""
        failures: list[ModelError] = []
        for model in self.models:
            try:
                return await model.ask(request, on_delta=on_delta, agent=agent)
            except ModelError as error:
                failures.append(error)
                logger.warning("%s at %s failed, the next model is asked: %s", model.model_name, model.host, error)
        raise _all_failed(failures)

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """The whole response."""
        yield await self.ask(request)


def _all_failed(failures: Sequence[ModelError]) -> ModelError:
    """The last failure; a conversation that is too long for one of them can be shortened, so that is told instead."""
    told = next((error for error in failures if isinstance(error, ContextOverflow)), failures[-1])
    for error in failures:
        if error is not told:
            told.add_note(f"Before that: {error}")
    return told
