"""Which units of the passages answer a question best.

A linear score over the features of `candidates.py`, whose weights are those of a logistic regression (does the
unit overlap the gold evidence?) fitted on 2026-11-22 by `python -m bench.answers ../shared/datasets --fit` on
SQuAD 2, HotpotQA-100, Chroma's chunking set and Doc2Dial, each set counting alike. Fitted without the set that is
judged, the first unit is right in .77 / .72 / .62 / .35 of the questions whose evidence was found (by the cosine
alone .67 / .66 / .49 / .27). No sample document and no question of `data/questions.jsonl` was used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.answers.candidates import Candidate, candidates, cosines, features, shortlist
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question
from knowledge.embedding.embedder import Embedder
from knowledge.types import Passage

PASSAGES_READ = 6
UNITS_EMBEDDED = 5
WEIGHTS = (5.47, 1.79, 0.51, 0.44, 6.69, -5.05, -0.88, -2.29, -0.12, 0.29, 0.0, -0.49)


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
    best = max(p.scores.own for p in passages)
    near = cosines(embedder.embed_query(asked.text), embedder.embed([c.embedded_text for c in short]))
    ranked = [Ranked(c, cosine, score(features(asked, c, cosine, best))) for c, cosine in zip(short, near, strict=True)]
    return sorted(ranked, key=lambda r: r.score, reverse=True)


def score(values: Sequence[float]) -> float:
    """The weighted sum of the values of `FEATURES`."""
    return sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
