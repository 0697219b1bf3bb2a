"""Agents that need no model: they say what they are told to, and remember what they hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agents.agent import AgentBase
from agents.memory import InMemoryMemory
from agents.message import Msg

Words = str | Callable[[Msg | list[Msg] | None], str]


class Speaker(AgentBase):
    """Says `words`, or what it makes of its input; `inputs` are what it was called with."""

    def __init__(self, name: str, words: Words = "", *, roles: Sequence[str] = ()) -> None:
        super().__init__(name, roles=roles)
        self._words = words or f"{name} speaks"
        self.inputs: list[Any] = []
        self.memory = InMemoryMemory()

    async def reply(self, msg: Msg | list[Msg] | None = None, **kwargs: Any) -> Msg:
        self.inputs.append(msg)
        said = self._words(msg) if callable(self._words) else self._words
        return Msg(self.name, said, "assistant", dict(kwargs))


def remembered(agent: AgentBase) -> list[str]:
    """What stands in the memory of an agent."""
    assert agent.memory is not None
    return [msg.text for msg in agent.memory.get_memory()]


def texts(messages: Sequence[Msg]) -> list[str]:
    """The words of messages."""
    return [msg.text for msg in messages]


def appending(word: str) -> Callable[[Msg], str]:
    """A step that adds a word."""

    def append(msg: Msg) -> str:
        return f"{msg.text} {word}".strip() if msg else word

    append.__name__ = word
    return append
