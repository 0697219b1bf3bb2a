"""Whether passages support a sentence that a language model wrote, and with which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answers.candidates import Candidate, candidates
from knowledge.answers.claims import Claim, all_stems, claim_of
from knowledge.answers.features import cosines
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.strangers import say_otherwise, strangers
from knowledge.embedding.embedder import Embedder
from knowledge.types import Citation, Passage

if TYPE_CHECKING:
    from knowledge.types import Vector

SENTENCES_COMPARED = 12
MOST_CITATIONS = 3
ENOUGH_WORDS = 0.5
ENOUGH_ALIKE = 0.5
WORDS_ALONE = 0.8
MEANING_ALONE = 0.75
WORTH_CITING = 0.15
RELATED_WORDS = 2


@dataclass(frozen=True, slots=True)
class _Compared:
    """A unit with its vector, and its cosine to the claim."""

    unit: Candidate
    vector: Vector
    cosine: float


def support_check(embedder: Embedder) -> Callable[[str, Sequence[Passage]], tuple[Citation, ...]]:
    """`support` with its embedder settled: takes a sentence and passages, gives the supporting citations."""
    return lambda sentence, passages: support(sentence, passages, embedder)


def support(
    sentence: str, passages: Sequence[Passage], embedder: Embedder, *, language: str = "english"
) -> tuple[Citation, ...]:
    """The words of `passages` that support `sentence`, at most three spans, best first; empty if nothing does.

    Every number and date of the sentence must stand in the cited words, every name in them or right around them
    (title and headings count); most of its content words, or its meaning, must be there; what it says in words of its
    own must not take it away from them; and the best of the cited words must not deny what the sentence affirms, nor
    affirm what it denies. A sentence without content words claims nothing that could be supported.
    """
    lexicon = Lexicon(language)
    claim = claim_of(sentence, lexicon)
    ranked = _ranked(claim, passages, embedder, lexicon) if claim.stems else []
    if not ranked:
        return ()
    chosen = _gather(claim, [one.unit for one in ranked], lexicon)
    kept = [one for one in ranked if one.unit in chosen]
    cosine = max(one.cosine for one in kept)
    if not _holds(claim, chosen, cosine, lexicon):
        return ()
    held = _stems(chosen, lexicon).union(*(unit.around for unit in chosen))
    own = strangers(sentence, held, lexicon)
    if say_otherwise(sentence, own, {one.unit.text: one.vector for one in kept}, embedder, cosine=cosine):
        return ()
    return tuple(one.passage.cite(one.start, one.end) for one in chosen)


def _ranked(claim: Claim, passages: Sequence[Passage], embedder: Embedder, lexicon: Lexicon) -> list[_Compared]:
    """The units nearest to the claim, best first."""
    found = candidates(passages, lexicon)
    short = sorted(found, key=lambda c: _shared(claim, c.stems), reverse=True)[:SENTENCES_COMPARED]
    if not short:
        return []
    vectors = embedder.embed([c.text for c in short])
    near = cosines(embedder.embed([claim.text])[0], vectors)
    compared = [_Compared(*one) for one in zip(short, vectors, near, strict=True)]
    return sorted(compared, key=lambda one: one.cosine + _shared(claim, one.unit.stems), reverse=True)


def _shared(claim: Claim, stems: frozenset[str]) -> float:
    exact = claim.numbers | claim.names
    agreement = len(exact & stems) / len(exact) if exact else 0.0
    return len(claim.stems & stems) / len(claim.stems) + 0.5 * agreement


def _gather(claim: Claim, ranked: Sequence[Candidate], lexicon: Lexicon) -> list[Candidate]:
    """The best unit, and others as long as they bring numbers, names or many words that are still missing."""
    chosen = [ranked[0]]
    related = [c for c in ranked if _is_related(claim, c)]
    while related and len(chosen) < MOST_CITATIONS:
        missing = (claim.stems | claim.numbers | claim.names) - _stems(chosen, lexicon)
        best = max(related, key=lambda c: len(missing & _stems([c], lexicon)))
        gained = missing & _stems([best], lexicon)
        if not gained & (claim.numbers | claim.names) and len(gained) < max(2, WORTH_CITING * len(claim.stems)):
            break
        chosen.append(best)
    return chosen


def _is_related(claim: Claim, candidate: Candidate) -> bool:
    """Whether a unit shares words with the claim, so that a number in it is likely to mean the same thing."""
    words = claim.stems - claim.numbers
    return len(words & candidate.stems) >= max(RELATED_WORDS, WORTH_CITING * len(words))


def _stems(units: Sequence[Candidate], lexicon: Lexicon) -> frozenset[str]:
    return frozenset().union(*(all_stems(unit.text, lexicon) | unit.topic for unit in units))


def _holds(claim: Claim, chosen: Sequence[Candidate], cosine: float, lexicon: Lexicon) -> bool:
    held = _stems(chosen, lexicon)
    around = held.union(*(unit.around for unit in chosen))
    if not claim.numbers <= held or not claim.names <= around:
        return False
    covered = len(claim.stems & around) / len(claim.stems)
    alike = covered >= WORDS_ALONE or cosine >= MEANING_ALONE or (covered >= ENOUGH_WORDS and cosine >= ENOUGH_ALIKE)
    return alike and not claim.contradicted_by(chosen[0].text, lexicon)
