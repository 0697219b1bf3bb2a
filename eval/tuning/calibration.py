"""What a bank's confidence is worth: how many questions it may answer when only so many answers may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from eval.cases import Case
from eval.metrics.answers import Correct
from eval.observation import Observation, Sentence
from eval.summaries.outcomes import Floats, Indices, Outcome, Outcomes
from eval.summaries.risk import RiskCurve, risk_curve
from eval.targets.banks import hit_of_citation
from eval.targets.placing import Placer
from eval.tuning.deadline import Deadline
from eval.tuning.scratch import chunks_found
from knowledge.answers.answering import Extract, extract
from knowledge.card import Calibration
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.types import Passage

FOLDS = 5
READ = 10
DEPTH = 40
FEWEST = 30
HOPELESS_EVERY = 3
# Standard deviations: one leaves a sixth of the bounds too low, where none would leave half.
CAUTION = 1.0
# Beyond every confidence: what is not answered at all.
NEVER = 2.0
TOLERATED = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One question with what the bank would answer: how surely, and whether rightly."""

    confidence: float
    correct: float


def attempts(bank: KnowledgeBank, cases: Sequence[Case], deadline: Deadline) -> list[Attempt]:
    """Every case; every third answerable one again without the documents that answer it, when any answer is wrong.

    Those that the deadline leaves no time for are left out.
    """
    placer = Placer([bank])
    found: list[Attempt] = []
    for number, case in enumerate(cases):
        if deadline.is_over:
            break
        placed = replace(case, gold=placer.place(case).gold)
        passages = chunks_found(bank, case, DEPTH)
        found.append(_attempt(bank, placed, passages[:READ]))
        if case.answerable and case.gold and number % HOPELESS_EVERY == 0:
            gone = {gold.doc for gold in placed.gold}
            rest = [passage for passage in passages if passage.uri not in gone]
            found.append(_attempt(bank, replace(placed, answerable=False), rest[:READ]))
    return found


def calibrate(found: Sequence[Attempt], *, tolerated: float, seed: int = 0) -> Calibration:
    """The threshold that keeps wrong answers at `tolerated`, as measured by folds on attempts it was not drawn from.

    Where none does so on these, nothing is answered and `answered` is 0. Raises `UsageError` where there are too few
    attempts to say anything.
    """
    if len(found) < FEWEST:
        raise UsageError(f"{len(found)} questions are too few to calibrate a bank:", hint=f"give {FEWEST} or more.")
    created = datetime.now(UTC).isoformat(timespec="seconds")
    points = [_point(found, wish, seed) for wish in (tolerated, *TOLERATED)]
    return Calibration(*points[0], len(found), created, tuple(points[1:]))


def _attempt(bank: KnowledgeBank, case: Case, passages: Sequence[Passage]) -> Attempt:
    said = extract(case.question, passages, bank.sentence_embedder) if passages else Extract((), 0.0, ())
    quoted = tuple(
        Sentence(one.text, tuple(hit_of_citation(cited) for cited in one.citations)) for one in said.sentences
    )
    score = Correct().evaluate(case, Observation(sentences=quoted))
    return Attempt(said.confidence, score.value if score else 0.0)


def _point(found: Sequence[Attempt], tolerated: float, seed: int) -> tuple[float, float, float, float]:
    """Tolerated, threshold, share answered and share wrong; the last two on the folds that were kept back."""
    order = np.random.default_rng(seed).permutation(len(found))
    confidence, correct = (np.array([getattr(one, name) for one in found]) for name in ("confidence", "correct"))
    answered = wrong = 0.0
    for fold in range(FOLDS):
        kept_back = order[fold::FOLDS]
        threshold = _threshold(confidence, correct, np.setdiff1d(order, kept_back), tolerated)
        given = kept_back[confidence[kept_back] >= threshold]
        answered += len(given)
        wrong += float((1 - correct[given]).sum())
    threshold = _threshold(confidence, correct, order, tolerated)
    share = wrong / answered if answered else 0.0
    if threshold >= NEVER or share > tolerated:
        # What was not kept on questions that were kept back is no promise.
        return tolerated, NEVER, 0.0, 0.0
    return tolerated, threshold, answered / len(found), share


def _threshold(confidence: Floats, correct: Floats, rows: Indices, tolerated: float) -> float:
    """The confidence to answer from; `NEVER` where no answers of these rows are surely right often enough."""
    curve = _curve(confidence[rows], correct[rows])
    coverage, threshold = replace(curve, risk=_at_most(curve.risk)).most_coverage(tolerated)
    return threshold if coverage else NEVER


def _at_most(risk: Floats) -> Floats:
    """Wilson's upper bound (1927) of each risk, which is that of the first one, two, three ... answers.

    The least of many risks is low by luck: the surest answer alone is right or wrong, and would promise all or nothing.
    """
    count = np.arange(1, len(risk) + 1)
    square = CAUTION**2 / count
    spread = CAUTION * np.sqrt(risk * (1 - risk) / count + square / (4 * count))
    bound: Floats = (risk + square / 2 + spread) / (1 + square)
    return bound


def _curve(confidence: Floats, correct: Floats) -> RiskCurve:
    rows = [
        Outcome(answerable=True, answered=True, confidence=float(sure), correct=float(right))
        for sure, right in zip(confidence, correct, strict=True)
    ]
    curve = risk_curve(Outcomes.of(rows))
    assert curve is not None
    return curve
