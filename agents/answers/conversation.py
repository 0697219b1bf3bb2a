"""Questions that follow one another: each is answered in the light of those before it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agents.answers.going_on import COMPARED, goes_on, spoken
from agents.answers.scope import Scope
from agents.answers.turns import Turn
from knowledge.answers.followup import readings, speaks_of
from knowledge.errors import UsageError
from knowledge.types import Answer, Passage

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from knowledge.library import Library

LONGEST_QUESTION = 10_000


@dataclass(slots=True)
class Conversation:
    """Answers one question after another, with `llm` where there is one, else by quoting.

    `understood` is what the last question was taken to mean, where that is not what it said.
    """

    library: Library
    scope: Scope = field(default_factory=Scope)
    llm: LLM | None = None
    turns: list[Turn] = field(default_factory=list)
    last: Answer | None = None
    understood: str = ""
    topic: str = ""

    def ask(self, question: str) -> Answer:
        """The answer to `question`; a failure leaves the conversation as it was."""
        question = question.strip()
        if not question:
            raise UsageError("Nothing was asked.", hint="Give a question.")
        if len(question) > LONGEST_QUESTION:
            raise UsageError(
                f"The question has {len(question):,} characters.", hint=f"Ask in at most {LONGEST_QUESTION:,}."
            )
        answer = self._asked(question) if self.llm else self._quoted(question)
        self.turns.append(Turn(question, answer.text))
        self.last = answer
        return answer

    def _asked(self, question: str) -> Answer:
        from agents.answers.answering import answer_with_model  # LlamaIndex is not needed to quote

        assert self.llm is not None
        asking = answer_with_model(
            question,
            self.library,
            llm=self.llm,
            reader=self.scope.reader,
            banks=self.scope.banks,
            filters=self.scope.filters,
            history=self.turns,
        )
        return asyncio.run(asking)

    def _quoted(self, question: str) -> Answer:
        """The answer to the likeliest meaning that has one; the topic stays where none has."""
        self.understood = ""
        meanings = readings(question, self.topic)
        found = self._after_turns(question, meanings) or self._by_itself(question, meanings)
        if not found.abstained:
            self.topic = found.question
            self.understood = found.question if found.question != question else ""
        elif not self.topic:
            self.topic = question
        return replace(found, question=question)

    def _by_itself(self, question: str, meanings: Sequence[str]) -> Answer:
        answers = (self._quote(meaning) for meaning in meanings)
        first = next(answers)
        rest = (answer for answer in answers if speaks_of(question, answer))
        return next((answer for answer in (first, *rest) if not answer.abstained), first)

    def _after_turns(self, question: str, meanings: Sequence[str]) -> Answer | None:
        """The answer in the light of the turns before, where the question goes on with them and has one."""
        history = spoken(self.turns)
        if not history or not goes_on(self._search(question), self._search(question, history)):
            return None
        answer = self._quote(question, history)
        if answer.abstained or not speaks_of(question, answer):
            return None
        return replace(answer, question=next((one for one in meanings if one != question), question))

    def _search(self, question: str, history: Sequence[str] = ()) -> tuple[Passage, ...]:
        scope = self.scope
        return self.library.search(
            question,
            k=COMPARED,
            banks=scope.banks,
            reader=scope.reader,
            filters=scope.filters,
            history=history,
            single=True,
        )

    def _quote(self, question: str, history: Sequence[str] = ()) -> Answer:
        scope = self.scope
        return self.library.ask(
            question, banks=scope.banks, reader=scope.reader, filters=scope.filters, history=history
        )
