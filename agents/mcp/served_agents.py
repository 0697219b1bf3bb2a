"""Agents as tools of an MCP server: `ask_NAME`, with conversations that nobody else can enter."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from uuid import uuid4

from agents.access import may_hear
from agents.agent.agent import AgentBase
from agents.exceptions import ToolError
from agents.tool.response import ToolResponse
from agents.tool.toolkit import Toolkit
from knowledge.types import Reader

if TYPE_CHECKING:
    from agents.declared.roster import Roster
    from agents.message.msg import Msg

# How many conversations of one agent are kept; the one that was quiet longest is forgotten first.
MOST_CONVERSATIONS = 1_000
LONGEST_MESSAGE = 100_000
LONGEST_NAME = 64
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")
Item = TypeVar("Item")
TOLD = ("citations", "abstained", "escalate", "confidence")


@dataclass(frozen=True)
class ServedAgent:
    """An agent under a name, made anew by `make` for each conversation."""

    name: str
    make: Callable[[], Awaitable[AgentBase]]
    description: str = ""


class Talks(Protocol):
    """The conversations of one agent, by ids that only whoever began them knows."""

    async def begin(self) -> str:
        """The id of a new conversation."""
        ...

    async def say(self, conversation: str, message: str) -> Msg:
        """The reply in a conversation; raises `ToolError` where there is none of that id."""
        ...

    def forget(self, conversation: str) -> None:
        """End a conversation; one that there is not is no error."""
        ...


class OneForEach:
    """An agent of its own for each conversation."""

    def __init__(self, make: Callable[[], Awaitable[AgentBase]], *, most: int = MOST_CONVERSATIONS) -> None:
        self._make = make
        self._kept: _Kept[AgentBase] = _Kept(most)

    async def begin(self) -> str:
        return self._kept.add(await self._make())

    async def say(self, conversation: str, message: str) -> Msg:
        return await self._kept.of(conversation)(message)

    def forget(self, conversation: str) -> None:
        self._kept.forget(conversation)


class OneForAll:
    """One agent for all conversations, one call at a time: it is given the state of each before it replies.

    A conversation begins with the state that the agent has when it is served, and afterwards it is as it was. What an
    agent keeps outside its state (`StateModule`) is not kept apart.
    """

    def __init__(self, agent: AgentBase, *, most: int = MOST_CONVERSATIONS) -> None:
        self._agent = agent
        self._beginning = agent.state_dict()
        self._turn = asyncio.Lock()
        self._kept: _Kept[dict[str, Any]] = _Kept(most)

    async def begin(self) -> str:
        return self._kept.add(self._beginning)

    async def say(self, conversation: str, message: str) -> Msg:
        async with self._turn:
            state = self._kept.of(conversation)
            self._agent.load_state_dict(state, strict=False)
            try:
                return await self._agent(message)
            finally:
                self._kept.replace(conversation, self._agent.state_dict())
                self._agent.load_state_dict(self._beginning, strict=False)

    def forget(self, conversation: str) -> None:
        self._kept.forget(conversation)


def add_agents(toolkit: Toolkit, agents: Sequence[AgentBase | ServedAgent], reader: Reader) -> None:
    """A tool `ask_NAME` in `toolkit` for each agent; `reader` hears no reply that rests on what he may not read.

    Raises `ToolError` where two have one name.
    """
    for agent in agents:
        talks: Talks = OneForEach(agent.make) if isinstance(agent, ServedAgent) else OneForAll(agent)
        toolkit.register_tool_function(
            _Asking(agent.name, talks, reader).ask,
            func_name=agent_tool_name(agent.name),
            func_description=getattr(agent, "description", "") or f"Ask the agent {agent.name}.",
        )


def agent_tool_name(agent: str) -> str:
    """What the tool of an agent is called."""
    return f"ask_{NOT_IN_NAMES.sub('_', agent)}"[:LONGEST_NAME]


def declared_agents(roster: Roster, reader: Reader) -> list[ServedAgent]:
    """The agents of a roster, for one reader."""

    def maker(name: str) -> Callable[[], Awaitable[AgentBase]]:
        return lambda: roster.open(name, reader=reader)

    return [ServedAgent(name, maker(name), agent.description) for name, agent in roster.agents.items()]


@dataclass(frozen=True)
class _Asking:
    """The tool of one agent."""

    name: str
    talks: Talks
    reader: Reader

    async def ask(self, message: str, conversation: str | None = None) -> ToolResponse:
        """Ask an agent.

        Args:
            message: What to say to it.
            conversation: To go on with a conversation, what the answer before gave; leave it out to begin one.
        """
        if not message.strip():
            raise ToolError("Nothing was asked:", hint="give a message.")
        if len(message) > LONGEST_MESSAGE:
            raise ToolError(f"The message has {len(message):,} characters:", hint=f"send up to {LONGEST_MESSAGE:,}.")
        if conversation:
            return self._told(await self.talks.say(conversation, message), conversation)
        begun = await self.talks.begin()
        try:
            return self._told(await self.talks.say(begun, message), begun)
        except BaseException:
            # Nobody has been told its id.
            self.talks.forget(begun)
            raise

    def _told(self, reply: Msg, conversation: str) -> ToolResponse:
        if not may_hear(self.reader, reply):
            raise ToolError(f"{self.name} answered from documents that this reader may not read.")
        value = {"agent": self.name, "text": reply.text, "conversation": conversation}
        value |= {key: reply.metadata[key] for key in TOLD if key in reply.metadata}
        return ToolResponse(f"{reply.text}\n\n[conversation: {conversation}]", value=value)


class _Kept(Generic[Item]):
    """What is kept for each conversation; ids cannot be guessed, so that a client enters only what it began."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: OrderedDict[str, Item] = OrderedDict()

    def add(self, item: Item) -> str:
        conversation = uuid4().hex
        self._items[conversation] = item
        if len(self._items) > self._most:
            self._items.popitem(last=False)
        return conversation

    def of(self, conversation: str) -> Item:
        if conversation not in self._items:
            raise ToolError("There is no such conversation, or no longer:", hint="leave it out to begin one.")
        self._items.move_to_end(conversation)
        return self._items[conversation]

    def replace(self, conversation: str, item: Item) -> None:
        if conversation in self._items:
            self._items[conversation] = item

    def forget(self, conversation: str) -> None:
        self._items.pop(conversation, None)
