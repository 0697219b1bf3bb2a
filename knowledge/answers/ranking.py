"""Which units of the passages answer a question best.

A linear score over the features of `features.py` and the alignment of question and unit. Its weights are those of a
conditional logit over the units of each question (which of them overlaps the gold evidence?), fitted on 2026-11-26 by
`python -m bench.answers ../shared/datasets --fit --most 400` over all units of the passages read, on SQuAD 2,
HotpotQA-100, Chroma's chunking set and Doc2Dial, each set counting alike. `docs/decisions.md` says what they gain where
they were not fitted. No sample document and no question of `data/eval` was used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.answers.alignment import Alignment
from knowledge.answers.candidates import Candidate, candidates
from knowledge.answers.features import Pool, features, shortlist
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question
from knowledge.embedding.embedder import Embedder
from knowledge.types import Passage

PASSAGES_READ = 10
UNITS_EMBEDDED = 8
WEIGHTS = (3.03, 0.35, 4.13, 1.66, -2.53, -2.04, 2.82, 0.61, -0.15, 0.29, 1.80, 7.00)
# For what no tokens are told of; fitted before there was an alignment, in the same way.
WITHOUT_TOKENS = (5.92, 0.59, 5.05, 2.15, -2.51, -1.18, 3.82, 1.65, -0.34, 0.73, 2.79)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its cosine to the question, its `alignment` with it, and its score by all `values`.

    `alignment` is None, and not among the values, where the embedder tells no tokens. `share` is the probability that
    it is the one that answers, if any of those that were embedded does.
    """

    candidate: Candidate
    cosine: float
    alignment: float | None
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
    question, *readings = embedder.read([asked.text, *(unit.embedded_text for unit in short)])
    near = [float(question.vector @ reading.vector) for reading in readings]
    align = Alignment.of(asked.text, question, pool.rarities, lexicon)
    aligned = [align(reading) if align else None for reading in readings]
    values = [
        (*features(pool, unit, cosine, lexicon), *(() if alignment is None else (alignment,)))
        for unit, cosine, alignment in zip(short, near, aligned, strict=True)
    ]
    scores = [score(row) for row in values]
    # Against the best of them, so that no exponential overflows.
    whole = sum(math.exp(one - max(scores)) for one in scores)
    ranked = [
        Ranked(unit, cosine, alignment, row, one, math.exp(one - max(scores)) / whole)
        for unit, cosine, alignment, row, one in zip(short, near, aligned, values, scores, strict=True)
    ]
    return sorted(ranked, key=lambda r: r.score, reverse=True)


def score(values: Sequence[float]) -> float:
    """The weighted sum of the values of `FEATURES`, and of the alignment where there is one."""
    weights = WEIGHTS if len(values) == len(WEIGHTS) else WITHOUT_TOKENS
    return sum(weight * value for weight, value in zip(weights, values, strict=True))
