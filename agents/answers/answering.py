"""Answers written by a language model: an agent searches the banks, and what it says is checked before it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from agents.agent.knowledge_agent import SEARCHING, LlamaIndexAgent
from agents.answers.desk import Desk
from agents.answers.failing import failures_of_models
from agents.answers.scope import named_banks
from agents.answers.turns import Turn
from agents.memory.in_memory import InMemoryMemory
from agents.message.msg import Msg
from agents.model.chat import ChatModel
from agents.model.llamaindex_chat import LlamaIndexChatModel
from agents.model.resolve import as_model
from agents.model.retrying import ONCE
from knowledge.answers.grounding import Grounded, answer_from, without_marks
from knowledge.errors import ModelError, UsageError
from knowledge.types import ANYONE, Answer, MetadataValue, Reader

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from knowledge.library import Library

NO_FILTERS: Mapping[str, MetadataValue] = {}
ROUNDS = 6
TURNS_REMEMBERED = 6
ASKER, NAME = "user", "reference_desk"


async def answer_with_model(
    question: str,
    library: Library,
    *,
    llm: ChatModel | LLM | str,
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
    author = _Author(library, _as_it_is(llm), reader, named_banks(library, banks), filters)
    author.memory.add(_messages(history))
    with failures_of_models():
        await author(Msg(ASKER, question))
    grounded, desk = author.outcome
    model, timings = author.model, {"answer": perf_counter() - started}
    return answer_from(question, grounded, desk.evidence, model=model.model_name, host=model.host, timings=timings)


class _Author(LlamaIndexAgent):
    """An agent at work on one question, all of whose sentences need support."""

    def __init__(
        self,
        library: Library,
        llm: ChatModel,
        reader: Reader,
        banks: tuple[str, ...],
        filters: Mapping[str, MetadataValue],
    ) -> None:
        super().__init__(
            NAME, model=llm, knowledge_list=[library], memory=InMemoryMemory(), max_iters=ROUNDS, roles=(*reader.roles,)
        )
        self._banks, self._filters = banks, filters
        self._outcome: tuple[Grounded, Desk] | None = None

    @property
    def outcome(self) -> tuple[Grounded, Desk]:
        """What is left of the reply, and what it was made from."""
        if self._outcome is None:
            raise ModelError("The model gave no answer:", hint="try again, or name another model.")
        return self._outcome

    @property
    def _manner(self) -> str:
        return SEARCHING

    def _desk_for(self, asked: str, question: str) -> Desk:
        desk = super()._desk_for(asked, question)
        desk.names, desk.filters, desk.listener = self._banks, self._filters, None
        return desk

    def _checked(self, desk: Desk, grounded: Grounded) -> None:
        self._outcome = grounded, desk


def _as_it_is(llm: ChatModel | LLM | str) -> ChatModel:
    """The model; an LLM of somebody else tries again by itself, as often as it was told to."""
    model = as_model(llm)
    if isinstance(llm, str | ChatModel) or not isinstance(model, LlamaIndexChatModel):
        return model
    return LlamaIndexChatModel(llm, retry=ONCE)


def _messages(history: Sequence[Turn]) -> list[Msg]:
    """The last turns, without citation marks."""
    return [
        message
        for turn in history[-TURNS_REMEMBERED:]
        for message in (Msg(ASKER, turn.question), Msg(NAME, without_marks(turn.answer)))
    ]
