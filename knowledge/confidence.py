"""How sure an extractive answer is that the passages answer the question at all."""

from __future__ import annotations

import math
from collections.abc import Sequence

from knowledge.candidates import Candidate
from knowledge.questions import Question

EVIDENCE = ("cosine", "coverage", "context", "strict", "passage_cosine", "best_coverage", "cue", "heading")
WEIGHTS = (2.0, 1.5, 1.5, -2.0, 2.0, 1.5, 0.5, 0.3)
INTERCEPT = -4.2
THRESHOLD = 0.5


def evidence(question: Question, ranked: Sequence[Candidate], cosines: Sequence[float]) -> tuple[float, ...]:
    """The values of `EVIDENCE`; `ranked` are the candidates best first, `cosines` theirs to the question."""
    best = ranked[0]
    everywhere = frozenset().union(*(c.around for c in ranked))
    return (
        cosines[0],
        question.coverage(best.stems),
        question.coverage(best.around),
        question.missing(everywhere),
        best.passage.scores.cosine,
        max(question.coverage(c.around) for c in ranked),
        question.answered_by(best.text),
        question.coverage(best.topic),
    )


def confidence(question: Question, ranked: Sequence[Candidate], cosines: Sequence[float]) -> float:
    """The probability, in 0..1, that the best candidates answer the question; 0 without candidates."""
    if not ranked:
        return 0.0
    values = evidence(question, ranked, cosines)
    logit = INTERCEPT + sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
