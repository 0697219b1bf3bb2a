"""Which units of the passages answer a question best.

A linear score over the features of `knowledge.candidates`, whose weights are those of a logistic regression (does
the unit overlap the gold evidence?) fitted on 2026-11-22 by `python -m bench.answers ../shared/datasets --fit` on
SQuAD 2, HotpotQA-100, Chroma's chunking set and Doc2Dial, each set counting alike. Chosen over the cosine alone
with every set left out in turn. No sample document and no question of `data/questions.jsonl` was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.candidates import Candidate, candidates, cosines, features, shortlist
from knowledge.embedding.embedder import Embedder
from knowledge.lexicon import Lexicon
from knowledge.questions import Question
from knowledge.types import Passage

PASSAGES_READ = 6
UNITS_EMBEDDED = 14
WEIGHTS = (5.7, 1.7, 0.9, 0.7, 6.5, -4.1, -0.7, -1.5, 0.6, 0.2, 0.2, -0.7)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its cosine to the question and its score, a log-odds."""

    candidate: Candidate
    cosine: float
    score: float


def rank(asked: Question, passages: Sequence[Passage], embedder: Embedder, lexicon: Lexicon) -> list[Ranked]:
    """The most promising units of the first passages, best first."""
    short = shortlist(asked, candidates(passages[:PASSAGES_READ], lexicon), UNITS_EMBEDDED)
    if not short:
        return []
    best = max(p.scores.total for p in passages)
    near = cosines(embedder.embed_query(asked.text), embedder.embed([c.embedded_text for c in short]))
    ranked = [Ranked(c, cosine, score(features(asked, c, cosine, best))) for c, cosine in zip(short, near, strict=True)]
    return sorted(ranked, key=lambda r: r.score, reverse=True)


def score(values: Sequence[float]) -> float:
    """The weighted sum of the values of `FEATURES`."""
    return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
