"""What says how well a unit answers a question, among the units that it competes with."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from knowledge.answers.candidates import Candidate
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEATURES = (
    "cosine", "cue", "prior", "heading", "asks", "lead_in", "rare_context", "side_by_side", "names", "length", "bm25",
)  # fmt: skip
FEWEST_WORDS = 5
LABELLED = re.compile(r"\w[*_`]*:[*_`]* +\S")
USUAL_LENGTH = 100
K1, B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Pool:
    """The units that compete for a question: how rare each of its terms is among them, and how long they are.

    Rarity counts within what was read, not within the bank: which term of a question tells its passages apart is
    what matters, and a reader's answers must not depend on documents that they may not see. `rarities` sum to one.
    """

    question: Question
    rarities: Mapping[str, float]
    length: float
    best_own: float

    @classmethod
    def of(cls, question: Question, found: Sequence[Candidate]) -> Pool:
        """The pool of all units in `found`."""
        with_term = {term: sum(term in unit.stems for unit in found) for term in question.terms}
        raw = {term: math.log(1 + (len(found) - n + 0.5) / (n + 0.5)) for term, n in with_term.items()}
        total = sum(raw.values()) or 1.0
        length = sum(len(unit.stems) for unit in found) / max(1, len(found))
        best = max((unit.passage.scores.own for unit in found), default=1.0)
        return cls(question, {term: value / total for term, value in raw.items()}, length or 1.0, best)

    def coverage(self, stems: frozenset[str]) -> float:
        """The share of the question's terms among `stems`, each as rare as it is."""
        return sum(weight for term, weight in self.rarities.items() if term in stems)

    def brevity(self, length: int) -> float:
        """What BM25 multiplies a term with that a unit of this length has once."""
        return (K1 + 1) / (1 + self._norm(length))

    def bm25(self, content: Sequence[str]) -> float:
        """BM25 of a unit's content words within the pool, as a share of what one of each term would weigh."""
        norm = self._norm(len(content))
        counts = {term: content.count(term) for term in self.rarities}
        return sum(self.rarities[term] * n * (K1 + 1) / (n + norm) for term, n in counts.items() if n)

    def _norm(self, length: int) -> float:
        return K1 * (1 - B + B * length / self.length)

    def prior(self, candidate: Candidate) -> float:
        """The score of the unit's passage beside the best one's."""
        return candidate.passage.scores.own / self.best_own if self.best_own > 0 else 0.0


def features(pool: Pool, candidate: Candidate, cosine: float, lexicon: Lexicon) -> tuple[float, ...]:
    """The values of `FEATURES` for one candidate; all lie in about 0..1."""
    question, content = pool.question, lexicon.content(candidate.text)
    return (
        cosine,
        question.answered_by(candidate.text),
        pool.prior(candidate),
        question.coverage(candidate.topic),
        float(candidate.text.endswith("?")),
        float(candidate.text.endswith(":")),
        pool.coverage(candidate.around),
        _side_by_side(question.terms, content),
        len(question.strict & candidate.stems) / len(question.strict) if question.strict else 0.5,
        math.log1p(len(candidate.text) / USUAL_LENGTH),
        pool.bm25(content),
    )


def _side_by_side(terms: Sequence[str], content: Sequence[str]) -> float:
    """The share of the question's neighbouring terms that are neighbours in the unit too."""
    pairs = set(pairwise(terms))
    return len(pairs & set(pairwise(content))) / len(pairs) if pairs else 0.0


def shortlist(pool: Pool, found: Sequence[Candidate], limit: int) -> list[Candidate]:
    """The `limit` candidates that are worth an embedding: by words, kind of answer and place alone."""

    def promise(candidate: Candidate) -> float:
        return (
            pool.coverage(candidate.stems) * (1 + 0.4 * pool.brevity(len(candidate.stems)))
            + 0.5 * pool.question.coverage(candidate.around)
            + 0.3 * pool.question.answered_by(candidate.text)
            + pool.prior(candidate)
            - 0.5 * _is_scrap(candidate.text)
            - 0.5 * candidate.text.endswith("?")
        )

    return sorted(found, key=promise, reverse=True)[:limit]


def _is_scrap(text: str) -> bool:
    """Whether it is too short to say anything; "Annual fee: $0.00" is short and says what it is about."""
    return text.count(" ") + 1 < FEWEST_WORDS and not LABELLED.search(text)


def cosines(vector: NDArray[np.float32], matrix: NDArray[np.float32]) -> list[float]:
    """The cosine of each row of `matrix` to `vector`; both hold unit vectors."""
    return [float(value) for value in matrix @ vector]
