"""Answers written by a language model: an agent searches the banks, and what it says is checked before it is shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ReActAgent, ToolCallResult
from llama_index.core.llms import LLM, ChatMessage, MessageRole
from llama_index.core.memory import ChatMemoryBuffer
from workflows.errors import WorkflowRuntimeError

from agents.bank_search import BankSearch
from agents.openai_model import identify, model_failures
from agents.react_format import TolerantReActParser
from agents.scope import named_banks
from agents.turns import Turn
from knowledge.answers.grounding import RULES, Grounded, answer_from, ground, with_passages
from knowledge.errors import ModelError, UsageError
from knowledge.types import ANYONE, Answer, MetadataValue, Reader

if TYPE_CHECKING:
    from knowledge.library import Library

NO_FILTERS: Mapping[str, MetadataValue] = {}
ROUNDS = 6
PASSAGES = 6
TOKENS_PER_PASSAGE = 350
TURNS_REMEMBERED = 6
MARKS = re.compile(r"\s*\[\d+\]")
TOOL_RULES = f"""{RULES}
- Search before you answer, with the question's own key words. When what comes back does not answer, search once or \
twice more with other words, then stop."""


async def answer_with_model(
    question: str,
    library: Library,
    *,
    llm: LLM,
    reader: Reader = ANYONE,
    banks: Sequence[str] | None = None,
    filters: Mapping[str, MetadataValue] = NO_FILTERS,
    history: Sequence[Turn] = (),
) -> Answer:
    """An answer that `llm` wrote from passages that `reader` may see, without what no passage supports.

    Abstains when nothing is left. `history` holds the turns before, oldest first. Raises `ModelError` when the
    model cannot be reached, refuses or says nothing.
    """
    if not question.strip():
        raise UsageError("Nothing was asked.", hint="Give a question.")
    started = perf_counter()
    limit = max(2, min(PASSAGES, llm.metadata.context_window // 4 // TOKENS_PER_PASSAGE))
    search = BankSearch(library, question, reader, named_banks(library, banks), filters, limit)
    author = _Author(llm, search, history)
    model = identify(llm)
    with model_failures(model):
        grounded = await author.write()
    timings = {"answer": perf_counter() - started}
    return answer_from(question, grounded, search.evidence, model=model.name, host=model.host, timings=timings)


@dataclass(frozen=True, slots=True)
class _Author:
    """The model at work on one question."""

    llm: LLM
    search: BankSearch
    history: Sequence[Turn]

    async def write(self) -> Grounded:
        """What of the agent's reply is supported.

        An agent that answered without searching is held to what a search for the question finds, and asked again
        with it; so is one that searched in circles.
        """
        reply = await self._agent_reply()
        searched = bool(self.search.evidence.passages)
        if not searched:
            await self.search.find(self.search.question, self.search.banks)
        grounded = await self._checked(reply)
        finished = bool(reply) and (searched or (grounded.sentences and not grounded.dropped))
        if finished or not self.search.evidence.passages:
            return grounded
        return await self._checked(await self._plain_reply())

    async def _agent_reply(self) -> str:
        """The agent's last words; none when it used up its rounds."""
        agent = _agent(self.llm, self.search)
        memory = ChatMemoryBuffer.from_defaults(
            token_limit=self.llm.metadata.context_window // 4, tokenizer_fn=_rough_tokens
        )
        try:
            output = await agent.run(
                user_msg=self.search.question,
                chat_history=_messages(self.history),
                memory=memory,
                max_iterations=ROUNDS,
            )
        except WorkflowRuntimeError:
            return ""
        return _last_words(output)

    async def _plain_reply(self) -> str:
        """What the model says to the passages themselves, without tools."""
        prompt = with_passages(self.search.question, self.search.evidence)
        messages = [
            ChatMessage(RULES, role=MessageRole.SYSTEM),
            *_messages(self.history),
            ChatMessage(prompt, role=MessageRole.USER),
        ]
        reply = (await self.llm.achat(messages)).message.content
        if not reply:
            model = identify(self.llm)
            sentence = f"{model.name} at {model.host} returned an empty answer:"
            raise ModelError(sentence, hint="try again, or name another model.")
        return reply

    async def _checked(self, reply: str) -> Grounded:
        return await asyncio.to_thread(ground, reply, self.search.evidence, self.search.check)


def _agent(llm: LLM, search: BankSearch) -> FunctionAgent | ReActAgent:
    """An agent that is not streamed: nothing may be shown before it is checked."""
    if llm.metadata.is_function_calling_model:
        return FunctionAgent(tools=[search.tool()], llm=llm, system_prompt=TOOL_RULES, streaming=False)
    return ReActAgent(
        tools=[search.tool()],
        llm=llm,
        system_prompt=TOOL_RULES,
        streaming=False,
        output_parser=TolerantReActParser(),
    )


def _last_words(output: AgentOutput) -> str:
    """The reply; raises what a search raised, which LlamaIndex would leave to the model to explain."""
    for call in output.tool_calls:
        if isinstance(call, ToolCallResult) and call.tool_output.exception is not None:
            raise call.tool_output.exception
    return output.response.content or ""


def _messages(history: Sequence[Turn]) -> list[ChatMessage]:
    """The last turns, without citation marks, whose numbers mean nothing any more."""
    return [
        message
        for turn in history[-TURNS_REMEMBERED:]
        for message in (
            ChatMessage(turn.question, role=MessageRole.USER),
            ChatMessage(MARKS.sub("", turn.answer), role=MessageRole.ASSISTANT),
        )
    ]


def _rough_tokens(text: str) -> list[int]:
    """About as many items as `text` has tokens; counting them exactly would need each model's own tokenizer."""
    return list(text.encode()[::4])
