"""How sure an extractive answer is that the passages answer the question at all.

A logistic regression over seven features of the question, its best units and the passages, and the alignment of these
units with the question. The weights were fitted on 2026-11-26 by `python -m bench.answers ../shared/datasets --fit
--most 1000`, on questions that their documents answer or do not: SQuAD 2 (weighted eightfold: the one set with hard
negatives for open questions), CUAD's clauses, and, with every document that holds the answer taken away, SQuAD 2,
HotpotQA-100, Chroma's chunking set and Doc2Dial. AUROC on SQuAD 2 is .69 and .70 fitted with the other half of its
articles, .65 without any of it (by the cosine .63). No sample document and no question of `data/eval` was used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from knowledge.answers.claims import all_stems, denials, opposed
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import Question
from knowledge.answers.ranking import Ranked
from knowledge.types import Passage

EVIDENCE = ("cosine", "context", "absent", "no_cue", "opposed", "undenied", "passage_cosine")
WEIGHTS = (2.89, -0.07, -2.15, -0.41, -2.06, -1.73, 1.22, 2.55)
INTERCEPT = -3.75
# For what no tokens are told of: fitted to the same evidence without the alignment, of 250 questions a set.
WITHOUT_TOKENS = (3.18, 1.40, -2.27, -0.58, -2.05, -1.91, 0.81), -3.03
THRESHOLD = 0.4
MOST_ABSENT = 3
FIRST_FEW = 6
LIKELIEST = 3


def evidence(
    question: Question, ranked: Sequence[Ranked], passages: Sequence[Passage], lexicon: Lexicon
) -> tuple[float, ...]:
    """The values of `EVIDENCE`, without the alignment where there is none; `ranked` are the units best first."""
    best = ranked[0].candidate
    # What is nearest may be worded so that it does not stand first: up to three are quoted.
    likely = ranked[:LIKELIEST]
    aligned = [r.alignment for r in likely if r.alignment is not None]
    present = lexicon.stems(" ".join(" ".join((p.title, *p.headings, p.text)) for p in passages))
    return (
        max(r.cosine for r in likely),
        question.coverage(best.around),
        min(MOST_ABSENT, len(question.strict - present)) / MOST_ABSENT,
        float(all(question.answered_by(r.candidate.text) == 0.0 for r in ranked[:FIRST_FEW])),
        float(opposed(all_stems(question.text, lexicon), all_stems(best.text, lexicon), lexicon)),
        float(bool(denials(question.text)) and not denials(best.text)),
        max(p.scores.cosine for p in passages),
        *((max(aligned),) if aligned else ()),
    )


def confidence(question: Question, ranked: Sequence[Ranked], passages: Sequence[Passage], lexicon: Lexicon) -> float:
    """The probability, in 0..1, that the best unit answers the question; 0 without units."""
    if not ranked:
        return 0.0
    values = evidence(question, ranked, passages, lexicon)
    weights, intercept = (WEIGHTS, INTERCEPT) if len(values) == len(WEIGHTS) else WITHOUT_TOKENS
    logit = intercept + sum(weight * value for weight, value in zip(weights, values, strict=True))
    return 1.0 / (1.0 + math.exp(-logit))
