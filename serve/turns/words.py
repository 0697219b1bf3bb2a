"""What the service itself says in an answer, in the language that the page speaks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from knowledge.answers.grounding import UNANSWERED
from serve.languages import ENGLISH, said_in
from serve.turns.courtesies import SENTENCES
from serve.turns.flow import HANDED_OVER, Answering
from serve.turns.journal import Journal
from serve.turns.quoting import OFFER
from serve.turns.reply import Asked, Reply

OWN = (UNANSWERED, OFFER, HANDED_OVER, *SENTENCES)


@dataclass(frozen=True, slots=True)
class Speaking:
    """Answers as `answering` does, with the service's own sentences in the language of whoever asks."""

    answering: Answering

    async def answer(self, asked: Asked, journal: Journal) -> Reply:
        """The answer."""
        reply = await self.answering.answer(asked, journal)
        return replace(reply, text=spoken(reply.text, asked.language))


def spoken(text: str, language: str) -> str:
    """The text with the service's own sentences, which stand at its end or are all of it, in this language."""
    if language == ENGLISH:
        return text
    own = next((one for one in OWN if text == one or text.endswith((f" {one}", f"\n{one}"))), None)
    if own is None:
        return text
    before = text.removesuffix(own)
    said = before.rstrip()
    return spoken(said, language) + before[len(said) :] + said_in(language, own)
