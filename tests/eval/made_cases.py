"""Cases and observations for tests, each named by what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from eval.cases import Case, Gold
from eval.observation import Hit, Observation, Sentence

TWO_DOCUMENTS = (Gold("a.md", start=10, end=20, text="ten to 20.", group=0), Gold("b.md", group=1))


def case(
    *gold: Gold, answers: Sequence[str] = ("9 days",), answerable: bool = True, name: str = "x", bank: str | None = None
) -> Case:
    """A case with that evidence."""
    return Case(name, "How long?", tuple(answers), answerable=answerable, gold=gold, bank=bank)


def ranked(*docs: str) -> Observation:
    """What retrieved these documents, best first, a passage each."""
    return Observation(hits=tuple(Hit(f"/docs/{doc}", 100 * rank, 100 * rank + 50) for rank, doc in enumerate(docs)))


def answered(text: str, *citations: Hit, confidence: float = 0.8) -> Observation:
    """What answered in one sentence."""
    return Observation(text=text, sentences=(Sentence(text, citations),), confidence=confidence, hits=())


ABSTAINED = Observation(text="The documents do not answer this question.", abstained=True, confidence=0.1, hits=())
