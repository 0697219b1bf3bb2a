"""Agents and query engines of LlamaIndex as agents here: in hubs, pipelines and hand-offs like any other."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from agents.access import note_access
from agents.agent.agent import AgentBase
from agents.agent.asking_again import resumed
from agents.agent.calls import Turn, current_call
from agents.agent.speaking import Speaking
from agents.exceptions import AgentCallError
from agents.memory.in_memory import InMemoryMemory
from agents.message.blocks import TextBlock
from agents.message.msg import Msg
from agents.message.storable import storable, storable_data, storable_so_far
from agents.model.response import ChatResponse
from knowledge.errors import RefdeskError, UsageError

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

    from agents.memory.memory import MemoryBase

# Tokens that a model is taken to hold where the engine does not say.
WINDOW = 32_000
Arguments = Callable[[str, Sequence["ChatMessage"]], Mapping[str, Any]]


class LlamaIndexWorkflowAgent(AgentBase):
    """Speaks for a `FunctionAgent`, `AgentWorkflow`, any other `Workflow`, a chat engine or a query engine.

    It keeps the conversation and passes it on each time, except to a query engine, which takes only the question.
    A workflow that is no agent is started with what `arguments(question, history)` gives. `access` says which roles
    may hear what it says, where its sources are not for everybody. Cancelled, the workflow is cancelled too.
    """

    memory: MemoryBase

    def __init__(
        self,
        name: str,
        engine: Any,
        *,
        arguments: Arguments | None = None,
        memory: MemoryBase | None = None,
        roles: Sequence[str] = (),
        access: Sequence[str] = (),
        enable_interruption: bool = True,
        to_dist: bool | Mapping[str, Any] = False,  # taken by the class, which makes a proxy where it is set
    ) -> None:
        super().__init__(name, roles=roles, enable_interruption=enable_interruption)
        if not any(hasattr(engine, method) for method in ("run", "achat", "aquery")):
            raise UsageError(
                f"{type(engine).__name__} cannot be plugged in:",
                hint="give an agent, a workflow, a chat engine or a query engine of LlamaIndex.",
            )
        self.memory = InMemoryMemory() if memory is None else memory
        self._engine = engine
        self._arguments = arguments
        self._access = frozenset(access)

    async def reply(self, msg: Msg | list[Msg] | None = None) -> Msg:
        """What the engine answers to what was said last; raises `AgentCallError` for whatever it raises."""
        call = current_call()
        if call is None or call.agent is not self:
            said: Msg = await self(msg)
            return said
        turn = call.turn
        self._begin(turn, msg)
        while True:
            turn.take_inbox()
            said = await self._said(turn)
            if not turn.inbox:
                return said
            turn.note([said])

    def _begin(self, turn: Turn, msg: Msg | list[Msg] | None) -> None:
        told = [] if msg is None else msg if isinstance(msg, list) else [msg]
        if not turn.kept:
            turn.kept = True
            turn.history = self.memory.get_memory()
            turn.note(resumed(told, turn.history))
        else:
            turn.note(told)
        turn.heard((*turn.history, *told))
        if self._access:
            note_access([self._access])

    async def _said(self, turn: Turn) -> Msg:
        question, history = self._asked(turn)
        async with self._failures(), Speaking(self) as spoken:
            if hasattr(self._engine, "run"):
                output = await self._worked(question, history, spoken)
            elif hasattr(self._engine, "achat"):
                output = await self._engine.achat(question, chat_history=history)
            else:
                output = await self._engine.aquery(question)
            text = storable(await _text(output))
        spoken.msg.content = text
        if sources := _sources(output):
            spoken.msg.metadata["sources"] = storable_data(sources)
        await self.print(spoken.msg, True)
        return spoken.msg

    def _asked(self, turn: Turn) -> tuple[str, list[ChatMessage]]:
        """What was said last by others, and all before it."""
        from agents.model.formatting import to_chat_messages

        now = {msg.id for msg in turn.messages}
        said = [msg for msg in turn.history if msg.id not in now] + turn.messages
        asked = next((msg for msg in reversed(said) if msg.name != self.name and msg.text.strip()), None)
        if asked is None:
            raise UsageError(f"{self.name} was asked nothing:", hint="give it a message.")
        history = to_chat_messages([msg for msg in said if msg is not asked], speaker=self.name)
        return asked.text, history

    async def _worked(self, question: str, history: list[ChatMessage], spoken: Callable[[ChatResponse], None]) -> Any:
        if self._arguments is not None:
            started = self._engine.run(**self._arguments(question, history))
        else:
            started = self._engine.run(user_msg=question, chat_history=history, memory=_buffer(self._engine))
        text = ""
        try:
            async for event in started.stream_events():
                if delta := getattr(event, "delta", None):
                    text += str(delta)
                    spoken(ChatResponse([TextBlock(type="text", text=storable_so_far(text))]))
            return await started
        finally:
            if not started.is_done():
                await started.cancel_run()

    @asynccontextmanager
    async def _failures(self) -> AsyncIterator[None]:
        """Whatever an engine raises, of whichever integration, is the failure of this agent's model."""
        try:
            yield
        except RefdeskError:
            raise
        except Exception as error:  # the edge to foreign code: the cause goes on with the error
            words = str(error) or type(error).__name__
            raise AgentCallError(f"{self.name}: {words}", agent=self.name, hint="call it again, or another.") from error


def _buffer(engine: Any) -> Any:
    """The memory of one run, which is what the model's window holds of the conversation.

    The one that LlamaIndex would make opens a database and leaves it open.
    """
    from llama_index.core.memory import ChatMemoryBuffer

    llm = getattr(engine, "llm", None)
    window = llm.metadata.context_window if llm is not None else WINDOW
    return ChatMemoryBuffer.from_defaults(token_limit=window * 3 // 4, tokenizer_fn=_rough_tokens)


def _rough_tokens(text: str) -> list[int]:
    return list(text.encode()[::4])


async def _text(output: Any) -> str:
    """The words of whatever an engine gives."""
    for name in ("async_response_gen", "response_gen"):
        if hasattr(output, name) and not isinstance(getattr(output, "response", None), str):
            stream = getattr(output, name)
            stream = stream() if callable(stream) else stream
            return "".join([piece async for piece in stream] if hasattr(stream, "__aiter__") else list(stream))
    said = getattr(output, "response", output)
    said = getattr(said, "content", said)
    said = await said if inspect.isawaitable(said) else said
    return "" if said is None else str(said)


def _sources(output: Any) -> list[dict[str, Any]]:
    """The nodes that an answer comes from, as JSON-able data."""
    return [
        {
            "text": node.text,
            "score": None if node.score is None else float(node.score),
            "metadata": {name: value for name, value in node.metadata.items() if _plain(value)},
        }
        for node in getattr(output, "source_nodes", None) or ()
    ]


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
