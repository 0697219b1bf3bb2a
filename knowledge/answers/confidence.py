"""How sure an extractive answer is that the passages answer the question at all.

A logistic regression over seven features of the question, its best candidate and the passages. The weights were
fitted on 2026-11-26 by `python -m bench.answers ../shared/datasets --fit --most 800`, on questions that their documents
answer or do not: SQuAD 2 (weighted eightfold: the one set with hard negatives for open questions), CUAD's clauses, and,
with every document that holds the answer taken away, SQuAD 2, HotpotQA-100, Chroma's chunking set and Doc2Dial.
AUROC on SQuAD 2 is .67 and .71 fitted with the other half of its articles, .65 without any of it (by the cosine .61).
No sample document and no question of `data/questions.jsonl` was used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from knowledge.answers.candidates import Candidate
from knowledge.answers.claims import all_stems, denials, opposed
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question
from knowledge.types import Passage

EVIDENCE = ("cosine", "context", "absent", "no_cue", "opposed", "undenied", "passage_cosine")
WEIGHTS = (2.57, 1.45, -2.09, -0.74, -1.87, -1.98, 1.39)
INTERCEPT = -2.98
THRESHOLD = 0.4
MOST_ABSENT = 3
FIRST_FEW = 6


def evidence(
    question: Question,
    ranked: Sequence[Candidate],
    cosines: Sequence[float],
    passages: Sequence[Passage],
    lexicon: Lexicon,
) -> tuple[float, ...]:
    """The values of `EVIDENCE`; `ranked` are the candidates best first, `cosines` theirs to the question."""
    best = ranked[0]
    present = lexicon.stems(" ".join(" ".join((p.title, *p.headings, p.text)) for p in passages))
    return (
        cosines[0],
        question.coverage(best.around),
        min(MOST_ABSENT, len(question.strict - present)) / MOST_ABSENT,
        float(all(question.answered_by(c.text) == 0.0 for c in ranked[:FIRST_FEW])),
        float(opposed(all_stems(question.text, lexicon), all_stems(best.text, lexicon), lexicon)),
        float(bool(denials(question.text)) and not denials(best.text)),
        max(p.scores.cosine for p in passages),
    )


def confidence(
    question: Question,
    ranked: Sequence[Candidate],
    cosines: Sequence[float],
    passages: Sequence[Passage],
    lexicon: Lexicon,
) -> float:
    """The probability, in 0..1, that the best candidate answers the question; 0 without candidates."""
    if not ranked:
        return 0.0
    values = evidence(question, ranked, cosines, passages, lexicon)
    logit = INTERCEPT + sum(weight * value for weight, value in zip(WEIGHTS, values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
