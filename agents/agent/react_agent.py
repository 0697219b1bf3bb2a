"""The agent that reasons and acts: it calls its model, runs the tools that the model asks for, and calls it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from agents.agent import text_react
from agents.agent.acting import ENDED_AFTER, TOLD_AFTER, Repeats, act, warn
from agents.agent.agent_class import Hookable
from agents.agent.calls import Turn
from agents.agent.handoff import handoff_to, pass_on
from agents.agent.model_agent import ModelAgent
from agents.agent.recall import Control, Knowledge, Recall, Remembers
from agents.exceptions import LoopExhausted
from agents.message.blocks import ToolUseBlock
from agents.message.msg import Msg
from agents.tool.response import ToolResponse
from agents.tool.toolkit import Toolkit
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage
    from llama_index.core.memory import BaseMemory
    from pydantic import BaseModel

    from agents.agent.agent import AgentBase
    from agents.memory.compaction import Compaction
    from agents.memory.memory import MemoryBase
    from agents.model.chat import ChatModel, ToolSchema
    from agents.plan.notebook import PlanNotebook

# The part of the window that the results of one round may take, in characters a token.
RESULTS = 4 // 2
SUM_UP = "You have no more rounds to use tools. Answer now, with what you have found; say what is missing."


class ReActAgent(ModelAgent):
    """An agent with tools, which it uses until its model answers without calling any.

    Tools of `toolkit` (public, shared with whom you like) are read anew at each call of the model. After `max_iters`
    rounds, or when it goes round in circles, the model is asked once more for an answer without tools; with
    `on_exhausted="raise"`, and where it gives none, `LoopExhausted` is raised. `handoffs` are agents to whom it may
    pass the conversation. `plan_notebook` lets it keep a plan; `enable_meta_tool` lets it switch groups of tools.
    """

    supported_hook_types: ClassVar[tuple[str, ...]] = (
        *Hookable.supported_hook_types,
        *(f"{when}_{step}" for step in ("reasoning", "acting") for when in ("pre", "post")),
    )
    TRANSIENT: ClassVar[frozenset[str]] = ModelAgent.TRANSIENT | {"max_iters", "parallel_tool_calls", "on_exhausted"}

    def __init__(
        self,
        name: str = "",
        sys_prompt: str = "",
        model: ChatModel | LLM | str | None = None,
        formatter: Any = None,
        toolkit: Toolkit | None = None,
        memory: MemoryBase | BaseMemory | None = None,
        long_term_memory: Remembers | None = None,
        *,
        model_config_name: str | None = None,
        long_term_memory_mode: Control = "both",
        compaction: Compaction | None = None,
        knowledge: Knowledge | Sequence[Knowledge] = (),
        max_iters: int = 10,
        on_exhausted: Literal["summarise", "raise"] = "summarise",
        parallel_tool_calls: bool = True,
        enable_interruption: bool = True,
        enable_meta_tool: bool = False,
        plan_notebook: PlanNotebook | None = None,
        handoffs: Sequence[AgentBase] = (),
        roles: Sequence[str] = (),
        to_dist: bool | Mapping[str, Any] = False,  # taken by the class, which makes a proxy where it is set
    ) -> None:
        if max_iters < 1:
            raise UsageError(f"max_iters is {max_iters}:", hint="allow 1 round or more.")
        super().__init__(
            name,
            sys_prompt,
            model,
            model_config_name=model_config_name,
            formatter=formatter,
            memory=memory,
            compaction=compaction,
            roles=roles,
            enable_interruption=enable_interruption,
        )
        self.toolkit = Toolkit() if toolkit is None else toolkit
        self.max_iters = max_iters
        self.on_exhausted = on_exhausted
        self.parallel_tool_calls = parallel_tool_calls
        self.plan_notebook = plan_notebook
        # Tools of this agent alone, apart from a toolkit that it may share with others.
        self._own_tools = Toolkit()
        sources = knowledge if isinstance(knowledge, Sequence) else (knowledge,)
        self._recall = Recall(long_term_memory, sources, long_term_memory_mode)
        self._equip(handoffs, meta_tool=enable_meta_tool)

    async def reply(self, msg: Msg | list[Msg] | None = None, structured_model: type[BaseModel] | None = None) -> Msg:
        """The model's answer, after as many rounds of tools as it took.

        With `structured_model` the answer stands in `metadata`, whole under "structured". Raises `LoopExhausted`.
        """
        if not self._is_called():
            return await self(msg, structured_model)
        turn = await self._begin(msg)
        repeats = Repeats()
        for _ in range(self.max_iters):
            turn.take_inbox()
            said = await self._reasoning(structured_model=structured_model)
            if not said.has_content_blocks("tool_use"):
                if not turn.inbox:
                    return await self._answer(turn, said)
                turn.note([said])
            elif await self._round(turn, said, repeats) or turn.handoff:
                break
        if turn.handoff:
            return await pass_on(self, turn, structured_model)
        return await self._answer(turn, await self._summary(turn, structured_model))

    def reset_equipped_tools(self) -> list[str]:
        """Read `toolkit` again; gives the names of the tools that the next call of the model is offered."""
        return [schema["function"]["name"] for schema in self._schemas()]

    async def _reasoning(self, tool_choice: str | None = None, structured_model: type[BaseModel] | None = None) -> Msg:
        """What the model says now: its answer, or the tools it calls."""
        turn, schemas = self.turn, self._schemas()
        if self.model.function_calling:
            return await self._ask(turn, tools=schemas, tool_choice=tool_choice, structured=structured_model)
        said = await self._ask(turn)
        if schemas and text_react.is_thought(said.text):
            said = await self._ask(turn, hint=f"{said.text}\n{text_react.GO_ON}")
        said.content = text_react.read(said.text, schemas) if schemas else said.content
        if structured_model is not None and not said.has_content_blocks("tool_use"):
            return await self._ask(turn, structured=structured_model, hint=f"You are about to answer: {said.text}")
        return said

    async def _acting(self, tool_call: ToolUseBlock) -> ToolResponse:
        """What came of one tool call."""
        own = tool_call["name"] in self._own_tools.tools
        return await (self._own_tools if own else self.toolkit).run(tool_call)

    async def _round(self, turn: Turn, said: Msg, repeats: Repeats) -> bool:
        """Run the calls of one round; tells whether the agent goes round in circles."""
        most = self.model.context_window * RESULTS
        results, responses = await act(said, self._acting, turn, parallel=self.parallel_tool_calls, most=most)
        calls = cast(list[ToolUseBlock], said.get_content_blocks("tool_use"))
        times = [repeats.note(call, response.text) for call, response in zip(calls, responses, strict=True)]
        for at, count in enumerate(times):
            if count >= TOLD_AFTER:
                warn(results, at, count)
        await self.print(results, True)
        return min(times) >= ENDED_AFTER

    async def _summary(self, turn: Turn, structured_model: type[BaseModel] | None) -> Msg:
        """The answer that the model gives without further tools."""
        if self.on_exhausted == "summarise":
            tools = self._schemas() if self.model.function_calling and structured_model is None else ()
            choice = "none" if tools else None
            said = await self._ask(turn, tools=tools, tool_choice=choice, structured=structured_model, hint=SUM_UP)
            if not self.model.function_calling:
                said.content = text_react.read(said.text, ())
            if said.text.strip():
                said.content = said.text
                said.metadata["exhausted"] = True
                return said
        raise LoopExhausted(
            f"{self.name} used tools without coming to an answer:", hint="allow more `max_iters`, or ask for less."
        )

    async def _answer(self, turn: Turn, said: Msg) -> Msg:
        """The reply that `said` becomes, as text."""
        if not isinstance(said.content, str):
            said.content = said.text
        await self._recall.remember([*turn.messages, said])
        return said

    def _schemas(self) -> list[ToolSchema]:
        """The tools as they are offered now."""
        return [*self.toolkit.json_schemas, *self._own_tools.json_schemas]

    def _instructions(self, turn: Turn) -> Sequence[str]:
        notes = [self.toolkit.get_activated_notes()]
        if not self.model.function_calling:
            notes.append(text_react.prompt(self._schemas()))
        if self.plan_notebook is not None:
            notes.append(self.plan_notebook.current_hint())
        return notes

    async def _formatted(self, messages: list[Msg], prompt: str) -> list[ChatMessage]:
        shown = messages if self.model.function_calling else text_react.as_text(messages, self.name)
        return await super()._formatted(shown, prompt)

    def _equip(self, handoffs: Sequence[AgentBase], *, meta_tool: bool) -> None:
        tools: list[Callable[..., Any]] = [handoff_to(agent) for agent in handoffs]
        if meta_tool:
            self.toolkit.register_tool_function(self.toolkit.reset_equipped_tools)
        if self.plan_notebook is not None:
            tools += self.plan_notebook.list_tools()
        if self._recall.by_the_agent:
            tools += self._recall.tools()
        for tool in tools:
            self._own_tools.register_tool_function(tool)
