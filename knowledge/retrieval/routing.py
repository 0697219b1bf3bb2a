"""Which banks a question is answered from, and in what order passages of several banks stand.

Scores that were scaled within one bank say nothing about another (the best hit of every bank has a
scaled score near one), so banks are compared by raw evidence: the cosine to the question, and how much
of what the question asks about stands in the passage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question, analyse
from knowledge.card import BankCard
from knowledge.types import Passage

PASSAGES_COMPARED = 5
COSINE, COVERAGE, CARD = 1.0, 0.5, 0.1
SECOND_BANK = 0.06
FEWER = 0.2


@dataclass(frozen=True, slots=True)
class Routing:
    """The banks that a question is answered from, best first, and their passages in one order."""

    banks: tuple[str, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class _Weighed:
    passage: Passage
    evidence: float


def route(
    question: str, found: Mapping[str, Sequence[Passage]], cards: Mapping[str, BankCard], *, language: str = "english"
) -> Routing:
    """Compare what each bank found for `question`; `found` holds each bank's best passages, best first.

    A second bank is taken in where its evidence comes close to the best bank's, so that a question about two
    domains reaches both. Banks with different embedders are compared by words alone: their cosines differ in kind.
    """
    lexicon = Lexicon(language)
    stems = {name: [_stems(p, lexicon) for p in list(passages)[:PASSAGES_COMPARED]] for name, passages in found.items()}
    asked = analyse(question, lexicon, rarity=_rarity([one for some in stems.values() for one in some]))
    comparable = len({cards[name].embedder for name in found if name in cards}) <= 1
    weighed = {
        name: [
            _Weighed(p, COSINE * p.scores.cosine * comparable + COVERAGE * asked.coverage(_stems(p, lexicon)))
            for p in passages
        ]
        for name, passages in found.items()
        if passages
    }
    strength = {name: _strength(asked, some, cards.get(name), lexicon) for name, some in weighed.items()}
    order = sorted(strength, key=lambda name: strength[name], reverse=True)
    banks = tuple(name for name in order if strength[order[0]] - strength[name] <= SECOND_BANK)[:2]
    merged = sorted((one for name in banks for one in weighed[name]), key=lambda one: one.evidence, reverse=True)
    return Routing(banks, tuple(one.passage for one in merged) if len(banks) > 1 else _as_found(banks, found))


def _as_found(banks: Sequence[str], found: Mapping[str, Sequence[Passage]]) -> tuple[Passage, ...]:
    return tuple(passage for name in banks for passage in found[name])


def _stems(passage: Passage, lexicon: Lexicon) -> frozenset[str]:
    return lexicon.stems(" ".join((passage.title, *passage.headings, passage.text)))


def _rarity(seen: Sequence[frozenset[str]]) -> Callable[[str], float]:
    """Inverse document frequency over the passages at hand: a word that every bank's passages have tells nothing."""
    return lambda stem: math.log(1.0 + len(seen) / (0.5 + sum(stem in stems for stems in seen)))


def _strength(asked: Question, weighed: Sequence[_Weighed], card: BankCard | None, lexicon: Lexicon) -> float:
    best = sorted((one.evidence for one in weighed), reverse=True)[:PASSAGES_COMPARED]
    about = lexicon.stems(f"{card.title} {card.description}") if card else frozenset()
    return best[0] + FEWER * sum(best) / len(best) + CARD * asked.coverage(about)
