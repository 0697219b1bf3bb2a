"""Which units of the passages answer a question best.

A linear score over the features of `features.py`. Its weights are those of a conditional logit over the units of each
question (which of them overlaps the gold evidence?), fitted on 2026-11-26 over all units of the passages read, on
SQuAD 2, HotpotQA-100, Chroma's chunking set and Doc2Dial, each set counting alike. `python -m bench.answers
../shared/datasets --fit` fits the same way to what is retrieved now, and to much the same weights; `docs/decisions.md`
compares them, and says what they gain where they were not fitted. No sample document and no question of
`data/questions.jsonl` was used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.answers.candidates import Candidate, candidates
from knowledge.answers.features import Pool, cosines, features, shortlist
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question
from knowledge.embedding.embedder import Embedder
from knowledge.types import Passage

PASSAGES_READ = 10
UNITS_EMBEDDED = 8
WEIGHTS = (5.92, 0.59, 5.05, 2.15, -2.51, -1.18, 3.82, 1.65, -0.34, 0.73, 2.79)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its cosine to the question, the values of `FEATURES` and its score.

    `share` is the probability that it is the one that answers, if any of those that were embedded does.
    """

    candidate: Candidate
    cosine: float
    values: tuple[float, ...]
    score: float
    share: float


def rank(
    asked: Question, passages: Sequence[Passage], embedder: Embedder, lexicon: Lexicon, *, units: int = UNITS_EMBEDDED
) -> list[Ranked]:
    """The `units` most promising ones of the first passages, best first."""
    found = candidates(passages[:PASSAGES_READ], lexicon)
    pool = Pool.of(asked, found)
    short = shortlist(pool, found, units)
    if not short:
        return []
    near = cosines(embedder.embed_query(asked.text), embedder.embed_sentences([c.embedded_text for c in short]))
    values = [features(pool, unit, cosine, lexicon) for unit, cosine in zip(short, near, strict=True)]
    scores = [score(row) for row in values]
    # Against the best of them, so that no exponential overflows.
    whole = sum(math.exp(one - max(scores)) for one in scores)
    ranked = [
        Ranked(unit, cosine, row, one, math.exp(one - max(scores)) / whole)
        for unit, cosine, row, one in zip(short, near, values, scores, strict=True)
    ]
    return sorted(ranked, key=lambda r: r.score, reverse=True)


def score(values: Sequence[float]) -> float:
    """The weighted sum of the values of `FEATURES`."""
    return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
