"""Answers without a language model: the sentences of the documents that answer, in the light of what came before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from agents.answers.conversation import Conversation as Talk
from agents.answers.scope import Scope, named_banks
from agents.rag.sources import Sources, access
from knowledge.answers.grounding import UNANSWERED
from knowledge.library import Library
from knowledge.types import PUBLIC, Answer, Passage
from serve.turns.courtesies import courtesy
from serve.turns.followups import follow_ups
from serve.turns.history import turns_before
from serve.turns.journal import Journal
from serve.turns.places import cited_places, closest_places, marked_sentences
from serve.turns.reply import Asked, Reply

OFFER = "Would you like to talk to a person?"
TITLES = 3


class Quoter:
    """Quotes from the banks of a library, `at_once` questions at a time: more would only make each other wait.

    Below `confidence` it says that the documents do not answer. With `offers_person` it offers one then.
    """

    def __init__(
        self,
        library: Library,
        *,
        name: str,
        banks: Sequence[str] | None = None,
        confidence: float = 0.0,
        offers_person: bool = False,
        at_once: int = 2,
    ) -> None:
        self._library = library
        self._name = name
        self._banks = banks
        self._confidence = confidence
        self._offers_person = offers_person
        self._gate = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        """The answer, or that there is none, with what comes closest."""
        if (said := courtesy(asked.question.text)) is not None:
            journal.delta(said)
            return Reply(said, self._name, topic=asked.conversation.topic)
        names = await asyncio.to_thread(named_banks, self._library, self._banks)
        journal.progress("searching", _searching(names), banks=list(names))
        talk = Talk(
            self._library,
            Scope(asked.reader, names),
            turns=turns_before(asked.history, asked.reader),
            topic=asked.conversation.topic,
        )
        self._waiting += 1
        try:
            async with self._gate:
                answer = self._sure(await asyncio.to_thread(talk.ask, asked.question.text))
        finally:
            self._waiting -= 1
        understood = talk.understood or answer.question
        journal.timings |= answer.timings
        journal.found(understood, answer.closest)
        journal.progress("reading", _reading(answer.closest), documents=_titles(answer.closest))
        if answer.abstained:
            return replace(self._abstained(answer, talk.topic), access=await self._access(answer.closest))
        cited = cited_places(answer.sentences)
        parts = marked_sentences(answer.sentences)
        between = "\n" if any("\n" in part for part in parts) else " "
        for at, part in enumerate(parts):
            journal.delta(f"{between if at else ''}{part}", cited)
        reply = Reply(
            between.join(parts),
            self._name,
            citations=cited,
            confidence=answer.confidence,
            understood=understood,
            topic=talk.topic,
        )
        followups = await self._follow_ups(answer, talk)
        # What may be asked next comes from everything that stands nearby.
        behind = answer.closest if followups else _cited(answer)
        return replace(reply, followups=followups, access=await self._access(behind))

    def _sure(self, answer: Answer) -> Answer:
        if answer.abstained or answer.confidence >= self._confidence:
            return answer
        return replace(answer, text=UNANSWERED, sentences=(), abstained=True)

    def _abstained(self, answer: Answer, topic: str) -> Reply:
        return Reply(
            f"{UNANSWERED} {OFFER}" if self._offers_person else UNANSWERED,
            self._name,
            closest=closest_places(answer.closest),
            abstained=True,
            confidence=answer.confidence,
            topic=topic,
        )

    async def _access(self, passages: Sequence[Passage]) -> tuple[tuple[str, ...], ...]:
        """For each document behind the answer that is not for everybody, the roles that may read it."""
        named = Sources([self._library]).named(sorted({one.bank for one in passages}))
        found = await asyncio.to_thread(access, passages, named)
        return tuple(sorted(tuple(sorted(roles)) for roles in found if PUBLIC not in roles))

    async def _follow_ups(self, answer: Answer, talk: Talk) -> tuple[str, ...]:
        """What may be asked next; left out while others wait for their answer."""
        if self._waiting:
            return ()
        async with self._gate:
            return await asyncio.to_thread(follow_ups, answer, talk)


def _cited(answer: Answer) -> list[Passage]:
    """The passages of the documents that are cited."""
    cited = {(one.bank, one.document_id) for one in answer.citations}
    return [one for one in answer.closest if (one.bank, one.document_id) in cited]


def _searching(names: Sequence[str]) -> str:
    return f"Searching {names[0]}" if len(names) == 1 else f"Searching {len(names)} banks"


def _reading(passages: Sequence[Passage]) -> str:
    titles = _titles(passages)
    return f"Reading {titles[0]}" if titles else "Nothing was found"


def _titles(passages: Sequence[Passage]) -> list[str]:
    return list(dict.fromkeys(passage.title for passage in passages))[:TITLES]
