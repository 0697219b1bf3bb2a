"""A model's reply while it comes: shown as far as it has come, and kept as far as it came where it is cut off."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from agents.agent.agent_class import hooks_of
from agents.message.blocks import ContentBlock, TextBlock
from agents.message.msg import Msg
from agents.model.response import ChatResponse

if TYPE_CHECKING:
    from agents.agent.agent import AgentBase

CUT_OFF = "cut_off"


class Speaking:
    """One reply of `agent`'s model; called with the response each time more of it has come.

    Within `async with`, the reply is printed as it comes, if anybody looks on.
    """

    def __init__(self, agent: AgentBase) -> None:
        self.msg = Msg(agent.name, "", "assistant")
        self._agent = agent
        self._latest: ChatResponse | None = None
        self._more: asyncio.Event | None = None
        self._showing: asyncio.Task[None] | None = None
        self._over = False

    def __call__(self, response: ChatResponse) -> None:
        self._latest = response
        if self._more is not None:
            self._more.set()

    @property
    def partial(self) -> list[Msg]:
        """What was said before it was cut off: text only, since calls that are not whole are no calls."""
        text = self._latest.text if self._latest else ""
        if not text.strip():
            return []
        return [replace(self.msg, content=text, metadata={CUT_OFF: True})]

    async def __aenter__(self) -> Self:
        if _watched(self._agent):
            self._more = asyncio.Event()
            self._showing = asyncio.ensure_future(self._show(self._more))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._showing is None or self._more is None:
            return
        if error is not None:
            self._showing.cancel()
            self._agent.console.release(self.msg.id)
            return
        self._over = True
        self._more.set()
        await self._showing

    async def _show(self, more: asyncio.Event) -> None:
        """Print the reply whenever more of it has come, until it is over."""
        while not self._over:
            await more.wait()
            more.clear()
            if self._latest is not None and not self._over:
                await self._agent._show(replace(self.msg, content=whole(self._latest)), last=False)


def whole(response: ChatResponse) -> str | list[ContentBlock]:
    """What a response says, as the content of a message: text where it is only text."""
    if all(block["type"] == "text" for block in response.content):
        return response.text
    blocks: list[ContentBlock] = [block for block in response.content if block["type"] != "text"]
    text = response.text
    return [TextBlock(type="text", text=text), *blocks] if text else blocks


def _watched(agent: AgentBase) -> bool:
    shown = agent.console.visible and not agent.is_silent
    return shown or bool(hooks_of(agent, "pre_print") or hooks_of(agent, "post_print"))
