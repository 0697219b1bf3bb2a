"""What the service itself says in an answer, in the language that the page speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.answers.grounding import UNANSWERED
from serve.turns.flow import HANDED_OVER, Answering
from serve.turns.journal import Journal
from serve.turns.quoting import OFFER
from serve.turns.reply import ENGLISH, Asked, Reply

# Each language that the page knows, by the English sentences; what documents and models say is left as it is.
SENTENCES: Mapping[str, Mapping[str, str]] = {
    ENGLISH: {},
    "de": {
        UNANSWERED: "Die Dokumente beantworten diese Frage nicht.",
        OFFER: "Möchten Sie mit einem Menschen sprechen?",
        HANDED_OVER: "Ich gebe das an eine Kollegin oder einen Kollegen weiter. Die Antwort kommt hier.",
    },
}


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
    sentences = SENTENCES.get(language, {})
    own = next((one for one in sentences if text == one or text.endswith((f" {one}", f"\n{one}"))), None)
    if own is None:
        return text
    before = text.removesuffix(own)
    said = before.rstrip()
    return spoken(said, language) + before[len(said) :] + sentences[own]


def language_for(wanted: str, allowed: Sequence[str]) -> str:
    """The first language that `wanted`, as the header Accept-Language writes it, names and the service allows.

    Where there is none it is the first that is allowed, as on the page.
    """
    offered = [base for base in map(_base, allowed) if base in SENTENCES]
    found = next((base for base in map(_base, _preferred(wanted)) if base in offered), None)
    return found or next(iter(offered), ENGLISH)


def _preferred(wanted: str) -> list[str]:
    """The languages of the header, the most wanted first."""
    weighed = []
    for part in wanted.split(","):
        name, _, weight = part.partition(";")
        weighed.append((-_weight(weight), name.strip()))
    return [name for weight, name in sorted(weighed, key=lambda one: one[0]) if name and weight < 0]


def _weight(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0.0


def _base(language: str) -> str:
    return language.lower().partition("-")[0]
