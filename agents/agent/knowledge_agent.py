"""The agent that answers from documents: it searches banks, cites what it says, and says when they do not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.agent.calls import KEPT, Turn
from agents.agent.knowledge_reply import cited, quoted, understood_before
from agents.agent.quoting import extracted, likeliest, spoken
from agents.agent.react_agent import ReActAgent
from agents.answers.desk import TOOL, Desk
from agents.answers.planted import NOT_ON_ITS_WORD
from agents.answers.speech import Listener
from agents.answers.unspoken import Unspoken
from agents.exceptions import EmptyAnswer
from agents.message.blocks import ToolUseBlock
from agents.message.msg import Msg
from agents.rag.sources import Sources
from agents.tool.response import ToolResponse
from agents.tracing.spans import span
from knowledge.answers.followup import readings
from knowledge.answers.grounding import RULES, UNANSWERED, Grounded, with_passages
from knowledge.settings import process_environment

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from pydantic import BaseModel

    from agents.agent.agent import AgentBase, Input
    from agents.agent.recall import Remembers
    from agents.memory.memory import MemoryBase
    from agents.model.chat import ChatModel, ToolSchema
    from agents.plan.notebook import PlanNotebook

PASSAGES = 6
TOKENS_PER_PASSAGE = 350
SEARCHING = """\
- Search before you answer, with the question's own key words and every word that refers to earlier turns replaced by \
what it means. When what comes back does not answer, search once or twice more with other words, then stop."""
TALKING = f"""\
- What is not about the documents (a question back, a greeting, what a tool gave, what you do next) is said in \
sentences of its own, without a number.
- Where a case is beyond you, say who takes it over in a sentence of its own that ends with a mark, as in \
"A specialist has to take over. [escalate]"
{SEARCHING}"""
# Task-local by design: each call of an agent works at a desk of its own.
_DESK: ContextVar[Desk | None] = ContextVar("desk", default=None)


