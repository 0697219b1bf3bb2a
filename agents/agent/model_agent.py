"""An agent that speaks through a language model and remembers the conversation."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from agents.agent.agent import AgentBase
from agents.agent.asking_again import resumed
from agents.agent.calls import Turn, current_call
from agents.agent.recall import Recall
from agents.agent.speaking import Speaking, whole
from agents.agent.window import fitted
from agents.exceptions import ContextOverflow
from agents.memory.in_memory import InMemoryMemory
from agents.memory.memory import MemoryBase
from agents.message.msg import Msg
from agents.model.response import ChatResponse
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage
    from llama_index.core.memory import BaseMemory
    from pydantic import BaseModel

    from agents.agent.recall import Remembers
    from agents.memory.compaction import Compaction
    from agents.model.chat import ChatModel, ToolSchema

# Part of the window that is left for the reply, and for what the estimate of tokens misses.
RESERVED = 0.25
RESERVED_AT_MOST = 8_000
SHORTER = 0.5
OVERFLOWS = 3
# What an agent hears that is to speak first.
BEGIN = "Please begin."
NOT_IN_METADATA = frozenset({"access", "usage", "turn", "model", "host", "structured"})

Formatter = Callable[[Sequence[Msg]], Any]


class ModelAgent(AgentBase):
    """An agent with a model, a memory and a system prompt; a subclass says what it does with them.

    `model` is a `ChatModel`, an LLM of LlamaIndex, or the name of a configuration (`model_config_name` is the same);
    without one, the default model is looked up when it is first needed. `formatter` replaces the way in which messages
    are given to the model. `long_term_memory` is asked before each turn, and told of it afterwards. `compaction`
    shortens the conversation when it grows; without it, what the model's window cannot hold is only not sent.
    """

    memory: MemoryBase

    def __init__(
        self,
        name: str = "",
        sys_prompt: str = "",
        model: ChatModel | LLM | str | None = None,
        *,
        model_config_name: str | None = None,
        formatter: Any = None,
        memory: MemoryBase | BaseMemory | None = None,
        long_term_memory: Remembers | None = None,
        compaction: Compaction | None = None,
        roles: Sequence[str] = (),
        enable_interruption: bool = True,
    ) -> None:
        if model is not None and model_config_name is not None:
            raise UsageError("Both `model` and `model_config_name` are given:", hint="give one of them.")
        super().__init__(name, roles=roles, enable_interruption=enable_interruption)
        self.sys_prompt = sys_prompt
        self.memory = as_memory(memory)
        self._recall = Recall(long_term_memory)
        self._formatter = formatter
        if compaction is not None:
            compaction.attach(self)
        self._model: ChatModel | None = None
        if (named := model if model is not None else model_config_name) is not None:
            self.model = named

    @property
    def model(self) -> ChatModel:
        """The language model; assigned, anything that names one."""
        if self._model is None:
            self.model = None
        assert self._model is not None
        return self._model

    @model.setter
    def model(self, value: ChatModel | LLM | str | None) -> None:
        from agents.model.resolve import as_model

        self._model = as_model(value)

    @property
    def long_term_memory(self) -> Remembers | None:
        """What it remembers beyond the conversation."""
        return self._recall.memory

    @property
    def turn(self) -> Turn:
        """What the call under way adds to the conversation; raises `UsageError` outside a call of this agent."""
        call = current_call()
        if call is None or call.agent is not self:
            raise UsageError(f"{self.name} is not replying:", hint="await agent(msg).")
        return call.turn

    def _is_called(self) -> bool:
        """Whether this code runs within a call of this agent, which has a turn for what is said."""
        call = current_call()
        return call is not None and call.agent is self

    async def _begin(self, msg: Msg | list[Msg] | None) -> Turn:
        """The turn, with what the agent was told; at its beginning, with the conversation as it stands.

        What was asked before and got no answer is not remembered a second time.
        """
        turn = self.turn
        told = [] if msg is None else msg if isinstance(msg, list) else [msg]
        if not turn.kept:
            turn.kept = True
            turn.history = self.memory.get_memory()
            turn.note(resumed(told, turn.history))
        else:
            turn.note(told)
        turn.handoff = None
        turn.recalled = await self._recall.about(told or turn.history[-1:])
        turn.heard((*turn.history, *told, *turn.recalled))
        return turn

    async def _ask(
        self,
        turn: Turn,
        *,
        tools: Sequence[ToolSchema] = (),
        tool_choice: str | None = None,
        structured: type[BaseModel] | None = None,
        hint: str = "",
    ) -> Msg:
        """What the model says to the conversation: one call, retried shorter where it is too long.

        Cancelled, what it said until then is noted in the turn.
        """
        async with Speaking(self) as spoken:
            for attempt in range(OVERFLOWS):
                messages = await self._messages(turn, tools, hint, SHORTER**attempt)
                try:
                    response = await self.model.respond(
                        messages,
                        tools=tools,
                        tool_choice=tool_choice,
                        structured=structured,
                        on_delta=spoken,
                        agent=self.name,
                    )
                    break
                except ContextOverflow:
                    if attempt == OVERFLOWS - 1:
                        raise
                except asyncio.CancelledError:
                    turn.note(spoken.partial)
                    raise
        turn.spend(response.usage)
        said = spoken.msg
        said.content = whole(response)
        said.metadata |= described(response, structured=structured is not None)
        await self._show(said, last=True)
        return said

    async def _messages(self, turn: Turn, tools: Sequence[ToolSchema], hint: str, share: float) -> list[ChatMessage]:
        """The conversation as the model is given it, in `share` of the room that its window has."""
        now = {msg.id for msg in turn.messages}
        earlier = [msg for msg in turn.history if msg.id not in now]
        prompt = "\n\n".join(part for part in (self.sys_prompt, *self._instructions(turn)) if part)
        said = [*turn.recalled, *turn.messages]
        if hint:
            said.append(Msg(said[-1].name if said and said[-1].role == "user" else "user", hint, "user"))
        taken = (len(prompt) + sum(len(str(tool)) for tool in tools)) // 4
        window = self.model.context_window
        room = window - taken - min(int(window * RESERVED), RESERVED_AT_MOST)
        return await self._formatted(fitted(earlier, said, max(0, int(room * share))), prompt)

    async def _formatted(self, messages: list[Msg], prompt: str) -> list[ChatMessage]:
        if self._formatter is None:
            from agents.model.formatting import to_chat_messages

            made = to_chat_messages(messages, speaker=self.name, sys_prompt=prompt)
            if len(made) > bool(prompt):
                return made
            # Providers refuse a conversation in which nobody has said anything.
            return to_chat_messages([Msg("user", BEGIN)], speaker=self.name, sys_prompt=prompt)
        from agents.model.calling import as_chat_messages

        system = [Msg("system", prompt, "system")] if prompt else []
        made = getattr(self._formatter, "format", self._formatter)([*system, *messages])
        return as_chat_messages(await made if inspect.isawaitable(made) else made)

    def _instructions(self, turn: Turn) -> Sequence[str]:
        """What the model is told beside the system prompt, at each of its calls."""
        return ()


def as_memory(value: MemoryBase | BaseMemory | None) -> MemoryBase:
    """A memory as it stands, one of LlamaIndex as one, and a new one for None; raises `UsageError` for what is none."""
    if value is None:
        return InMemoryMemory()
    if isinstance(value, MemoryBase):
        return value
    if hasattr(value, "get_all") and hasattr(value, "put"):
        from agents.memory.llamaindex_memory import LlamaIndexMemory

        return LlamaIndexMemory(value)
    raise UsageError(f"A memory is needed, found {type(value).__name__}:", hint="give one of agents.memory.")


def described(response: ChatResponse, *, structured: bool) -> dict[str, Any]:
    """What a message says about the response that it came from: who made it, and the structured answer."""
    metadata: dict[str, Any] = {"model": response.model, "host": response.host}
    if response.metadata:
        metadata |= {name: value for name, value in response.metadata.items() if name not in NOT_IN_METADATA}
        if structured:
            metadata["structured"] = response.metadata
    return metadata
