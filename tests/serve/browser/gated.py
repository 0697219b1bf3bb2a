"""A scripted model whose answer stops half-way until a test lets it go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from threading import Event

from agents.message.blocks import TextBlock
from agents.model.chat import ChatRequest
from agents.model.response import ChatResponse
from agents.testing import ScriptedModel, tool_call

POLL_SECONDS = 0.02


class GatedModel(ScriptedModel):
    """Searches for `query`, then says `first` and, once `gate` is set, also `rest`; each question anew."""

    def __init__(self, query: str, first: str, rest: str) -> None:
        super().__init__([tool_call("search_documents", query=query)], model_name="small-model", stream=True)
        self.gate = Event()
        self._first, self._rest = first, rest

    async def answers(self, request: ChatRequest) -> AsyncGenerator[ChatResponse, None]:
        """What is said next."""
        if request.messages[-1].role.value != "tool":
            async for response in super().answers(request):
                yield response
            return
        yield _said(self._first)
        while not self.gate.is_set():
            await asyncio.sleep(POLL_SECONDS)
        yield _said(self._first + self._rest)


def _said(text: str) -> ChatResponse:
    return ChatResponse([TextBlock(type="text", text=text)])