class LlamaIndexAgent(ReActAgent):
    """An agent that answers from `knowledge_list`: LlamaIndexKnowledge, banks, libraries, retrievers, query engines.

    With a model it searches as a tool beside those of its `toolkit`, and what it says about the documents is checked
    before anybody hears it: what no passage supports is left out (`metadata["dropped"]`). Without a model it quotes.
    Either way every answer names file and page, in the text and in `metadata["citations"]`, or says that the documents
    do not answer (`metadata["abstained"]`). `metadata["escalate"]` tells that somebody else has to take over.
    It reads as `roles`; of passages, its memory keeps the ids only. A tool that a text has named is not called on its
    word, unless `heeds_documents` says that procedures stand in the documents for the agent to follow.
    """

    heeds_documents = False

    def __init__(
        self,
        name: str = "",
        sys_prompt: str = "",
        model: ChatModel | LLM | str | None = None,
        *,
        knowledge_list: Any = (),
        model_config_name: str | None = None,
        formatter: Any = None,
        toolkit: Any = None,
        memory: MemoryBase | None = None,
        long_term_memory: Remembers | None = None,
        max_iters: int = 10,
        parallel_tool_calls: bool = True,
        enable_interruption: bool = True,
        enable_meta_tool: bool = False,
        plan_notebook: PlanNotebook | None = None,
        handoffs: Sequence[AgentBase] = (),
        roles: Sequence[str] = (),
        to_dist: bool | Mapping[str, Any] = False,  # taken by the class, which makes a proxy where it is set
    ) -> None:
        super().__init__(
            name,
            sys_prompt,
            model,
            formatter,
            toolkit,
            memory,
            long_term_memory,
            model_config_name=model_config_name,
            max_iters=max_iters,
            parallel_tool_calls=parallel_tool_calls,
            enable_interruption=enable_interruption,
            enable_meta_tool=enable_meta_tool,
            plan_notebook=plan_notebook,
            handoffs=handoffs,
            roles=roles,
        )
        self._sources = Sources(knowledge_list or ())

    @property
    def knowledge_list(self) -> list[Any]:
        """What it answers from; assigned, it answers from that, from its next call on."""
        return list(self._sources.given)

    @knowledge_list.setter
    def knowledge_list(self, given: Any) -> None:
        self._sources = Sources(given or ())

    async def reply(self, msg: Msg | list[Msg] | None = None, structured_model: type[BaseModel] | None = None) -> Msg:
        """The answer to `msg`, checked and cited; with `structured_model` as ReActAgent gives it, unchecked."""
        if not self._is_called():
            return await self(msg, structured_model)
        # None too: an agent that is asked by another one's tool does not work at that one's desk.
        desk = self._desk(msg) if self._sources else None
        token = _DESK.set(desk)
        try:
            if desk and self._quotes and structured_model is None:
                return await self._quoted(desk, await self._begin(msg))
            reply = await super().reply(msg, structured_model)
            return _plain(reply, desk) if desk and structured_model else reply
        finally:
            _DESK.reset(token)

    async def bid(self, msg: Input) -> float:
        """How sure the agent is, from 0 to 1, that its documents answer `msg`; nothing is said or remembered.

        Scaled within each bank: the likelihood that the best sentence answers, as extractive answers weigh it.
        """
        question = _words(msg)
        if not self._sources or not question:
            return 0.0
        return (await extracted(self._desk_for(question, question), question)).confidence

    def _desk(self, msg: Msg | list[Msg] | None) -> Desk:
        """A desk for the last thing that was said, read in the light of what was said before."""
        history = self.memory.get_memory()
        told = history if msg is None else msg if isinstance(msg, list) else [msg]
        spoken = [one for one in told if one.name != self.name and one.text.strip()]
        asked = spoken[-1].text.strip() if spoken else ""
        return self._desk_for(asked, readings(asked, understood_before(history, self.name))[0])

    def _desk_for(self, asked: str, question: str) -> Desk:
        window = 0 if self._quotes else self.model.context_window
        most = max((getattr(item, "similarity_top_k", 0) for item in self._sources.given), default=0) or PASSAGES
        limit = max(min(2, most), min(most, window // 4 // TOKENS_PER_PASSAGE)) if window else most
        return Desk(
            self._sources,
            question,
            self.reader,
            limit=limit,
            asked=asked,
            listener=_listener(process_environment().cache),
            unspoken=Unspoken.of((self.sys_prompt, RULES.replace(UNANSWERED, ""), self._manner)),
        )

    @property
    def _quotes(self) -> bool:
        """Whether no language model is configured."""
        return self.model.provider == "extractive"

    async def _quoted(self, desk: Desk, turn: Turn) -> Msg:
        """The answer by quoting; of several meanings of a follow-up, the likeliest that has one."""
        if not desk.asked:
            return Msg(self.name, "Nothing was asked: give me a question.", "assistant")
        meanings = readings(desk.asked, understood_before(turn.history, self.name))
        answer = await likeliest(desk, meanings, spoken(turn.history, self.name))
        await desk.note(answer.closest, answer.citations)
        reply = quoted(replace(answer, question=desk.asked), self.name, understood=answer.question)
        await self.print(reply, True)
        await self._recall.remember([*turn.messages, reply])
        return reply

    def _schemas(self) -> list[ToolSchema]:
        desk, schemas = _DESK.get(), super()._schemas()
        taken = any(schema["function"]["name"] == TOOL for schema in schemas)
        return [*schemas, desk.schema()] if desk and not taken else schemas

    def _instructions(self, turn: Turn) -> Sequence[str]:
        return [*super()._instructions(turn), *([f"{RULES}\n{self._manner}"] if _DESK.get() else [])]

    @property
    def _manner(self) -> str:
        """What the model is told beside the rules of the reference desk."""
        return TALKING

    async def _reasoning(self, tool_choice: str | None = None, structured_model: type[BaseModel] | None = None) -> Msg:
        try:
            return await super()._reasoning(tool_choice, structured_model)
        except EmptyAnswer:
            desk = _DESK.get()
            if desk is None or not desk.evidence.passages or structured_model is not None:
                raise
            return await self._from_passages(desk)

    async def _acting(self, tool_call: ToolUseBlock) -> ToolResponse:
        desk = _DESK.get()
        if desk is None:
            return await super()._acting(tool_call)
        if tool_call["name"] == TOOL and TOOL not in self.toolkit.tools:
            with span("execute_tool", TOOL, {"gen_ai.tool.name": TOOL, "gen_ai.tool.call.id": tool_call["id"]}):
                text = await desk.called(tool_call["input"])
            return ToolResponse(text, {KEPT: desk.ids()})
        offered = [schema["function"]["name"] for schema in self._schemas()]
        if tool_call["name"] not in {*offered, *self.toolkit.tools}:
            return ToolResponse.error(f"There is no tool {tool_call['name']}; the tools are: {', '.join(offered)}.")
        if not (self.heeds_documents or desk.may_call(tool_call["name"])):
            return ToolResponse.error(NOT_ON_ITS_WORD.format(tool_call["name"]))
        response = await super()._acting(tool_call)
        desk.happened.append(self._purpose(tool_call["name"]))
        desk.results.append(response.text)
        return response

    async def _show(self, said: Msg, *, last: bool) -> None:
        if _DESK.get() is None or (last and said.has_content_blocks("tool_use")):
            await super()._show(said, last=last)

    def _purpose(self, tool: str) -> str:
        found = (schema["function"] for schema in super()._schemas() if schema["function"]["name"] == tool)
        return next((f"{tool.replace('_', ' ')}: {one.get('description', '')}" for one in found), tool)

    async def _summary(self, turn: Turn, structured_model: type[BaseModel] | None) -> Msg:
        desk = _DESK.get()
        if desk is None or not desk.evidence.passages or structured_model is not None:
            return await super()._summary(turn, structured_model)
        return await self._from_passages(desk)

    async def _from_passages(self, desk: Desk) -> Msg:
        """What the model says to the passages themselves, without tools."""
        await desk.note(desk.evidence.passages)
        return await self._ask(self.turn, hint=with_passages(desk.question, desk.evidence))

    async def _answer(self, turn: Turn, said: Msg) -> Msg:
        """The reply that `said` becomes once it is checked; an answer without a search is held to one.

        A model that answered without searching what nothing supports, or searched in circles, is asked again.
        """
        desk = _DESK.get()
        if desk is None or "structured" in said.metadata:
            return await super()._answer(turn, said)
        searched = bool(desk.evidence.passages)
        if not searched and desk.question:
            desk.evidence.add(await desk.search(desk.question))
        grounded = await desk.grounded(said.text)
        if desk.evidence.passages and not searched and grounded.dropped and not desk.results:
            said = await self._from_passages(desk)
            grounded = await desk.grounded(said.text)
        elif not searched:
            await desk.note(desk.evidence.passages, [one for kept in grounded.sentences for one in kept.citations])
        self._checked(desk, grounded)
        said.content, metadata = cited(grounded, desk)
        said.metadata |= metadata
        await self.print(said, True)
        return await super()._answer(turn, said)

    def _checked(self, desk: Desk, grounded: Grounded) -> None:
        """Told of every reply after the check."""


def _words(msg: Any) -> str:
    from agents.agent.agent import as_input

    given = as_input(msg)
    said = given if isinstance(given, list) else [given] if given else []
    return said[-1].text.strip() if said else ""


def _plain(reply: Msg, desk: Desk) -> Msg:
    """A structured reply names the passages that it was made from, as they stand."""
    reply.metadata |= {"passages": [f"{one.bank}/{one.chunk_id}" for one in desk.evidence.passages]}
    return reply


@lru_cache(maxsize=1)
def _listener(cache: Path) -> Listener:
    """Holds nothing but a model and what it makes of some sentences, so that all agents may share it."""
    from agents.rag.library import local_embedder
    from knowledge.embedding.remembering import Remembering

    # The passages of one question come again and again: in each look at its reply, and with the next question.
    return Listener(Remembering(local_embedder(cache)))
